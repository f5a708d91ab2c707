"""What the parent and its children say to each other.

Jobs are pickled as they are; answers come back as JSON (see `child`), of which `of` makes them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cnncli.export.format import Description
from cnncli.export.pictures import Range
from cnncli.graph import Graph

OF_CLASSES = ("probabilities", "logits")
"""Names of outputs that hold a figure a class."""


@dataclass(frozen=True)
class Draft:
    """A file to be written, of a format and a kind by name; failures speak of the `target` that it is a draft of."""

    format: str
    kind: str
    path: Path
    target: Path


@dataclass(frozen=True)
class Job:
    """Of the child that writes: a network, and the files to make of it. `samples` None: nothing is to be verified."""

    graph: Graph
    reference: str
    input_range: Range
    output_name: str
    batch: int | None
    weights: Path | None
    seed: int | None
    representative_data: Path | None
    samples: Path | None
    drafts: Sequence[Draft]
    layout: str
    measures_activations: bool
    """Whether the numbers of a file depend on what the network computes."""

    @property
    def shows_pictures(self) -> bool:
        """Whether the network is run: to be verified, or for its activations to be measured."""
        return self.samples is not None or self.measures_activations

    @property
    def calibrates(self) -> bool:
        """Whether fresh weights are made live ones, which nothing needs but a network that is run."""
        return self.weights is None and self.shows_pictures


def metadata(job: Job) -> dict[str, str]:
    """What a file says of itself: what it is of, by whom, and how it is fed."""
    low, high = job.input_range
    (output,) = job.graph.outputs
    return {
        "reference": job.reference,
        "input_range": f"{low:.9g} to {high:.9g}",
        "layout": job.layout,
        "output": job.output_name,
        **({"classes": str(output.shape[-1])} if job.output_name in OF_CLASSES else {}),
    }


@dataclass(frozen=True)
class FileAnswer:
    """What became of a draft; `error` says why it could not be made."""

    seconds: float
    peak_memory_bytes: int | None
    error: str | None = None
    description: Description | None = None

    def data(self) -> dict[str, Any]:
        description = self.description and self.description.data()
        return {
            "seconds": self.seconds,
            "peak_memory_bytes": self.peak_memory_bytes,
            "error": self.error,
            "description": description,
        }

    @classmethod
    def of(cls, data: dict[str, Any]) -> FileAnswer:
        description = data["description"] and Description.of(data["description"])
        return cls(**{**data, "description": description})


@dataclass(frozen=True)
class Answer:
    """Of the child that writes; `notes` tell of the weights that were loaded."""

    weights_sha256: str
    calibrated: bool
    notes: tuple[str, ...]
    representative_data: str | None
    """What the network was shown; None where it was not run."""
    files: tuple[FileAnswer, ...]

    def data(self) -> dict[str, Any]:
        return {**vars(self), "files": [file.data() for file in self.files]}

    @classmethod
    def of(cls, data: dict[str, Any]) -> Answer:
        files = tuple(FileAnswer.of(file) for file in data["files"])
        return cls(**{**data, "notes": tuple(data["notes"]), "files": files})


@dataclass(frozen=True)
class VerificationJob:
    """Of the child that runs a file, of a format and a kind by name, on `samples`: an .npz of `inputs` and `expected`.

    Without `expected` it is only seen what the file gives. `classifies` says whether an output is a figure a class.
    """

    format: str
    kind: str
    path: Path
    samples: Path
    classifies: bool


@dataclass(frozen=True)
class Comparison:
    """How far a file's outputs are from the Keras model's: see verification.compare."""

    compared: str
    """`outputs`, or the `logits` that a final softmax reads."""
    max_abs_difference: float | None
    max_relative_difference: float | None
    cosine: float | None
    blind: bool
    top1_agreement: float | None = None
    """On which share of the pictures both find the same class; None where the network has none, or only one."""
    clear_agreement: float | None = None
    """The same of the pictures on which the Keras model is sure; None where there is none, too: see verification."""
    clear_pictures: int = 0
    pictures: int = 0

    def data(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Trial:
    """What a file gave for pictures, where there is no Keras model to compare it with."""

    pictures: int
    output_shape: tuple[int, ...]
    """Of one picture, with the channels last."""
    not_finite: int
    """How many of the numbers are NaN or infinite."""
    blind: bool
    """Whether the pictures change next to nothing in it."""

    def data(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, data: dict[str, Any]) -> Trial:
        return cls(**{**data, "output_shape": tuple(data["output_shape"])})
