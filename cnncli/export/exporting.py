"""An export as its parent process sees it: targets checked, children that write and verify, files put in place."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.child import Tell, peak_memory
from cnncli.child.parent import run
from cnncli.errors import CheckFailed, UsageError
from cnncli.export import children
from cnncli.export.format import CHANNELS_LAST, Format, Kind, Limits
from cnncli.export.judging import differences, flaws, loss
from cnncli.export.messages import OF_CLASSES, Answer, Comparison, Draft, FileAnswer, Job, Trial, VerificationJob
from cnncli.export.pictures import Range
from cnncli.export.placing import check_beside, put_in_place
from cnncli.files import check_target, size_and_hash, workshop
from cnncli.graph import Graph
from cnncli.keras_model.weight_files import refuse_at_sight


class Target(NamedTuple):
    format: Format
    kind: Kind
    path: Path


@dataclass(frozen=True)
class Request:
    """What is asked for. `batch` None: as each format has it; ANY_BATCH: any; `weights` None: fresh ones."""

    graph: Graph
    reference: str
    input_range: Range
    """What black and white are in the network's input."""
    output_name: str
    targets: Sequence[Target]
    batch: int | None = None
    weights: Path | None = None
    seed: int | None = None
    representative_data: Path | None = None
    layout: str = CHANNELS_LAST
    verify: bool | None = None
    """Whether to compare with the Keras model; None: where there is TensorFlow, else to see that the file runs."""
    keep_unverified: bool = False
    accept_loss: bool = False
    force: bool = False

    @property
    def classifies(self) -> bool:
        """Whether an output is a figure a class."""
        return self.output_name in OF_CLASSES

    def batch_of(self, format: Format) -> int | None:
        """Pictures in a batch of a file of this format; None where it takes any number."""
        return format.batch if self.batch is None else self.batch or None


class Beside(NamedTuple):
    """A file that stands beside another and belongs to it."""

    path: Path
    size: int
    sha256: str


@dataclass
class Written:
    """What became of a target. `problems` say why it is not in place, or why it is in place unverified."""

    format: Format
    kind: Kind
    path: Path
    weight_bytes: int
    """All weights at the kind's width."""
    predicted_bytes: Any
    answer: FileAnswer
    limits: Limits
    """Of its kind, as they hold for its weights."""
    size: int | None = None
    sha256: str | None = None
    beside: tuple[Beside, ...] = ()
    comparison: Comparison | None = None
    trial: Trial | None = None
    """What it gave, where there was no Keras model to compare it with."""
    verified: bool | None = None
    """None where it was not asked for, or where it was tried and found sound but not compared."""
    problems: list[str] = field(default_factory=list)
    loss: str | None = None
    """What quantization costs, where that is more than it may."""
    loss_accepted: bool = False
    in_place: bool = False

    @property
    def bytes(self) -> int | None:
        """Of the file and of what stands beside it."""
        return None if self.size is None else self.size + sum(each.size for each in self.beside)

    def drafts_beside(self, draft: Path) -> dict[Path, Path]:
        """What stands beside a draft of the file, and where it is to stand."""
        drafts, places = (self.format.beside(path, self.weight_bytes) for path in (draft, self.path))
        return dict(zip(drafts, places, strict=True))

    @property
    def shortfalls(self) -> list[str]:
        """Why it is not what was asked for: its problems, and a loss that was not accepted."""
        return self.problems + ([self.loss] if self.loss and not self.loss_accepted else [])


_DEAD = "the pictures hardly change its outputs, as where weights are fresh; are they trained ones?"


@dataclass(frozen=True)
class Export:
    """What came of a request."""

    request: Request
    answer: Answer
    files: tuple[Written, ...]
    seconds: float
    peak_memory_bytes: int | None
    """Of the child that held most; None where the system does not tell."""

    @property
    def notes(self) -> list[str]:
        """Of what was loaded, and of what a file gave that proves little."""
        return [
            *self.answer.notes,
            *(f"{file.path}: {_DEAD}" for file in self.files if file.trial and file.trial.blind),
        ]

    @property
    def warnings(self) -> list[str]:
        """Of the network's builder, and the notes."""
        return [*self.request.graph.warnings, *self.notes]

    @property
    def problems(self) -> list[str]:
        return [f"{file.path}: {why}" for file in self.files for why in file.shortfalls]


