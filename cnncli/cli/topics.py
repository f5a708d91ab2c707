"""`cnncli help`: the help of a command, or a topic, what is to be known of all of them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer

from cnncli.document.manual import Manual
from cnncli.errors import UsageError, plain, suggestion


class Topic(NamedTuple):
    """`page` is a function of a module of this package, loaded when it is asked for."""

    about: str
    page: str

    def manual(self) -> Manual:
        module, _, function = self.page.partition(":")
        make: Callable[[], Manual] = getattr(import_module(f"cnncli.cli.{module}"), function)
        return make()


TOPICS = {
    "references": Topic("What may be named as a model, and the options that models have.", "pages:references"),
    "conventions": Topic("What each figure counts.", "pages:conventions"),
    "shell": Topic("Streams, exit codes, the formats of a report, a pager, TAB, variables.", "pages:shell"),
}
"""In the order of `cnncli help`."""


def _offered() -> list[str]:
    from cnncli.cli.commands import COMMANDS

    return [*TOPICS, *COMMANDS]


def help_on(
    context: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="TOPIC",
            help="A topic or a command; else the list of both.",
            autocompletion=_offered,
            show_default=False,
        ),
    ] = None,
    *,
    man: Annotated[
        bool, typer.Option("--man", help="Write it as a page that `man` shows: `cnncli help summary --man | man -l -`.")
    ] = False,
) -> None:
    """Explain a topic, such as what may be named as a model, or a command.

    Example: cnncli help references
    """
    from cnncli.render.console import emit
    from cnncli.render.manual import roff, text
    from cnncli.render.pager import show

    found, about, section = _found(topic, context.parent)
    if man:
        emit(roff(found, section, about))
    else:
        show(text(found))


def _found(name: str | None, main: Any) -> tuple[Manual, str, int]:
    """A page, what it is about, and of which section of the manual it is. Raises UsageError for an unknown name.

    `main` is the context of the group of commands.
    """
    from cnncli.cli.commands import COMMANDS, load
    from cnncli.cli.help import manual_of

    if name is None:
        command, context = main.command.listed(), main
    elif (key := plain(name)) in TOPICS:
        return TOPICS[key].manual(), TOPICS[key].about, 7
    elif key in COMMANDS:
        command = load(key)
        context = command.make_context(key, [], parent=main, resilient_parsing=True)
    else:
        there = f"there are {', '.join(TOPICS)}, and the commands {', '.join(COMMANDS)}"
        raise UsageError(f"No such topic or command {name!r}{suggestion(name, _offered())}; {there}")
    found = manual_of(command, context)
    return found, found.paragraphs[0], 1
