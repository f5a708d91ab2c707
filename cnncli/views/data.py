"""The JSON schema: what each kind of thing is as data, wherever it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnncli.analysis.costs import CONVENTIONS, Totals
from cnncli.analysis.report import Report, Row
from cnncli.models.reference import Model

if TYPE_CHECKING:
    from cnncli.analysis.compare.attribution import Attribution, Share
    from cnncli.analysis.compare.comparison import Entry
    from cnncli.analysis.compare.difference import Change
    from cnncli.graph import Group
    from cnncli.keras_model import Build

SCHEMA_VERSION = 1


def versioned(data: Mapping[str, Any]) -> dict[str, Any]:
    """A report as JSON has it: every one says of which schema it is."""
    return {"schema_version": SCHEMA_VERSION, **data}


def model_data(model: Model) -> dict[str, Any]:
    return {
        "reference": model.reference,
        "name": model.spec.name,
        "flavor": model.flavor,
        "options": dict(model.options),
    }


def totals_data(totals: Totals) -> dict[str, Any]:
    return {
        "layers": totals.layers,
        "params": totals.params,
        "trainable_params": totals.trainable_params,
        "non_trainable_params": totals.non_trainable_params,
        "macs": totals.macs,
        "flops": totals.flops,
        "weight_bytes": totals.weight_bytes,
        "peak_activation_bytes": totals.peak_activation_bytes,
        "receptive_field": totals.receptive_field,
    }


def row_data(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "type": row.type,
        "label": row.text,
        "scope": ".".join(row.scope),
        "inputs": row.inputs,
        "output_shape": row.output_shape,
        "params": row.params,
        "trainable_params": row.trainable_params,
        "macs": row.macs,
        "flops": row.flops,
        "layers_folded": row.layers_folded,
        **row.details,
    }


def summary_data(model: Model, report: Report, rows: Sequence[Row], warnings: Sequence[str]) -> dict[str, Any]:
    """A network with the rows that were asked for."""
    return {
        "model": model_data(model),
        "input_shape": report.input_shape,
        "output_shape": report.output_shape,
        "conventions": CONVENTIONS,
        "totals": totals_data(report.totals),
        "warnings": warnings,
        "layers": [row_data(row) for row in rows],
    }


def listed_data(model: Model, totals: Totals) -> dict[str, Any]:
    """A model as `list` tells it."""
    spec = model.spec
    return {
        **model_data(model),
        "family": spec.family,
        "year": spec.year,
        "paper": spec.paper._asdict(),
        "introduced": spec.introduced,
        "aliases": spec.aliases,
        "totals": totals_data(totals),
        "published": [figures._asdict() for figures in spec.published],
    }


def entry_data(found: Entry, identical: bool) -> dict[str, Any]:
    """A model in a comparison; `identical` to the baseline or not."""
    return {
        "model": model_data(found.model),
        "input_shape": found.graph.nodes[0].shape,
        "totals": {**totals_data(found.totals), "depth": found.depth},
        "published": found.published and found.published._asdict(),
        "structure": found.structure,
        "identical": identical,
    }


def stage_data(stage: Group) -> dict[str, Any]:
    return {
        "name": stage.name,
        "blocks": len(stage.kinds),
        "input_shape": stage.input_shape,
        "output_shape": stage.shape,
        "params": stage.params,
        "trainable_params": stage.trainable_params,
        "macs": stage.macs,
        "flops": stage.flops,
    }


def change_data(model: str, change: Change) -> dict[str, Any]:
    return {
        "model": model,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "blocks": change.blocks,
        "what": change.what,
        **change.costs.__dict__,
    }


def explanation_data(model: str, sentences: Sequence[str], attribution: Attribution) -> dict[str, Any]:
    return {
        "model": model,
        "sentences": sentences,
        "growth": {metric: growth.__dict__ for metric, growth in attribution.growth.items()},
        "shares": [_share_data(share) for share in attribution.shares],
        "not_attributed": attribution.why_not or None,
    }


def _share_data(share: Share) -> dict[str, Any]:
    factor = share.factor
    return {
        "factor": factor.name,
        "before": factor.before,
        "after": factor.after,
        "remark": factor.remark,
        **{metric: growth.__dict__ for metric, growth in share.growth.items()},
    }


def build_data(model: Model, built: Build) -> dict[str, Any]:
    """What `build` did; what was not asked for is null."""
    nodes = built.graph.nodes
    params, trainable = sum(node.params for node in nodes), sum(node.trainable_params for node in nodes)
    return {
        "model": {**model_data(model), "keras_name": built.model.name},
        "input_shape": nodes[0].shape,
        "output_shape": nodes[-1].shape,
        "totals": {
            "layers": len(nodes),
            "params": params,
            "trainable_params": trainable,
            "non_trainable_params": params - trainable,
        },
        "dtype": built.dtype,
        "versions": built.versions,
        "agreement": {
            "agree": not built.differences,
            "differences": [difference._asdict() for difference in built.differences],
        },
        "seed": built.seed,
        "weights": built.loaded and {**built.loaded._asdict(), "path": str(built.loaded.path)},
        "run": built.smoke and built.smoke._asdict(),
        "seconds": {step: round(seconds, 4) for step, seconds in built.seconds.items()},
        "file": built.saved and {**built.saved._asdict(), "path": str(built.saved.path)},
    }
