"""Why a map is padded by a layer of its own: what the window behind it would have been given by `same`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.explain.fact import Fact, Subject
from cnncli.analysis.explain.shapes import Slid, windows
from cnncli.graph import Graph, Node


def padding_facts(graph: Graph, node: Node) -> Iterator[Fact]:
    """Of padding how it compares to that of `same` where a window without borders reads it; of that window whose it is.

    `given` and `same` are the cells before and behind along each axis.
    """
    if node.layer.pads:
        for reader in graph.readers()[node.index]:
            if found := _compared(node, reader, read=False):
                yield found
    elif len(node.inputs) == 1 and node.inputs[0].layer.pads and (found := _compared(node.inputs[0], node, read=True)):
        yield found


def _compared(padding: Node, reader: Node, *, read: bool) -> Fact | None:
    """`read` is whether it is told of the window that reads the padding."""
    slid = windows(reader)
    if not slid or slid[0].padding != "valid" or len(padding.inputs) != 1:
        return None
    before = padding.inputs[0].shape
    given = _given(padding)
    inside = [each._replace(size=size, padding="same") for each, size in zip(slid, before, strict=False)]
    same = tuple(each.borders for each in inside)
    if len(given) != len(same) or not all(is_known(cells) for sides in same for cells in sides):
        return None
    about = {
        "padding": padding.name,
        "reader": reader.name,
        "read": read,
        "given": given,
        "same": same,
        "steps": tuple(each.out for each in slid),
        "steps_of_same": tuple(_steps(each) for each in inside),
        "extent": tuple(each.extent for each in slid),
    }
    return Fact(Subject.SHAPE, "padded_for", given == same, "", None, about)


def _given(padding: Node) -> tuple[tuple[int, int], ...]:
    layer: Any = padding.layer
    sides: Sequence[Any] = layer.padding
    return tuple(map(tuple, sides)) if isinstance(sides[0], tuple) else (tuple(sides),)


def _steps(slid: Slid) -> Any:
    return -(-slid.size // slid.stride)
