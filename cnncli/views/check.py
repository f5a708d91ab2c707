"""The report of `check`: what each model was held against, and whether it held."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.check.budgets import limited
from cnncli.analysis.check.verdicts import Budgeted, LockedCost, LockedStructure, Verdict
from cnncli.deployed import FLOAT32
from cnncli.document.document import Check, Document
from cnncli.document.numbers import binary, grouped, growth, in_words, share
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Heading, Table, natural_width
from cnncli.views.changes import change_place, phrases, span
from cnncli.views.data import versioned
from cnncli.views.deployment import where

PASSED, FAILED = "✓ pass", "✗ FAIL"


def _short(value: Any) -> str:
    """A figure; of a hash, `sha256:...`, as much as tells two apart."""
    return value[:14] if isinstance(value, str) else grouped(value)


class Told(NamedTuple):
    """A verdict in words: what was checked, the limit as a person reads it, how much of it is used or how far from it
    the model is, and a sentence.
    """

    verdict: Verdict
    check: str
    allowed: str
    used: str
    message: str


COLUMNS = (
    Column("check", "Check", lambda told: told.check),
    Column("allowed", "Allowed", lambda told: told.allowed, right=True),
    Column("value", "Is", lambda told: told.verdict.value, True, _short),
    Column("used", "Uses", lambda told: told.used, right=True),
    Column("verdict", "Verdict", lambda told: PASSED if told.verdict.passed else FAILED),
)
SHEET = (
    Column("model", "Model", lambda told: told.verdict.model),
    Column("check", "Check", lambda told: told.check),
    Column("limit", "Limit", lambda told: told.verdict.limit),
    Column("value", "Is", lambda told: told.verdict.value),
    Column("used", "Uses", lambda told: told.used),
    Column("passed", "Passed", lambda told: told.verdict.passed),
)


def check_document(verdicts: Sequence[Verdict]) -> Document:
    """The verdicts on all models, in their order."""
    found = [tell(verdict) for verdict in verdicts]
    return Document(
        title="cnncli check",
        sections=lambda width: [_fitting(found, width)] if found else [],
        data=lambda: versioned(
            {"passed": all(verdict.passed for verdict in verdicts), "checks": list(map(_data, found))}
        ),
        sheet=lambda: Table(SHEET, found),
        checks=lambda: [_check(told) for told in found],
        conclusion=outcome(verdicts),
    )


def outcome(verdicts: Sequence[Verdict]) -> str:
    """`2 of 7 checks fail: efficientnet_b0 max-params, ...`; of structures that may be new, that they are."""
    failed = [
        f"{verdict.model} {tell(verdict).check}"
        + (_in_blocks(verdict.check) if isinstance(verdict.check, LockedStructure) else "")
        for verdict in verdicts
        if not verdict.passed
    ]
    return _failures(verdicts) + (f": {', '.join(failed)}" if failed else "") + _new_structures(verdicts)


def _failures(verdicts: Sequence[Verdict]) -> str:
    """`2 of 7 checks fail`."""
    if not verdicts:
        return "nothing to check"
    count = f"{len(verdicts)} check{'s' if len(verdicts) != 1 else ''}"
    failed = sum(not verdict.passed for verdict in verdicts)
    return f"{failed} of {count} fail{'s' if failed == 1 else ''}" if failed else f"{count}, all pass"


def _new_structures(verdicts: Sequence[Verdict]) -> str:
    """What is said of models that pass with another structure than the lock file's, if there are any."""
    new = [
        f"{verdict.model}{_in_blocks(verdict.check)}"
        for verdict in verdicts
        if isinstance(verdict.check, LockedStructure) and verdict.passed and verdict.value != verdict.limit
    ]
    return f"; not the locked structure, which --strict would refuse: {', '.join(new)}" if new else ""


