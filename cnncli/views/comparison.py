"""The report of `compare`: totals and stages side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from cnncli.amounts import is_known, total
from cnncli.analysis.compare.comparison import Entry, StageRow, crosses, identical
from cnncli.analysis.metric import About, Metric, Place, Unit
from cnncli.analysis.metrics import figures as figures_of
from cnncli.analysis.metrics import metric, stored
from cnncli.document import READABLE
from cnncli.document.document import Paragraphs, Section
from cnncli.document.numbers import grouped, resolution, scaled, shape, times
from cnncli.document.table import Column, Heading, Table, choose, natural_width, ordered
from cnncli.graph import Group
from cnncli.views.fitting import fitting

BEST = "★"


class Row(NamedTuple):
    """A figure of each network. `better` is -1 where less is better, 1 where more is, 0 where neither.

    `exact` and `short` write it for people; `compared` says whether differences and ratios mean anything, and `main`
    whether they are worth their room where that is scarce. `of_files` is whether files may have it, too.
    """

    key: str
    header: str
    value: Callable[[Entry], Any]
    better: int = -1
    exact: Callable[[Any], str] = grouped
    short: Callable[[Any], str] = scaled
    compared: bool = True
    main: bool = False
    of_files: bool = True


def _row(told: Metric) -> Row:
    """Weights as they are stored; what differs by kind for each kind that is worth a row."""
    held = stored(told)
    exact, short = {
        Unit.COUNT: (grouped, scaled if told.better else grouped),
        Unit.BYTES: (_bytes, _bytes),
        Unit.PIXELS: (shape, shape),
    }[told.unit]
    compared = told.unit is not Unit.PIXELS

    def value(found: Entry) -> Any:
        return held.figure(found.totals[held.key])

    return Row(told.key, told.header, value, told.better, exact, short, compared, told.main)


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
    told = sorted(figures_of(Place.COMPARISON), key=lambda metric: order.index(metric.about))
    return [
        Row("input_shape", "Input", _input, 0, resolution, resolution, compared=False, main=True),
        *map(_row, told),
        Row("top1", "Top-1 %", _top1, 1, str, str, main=True, of_files=False),
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


class Shown(NamedTuple):
    """What is shown of the totals: which figures, by their keys or headers, and ordered by which; None: as they are."""

    columns: str | None = None
    sort: str | None = None


EVERYTHING = Shown()


def totals_table(entries: Sequence[Entry], width: int, shown: Shown = EVERYTHING) -> Table:
    """A row a figure, as detailed as fits; where none of these does, or models are ordered, a row a model.

    Raises UsageError for unknown columns.
    """
    told = _chosen(shown.columns)
    if shown.columns is None and not any(found.network.model for found in entries):
        told = [row for row in told if row.of_files]
    room = min(width, READABLE)
    for layout in LAYOUTS if shown.sort is None else ():
        table = _by_figure(entries, told, layout)
        if natural_width(table) <= room:
            return replace(table, notes=[*_meanings(told), CHANGES, *_sources(entries, told), *_identities(entries)])
    return _by_model(entries, told, room, shown)


def _chosen(columns: str | None) -> list[Row]:
    every = rows()
    names = [Column(row.key, row.header, lambda _: None) for row in every]
    keys = [column.key for column in choose(names, columns, [row.key for row in every])]
    return sorted((row for row in every if row.key in keys), key=lambda row: keys.index(row.key))


class Layout(NamedTuple):
    """How a figure is told: exactly or in short, with its difference and its ratio to the baseline's, or without."""

    exact: bool
    difference: bool
    ratio: bool


LAYOUTS = (Layout(True, True, True), Layout(False, True, True), Layout(False, False, True))
"""From the most detailed on."""


def _by_figure(entries: Sequence[Entry], told: Sequence[Row], layout: Layout) -> Table:
    wanted = [True, layout.difference, layout.ratio]
    texts = []
    for row in told:
        cells = [_texts(row, figure, layout.exact) for figure in figures(row, entries)]
        changes = [text for cell in cells[1:] for text, shown in zip(cell, wanted, strict=True) if shown]
        texts.append([row.header, cells[0][0], *changes])
    headers = ["", entries[0].reference]
    for found in entries[1:]:
        named = (found.reference, "Difference", "Ratio")
        headers += [header for header, shown in zip(named, wanted, strict=True) if shown]
    return Table([_text_column(at, header) for at, header in enumerate(headers)], texts)


def _text_column(position: int, header: str) -> Column:
    return Column(str(position), header, lambda row: row[position], right=position > 0)


def _by_model(entries: Sequence[Entry], told: Sequence[Row], room: int, shown: Shown) -> Table:
    """The figures that were chosen, else as many as fit, those before others that are worth their room."""
    order = ordered(range(len(entries)), totals_sheet(entries).columns, shown.sort)
    columns = [["Model", *(entries[place].reference for place in order)]]
    fitting: list[Row] = []
    for row in told if shown.columns is not None else sorted(told, key=lambda row: not row.main):
        values = [_texts(row, figure, False)[0] for figure in figures(row, entries)]
        column = [row.header, *(values[place] for place in order)]
        if shown.columns is None and natural_width(_columns([*columns, column])) > room:
            break
        columns.append(column)
        fitting.append(row)
    left = [row.header for row in told if row not in fitting]
    more = [f"Left out for want of room: {', '.join(left)}; --columns names what is shown."] if left else []
    notes = [*more, *_meanings(fitting), *_sources(entries, fitting), *_identities(entries)]
    return replace(_columns(columns), notes=notes)


