"""The report of `build`: what was built and proved, or in what Keras's model differs from the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncli.analysis.metrics import Totals
from cnncli.document.document import Document
from cnncli.document.numbers import grouped, scaled, shape
from cnncli.document.table import Column, Table
from cnncli.network import Network
from cnncli.views.data import ends_data, model_data, versioned
from cnncli.views.summary import title

if TYPE_CHECKING:
    from cnncli.cloning.cloning import Clone
    from cnncli.keras_model import Build


class Fact(NamedTuple):
    """A line of the report: a key for CSV, words for people."""

    key: str
    label: str
    value: Any
    text: str


COLUMNS = (
    Column("fact", "Fact", lambda fact: fact.key),
    Column("value", "Value", lambda fact: fact.value),
)
COLUMNS_FOR_PEOPLE = (
    Column("fact", "", lambda fact: fact.label),
    Column("value", "", lambda fact: fact.text),
)
COLUMNS_OF_DIFFERENCES = (
    Column("layer", "Layer", lambda difference: difference.layer),
    Column("fact", "Fact", lambda difference: difference.fact),
    Column("graph", "Graph", lambda difference: _said(difference.graph)),
    Column("keras", "Keras", lambda difference: _said(difference.keras)),
)


def build_document(network: Network, built: Build, clone: Clone | None = None) -> Document:
    """The facts of a model that agrees with its graph, else in what they differ; `clone` is what came of a file."""
    if built.differences:
        heading = f"{network.reference}: Keras and the graph differ"
        for_people = sheet = Table(COLUMNS_OF_DIFFERENCES, built.differences, title=heading)
    else:
        facts = _facts(network, built, clone)
        for_people, sheet = Table(COLUMNS_FOR_PEOPLE, facts, title=title(network)), Table(COLUMNS, facts)
    return Document(
        title=network.reference,
        sections=lambda width: [for_people],
        data=lambda: versioned(build_data(network, built, clone)),
        sheet=lambda: sheet,
    )


def _facts(network: Network, built: Build, clone: Clone | None) -> list[Fact]:
    totals = Totals(built.graph)
    split = f"trainable {grouped(totals.trainable_params)}, non-trainable {grouped(totals.non_trainable_params)}"
    first, outputs = built.graph.inputs[0].shape, [node.shape for node in built.graph.outputs]
    return [
        Fact("reference", "Model", network.reference, built.name),
        Fact("layers", "Layers", totals.layers, grouped(totals.layers)),
        Fact("params", "Params", totals.params, f"{grouped(totals.params)} ({split})"),
        Fact("input_shape", "Input", first, shape(first)),
        Fact("output_shape", "Output", outputs[0], ", ".join(map(shape, outputs))),
        Fact("dtype", "Dtype", built.dtype, built.dtype),
        Fact("agreement", "Agreement", True, _agreement(built)),
        Fact("weights", "Weights", str(built.loaded.path) if built.loaded else "", _weights(built, clone)),
        *(_verification(clone) if clone else []),
        *_run_facts(built),
        Fact("build_seconds", "Build", round(built.seconds["build"], 3), _times(built.seconds)),
        *_file_facts(built),
    ]


def _agreement(built: Build) -> str:
    weights = sum(len(node.weights) for node in built.graph.nodes)
    house = f"Keras {built.versions['keras']} on TensorFlow {built.versions['tensorflow']}"
    return f"all {len(built.graph.nodes)} layers and {weights} weights are as in {house}"


def _weights(built: Build, clone: Clone | None) -> str:
    if clone and clone.tensors is not None:
        return f"the file's: {grouped(clone.tensors)} tensors"
    if built.loaded:
        notes = "".join(f"; {note}" for note in built.loaded.notes)
        return f"{built.loaded.path}, {built.loaded.layers} layers{notes}"
    return "random" if built.seed is None else f"random, seed {built.seed}"


def _verification(clone: Clone) -> list[Fact]:
    """How far the model's outputs are from those of the file's own runtime, on which examples."""
    label, found = "Verified", clone.comparison
    if found is None:
        return [
            Fact(
                "verified", label, None, "no: nothing to compare it with" if clone.tensors is None else "not asked for"
            )
        ]
    told = f"no: {'; '.join(clone.problems)}"
    if clone.verified:
        told = (
            f"as {clone.runtime} runs the file: outputs {found.max_relative_difference:.1e} apart "
            f"(at most {clone.limit:g}) on {found.pictures} examples"
        )
    return [Fact("verified", label, clone.verified, told)]


def _run_facts(built: Build) -> list[Fact]:
    if not built.smoke:
        return []
    run = built.smoke
    seconds = built.seconds["run"]
    text = f"{shape(run.input_shape)} to {shape(run.output_shape)} in {seconds:.2f} s, all finite"
    return [Fact("run_seconds", "Run", round(seconds, 3), f"{text}, {run.smallest:.3g} to {run.largest:.3g}")]


def _times(seconds: dict[str, float]) -> str:
    others = [
        f"{name} {seconds[name]:.2f} s" for name in ("import", "weights", "save", "verification") if name in seconds
    ]
    return f"{seconds['build']:.2f} s ({', '.join(others)})"


def _file_facts(built: Build) -> list[Fact]:
    if not built.saved:
        return []
    saved = built.saved
    return [
        Fact("file", "File", str(saved.path), str(saved.path)),
        Fact("size", "Size", saved.size, f"{scaled(saved.size, 'B')} ({grouped(saved.size)} bytes)"),
        Fact("sha256", "SHA-256", saved.sha256, saved.sha256),
    ]


def _said(value: Any) -> str:
    """A shape, a weight, a name or a number of either side; - where it has none."""
    if value is None:
        return "-"
    if hasattr(value, "trainable"):
        return f"{value.name} {shape(value.shape)}" + ("" if value.trainable else " (not trained)")
    if isinstance(value, int):
        return grouped(value)
    return shape(value) if isinstance(value, Sequence) and not isinstance(value, str) else str(value)


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
