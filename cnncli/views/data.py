"""The JSON schema: what each kind of thing is as data, wherever it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnncli.analysis.deployment import deployment, kinds_of, peak_at
from cnncli.analysis.metrics import About, Place, Totals, amounts, conventions, figures, metric, metrics
from cnncli.analysis.movement import Roof, together
from cnncli.analysis.report import Report, Row
from cnncli.document.numbers import setting
from cnncli.network import Network
from cnncli.views.columns import weight_dtype
from cnncli.written import read_figure

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncli.analysis.compare.attribution import Attribution, Share
    from cnncli.analysis.compare.comparison import Entry
    from cnncli.analysis.compare.difference import Change
    from cnncli.analysis.timeline import Step, Timeline
    from cnncli.analysis.training_memory import Training, TrainingRow
    from cnncli.cloning.cloning import Clone
    from cnncli.deployed.reorder import Reordering
    from cnncli.graph import Graph, Group, Node
    from cnncli.keras_model import Build
    from cnncli.models.spec import ModelSpec, Published

SCHEMA_VERSION = 2
STORED = "stored_weight_bytes"


def versioned(data: Mapping[str, Any]) -> dict[str, Any]:
    """A report as JSON has it: every one says of which schema it is."""
    return {"schema_version": SCHEMA_VERSION, **data}


def model_data(network: Network) -> dict[str, Any]:
    """Which network it is: of the registry with its flavor and options, of another source with that."""
    model = network.model
    return {
        "reference": network.reference,
        "name": network.name,
        **({"flavor": model.flavor, "options": dict(model.options)} if model else {}),
        "origin": origin_data(network),
    }


def origin_data(network: Network) -> dict[str, Any]:
    """Where a network came from; what a file does not say is null."""
    file, reading = network.origin.file, network.origin.reading
    found: dict[str, Any] = {"kind": network.origin.kind.value}
    if file:
        found |= {"format": file.format.key, "bytes": file.bytes, "sha256": file.sha256}
    if reading:
        found |= {
            "producer": reading.producer or None,
            "signature": reading.signature or None,
            "signatures": reading.signatures,
            "quantization": reading.quantization or None,
            "subgraph": reading.subgraph or None,
            "subgraphs": reading.subgraphs,
            "only_weights": reading.only_weights,
        }
    return found


def totals_data(totals: Totals) -> dict[str, Any]:
    """The figures by their keys, those of the structure first."""
    told = sorted(metrics(Place.DATA), key=lambda metric: metric.about is not About.STRUCTURE)
    return {metric.key: totals[metric.key] for metric in told}


def ends_data(network: Network) -> dict[str, Any]:
    """All inputs and outputs, and the shapes of the first ones."""
    inputs, outputs = network.graph.inputs, network.graph.outputs
    return {
        "input_shape": inputs[0].shape if inputs else None,
        "output_shape": outputs[0].shape if outputs else None,
        "inputs": [_end_data(node, network.known_range) for node in inputs],
        "outputs": [_end_data(node, RANGES.get(node.layer.function)) for node in outputs],
    }


RANGES = {"softmax": (0.0, 1.0), "sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
"""Between which numbers a function's values lie, where both are finite."""


def _end_data(node: Node, values: tuple[float, float] | None) -> dict[str, Any]:
    """An input or output; the range of its values is null where nobody has said it."""
    return {"name": node.name, "shape": node.shape, "dtype": node.dtype, "range": values}


def deployed_data(network: Network) -> dict[str, Any]:
    """By kind what the network is as deployed; nothing of a table of weights, which nobody can run."""
    reading, graph = network.origin.reading, network.graph
    return {} if reading and reading.only_weights else {kind: _kind_data(graph, kind) for kind in kinds_of(graph)}