def _columns(columns: Sequence[Sequence[str]]) -> Table:
    """A table of columns that each begin with their header."""
    shown = [_text_column(at, column[0]) for at, column in enumerate(columns)]
    return Table(shown, list(zip(*(column[1:] for column in columns), strict=True)))


CHANGES = "Differences and ratios are to the first model."


def _meanings(told: Sequence[Row]) -> list[str]:
    """What a word means of which people know another meaning."""
    depth = "Depth: convolutions in a row; Keras's own table counts all layers with weights."
    return [depth] if any(row.key == "depth" for row in told) else []


def _sources(entries: Sequence[Entry], told: Sequence[Row]) -> list[str]:
    """Where the accuracies are from."""
    sources = dict.fromkeys(found.network.published.source for found in entries if found.network.published)
    shown = sources and any(row.key == "top1" for row in told)
    return [f"Top-1: accuracy on ImageNet as published in {'; '.join(sources)}."] if shown else []


def _identities(entries: Sequence[Entry]) -> list[str]:
    return [identity for found in entries[1:] if (identity := identity_line(entries[0], found))]


def identity_line(one: Entry, other: Entry) -> str:
    """Says that two networks are identical, if only at inference; empty where they are not."""
    if crosses(one, other) or not identical(one, other):  # of files more is told elsewhere
        return ""
    same = [node.layer for node in one.graph.nodes] == [node.layer for node in other.graph.nodes]
    more = "" if same else " at inference; they differ in training only"
    return f"{one.reference} and {other.reference} are identical{more}."


def stage_table(entries: Sequence[Entry], rows: Sequence[StageRow], width: int) -> Iterator[Section]:
    """Models beside each other, with as many of their figures as fit; two or three else below each other.

    Nothing of models without stages, such as tables of weights.
    """
    rows = [row for row in rows if any(stage and stage.nodes[0].inputs for stage in row)]  # the input is in the totals
    if rows:
        yield _stages(entries, rows, width)


def _stages(entries: Sequence[Entry], rows: Sequence[StageRow], width: int) -> Section:
    for columns in (STAGE_COLUMNS, *(STAGE_COLUMNS[:1] + STAGE_COLUMNS[at:] for at in (2, 3)), STAGE_COLUMNS[3:]):
        table = _stages_beside(entries, rows, columns)
        if natural_width(table) <= min(width, READABLE):
            return table
    if len(entries) <= MOST_BELOW:
        without = ("2",), ("1",)  # blocks, then shapes
        return fitting(_stages_below(entries, rows), width, *without, wraps="0")
    return Paragraphs([f"The stages of {len(entries)} models have no room beside each other; --format json has them."])


MOST_BELOW = 3
"""More models than these below each other under each stage are no table that one reads."""


def _stage_cost(told: Metric, stage: Group) -> str:
    assert told.layer is not None
    return scaled(total(map(told.layer, stage.nodes)))


STAGE_COLUMNS: tuple[tuple[str, Callable[[Group], str]], ...] = (
    ("Output", lambda stage: shape(stage.shape)),
    ("Blocks", lambda stage: str(len(stage.kinds) or "")),
    *((metric(key).title, partial(_stage_cost, metric(key))) for key in ("params", "macs")),
)


def _stages_beside(
    entries: Sequence[Entry], rows: Sequence[StageRow], told: Sequence[tuple[str, Callable[[Group], str]]]
) -> Table:
    columns = [["Stage", *map(stage_name, rows)]]
    for number, found in enumerate(entries):
        for place, (header, text) in enumerate(told):
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
    headers = ["Stage", *(name for name, _ in STAGE_COLUMNS)]
    return Table([_text_column(at, header) for at, header in enumerate(headers)], texts)


def stage_name(row: StageRow) -> str:
    """`stage5`; the names in the order of the models, `stage5 / - / stage6`, where they number it differently."""
    names = dict.fromkeys(stage.name for stage in row if stage)
    return next(iter(names)) if len(names) == 1 else " / ".join(stage.name if stage else "-" for stage in row)


MOST_DIFFERING = 8
"""More models than these are looked over, not held against the first: their sheet has the figures alone."""


def totals_sheet(entries: Sequence[Entry], shown: Shown = EVERYTHING) -> Table:
    """A row a model: every figure itself, of few models with difference and ratio where they mean something; or the
    chosen ones.
    """
    columns = [Column("model", "Model", lambda row: entries[row].reference)]
    for row in rows():
        found = figures(row, entries)
        columns.append(_figure_column(row.key, row.header, found, lambda figure: figure.value))
        if row.compared:
            differing = f"{row.key}_difference", f"{row.header} difference"
            columns.append(_figure_column(*differing, found, lambda figure: figure.difference))
            columns.append(
                _figure_column(f"{row.key}_ratio", f"{row.header} ratio", found, lambda figure: figure.ratio)
            )
    order = ordered(range(len(entries)), columns, shown.sort)
    if shown.columns is not None:
        return Table([columns[0], *choose(columns, shown.columns, ())], order)
    alone = {"model", *(row.key for row in rows())}
    few = len(entries) <= MOST_DIFFERING
    return Table([column for column in columns if few or column.key in alone], order)


def _figure_column(key: str, header: str, found: Sequence[Figure], value: Callable[[Figure], Any]) -> Column:
    return Column(key, header, lambda row: value(found[row]))
