"""The work of a layer: how often its kernels are used, and what a full convolution would take in its place."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN, is_known
from cnncli.analysis.explain.arithmetic import Product, Quotient, Sum, agreeing, product, total
from cnncli.analysis.explain.fact import Fact, Subject
from cnncli.analysis.explain.weights import kernels
from cnncli.graph import Node, Role, Shape
from cnncli.graph.roles import CONVOLUTIONS


def work_facts(node: Node) -> Iterator[Fact]:
    """Multiply-accumulates; what they would be if every filter read every channel; float operations."""
    yield _macs(node)
    if full := _full(node):
        yield full
    yield Fact(Subject.WORK, "flops", node.flops, "FLOPs", _flops(node))


def _macs(node: Node) -> Fact:
    if not node.macs:
        return Fact(Subject.WORK, "macs", node.macs, "MACs")
    used, places = kernels(node), _places(node)
    each = total(*(product(*kernel) for kernel in used)) if used else 0
    flat = used[0] if len(used) == 1 else (each,)
    reckoned = agreeing(product(*flat, *places), node.macs) if used else None
    return Fact(Subject.WORK, "macs", node.macs, "MACs", reckoned, {"kernels": tuple(used), "places": places})


def _places(node: Node) -> Shape:
    """How often each weight of a kernel is used, as sizes: a cell of the output or, where cells are spread, the input.

    None where a kernel is used once.
    """
    if node.macs is UNKNOWN:
        return ()
    times = node.layer.kernel_positions(*node.input_shapes)
    for shape in (node.shape[:-1], *(each[:-1] for each in node.input_shapes)):
        if prod(shape) is times or prod(shape) == times:
            return shape
    return (times,)


def _full(node: Node) -> Fact | None:
    """A convolution whose filters read a part of the channels each, beside one where each reads all of them."""
    used = kernels(node)
    if node.role not in CONVOLUTIONS or not used or not node.inputs or not is_known(node.macs) or not node.macs:
        return None
    read, filters = node.input_shapes[0][-1], node.shape[-1]
    extent = used[0][: len(node.shape) - 1]
    if node.layer.window(*node.input_shapes) is None:
        return None
    factors = (*extent, read, filters, *_places(node))
    ratio = Quotient(Product(factors), node.macs)
    if not is_known(prod(factors)) or prod(factors) <= node.macs:
        return None
    about = {"times": ratio.value, "depthwise": node.role is Role.DEPTHWISE, "separable": len(used) > 1}
    return Fact(Subject.WORK, "full_macs", prod(factors), "MACs", Product(factors), about)


def _flops(node: Node) -> Any:
    """Two a multiply-accumulate, and what is left as so many a cell and a channel, where it comes out even."""
    if not is_known(node.flops) or not is_known(node.macs) or not node.flops:
        return None
    rest = node.flops - 2 * node.macs
    shapes = [*node.input_shapes, node.shape] if node.layer.pools_globally else [node.shape, *node.input_shapes]
    found = next((terms for shape in shapes if (terms := _a_cell(rest, shape)) is not None), None)
    if found is None:
        return None
    terms = [*([Product((2, node.macs))] if node.macs else []), *found]
    return agreeing(Sum(tuple(terms)) if len(terms) > 1 else terms[0], node.flops)


def _a_cell(rest: int, shape: Shape) -> list[Any] | None:
    """A number as so many a cell of a map and so many a channel; None where that leaves a rest."""
    cells = prod(shape)
    if not is_known(cells) or cells == 0 or not shape:
        return None
    by_cell, left = divmod(rest, cells)
    by_channel, left = divmod(left, shape[-1])
    if left:
        return None
    terms = [_times(by_cell, shape)] if by_cell else []
    return [*terms, *([_times(by_channel, shape[-1:])] if by_channel else [])]


def _times(count: int, sizes: Shape) -> Any:
    return product(*([count] if count != 1 else []), *sizes)
