"""Weights from files, for a Keras model or for the graph alone.

A file is held against the whole network before anything is taken from it. Layers are matched by their order, since the
same network calls its layers otherwise in each house.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.keras_model.held import Taker, by_node, holder_name, takers_of_graph, takers_of_model
from cnncli.keras_model.nested import Shapes, Stored, Wanted
from cnncli.keras_model.weight_files import opened, reading, stored_layers

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)
FLOAT32_BYTES = 4
MOST_SHAPES = 6
"""Of a layer that a message lists."""


class Loaded(NamedTuple):
    """Weights that were put into a model: how many layers took some, and what the user should know of it."""

    path: Path
    layers: int
    notes: tuple[str, ...]


class Values(NamedTuple):
    """The values of weights by the node that has them, in the graph's order and shapes, and what the user should know.

    `ordered` are the same arrays in the order in which Keras has the weights of the whole model.
    """

    by_node: Mapping[str, Sequence[Any]]
    ordered: Sequence[Any]
    notes: tuple[str, ...]


def check_weights_file(path: Path, graph: Graph | None = None) -> None:
    """Raise UsageError where `path` holds no weights, or far too many for a graph; OSError where the system refuses."""
    needed = None if graph is None else FLOAT32_BYTES * sum(node.params for node in graph.nodes)
    with opened(path, needed):
        pass


def load_weights(model: Any, path: Path) -> Loaded:
    """Put a file's weights into a model. Raises as `values`, and then none is changed."""
    takers = takers_of_model(model)
    arrays, notes = _read(takers, path)
    layers = [layer for layer in model.layers if layer.weights]
    for layer, values in zip(layers, arrays, strict=True):
        _assign(layer, values)
    return Loaded(path, len(layers), notes)


def values(graph: Graph, path: Path) -> Values:
    """What the Keras model of a graph would hold with a file's weights, read without Keras.

    Raises UsageError naming the first layer that does not fit, OSError where the system refuses to read the file.
    """
    import numpy

    takers = takers_of_graph(graph)
    arrays, notes = _read(takers, path)
    by_taker = {
        taker.name: [numpy.asarray(array, dtype) for array, dtype in zip(held, taker.dtypes, strict=True)]
        for taker, held in zip(takers, arrays, strict=True)
    }
    shaped = by_node(graph, lambda node: by_taker[holder_name(node)])
    return Values(shaped, [array for held in by_taker.values() for array in held], notes)


def _read(takers: Sequence[Taker], path: Path) -> tuple[list[list[Any]], tuple[str, ...]]:
    """What a file holds for each taker, as the file has it but for what is known to be mistaken there; and notes."""
    needed = FLOAT32_BYTES * sum(prod(shape) for taker in takers for shape in taker.shapes)
    with opened(path, needed) as root:
        with reading(path):
            stored = stored_layers(root, [Wanted(taker.kind, taker.shapes) for taker in takers])
        misfit = _misfit(takers, stored)
        if misfit:
            raise UsageError(f"{path} does not fit: {misfit}")
        with reading(path, needed):
            arrays = [[array.dataset[()] for array in found.arrays] for found in stored]
    corrected = [_correct(taker, held) for taker, held in zip(takers, arrays, strict=True)]
    return arrays, (*(note for note in corrected if note), *_not_finite(takers, arrays))


def _misfit(takers: Sequence[Taker], stored: Sequence[Stored]) -> str:
    """The first layer that does not fit, and what is probably another in the file; empty where all fit."""
    for taker, found in zip_longest(takers, stored):
        if taker is None:
            return f"the file has {found.name} besides; {_HINT_LAYERS}"
        takes = taker.shapes
        holds = [array.shape for array in found.arrays] if found else []
        if takes != holds:
            hint = _hint(takers, stored, taker, holds)
            held = f"the file's {found.name} holds {_shapes(holds)}" if found and holds else "the file has none for it"
            return f"{taker.name} takes {_shapes(takes)}; {held}; {hint}"
        if foreign := _foreign(taker, found):
            return foreign
    return ""


