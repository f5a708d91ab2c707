"""Arguments and options that several subcommands share."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cnncli.cli import complete
from cnncli.errors import MachineError, UsageError
from cnncli.render.console import complain

if TYPE_CHECKING:
    from cnncli.models.reference import Model

_REFERENCE = r"NAME\[@FLAVOR]\[:option=value,...], such as mobilenet_v2:alpha=0.5; `cnncli list` shows the names."

Reference = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help=_REFERENCE,
        autocompletion=complete.reference,
        show_default=False,
    ),
]


def _references() -> Any:
    return typer.Argument(
        metavar="MODEL",
        help=f"{_REFERENCE} - reads them from the standard input, one a line.",
        autocompletion=complete.reference,
        show_default=False,
    )


References = Annotated[list[str], _references()]
OptionalReferences = Annotated[list[str] | None, _references()]

_PANEL = "Model options (for all models named)"
Flavor = Annotated[
    str | None,
    typer.Option(
        help="Whose definition: `keras` is keras.applications', `article` the article's that this tool began with.",
        metavar="keras|article",
        autocompletion=complete.flavor,
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Alpha = Annotated[
    str | None,
    typer.Option(
        help="Width multiplier of the MobileNets.",
        metavar="NUMBER",
        autocompletion=complete.option_values("alpha"),
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
InputShape = Annotated[
    str | None,
    typer.Option(
        help="Input: 192, 160x224 or 28x28x1 (height, width, channels).",
        metavar="SHAPE",
        autocompletion=complete.option_values("input_shape"),
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Classes = Annotated[
    str | None,
    typer.Option(
        help="How many classes are told apart.",
        metavar="NUMBER",
        autocompletion=complete.option_values("classes"),
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
IncludeTop = Annotated[
    bool | None,
    typer.Option(
        "--include-top/--no-include-top",
        help="With or without the classifier.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Any further option of the model.",
        metavar="KEY=VALUE",
        autocompletion=complete.setting,
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output", "-o", help="Write to this file instead of the standard output.", metavar="FILE", show_default=False
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        help="Load these: a .keras, a .weights.h5, or a legacy .h5 as keras.applications publishes. "
        "Layers are matched by their order.",
        metavar="FILE",
        show_default=False,
    ),
]
Seed = Annotated[
    str | None,
    typer.Option(help="The same initial weights each time.", metavar="NUMBER", show_default=False),
]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that exists.")]
ReportFormat = Annotated[
    Literal["table", "json", "csv", "markdown"] | None,
    typer.Option(
        "--format",
        "-f",
        help="How the report is written: table, json, csv or markdown; table, unless -o ends in .json, .csv or .md.",
        metavar="FORMAT",
        show_default=False,
    ),
]
Format = Annotated[
    Literal["table", "json", "csv", "markdown"],
    typer.Option("--format", "-f", help="How the report is written: table, json, csv or markdown.", metavar="FORMAT"),
]


SUFFIXES = {".json": "json", ".csv": "csv", ".md": "markdown"}


def how(format: str | None, output: Path | None, suffixes: Mapping[str, str] = SUFFIXES) -> str:
    """The format of a report: as asked, else as the suffix of the file it goes to says, else a table."""
    if format or output is None:
        return format or "table"
    return suffixes.get(output.suffix.lower(), "table")


def overrides(
    alpha: str | None,
    input_shape: str | None,
    classes: str | None,
    include_top: bool | None,
    settings: Sequence[str] | None,
) -> dict[str, str]:
    """The model options of the command line by name, as text. Raises UsageError where --set has no `=`."""
    named = {"alpha": alpha, "input_shape": input_shape, "classes": classes}
    given = {name: text for name, text in named.items() if text is not None}
    if include_top is not None:
        given["include_top"] = str(include_top).lower()
    for setting in settings or ():
        key, equals, text = setting.partition("=")
        key = key.strip().lower().replace("-", "_")
        if not equals:
            raise UsageError(f"--set {setting}: expected KEY=VALUE")
        if given.get(key, text) != text:
            raise UsageError(f"--set {setting}: {key} is given twice: {given[key]} and {text}")
        given[key] = text
    return given


def whole_number(option: str, text: str | None, least: int = 1, most: int = 999_999_999) -> int | None:
    """The value of an option that counts something. Raises UsageError, with the value, for any other text."""
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise UsageError(f"{option} {text}: expected a whole number from {least} to {most:,}")
    return int(text)


def resolve(reference: str, options: Mapping[str, str], flavor: str | None) -> Model:
    """Read a reference with the command line's options; raises UsageError. The registry is loaded for it only now."""
    from cnncli.models.reference import parse

    return parse(reference, options, flavor)


def resolve_all(references: Sequence[str], options: Mapping[str, str], flavor: str | None) -> list[Model]:
    """Read references; `-` stands for those on the standard input, one a line (blank lines and # comments aside)."""
    given: list[str] = []
    for reference in references:
        given.extend(_piped_references() if reference == "-" else [reference])
    return [resolve(reference, options, flavor) for reference in given]


def _piped_references() -> list[str]:
    try:
        lines = sys.stdin.read().splitlines()
    except OSError as error:
        raise MachineError(f"standard input: {error.strerror or error}") from error
    found = [reference for line in lines if (reference := line.partition("#")[0].strip("\ufeff \t"))]
    if not found:
        raise UsageError("no references on the standard input; write one a line")
    return found


def warn(messages: Sequence[str]) -> None:
    """Say a graph's warnings on the standard error."""
    for message in messages:
        complain(f"cnncli: warning: {message}")