def export(request: Request, tell: Tell) -> Export:
    """Write, verify and put in place the targets. A file that does not verify is left out unless `keep_unverified`.

    Raises UsageError and MachineError before anything slow where a target is in the way or cannot be written, and as
    child.parent.run where a child fails.
    """
    started = time.perf_counter()
    outputs = request.graph.outputs
    if len(outputs) > 1:
        names = ", ".join(node.name for node in outputs)
        raise UsageError(
            f"{request.reference} has {len(outputs)} outputs ({names}) and cannot be exported: files have one; "
            "`cnncli build` saves all of them"
        )
    for target in request.targets:
        check(target, force=request.force)
        for place in target.format.beside(target.path, target.kind.weight_bytes(request.graph)):
            check_beside(target.path, place, force=request.force)
        if request.batch and not target.format.takes_batch:
            raise UsageError(f"--batch {request.batch}: a {target.format.suffix} file takes any number of pictures")
        if request.layout not in target.format.layouts:
            label = target.format.label
            raise UsageError(f"--layout {request.layout}: {target.path} is to be a {label}, whose channels are last")
    if request.weights is not None:
        refuse_at_sight(request.weights, request.graph.name)
    child = children.writer(request)
    with workshop(request.targets[0].path) as folder:
        drafts = [
            Draft(target.format.name, target.kind.name, draft_of(target, folder), target.path)
            for target in request.targets
        ]
        samples = None if request.verify is False else folder / "samples.npz"
        answer = Answer.of(run(child, _job(request, drafts, samples), "the export", tell, [folder]))
        files = []
        for target, draft, made in zip(request.targets, drafts, answer.files, strict=True):
            file = _written(target, request, made)
            if made.error is None:
                _prove(file, draft.path, samples, request, tell)
                _put_in_place(file, draft.path, request)
            files.append(file)
    seconds = time.perf_counter() - started
    return Export(request, answer, tuple(files), seconds, peak_memory(of_children=True))


def check(target: Target, *, force: bool) -> None:
    """Raise where the target could not be put in place in the end; a directory gives way only to its like."""
    path, directory = target.path, target.format.directory
    if directory and force and path.is_dir() and (foreign := target.format.foreign(path)):
        label = target.format.label
        raise UsageError(f"{path} holds {foreign}, which is of no {label}; it is not replaced, even with --force")
    if not directory and not path.parent.exists() and path.parent.parent.is_dir():
        check_target(path.parent, force=force, directory=True)  # it is made when the first file is put into it
    else:
        check_target(path, force=force, directory=directory)


def draft_of(target: Target, folder: Path) -> Path:
    """A file named as its target, for what stands beside it is found by name, in a folder of its own."""
    suffix, name = target.format.suffix, target.path.name
    own = folder / target.kind.name
    own.mkdir()
    return own / (name if suffix and name.lower().endswith(suffix) else f"{name or target.kind.name}{suffix}")


def _job(request: Request, drafts: Sequence[Draft], samples: Path | None) -> Job:
    return Job(
        graph=request.graph,
        reference=request.reference,
        input_range=request.input_range,
        output_name=request.output_name,
        batch=request.batch,
        weights=request.weights,
        seed=request.seed,
        representative_data=request.representative_data,
        samples=samples,
        drafts=drafts,
        layout=request.layout,
        measures_activations=any(target.kind.quantizes_activations for target in request.targets),
    )


def _written(target: Target, request: Request, answer: FileAnswer) -> Written:
    format, kind, path = target
    sizes = kind.weight_bytes(request.graph), kind.predicted_bytes(request.graph)
    limits = kind.limits.of(fresh=request.weights is None)
    problems = [] if answer.error is None else [answer.error]
    return Written(format, kind, path, *sizes, answer, limits, problems=problems)


def _prove(file: Written, draft: Path, samples: Path | None, request: Request, tell: Tell) -> None:
    """Measure the draft and, with samples, verify it."""
    file.size, file.sha256 = size_and_hash(draft)
    file.beside = tuple(Beside(place, *size_and_hash(each)) for each, place in file.drafts_beside(draft).items())
    if samples is None:
        return
    job = VerificationJob(file.format.name, file.kind.name, draft, samples, request.classifies)
    try:
        answer = run("cnncli.export.verification", job, "the verification", tell, [samples.parent])
    except CheckFailed as refusal:
        file.problems.append(str(refusal))
        file.verified = False
        return
    if "compared" in answer:
        file.comparison = Comparison(**answer)
        file.problems.extend(differences(file.kind, file.comparison))
    else:
        file.trial = Trial.of(answer)
        file.problems.extend(flaws(file.trial, request.graph.outputs[0].shape))
    kernel_bytes = file.kind.kernel_bytes(request.graph)
    file.problems.extend(file.format.shortcomings(file.answer.description, kernel_bytes, request.output_name))
    if file.comparison and not file.problems:
        file.loss = loss(file.kind, file.limits, file.comparison)
    file.loss_accepted = request.accept_loss and file.loss is not None
    sound = not file.problems and file.loss is None
    file.verified = None if file.trial and sound else sound


def _put_in_place(file: Written, draft: Path, request: Request) -> None:
    if file.shortfalls and not request.keep_unverified:
        return
    put_in_place(draft, file.path, file.drafts_beside(draft), force=request.force)
    file.in_place = True
