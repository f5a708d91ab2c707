"""The subcommands by name, each loaded when it is asked for: no answer waits for another command's options."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

COMMANDS = {
    "summary": "summary:summary",
    "list": "list:list_models",
    "plot": "plot:plot",
    "compare": "compare:compare",
    "check": "check:check",
    "build": "build:build",
    "export": "export:export",
    "completions": "completions:completions",
}
"""Name -> module of this package and its function; in the order of `--help`."""


def load(name: str) -> Any:
    """The Typer command of a name, with its options read from the function's signature."""
    single = typer.Typer(add_completion=False, rich_markup_mode="rich")
    settings = {"help_option_names": ["-h", "--help"]}
    single.command(name=name, help=_help(name), context_settings=settings)(function(name))
    return typer.main.get_command(single)


def heading(name: str) -> Any:
    """A command with its help alone, where commands are listed: reading all their options would take half the time."""
    return TyperCommand(name, help=_help(name))


def _help(name: str) -> str:
    """A function's docstring with a line a paragraph: Typer keeps the line ends of all but the first."""
    paragraphs = (inspect.getdoc(function(name)) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def function(name: str) -> Callable[..., None]:
    module, _, attribute = COMMANDS[name].partition(":")
    found: Callable[..., None] = getattr(importlib.import_module(f"cnncli.cli.{module}"), attribute)
    return found


class LoadedOnDemand(Mapping[str, Any]):
    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in COMMANDS:
            raise KeyError(name)
        if name not in self._loaded:
            self._loaded[name] = load(name)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Commands(TyperGroup):
    """Typer's group of commands, with ours in place of those that were registered beforehand."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = LoadedOnDemand()  # type: ignore[assignment]

    def format_help(self, *arguments: Any) -> None:
        self._list_headings()
        super().format_help(*arguments)

    def shell_complete(self, *arguments: Any) -> Any:
        self._list_headings()
        return super().shell_complete(*arguments)

    def _list_headings(self) -> None:
        self.commands = {name: heading(name) for name in COMMANDS}
