"""The subcommands by name, each loaded when it is asked for: no answer waits for another command's options."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from cnncli.cli.everywhere import EVERYWHERE, Everywhere
from cnncli.cli.plain_values import take_plain_values
from cnncli.cli.understood import Declared, understood
from cnncli.errors import UsageError, plain, suggestion

COMMANDS = {
    "summary": "summary:summary",
    "list": "list:list_models",
    "find": "find:find",
    "history": "history:history",
    "plot": "plot:plot",
    "compare": "compare:compare",
    "explain": "explain:explain",
    "identify": "identify:identify",
    "check": "check:check",
    "verify": "verify:verify",
    "memory": "memory:memory",
    "build": "build:build",
    "export": "export:export",
    "measure": "measure:measure",
    "completions": "completions:completions",
    "help": "topics:help_on",
}
"""Name -> module of this package and its function; in the order of `--help`."""


BEHIND = "; the options of a command stand behind its name: cnncli summary v2 --format json"
"""What is said of an option before the command that is none of all commands."""


def load(name: str) -> Any:
    """The Typer command of a name, with its options read from the function's signature."""
    single = typer.Typer(add_completion=False, rich_markup_mode=None)
    settings = {"help_option_names": ["-h", "--help"]}
    single.command(name=name, cls=Understanding, help=_about(name), context_settings=settings)(
        Everywhere(function(name))
    )
    return typer.main.get_command(single)


class Helped:
    """What a command and the group of commands have in common: help of our own, page by page where it is long."""

    def get_help(self, ctx: Any) -> str:
        from cnncli.cli.help import manual_of
        from cnncli.render.manual import text

        return text(manual_of(self, ctx))

    def get_help_option(self, ctx: Any) -> Any:
        found = super().get_help_option(ctx)  # type: ignore[misc]
        found.callback = _help
        return found


def _help(ctx: Any, option: Any, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from cnncli.render.pager import show

        show(ctx.command.get_help(ctx))
        ctx.exit()


class Understanding(Helped, TyperCommand):
    """A command whose words are first put as its parser takes them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing:  # as for a TAB, which is told of no mistakes
            args = understood(args, options_of(self, ctx))
        take_plain_values(self.get_params(ctx))
        return super().parse_args(ctx, args)


def options_of(command: TyperCommand | TyperGroup, ctx: Any) -> list[Declared]:
    """What a command declares of its options."""
    return [
        Declared(
            tuple(option.opts),
            tuple(option.secondary_opts),
            option.is_flag,
            option.multiple,
            tuple(map(str, option.type_descriptor.choices or ())),
            option.name in EVERYWHERE,
        )
        for option in command.get_params(ctx)
        if isinstance(option, TyperOption)
    ]


def heading(name: str) -> Any:
    """A command with its help alone, where commands are listed: reading all their options would take half the time."""
    return TyperCommand(name, help=_about(name))


def _about(name: str) -> str:
    """A function's docstring with a line a paragraph: Typer keeps the line ends of all but the first."""
    paragraphs = (inspect.getdoc(function(name)) or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def function(name: str) -> Callable[..., None]:
    module, _, attribute = COMMANDS[name].partition(":")
    found: Callable[..., None] = getattr(importlib.import_module(f"cnncli.cli.{module}"), attribute)
    return found


def commanded(words: list[str]) -> list[str]:
    """The words with the command in the spelling that it has: `version` is an option here.

    Raises UsageError for an unknown command.
    """
    if not words:
        return words
    name, rest = plain(words[0]), words[1:]
    if name == "version" and not rest:
        return ["--version"]
    if name in COMMANDS:
        return [name, *rest]
    there = f"there are {', '.join(COMMANDS)}"
    raise UsageError(f"No such command {words[0]!r}{_instead(words[0])}; {there}")


def _instead(word: str) -> str:
    """What was meant by a word that is no command: one that is near, or what to do with the model that it names."""
    from cnncli.network import canonical

    try:
        canonical(word)
    except UsageError:
        return suggestion(word, tuple(COMMANDS))
    return f"; to see that network: `cnncli summary {word}`"


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


class Commands(Helped, TyperGroup):
    """Typer's group of commands, with ours in place of those that were registered beforehand."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = LoadedOnDemand()  # type: ignore[assignment]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not (args or ctx.resilient_parsing):
            from cnncli.render.pager import show

            show(self.get_help(ctx))
            raise UsageError("name a command; the list is above")
        if not ctx.resilient_parsing:
            before = list(takewhile(lambda word: word.startswith("-"), args))
            args = [*understood(before, options_of(self, ctx), BEHIND), *commanded(args[len(before) :])]
        take_plain_values(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def get_help(self, ctx: Any) -> str:
        self.listed()
        return super().get_help(ctx)

    def shell_complete(self, *arguments: Any) -> Any:
        self.listed()
        return super().shell_complete(*arguments)

    def listed(self) -> Commands:
        """Itself, with no more of each command than its help."""
        self.commands = {name: heading(name) for name in COMMANDS}
        return self
