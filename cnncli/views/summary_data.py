"""The JSON schema of `summary`: a network with its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.analysis.metric import Place
from cnncli.analysis.metrics import conventions, metric, metrics
from cnncli.analysis.movement import Roof, together
from cnncli.analysis.report import Report, Row
from cnncli.network import Network
from cnncli.views.columns import weight_dtype
from cnncli.views.data import STORED, deployed_data, ends_data, model_data, stored_data, totals_data, uncounted_data


def row_data(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "type": row.type,
        "label": row.text,
        "scope": ".".join(row.scope),
        "inputs": row.inputs,
        "output_shape": row.output_shape,
        **{metric.column: row.amounts[metric.key] for metric in metrics(Place.ROW, additive=True)},
        **({"shares": row.shares} if row.shares else {}),
        **row.details,
    }


def layer_data(row: Row, report: Report) -> dict[str, Any]:
    """What a row has beside its figures: the bytes that are live while it is computed in float32, null where nothing
    is; the pixels of the input that a cell of its output sees. Of a layer the types of its output and of the largest of
    its weights, null where it has none.
    """
    node, view = report.graph.nodes[row.place], report.views[row.place]
    types = {"dtype": node.dtype, "weight_dtype": weight_dtype(node)} if report.depth is None else {}
    return {**types, "live_bytes": report.live_bytes(row), "receptive_field": view and view.pixels}


def movement_data(report: Report, row: Row, roof: Roof | None) -> dict[str, Any]:
    """The bytes that a row moves; under a roof also what holds it back, and the least time."""
    parts = report.moved_by(row)
    moved = together(parts)
    found = {"bytes_read": moved.read, "bytes_written": moved.written, "arithmetic_intensity": moved.intensity}
    return {**found, "bound": roof.bound(parts), "seconds": roof.seconds(parts)} if roof else found


def roofline_data(report: Report, roof: Roof) -> dict[str, Any]:
    """The roof of a machine, and the least time that it allows the whole network."""
    return {
        "macs_per_second": roof.macs,
        "bytes_per_second": roof.bandwidth,
        "dtype": report.kind,
        "seconds": roof.seconds(report.movements),
    }


def summary_data(network: Network, report: Report, rows: Sequence[Row], roof: Roof | None = None) -> dict[str, Any]:
    """A network with the rows that were asked for, and under a roof what it allows."""
    return {
        "model": model_data(network),
        **_identified(network),
        **ends_data(network),
        "conventions": {**conventions(), **({STORED: metric(STORED).convention} if network.origin.reading else {})},
        "totals": {**totals_data(report.totals), **stored_data(network, report.totals)},
        "deployed": deployed_data(network),
        "uncounted": uncounted_data(report.totals.uncounted()),
        **({"roofline": roofline_data(report, roof)} if roof else {}),
        "warnings": network.warnings,
        "layers": [{**row_data(row), **layer_data(row, report), **movement_data(report, row, roof)} for row in rows],
    }


def _identified(network: Network) -> dict[str, Any]:
    """Which known network one is by its structure, that is none of the registry's; null where that is not told."""
    if network.model:
        return {}
    from cnncli.analysis.identify.identity import recognized
    from cnncli.views.identify import identity_data

    return {"identified": identity_data(recognized(network))}