def tell(verdict: Verdict) -> Told:
    """A verdict in words."""
    if isinstance(verdict.check, Budgeted):
        return _tell_budget(verdict, verdict.check)
    if isinstance(verdict.check, LockedCost):
        return _tell_cost(verdict, verdict.check)
    return _tell_structure(verdict, verdict.check)


def _tell_budget(verdict: Verdict, budget: Budgeted) -> Told:
    """The limit as it was written, `5M = 5,000,000`, and the share of it that is used."""
    limit, value = int(verdict.limit), verdict.value
    allowed = grouped(limit) if budget.written == str(limit) else f"{budget.written} = {grouped(limit)}"
    usual = not budget.kind or budget.kind == FLOAT32 == limited()[budget.name].kinds[0]
    name = budget.name if usual else f"{budget.name} {budget.kind}"
    if not is_known(value):
        limit_of = f"{budget.name} {allowed}"
        end = f"as far as counted within {limit_of}" if verdict.passed else f"so that {limit_of} cannot be promised"
        return Told(verdict, name, allowed, "?", f"{verdict.model}: {_amount(verdict, budget)}, {end}")
    used = share(value, limit)
    if used == "100.0%" and value > limit:
        used = ">100.0%"
    kept = "within" if verdict.passed else f"{grouped(value - limit)} over"
    message = f"{verdict.model}: {_amount(verdict, budget)}, {kept} {budget.name} {allowed}"
    return Told(verdict, name, allowed, used, message)


def _amount(verdict: Verdict, budget: Budgeted) -> str:
    """How much there is, in the unit of the limit too, as what it is deployed, and where most of it is needed."""
    value = verdict.value
    words = f"{in_words(value, grouped)} {limited()[budget.name].limit.noun}"
    words += f" in {budget.kind}" if budget.kind else ""
    words += f" ({binary(value)})" if is_known(value) and budget.written.endswith("iB") else ""
    words += f": {budget.why}" if budget.why else ""
    return words + (f", most at {where(budget.at)}" if budget.at else "")


def _tell_cost(verdict: Verdict, locked: LockedCost) -> Told:
    """The locked cost with its tolerance, and how far the model has moved from it."""
    limit, value = verdict.limit, verdict.value
    margin = f"±{float(100 * locked.tolerance):g}%"
    if not (is_known(limit) and is_known(value)):
        words = f"{in_words(value, grouped)} against {in_words(limit, grouped)}"
        message = f"{verdict.model}: {locked.cost} {words}" + ("" if verdict.passed else ", which are not all counted")
        return Told(verdict, f"locked {locked.cost}", grouped(limit), "?", message)
    change = "=" if value == limit else growth(value, limit) if limit else "new"
    message = f"{verdict.model}: {locked.cost} {grouped(value)}, {change} against {grouped(limit)} {margin}"
    return Told(verdict, f"locked {locked.cost}", f"{grouped(limit)} {margin}", change, message)


def _tell_structure(verdict: Verdict, locked: LockedStructure) -> Told:
    """At equal costs a new structure fails: nothing else would have told of it."""
    changed = "changed with the costs" if locked.costs_moved else "changed at equal costs"
    used = "unchanged" if verdict.value == verdict.limit else changed
    message = f"{verdict.model}: structure {used}{_in_words(locked) or _in_blocks(locked)}"
    return Told(verdict, "locked structure", _short(verdict.limit), used, message)


MOST_BLOCKS = 6
"""Blocks that are named of a structure that has changed."""
MOST_CHANGES = 12
"""Changes of a structure that are told in words."""


def _in_blocks(locked: LockedStructure) -> str:
    """` in stage1 block1 and head`, where the blocks are known."""
    return f" in {enumerated(_some(_blocks(locked), MOST_BLOCKS))}" if locked.blocks or locked.changes else ""


def _in_words(locked: LockedStructure) -> str:
    """`: stage3 block2: k3x3 → k5x5; stem: 32 → 24 channels`, where it is known what the blocks were."""
    return f": {'; '.join(_some(_sentences(locked), MOST_CHANGES, 'changes'))}" if locked.changes else ""


