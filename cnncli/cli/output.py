"""How a report is written and where it goes: the options, declared once, and the delivery."""

from __future__ import annotations

import inspect
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnncli.cli.options import Command, adding, option
from cnncli.document.prose import enumerated
from cnncli.errors import UsageError, suggestion
from cnncli.records import Record, record
from cnncli.render.formats import FORMATS, of_file, offered

if TYPE_CHECKING:
    from cnncli.document.document import Document

OUTPUT = typer.Option(
    "--output", "-o", help="Write to this file instead of the standard output.", metavar="FILE", show_default=False
)
PICTURES = (".pdf", ".png", ".svg")
UNDRAWN = (".bmp", ".eps", ".gif", ".jpeg", ".jpg", ".ps", ".tif", ".tiff", ".webp")
"""Pictures of other kinds: nobody means a table by such a name."""
FORCE = Annotated[bool, typer.Option("--force", help="Replace a file that exists.")]
FURTHER = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        help="Write the report to this file too, in the format that its suffix or FORMAT= says; may be repeated.",
        metavar="[FORMAT=]FILE",
        show_default=False,
    ),
]


@record
class Report(Record):
    """What was asked of a report: its format, and the file it goes to (`force`: one that exists too), if any.

    `further` are files that it is written to besides, each in a format; `asked` is whether a format or a file was asked
    for at all.
    """

    format: str
    output: Path | None = None
    force: bool = False
    further: Sequence[tuple[str, Path]] = ()
    asked: bool = False

    @property
    def on_terminal(self) -> bool:
        """Whether a person reads it as a table, the standard error beside it: what it concludes is not told again."""
        return self.on_screen and sys.stderr.isatty()

    @property
    def on_screen(self) -> bool:
        """Whether a person reads it as a table on a terminal."""
        return self.format == "table" and self.output is None and sys.stdout.isatty()

    def picture(self, kinds: Sequence[str] = PICTURES) -> Path | None:
        """The file where a picture is asked for. Raises UsageError for one of a kind that is not among these."""
        suffix = self.output.suffix.lower() if self.output else ""
        if suffix in kinds:
            return self.output
        if suffix in UNDRAWN:
            raise UsageError(f"{self.output}: cannot draw {suffix}; use {enumerated(kinds, 'or')}")
        return None

    def check_target(self) -> None:
        """Raise before any work is done where the report could not be delivered in the end."""
        files = [path for path in (self.output, *(path for _, path in self.further)) if path]
        for path in files:
            check_file(path, force=self.force)
        twice = [path for path, count in Counter(map(os.path.abspath, files)).items() if count > 1]
        if twice:
            raise UsageError(f"{os.path.relpath(twice[0])}: only one report can be written to it")

    def deliver(self, document: Document, *, silently: bool = False) -> None:
        """To the standard output, or (not for `-`) to a file, whole or not at all; raises as files.replacing.

        `silently` leaves out what nobody asked for by its format: the table on the standard output.
        """
        from cnncli.render.formats import write

        if self.output is not None and str(self.output) != "-":
            _write(self.output, write(document, self.format), force=self.force)
        elif self.asked or not silently:
            from cnncli.render.pager import show

            show(write(document, self.format))
        for format, path in self.further:
            _write(path, write(document, format), force=self.force)


def _write(path: Path, text: str, *, force: bool) -> None:
    from cnncli.files import write_text

    write_text(path, text, force=force)


def check_file(path: Path | None, *, force: bool) -> None:
    """Raise where a text could not be written to a file of this name, if any; as files.check_target."""
    from cnncli.files import check_target, is_stream

    if path and str(path) != "-" and not is_stream(path):
        check_target(path, force=force)


def report_options(
    *,
    checks: bool = False,
    output: Any = OUTPUT,
    force: bool = True,
    pictures: bool = False,
    besides: Sequence[str] = (),
) -> Callable[[Callable[..., None]], Command]:
    """Give a command --format, --output and --force, as far as it has them, for its parameter `report`.

    `checks` is whether it reports checks, which go to further files by --report; `output` is the option that names the
    file, None for no file; with `pictures` the name of a picture is not the report's, nor one with a suffix of
    `besides`.
    """
    names = offered(checks=checks)

    def options() -> list[inspect.Parameter]:
        found = [option("format", _format(names, output is not None), None if output else "table")]
        if output:
            found.append(option("output", Annotated[Path | None, output], None))
        found += [option("report", FURTHER, None)] if checks else []
        return [*found, option("force", FORCE, False)] if force else found

    def report(
        format: str | None, output: Path | None = None, force: bool = False, report: Sequence[str] | None = None
    ) -> Report:
        drawn = (*PICTURES, *besides) if pictures else besides
        told = output is not None and output.suffix.lower() not in (*drawn, *(UNDRAWN if pictures else ()))
        further = [_further(each, names) for each in report or ()]
        found = format or (of_file(output, names, drawn) if output and told else "table")
        return Report(found, output, force, further, format is not None or output is not None)

    return adding("report", options, report)


def _further(text: str, names: list[str]) -> tuple[str, Path]:
    """The format and the file of a --report. Raises UsageError for another format, and a suffix that says none."""
    format, equals, name = text.partition("=")
    if not equals or "/" in format or os.sep in format:
        return of_file(Path(text), names), Path(text)
    if format not in names:
        near = suggestion(format, names) or f"; there are {enumerated(names)}"
        raise UsageError(f"--report {text}: there is no format {format!r}{near}; a file of this name is ./{text}")
    return format, Path(name)


def _format(names: list[str], to_file: bool) -> Any:
    """The type of --format, which tells the formats there are and the suffixes that say them."""
    told = [f"{name} ({FORMATS[name].about})" if FORMATS[name].about else name for name in names]
    help = f"How the report is written: {enumerated(told, 'or')}"
    if to_file:
        suffixes = [suffix for name in names for suffix in FORMATS[name].suffixes]
        help += f"; table, unless -o ends in {enumerated(suffixes, 'or')}"
    known: Any = Literal
    choice = known[tuple(names)]
    shown = typer.Option("--format", "-f", help=f"{help}.", metavar="FORMAT", show_default=not to_file)
    return Annotated[choice | None if to_file else choice, shown]
