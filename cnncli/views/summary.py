"""The layer table of `summary`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncli.amounts import is_known, total
from cnncli.analysis.labels import counted, group_label
from cnncli.analysis.metrics import Metric, Place, Totals, Unit, metric, metrics
from cnncli.analysis.report import Report, Row, merge_repeats, report
from cnncli.document.document import Document
from cnncli.document.numbers import grouped, in_words, scaled, shape, share
from cnncli.document.table import Column, Heading, Table, choose, natural_width, ordered
from cnncli.errors import UsageError, suggestion
from cnncli.graph import Graph, Scope, fold
from cnncli.graph.fold import BLOCK, STAGE
from cnncli.network import Network
from cnncli.views.data import summary_data, versioned
from cnncli.written import read_choice, read_whole

if TYPE_CHECKING:
    from cnncli.models.spec import Paper

DEFAULT = ("name", "type", "output_shape", "params", "macs", "macs_share")


def columns_for(totals: Mapping[str, Any], reference: str = "") -> tuple[Column, ...]:
    """Every column that a summary can show: what a row is, then the figures of a layer with their shares."""
    return (
        Column("model", "Model", lambda _: reference),
        Column("name", "Layer", lambda row: row.name),
        Column("type", "Type", lambda row: row.text),
        Column("scope", "Scope", lambda row: ".".join(row.scope)),
        Column("inputs", "Inputs", lambda row: " ".join(row.inputs)),
        Column("input_shape", "Input", lambda row: row.input_shape, text=shape),
        Column("output_shape", "Output", lambda row: row.output_shape, text=shape),
        *(column for metric in metrics(Place.COLUMN, additive=True) for column in _figures(metric, totals)),
    )


def _figures(metric: Metric, totals: Mapping[str, Any]) -> list[Column]:
    """The column of a figure, and those of shares that stand behind it."""
    shares = [each for each in metrics(Place.COLUMN, additive=True) if each.share_behind == metric.key]
    return [
        Column(metric.column, metric.title, lambda row: row.amounts[metric.key], right=True),
        *(_share(each, totals) for each in shares),
    ]


def _share(metric: Metric, totals: Mapping[str, Any]) -> Column:
    return Column(
        f"{metric.key}{SHARE}", f"{metric.title} %",
        lambda row: _percent(row.amounts[metric.key], totals[metric.key]), True, _one_decimal,
    )  # fmt: skip


SHARE = "_share"
DEEPEST = 99
"""Depth of scopes that can be asked for."""


def column_keys() -> list[str]:
    """What --columns takes."""
    return [column.key for column in columns_for({})]


def _percent(part: Any, whole: Any) -> float | None:
    """None of what is not known."""
    if not (is_known(part) and is_known(whole)):
        return None
    return round(100 * part / whole, 2) if whole else 0.0


def _one_decimal(percent: float | None) -> str:
    return "" if percent is None else f"{percent:.1f}"


class Wanted(NamedTuple):
    """What to tell of a network: rows of which scope depth (None for layers), which columns, in which order, how many.

    `named` is whether a sheet says in each row whose it is, as one of several networks must, whatever its columns.
    """

    depth: int | None = None
    columns: str | None = None
    sort: str | None = None
    top: int | None = None
    named: bool = False

    @property
    def ranked(self) -> bool:
        """Whether rows stand for themselves, to be counted and put in order: then no run of blocks is one row."""
        return self.sort is not None or self.top is not None


EVERY_LAYER = Wanted()


def summary_document(network: Network, wanted: Wanted = EVERY_LAYER) -> Document:
    """A network's rows and totals. Raises UsageError for unknown columns."""
    found = report(network.graph, wanted.depth)
    columns = columns_for(found.totals, network.reference)
    chosen = choose(columns, wanted.columns, DEFAULT)
    rows = ordered(found.rows, columns, wanted.sort)[: wanted.top]
    model = [column for column in columns if column.key == "model" and column not in chosen]
    sheet = [*model, *chosen] if wanted.named else chosen
    return Document(
        title=network.reference,
        sections=lambda width: [
            _fitting(_table(network, found, chosen, rows, wanted), network.graph, found.totals, wanted, width)
        ],
        data=lambda: versioned(summary_data(network, found, rows)),
        sheet=lambda: Table(sheet, rows),
    )


def _table(network: Network, found: Report, columns: Sequence[Column], rows: Sequence[Row], wanted: Wanted) -> Table:
    whole = len(rows) == len(found.rows)
    shown = rows if wanted.ranked or found.depth is None else merge_repeats(rows)
    notes = () if whole else (_shortened(rows, found),)
    return Table(columns, shown, title(network), _footer(found.totals) if whole else {}, (*notes, *totals_lines(found)))


def _fitting(table: Table, graph: Graph, totals: Totals, wanted: Wanted, width: int) -> Table:
    """The table itself, or a shorter one where the terminal is narrow."""
    if natural_width(table) <= width:
        return table
    if wanted.columns is None:
        return narrow(table, graph, outlined=wanted.depth is None and wanted.sort is None)
    footer = _footer(totals, scaled) if table.footer else {}
    return replace(table, columns=[_in_short(column) for column in table.columns], footer=footer)


