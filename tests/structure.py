"""Networks by their structure: whether two are the same, in whatever order their layers are listed.

Keras lists layers by their depth, the graph in the order in which they were added.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cnncli.graph import Graph

ARGUMENTS: dict[str, tuple[str, ...]] = {
    "Activation": ("activation",),
    "AveragePooling2D": ("pool_size", "strides", "padding"),
    "BatchNormalization": ("momentum", "epsilon", "center", "scale"),
    "Conv2D": ("kernel_size", "strides", "padding", "groups", "use_bias", "activation"),
    "Cropping2D": ("cropping",),
    "CustomScaleLayer": ("scale",),
    "Dense": ("use_bias", "activation"),
    "DepthwiseConv2D": ("kernel_size", "strides", "padding", "depth_multiplier", "use_bias", "activation"),
    "Dropout": ("rate",),
    "GlobalAveragePooling2D": ("keepdims",),
    "LayerNormalization": ("epsilon", "center", "scale"),
    "LayerScale": ("init_values",),
    "MaxPooling2D": ("pool_size", "strides", "padding"),
    "Normalization": ("mean", "variance"),
    "Reshape": ("target_shape",),
    "Rescaling": ("scale", "offset"),
    "SeparableConv2D": ("kernel_size", "strides", "padding", "depth_multiplier", "use_bias", "activation"),
    "ZeroPadding2D": ("padding",),
}
"""What is compared of each class's arguments, by Keras's names."""


class Row(NamedTuple):
    """A layer: its class, output shape without batch, parameters, arguments, the rows that it reads, and its name."""

    type: str
    shape: tuple[int, ...]
    params: int
    arguments: tuple[tuple[str, Any], ...]
    sources: tuple[int, ...]
    name: str


def of_record(record: dict[str, Any]) -> list[Row]:
    """The rows of a network in tests/data/zoo.json."""
    return [
        Row(kind, tuple(shape), params, _arguments(kind, record["configs"][config]), tuple(sources), name)
        for kind, shape, params, config, sources, name in record["rows"]
    ]


def of_graph(graph: Graph, names: Sequence[str]) -> list[Row]:
    """The graph's rows, named as its original calls them."""
    return [
        Row(
            node.type,
            node.shape,
            node.params,
            _arguments(node.type, node.layer.config()),
            tuple(source.index for source in node.inputs),
            name,
        )
        for node, name in zip(graph.nodes, names, strict=True)
    ]


def of_keras(model: Any) -> list[Row]:
    """The rows of a Keras model, models within it spelt out in place."""
    rows: list[Row] = []
    _spell_out(model, {}, rows)
    return rows


def _spell_out(model: Any, places: dict[int, int], rows: list[Row]) -> None:
    """`places` are the rows of tensors by their id, those of the model's inputs among them where it is an inner one."""
    inner = bool(places)
    for operation in model.operations:
        (node,) = operation._inbound_nodes
        if inner and type(operation).__name__ == "InputLayer":
            continue
        sources = [places[id(tensor)] for tensor in node.arguments.keras_tensors]
        if hasattr(operation, "layers"):
            body = operation._functional if hasattr(operation, "_functional") else operation
            within = dict(zip(map(id, body.inputs), sources, strict=True))
            _spell_out(body, within, rows)
            places[id(node.outputs[0])] = within[id(body.outputs[0])]
            continue
        (output,) = node.outputs
        kind = type(operation).__name__
        config = operation.get_config() if hasattr(operation, "count_params") else {}
        params = operation.count_params() if config else 0
        arguments = _arguments(kind, config)
        places[id(output)] = len(rows)
        rows.append(Row(kind, tuple(output.shape[1:]), params, arguments, tuple(sources), operation.name))


def _arguments(kind: str, config: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, _plain(name, config.get(name), config)) for name in ARGUMENTS.get(kind, ()))


def _plain(name: str, value: Any, config: dict[str, Any]) -> Any:
    """One spelling of what Keras takes in several."""
    if name == "strides" and value is None:
        value = config["pool_size"]
    if name in ("kernel_size", "pool_size", "strides") and isinstance(value, int):
        return (value, value)
    if name == "activation" and value is None:
        return "linear"
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return tuple(_plain("", each, {}) for each in value)
    return float(f"{value:.6g}") if isinstance(value, float) else value


def fingerprints(rows: Sequence[Row]) -> list[int]:
    """Of each row a hash of it and of all that it is computed from."""
    found: dict[int, int] = {}
    for place in _in_order(rows):
        row = rows[place]
        found[place] = hash((row[:4], tuple(found[source] for source in row.sources)))
    return [found[place] for place in range(len(rows))]


def _in_order(rows: Sequence[Row]) -> Iterator[int]:
    """The rows' places, each behind those that it reads."""
    done: set[int] = set()
    waiting = list(reversed(range(len(rows))))
    while waiting:
        place = waiting.pop()
        if place in done:
            continue
        missing = [source for source in rows[place].sources if source not in done]
        if missing:
            waiting += [place, *missing]
            continue
        done.add(place)
        yield place


def differences(ours: Sequence[Row], theirs: Sequence[Row]) -> list[str]:
    """The first rows, in each list, that the other has not: nothing where the networks are the same."""
    mine, others = fingerprints(ours), fingerprints(theirs)
    told = []
    for whose, rows, prints, elsewhere in (("ours", ours, mine, others), ("theirs", theirs, others, mine)):
        there = Counter(elsewhere)
        there.subtract(prints)
        alone = [row for row, each in zip(rows, prints, strict=True) if there[each] < 0]
        told += [f"{whose}: {row}" for row in alone[:2]]
    return told


def misnamed(ours: Sequence[Row], theirs: Sequence[Row]) -> list[str]:
    """Of networks that are the same, the rows that are called otherwise: those that compute the same share names."""
    named: dict[int, Counter[str]] = defaultdict(Counter)
    for row, each in zip(theirs, fingerprints(theirs), strict=True):
        named[each][row.name] += 1
    told = []
    for row, each in zip(ours, fingerprints(ours), strict=True):
        if not named[each][row.name]:
            told.append(f"{row.type} {row.shape} {row.name}, not {' or '.join(named[each])}")
        named[each][row.name] -= 1
    return told
