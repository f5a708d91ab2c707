"""An export as its parent process sees it: targets checked, children that write and verify, files put in place."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.child import Tell, peak_memory, run
from cnncli.errors import MachineError, UsageError
from cnncli.export.kinds import Kind
from cnncli.files import check_target, replacing, size_and_hash
from cnncli.graph import Graph
from cnncli.keras_model.weights import check_weights_file
from cnncli.models.reference import Model


class Target(NamedTuple):
    kind: Kind
    path: Path


@dataclass(frozen=True)
class Request:
    """What is asked for. `batch` None: 1 in TFLite files, free in SavedModels; `weights` None: fresh ones."""

    model: Model
    targets: Sequence[Target]
    batch: int | None = None
    weights: Path | None = None
    seed: int | None = None
    representative_data: Path | None = None
    verify: bool = True
    keep_unverified: bool = False
    force: bool = False

    def batch_of(self, kind: Kind) -> int | None:
        """Pictures in a batch of a file of this kind; None where it takes any number."""
        return self.batch or (1 if kind.format == "tflite" else None)


@dataclass
class Written:
    """What became of a target. `problems` say why it is not in place, or why it is in place unverified."""

    kind: Kind
    path: Path
    weight_bytes: int
    overhead_bytes: int
    facts: dict[str, Any]
    size: int | None = None
    sha256: str | None = None
    verified: bool | None = None
    """None where it was not asked for."""
    problems: list[str] = field(default_factory=list)
    in_place: bool = False

    @property
    def predicted_bytes(self) -> int:
        return self.weight_bytes + self.overhead_bytes


@dataclass(frozen=True)
class Export:
    """What came of a request."""

    request: Request
    graph: Graph
    output_name: str
    facts: dict[str, Any]
    files: tuple[Written, ...]
    seconds: float
    peak_memory_bytes: int
    """Of the child that held most."""

    @property
    def warnings(self) -> list[str]:
        """Of the network's builder, and of what was loaded."""
        return [*self.graph.warnings, *self.facts["notes"]]

    @property
    def problems(self) -> list[str]:
        return [f"{file.path}: {problem}" for file in self.files for problem in file.problems]


def output_name(model: Model) -> str:
    """What the network gives: probabilities; logits where they have no activation; features without a classifier."""
    if not model.options.get("include_top", True):
        return "features"
    return "probabilities" if model.options.get("classifier_activation", "softmax") else "logits"


def export(request: Request, tell: Tell) -> Export:
    """Write, verify and put in place the targets. A file that does not verify is left out unless `keep_unverified`.

    Raises UsageError and MachineError before anything slow where a target is in the way or cannot be written, and as
    child.run where a child fails.
    """
    started = time.perf_counter()
    for target in request.targets:
        check(target, force=request.force)
        if target.kind.format == "keras" and request.batch:
            raise UsageError(f"--batch {request.batch}: a .keras file takes any number of pictures")
    if request.weights is not None:
        check_weights_file(request.weights)
    graph = request.model.graph()
    name = output_name(request.model)
    with _workshop(request.targets[0].path) as workshop:
        drafts = [Target(kind, workshop / (kind.name + kind.suffix)) for kind, _ in request.targets]
        samples = workshop / "samples.npz" if request.verify else None
        job = _job(request, drafts, samples, name)
        answer = run("cnncli.export.worker", job, "the export", tell)
        files = []
        for target, draft, facts in zip(request.targets, drafts, answer.pop("files"), strict=True):
            file = _written(target, graph, facts)
            if "error" not in facts:
                _prove(file, graph, draft.path, samples, name, tell)
                _put_in_place(file, draft.path, request)
            files.append(file)
    seconds = time.perf_counter() - started
    return Export(request, graph, name, answer, tuple(files), seconds, peak_memory(of_children=True))


def check(target: Target, *, force: bool) -> None:
    """Raise where the target could not be put in place in the end; a directory gives way only to its like."""
    kind, path = target
    directory = kind.format == "saved_model"
    if directory and force and path.is_dir() and any(path.iterdir()) and not (path / "saved_model.pb").is_file():
        raise UsageError(f"{path} is a directory that is no SavedModel; it is not replaced, even with --force")
    if not directory and not path.parent.exists() and path.parent.parent.is_dir():
        check_target(path.parent, force=force, directory=True)  # it is made when the first file is put into it
    else:
        check_target(path, force=force, directory=directory)


