"""The JSON schema of `memory`: what is held at each operation, and what training takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnncli.network import Network
from cnncli.views.data import ends_data, model_data, uncounted_data

if TYPE_CHECKING:
    from cnncli.analysis.timeline import Step, Timeline
    from cnncli.analysis.training_memory import Training, TrainingRow
    from cnncli.deployed.reorder import Reordering


def memory_data(network: Network, found: Timeline, rows: Sequence[Step]) -> dict[str, Any]:
    """What is held at each operation, with the rows that were asked for; the peak is that of all."""
    from cnncli.analysis.timeline import CONVENTION

    at, operations = found.peak.operation, found.plan.operations
    return {
        "model": model_data(network),
        **ends_data(network),
        "kind": found.plan.kind,
        "batch": found.plan.batch,
        "conventions": {"live_bytes": CONVENTION},
        "peak": {
            "bytes": found.peak.bytes,
            "operation": at,
            "name": None if at is None else found.name(at),
            "type": None if at is None else operations[at].type,
            "tensors": [{**tensor._asdict(), "bytes": tensor.bytes} for tensor in found.held],
        },
        "arena_bytes": found.figures.arena_bytes,
        "arena_tail_bytes": found.figures.arena_tail_bytes,
        **order_data(found.order),
        "operations": len(operations),
        "uncounted": uncounted_data(found.uncounted),
        "warnings": network.warnings,
        "rows": [step_data(step) for step in rows],
    }


def order_data(order: Reordering | None) -> dict[str, Any]:
    """The peak in the plan's own order and in the best that was found; `floor` is what no order is below."""
    if order is None:
        return {}
    peaks = {"before": order.before, "after": order.after, "floor": order.floor, "exact": order.exact}
    return {"order": {**peaks, "operations": order.places}}


def step_data(step: Step) -> dict[str, Any]:
    """`operation` is the place of that at which most is live; of a row of several `types` are theirs, in order."""
    return {
        "operation": step.operation,
        "name": step.name,
        "type": step.text,
        "types": step.types,
        "layers": step.layers,
        "scope": ".".join(step.scope),
        "output_shape": step.output_shape,
        "reads": step.reads,
        "writes": step.writes,
        "constants": step.constants,
        "live_bytes": step.live_bytes,
    }


def training_data(network: Network, found: Training, rows: Sequence[TrainingRow]) -> dict[str, Any]:
    """What training takes, at least, with the rows that were asked for; the totals are those of all."""
    from cnncli.analysis.training_memory import CONVENTION

    return {
        "model": model_data(network),
        **ends_data(network),
        "optimizer": found.optimizer,
        "batch": found.batch,
        "conventions": {"training_bytes": CONVENTION},
        "totals": parts_data(found.whole),
        "uncounted": uncounted_data(found.uncounted),
        "warnings": network.warnings,
        "rows": [
            {
                "name": row.name,
                "type": str(row.label),
                "scope": ".".join(row.scope),
                "output_shape": row.output_shape,
                **parts_data(row),
            }
            for row in rows
        ],
    }


def parts_data(row: TrainingRow) -> dict[str, Any]:
    from cnncli.analysis.training_memory import PARTS

    return {part: getattr(row, part) for part in (*PARTS, "training_bytes")}
