"""The help of a command: as Typer draws it, but line below line where a terminal is too narrow for its table."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from cnncli.render.console import emit, width

NARROW = 70
"""Characters below which the table of options, with its six columns, cuts words."""
COUNTING = ("summary", "list", "compare", "check", "plot", "memory")
"""The commands that show figures, and so say what they count."""
INDENT = 6


def write_help(command: Any, ctx: Any, draw: Callable[[Any, Any], None], formatter: Any) -> None:
    """Print the help of a Typer command; `draw` is how Typer does, with its formatter."""
    for option in command.get_params(ctx):
        if getattr(option, "is_flag", False):
            option.metavar = ""  # else it says <bool>
    counted = [WHAT, *_conventions(command.name)] if command.name in COUNTING else []
    if width() < NARROW:
        emit("\n".join(_lines(command, ctx, counted, width())) + "\n")
        return
    command.epilog = "\n\n".join(counted)
    draw(ctx, formatter)


WHAT = "What is counted:"


def _conventions(command: str) -> Iterator[str]:
    """What each figure of a command counts, a paragraph each."""
    if command == "memory":
        from cnncli.analysis import timeline, training_memory

        yield from (f"Live: {timeline.CONVENTION}.", f"Training: {training_memory.CONVENTION}.")
        return
    from cnncli.analysis.metrics import METRICS, OF_PAPERS, Place

    told = [each for each in METRICS if each.places & {Place.LINE, Place.DEPLOYED} and each.convention]
    yield from (f"{each.title}: {each.convention}." for each in told)
    yield OF_PAPERS


def _lines(command: Any, ctx: Any, counted: list[str], wide: int) -> Iterator[str]:
    yield from _wrapped(command.get_usage(ctx), wide, 0)
    for paragraph in (command.help or "").split("\n\n"):
        yield ""
        yield from _wrapped(paragraph, wide, 0)
    for title, entries in _panels(command, ctx).items():
        yield from ("", *_wrapped(f"{title}:", wide, 0))
        for name, help in entries:
            yield from _wrapped(name, wide, 2)
            yield from _wrapped(help, wide, INDENT)
    for paragraph in counted:
        yield ""
        yield from _wrapped(paragraph, wide, 0)


def _panels(command: Any, ctx: Any) -> dict[str, list[tuple[str, str]]]:
    """Names and help of arguments, options and commands, each under the title of its panel."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in command.get_params(ctx):
        record = one.get_help_record(ctx)
        title = getattr(one, "rich_help_panel", None) or f"{one.param_type_name.capitalize()}s"
        if record is not None:
            found.setdefault(title, []).append((record[0].partition(" <")[0], record[1]))
    for name in command.list_commands(ctx) if hasattr(command, "list_commands") else ():
        help = (command.get_command(ctx, name).help or "").partition("\n\n")[0]
        found.setdefault("Commands", []).append((name, help))
    return found


def _wrapped(text: str, wide: int, indent: int) -> list[str]:
    """Lines of a text without Rich's markup; a word that is too long goes on in the next line."""
    plain = re.sub(r"\\(?=\[)", "", " ".join(text.split()))
    blanks = " " * indent
    return textwrap.wrap(plain, max(wide, INDENT + 10), initial_indent=blanks, subsequent_indent=blanks)