@contextmanager
def _workshop(path: Path) -> Iterator[Path]:
    """A directory for drafts, on the file system of `path`; it vanishes at the end."""
    parent = path.absolute().parent
    place = parent if parent.is_dir() else parent.parent
    try:
        workshop = Path(tempfile.mkdtemp(prefix=".cnncli-export.", dir=place))
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror or error}") from None
    try:
        yield workshop
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _job(request: Request, drafts: Sequence[Target], samples: Path | None, output_name: str) -> dict[str, Any]:
    def text(path: Path | None) -> str | None:
        return None if path is None else str(path)

    return {
        "reference": request.model.reference,
        "batch": request.batch,
        "weights": text(request.weights),
        "seed": request.seed,
        "representative_data": text(request.representative_data),
        "output_name": output_name,
        "samples": text(samples),
        "files": [
            (draft.kind.name, str(draft.path), str(target.path))
            for draft, target in zip(drafts, request.targets, strict=True)
        ],
    }


def _written(target: Target, graph: Graph, facts: dict[str, Any]) -> Written:
    kind, path = target
    problems = [facts["error"]] if "error" in facts else []
    return Written(kind, path, kind.weight_bytes(graph), kind.overhead_bytes(graph), facts, problems=problems)


def _prove(file: Written, graph: Graph, draft: Path, samples: Path | None, output_name: str, tell: Tell) -> None:
    """Measure the draft and, with samples, verify it."""
    file.size, file.sha256 = size_and_hash(draft)
    if samples is None:
        return
    job = {"kind": file.kind.name, "path": str(draft), "samples": str(samples)}
    found = run("cnncli.export.verification", job, "the verification", tell)
    del found["peak_memory_bytes"]
    file.facts.update(found)
    file.problems.extend(shortcomings(file.kind, file.facts, file.kind.kernel_bytes(graph), output_name))
    file.verified = not file.problems


def shortcomings(kind: Kind, facts: dict[str, Any], kernel_bytes: int, output_name: str) -> list[str]:
    """What is wrong with a file, by what the verification found; nothing where it is right."""
    found = list(_differences(kind, facts["comparison"]))
    if kind.format == "tflite":
        foreign = [name for name in facts["ops"] if name.startswith(("CUSTOM", "Flex"))]
        if foreign:
            found.append(f"it needs operations that the runtime lacks: {', '.join(foreign)}")
        if facts["buffer_bytes"] < kernel_bytes:
            found.append(f"its buffers hold {facts['buffer_bytes']:,} bytes, the kernels alone are {kernel_bytes:,}")
        signature = facts["signature"] or {}
        if signature.get("outputs") != [output_name]:
            found.append(f"its signature does not give {output_name}")
    return found


def _differences(kind: Kind, comparison: dict[str, Any]) -> Iterator[str]:
    what, relative, cosine = (comparison[key] for key in ("compared", "max_relative_difference", "cosine"))
    if comparison["blind"]:
        yield (
            "the check cannot see: the pictures hardly change the Keras model's outputs; "
            "take other pictures, trained weights, or none for calibrated ones, or --no-verify"
        )
    elif cosine is None:
        yield f"its {what} are not finite, or not of the Keras model's shape"
    elif not (relative <= kind.limits.relative_difference and cosine >= kind.limits.cosine):
        yield (
            f"its {what} are not the Keras model's: relative difference {relative:.2g} "
            f"(at most {kind.limits.relative_difference:g}), cosine {cosine:.4f} (at least {kind.limits.cosine:g})"
        )


def _put_in_place(file: Written, draft: Path, request: Request) -> None:
    if file.problems and not request.keep_unverified:
        return
    if not file.path.parent.exists():
        file.path.parent.mkdir()
    with replacing(file.path, force=request.force, directory=draft.is_dir()) as final:
        os.replace(draft, final)  # noqa: PTH105
    file.in_place = True
