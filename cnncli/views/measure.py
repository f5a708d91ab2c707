"""The report of `measure`: how long a run takes on this machine, and what the noise lets be said of differences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncli import __version__
from cnncli.amounts import is_known
from cnncli.document.document import Document, Listing, Paragraphs, Section
from cnncli.document.document import Line as ListedLine
from cnncli.document.numbers import scaled, shape, share
from cnncli.document.table import GAP, Column, Table, natural_width
from cnncli.measure.intervals import CONFIDENCE, LEAST
from cnncli.measure.machine import RUNTIME
from cnncli.measure.messages import WARM_UP_SECONDS
from cnncli.views.data import model_data, versioned

if TYPE_CHECKING:
    from cnncli.graph import Node
    from cnncli.measure.intervals import Interval, Ratio
    from cnncli.measure.machine import Machine
    from cnncli.measure.measuring import Measured, Measurement, Profile, Schedule
    from cnncli.measure.messages import TimedOperation

LOW, HIGH = 0.1, 0.9
NAME = 12
"""Characters that a model's name has at least in a table; where there are fewer, figures stand in lists."""
ROUNDS = (
    "Every model runs in each round, in an order drawn by lot and in a process of its own, after a warm-up of "
    f"{WARM_UP_SECONDS:g} s; a round's figure is its median run."
)
RATIOS = (
    f"The ratio is the median of the rounds' paired ratios; its {CONFIDENCE:.0%} interval lies between two of them, "
    "the k-th from either end by the binomial distribution, whatever the noise is like. No difference is seen where it "
    "contains 1."
)
RESOLUTION = 1e-6
"""What the profiler tells is cut off to whole microseconds."""
BUSY = 0.05
"""A share of waiting above which a machine has too much else to do for a measurement."""
SURE_SECONDS = 10 * RESOLUTION
"""Below, a rate would be wrong by more than a tenth."""


class Row(NamedTuple):
    """A model with its ratio to the first, which has none."""

    measured: Measured
    ratio: Ratio | None


def milliseconds(seconds: float) -> str:
    """0.0123456 as `12.35`, with three digits or more."""
    number = seconds * 1e3
    return f"{number:.3g}" if number < 1 else f"{number:,.{1 if number >= 100 else 2 if number >= 10 else 3}f}"


def _rate(rate: Any) -> str:
    return scaled(rate)


def _rate_or_nothing(rate: Any) -> str:
    return "" if rate is None else scaled(rate)


def _bytes(size: int | None) -> str:
    return "-" if size is None else scaled(size, "B")


def _ratio(number: float) -> str:
    """Three decimals, or three digits where there would be fewer."""
    return f"{number:.3f}" if number >= 0.1 else f"{number:.3g}"


def _between(interval: Interval) -> str:
    return f"{_ratio(interval.low)} to {_ratio(interval.high)}"


def _against(ratio: Ratio | None) -> str:
    if ratio is None:
        return ""
    if ratio.interval is None:
        return f"x{_ratio(ratio.median)}, too few rounds"
    return f"x{_ratio(ratio.median)}" if ratio.differs else "no difference seen"


KIND = Column("kind", "Kind", lambda row: row.measured.model.kind or "file")
"""For people only where not all are files."""
COLUMNS = (
    Column("model", "Model", lambda row: row.measured.model.network.reference),
    KIND,
    Column("median_seconds", "Median ms", lambda row: row.measured.median, True, milliseconds),
    Column("p10_seconds", "p10", lambda row: row.measured.quantile(LOW), True, milliseconds),
    Column("p90_seconds", "p90", lambda row: row.measured.quantile(HIGH), True, milliseconds),
    Column("macs_per_second", "MACs/s", lambda row: row.measured.macs_per_second, True, _rate),
    Column("memory_bytes", "Memory", lambda row: row.measured.memory_bytes, True, _bytes),
)
AGAINST = Column("ratio", "To the first", lambda row: row.ratio, text=_against)


def _of_ratio(figure: Any) -> Any:
    return lambda row: None if row.ratio is None else figure(row.ratio)


FOR_PROGRAMS = (
    Column("ratio", "Ratio", _of_ratio(lambda ratio: ratio.median)),
    Column("ratio_low", "Low", _of_ratio(lambda ratio: ratio.interval and ratio.interval.low)),
    Column("ratio_high", "High", _of_ratio(lambda ratio: ratio.interval and ratio.interval.high)),
    Column("differs", "Differs", _of_ratio(lambda ratio: ratio.differs)),
    Column("runs", "Runs", lambda row: len(row.measured.times)),
    Column("rounds", "Rounds", lambda row: len(row.measured.rounds)),
)


