"""What `history` tells: year by year what each paper brought, what its network costs, and how accurate it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from textwrap import wrap
from typing import Any

from cnncli.analysis.history import Descent, Generation, Step, charted, descents, generations, steps
from cnncli.document.document import Document, Paragraphs, Section
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Table, choose, natural_width, ordered
from cnncli.draw.chart import Across, Chart, ChartPoint, Panel
from cnncli.errors import UsageError
from cnncli.views.data import listed_data, versioned
from cnncli.views.fitting import giving_way
from cnncli.views.list import TOP1, columns_of, spans, specs_of

Row = Step | Generation

SHOWN = ("year", "name", "networks", "params", "macs", "top1", "receptive_field", "depth", "introduced")
SCARCE = ("networks", "receptive_field", "depth", "params", "macs")
"""Columns that give way, in this order, where what a paper introduced has no room."""
SENTENCE = 26
"""The least width of what a paper introduced; it may take several lines."""
ROOM = 64
"""Characters from which on a table is better read than sentences."""
OF_SHEETS = (
    "year", "name", "family", "architecture", "networks", "params", "macs", "top1", "top1_source", "receptive_field",
    "depth", "introduced", "descends_from", "paper", "arxiv",
)  # fmt: skip
MOST_LINES = 16
"""More lines of descent are drawn over the years alone: costs have no order in which they could be followed."""
BEST = (
    "A row is the network of a paper with the best published top-1, the first where none is published; --all shows "
    "every network."
)


def every_column() -> list[Column]:
    """Those of `list`, with the year first, and which networks a paper has."""
    known = {column.key: column for column in columns_of()}
    first = [known.pop("year"), known.pop("name")._replace(header="Network")]
    return [
        *first,
        Column("architecture", "Architecture", _paper),
        Column("networks", "One of", _networks),
        *known.values(),
    ]


def column_keys() -> list[str]:
    """What --columns takes."""
    return [column.key for column in every_column()]


def _paper(row: Row) -> str:
    return row.name if isinstance(row, Generation) else row.paper


def _networks(row: Row) -> str:
    """The networks of a paper that has several; nothing of one."""
    names = [step.spec.name for step in row.steps] if isinstance(row, Generation) else []
    return spans(names, names) if len(names) > 1 else ""


@dataclass(frozen=True)
class Past:
    """The networks of some families and years, what is shown of them and in which order; `every`: not by papers."""

    found: Sequence[Step]
    every: bool = False
    columns: str | None = None
    sort: str | None = None

    @staticmethod
    def of(families: Sequence[str], since: int | None, until: int | None) -> Past:
        """Raises UsageError for a family that is not there, and for years in which there was none."""
        found = steps(specs_of(families), since, until)
        if not found:
            years = [f"since {since}"] * (since is not None) + [f"until {until}"] * (until is not None)
            whose = f" of {enumerated(families)}" if families else ""
            raise UsageError(f"no network{whose} {' and '.join(years)}")
        return Past(found)

    @cached_property
    def papers(self) -> list[Generation]:
        return generations(self.found)

    @cached_property
    def rows(self) -> Sequence[Row]:
        """Raises UsageError for a column that is not there."""
        return ordered(self.found if self.every else self.papers, every_column(), self.sort)

    @cached_property
    def links(self) -> list[Descent]:
        return descents([paper.name for paper in self.papers])


def history_document(past: Past) -> Document:
    """Raises UsageError for a column that is not there."""
    chosen = choose(every_column(), past.columns, SHOWN)
    rows = past.rows
    return Document(
        title="History",
        sections=lambda width: [_table(past, chosen, rows) if past.columns else _story(past, chosen, rows, width)],
        data=lambda: versioned(_data(past)),
        sheet=lambda: Table(choose(every_column(), past.columns, OF_SHEETS), rows),
    )


def _table(past: Past, columns: Sequence[Column], rows: Sequence[Row], missing: Sequence[str] = ()) -> Table:
    keys = {column.key for column in columns}
    several = not past.every and any(len(paper.steps) > 1 for paper in past.papers)
    told = [TOP1, *_sources(rows)] if "top1" in keys and "top1_source" not in keys else []
    return Table(columns, rows, notes=[*([BEST] if several else []), *missing, *told])


def _story(past: Past, columns: Sequence[Column], rows: Sequence[Row], width: int) -> Section:
    """The table of what there is room for; where there is none a few short lines a row."""
    columns = [column for column in columns if any(column.value(row) not in (None, "") for row in rows)]
    if width < ROOM:
        table = _table(past, columns, rows)
        return Paragraphs([line for row in rows for line in _lines(row, width)] + list(table.notes))
    table, missing = giving_way(Table(columns, rows), width, SCARCE, _least_width)
    return _table(past, table.columns, rows, missing)


def _least_width(table: Table) -> int:
    """With what was introduced, the last column, on as many lines as it takes."""
    others = replace(table, columns=table.columns[:-1])
    introduced = natural_width(replace(table, columns=table.columns[-1:]))
    return natural_width(others) + 2 + min(SENTENCE, introduced)


def _lines(row: Row, width: int) -> list[str]:
    """`2015 resnet152`, and below it, set in, its figures and what was new."""
    columns = {column.key: column for column in columns_of()}
    told = [(columns["params"].cell(row), "params"), (columns["macs"].cell(row), "MACs")]
    top1 = columns["top1"].cell(row)
    figures = [f"{text}\u00a0{what}" for text, what in told] + ([f"top-1\u00a0{top1}\u00a0%"] if top1 else [])
    below = [", ".join(figures), row.spec.introduced]
    return [f"{row.spec.year} {row.spec.name}", *(line for text in below for line in _set_in(text, width))]


def _set_in(text: str, width: int) -> list[str]:
    lines = wrap(text, width, initial_indent="  ", subsequent_indent="  ", break_long_words=False)
    return [line.replace("\u00a0", " ") for line in lines]


PAPERS = "Top-1 from the papers"


def _sources(rows: Sequence[Row]) -> list[str]:
    """Who says how accurate networks are, with the networks: a source a line, the papers' own in one."""
    whose: dict[str, list[str]] = {}
    for row in rows:
        if row.spec.top1:
            source = row.spec.top1.source
            own = bool(row.spec.paper.arxiv) and row.spec.paper.arxiv in source
            whose.setdefault(PAPERS if own else f"Top-1 from {_where(source)}", []).append(row.spec.name)
    names = [row.spec.name for row in rows]
    return [f"{source}: {spans(told, names)}." for source, told in whose.items()]


