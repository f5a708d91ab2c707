"""A Keras model's configuration and its weights to a graph. A model within the model is a scope of its name."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from functools import cached_property, partial

from cnncli.amounts import UNKNOWN
from cnncli.errors import UsageError
from cnncli.graph import Graph, Node, Shape
from cnncli.graph.layers import Moving, Select
from cnncli.graph.names import Names
from cnncli.readers.keras.axes import last_channels
from cnncli.readers.keras.config import Call, LayerConfig, ModelConfig, Reference, wrapped
from cnncli.readers.keras.functions import function_name
from cnncli.readers.keras.layers import layout
from cnncli.readers.keras.nodes import Nodes
from cnncli.readers.keras.stores import Place, Store
from cnncli.readers.keras.wanted import keeps_channels, kernel_of, wanted_channels, wanted_rank
from cnncli.readers.reading import Settings


def graph_of(model: ModelConfig, store: Store, settings: Settings) -> Graph:
    """The graph of a model. Raises UsageError for one that does not fit together."""
    graph = Graph(model.name)
    nodes = Nodes(graph, settings, _is_channels_first(model))
    outputs = _applied(nodes, model, store, None, trained=True)
    graph.give(*dict.fromkeys(outputs))
    nodes.check_inputs()
    return graph


def _is_channels_first(model: ModelConfig) -> bool:
    """Whether all layers that say so have their channels first."""
    formats = set(_data_formats(model))
    return formats == {"channels_first"}


def _data_formats(model: ModelConfig) -> Iterator[str]:
    for layer in model.layers:
        if layer.model:
            yield from _data_formats(layer.model)
        elif layout(layer):
            yield layout(layer)


def _applied(
    making: Nodes, model: ModelConfig, store: Store, inputs: Sequence[Node] | None, trained: bool
) -> list[Node]:
    """Append a model, which reads `inputs` if it stands within another; returns what it gives."""
    places = [
        Place(layer.name, "" if function_name(layer) else layer.kind, layer.model is not None) for layer in model.layers
    ]
    walk = _Walk(making, model, store.split(places), trained and model.trainable)
    if inputs is not None:
        walk.enter(inputs)
    for number, call in _ordered(model):
        walk.apply(number, call)
    return walk.outputs()


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

    def __init__(self, making: Nodes, model: ModelConfig, stores: Sequence[Store], trained: bool) -> None:
        self._making, self._model, self._stores, self._trained = making, model, stores, trained
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
            self._nodes[first] = self._making.enter(layer, self._names.free(layer.name), self._guessed(number))
            return
        arguments = layer.calls[call] if layer.calls else Call(())
        inputs = [self._node(source) for source in arguments.sources]
        if layer.model:
            made = self._inner(layer, layer.model, self._stores[number], inputs)
        else:
            made = self._single(layer, arguments, inputs, self._stores[number], first)
        self._nodes |= {first._replace(output=place): node for place, node in enumerate(made)}

    def _inner(self, layer: LayerConfig, model: ModelConfig, store: Store, inputs: Sequence[Node]) -> list[Node]:
        if layer.kind == "TimeDistributed":
            with self._making.graph.scope(self._names.free(layer.name)), self._making.each(inputs[0].shape[:1]):
                return _applied(self._making, model, store.wrapped(), inputs, self._trained)
        with self._making.graph.scope(self._names.free(layer.name)):
            return _applied(self._making, model, store, inputs, self._trained)

    def _single(
        self, layer: LayerConfig, call: Call, inputs: Sequence[Node], store: Store, first: Reference
    ) -> list[Node]:
        name = self._names.free(layer.name)
        trained = self._trained and layer.config.get("trainable") is not False
        told, dtype = self._said(first)
        node = self._making.layer(layer, call, inputs, told, dtype, store, name, trained, partial(self._wanted, first))
        last = self._last.get((first.layer, first.call), 0)
        if not last:
            return [node]
        found = []
        for place in range(min(last, 256) + 1):
            shape = self._said(first._replace(output=place))[0] or (_state(node, layer) if place else node.shape)
            found.append(self._making.graph.add(Select(place, shape), node, name=f"{name}:{place}:output"))
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
        return (None, "") if told is None else (last_channels(told.shape, self._making.channels_first), told.dtype)

    def _guessed(self, number: int) -> Shape | None:
        """The shape of an input of which nothing is said, by the kernel of the layer that reads it."""
        layer, store = self._model.layers[number + 1], self._stores[number + 1]
        if layer.kind == "Dense" and (kernel := kernel_of(store)):
            return kernel[:1]
        shape = self._wanted(Reference(self._model.layers[number].name))
        return shape if len(shape) > 1 else None


def _state(node: Node, layer: LayerConfig) -> Shape:
    """What comes out besides: a recurrent layer's states, as wide as it is, or the further parts of a split."""
    if isinstance(node.layer, Moving):
        return node.shape
    inner = wrapped(layer.config) if layer.kind == "Bidirectional" else None
    units = inner.config.get("units") if inner else getattr(node.layer, "units", None)
    return (units,) if isinstance(units, int) else (UNKNOWN,)
