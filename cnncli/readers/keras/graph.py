"""A Keras model's configuration and its weights to a graph.

A layer is ours of the same name where that has the shape that the configuration says and the weights that are stored;
else it is opaque, with what is said and stored of it. A model within the model is a scope of its name.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError, UsageError
from cnncli.graph import Graph, Node, Shape, Weight
from cnncli.graph.layers import LAYERS, InputLayer, Moving, Opaque, Select
from cnncli.graph.roles import CONVOLUTIONS, Role
from cnncli.readers.assembly import agrees
from cnncli.readers.keras.config import Call, LayerConfig, ModelConfig, Reference, items
from cnncli.readers.keras.layers import (
    LAYOUT_MATTERS,
    OTHER_NAMES,
    Found,
    function,
    function_name,
    has_kernels,
    known,
    last_channels,
    shape_of,
)
from cnncli.readers.keras.stores import Place, Store
from cnncli.readers.reading import Settings
from cnncli.readers.unique import Names

MOST_NODES = 20_000
"""Applications of layers in a network; a model that is called by a model that is called multiplies them."""


def graph_of(model: ModelConfig, store: Store, settings: Settings) -> Graph:
    """The graph of a model. Raises UsageError for one that does not fit together."""
    graph = Graph(model.name)
    builder = _Builder(graph, settings, _is_channels_first(model))
    outputs = builder.build(model, store, None, trained=True)
    graph.give(*dict.fromkeys(outputs))
    builder.check_inputs()
    return graph


def _is_channels_first(model: ModelConfig) -> bool:
    """Whether all layers that say so have their channels first."""
    formats = set(_data_formats(model))
    return formats == {"channels_first"}


def _data_formats(model: ModelConfig) -> Iterator[str]:
    for layer in model.layers:
        if layer.model:
            yield from _data_formats(layer.model)
        elif layer.kind in LAYOUT_MATTERS:
            yield str(layer.config.get("data_format", "channels_last"))


class _Builder:
    """Appends what models say to a graph; remembers which layer was applied before."""

    def __init__(self, graph: Graph, settings: Settings, channels_first: bool) -> None:
        self._graph, self._settings, self._first = graph, settings, channels_first
        self._made: dict[Any, Node] = {}
        self._asked: set[str] = set()
        self._calls = 0

    def build(self, model: ModelConfig, store: Store, inputs: Sequence[Node] | None, trained: bool) -> list[Node]:
        """Append a model, which reads `inputs` if it stands within another; returns what it gives."""
        places = [
            Place(layer.name, "" if function_name(layer) else layer.kind, layer.model is not None)
            for layer in model.layers
        ]
        walk = _Walk(self, model, store.split(places), trained and model.trainable)
        if inputs is not None:
            walk.enter(inputs)
        for number, call in _ordered(model):
            walk.apply(number, call)
        return walk.outputs()

    # Inputs.

    def enter(self, layer: LayerConfig, name: str, guess: Shape | None) -> Node:
        """An input of the network."""
        written = items(layer.config.get("batch_shape") or layer.config.get("batch_input_shape"))
        shape = last_channels(written, self._first) if isinstance(written, tuple) else guess
        shape = self._settled(layer.name, shape)
        if shape is None:
            raise UsageError(
                f"{layer.name}: the file says nothing of the shape of its input; give it with --input-shape HxWxC"
            )
        dtype = _policy(layer.config.get("dtype"))[0]
        return self._graph.add(InputLayer(shape), name=name, dtype=dtype)

    def _settled(self, name: str, shape: Shape | None) -> Shape | None:
        """The shape with what a person says of it. Raises UsageError where the file says otherwise."""
        given = self._settings.input_shapes
        key = name if name in given else ""
        asked = given.get(key)
        if asked is None or (not key and self._asked):
            return shape
        self._asked.add(key)
        asked = tuple(asked)
        if shape is not None and not agrees(shape, asked):
            raise UsageError(
                f"--input-shape {_told(asked)}: the input {name} is {_told(shape)} in the file; only sizes that are "
                "open there can be settled"
            )
        return asked

    def check_inputs(self) -> None:
        """Raise UsageError where a shape was given of an input that there is not, or of one of several without name."""
        names = [node.name for node in self._graph.inputs]
        unknown = [name for name in self._settings.input_shapes if name not in self._asked]
        if unknown:
            raise UsageError(f"--input-shape: there is no input {unknown[0]}; there are {', '.join(names)}")

    # Layers.

    def layer(
        self, layer: LayerConfig, call: Call, inputs: Sequence[Node], told: Shape | None, dtype: str, store: Store,
        name: str, trained: bool, wanted: Callable[[], Shape],
    ) -> Node:  # fmt: skip
        """Append one application of a layer or of a function; `wanted` is the shape that its readers need."""
        self._calls, key = self._calls + 1, store.identity or id(layer)
        if self._calls > MOST_NODES:
            raise UsageError(f"has more than {MOST_NODES:,} applications of layers")
        shapes = [node.shape for node in inputs]
        compute, variable = _policy(layer.config.get("dtype"))
        stored = store.weights()
        if layer.operation and stored:  # a layer that does not say whether it is trained
            layer = replace(layer, operation=False)
        as_function = bool(function_name(layer))
        stored = () if as_function else stored
        found = self._found(layer, call, shapes, told, stored)
        weights = _weights(found, layer, shapes, stored, store.exact, trained, variable)
        made = found.layer if found else Opaque(_title(layer), _output(layer, told, shapes) or wanted())
        dtype = dtype or (compute if not as_function or not inputs else inputs[0].dtype)
        node = self._graph.add(made, *inputs, name=name, dtype=dtype, weights=weights, shares=self._made.get(key))
        self._made.setdefault(key, node)
        if found and found.function:
            activation = found.behind or Opaque(found.function, node.shape)
            return self._graph.add(activation, node, name=f"{name}:{found.function}", weights=())
        return node

    def _found(
        self, layer: LayerConfig, call: Call, shapes: Sequence[Shape], told: Shape | None,
        stored: Sequence[Weight] | None,
    ) -> Found | None:  # fmt: skip
        """Our layer, where it has the shape that is said and the weights that are stored."""
        if function_name(layer):
            made = function(layer, call, shapes, told, self._first)
            found = made and Found(made)
        else:
            found = known(layer, shapes, self._first)
        if not found:
            return None
        try:
            shape = found.layer.output_shape(*shapes)
            mine = found.layer.weights(*shapes)
        except (LayerError, IndexError, TypeError, ValueError):
            return None
        if told is not None and not agrees(shape, told):
            return None
        return found if not stored or function_name(layer) or has_kernels(mine, stored) else None


def _title(layer: LayerConfig) -> str:
    """What an opaque layer is called."""
    return function_name(layer) or layer.kind or "Layer"


def _output(layer: LayerConfig, told: Shape | None, inputs: Sequence[Shape]) -> Shape | None:
    return shape_of(layer, inputs) if told is None else told


def _weights(
    found: Found | None, layer: LayerConfig, inputs: Sequence[Shape], stored: Sequence[Weight] | None, exact: bool,
    trained: bool, dtype: str,
) -> Sequence[Weight] | None:  # fmt: skip
    """The weights to be given to a node; None where they are those that follow from its layer."""
    mine = found.layer.weights(*inputs) if found else ()
    if stored is None or (mine and not stored and not _may_lack_weights(layer)):
        stored = [weight._replace(dtype=dtype) for weight in mine] if found else None
        exact = False
    if stored is None:
        return None
    aligned = len(mine) == len(stored)
    given = []
    for number, weight in enumerate(stored):
        twin = mine[number] if aligned and weight.shape == mine[number].shape else None
        flag = weight.trainable if exact else trained and (twin.trainable if twin else weight.trainable)
        given.append(weight._replace(name=twin.name if twin else weight.name, trainable=flag))
    return None if tuple(given) == tuple(mine) and found else tuple(given)


def _may_lack_weights(layer: LayerConfig) -> bool:
    """Functions have constants for weights, and a normalization by given statistics has none."""
    return bool(function_name(layer)) or layer.config.get("mean") is not None


def _policy(dtype: Any) -> tuple[str, str]:
    """What a layer computes in and what its weights are, by a dtype or a policy's name."""
    if isinstance(dtype, dict):
        config = dtype.get("config")
        dtype = config.get("name") if isinstance(config, dict) else None
    name = str(dtype or "float32")
    if name.startswith("mixed_"):
        return name.removeprefix("mixed_"), "float32"
    name = name.rpartition("_from_")[2].removeprefix("mixed_")
    return name, name


