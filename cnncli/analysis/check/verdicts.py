"""What a check of a model comes to, as facts; the words are the report's."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

from cnncli.analysis.check.places import Position
from cnncli.analysis.compare.difference import Change
from cnncli.analysis.deployment import At


class Budgeted(NamedTuple):
    """Kept a budget of this name; `written` is the limit as its author wrote it.

    Of a figure that differs by it `kind` is what the network is deployed as; `at` is where most memory is needed, `why`
    the reason for which it is not known.
    """

    name: str
    written: str
    kind: str = ""
    at: At | None = None
    why: str = ""


class LockedCost(NamedTuple):
    """Stayed within the tolerance of what the lock file holds of a cost."""

    cost: str
    tolerance: Fraction


class LockedStructure(NamedTuple):
    """Has the structure that the lock file holds; `costs_moved` is whether locked costs have changed as well.

    `changes` are those of its blocks, where the lock file holds what these consisted of; `blocks` are those that are
    not the locked ones, where it holds their digests.
    """

    costs_moved: bool
    blocks: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """A check of a model: `limit` is what is allowed and `value` what there is: a figure, not always
    known, or a structure's hash.

    `place` is where the limit is written, if in a file.
    """

    model: str
    check: Budgeted | LockedCost | LockedStructure
    limit: Any
    value: Any
    passed: bool
    place: Position | None = None
