"""A measurement as its parent process leads it: rounds, in each of which every model runs in a process of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from math import ceil
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN, is_known
from cnncli.analysis.metrics import Totals
from cnncli.child.parent import run
from cnncli.graph import Node, Shape
from cnncli.measure.intervals import LEAST, Interval, Ratio, median_interval, paired_ratio, quantile
from cnncli.measure.matching import layers_of
from cnncli.measure.messages import Job, Run, TimedOperation
from cnncli.network import Network, of_file

ROUNDS = 20
"""Of which the 6th to the 15th ratio are an interval of 96%; each costs every model 0.25 s for its process."""
SECONDS = 2.0
"""That each model runs for, all rounds together, unless asked otherwise."""

Hear = Callable[[float, str], None]
"""Hears which share of all is done, and what begins now."""


@dataclass(frozen=True)
class Model:
    """A file to be run, and the network that it holds; `kind` is what it was exported as, None for a person's file."""

    network: Network
    kind: str | None
    path: Path
    bytes: int
    sha256: str

    @property
    def called(self) -> str:
        """What names it among others."""
        return self.network.reference if self.kind is None else f"{self.network.reference} {self.kind}"

    @property
    def open_sizes(self) -> bool:
        """Whether nobody has said how large an input is; what is unknown of it is taken as 1."""
        return any(size is UNKNOWN for shape in self.shapes for size in shape)

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Of the inputs, with the batch."""
        reading = self.network.origin.reading
        batch = reading.settings.batch if reading else None
        return tuple((batch or 1, *node.shape) for node in self.network.graph.inputs)


@dataclass(frozen=True)
class Schedule:
    """How long each model is run: so many `runs`, or so many `seconds`, over all rounds together.

    `per_operation` is whether it is run as long once more, under the runtime's profiler.
    """

    threads: int = 1
    runs: int | None = None
    seconds: float = SECONDS
    per_operation: bool = False
    seed: int = 0

    @property
    def rounds(self) -> int:
        return ROUNDS if self.runs is None else min(ROUNDS, self.runs)

    def job(self, model: Model) -> Job:
        """For one round."""
        runs = None if self.runs is None else ceil(self.runs / self.rounds)
        return Job(
            path=model.path,
            called=model.called,
            threads=self.threads,
            runs=runs,
            seconds=self.seconds / self.rounds,
            shapes=model.shapes,
            input_range=model.network.input_range,
            seed=self.seed,
        )

    def done(self, measured: Sequence[Measured]) -> float:
        """Which share of a measurement is done, after a whole round: 1 where it may end.

        Slow models, of which one run takes longer than a round should, have fewer rounds.
        """
        rounds = min(len(each.rounds) for each in measured)
        by_rounds = rounds / self.rounds
        if self.runs is not None:
            return by_rounds
        by_time = min(min(each.seconds for each in measured) / self.seconds, rounds / LEAST)
        return min(1.0, max(by_rounds, by_time))


class Profile(NamedTuple):
    """The operations as the runtime ran them, and each one's layer in the file, where that is known."""

    operations: Sequence[TimedOperation]
    layers: Sequence[Node | None]