def _told(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "a number"


def _ordered(model: ModelConfig) -> Iterator[tuple[int, int]]:
    """Calls by the numbers of layer and call, each behind those that it reads, else in the order of the file."""
    numbers = {layer.name: number for number, layer in enumerate(model.layers)}
    waits: dict[tuple[int, int], int] = {}
    readers: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for number, layer in enumerate(model.layers):
        for place, call in enumerate(layer.calls or (Call(()),)):
            sources = {(numbers.get(source.layer, -1), source.call) for source in call.sources}
            waits[number, place] = len(sources)
            for source in sources:
                readers.setdefault(source, []).append((number, place))
    ready = [key for key, count in waits.items() if not count]
    heapq.heapify(ready)
    done = 0
    while ready:
        key = heapq.heappop(ready)
        done += 1
        yield key
        for reader in readers.get(key, ()):
            waits[reader] -= 1
            if not waits[reader]:
                heapq.heappush(ready, reader)
    if done < len(waits):
        number, _ = min(key for key, count in waits.items() if count > 0)
        raise UsageError(f"{model.layers[number].name} waits for the output of a layer that is missing, or for its own")


class _Walk:
    """One application of one model: which node each of its tensors is."""

    def __init__(self, builder: _Builder, model: ModelConfig, stores: Sequence[Store], trained: bool) -> None:
        self._builder, self._model, self._stores, self._trained = builder, model, stores, trained
        self._nodes: dict[Reference, Node] = {}
        self._names = Names()
        self._last: dict[tuple[str, int], int] = {}
        for reference in (
            *(source for layer in model.layers for call in layer.calls for source in call.sources), *model.outputs,
        ):  # fmt: skip
            key = reference.layer, reference.call
            self._last[key] = max(self._last.get(key, 0), reference.output)

    def enter(self, inputs: Sequence[Node]) -> None:
        """Let the model's inputs be these nodes of the model around it."""
        if len(self._model.inputs) > len(inputs):
            raise UsageError(f"{self._model.name} takes {len(self._model.inputs)} inputs, was given {len(inputs)}")
        self._nodes |= dict(zip(self._model.inputs, inputs, strict=False))

    def outputs(self) -> list[Node]:
        return [self._node(reference) for reference in self._model.outputs]

    def _node(self, reference: Reference) -> Node:
        found = self._nodes.get(reference)
        if found is None:
            raise UsageError(f"{self._model.name} gives an output of {reference.layer} that it has not")
        return found

    def apply(self, number: int, call: int) -> None:
        """Append one application of a layer."""
        layer = self._model.layers[number]
        first = Reference(layer.name, call)
        if first in self._nodes:
            return
        if layer.kind == "InputLayer" and not (layer.calls and layer.calls[0].sources):
            self._nodes[first] = self._builder.enter(layer, self._names.free(layer.name), self._guessed(number))
            return
        arguments = layer.calls[call] if layer.calls else Call(())
        inputs = [self._node(source) for source in arguments.sources]
        if layer.model:
            made = self._inner(layer, layer.model, self._stores[number], inputs)
        else:
            made = self._single(layer, arguments, inputs, self._stores[number], first)
        self._nodes |= {first._replace(output=place): node for place, node in enumerate(made)}

    def _inner(self, layer: LayerConfig, model: ModelConfig, store: Store, inputs: Sequence[Node]) -> list[Node]:
        with self._builder._graph.scope(self._names.free(layer.name)):
            return self._builder.build(model, store, inputs, self._trained)

    def _single(
        self, layer: LayerConfig, call: Call, inputs: Sequence[Node], store: Store, first: Reference
    ) -> list[Node]:
        name = self._names.free(layer.name)
        trained = self._trained and layer.config.get("trainable") is not False
        told, dtype = self._said(first)
        node = self._builder.layer(layer, call, inputs, told, dtype, store, name, trained, partial(self._wanted, first))
        last = self._last.get((first.layer, first.call), 0)
        if not last:
            return [node]
        found = []
        for place in range(min(last, 256) + 1):
            shape = self._said(first._replace(output=place))[0] or (_state(node) if place else node.shape)
            found.append(self._builder._graph.add(Select(place, shape), node, name=f"{name}:{place}:output"))
        return found

    def _wanted(self, reference: Reference) -> Shape:
        """The shape of a tensor of which nothing is said, by the layers that read it: their rank and their kernels."""
        rank, waiting, seen = 0, [(reference.layer, reference.call)], set()
        while waiting:
            place = waiting.pop(0)
            for number, call in () if place in seen else self._readers.get(place, ()):
                layer = self._model.layers[number]
                rank = rank or wanted_rank(layer)
                channels = wanted_channels(layer, self._stores[number])
                if rank and channels:
                    return (UNKNOWN,) * (rank - 1) + (channels,)
                if keeps_channels(layer):
                    waiting.append((layer.name, call))
            seen.add(place)
        return (UNKNOWN,) * max(rank, 1)

    @cached_property
    def _readers(self) -> dict[tuple[str, int], list[tuple[int, int]]]:
        found: dict[tuple[str, int], list[tuple[int, int]]] = {}
        for number, layer in enumerate(self._model.layers):
            for place, call in enumerate(layer.calls):
                for source in call.sources:
                    found.setdefault((source.layer, source.call), []).append((number, place))
        return found

    def _said(self, reference: Reference) -> tuple[Shape | None, str]:
        told = self._model.told.get(reference)
        return (None, "") if told is None else (last_channels(told.shape, self._builder._first), told.dtype)

    def _guessed(self, number: int) -> Shape | None:
        """The shape of an input of which nothing is said, by the kernel of the layer that reads it."""
        layer, store = self._model.layers[number + 1], self._stores[number + 1]
        if layer.kind == "Dense" and (kernel := kernel_of(store)):
            return kernel[:1]
        shape = self._wanted(Reference(self._model.layers[number].name))
        return shape if len(shape) > 1 else None


def wanted_rank(layer: LayerConfig) -> int:
    """Of an input without its batch axis, by the layer's name; 0 where that does not tell."""
    kind = OTHER_NAMES.get(layer.kind, layer.kind)
    return next((rank for end, rank in (("2D", 3), ("2DTranspose", 3), ("1D", 2)) if kind.endswith(end)), 0)


def kernel_of(store: Store) -> Shape | None:
    return next((weight.shape for weight in store.weights() or () if len(weight.shape) > 1), None)


def wanted_channels(layer: LayerConfig, store: Store) -> int:
    """Of an input, by the layer's kernel; 0 where it has none."""
    kind = OTHER_NAMES.get(layer.kind, layer.kind)
    if kind not in LAYERS or LAYERS[kind].role not in CONVOLUTIONS:
        return 0
    kernel = kernel_of(store)
    place = -1 if "Transpose" in kind else -2
    groups = layer.config.get("groups") or 1
    return kernel[place] * int(groups) if kernel else 0


def keeps_channels(layer: LayerConfig) -> bool:
    """Whether it puts out the channels that it is given, so that its readers say what it reads."""
    kind = LAYERS.get(OTHER_NAMES.get(layer.kind, layer.kind))
    cropping = layer.kind.startswith(("ZeroPadding", "Cropping", "UpSampling", "MaxPooling", "AveragePooling"))
    return cropping or (kind is not None and kind.role in (Role.ACTIVATION, Role.NORMALIZATION, Role.TRAINING))


def _state(node: Node) -> Shape:
    """What comes out besides: a recurrent layer's states, as wide as it is, or the further parts of a split."""
    if isinstance(node.layer, Moving):
        return node.shape
    units = getattr(node.layer, "units", None)
    return (UNKNOWN,) if units is None else (units,)
