"""Which of the models that `check` is asked for it may spare itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnncli.document.prose import enumerated
from cnncli.errors import UsageError
from cnncli.render.console import complain

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


def needed(
    references: Iterable[str], gate: Gate, *, since: str | None, skip: bool, asking: Sequence[Path]
) -> list[str]:
    """The references that are to be checked, patterns expanded; of those left out the standard error is told.

    `asking` are the files that ask for the checks. Raises UsageError where nothing could ever fail.
    """
    from cnncli.network import expanded

    found = [each for reference in references for each in expanded(reference)]
    if since is not None:
        found = _changed(found, since, asking)
    return _limited(found, gate) if skip else found


def _changed(references: list[str], since: str, asking: Sequence[Path]) -> list[str]:
    """Those that may not be as they were; all of them where that cannot be told, or they are asked for otherwise."""
    from cnncli.analysis.check.unchanged import Untold, unchanged_since

    try:
        stayed = unchanged_since(since)
    except Untold as error:
        complain(f"cnncli: what has changed since {since or 'then'} cannot be told ({error}): all are checked")
        return references
    anew = [str(path) for path in asking if not stayed.holds(path)]
    if anew:
        complain(f"cnncli: {enumerated(anew)} changed since {since}: all are checked")
        return references
    left = [each for each in references if _is_file(each) and stayed.holds(Path(each))]
    return _without(left, references, f"unchanged since {since}")


def _limited(references: list[str], gate: Gate) -> list[str]:
    """Those that are held to anything, and whatever is no file."""
    if gate.limits_nothing:
        raise UsageError("nothing is limited: give --max-params or another budget, or --baseline")
    left = [each for each in references if _is_file(each) and not gate.limits(each)]
    return _without(left, references, "nothing limits it" if len(left) == 1 else "nothing limits them")


def _is_file(reference: str) -> bool:
    from cnncli.network import Source, source_of

    return source_of(reference) is Source.FILE


def _without(left: Sequence[str], references: list[str], why: str) -> list[str]:
    """The references but for some, which are told."""
    more = [f"{len(left) - MOST_NAMED} more"] if len(left) > MOST_NAMED else []
    if left:
        complain(f"cnncli: not checked, {why}: {enumerated([*left[:MOST_NAMED], *more])}")
    spared = set(left)
    return [each for each in references if each not in spared]
