"""Searches of large spaces: where the space is read from, who works it out, and rows that go to a file as they come."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.options import option
from cnncli.document.numbers import grouped
from cnncli.errors import UsageError

if TYPE_CHECKING:
    from cnncli.cli.output import Report
    from cnncli.search.engines import Engine
    from cnncli.search.evaluation import Row
    from cnncli.search.searching import Asked
    from cnncli.search.space import Space

ROWS = (".jsonl", ".parquet")
"""Files of rows that no report is written to; .csv is either."""
MOST_PROCESSES = 1024
MOST_TOLD = 200_000
"""Candidates of a search that ends in a report, for which all that are found are held in memory."""
_PANEL = "Large spaces"


class Large(NamedTuple):
    """As they were typed."""

    space: Path | None
    workers: str | None
    scheduler: str | None

    def engine(self, asked: Asked, candidates: int) -> Engine:
        """Who works the candidates out. Raises UsageError for what is no number of processes."""
        from cnncli.search.work import engine_of

        count = args.whole_number("--workers", self.workers, most=MOST_PROCESSES)
        if count and self.scheduler is not None:
            raise UsageError("--workers are processes of this machine, and --scheduler has its own: leave one out")
        return engine_of(asked, candidates, count, self.scheduler)

    def streamed(self, report: Report, **ordered: str | None) -> Path | None:
        """The file that rows go to as they come, if one is asked for. Raises UsageError for what `ordered` holds by the
        option's name: it orders or marks rows, which is done when all are there.
        """
        output = report.output
        if output is None or output.suffix.lower() not in (*ROWS, *([".csv"] if self.space else [])):
            return None
        if report.format not in ("table", "csv"):
            raise UsageError(
                f"-f {report.format}: rows go to {output} as they come; leave it out, or name another file"
            )
        for name, given in ordered.items():
            if given is not None:
                raise UsageError(f"--{name} is for a report: rows go to {output} in the order of the space")
        return output


def large_options() -> list[inspect.Parameter]:
    space = typer.Option(
        help="Search the space that this TOML file describes: products of architectures and values, samples of them. "
        "With -o FILE.csv, .jsonl or .parquet rows go there as they come, in the order of the space, and the same "
        "command goes on where it was interrupted.",
        metavar="FILE.toml", autocompletion=complete.suffixes(".toml"), rich_help_panel=_PANEL, show_default=False,
    )  # fmt: skip
    workers = typer.Option(
        help="Work it out in N processes; as many as the machine runs at once, unless said.",
        metavar="N", rich_help_panel=_PANEL, show_default=False,
    )  # fmt: skip
    scheduler = typer.Option(
        help="Hand the work to the Dask cluster of this scheduler, such as tcp://10.0.0.1:8786.",
        metavar="ADDRESS", rich_help_panel=_PANEL, show_default=False,
    )  # fmt: skip
    return [
        option("space", Annotated[Path | None, space], None),
        option("workers", Annotated[str | None, workers], None),
        option("scheduler", Annotated[str | None, scheduler], None),
    ]


def worked_out(space: Space, asked: Asked, engine: Engine) -> Iterator[Sequence[Row]]:
    """The rows of all candidates, while a bar tells how many are done. Raises UsageError for more than are told."""
    from cnncli.search.work import parts

    if len(space) > MOST_TOLD:
        raise UsageError(
            f"{grouped(len(space))} candidates; of more than {grouped(MOST_TOLD)} the rows go to a file: "
            "-o FILE.csv with --space, .jsonl or .parquet"
        )
    done = 0
    with _counting(len(space)) as tell:
        for rows in parts(space, asked, engine):
            yield rows
            done += len(rows)
            tell(done)


def stream_rows(space: Space, asked: Asked, engine: Engine, target: Path, *, force: bool) -> None:
    """Write the rows of all candidates to a file; it ends with 1 where there are none."""
    from cnncli.render.progress import remark
    from cnncli.search.partial import beside
    from cnncli.search.streaming import stream
    from cnncli.views.streamed import conclusion, interruption

    try:
        with _counting(len(space)) as tell:
            tally = stream(space, asked, engine, target, force=force, tell=tell)
    except (KeyboardInterrupt, SystemExit):
        remark(interruption(beside(target)))
        raise
    remark(conclusion(tally, target, asked))
    if not tally.written:
        raise typer.Exit(1)


@contextmanager
def _counting(every: int) -> Iterator[Callable[[int], None]]:
    """A bar that is told how many candidates are done."""
    from cnncli.render.progress import progress_bar

    with progress_bar() as tell:
        yield lambda done: tell(done / every, f"{grouped(done)} of {grouped(every)} candidates")
