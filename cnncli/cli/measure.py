"""`cnncli measure`: how long a run takes on this machine."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli.choice import Choice, measure_options
from cnncli.cli.options import adding, option
from cnncli.cli.output import Report, report_options
from cnncli.errors import UsageError
from cnncli.written import read_decimal

if TYPE_CHECKING:
    from cnncli.measure.measuring import Schedule

Threads = Annotated[
    str,
    typer.Option(help="Threads of the runtime; one unless given, as its own benchmark has it.", metavar="N"),
]
Runs = Annotated[
    str | None, typer.Option(help="Timed runs of each model, all rounds together.", metavar="N", show_default=False)
]
Seconds = Annotated[
    str | None,
    typer.Option(
        help="Instead of --runs: for how long each model runs, all rounds together; 2 unless given.",
        metavar="S",
        show_default=False,
    ),
]
PerOp = Annotated[
    bool,
    typer.Option("--per-op", help="Also how long each operation takes, by the runtime's own profiler."),
]
MOST_THREADS, LONGEST = 1024, 86_400


def _kind_options() -> list[inspect.Parameter]:
    from cnncli.measure.drafts import KINDS

    kind = typer.Option(
        "--kind",
        "-k",
        help=f"What an architecture is converted to: {', '.join(KINDS)}; several are measured against each other.",
        metavar="KIND",
        autocompletion=lambda: list(KINDS),
        show_default=False,
    )
    return [option("kind", Annotated[list[str] | None, kind], None)]


def _kinds(kind: Sequence[str] | None) -> Sequence[str]:
    return kind or ()


@measure_options
@report_options()
@adding("kinds", _kind_options, _kinds)
def measure(
    models: args.Runnables,
    *,
    kinds: Sequence[str],
    threads: Threads = "1",
    runs: Runs = None,
    seconds: Seconds = None,
    per_op: PerOp = False,
    report: Report,
    choice: Choice,
) -> None:
    """Measure how long networks take on this machine, by LiteRT as it is deployed, and whether they differ at all.

    A .tflite file is run as it is; an architecture is converted first, with fresh weights, which do not change how long
    a run takes. Inputs are random.

    Models run in up to 20 rounds: in each every one once, in an order drawn by lot, in a process of its own, after a
    warm-up. Each is held against the first by the median of the rounds' paired ratios, with its 95% interval between
    two of these ratios by the binomial distribution, which holds whatever the noise is like. Where the interval
    contains 1, no difference is seen, and nothing is ranked. ^C tells what was measured so far.

    Example: cnncli measure mobilenet_v2 mobilenet_v3_large --kind int8

    Example: cnncli measure before.tflite after.tflite --threads 4 --seconds 10 -o latency.json
    """
    from cnncli.measure.drafts import drafts, kinds_of, refuse_others
    from cnncli.measure.machine import machine
    from cnncli.measure.measuring import measure as measured
    from cnncli.render.progress import progress, progress_bar
    from cnncli.views.measure import measurement_document

    schedule, wanted = _schedule(threads, runs, seconds, per_op=per_op), kinds_of(kinds)
    _refuse_callables(models)
    networks = choice.networks(models)
    for network in networks:
        refuse_others(network)
    if kinds and all(network.model is None for network in networks):
        raise UsageError(f"--kind {kinds[0]}: {networks[0].reference} is a file, which is run as it is")
    report.check_target()
    with ExitStack() as files:
        with progress() as tell:
            found = files.enter_context(drafts(networks, wanted, tell))
        with progress_bar() as hear:
            measurement = measured(found, schedule, hear)
    report.deliver(measurement_document(measurement, machine()))
    if measurement.interrupted:
        raise KeyboardInterrupt


def _schedule(threads: str, runs: str | None, seconds: str | None, *, per_op: bool) -> Schedule:
    from cnncli.measure.measuring import SECONDS, Schedule

    if runs is not None and seconds is not None:
        raise UsageError(f"--runs {runs} and --seconds {seconds}: give one of them")
    wanted = SECONDS if seconds is None else read_decimal(seconds)
    if wanted is None or not 0 < wanted <= LONGEST:
        raise UsageError(f"--seconds {seconds}: expected a number above 0, at most {LONGEST:,}")
    counted = args.whole_number("--threads", threads, most=MOST_THREADS)
    return Schedule(counted or 1, args.whole_number("--runs", runs), wanted, per_op)


def _refuse_callables(references: Sequence[str]) -> None:
    """Before anything of theirs is run for nothing. Raises UsageError."""
    from cnncli.network import Source, source_of

    for reference in references:
        if source_of(reference) is Source.CALLABLE:
            raise UsageError(
                f"{reference} gives a Keras model; measure runs .tflite files: convert it and measure that"
            )
