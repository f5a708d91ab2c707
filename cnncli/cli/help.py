"""The help of a command, as facts: read off what Typer knows of it, whatever shows it then."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cnncli.cli.everywhere import EVERYWHERE
from cnncli.cli.options import OF_FILES, OF_MODELS
from cnncli.document.manual import Chapter, Entry, Manual

COUNTING = ("list", "compare", "check", "plot")
"""The commands that show the figures of `summary`, which says what they count."""
TOLD = (OF_MODELS, OF_FILES)
"""Panels whose options most commands have: they are told once, as a topic."""
CONVENTIONS = "What is counted"


def manual_of(command: Any, ctx: Any) -> Manual:
    """Of a Typer command, or of the group of all."""
    pieces = " ".join(command.collect_usage_pieces(ctx)).replace("{", "").replace("}", "")
    chapters = [*_options(panels(command, ctx)), *_listed(command, ctx), *_counted(command.name)]
    return Manual(ctx.command_path, pieces, (command.help or "").split("\n\n"), chapters)


def panels(command: Any, ctx: Any) -> Mapping[str, Sequence[Any]]:
    """Arguments and options under the titles of their panels, those that every command has in one of their own."""
    found: dict[str, list[Any]] = {"Arguments": [], "Options": []}
    of_all = {"help", *EVERYWHERE} if ctx.parent else set()
    for one in command.get_params(ctx):
        usual = "In every command" if one.name in of_all else f"{one.param_type_name.capitalize()}s"
        found.setdefault(getattr(one, "rich_help_panel", None) or usual, []).append(one)
    return found


def _options(found: Mapping[str, Sequence[Any]]) -> Iterator[Chapter]:
    for title, declared in found.items():
        if title not in TOLD and declared:
            yield Chapter(title, [entry(one) for one in declared])
        elif title == next(iter(each for each in TOLD if each in found), None):
            names = [Entry(each, _names(found[each])) for each in TOLD if each in found]
            yield Chapter("Model options", [*names, Entry("What they mean", "`cnncli help references`")])


def _names(declared: Sequence[Any]) -> str:
    return ", ".join(one.opts[0] for one in declared)


def entry(declared: Any) -> Entry:
    """An argument or an option as it is typed, and its help."""
    default = declared.show_default and isinstance(declared.default, str)
    told = [f"default: {declared.default}"] if default else []
    if declared.param_type_name == "argument":
        return Entry(str(declared.metavar or declared.name.upper()), declared.help or "")
    told += ["required"] if declared.required else []
    value = "" if declared.is_flag else f" {declared.metavar or '|'.join(declared.type_descriptor.choices)}"
    names = [", ".join(sorted(declared.opts, key=len)), *declared.secondary_opts]
    help = [declared.help or "", *([f"[{'; '.join(told)}]"] if told else [])]
    return Entry(" / ".join(names) + value, " ".join(filter(None, help)))


def _listed(command: Any, ctx: Any) -> Iterator[Chapter]:
    """Of the group its commands, and the topics beside them."""
    if not hasattr(command, "list_commands"):
        return
    from cnncli.cli.topics import TOPICS

    named = {name: command.get_command(ctx, name).help or "" for name in command.list_commands(ctx)}
    yield Chapter("Commands", [Entry(name, _shortly(help)) for name, help in named.items()])
    yield Chapter("Topics, as `cnncli help TOPIC`", [Entry(name, topic.about) for name, topic in TOPICS.items()])


def _shortly(help: str) -> str:
    """What a command does, without the how: its first sentence up to what explains it."""
    return re.split(r"[:;.]\s|[:;.]$", help, maxsplit=1)[0] + "."


def _counted(command: str) -> Iterator[Chapter]:
    """What each figure of a command counts, or where that is told."""
    if command == "summary":
        yield Chapter(CONVENTIONS, conventions(), (papers(),))
    elif command == "memory":
        yield Chapter(CONVENTIONS, held())
    elif command in COUNTING:
        yield Chapter(CONVENTIONS, (), (f"{papers()} `cnncli help conventions` tells what each figure counts.",))


def conventions() -> list[Entry]:
    """What each figure of a network counts."""
    from cnncli.analysis.metric import Place
    from cnncli.analysis.metrics import METRICS

    told = [each for each in METRICS if each.places & {Place.LINE, Place.DEPLOYED} and each.convention]
    return [Entry(each.title, f"{each.convention}.") for each in told]


def papers() -> str:
    """What the figures of papers are called here."""
    from cnncli.analysis.metrics import OF_PAPERS

    return OF_PAPERS


def held() -> list[Entry]:
    """What is counted of the memory that a network takes while it runs, or is trained."""
    from cnncli.analysis import timeline, training_memory

    return [Entry("Live", f"{timeline.CONVENTION}."), Entry("Training", f"{training_memory.CONVENTION}.")]
