"""What the parent and its children say to each other: jobs are pickled, answers are plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnncli.cloning.plan import Plan
from cnncli.export.pictures import Range
from cnncli.readers.reading import ChannelsFirst


@dataclass(frozen=True)
class Job:
    """Of the child that builds: the plan, and where its weights come from.

    `format` is the key of the file's format; None where its weights are not taken from it as tensors, but `weights`
    are loaded, or fresh ones drawn. `samples` is where examples and the Keras model's outputs are to be put.
    """

    plan: Plan
    path: Path
    format: str | None
    weights: Path | None
    seed: int | None
    smoke: bool
    values: Range
    is_range_known: bool
    """Whether the file says what its input's values are."""
    draft: Path | None
    target: Path | None
    samples: Path | None


@dataclass(frozen=True)
class TrialJob:
    """Of the child that runs the file itself on the samples, and compares."""

    path: Path
    format: str
    samples: Path
    ends: ChannelsFirst
    batch: int
    scales: Sequence[float] = ()
    """Of each output, as comparing.scale_of; none: no output has one."""
