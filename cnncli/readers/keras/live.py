"""A keras.Model in memory, of Keras 3 or 2, to a graph. Keras itself is not imported: the model brings it.

What Keras keeps of a model is written down as its files have it, and read as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.readers.keras.config import has_layers, model_config
from cnncli.readers.keras.graph import graph_of
from cnncli.readers.keras.stores import Live
from cnncli.readers.keras.tables import table
from cnncli.readers.reading import AS_IT_IS, Settings


def read_model(model: Any, settings: Settings = AS_IT_IS) -> Graph:
    """The graph of a model, its layers by their names, those of a model within it in a scope of its name.

    Of a subclassed model it is a table of its weights. Raises UsageError for what is no model, or was never built.
    """
    _check(model)
    store = Live(model, frozenset(id(weight) for weight in model.trainable_weights))
    described = _described(model)
    if has_layers(described):
        graph = graph_of(model_config(described), store, settings)
        graph.name = str(model.name)
        return graph
    rows = [(str(layer.name), Live(layer, store.trained).weights() or ()) for layer in model.layers]
    graph = table(str(model.name), rows)
    graph.warn(
        f"{type(model).__name__} is a subclassed model: how its layers are connected is in its code alone; these are "
        "their weights"
    )
    return graph


def _check(model: Any) -> None:
    if not all(hasattr(model, name) for name in ("layers", "weights", "get_config")):
        raise UsageError(f"{type(model).__name__} is no functional or Sequential model of Keras, nor any other of it")
    if not getattr(model, "built", True) or (not model.weights and not all(map(_is_built, model.layers))):
        way = "begin it with keras.Input(shape)" if type(model).__name__ == "Sequential" else "call it on an input once"
        raise UsageError(f"{type(model).__name__} is not built yet, and has no weights: {way}")


def _is_built(layer: Any) -> bool:
    """Whether a layer has met an input: a model may say that it is built while its layers are not."""
    return bool(getattr(layer, "built", True))


def _described(model: Any) -> Mapping[str, Any]:
    """A model as {class_name, config}, as its files have it."""
    functional = getattr(model, "_functional", None) or model
    if hasattr(functional, "_operations") and hasattr(functional, "_nodes"):
        return {"class_name": type(model).__name__, "config": _functional(functional, str(model.name))}
    return {"class_name": type(model).__name__, "config": _own_config(model)}


def _own_config(described: Any) -> dict[str, Any]:
    """What `get_config` says; the name alone of what does not say more, as custom layers need not."""
    try:
        return dict(described.get_config())
    except Exception:  # it is other people's code
        return {"name": str(described.name), "trainable": bool(getattr(described, "trainable", True))}


def _functional(model: Any, name: str) -> dict[str, Any]:
    """The configuration of a functional model of Keras 3, without the code that it may hold."""
    numbers = dict(_numbers(model))
    return {
        "name": name,
        "trainable": bool(model.trainable),
        "layers": [_layer(operation, numbers) for operation in model._operations],
        "input_layers": [_reference(tensor, numbers) for tensor in model.inputs],
        "output_layers": [_reference(tensor, numbers) for tensor in model.outputs],
    }


def _numbers(model: Any) -> Iterator[tuple[int, int]]:
    """By its identity which call of its layer a node is, among those of this model."""
    own = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}
    for operation in model._operations:
        calls = [node for node in operation._inbound_nodes if id(node) in own]
        yield from ((id(node), number) for number, node in enumerate(calls))


def _layer(operation: Any, numbers: Mapping[int, int]) -> dict[str, Any]:
    nodes = [node for node in operation._inbound_nodes if id(node) in numbers]
    described = _described(operation) if hasattr(operation, "layers") else None
    return {
        "module": type(operation).__module__,
        "class_name": type(operation).__name__,
        "config": described["config"] if described else _own_config(operation),
        "name": str(operation.name),
        "inbound_nodes": [_call(node, numbers) for node in nodes if not node.is_input],
    }


def _call(node: Any, numbers: Mapping[int, int]) -> dict[str, Any]:
    arguments = node.arguments
    return {"args": _written(arguments.args, numbers), "kwargs": _written(arguments.kwargs, numbers)}


def _written(value: Any, numbers: Mapping[int, int]) -> Any:
    """Arguments as Keras 3 writes them: a tensor with where it comes from."""
    if hasattr(value, "_keras_history"):
        shape = None if value.shape is None else tuple(value.shape)
        config = {"shape": shape, "dtype": str(value.dtype), "keras_history": _reference(value, numbers)}
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(value, Mapping):
        return {key: _written(each, numbers) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(each, numbers) for each in value]
    if isinstance(value, slice):
        return {"class_name": "__slice__", "config": {"start": value.start, "stop": value.stop, "step": value.step}}
    return value


def _reference(tensor: Any, numbers: Mapping[int, int]) -> Sequence[Any]:
    operation, number, output = tensor._keras_history
    return [str(operation.name), numbers.get(id(operation._inbound_nodes[number]), 0), output]
