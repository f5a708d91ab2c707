"""The report of `compare`: totals and stages side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.compare.comparison import Entry, StageRow, identical
from cnncli.analysis.metrics import About, Metric, Place, Unit, amounts, metric, metrics
from cnncli.document import READABLE
from cnncli.document.numbers import grouped, resolution, scaled, shape, times
from cnncli.document.table import Column, Heading, Table, natural_width
from cnncli.graph import Group

BEST = "★"


class Row(NamedTuple):
    """A figure of each network. `better` is -1 where less is better, 1 where more is, 0 where neither.

    `exact` and `short` write it for people; `compared` says whether differences and ratios mean anything, and `main`
    whether they are worth their room where that is scarce.
    """

    key: str
    header: str
    value: Callable[[Entry], Any]
    better: int = -1
    exact: Callable[[Any], str] = grouped
    short: Callable[[Any], str] = scaled
    compared: bool = True
    main: bool = False


def _row(metric: Metric) -> Row:
    header = f"{metric.title} {metric.detail}".rstrip()
    exact, short = {
        Unit.COUNT: (grouped, scaled if metric.better else grouped),
        Unit.BYTES: (_bytes, _bytes),
        Unit.PIXELS: (shape, shape),
    }[metric.unit]
    compared = metric.unit is not Unit.PIXELS

    def value(found: Entry) -> Any:
        return metric.figure(found.totals[metric.key])

    return Row(metric.key, header, value, metric.better, exact, short, compared, metric.main)


def _bytes(number: Any) -> str:
    return scaled(number, "B")


def _input(found: Entry) -> Any:
    inputs = found.graph.inputs
    return inputs[0].shape if inputs else None


def _top1(found: Entry) -> float | None:
    return found.network.published and found.network.published.top1


def rows() -> list[Row]:
    """What is compared: the input, the figures by what they are of, and the accuracy that somebody published."""
    order = list(About)
    told = sorted(metrics(Place.COMPARISON), key=lambda metric: order.index(metric.about))
    return [
        Row("input_shape", "Input", _input, 0, resolution, resolution, compared=False),
        *map(_row, told),
        Row("top1", "Top-1 %", _top1, 1, str, str),
    ]


class Figure(NamedTuple):
    """A figure of one network beside the baseline's."""

    value: Any
    base: Any
    best: bool

    @property
    def difference(self) -> Any:
        return None if None in (self.value, self.base) else round(self.value - self.base, 6)

    @property
    def ratio(self) -> float | None:
        known = is_known(self.value) and is_known(self.base)
        return self.value / self.base if known and self.value and self.base else None


def figures(row: Row, entries: Sequence[Entry]) -> list[Figure]:
    """A figure of each network, the first being the baseline; the best is marked where they are not all alike."""
    values = [row.value(found) for found in entries]
    known = [value for value in values if value is not None and is_known(value)]
    best = None
    if row.better and len(set(known)) > 1:
        best = max(known) if row.better > 0 else min(known)
    return [Figure(value, values[0], best is not None and value == best) for value in values]


def _texts(row: Row, figure: Figure, exact: bool) -> tuple[str, str, str]:
    """Value with the mark of the best, difference and ratio."""
    write = row.exact if exact else row.short
    value = "-" if figure.value is None else write(figure.value)
    value += f" {BEST}" if figure.best else "  " if row.better else ""
    if not row.compared or figure.difference is None:
        return value, "", ""
    return value, _signed(figure.difference, write), times(figure.ratio) if figure.ratio else ""


def _signed(difference: Any, write: Callable[[Any], str]) -> str:
    if not is_known(difference):
        return str(difference)
    sign = "+" if difference > 0 else "-" if difference < 0 else ""
    return sign + write(abs(difference)) if sign else "="


def totals_table(entries: Sequence[Entry], width: int) -> Table:
    """A row a metric, where that fits; else a row a model, to be cut between the metrics."""
    notes = [*_sources(entries), *_identities(entries)]
    for exact in (True, False):
        table = _by_metric(entries, exact)
        if natural_width(table) <= min(width, READABLE):
            return replace(table, notes=notes)
    return replace(_by_model(entries), notes=notes)


def _by_metric(entries: Sequence[Entry], exact: bool) -> Table:
    texts = []
    for row in rows():
        cells = [_texts(row, figure, exact) for figure in figures(row, entries)]
        texts.append([row.header, cells[0][0], *(text for cell in cells[1:] for text in cell)])
    headers = ["", entries[0].reference]
    for found in entries[1:]:
        headers += [found.reference, "Difference", "Ratio"]
    return Table([_text_column(at, header) for at, header in enumerate(headers)], texts)


def _text_column(position: int, header: str) -> Column:
    return Column(str(position), header, lambda row: row[position], right=position > 0)