def _blocks(locked: LockedStructure) -> list[str]:
    return [change_place(change) for change in locked.changes] or list(locked.blocks)


def _sentences(locked: LockedStructure) -> list[str]:
    """As `compare --diff` has them, each behind `+` or `-` where a block has come or gone."""
    signs = {"added": "+ ", "removed": "- "}
    return [f"{signs.get(each.kind, '')}{change_place(each)}: {', '.join(phrases(each))}" for each in locked.changes]


def _some(texts: Sequence[str], most: int, what: str = "") -> list[str]:
    more = len(texts) - most
    return [*texts[:most], f"{more} more {what}".rstrip()] if more > 0 else list(texts)


def _table(found: Sequence[Told]) -> Table:
    rows: list[Told | Heading] = []
    for model, members in groupby(found, key=lambda told: told.verdict.model):
        rows += [Heading({"check": model}), *members]
    return Table(COLUMNS, rows, notes=_reasons(found), alarming=lambda told: not told.verdict.passed)


def _reasons(found: Sequence[Told]) -> list[str]:
    """Of budgets that fail, where most memory is needed, or why nobody can say how much, each once; of structures,
    whether they fail or not, what has changed.
    """
    reasons = []
    for told in found:
        model, budget = told.verdict.model, told.verdict.check
        if isinstance(budget, LockedStructure):
            reasons += [f"{model} {text}" for text in _some(_sentences(budget), MOST_CHANGES, "changes")]
        if told.verdict.passed or not isinstance(budget, Budgeted):
            continue
        reasons += [f"{model}: {told.check} unknown: {budget.why}"] if budget.why else []
        reasons += [f"{model}: most memory at {where(budget.at)}"] if budget.at else []
    return list(dict.fromkeys(reasons))


def _fitting(found: Sequence[Told], width: int) -> Table:
    """The table itself or, where a terminal is too narrow, one with a column: a check, and its figures below it."""
    table = _table(found)
    if natural_width(table) <= width:
        return table
    lines: list[Line | Heading] = []
    for row in table.rows:
        lines += [row] if isinstance(row, Heading) else _lines(row)
    column = Column("check", "Check", lambda line: line.text)
    return Table((column,), lines, notes=table.notes, alarming=lambda line: line.failed)


class Line(NamedTuple):
    """A line of a narrow report, and whether it is of a check that has failed."""

    text: str
    failed: bool


def _lines(told: Told) -> list[Line]:
    mark = (PASSED if told.verdict.passed else FAILED)[0]
    figures = f"{_short(told.verdict.value)} of {told.allowed}"
    return [Line(text, not told.verdict.passed) for text in (f"{mark} {told.check}  {told.used}", f"    {figures}")]


def _check(told: Told) -> Check:
    verdict = told.verdict
    return Check(verdict.model, told.check, verdict.passed, told.message, verdict.place)


def _data(told: Told) -> dict[str, Any]:
    verdict = told.verdict
    return {
        "model": verdict.model,
        "check": told.check,
        "dtype": verdict.check.kind or None if isinstance(verdict.check, Budgeted) else None,
        "limit": verdict.limit,
        "value": verdict.value,
        "passed": verdict.passed,
        "allowed": told.allowed,
        "used": told.used,
        "message": told.message,
        "place": verdict.place and verdict.place._asdict(),
        **({"changes": _changes(verdict.check)} if isinstance(verdict.check, LockedStructure) else {}),
    }


def _changes(locked: LockedStructure) -> list[dict[str, Any]] | None:
    """What has changed, block by block; null where the lock file does not tell."""
    if locked.blocks and not locked.changes:
        return None
    return [
        {
            "kind": change.kind,
            "before": span(change.before),
            "after": span(change.after),
            "blocks": change.blocks,
            "what": phrases(change),
        }
        for change in locked.changes
    ]
