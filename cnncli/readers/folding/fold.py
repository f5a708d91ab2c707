"""All that is folded, in the order in which it is tried."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

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
    fold_shuffle,
    fold_whole_windows,
)
from cnncli.readers.folding.own import OWN, Numbers
from cnncli.readers.folding.responses import fold_response

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
    (lambda layer: bool(layer.combines), fold_response),
    (lambda layer: bool(layer.combines) or issubclass(layer, Elementwise), fold_functions),
    (lambda layer: issubclass(layer, Reduce), fold_means),
    (lambda layer: layer in (AveragePooling2D, MaxPooling2D), fold_whole_windows),
    (lambda layer: issubclass(layer, (Reshape, Flatten)), fold_reshapes),
    (lambda layer: issubclass(layer, Reshape), fold_flat_products),
    (lambda layer: issubclass(layer, Reshape), fold_pixels),
    (lambda layer: issubclass(layer, Moving), fold_dilation),
    (lambda layer: issubclass(layer, Reshape), fold_shuffle),
)
OWN_FOLDS = (fold_idle, fold_bias, fold_response, fold_functions, fold_shuffle)
"""Those of them that cnncli's own files need: what else they hold is a layer of the network as it is."""
MOST_PASSES = 8
"""What one pass leaves that another could fold is rare; a graph that is made to need many is left as it is then."""


def folded(graph: Graph, own: Numbers | None = None, *, exact: bool = False) -> Graph:
    """The graph without what only its format made operations of; the graph itself where there is nothing to fold.

    `own` is given of a file that cnncli wrote: what its layers are is then told by their names too. Where it is to be
    `exact`, only what computes the same is folded, of weights whose values are told.
    """
    draft = Draft(graph, named=own is not None, exact=exact)
    kinds = _Folds(own)
    for _ in range(MOST_PASSES):
        before = draft.changes
        for step in draft.steps:
            while not step.gone and any(fold(draft, step) for fold in kinds.of(type(step.layer))):
                pass
        if draft.changes == before:
            break
    return draft.finished()


class _Folds:
    """What is tried at each kind of layer."""

    def __init__(self, own: Numbers | None) -> None:
        self._tried = FOLDS if own is None else tuple(each for each in FOLDS if each[1] in OWN_FOLDS)
        self._first = [] if own is None else [partial(fold, numbers=own) for fold in OWN]
        self._known: dict[type[Layer], list[Fold]] = {}

    def of(self, layer: type[Layer]) -> list[Fold]:
        if layer not in self._known:
            self._known[layer] = [*self._first, *(fold for begins_at, fold in self._tried if begins_at(layer))]
        return self._known[layer]
