"""Reports as data: the JSON schema, and the choice of a format."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from cnncli.analysis.costs import CONVENTIONS, Totals
from cnncli.analysis.report import Report, Row
from cnncli.document.table import Table, to_csv, to_markdown, to_text
from cnncli.models.reference import Model
from cnncli.words import visible_in_json

SCHEMA_VERSION = 1


def render(how: str, table: Table, data: Callable[[], Mapping[str, Any]]) -> str:
    """A report as `table`, `json`, `csv` or `markdown`; JSON is written from `data`, the others from the table."""
    if how == "json":
        return to_json({"schema_version": SCHEMA_VERSION, **data()})
    return {"table": to_text, "csv": to_csv, "markdown": to_markdown}[how](table)


def to_json(data: Mapping[str, Any], indent: int | None = 2) -> str:
    return visible_in_json(json.dumps(data, indent=indent, ensure_ascii=False)) + "\n"


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


def summary_data(model: Model, report: Report, warnings: list[str]) -> dict[str, Any]:
    return {
        "model": model_data(model),
        "input_shape": report.input_shape,
        "output_shape": report.output_shape,
        "conventions": CONVENTIONS,
        "totals": totals_data(report.totals),
        "warnings": warnings,
        "layers": [row_data(row) for row in report.rows],
    }