def _where(source: str) -> str:
    """Without the table or file that it stands in: `cnncli list FAMILY` has them."""
    return source.partition(", ")[0]


def _data(past: Past) -> dict[str, Any]:
    """Papers by year, with those whose ideas they take up, and all networks."""
    earlier: dict[str, list[str]] = {}
    for link in past.links:
        earlier.setdefault(link.later, []).append(link.earlier)
    papers = [
        {
            "name": paper.name,
            "year": paper.steps[0].spec.year,
            "introduced": paper.spec.introduced,
            "networks": [step.spec.name for step in paper.steps],
            "best": paper.best.spec.name,
            "descends_from": earlier.get(paper.name, []),
        }
        for paper in past.papers
    ]
    ordered_ = past.rows if past.every else past.found
    return {"papers": papers, "models": [listed_data(row.network, row.spec, row.totals) for row in ordered_]}


def history_chart(past: Past) -> Chart:
    """Accuracy by year and by MACs; points as large as the networks, the best of each paper named and joined with
    those whose ideas it takes up. Raises UsageError where no accuracy is known.
    """
    found = charted(past.found)
    if not found:
        raise UsageError("nothing to draw: no accuracy on ImageNet is published of these networks")
    papers = generations(found)
    best = {paper.name: paper.best.spec.name for paper in papers}
    families = len({step.spec.family for step in found}) > 1
    points = [
        ChartPoint(
            step.spec.name, step.spec.year, step.spec.family if families else step.paper,
            named=step.spec.name == best[step.paper], amount=step.totals.params,
        )
        for step in found
    ]  # fmt: skip
    top1 = {step.spec.name: step.top1 for step in found if step.top1 is not None}
    lines = [(best[link.earlier], best[link.later]) for link in descents([*best])]
    years = Across("Year of the paper", "linear", {step.spec.name: step.spec.year for step in found})
    macs = Across("Multiply-accumulates of one image", "log", {step.spec.name: step.totals.macs for step in found})
    accuracy = "Top-1 accuracy on ImageNet, %"
    panels = [
        Panel(accuracy, "linear", top1, lines, years),
        Panel(accuracy, "linear", top1, lines if len(lines) <= MOST_LINES else (), macs),
    ]
    return Chart(macs.label, points, panels, "parameters")