def _by_model(entries: Sequence[Entry]) -> Table:
    """A row a model; the main metrics lead, and stay together with their difference and ratio."""
    columns: list[list[str]] = [["Model", *(found.reference for found in entries)]]
    together = [1]
    for row in sorted(rows(), key=lambda row: not row.main):
        values, *changes = zip(*(_texts(row, figure, False) for figure in figures(row, entries)), strict=True)
        columns.append([row.header, *values])
        if row.main:
            columns += [
                [header, "", *texts[1:]] for header, texts in zip(("Difference", "Ratio"), changes, strict=True)
            ]
        together.append(3 if row.main else 1)
    return replace(_columns(columns), together=together)


def _columns(columns: Sequence[Sequence[str]]) -> Table:
    """A table of columns that each begin with their header."""
    shown = [_text_column(at, column[0]) for at, column in enumerate(columns)]
    return Table(shown, list(zip(*(column[1:] for column in columns), strict=True)))


def _sources(entries: Sequence[Entry]) -> list[str]:
    """Where the accuracies are from, and what the words mean."""
    sources = dict.fromkeys(found.network.published.source for found in entries if found.network.published)
    lines = ["Depth: convolutions in a row. Differences and ratios are to the first model."]
    return lines + ([f"Top-1: accuracy on ImageNet as published in {'; '.join(sources)}."] if sources else [])


def _identities(entries: Sequence[Entry]) -> list[str]:
    return [identity for found in entries[1:] if (identity := identity_line(entries[0], found))]


def identity_line(one: Entry, other: Entry) -> str:
    """Says that two networks are identical, if only at inference; empty where they are not."""
    if not identical(one, other):
        return ""
    same = [node.layer for node in one.graph.nodes] == [node.layer for node in other.graph.nodes]
    more = "" if same else " at inference; they differ in training only"
    return f"{one.reference} and {other.reference} are identical{more}."


def stage_table(entries: Sequence[Entry], rows: Sequence[StageRow], width: int) -> Table:
    """Models beside each other, where they fit; else below each other under each stage."""
    rows = [row for row in rows if any(stage and stage.nodes[0].inputs for stage in row)]  # the input is in the totals
    table = _stages_beside(entries, rows)
    return table if natural_width(table) <= min(width, READABLE) else _stages_below(entries, rows)


def _stage_cost(told: Metric, stage: Group) -> str:
    return scaled(amounts(stage.nodes)[told.key])


STAGE_COLUMNS: tuple[tuple[str, Callable[[Group], str]], ...] = (
    ("Output", lambda stage: shape(stage.shape)),
    ("Blocks", lambda stage: str(len(stage.kinds) or "")),
    *((metric(key).title, partial(_stage_cost, metric(key))) for key in ("params", "macs")),
)


def _stages_beside(entries: Sequence[Entry], rows: Sequence[StageRow]) -> Table:
    columns = [["Stage", *map(stage_name, rows)]]
    for number, found in enumerate(entries):
        for place, (header, text) in enumerate(STAGE_COLUMNS):
            cells = [text(stage) if (stage := row[number]) else "" for row in rows]
            columns.append([f"{'' if place else found.reference}\n{header}", *cells])
    return _columns(columns)


def _stages_below(entries: Sequence[Entry], rows: Sequence[StageRow]) -> Table:
    texts: list[Sequence[str] | Heading] = []
    for row in rows:
        texts.append(Heading({"0": stage_name(row)}))
        for found, stage in zip(entries, row, strict=True):
            cells = [text(stage) for _, text in STAGE_COLUMNS] if stage else ["-", "", "", ""]
            texts.append(["  " + found.reference, *cells])
    return Table(
        [_text_column(at, header) for at, header in enumerate(["Stage", *(name for name, _ in STAGE_COLUMNS)])], texts
    )


def stage_name(row: StageRow) -> str:
    """`stage5`, or all its names where the models number it differently."""
    return ", ".join(dict.fromkeys(stage.name for stage in row if stage))


def totals_sheet(entries: Sequence[Entry]) -> Table:
    """A row a model: every figure itself, with difference and ratio where they mean something."""
    columns = [Column("model", "Model", lambda row: entries[row].reference)]
    for row in rows():
        found = figures(row, entries)
        columns.append(_figure_column(row.key, found, lambda figure: figure.value))
        if row.compared:
            columns.append(_figure_column(f"{row.key}_difference", found, lambda figure: figure.difference))
            columns.append(_figure_column(f"{row.key}_ratio", found, lambda figure: figure.ratio))
    return Table(columns, range(len(entries)))


def _figure_column(key: str, found: Sequence[Figure], value: Callable[[Figure], Any]) -> Column:
    return Column(key, key, lambda row: value(found[row]))