def measurement_document(found: Measurement, machine: Machine) -> Document:
    """A row a model; what the noise lets be said of them, and how all of it was measured, below."""
    rows = [Row(each, found.ratio(place)) for place, each in enumerate(found.models)]
    kinds = any(each.model.kind for each in found.models)
    shown = [each for each in COLUMNS if kinds or each is not KIND] + ([AGAINST] if len(rows) > 1 else [])

    def sections(width: int) -> list[Section]:
        table = Table(shown, rows)
        fits = natural_width(Table([each for each in shown[1:] if each is not AGAINST], rows)) + GAP + NAME <= width
        figures: list[Section] = [table] if fits else [_listing(shown, row) for row in rows]
        below = Paragraphs([*verdicts(rows), *_notes(found, machine)])
        profiled = [operations_table(each.model.called, each.profile) for each in found.models if each.profile]
        return [*figures, below, *profiled]

    return Document(
        title=", ".join(each.model.called for each in found.models),
        sections=sections,
        data=lambda: versioned(measurement_data(found, machine)),
        sheet=lambda: Table((*COLUMNS, *FOR_PROGRAMS), rows),
    )


def verdicts(rows: list[Row]) -> Iterator[str]:
    """Of each model but the first how it stands to that one: ranked only where the noise separates the two."""
    for row in rows[1:]:
        ratio, name, first = row.ratio, row.measured.model.called, rows[0].measured.model.called
        assert ratio is not None  # which only the first has not
        if ratio.interval is None:
            rounds = len(row.measured.rounds)
            count = f"{rounds} round{'s' if rounds != 1 else ''}"
            yield f"{name} against {first}: of {count} nothing can be told; it takes {LEAST}."
        elif ratio.differs:
            told = (
                f"{_ratio(ratio.median)} times as long as"
                if ratio.median > 1
                else f"{_ratio(ratio.median)} of the time of"
            )
            yield f"{name} takes {told} {first} ({_between(ratio.interval)} with {CONFIDENCE:.0%})."
        else:
            yield (
                f"No difference seen between {name} and {first}: the ratio of their times may be anything from "
                f"{_between(ratio.interval)} ({CONFIDENCE:.0%})."
            )


class Timed(NamedTuple):
    """An operation with the layer that it is, where that is known, and its share of all operations' time."""

    operation: TimedOperation
    node: Node | None
    share: float

    @property
    def macs(self) -> Any:
        return None if self.node is None else self.node.macs

    @property
    def macs_per_second(self) -> float | None:
        seconds = self.operation.seconds
        return self.macs / seconds if self.node and seconds >= SURE_SECONDS and is_known(self.macs) else None


def timed(profile: Profile) -> list[Timed]:
    whole = sum(each.seconds for each in profile.operations)
    return [
        Timed(operation, node, operation.seconds / whole if whole else 0.0)
        for operation, node in zip(profile.operations, profile.layers, strict=True)
    ]


def _microseconds(seconds: float) -> str:
    return "<1" if seconds < RESOLUTION else f"{seconds * 1e6:,.1f}"


OPERATIONS = (
    Column("operation", "Operation", lambda timed: timed.operation.name),
    Column("layer", "Layer", lambda timed: timed.node and timed.node.name),
    Column("seconds", "us", lambda timed: timed.operation.seconds, True, _microseconds),
    Column("share", "Share", lambda timed: timed.share, True, lambda part: share(part, 1)),
    Column("macs", "MACs", lambda timed: timed.macs, True, _rate_or_nothing),
    Column("macs_per_second", "MACs/s", lambda timed: timed.macs_per_second, True, _rate_or_nothing),
)


def operations_table(called: str, profile: Profile) -> Table:
    """A row an operation, in the order in which the runtime runs them, beside the costs of the layer that it is."""
    rows = timed(profile)
    whole = milliseconds(sum(each.seconds for each in profile.operations))
    notes = [
        f"By LiteRT's own profiler, {whole} ms in all: each time cut off to whole microseconds, then the mean of the "
        "middle half of the runs."
    ]
    if not any(row.node for row in rows):
        notes.append("Which layers they are cannot be told: the runtime has changed them.")
    return Table(OPERATIONS, rows, title=called, notes=notes)


def operation_data(timed: Timed) -> dict[str, Any]:
    return {
        "name": timed.operation.name,
        "layer": timed.node and timed.node.name,
        "seconds": timed.operation.seconds,
        "share": timed.share,
        "macs": timed.macs,
    }