def _kind_data(graph: Graph, kind: str) -> dict[str, Any]:
    """`from` is whether the figures are a file's own or predicted; the tail of the arena is an estimate, from, to."""
    found, at = deployment(graph, kind), peak_at(graph, kind)
    return {
        "from": "file" if found.is_read else "prediction",
        **{each.key: each.by_kind(graph, kind) for each in metrics(Place.DEPLOYED) if each.by_kind},
        "arena_tail_bytes": found.arena_tail_bytes,
        "peak_at": at and at._asdict(),
    }


def uncounted_data(uncounted: Sequence[Node]) -> list[dict[str, str]]:
    """The layers of which a figure is unknown, so that totals are at least what they say."""
    return [{"name": node.name, "type": node.type} for node in uncounted]


def stored_data(network: Network, totals: Totals) -> dict[str, Any]:
    """What the weights of a file take by their types; nothing of other networks, whose weights are float32."""
    return {STORED: totals[STORED]} if network.origin.reading else {}


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


def listed_data(network: Network, spec: ModelSpec, totals: Totals) -> dict[str, Any]:
    """A model as `list` tells it."""
    return {
        **model_data(network),
        "family": spec.family,
        "year": spec.year,
        "paper": spec.paper._asdict(),
        "introduced": spec.introduced,
        "architecture": spec.architecture or spec.name,
        "descends_from": spec.descends_from,
        "aliases": spec.aliases,
        "flavors": [
            {"name": flavor.name, "says": flavor.says, "deviations": flavor.deviations} for flavor in spec.flavors
        ],
        "totals": totals_data(totals),
        "published": [published_data(figures) for figures in spec.published],
    }


def published_data(figures: Published) -> dict[str, Any]:
    """Published figures as numbers. Of a network with options these as references spell them, of one in another flavor
    than the first that, of parameters that are not those that are trained what they are.
    """
    options = {name: setting(value) for name, value in figures.options.items()}
    further = {
        "options": options,
        "flavor": figures.flavor,
        "counted": figures.counted if figures.params and figures.counted != "trainable_params" else "",
    }
    return {
        "source": figures.source,
        "params": _written(figures.params),
        "macs": _written(figures.macs),
        "top1": figures.top1,
        "erratum": figures.erratum,
        **{name: value for name, value in further.items() if value},
    }


def _written(figure: str | None) -> int | float | None:
    return None if figure is None else number(read_figure(figure).value)


def number(value: Fraction) -> int | float:
    """A number of a sheet or of JSON."""
    return int(value) if value.denominator == 1 else float(value)


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


def build_data(network: Network, built: Build, clone: Clone | None = None) -> dict[str, Any]:
    """What `build` did; what was not asked for is null. `clone` is what came of a file."""
    totals = Totals(built.graph)
    return {
        "model": {**model_data(network), "keras_name": built.name},
        **ends_data(network),
        "totals": {key: totals[key] for key in ("layers", "params", "trainable_params", "non_trainable_params")},
        "dtype": built.dtype,
        "versions": built.versions,
        "agreement": {
            "agree": not built.differences,
            "differences": [difference._asdict() for difference in built.differences],
        },
        "seed": built.seed,
        "weights": built.loaded and {**built.loaded._asdict(), "path": str(built.loaded.path)},
        **(_clone_data(clone) if clone else {}),
        "run": built.smoke and built.smoke._asdict(),
        "seconds": {step: round(seconds, 4) for step, seconds in built.seconds.items()},
        "file": built.saved and {**built.saved._asdict(), "path": str(built.saved.path)},
    }


def _clone_data(clone: Clone) -> dict[str, Any]:
    """Of a Keras model of a file: how many of its tensors it has for weights, and how far the two are apart."""
    comparison = clone.comparison and {
        "max_abs_difference": clone.comparison.max_abs_difference,
        "max_relative_difference": clone.comparison.max_relative_difference,
        "limit": clone.limit,
        "blind": clone.comparison.blind,
        "examples": clone.comparison.pictures,
        "runtime": clone.runtime,
    }
    return {
        "tensors": clone.tensors,
        "verified": clone.verified,
        "comparison": comparison,
        "problems": clone.problems,
        "warnings": clone.warnings,
    }
