"""The rule by which a layer makes its output's shape, with the numbers put in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.explain.arithmetic import (
    Difference,
    Larger,
    Product,
    Quotient,
    Rounded,
    Rounding,
    Sum,
    agreeing,
    total,
    value_of,
)
from cnncli.analysis.explain.fact import Fact, Subject
from cnncli.graph import Node, Role, Shape
from cnncli.graph.layer import same_pads

AXES = {3: ("height", "width"), 2: ("steps",)}
"""What the axes before the channels are called, by how many axes there are."""
CAUSAL = "causal"


class Slid(NamedTuple):
    """A window along an axis: cells before it and after, its kernel, and how it goes."""

    size: Any
    out: Any
    kernel: Any
    extent: Any
    stride: Any
    dilation: Any
    padding: str

    @property
    def borders(self) -> tuple[Any, Any]:
        """Zeros before and behind that the layer itself puts there."""
        if self.padding == "same":
            return same_pads(self.size, self.extent, self.stride)
        return (self.extent - 1, 0) if self.padding == CAUSAL else (0, 0)


def shape_facts(node: Node) -> Iterator[Fact]:
    """What is read, the size along each axis, the borders, and what is put out."""
    if node.inputs:
        read = tuple((source.name, source.shape) for source in node.inputs)
        yield Fact(Subject.SHAPE, "input", node.inputs[0].shape, "cells", None, {"read": read})
    yield from _by_rule(node)
    cells = prod(node.shape)
    reckoned = Product(node.shape) if len(node.shape) > 1 else None
    yield Fact(Subject.SHAPE, "output", node.shape, "cells", reckoned, {"cells": cells})


def _by_rule(node: Node) -> Iterator[Fact]:
    layer: Any = node.layer
    if len(node.inputs) != 1:
        yield from _merged(node)
    elif slid := windows(node):
        yield from _slid(slid, _names(node))
    elif node.layer.pools_globally and node.role is Role.POOLING:
        places = node.inputs[0].shape[:-1]
        if len(places) > 1:
            yield Fact(Subject.SHAPE, "pooled", prod(places), "cells", Product(places), {"places": places})
    elif hasattr(layer, "output_padding"):
        yield from _each(node, _spread, "spread")
    elif node.layer.pads:
        yield from _each(node, _padded, "padded")
    elif hasattr(layer, "cropping"):
        yield from _each(node, _cropped, "cropped")
    elif hasattr(layer, "interpolation") and hasattr(layer, "size"):
        yield from _each(node, _enlarged, "enlarged")
    elif node.layer.free and not node.layer.idle and prod(node.shape) == prod(node.inputs[0].shape):
        before = node.inputs[0].shape
        if len(before) > 1 and is_known(prod(before)):
            yield Fact(Subject.SHAPE, "reshaped", prod(node.shape), "cells", Product(before), {"before": before})


def windows(node: Node) -> list[Slid]:
    """The window of a convolution or of pooling along each axis; none of other layers, and of what has no such rule."""
    layer: Any = node.layer
    kernel = getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)
    padding = getattr(layer, "padding", None)
    if kernel is None or not isinstance(padding, str) or hasattr(layer, "output_padding") or len(node.inputs) != 1:
        return []
    before, after = node.inputs[0].shape, node.shape
    window = layer.window(before)
    strides, dilations = layer.strides, getattr(layer, "dilation_rate", 1)
    count = len(before) - 1
    return [
        Slid(
            before[axis], after[axis], _along(kernel, axis), window.extent[axis], _along(strides, axis),
            _along(dilations, axis), padding,
        )
        for axis in range(count)
    ]  # fmt: skip


def _along(sizes: Any, axis: int) -> Any:
    return sizes if isinstance(sizes, int) else sizes[axis]


def _names(node: Node) -> tuple[str, ...]:
    return AXES.get(len(node.shape), tuple(f"axis {axis}" for axis in range(1, len(node.shape))))


def _slid(slid: Sequence[Slid], names: Sequence[str]) -> Iterator[Fact]:
    for axes, one in _alike(slid, names):
        if one.dilation != 1:
            extent = Sum((Product((one.dilation, Difference(one.kernel, (1,)))), 1))
            yield Fact(
                Subject.SHAPE, "extent", one.extent, "cells", agreeing(extent, one.extent),
                {"axes": axes, "kernel": one.kernel, "dilation": one.dilation},
            )  # fmt: skip
        about = {"axes": axes, "rule": one.padding, "stride": one.stride, "size": one.size, "extent": one.extent}
        yield Fact(Subject.SHAPE, "size", one.out, "cells", agreeing(_steps(one), one.out), about)
        if one.padding == "same" and one.extent != 1:
            yield _borders(one, axes)


def _steps(slid: Slid) -> Any:
    """ceil(n / s) for "same" and "causal", floor((n - k) / s) + 1 for "valid"."""
    if slid.padding != "valid":
        return Rounded(Rounding.UP, Quotient(slid.size, slid.stride))
    inside = Difference(slid.size, (slid.extent,))
    return Sum((Rounded(Rounding.DOWN, Quotient(inside, slid.stride)), 1))


def _borders(slid: Slid, axes: tuple[str, ...]) -> Fact:
    """How many zeros there are at both ends so that the last window fits; the odd one stands behind."""
    before, behind = slid.borders
    reach = Sum((Product((Difference(slid.out, (1,)), slid.stride)), slid.extent))
    reckoned = Larger(Difference(reach, (slid.size,)), 0)
    value = before + behind
    about = {"axes": axes, "before": before, "behind": behind}
    return Fact(Subject.SHAPE, "borders", value, "cells", agreeing(reckoned, value), about)


def _alike(found: Sequence[Any], names: Sequence[str]) -> list[tuple[tuple[str, ...], Any]]:
    """What holds along each axis, once where it is the same along several."""
    groups: list[tuple[tuple[str, ...], Any]] = []
    for name, each in zip(names, found, strict=False):
        same = next((place for place, (_, one) in enumerate(groups) if one == each), None)
        if same is None:
            groups.append(((name,), each))
        else:
            groups[same] = ((*groups[same][0], name), each)
    return groups


def _each(node: Node, rule: Any, key: str) -> Iterator[Fact]:
    """A fact along each axis, of what `rule` makes of the layer and the axis: an expression, and what it is about."""
    before, after = node.inputs[0].shape, node.shape
    found = [(before[axis], after[axis], *rule(node, axis)) for axis in range(len(after) - 1)]
    for axes, (_, out, expression, about) in _alike(found, _names(node)):
        yield Fact(Subject.SHAPE, key, out, "cells", agreeing(expression, out), {"axes": axes, **about})


def _sides(node: Node, name: str, axis: int) -> tuple[int, int]:
    """Cells before and behind along an axis; of one axis a layer has them alone."""
    sides: Any = getattr(node.layer, name)
    before, behind = sides[axis] if isinstance(sides[0], tuple) else sides
    return before, behind


def _padded(node: Node, axis: int) -> tuple[Any, dict[str, Any]]:
    before, behind = _sides(node, "padding", axis)
    return Sum((node.inputs[0].shape[axis], before, behind)), {"before": before, "behind": behind}


def _cropped(node: Node, axis: int) -> tuple[Any, dict[str, Any]]:
    before, behind = _sides(node, "cropping", axis)
    return Difference(node.inputs[0].shape[axis], (before, behind)), {"before": before, "behind": behind}


def _enlarged(node: Node, axis: int) -> tuple[Any, dict[str, Any]]:
    layer: Any = node.layer
    times = _along(layer.size, axis)
    return Product((node.inputs[0].shape[axis], times)), {"times": times}


def _spread(node: Node, axis: int) -> tuple[Any, dict[str, Any]]:
    """A transposed convolution: n s; or (n - 1) s + k, with "same" less 2 (k // 2), and the output's own padding."""
    layer: Any = node.layer
    size, stride = node.inputs[0].shape[axis], _along(layer.strides, axis)
    kernel, dilation = _along(layer.kernel_size, axis), _along(layer.dilation_rate, axis)
    extent = dilation * (kernel - 1) + 1
    about = {"rule": layer.padding, "stride": stride, "extent": extent}
    if layer.output_padding is None:
        spread: Any = Product((size, stride))
        over = [] if layer.padding == "same" else [Larger(Difference(extent, (stride,)), 0)]
        return total(spread, *over), about
    more = _along(layer.output_padding, axis)
    reach = total(Product((Difference(size, (1,)), stride)), extent, *([more] if more else []))
    half = Product((2, Rounded(Rounding.DOWN, Quotient(extent, 2))))
    return (Difference(reach, (half,)) if layer.padding == "same" else reach), {**about, "output_padding": more}


def _merged(node: Node) -> Iterator[Fact]:
    """Several inputs one behind the other, or cell by cell, of which smaller ones are repeated."""
    if node.role is not Role.MERGING:
        return
    shapes = node.input_shapes
    if not node.layer.combines:
        for axis, size in enumerate(node.shape):
            sizes = tuple(shape[axis] for shape in shapes)
            if value_of(Sum(sizes)) == size != sizes[0]:
                yield Fact(
                    Subject.SHAPE, "joined", size, "cells", Sum(sizes), {"axis": axis, "last": _last(node, axis)}
                )
        return
    repeated = tuple(dict.fromkeys(shape for shape in shapes if shape != node.shape))
    yield Fact(Subject.SHAPE, "merged", node.shape, "cells", None, _merging(node, repeated))


def _last(node: Node, axis: int) -> bool:
    return axis == len(node.shape) - 1


def _merging(node: Node, repeated: tuple[Shape, ...]) -> dict[str, Any]:
    return {"combines": node.layer.combines, "repeated": repeated, "inputs": len(node.inputs)}
