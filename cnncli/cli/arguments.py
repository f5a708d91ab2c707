"""Arguments and options that several subcommands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from cnncli.cli import complete
from cnncli.errors import UsageError
from cnncli.render.console import note
from cnncli.written import read_whole

_ARCHITECTURE = "An architecture, such as mobilenet_v2:alpha=0.5"
_TOLD = "see `cnncli help references`."
_REFERENCE = f"{_ARCHITECTURE}, a model file, or file.py:function; {_TOLD}"

Reference = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help=_REFERENCE,
        autocompletion=complete.reference,
        show_default=False,
    ),
]


Built = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help=f"{_ARCHITECTURE}, or a model file (.onnx, .tflite, .keras, .h5); {_TOLD}",
        autocompletion=complete.reference, show_default=False,
    ),
]  # fmt: skip
"""What a Keras model is built of."""
Exported = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help=f"{_ARCHITECTURE}, or a Keras file (.keras, .h5); {_TOLD}",
        autocompletion=complete.reference, show_default=False,
    ),
]  # fmt: skip
"""What a deployed file is made of."""


def _references(which: str = _REFERENCE) -> Any:
    return typer.Argument(
        metavar="MODEL",
        help=f"{which} - reads them from the standard input, one a line.",
        autocompletion=complete.reference,
        show_default=False,
    )


References = Annotated[list[str], _references()]
Runnables = Annotated[list[str], _references(f"{_ARCHITECTURE}, or a .tflite file; {_TOLD}")]
"""What the deployed runtime runs."""
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


def _dtype(unless_given: str) -> Any:
    return typer.Option(
        help="What networks are deployed as: float32, float16, dynamic, int8 or int8-io, as `export --quantize` says "
        f"it. Unless given, {unless_given}, and of a .tflite file what it is.",
        metavar="KIND",
        autocompletion=complete.kind,
        show_default=False,
    )


Dtype = Annotated[str | None, _dtype("float32")]
DtypeOfFigures = Annotated[str | None, _dtype("float32 for the file and the activations, int8-io for the arena")]


def kind(dtype: str | None) -> str | None:
    """What --dtype says. Raises UsageError for another word."""
    if dtype is None:
        return None
    from cnncli.analysis.deployment import read_kind

    try:
        return read_kind(dtype)
    except UsageError as error:
        raise UsageError(f"--{error}") from None


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
        note(f"cnncli: warning: {message}")
