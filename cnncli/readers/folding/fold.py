"""All that is folded, in the order in which it is tried."""

from __future__ import annotations

from collections.abc import Callable

from cnncli.graph import Graph, Layer
from cnncli.graph.layers import (
    AveragePooling2D,
    Cast,
    Elementwise,
    Flatten,
    MaxPooling2D,
    Moving,
    Permute,
    Reduce,
    Reshape,
    Select,
)
from cnncli.readers.folding.constants import fold_bias, fold_constants
from cnncli.readers.folding.draft import Draft, Step
from cnncli.readers.folding.dynamic import fold_rescaling, fold_selected
from cnncli.readers.folding.functions import fold_functions
from cnncli.readers.folding.moves import (
    fold_dilation,
    fold_flat_products,
    fold_idle,
    fold_means,
    fold_pixels,
    fold_reshapes,
    fold_whole_windows,
)

Fold = Callable[[Draft, Step], bool]


def _computes(layer: type[Layer]) -> bool:
    return bool(layer.combines) or issubclass(layer, (Elementwise, Cast, Permute, Reshape))


# Each with the layers that it may begin at: most layers of a network are none of these.
FOLDS: tuple[tuple[Callable[[type[Layer]], bool], Fold], ...] = (
    (lambda layer: layer.idle, fold_idle),
    (lambda layer: issubclass(layer, (Select, Elementwise)), fold_selected),
    (_computes, fold_constants),
    (lambda layer: bool(layer.combines), fold_rescaling),
    (lambda layer: issubclass(layer, Elementwise), fold_bias),
    (lambda layer: bool(layer.combines) or issubclass(layer, Elementwise), fold_functions),
    (lambda layer: issubclass(layer, Reduce), fold_means),
    (lambda layer: layer in (AveragePooling2D, MaxPooling2D), fold_whole_windows),
    (lambda layer: issubclass(layer, (Reshape, Flatten)), fold_reshapes),
    (lambda layer: issubclass(layer, Reshape), fold_flat_products),
    (lambda layer: issubclass(layer, Reshape), fold_pixels),
    (lambda layer: issubclass(layer, Moving), fold_dilation),
)
MOST_PASSES = 8
"""What one pass leaves that another could fold is rare; a graph that is made to need many is left as it is then."""


def folded(graph: Graph, *, exact: bool = False) -> Graph:
    """The graph without what only its format made operations of; the graph itself where there is nothing to fold.

    Where it is to be `exact`, only what computes the same, of weights whose values are told.
    """
    draft = Draft(graph, exact=exact)
    folds: dict[type[Layer], list[Fold]] = {}
    for _ in range(MOST_PASSES):
        before = draft.changes
        for step in draft.steps:
            while not step.gone and any(fold(draft, step) for fold in _folds(folds, type(step.layer))):
                pass
        if draft.changes == before:
            break
    return draft.finished()


def _folds(known: dict[type[Layer], list[Fold]], layer: type[Layer]) -> list[Fold]:
    if layer not in known:
        known[layer] = [fold for begins_at, fold in FOLDS if begins_at(layer)]
    return known[layer]
