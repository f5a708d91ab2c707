"""The report of `export`: what was written, how large, how near to the Keras model. As JSON it is the manifest."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from cnncli import __version__
from cnncli.document.document import Document
from cnncli.document.numbers import scaled, shape
from cnncli.document.table import Column, Table, natural_width
from cnncli.export.format import FEWEST_CLEAR
from cnncli.graph import Shape
from cnncli.views.data import model_data, versioned
from cnncli.views.summary import title

if TYPE_CHECKING:
    from cnncli.export.exporting import Export, Written
    from cnncli.export.format import Limits, Tensor
    from cnncli.export.messages import Comparison
    from cnncli.network import Network

PACKAGES = ("tensorflow", "keras", "ai-edge-litert")


def _bytes(size: int | None) -> str:
    return "-" if size is None else scaled(size, "B")


def _small(number: float | None) -> str:
    return "-" if number is None else f"{number:.1e}"


def _five_decimals(number: float | None) -> str:
    return "-" if number is None else f"{number:.5f}"


def _verdict(file: Written) -> str | None:
    """What a person is told of the verification."""
    if file.loss:
        return "loss accepted" if file.loss_accepted else "differs: quantization"
    if file.verified is None:
        return "run" if file.trial else None
    return "yes" if file.verified else "NO"


def _share(number: float | None) -> str:
    return "-" if number is None else f"{number:.0%}"


def _limit(number: float | None) -> str:
    return "-" if number is None else f"{number:g}"


def _compared(figure: Callable[[Comparison], Any]) -> Callable[[Written], Any]:
    """A figure of the comparison, where there was one."""
    return lambda file: None if file.comparison is None else figure(file.comparison)


def _op_count(file: Written) -> int | None:
    description = file.answer.description
    return None if description is None else description.op_count


def _limit_of(figure: str) -> Callable[[Written], float | None]:
    """What a figure may be at most or at least, where there was a comparison."""
    return lambda file: None if file.comparison is None else getattr(file.limits, figure)


def _class_agreement(file: Written) -> float | None:
    """On which share of the pictures the class is the same: of the clear ones, where it is judged by them."""
    if file.comparison is None:
        return None
    return file.comparison.top1_agreement if file.limits.agreement is None else file.comparison.clear_agreement


KIND = Column("kind", "Kind", lambda file: file.kind.name)
SIZE = Column("bytes", "Size", lambda file: file.bytes, True, _bytes)
PREDICTED = Column("predicted_bytes", "Predicted", lambda file: file.predicted_bytes, True, _bytes)
OPS = Column("op_count", "Ops", _op_count, True, lambda count: "-" if count is None else f"{count:,}")
RELATIVE = (
    Column("max_relative_difference", "Relative", _compared(lambda found: found.max_relative_difference), True, _small),
    Column("max_relative_difference_limit", "Most", _limit_of("relative_difference"), True, _limit),
)
COSINE = (
    Column("cosine", "Cosine", _compared(lambda found: found.cosine), True, _five_decimals),
    Column("cosine_limit", "Least", _limit_of("cosine"), True, _limit),
)
CLASSES = (
    Column("class_agreement", "Class", _class_agreement, True, _share),
    Column("class_agreement_limit", "Least", _limit_of("agreement"), True, _share),
)
VERDICT = Column("verdict", "Verified", _verdict, text=lambda verdict: verdict or "-")
SECONDS = Column("seconds", "Seconds", lambda file: file.answer.seconds, True, lambda seconds: f"{seconds:.1f}")

COLUMNS = (KIND, SIZE, PREDICTED, OPS, *RELATIVE, *COSINE, *CLASSES, VERDICT, SECONDS)
GIVING_WAY = ({SECONDS}, {PREDICTED}, {OPS}, set(RELATIVE), set(COSINE), {SIZE})
"""Columns that a narrow terminal does without, these first: the notes have them too."""
FOR_PROGRAMS = (
    Column("path", "File", lambda file: str(file.path)),
    Column("verified", "Verified", lambda file: file.verified),
    Column("in_place", "In place", lambda file: file.in_place),
    Column("max_abs_difference", "Max diff", _compared(lambda found: found.max_abs_difference)),
    Column("top1_agreement", "Top-1", _compared(lambda found: found.top1_agreement)),
    Column("sha256", "SHA-256", lambda file: file.sha256),
)
"""What a sheet has besides; for people it stands in the notes."""


def export_document(export: Export, network: Network) -> Document:
    """A row a file; what all have in common, and what each has besides, in the notes."""
    return Document(
        title=network.reference,
        sections=lambda width: [_table(export, network, width)],
        data=lambda: versioned(manifest(export, network)),
        sheet=lambda: Table((*COLUMNS, *FOR_PROGRAMS), export.files),
    )


def _table(export: Export, network: Network, width: int) -> Table:
    """Of all columns that there is room for."""
    table = Table(COLUMNS, export.files, title=title(network), notes=tuple(_notes(export)))
    for less in GIVING_WAY:
        if natural_width(table) <= width:
            break
        table = replace(table, columns=[column for column in table.columns if column not in less])
    return table


def _notes(export: Export) -> Iterator[str]:
    """What holds for all files, then what is particular to one."""
    low, high = export.request.input_range
    first, last = _ends(export)
    yield f"Input    image, {shape(first)}, {low:g} to {high:g}"
    yield f"Output   {export.request.output_name}, {shape(last)}"
    yield f"Weights  {_weights(export)}"
    if any(file.kind.quantizes_activations for file in export.files):
        yield f"Ranges   of activations measured on {export.answer.representative_data}"
    memory = "" if export.peak_memory_bytes is None else f", at most {scaled(export.peak_memory_bytes, 'B')} of memory"
    yield f"Process  {export.seconds:.1f} s{memory}"
    for file in export.files:
        yield from _file_notes(file)


def _ends(export: Export) -> tuple[Shape, Shape]:
    """Shapes of the input and the output."""
    graph = export.request.graph
    return graph.inputs[0].shape, graph.outputs[0].shape


def _weights(export: Export) -> str:
    sha256 = f"SHA-256 {export.answer.weights_sha256[:16]}..."
    if export.request.weights:
        return f"{export.request.weights}, {sha256}"
    seed = "" if export.request.seed is None else f" of seed {export.request.seed}"
    live = f"calibrated on {export.answer.representative_data}" if export.answer.calibrated else "not calibrated"
    return f"fresh{seed}, {live}, {sha256}"


def _file_notes(file: Written) -> Iterator[str]:
    yield ""
    yield str(file.path)
    if file.sha256:
        yield f"  SHA-256 {file.sha256}"
    for other in file.beside:
        yield f"  {other.path}  {_bytes(other.size)} of it, SHA-256 {other.sha256}"
    predicted, seconds = _bytes(file.predicted_bytes), f"{file.answer.seconds:.1f} s"
    yield f"  {_bytes(file.bytes)}, predicted {predicted}, written in {seconds}"
    description = file.answer.description
    if description:
        yield "  ops  " + ", ".join(f"{count} {name}" for name, count in _by_count(description.ops))
        for tensor in (*description.inputs, *description.outputs):
            yield f"  {tensor.name}  {shape(tensor.shape)} {tensor.dtype}{_quantization(tensor)}"
    if file.trial:
        tried = f"checked, and run on {file.trial.pictures} pictures"
        yield f"  {tried}; not compared with Keras, for which TensorFlow is missing"
    if file.comparison:
        yield f"  compared  {_in_words(file.comparison, file.limits)}"
    for why in file.shortfalls:
        yield f"  {'kept though' if file.in_place else 'not written:'} {why}"
    if file.loss_accepted:
        yield f"  accepted though {file.loss}"


def _in_words(comparison: Comparison, limits: Limits) -> str:
    """How near it is to the Keras model, and how near it has to be."""
    words = [f"on {comparison.pictures} pictures"]
    if comparison.compared == "logits":
        words.append("before softmax")
    if comparison.top1_agreement is not None:
        words.append(f"the same class on {comparison.top1_agreement:.0%}")
    words += _of_the_clear(comparison, limits)
    if comparison.max_relative_difference is not None:
        relative = f"{comparison.max_relative_difference:.2g}"
        words.append(f"relative difference {relative} (at most {limits.relative_difference:g})")
    if comparison.cosine is not None:
        words.append(f"cosine {comparison.cosine:.5f} (at least {limits.cosine:g})")
    return ", ".join(words)


def _of_the_clear(comparison: Comparison, limits: Limits) -> Iterator[str]:
    """Of the pictures on which the Keras model is sure, where they count."""
    if limits.agreement is None or comparison.top1_agreement is None:
        return
    if comparison.clear_agreement is None:
        yield "of which none is clear"
        return
    few = f", too few to judge by: {FEWEST_CLEAR} are" if comparison.clear_pictures < FEWEST_CLEAR else ""
    share = f"on {comparison.clear_agreement:.0%} of {comparison.clear_pictures} clear ones"
    yield f"{share} (at least {limits.agreement:.0%}{few})"


def _by_count(ops: dict[str, int]) -> list[tuple[str, int]]:
    return sorted(ops.items(), key=lambda item: -item[1])


def _quantization(tensor: Tensor) -> str:
    return "" if tensor.scale is None else f", {tensor.scale:.4g} a step, zero at {tensor.zero_point}"


def manifest(export: Export, network: Network) -> dict[str, Any]:
    """The report as JSON has it; what was not asked for is null."""
    request, (first, last) = export.request, _ends(export)
    return {
        "model": model_data(network),
        "input": {"name": "image", "shape": first, "range": request.input_range},
        "output": {"name": request.output_name, "shape": last},
        "weights": {
            "source": str(request.weights) if request.weights else "fresh",
            "seed": request.seed,
            "calibrated": export.answer.calibrated,
            "sha256": export.answer.weights_sha256,
        },
        "representative_data": export.answer.representative_data,
        "versions": _versions(export),
        "files": [{**_file_data(file), "batch": request.batch_of(file.format)} for file in export.files],
        "seconds": round(export.seconds, 3),
        "peak_memory_bytes": export.peak_memory_bytes,
    }


def _versions(export: Export) -> dict[str, str | None]:
    """Of what has a say in every file, and of what those of these formats are written and run with."""
    own = [name for file in export.files for name in (*file.format.written_with, *file.format.run_with)]
    names = dict.fromkeys([*PACKAGES, *own])
    return {"cnncli": __version__, "python": platform.python_version(), **{name: _installed(name) for name in names}}


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _beside_data(file: Written) -> dict[str, Any]:
    """Of what stands beside a file, where there is such; its bytes are among the file's."""
    if not file.beside:
        return {}
    return {"beside": [{"path": str(path), "bytes": size, "sha256": sha256} for path, size, sha256 in file.beside]}


def _file_data(file: Written) -> dict[str, Any]:
    limits, answer = file.limits, file.answer
    comparison = file.comparison and {
        **file.comparison.data(),
        "limits": {
            "max_relative_difference": limits.relative_difference,
            "cosine": limits.cosine,
            "clear_agreement": limits.agreement,
        },
    }
    return {
        "kind": file.kind.name,
        "format": file.format.name,
        "path": str(file.path),
        "in_place": file.in_place,
        "bytes": file.bytes,
        "predicted_bytes": file.predicted_bytes,
        "predicted_weight_bytes": file.weight_bytes,
        "predicted_overhead_bytes": file.predicted_bytes - file.weight_bytes,
        "sha256": file.sha256,
        **_beside_data(file),
        "verified": file.verified,
        "verification": comparison,
        "run": file.trial and file.trial.data(),
        "problems": file.problems,
        "loss": file.loss,
        "loss_accepted": file.loss_accepted,
        **(answer.description.data() if answer.description else {}),
        "seconds": answer.seconds,
        "peak_memory_bytes": answer.peak_memory_bytes,
    }
