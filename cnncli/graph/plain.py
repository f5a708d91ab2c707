"""A graph as plain data, which JSON can write: what crosses from a process that is not trusted.

Whatever is read back is one of our own kinds of things, by its name here: nothing that the data names is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import layers
from cnncli.graph.graph import Costs, Graph, Kind, Node
from cnncli.graph.layer import Layer, Weight
from cnncli.graph.layers import Opaque, VarianceScaling
from cnncli.graph.transport import Place

LAYER, UNKNOWN_SIZE, ROW = "layer", "unknown", "of"
_TUPLES: dict[str, Any] = {kind.__name__: kind for kind in (Weight, Kind, Costs, Place)}
_COLLECTIONS: dict[str, Any] = {kind.__name__: kind for kind in (tuple, set, frozenset)}
CLASSES: dict[str, type[Layer]] = {
    name: kind for name, kind in vars(layers).items() if isinstance(kind, type) and issubclass(kind, Layer)
}

_MADE: dict[str, Callable[..., Any]] = {**CLASSES, VarianceScaling.__name__: VarianceScaling}


def plain(graph: Graph) -> Any:
    """The graph's data. Layers of classes that are not ours become opaque ones, of which the graph then warns."""
    foreign = [node for node in graph.nodes if not _is_ours(node.layer)]
    state = graph.__getstate__()
    names = [field.name for field in fields(Node)]
    for node in foreign:
        row = state["nodes"][node.index]
        row[names.index("layer")], row[names.index("given")] = Opaque(node.type, node.shape), node.weights
        row[names.index("_costs")] = row[names.index("_flops")] = None
    if foreign:
        kinds = ", ".join(sorted({node.type for node in foreign}))
        state["warnings"] = [*state["warnings"], f"layers of another program's classes are not counted: {kinds}"]
    return _told(state)


def graph_of(data: Any) -> Graph:
    """The graph that such data were made of. Raises LayerError for what is none of ours."""
    graph = Graph.__new__(Graph)
    graph.__setstate__(_read(data))
    return graph


def _is_ours(layer: Layer) -> bool:
    inner = [getattr(layer, field.name) for field in fields(layer)]
    return CLASSES.get(type(layer).__name__) is type(layer) and all(
        _is_ours(each) for each in inner if isinstance(each, Layer)
    )


def _told(value: Any) -> Any:
    if value is UNKNOWN:
        return {ROW: UNKNOWN_SIZE}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (Layer, VarianceScaling)):
        return {ROW: LAYER, "class": type(value).__name__, "fields": _fields(value)}
    if isinstance(value, dict):
        return {ROW: "dict", "items": [[_told(key), _told(each)] for key, each in value.items()]}
    if type(value) is list:
        return [_told(each) for each in value]
    kind = type(value).__name__
    if type(value) in (*_TUPLES.values(), *_COLLECTIONS.values()):
        return {ROW: kind, "items": [_told(each) for each in value]}
    raise LayerError(f"{kind}: no part of a graph that another process can be told of")


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: _told(getattr(value, field.name)) for field in fields(value)}


def _read(data: Any) -> Any:
    if isinstance(data, list):
        return [_read(each) for each in data]
    return _made(data) if isinstance(data, dict) else data


def _made(data: dict[str, Any]) -> Any:
    kind = data[ROW]
    if kind == UNKNOWN_SIZE:
        return UNKNOWN
    if kind == "dict":
        return {_read(key): _read(each) for key, each in data["items"]}
    if kind == LAYER:
        return _layer(data["class"], {name: _read(each) for name, each in data["fields"].items()})
    items = map(_read, data["items"])
    return _COLLECTIONS[kind](items) if kind in _COLLECTIONS else _TUPLES[kind](*items)


def _layer(name: str, arguments: dict[str, Any]) -> Any:
    if name not in _MADE:
        raise LayerError(f"{name}: no layer of this program")
    return _MADE[name](**arguments)
