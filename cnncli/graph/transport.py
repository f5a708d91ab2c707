"""How a graph is pickled: its nodes side by side, each naming the others by their index.

pickle follows references by recursion, and in a network each node refers to the one before it: as they are, a few
hundred layers in a chain would be too deep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Stands for the node of this index."""

    number: int


def flattened(attributes: Mapping[str, Any], node_type: Any) -> dict[str, Any]:
    """A graph's attributes without references to nodes; of each node, of which `nodes` holds all, its fields."""

    def place(value: Any) -> Any:
        return Place(value.index) if isinstance(value, node_type) else value

    names = [field.name for field in fields(node_type)]
    rows = [[_each(getattr(node, name), place) for name in names] for node in attributes["nodes"]]
    others = {key: _each(value, place) for key, value in attributes.items() if key != "nodes"}
    return {**others, "nodes": rows}


def restored(state: Mapping[str, Any], node_type: Any) -> dict[str, Any]:
    """The attributes of which `flattened` made this state, with nodes of their own."""
    nodes: list[Any] = [node_type.__new__(node_type) for _ in state["nodes"]]

    def node(value: Any) -> Any:
        return nodes[value.number] if isinstance(value, Place) else value

    names = [field.name for field in fields(node_type)]
    for new, row in zip(nodes, state["nodes"], strict=True):
        for name, value in zip(names, row, strict=True):
            setattr(new, name, _each(value, node))
    return {**{key: _each(value, node) for key, value in state.items() if key != "nodes"}, "nodes": nodes}


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """The value changed; of a plain tuple, list or dictionary what is in it, since there too may be nodes."""
    if type(value) in (tuple, list):
        return type(value)([_each(item, change) for item in value])
    if type(value) is dict:
        return {key: _each(item, change) for key, item in value.items()}
    return change(value)