def _listing(columns: Sequence[Column], row: Row) -> Listing:
    """A model's figures below its name, where a terminal is too narrow for a table."""
    lines = [ListedLine("", f"{column.header}  {column.cell(row)}") for column in columns[1:] if column.cell(row)]
    return Listing(columns[0].cell(row), lines)


def _notes(found: Measurement, machine: Machine) -> Iterator[str]:
    runs = sum(len(each.times) for each in found.models)
    asked = f", interrupted: {found.rounds} of at most {found.schedule.rounds} rounds" if found.interrupted else ""
    yield f"Runs: {runs:,} timed in {found.rounds} round{'s' if found.rounds > 1 else ''}{asked}."
    threads = found.schedule.threads
    yield f"Runtime: {runtime(found, machine)}, {threads} thread{'s' if threads > 1 else ''}."
    yield f"Machine: {machine.processor}, {machine.usable} of {machine.cpus} CPUs, {machine.system}."
    waiting = max(each.waiting for each in found.models)
    if waiting > BUSY:
        yield (
            f"The machine is busy: runs waited for a processor for up to {waiting:.0%} of their time, which is in "
            "these figures and makes long runs longer than short ones; measure again when it is idle."
        )
    for each in found.models:
        if each.model.open_sizes:
            inputs = ", ".join(map(shape, each.rounds[0].inputs))
            yield f"Inputs of {each.model.called}: {inputs}, open sizes taken as 1."
    if any(each.model.kind for each in found.models):
        yield "Weights: fresh ones; they do not change how long a run takes."
    yield "Memory: the most that the process held beyond Python and the runtime."
    yield f"Method: {_method(found)}"


def _method(found: Measurement) -> str:
    """In words, as far as it applies: one model alone has no ratio."""
    return ROUNDS if len(found.models) == 1 else f"{ROUNDS} {RATIOS}"


def runtime(found: Measurement, machine: Machine) -> str:
    """Which one ran, with the delegate that it takes by itself."""
    delegated = [each.delegated for one in found.models for each in one.rounds]
    return f"{RUNTIME} {machine.runtime or '?'}{' with XNNPACK, its default' if any(delegated) else ''}"


def measurement_data(found: Measurement, machine: Machine) -> dict[str, Any]:
    """The report as JSON has it: every figure, and of each round the median run, of which ratios are made."""
    return {
        "machine": {**machine._asdict(), "cnncli": __version__},
        "runtime": {"name": RUNTIME, "version": machine.runtime, "threads": found.schedule.threads},
        "method": {
            "says": _method(found),
            "confidence": CONFIDENCE,
            **schedule_data(found.schedule),
            "rounds": found.rounds,
        },
        "interrupted": found.interrupted,
        "models": [model_figures(each, found.ratio(place)) for place, each in enumerate(found.models)],
    }


def schedule_data(schedule: Schedule) -> dict[str, Any]:
    """What was asked for; of runs and seconds the one that was."""
    seconds = None if schedule.runs is not None else schedule.seconds
    return {"runs": schedule.runs, "seconds": seconds, "warm_up_seconds": WARM_UP_SECONDS, "seed": schedule.seed}


def model_figures(found: Measured, ratio: Ratio | None) -> dict[str, Any]:
    """A model's figures; times are seconds a run."""
    return {
        "model": model_data(found.model.network),
        "kind": found.model.kind,
        "file": {"bytes": found.model.bytes, "sha256": found.model.sha256},
        "inputs": found.rounds[0].inputs,
        "batch": found.batch,
        "delegate": _delegate(found),
        "runs": len(found.times),
        "median_seconds": found.median,
        "p10_seconds": found.quantile(LOW),
        "p90_seconds": found.quantile(HIGH),
        "median_round_interval": found.interval,
        "macs": found.macs,
        "macs_per_second": found.macs_per_second,
        "memory_bytes": found.memory_bytes,
        "peak_memory_bytes": found.peak_memory_bytes,
        "load_seconds": found.load_seconds,
        "waiting_share": found.waiting,
        "rounds": [
            {"runs": len(each.nanoseconds), "median_seconds": seconds}
            for each, seconds in zip(found.rounds, found.round_times, strict=True)
        ],
        "profiler_resolution_seconds": RESOLUTION,
        "operations": [operation_data(each) for each in timed(found.profile)] if found.profile else None,
        "ratio": ratio and {"median": ratio.median, "interval": ratio.interval, "differs": ratio.differs},
    }


def _delegate(found: Measured) -> str | None:
    """None where the runtime took none, or does not tell."""
    return "XNNPACK" if found.rounds[0].delegated else None
