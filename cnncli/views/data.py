"""The JSON schema of what several commands tell: a network, its ends, its figures, what was published of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnncli.analysis.deployment import deployment, kinds_of, peak_at
from cnncli.analysis.metric import About, Place
from cnncli.analysis.metrics import Totals, metrics
from cnncli.document.numbers import setting
from cnncli.network import Network
from cnncli.written import read_figure

if TYPE_CHECKING:
    from fractions import Fraction

    from cnncli.graph import Graph, Node
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
