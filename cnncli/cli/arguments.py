"""Arguments and options that several subcommands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cnncli.cli import complete
from cnncli.deployed.plan import KINDS
from cnncli.document.prose import enumerated
from cnncli.errors import UsageError, suggestion
from cnncli.readers.formats import FORMATS
from cnncli.render.console import complain
from cnncli.written import read_choice, read_whole

_ARCHITECTURE = r"NAME\[@FLAVOR]\[:option=value,...], such as mobilenet_v2:alpha=0.5; `cnncli list` shows the names."
_FILES = ", ".join(dict.fromkeys(each.called for each in FORMATS))
_REFERENCE = f"{_ARCHITECTURE} Or a model file or folder ({_FILES}), or file.py:function, which gives a Keras model."

Architecture = Annotated[
    str,
    typer.Argument(metavar="MODEL", help=_ARCHITECTURE, autocompletion=complete.reference, show_default=False),
]
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

Dtype = Annotated[
    str,
    typer.Option(
        help="As what the network is deployed: float32, float16, dynamic, int8, or int8-io, whose ends are int8 too.",
        metavar="KIND",
        autocompletion=complete.one_of(KINDS),
    ),
]


def kind_of(text: str) -> str:
    """The kind of deployed network that --dtype names. Raises UsageError for another word."""
    kind = read_choice(text, KINDS)
    if kind is None:
        raise UsageError(f"--dtype {text}: expected {enumerated(KINDS, 'or')}{suggestion(text, KINDS)}")
    return kind


def whole_number(option: str, text: str | None, least: int = 1, most: int = 999_999_999) -> int | None:
    """The value of an option that counts something. Raises UsageError, with the value, for any other text."""
    if text is None:
        return None
    number = read_whole(text)
    if number is None or not least <= number <= most:
        raise UsageError(f"{option} {text}: expected a whole number from {least} to {most:,}")
    return number


def warn(messages: Sequence[str]) -> None:
    """Say a graph's warnings on the standard error."""
    for message in messages:
        complain(f"cnncli: warning: {message}")
