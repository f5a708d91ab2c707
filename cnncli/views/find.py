"""What `find` says: the candidates that keep all limits, the best first; where there are none, why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cnncli.document.document import Document
from cnncli.document.numbers import grouped
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Table, ordered
from cnncli.search.evaluation import Row
from cnncli.search.limits import TOP1, Limit
from cnncli.search.pareto import better, front
from cnncli.search.searching import IMPOSSIBLE, Asked, Outcome, row
from cnncli.search.space import Spread
from cnncli.views.data import versioned
from cnncli.views.fitting import giving_way
from cnncli.views.found import BEST, RANK, USUAL_FRONT, Shown, columns_of

SCARCE = ("input_shape", "params", "macs")
"""Columns that give way, in this order, where a terminal is narrow, last those that were asked for."""


@dataclass(frozen=True)
class Finding:
    """What was found, and what is shown of it; `remarks` say what the space leaves out."""

    outcome: Outcome
    shown: Shown
    remarks: Sequence[str] = ()

    @property
    def limits(self) -> Sequence[Limit]:
        return self.outcome.asked.limits

    @cached_property
    def ranked(self) -> list[Row]:
        """All that keep the limits, in order, those on the front marked."""
        on_front = {found["reference"] for found in front(self.outcome.found, self._point)}
        rows = [{**found, "pareto": found["reference"] in on_front} for found in self.outcome.found]
        return ordered(sorted(rows, key=_rank), columns_of(self.shown.kind), self.shown.sort)

    def _point(self, found: Row) -> list[float | None]:
        return [None if found[key] is None else -better(key) * found[key] for key in self.shown.pareto]

    @cached_property
    def rows(self) -> list[Row]:
        """As many of them as are shown, with all that is shown of them."""
        wanted = self.shown.figures(self.limits)
        return [_completed(found, wanted) for found in self.ranked[: self.shown.top]]

    @cached_property
    def nearest(self) -> Row | None:
        return None if self.outcome.found else self.outcome.nearest()


def _rank(found: Row) -> tuple[bool, float, float, str]:
    """By what somebody published of its accuracy, else by its work: the best first."""
    top1, macs = found[TOP1], found[RANK]
    return top1 is None, -(top1 or 0), float("inf") if macs is None else macs, found["reference"]


def _completed(found: Row, wanted: Sequence[str]) -> Row:
    missing = tuple(key for key in wanted if key not in found)
    return {**row(found["reference"], Asked(missing)), **found} if missing else found


def find_document(finding: Finding) -> Document:
    found = bool(finding.outcome.found)
    return Document(
        title="Networks",
        sections=lambda width: [_fitting(finding, width) if found else _limits(finding)],
        data=lambda: versioned(_data(finding)),
        sheet=lambda: Table(finding.shown.sheet(finding.limits), finding.rows),
        conclusion=conclusion(finding),
    )


def conclusion(finding: Finding) -> str:
    """How many of how many; where there are none, which comes nearest."""
    outcome, count = finding.outcome, len(finding.outcome.found)
    every = f"{grouped(outcome.candidates)} candidate{'s' if outcome.candidates != 1 else ''}"
    if not finding.limits and count:
        return f"{every}."
    if count:
        return f"{grouped(count)} of {every} keep{'s' if count == 1 else ''} the limits."
    none = f"None of {every}" if outcome.candidates != 1 else "The one candidate does not"
    does = "keeps" if outcome.candidates != 1 else "keep"
    near = f"; {finding.nearest['reference']} comes nearest" if finding.nearest and outcome.candidates != 1 else ""
    return f"{none} {does} all limits{near}." if outcome.broken else "No candidate makes a network."


def _fitting(finding: Finding, width: int) -> Table:
    """The table without the columns that say nothing, and those for which there is no room, unless asked for."""
    told = finding.shown.table(finding.limits)
    if not finding.shown.columns:
        told = [column for column in told if any(map(column.value, finding.rows))]
    scarce = sorted(SCARCE, key=_asked_for(finding).__contains__) if not finding.shown.columns else ()
    table, missing = giving_way(Table(told, finding.rows), width, scarce)
    return replace(table, notes=[*_notes(finding, table.columns), *missing, *_remarks(finding)])


def _asked_for(finding: Finding) -> set[str]:
    """The figures that somebody named, in one way or another."""
    shown = finding.shown
    fronted = shown.pareto if shown.pareto != USUAL_FRONT else ()
    return {*(limit.key for limit in finding.limits), *fronted, *shown.sorted_by}


MOST_SOURCES = 10
"""More sources than these nobody reads in a row: a column of them says whose each figure is."""


def _published(sources: Sequence[str]) -> str:
    if len(sources) > MOST_SOURCES:
        return f"as {len(sources)} sources published it: the column top1_source says which"
    return f"as published in {'; '.join(sources)}"


def _notes(finding: Finding, columns: Sequence[Column]) -> Iterator[str]:
    """How to read the table: what its accuracies and its marks are."""
    keys = {column.key for column in columns}
    more = len(finding.ranked) - len(finding.rows)
    if more:
        yield f"{grouped(more)} more; --top {grouped(len(finding.ranked)).replace(',', '')} shows all."
    sources = dict.fromkeys(found["top1_source"] for found in finding.rows if found[TOP1] is not None)
    if TOP1 in keys and sources and "top1_source" not in keys:
        yield f"Top-1: accuracy on ImageNet in percent, {_published(list(sources))}."
    if finding.shown.sort is None and any(found[TOP1] is None for found in finding.rows):
        yield "Without a published accuracy: from the fewest MACs on."
    if "pareto" in keys and any(found["pareto"] for found in finding.rows):
        yield f"{BEST} Pareto front: no candidate is better in {_front(finding.shown)} and worse in none."
    elif not any(found["pareto"] for found in finding.ranked):
        unknown = [key for key in finding.shown.pareto if all(found[key] is None for found in finding.ranked)]
        told = enumerated(unknown or finding.shown.pareto)
        yield f"No Pareto front: of no candidate {told} is known; --pareto names other figures."


def _front(shown: Shown) -> str:
    headers = {column.key: column.header.removesuffix(" %") for column in columns_of(shown.kind)}
    return enumerated([headers[key] for key in shown.pareto], "or")


def _remarks(finding: Finding) -> list[str]:
    """What is not among the candidates, or makes no network."""
    impossible = finding.outcome.impossible
    if not impossible:
        return [*finding.remarks]
    first = f"the first: {impossible[0][IMPOSSIBLE]}" if len(impossible) > 1 else impossible[0][IMPOSSIBLE]
    makes = "candidate makes" if len(impossible) == 1 else "candidates make"
    return [*finding.remarks, f"{grouped(len(impossible))} {makes} no network: {first}."]


def remarks_of(made: Spread) -> list[str]:
    """What of the options given did not go into a space."""
    told = []
    for name, lacking in made.lacking.items():
        count = f"{grouped(len(lacking))} architecture{'s' if len(lacking) > 1 else ''}"
        told.append(f"{count} without {name} {'are' if len(lacking) > 1 else 'is'} left out.")
    for name, refused in made.refused.items():
        told += [f"{architecture} takes of {name} only {expected}." for architecture, expected in refused.items()]
    return told


def _limits(finding: Finding) -> Table:
    """How many candidates each limit leaves, and how far beyond it the nearest is."""
    left = [(None, finding.outcome.candidates), *finding.outcome.leaves()]
    written = {column.key: column for column in columns_of(finding.shown.kind)}

    def near(told: tuple[Limit | None, int]) -> str:
        limit, found = told[0], finding.nearest
        return written[limit.key].text(found[limit.key]) if limit and found else ""

    columns = [
        Column("limit", "Limit", lambda told: told[0].text if told[0] else "none"),
        Column("candidates", "Candidates left", lambda told: told[1], True),
    ]
    if finding.nearest:
        columns.append(Column("nearest", finding.nearest["reference"], near, True))
    return Table(columns, left, notes=_remarks(finding))


def _data(finding: Finding) -> dict[str, Any]:
    """`figures` that the rows have as they are known; `limits` in the order in which they were looked at."""
    outcome = finding.outcome
    data: dict[str, Any] = {
        "candidates": outcome.candidates,
        "impossible": len(outcome.impossible),
        "limits": [_limit_data(*each) for each in outcome.leaves()],
        "pareto": list(finding.shown.pareto),
        "remarks": list(_remarks(finding)),
        "count": len(outcome.found),
        "found": finding.rows,
    }
    return data if outcome.found else {**data, "nearest": finding.nearest}


def _limit_data(limit: Limit, left: int) -> Mapping[str, Any]:
    return {"figure": limit.key, "at_least": limit.least, "at_most": limit.most, "candidates_left": left}
