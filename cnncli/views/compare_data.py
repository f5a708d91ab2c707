"""The JSON schema of `compare`: each network, its stages, what changes, and why the costs differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnncli.analysis.metric import Place
from cnncli.analysis.metrics import amounts, figures
from cnncli.views.data import ends_data, model_data, published_data, totals_data, uncounted_data

if TYPE_CHECKING:
    from cnncli.analysis.compare.attribution import Attribution, Share
    from cnncli.analysis.compare.comparison import Entry
    from cnncli.analysis.compare.difference import Change
    from cnncli.graph import Group


def entry_data(found: Entry, identical: bool) -> dict[str, Any]:
    """A network in a comparison; `identical` to the baseline or not."""
    ends, published = ends_data(found.network), found.network.published
    compared = {metric.key: found.totals[metric.key] for metric in figures(Place.COMPARISON)}
    return {
        "model": model_data(found.network),
        "input_shape": ends.pop("input_shape"),
        **{key: value for key, value in ends.items() if key != "output_shape"},
        "totals": {**totals_data(found.totals), **compared},
        "uncounted": uncounted_data(found.totals.uncounted()),
        "published": published and published_data(published),
        "structure": found.structure,
        "identical": identical,
    }


def stage_data(stage: Group) -> dict[str, Any]:
    return {
        "name": stage.name,
        "blocks": len(stage.kinds),
        "input_shape": stage.input_shape,
        "output_shape": stage.shape,
        **amounts(stage.nodes, Place.CHANGE),
    }


def change_data(model: str, change: Change) -> dict[str, Any]:
    from cnncli.views.changes import phrases, span  # only comparisons need them

    return {
        "model": model,
        "kind": change.kind,
        "before": span(change.before),
        "after": span(change.after),
        "blocks": change.blocks,
        "what": phrases(change),
        **change.costs,
    }


def explanation_data(model: str, sentences: Sequence[str], attribution: Attribution, why_not: str) -> dict[str, Any]:
    """`why_not` says why nothing could be attributed, if so."""
    return {
        "model": model,
        "sentences": sentences,
        "growth": {metric: growth.__dict__ for metric, growth in attribution.growth.items()},
        "shares": [_share_data(share) for share in attribution.shares],
        "not_attributed": why_not or None,
    }


def _share_data(share: Share) -> dict[str, Any]:
    from cnncli.views.changes import sides

    factor = share.factor
    before, after = sides(factor.before, factor.after)
    return {
        "factor": factor.name,
        "before": before,
        "after": after,
        "remark": factor.remark,
        **{metric: growth.__dict__ for metric, growth in share.growth.items()},
    }