def narrow(table: Table, graph: Graph, outlined: bool) -> Table:
    """The default columns for a narrow terminal: MACs in short, without their share; layers below their block."""
    columns = [column for column in table.columns if column.key != "macs_share"]
    rows = table.rows
    if outlined:
        columns[0] = columns[0]._replace(value=_short_name)
        rows = _outline(table.rows, graph)
    columns = [column._replace(text=scaled) if column.key == "macs" else column for column in columns]
    footer = {**table.footer, "macs": scaled(total(row.amounts["macs"] for row in table.rows))} if table.footer else {}
    return replace(table, columns=columns, rows=rows, footer=footer)


def _in_short(column: Column) -> Column:
    return column._replace(text=scaled) if column.right and column.text is not _one_decimal else column


def _short_name(row: Row) -> str:
    return "  " * (len(row.scope) - BLOCK) + row.short_name


def _outline(rows: Sequence[Row], graph: Graph) -> list[Row | Heading]:
    """Rows with a heading where a scope begins: its name and, for a block, what a person would call it."""
    outlined: list[Row | Heading] = []
    labels = {group.scope: str(group_label(group)) for group in fold(graph, BLOCK) if group.kinds}
    opened: Scope = ()
    for scope, members in groupby(rows, key=lambda row: row.scope):
        if scope and opened[: len(scope)] != scope:
            name = ".".join(scope) if len(scope) <= BLOCK else scope[-1]
            outlined.append(Heading({"name": name, "type": labels.get(scope, "")}))
        outlined.extend(members)
        opened = scope
    return outlined


def depth_of(by: str) -> int | None:
    """The scope depth of a level: None for layers. Raises UsageError for another word."""
    levels = {"layer": None, "stage": STAGE, "block": BLOCK}
    level = read_choice(by, levels)
    if level is not None:
        return levels[level]
    depth = read_whole(by)
    if depth is None or not 1 <= depth <= DEEPEST:
        raise UsageError(
            f"--by {by}: expected layer, block, stage or a depth from 1 to {DEEPEST}{suggestion(by, tuple(levels))}"
        )
    return depth


def title(network: Network) -> str:
    """Which network it is; of an architecture with all its options, and the paper."""
    about = network.about
    if about is None:
        return f"{network.reference}  ({len(network.graph.nodes)} layers, from Python)"
    options = ", ".join(f"{name}={text}" for name, text in about.options.items())
    first = f"{network.reference}  ({about.family}, {about.year}; flavor {about.flavor})"
    return f"{first}\n{options}\n{_cited(about.paper)}"


def _cited(paper: Paper) -> str:
    """A paper with its number at arXiv, where it has one."""
    return paper.title if not paper.arxiv else f"{paper.title}, arXiv {paper.arxiv}"


def _footer(totals: Totals, write: Callable[[Any], str] = grouped) -> dict[str, str]:
    told = metrics(Place.COLUMN, additive=True)
    whole = [each for each in told if each.share_behind and is_known(totals[each.key]) and totals[each.key]]
    shares = {f"{each.key}{SHARE}": "100.0" for each in whole}
    return {"name": "Total", **{each.column: write(totals[each.key]) for each in told}, **shares}


def _shortened(rows: Sequence[Row], found: Report) -> str:
    part = share(total(row.amounts["macs"] for row in rows), found.totals.macs)
    return f"{len(rows)} of {len(found.rows)} rows, with {part} of the MACs"


NAMES = 16
"""Characters for the names of the lines below the table."""


def totals_lines(found: Report) -> tuple[str, ...]:
    """The totals, each with its name; ends where there are several, and what could not be counted."""
    told = [(each.title, _total(each, found.totals)) for each in metrics(Place.LINE)]
    for name, nodes in (("Inputs", found.inputs), ("Outputs", found.outputs)):
        if len(nodes) > 1:
            told.append((name, ", ".join(f"{node.name} {shape(node.shape)}" for node in nodes)))
    lines = [f"{name:<{NAMES}}{text}" for name, text in told]
    uncounted = found.totals.uncounted()
    if uncounted:
        layers = f"{len(uncounted)} layer{'s' if len(uncounted) > 1 else ''} uncounted"
        lines.append(f"{layers} ({counted([node.type for node in uncounted])})")
    return tuple(lines)


def _total(told: Metric, totals: Totals) -> str:
    value = totals[told.key]
    if value is None:
        return "-"
    if told.unit is Unit.PIXELS:
        return f"{shape(value)} pixels"
    if told.unit is Unit.BYTES:
        return _bytes(value) + (f" ({told.remark})" if told.remark else "")
    if told.parts:
        split = ", ".join(f"{metric(key).title.lower()} {grouped(totals[key])}" for key in told.parts)
        return f"{in_words(value, grouped)} ({split})"
    return in_words(value, lambda number: f"{scaled(number)} ({grouped(number)})")


def _bytes(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_bytes(size)} {dtype}" for dtype, size in value.items())
    return in_words(value, lambda size: scaled(size, "B"))