def _foreign(taker: Taker, found: Stored) -> str:
    """What is wrong with the numbers of a layer whose shapes fit; empty where nothing is.

    Whole numbers are refused where a weight is a vector or more: they are what a quantized file holds, and mean nothing
    without their scale. (A count may be whole.)
    """
    for array in found.arrays:
        if array.dtype.kind not in "fiu":
            return f"{taker.name} takes numbers; the file's {found.name} holds {array.dtype}"
        if array.dtype.kind != "f" and array.shape:
            return (
                f"{taker.name} takes real numbers; the file's {found.name} holds {array.dtype}; are they quantized? "
                "Without their scale they mean nothing"
            )
    return ""


_HINT_CLASSES = "are they of other classes?"
_HINT_WIDTH = "are they of another alpha, width or flavor?"
_HINT_LAYERS = "are they of another model, flavor or include_top?"
_HINT_KERNELS = "are they of another model or flavor, with kernels of another size?"


def _hint(takers: Sequence[Taker], stored: Sequence[Stored], taker: Taker, holds: Shapes) -> str:
    """What is probably another in the file, by the axis that differs."""
    takes, ours, theirs = taker.shapes, len(takers), sum(bool(found.arrays) for found in stored)
    if len(takes) != len(holds) or any(len(one) != len(other) for one, other in zip(takes, holds, strict=True)):
        return _HINT_LAYERS
    differing = {
        (len(one), len(one) - axis)
        for one, other in zip(takes, holds, strict=True)
        for axis, sizes in enumerate(zip(one, other, strict=True))
        if sizes[0] != sizes[1]
    }
    if taker is takers[0] and differing <= {(4, 2), (1, 1)} and (len(takes[0]) == 4) == ((4, 2) in differing):
        channels = _channels(holds)
        return f"are they for pictures of {channels} channel{'s' if channels != 1 else ''}, by another input_shape?"
    if ours != theirs:
        return f"the file has {theirs} layers with weights, the network {ours}; are they of another depth or model?"
    if taker is takers[-1]:
        return _HINT_CLASSES
    return _HINT_KERNELS if differing & {(4, 4), (4, 3)} else _HINT_WIDTH


def _channels(shapes: Shapes) -> int:
    """Of the input, by the first layer's weights: a kernel, or the mean of each channel."""
    return shapes[0][-2] if len(shapes[0]) == 4 else shapes[0][0]


def _shapes(shapes: Shapes) -> str:
    told = ["x".join(map(str, shape)) or "scalar" for shape in shapes[:MOST_SHAPES]]
    more = [f"and {len(shapes) - MOST_SHAPES} more"] if len(shapes) > MOST_SHAPES else []
    return ", ".join(told + more) or "nothing"


def _correct(taker: Taker, arrays: list[Any]) -> str:
    """Mend what is known to be mistaken in a layer's arrays, and say so; empty where nothing is."""
    if taker.kind != "normalization" or not _deviation_for_variance(*arrays[:2]):
        return ""
    arrays[1] = arrays[1] ** 2
    return f"{taker.name}: ImageNet's deviation, stored in place of the variance, was squared"


def _assign(layer: Any, values: Sequence[Any]) -> None:
    for weight, value in zip(layer.weights, values, strict=True):
        weight.assign(value)
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()


def _not_finite(takers: Sequence[Taker], values: Sequence[Sequence[Any]]) -> Iterator[str]:
    """A note where weights are NaN or infinite, which names the first layer that has such."""
    import numpy as np

    found = [
        (taker.name, sum(int(np.size(array) - np.isfinite(array).sum()) for array in arrays))
        for taker, arrays in zip(takers, values, strict=True)
    ]
    broken = [(name, count) for name, count in found if count]
    if broken:
        (name, count), others = broken[0], len(broken) - 1
        besides = f", and {others} further layers have such" if others else ""
        yield f"{name}: {count:,} of its weights are NaN or infinite{besides}"


def _deviation_for_variance(mean: Any, variance: Any) -> bool:
    """Whether these are the statistics of keras.applications' published EfficientNets.

    They hold ImageNet's standard deviation where the variance belongs, and keras.applications makes up for it by a
    further Rescaling, only with weights="imagenet" (https://github.com/tensorflow/tensorflow/issues/49930).
    """
    import numpy as np

    return mean.shape == (3,) and np.allclose([mean, variance], [IMAGENET_MEAN, IMAGENET_DEVIATION], atol=1e-3)
