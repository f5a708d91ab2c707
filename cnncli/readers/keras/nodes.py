"""A layer's configuration and its weights to a node.

A layer is ours of the same name where that has the shape that the configuration says and the weights that are stored;
else it is opaque, with what is said and stored of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from cnncli.errors import LayerError, UsageError
from cnncli.graph import Graph, Layer, Node, Shape, Weight
from cnncli.graph.layers import InputLayer, Opaque, Permute, TimeDistributed
from cnncli.readers.assembly import agrees
from cnncli.readers.keras.axes import last_channels
from cnncli.readers.keras.config import Call, LayerConfig, items
from cnncli.readers.keras.functions import function, function_name
from cnncli.readers.keras.layers import Found, has_kernels, known, layout
from cnncli.readers.keras.stores import Store
from cnncli.readers.keras.uncounted import Told, told_of
from cnncli.readers.reading import Settings
from cnncli.readers.source import MOST_OPERATIONS

MAP = 3
"""Axes of a feature map; of a sequence of such, channels first, none is told here."""


class Nodes:
    """Appends what models say to a graph; remembers which layer was applied before."""

    def __init__(self, graph: Graph, settings: Settings, channels_first: bool) -> None:
        self.graph, self._settings, self.channels_first = graph, settings, channels_first
        self._made: dict[Any, Node] = {}
        self._asked: set[str] = set()
        self._calls = 0
        self._steps: Shape = ()

    @contextmanager
    def each(self, steps: Shape) -> Iterator[None]:
        """What is appended meanwhile is applied to each part of its inputs along their first axes, of these sizes."""
        around, self._steps = self._steps, (*self._steps, *steps)
        yield
        self._steps = around

    # Inputs.

    def enter(self, layer: LayerConfig, name: str, guess: Shape | None) -> Node:
        """An input of the network."""
        written = items(layer.config.get("batch_shape") or layer.config.get("batch_input_shape"))
        shape = last_channels(written, self.channels_first) if isinstance(written, tuple) else guess
        shape = self._settled(layer.name, shape)
        if shape is None:
            raise UsageError(
                f"{layer.name}: the file says nothing of the shape of its input; give it with --input-shape HxWxC"
            )
        dtype = _policy(layer.config.get("dtype"))[0]
        return self.graph.add(InputLayer(shape), name=name, dtype=dtype)

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
        names = [node.name for node in self.graph.inputs]
        unknown = [name for name in self._settings.input_shapes if name not in self._asked]
        if unknown:
            raise UsageError(f"--input-shape: there is no input {unknown[0]}; there are {', '.join(names)}")

    # Layers.

    def layer(
        self, layer: LayerConfig, call: Call, inputs: Sequence[Node], told: Shape | None, dtype: str, store: Store,
        name: str, trained: bool, wanted: Callable[[], Shape],
    ) -> Node:  # fmt: skip
        """Append one application of a layer or of a function; `wanted` is the shape that its readers need.

        Around a layer whose channels stand elsewhere than the others' the axes are moved, and moved back.
        """
        first = layout(layer) == "channels_first"
        if not layout(layer) or first == self.channels_first:
            return self._layer(layer, call, inputs, told, dtype, store, name, trained, wanted)
        entered = [self._turned(node, first, f"{name}:in{number or ''}") for number, node in enumerate(inputs)]
        said = None if told is None else turned(told, first)
        self.channels_first = first
        node = self._layer(layer, call, entered, said, dtype, store, name, trained, lambda: turned(wanted(), first))
        self.channels_first = not first
        return self._turned(node, not first, f"{name}:out")

    def _turned(self, node: Node, forward: bool, name: str) -> Node:
        """The first axis as the last one, or the other way round; a vector is left as it is."""
        rank = len(node.shape)
        dims = (*range(2, rank + 1), 1) if forward else (rank, *range(1, rank))
        return node if rank < 2 else self.graph.add(Permute(dims), node, name=name, weights=())

    def _layer(
        self, layer: LayerConfig, call: Call, inputs: Sequence[Node], told: Shape | None, dtype: str, store: Store,
        name: str, trained: bool, wanted: Callable[[], Shape],
    ) -> Node:  # fmt: skip
        self._calls, key = self._calls + 1, store.identity or layer.shared or id(layer)
        if self._calls > MOST_OPERATIONS:
            raise UsageError(f"has more than {MOST_OPERATIONS:,} applications of layers")
        steps, shapes = self._steps, [node.shape[len(self._steps) :] for node in inputs]
        compute, variable = _policy(layer.config.get("dtype"))
        stored = store.weights()
        if layer.operation and stored:  # a layer that does not say whether it is trained
            layer = replace(layer, operation=False)
        as_function = bool(function_name(layer))
        stored = () if as_function else stored
        found = self._found(layer, call, shapes, told, stored)
        unsaid = found or as_function or (self.channels_first and any(len(shape) > MAP for shape in shapes))
        said = Told() if unsaid else told_of(layer, shapes, self._known)
        weights = _weights(found, layer, shapes, stored, said.weights, store.exact, trained, variable)
        made = found.layer if found else Opaque(_title(layer), (*steps, *(told or said.shape or wanted())))
        for _ in steps if found else ():
            made = TimeDistributed(made)
        dtype = dtype or (compute if not as_function or not inputs else inputs[0].dtype)
        node = self.graph.add(made, *inputs, name=name, dtype=dtype, weights=weights, shares=self._made.get(key))
        self._made.setdefault(key, node)
        if found and found.function:
            activation = found.behind or Opaque(found.function, node.shape)  # cell by cell, whatever its axes are
            return self.graph.add(activation, node, name=f"{name}:{found.function}", weights=())
        return node

    def _found(
        self, layer: LayerConfig, call: Call, shapes: Sequence[Shape], told: Shape | None,
        stored: Sequence[Weight] | None,
    ) -> Found | None:  # fmt: skip
        """Our layer, where it has the shape that is said and the weights that are stored."""
        if function_name(layer):
            made = function(layer, call, shapes, told, self.channels_first)
            found = made and Found(made)
        else:
            found = known(layer, shapes, self.channels_first)
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

    def _known(self, layer: LayerConfig, inputs: Sequence[Shape]) -> Layer | None:
        found = known(layer, inputs[:1], self.channels_first)
        return found and found.layer


def turned(shape: Shape, forward: bool) -> Shape:
    """A shape whose first axis becomes the last one, or the other way round."""
    return (*shape[1:], *shape[:1]) if forward else (*shape[-1:], *shape[:-1])


def _title(layer: LayerConfig) -> str:
    """What an opaque layer is called."""
    return function_name(layer) or layer.kind or "Layer"


def _weights(
    found: Found | None, layer: LayerConfig, inputs: Sequence[Shape], stored: Sequence[Weight] | None,
    said: Sequence[Weight] | None, exact: bool, trained: bool, dtype: str,
) -> Sequence[Weight] | None:  # fmt: skip
    """The weights to be given to a node, `said` where none are stored; None where they follow from its layer."""
    mine: Sequence[Weight] = found.layer.weights(*inputs) if found else said or ()
    if stored is None or (mine and not stored and not _may_lack_weights(layer)):
        stored = [weight._replace(dtype=dtype) for weight in mine] if found or said is not None else None
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
