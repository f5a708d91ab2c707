"""Which of the models that `check` is asked for it may spare itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cnncli.document.prose import enumerated
from cnncli.errors import UsageError

if TYPE_CHECKING:
    from cnncli.analysis.check.gate import Gate

MOST_NAMED = 6
"""Models that a sentence names."""

ChangedSince = Annotated[
    str | None,
    typer.Option(
        help="Leave out model files that git holds as they were at this commit, unless the budget or lock file is "
        "another; architectures and functions are always checked.",
        metavar="COMMIT",
        show_default=False,
    ),
]
SkipUnlimited = Annotated[
    bool, typer.Option("--skip-unlimited", help="Leave out model files that no budget and no lock file names.")
]


class Needed(NamedTuple):
    """The references that are to be checked, and sentences on why others are not, or all are."""

    references: list[str]
    notes: list[str]


def needed(references: Iterable[str], gate: Gate, *, since: str | None, skip: bool, asking: Sequence[Path]) -> Needed:
    """What is to be checked of these references, patterns expanded. `asking` are the files that ask for the checks.

    Raises UsageError where nothing could ever fail.
    """
    from cnncli.network import expanded

    if (skip or since is not None) and gate.limits_nothing:
        raise UsageError("nothing is limited: give --max-params or another budget, or --baseline")
    found = Needed([each for reference in references for each in expanded(reference)], [])
    if since is not None:
        found = _changed(found.references, since, asking)
    return _limited(found, gate) if skip else found


def _changed(references: list[str], since: str, asking: Sequence[Path]) -> Needed:
    """Those that may not be as they were; all of them where that cannot be told, or they are asked for otherwise."""
    from cnncli.analysis.check.unchanged import Untold, unchanged_since

    try:
        stayed = unchanged_since(since)
    except Untold as error:
        return Needed(
            references, [f"what has changed since {since or 'then'} cannot be told ({error}): all are checked"]
        )
    anew = [str(path) for path in asking if not stayed.holds(path)]
    if anew:
        return Needed(references, [f"{enumerated(anew)} changed since {since}: all are checked"])
    left = [each for each in references if _is_file(each) and stayed.holds(Path(each))]
    return _without(left, Needed(references, []), f"unchanged since {since}")


def _limited(found: Needed, gate: Gate) -> Needed:
    """Those that are held to anything, and whatever is no file."""
    left = [each for each in found.references if _is_file(each) and not gate.limits(each)]
    return _without(left, found, "nothing limits it" if len(left) == 1 else "nothing limits them")


def _is_file(reference: str) -> bool:
    from cnncli.network import Source, source_of

    return source_of(reference) is Source.FILE


def _without(left: Sequence[str], found: Needed, why: str) -> Needed:
    """The references but for some, which are told."""
    if not left:
        return found
    more = [f"{len(left) - MOST_NAMED} more"] if len(left) > MOST_NAMED else []
    note = f"not checked, {why}: {enumerated([*left[:MOST_NAMED], *more])}"
    spared = set(left)
    return Needed([each for each in found.references if each not in spared], [*found.notes, note])
