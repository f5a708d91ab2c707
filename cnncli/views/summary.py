"""The layer table of `summary`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from cnncli.analysis.costs import Totals
from cnncli.analysis.labels import group_label
from cnncli.analysis.report import Report, Row, merge_repeats, report
from cnncli.document.document import Document
from cnncli.document.numbers import grouped, scaled, shape, share
from cnncli.document.table import Column, Heading, Table, choose, natural_width
from cnncli.errors import UsageError
from cnncli.graph import Graph, Scope, fold
from cnncli.graph.fold import BLOCK
from cnncli.models.options import show
from cnncli.models.reference import Model
from cnncli.models.spec import Paper
from cnncli.views.data import summary_data, versioned

DEFAULT = ("name", "type", "output_shape", "params", "macs", "macs_share")


def columns_for(totals: Totals, reference: str = "") -> tuple[Column, ...]:
    """Every column that a summary can show; a new one is a line here."""
    return (
        Column("model", "Model", lambda _: reference),
        Column("name", "Layer", lambda row: row.name),
        Column("type", "Type", lambda row: row.text),
        Column("scope", "Scope", lambda row: ".".join(row.scope)),
        Column("inputs", "Inputs", lambda row: " ".join(row.inputs)),
        Column("input_shape", "Input", lambda row: row.input_shape, text=shape),
        Column("output_shape", "Output", lambda row: row.output_shape, text=shape),
        Column("params", "Params", lambda row: row.params, right=True),
        Column("trainable_params", "Trainable", lambda row: row.trainable_params, right=True),
        Column("non_trainable_params", "Non-trainable", lambda row: row.non_trainable_params, right=True),
        Column("params_share", "Params %", lambda row: _percent(row.params, totals.params), True, _one_decimal),
        Column("macs", "MACs", lambda row: row.macs, right=True),
        Column("macs_share", "MACs %", lambda row: _percent(row.macs, totals.macs), True, _one_decimal),
        Column("flops", "FLOPs", lambda row: row.flops, right=True),
        Column("layers_folded", "Layers", lambda row: row.layers_folded, right=True),
    )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def _one_decimal(percent: float) -> str:
    return f"{percent:.1f}"


class Wanted(NamedTuple):
    """What to tell of a network: rows of which scope depth (None for layers), which columns, in which order, how many.

    `named` is whether a sheet says in each row whose it is, as one of several networks must.
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


def summary_document(model: Model, graph: Graph, wanted: Wanted) -> Document:
    """A network's rows and totals. Raises UsageError for unknown columns."""
    found = report(graph, wanted.depth)
    columns = columns_for(found.totals, model.reference)
    chosen = choose(columns, wanted.columns, DEFAULT)
    rows = ordered(found.rows, columns, wanted.sort)[: wanted.top]
    sheet = chosen if wanted.columns is not None or not wanted.named else choose(columns, None, ("model", *DEFAULT))
    return Document(
        title=model.reference,
        sections=lambda width: [
            _fitting(_table(model, found, chosen, rows, wanted), graph, found.totals, wanted, width)
        ],
        data=lambda: versioned(summary_data(model, found, rows, graph.warnings)),
        sheet=lambda: Table(sheet, rows),
    )


def _table(model: Model, found: Report, columns: Sequence[Column], rows: Sequence[Row], wanted: Wanted) -> Table:
    whole = len(rows) == len(found.rows)
    shown = rows if wanted.ranked or found.depth is None else merge_repeats(rows)
    notes = () if whole else (_shortened(rows, found),)
    return Table(columns, shown, title(model), _footer(found.totals) if whole else {}, (*notes, *totals_lines(found)))


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
    footer = {**table.footer, "macs": scaled(sum(row.macs for row in table.rows))} if table.footer else {}
    return replace(table, columns=columns, rows=rows, footer=footer)


def _in_short(column: Column) -> Column:
    return column._replace(text=scaled) if column.right and not column.key.endswith("_share") else column


def _short_name(row: Row) -> str:
    return "  " * (len(row.scope) - BLOCK) + row.name.rpartition(".")[2]


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


def ordered(rows: Sequence[Row], columns: Sequence[Column], sort: str | None) -> list[Row]:
    """By a column: numbers from the largest, text from a to z. Raises UsageError for an unknown column."""
    if sort is None:
        return list(rows)
    (column,) = choose(columns, sort, ()) if "," not in sort else (_fail(sort),)
    numeric = all(isinstance(column.value(row), (int, float)) for row in rows)
    return sorted(rows, key=column.value, reverse=numeric)


def _fail(sort: str) -> Column:
    raise UsageError(f"--sort {sort}: expected one column")


def title(model: Model) -> str:
    options = ", ".join(f"{name}={show(value)}" for name, value in model.options.items())
    about = f"{model.reference}  ({model.spec.family}, {model.spec.year}; flavor {model.flavor})"
    return f"{about}\n{options}\n{_cited(model.spec.paper)}"


def _cited(paper: Paper) -> str:
    """A paper with its number at arXiv, where it has one."""
    return paper.title if paper.arxiv in ("", "-") else f"{paper.title}, arXiv {paper.arxiv}"


def _footer(totals: Totals, write: Callable[[int], str] = grouped) -> dict[str, str]:
    return {
        "name": "Total",
        "params": write(totals.params),
        "trainable_params": write(totals.trainable_params),
        "non_trainable_params": write(totals.non_trainable_params),
        "params_share": "100.0",
        "macs": write(totals.macs),
        "macs_share": "100.0",
        "flops": write(totals.flops),
        "layers_folded": write(totals.layers),
    }


def _shortened(rows: Sequence[Row], found: Report) -> str:
    part = share(sum(row.macs for row in rows), found.totals.macs)
    return f"{len(rows)} of {len(found.rows)} rows, with {part} of the MACs"


def totals_lines(found: Report) -> tuple[str, ...]:
    """The totals of DESIGN, each with its name."""
    totals = found.totals
    sizes = ", ".join(f"{scaled(size, 'B')} {dtype}" for dtype, size in totals.weight_bytes.items())
    field = shape(totals.receptive_field) + " pixels" if totals.receptive_field else "-"
    return (
        f"Params          {grouped(totals.params)} "
        f"(trainable {grouped(totals.trainable_params)}, non-trainable {grouped(totals.non_trainable_params)})",
        f"MACs            {scaled(totals.macs)} ({grouped(totals.macs)})",
        f"FLOPs           {scaled(totals.flops)} ({grouped(totals.flops)})",
        f"Weights         {sizes}",
        f"Peak activation {scaled(totals.peak_activation_bytes, 'B')} (float32, batch 1)",
        f"Receptive field {field}",
    )
