"""All that is folded, in the order in which it is tried."""

from __future__ import annotations

from collections.abc import Callable

from cnncli.graph import Graph
from cnncli.readers.folding.constants import fold_bias, fold_constants
from cnncli.readers.folding.draft import Draft, Step
from cnncli.readers.folding.functions import fold_functions
from cnncli.readers.folding.moves import fold_dilation, fold_idle, fold_means, fold_reshapes

FOLDS: tuple[Callable[[Draft, Step], bool], ...] = (
    fold_idle,
    fold_constants,
    fold_bias,
    fold_functions,
    fold_means,
    fold_reshapes,
    fold_dilation,
)
MOST_PASSES = 8
"""What one pass leaves that another could fold is rare; a graph that is made to need many is left as it is then."""


def folded(graph: Graph) -> Graph:
    """The graph without what only its format made operations of; the graph itself where there is nothing to fold."""
    draft = Draft(graph)
    for _ in range(MOST_PASSES):
        before = draft.changes
        for step in draft.steps:
            while not step.gone and any(fold(draft, step) for fold in FOLDS):
                pass
        if draft.changes == before:
            break
    return draft.finished()
