"""The options that every command has, before its name or behind it: how much is said, and whether page by page."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from cnncli.cli.options import option
from cnncli.render.console import MANNER


def _quiet(wanted: bool) -> None:
    MANNER.quiet |= wanted


def _unpaged(wanted: bool) -> None:
    MANNER.paged &= not wanted


Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", callback=_quiet, is_eager=True,
        help="Results and errors alone: no notes, no warnings.",
    ),
]  # fmt: skip
NoPager = Annotated[
    bool,
    typer.Option(
        "--no-pager", callback=_unpaged, is_eager=True, help="All at once, though it is longer than the screen."
    ),
]
EVERYWHERE: dict[str, Any] = {"quiet": Quiet, "no_pager": NoPager}


class Everywhere:
    """A command that takes these options too; they have done their work when it is called."""

    def __init__(self, command: Callable[..., None]) -> None:
        self._command = command
        self.__name__, self.__doc__, self.__module__ = command.__name__, command.__doc__, command.__module__
        self.__annotations__: dict[str, Any] = {}  # Typer reads the signature

    @property
    def __signature__(self) -> inspect.Signature:
        own = inspect.signature(self._command, eval_str=True).parameters.values()
        shown = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
        return inspect.Signature([*shown, *(option(name, each, False) for name, each in EVERYWHERE.items())])

    def __call__(self, **values: Any) -> None:
        self._command(**{name: value for name, value in values.items() if name not in EVERYWHERE})