@dataclass
class Measured:
    """A model with what came of it in each round."""

    model: Model
    rounds: list[Run] = field(default_factory=list)
    profile: Profile | None = None
    """Where it was asked for."""

    @cached_property
    def times(self) -> list[float]:
        """Seconds of all runs. To be asked when all is measured, as is what follows."""
        return [nanoseconds / 1e9 for each in self.rounds for nanoseconds in each.nanoseconds]

    @property
    def seconds(self) -> float:
        return sum(sum(each.nanoseconds) for each in self.rounds) / 1e9

    @property
    def waiting(self) -> float:
        """The share of its runs' time in which nothing of the model was computed: others had the processors."""
        return max(0.0, 1 - sum(each.processor_seconds for each in self.rounds) / self.seconds)

    @property
    def round_times(self) -> list[float]:
        """Of each round the median run's seconds."""
        return [median(each.nanoseconds) / 1e9 for each in self.rounds]

    @property
    def median(self) -> float:
        return median(self.times)

    @property
    def interval(self) -> Interval | None:
        """Of the median round."""
        return median_interval(self.round_times)

    def quantile(self, share: float) -> float:
        return quantile(self.times, share)

    @property
    def batch(self) -> int:
        """Examples in a run, as the runtime has it: the first size, where there is one more than in the graph."""
        shapes, inputs = self.rounds[0].inputs, self.model.network.graph.inputs
        whole = bool(shapes and inputs and len(shapes[0]) == len(inputs[0].shape) + 1)
        return shapes[0][0] if whole else 1

    @cached_property
    def macs(self) -> Any:
        """Of a run, as far as they are known."""
        return Totals(self.model.network.graph)["macs"] * self.batch

    @property
    def macs_per_second(self) -> Any:
        """UNKNOWN where some layer's are not known: no machine is told to be slower than it is."""
        return self.macs / self.median if is_known(self.macs) else UNKNOWN

    @property
    def load_seconds(self) -> float:
        """The median round's, for opening the file and laying it out."""
        return median(each.load_seconds for each in self.rounds)

    @property
    def memory_bytes(self) -> int | None:
        """The most that a process held beyond Python and the runtime: the file, packed weights, tensors."""
        taken = [
            each.peak_memory_bytes - each.base_memory_bytes
            for each in self.rounds
            if each.peak_memory_bytes is not None and each.base_memory_bytes is not None
        ]
        return max(taken, default=None)

    @property
    def peak_memory_bytes(self) -> int | None:
        """The most that a process held, Python and the runtime included."""
        return max((each.peak_memory_bytes for each in self.rounds if each.peak_memory_bytes is not None), default=None)


@dataclass(frozen=True)
class Measurement:
    """What came of it; of an interrupted one every model has the rounds that all have."""

    schedule: Schedule
    models: tuple[Measured, ...]
    interrupted: bool = False

    @property
    def rounds(self) -> int:
        return len(self.models[0].rounds)

    def ratio(self, place: int) -> Ratio | None:
        """How long a model takes for the time of the first; None of the first itself."""
        if place == 0:
            return None
        return paired_ratio(self.models[place].round_times, self.models[0].round_times)


def measure(models: Sequence[Model], schedule: Schedule, hear: Hear) -> Measurement:
    """Run the models round by round. Raises as child.parent.run where one cannot be run.

    An interruption ends it with the rounds that are done; where there is none it is raised again.
    """
    measured = tuple(Measured(model) for model in models)
    lot = random.Random(schedule.seed)
    try:
        done = 0.0
        for each in measured if schedule.per_operation else ():  # first: it may be refused
            hear(done, f"{each.model.called}, operation by operation")
            each.profile = _profile(each.model, schedule)
        while done < 1:
            _round(measured, schedule, lot, partial(hear, done))
            done = schedule.done(measured)
    except KeyboardInterrupt:
        whole = min(len(each.rounds) for each in measured)
        if whole == 0:
            raise
        kept = tuple(Measured(each.model, each.rounds[:whole], each.profile) for each in measured)
        return Measurement(schedule, kept, interrupted=True)
    return Measurement(schedule, measured)


def _round(measured: Sequence[Measured], schedule: Schedule, lot: random.Random, hear: Callable[[str], None]) -> None:
    """Every model once, in an order by lot."""
    for each in lot.sample(measured, len(measured)):
        hear(each.model.called)
        answer = run("cnncli.measure.worker", schedule.job(each.model), each.model.called, lambda _: None)
        each.rounds.append(Run.of(answer))


def _profile(model: Model, schedule: Schedule) -> Profile:
    job = replace(schedule.job(model), runs=schedule.runs, seconds=schedule.seconds)
    answer = run("cnncli.measure.profiler", job, model.called, lambda _: None)
    operations = [TimedOperation(**each) for each in answer]
    graph = model.network.graph if model.kind is None else of_file(model.path, {}).graph
    return Profile(operations, layers_of(operations, graph))
