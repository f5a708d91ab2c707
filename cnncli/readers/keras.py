"""A keras.Model (Keras 3, functional or Sequential) as it is in memory, to a graph.

Only what Keras itself keeps of a model is read: its nodes in order, each layer's config, shapes and weights. A layer is
ours of the same name where that has the shapes and weights that Keras says; else it is opaque.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

from cnncli.errors import LayerError, UsageError
from cnncli.graph import UNKNOWN, Graph, Layer, Node, Shape, Weight
from cnncli.graph.layers import LAYERS, InputLayer, Opaque, Select, VarianceScaling


def read_model(model: Any) -> Graph:
    """The graph of a model, its layers by their names, those of a model within it in a scope of its name.

    Raises UsageError for what is no such model.
    """
    graph = Graph(str(getattr(model, "name", "model")))
    functional = _functional(model)
    reader = _Reader(graph)
    tensors: dict[int, Node] = {}
    reader.walk(functional, tensors)
    graph.give(*(tensors[id(tensor)] for tensor in functional.outputs))
    return graph


def _functional(model: Any) -> Any:
    """The functional model that a model is, or that a Sequential one has inside."""
    found = getattr(model, "_functional", model)
    if not hasattr(found, "_nodes_by_depth"):
        built = "; call it on an input once, so that it is built" if hasattr(model, "layers") else ""
        raise UsageError(f"{type(model).__name__} is no functional or Sequential model of Keras 3{built}")
    return found


class _Reader:
    """Appends what it reads to a graph; remembers which layer was applied before."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._first: dict[int, Node] = {}
        self._taken: set[str] = set()

    def walk(self, model: Any, tensors: dict[int, Node]) -> None:
        """Read a model's nodes; `tensors` holds ours by Keras's, at first those of its inputs if it lies in another."""
        for depth in sorted(model._nodes_by_depth, reverse=True):
            for node in model._nodes_by_depth[depth]:
                if any(id(tensor) not in tensors for tensor in node.outputs):
                    self._read(node, tensors)

    def _read(self, node: Any, tensors: dict[int, Node]) -> None:
        operation, inputs = node.operation, [tensors[id(tensor)] for tensor in node.arguments.keras_tensors]
        if hasattr(operation, "_nodes_by_depth") or hasattr(operation, "_functional"):
            found = self._nested(_functional(operation), operation.name, inputs)
        else:
            found = self._layer(operation, inputs, node.outputs)
        tensors |= {id(tensor): made for tensor, made in zip(node.outputs, found, strict=True)}

    def _nested(self, model: Any, name: str, inputs: Sequence[Node]) -> list[Node]:
        tensors = {id(tensor): node for tensor, node in zip(model.inputs, inputs, strict=True)}
        with self._graph.scope(self._free(name)):
            self.walk(model, tensors)
        return [tensors[id(tensor)] for tensor in model.outputs]

    def _layer(self, operation: Any, inputs: Sequence[Node], outputs: Sequence[Any]) -> list[Node]:
        shapes = [_shape(tensor) for tensor in outputs]
        weights = tuple(_weight(weight) for weight in operation.weights) if hasattr(operation, "weights") else ()
        layer = _known(operation, [node.shape for node in inputs], shapes, weights)
        derived = layer is not None and layer.weights(*(node.shape for node in inputs)) == weights
        name, dtype = self._free(operation.name), str(outputs[0].dtype)
        if layer is None:
            layer = Opaque(type(operation).__name__, shapes[0])
        made = self._graph.add(
            layer, *inputs, name=name, dtype=dtype, weights=None if derived else weights,
            shares=self._first.get(id(operation)),
        )  # fmt: skip
        self._first.setdefault(id(operation), made)
        if len(shapes) == 1:
            return [made]
        return [
            self._graph.add(Select(number, shape), made, name=f"{name}:{number}") for number, shape in enumerate(shapes)
        ]

    def _free(self, name: str) -> str:
        """The name, with a number behind it where it is taken: of a layer that is applied again."""
        number, free = 1, name
        while free in self._taken:
            number += 1
            free = f"{name}:{number}"
        self._taken.add(free)
        return free


def _known(
    operation: Any, inputs: Sequence[Shape], outputs: Sequence[Shape], weights: tuple[Weight, ...]
) -> Layer | None:
    """Our layer of the same name, where it is the same: it gives Keras's shape and has Keras's weights."""
    kind = LAYERS.get(type(operation).__name__)
    if kind is InputLayer:
        return InputLayer(outputs[0])
    if kind is None or len(outputs) != 1 or not type(operation).__module__.startswith("keras."):
        return None
    config = operation.get_config()
    if config.get("data_format") == "channels_first":
        return None
    try:
        layer = kind(**dict(_arguments(kind, config)))
        same = layer.output_shape(*inputs) == outputs[0]
        mine = [weight.shape for weight in layer.weights(*inputs)]
    except (LayerError, TypeError):
        return None
    return layer if same and mine == [weight.shape for weight in weights] else None


def _arguments(kind: type[Layer], config: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for argument in fields(kind):
        if argument.name in config:
            yield argument.name, _value(config[argument.name])


def _value(value: Any) -> Any:
    """A config's value as our layers take it: tuples for lists, an activation or an initializer by its name."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_value, value))
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "VarianceScaling":
        known = {argument.name for argument in fields(VarianceScaling)}
        return VarianceScaling(**{name: each for name, each in value["config"].items() if name in known})
    found = value.get("config", {})
    return found.get("name") or _spelled(str(value.get("class_name"))) if isinstance(found, dict) else str(found)


def _spelled(name: str) -> str:
    """GlorotUniform as glorot_uniform."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _shape(tensor: Any) -> Shape:
    """Without the batch axis."""
    return tuple(UNKNOWN if size is None else int(size) for size in tensor.shape[1:])


def _weight(weight: Any) -> Weight:
    dtype = str(weight.dtype)
    return Weight(str(weight.name), tuple(map(int, weight.shape)), bool(weight.trainable), dtype)
