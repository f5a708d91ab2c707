"""The layer table of `summary`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncli.amounts import is_known, total
from cnncli.analysis.deployment import kind_as_it_is
from cnncli.analysis.labels import counted, group_label
from cnncli.analysis.metric import Metric, Place, Unit
from cnncli.analysis.metrics import OF_PAPERS, Totals, metric, metrics
from cnncli.analysis.movement import Roof
from cnncli.analysis.report import Report, Row, merge_repeats, report
from cnncli.document.document import Document, Section
from cnncli.document.numbers import grouped, in_words, scaled, shape, share
from cnncli.document.table import Column, Heading, Table, choose, least_width, natural_width, ordered
from cnncli.errors import UsageError, suggestion
from cnncli.graph import Graph, Node, Scope, fold
from cnncli.graph.dtypes import FULL
from cnncli.graph.fold import BLOCK, STAGE
from cnncli.graph.freezing import frozen
from cnncli.network import Network
from cnncli.views.columns import DEFAULT, MOVED, SHARE, UNDER_A_ROOF, columns_for, is_figure, with_bars
from cnncli.views.data import versioned
from cnncli.views.deployment import deployed_table
from cnncli.views.fitting import giving_way
from cnncli.views.selection import freezing, kept
from cnncli.views.summary_data import summary_data
from cnncli.written import read_choice, read_whole

if TYPE_CHECKING:
    from cnncli.models.spec import Paper


DEEPEST = 99
"""Depth of scopes that can be asked for."""


class Wanted(NamedTuple):
    """What to tell of a network: rows of which scope depth (None for layers), which columns, in which order, how many.

    `named` is whether a sheet says in each row whose it is, as one of several networks must, whatever its columns.
    `types` are the layers' classes and `at` the height and width of the outputs that rows are kept of. `freeze_before`
    is the layer, by its number or name, before which training changes nothing. Under a `roof` each row says what holds
    it back; bytes that layers move are those of the deployed network of this `kind`. `bars` stand behind shares.
    """

    depth: int | None = None
    columns: str | None = None
    sort: str | None = None
    top: int | None = None
    named: bool = False
    types: str | None = None
    at: str | None = None
    freeze_before: str | None = None
    roof: Roof | None = None
    kind: str | None = None
    bars: bool = False

    @property
    def ranked(self) -> bool:
        """Whether rows stand for themselves, to be counted and put in order: then no run of blocks is one row."""
        return self.sort is not None or self.top is not None


EVERY_LAYER = Wanted()
SCARCE = ("output_shape", "type")
SCARCE_UNDER_A_ROOF = ("type", "macs", "arithmetic_intensity")
"""Columns that are left out where a terminal is narrow, the first one first. What a row is bound by stays."""


def summary_document(network: Network, wanted: Wanted = EVERY_LAYER) -> Document:
    """A network's rows and totals. Raises UsageError for columns, layer types, resolutions and layers that it lacks."""
    boundary = freezing(network, wanted.freeze_before)
    if boundary:
        network = replace(network, graph=frozen(network.graph, boundary.index))
    found = report(network.graph, wanted.depth, wanted.kind or kind_as_it_is(network.graph))
    columns = columns_for(network, found, wanted.roof)
    chosen = choose(columns, wanted.columns, UNDER_A_ROOF if wanted.roof else DEFAULT)
    rows = ordered(kept(network, found, wanted.types, wanted.at), columns, wanted.sort)[: wanted.top]
    model = [column for column in columns if column.key == "model" and column not in chosen]
    sheet = [*model, *chosen] if wanted.named else chosen
    return Document(
        title=network.reference,
        sections=lambda width: _sections(
            _fitting(_table(network, found, chosen, rows, wanted, boundary), found, wanted, width), network
        ),
        data=lambda: versioned(summary_data(network, found, rows, wanted.roof)),
        sheet=lambda: Table(sheet, rows),
    )


def _sections(layers: Table, network: Network) -> list[Section]:
    """The layers with their totals, and what the network is as deployed."""
    deployed = deployed_table(network)
    return [layers, deployed] if deployed else [layers]


def _table(
    network: Network,
    found: Report,
    columns: Sequence[Column],
    rows: Sequence[Row],
    wanted: Wanted,
    boundary: Node | None,
) -> Table:
    whole = len(rows) == len(found.rows)
    shown = rows if wanted.ranked or found.depth is None else merge_repeats(rows)
    notes = [] if whole else [_shortened(rows, found)]
    lines = [
        *totals_lines(found, network),
        *([_frozen_line(network, boundary)] if boundary else []),
        *([_roof_line(found, wanted.roof)] if wanted.roof else []),
    ]
    return Table(columns, shown, title(network), _footer(found, columns) if whole else {}, (*notes, *lines))


def _roof_line(found: Report, roof: Roof) -> str:
    from cnncli.views.roofline import roof_line  # with decimal numbers, which take a while to load

    return f"{'Roofline':<{NAMES}}{roof_line(roof, found.movements, found.kind)}"


def _fitting(table: Table, found: Report, wanted: Wanted, width: int) -> Table:
    """The table itself, or a shorter one where the terminal is narrow."""
    shares = {column.key: column for column in table.columns if wanted.bars and column.key.endswith(SHARE)}
    if natural_width(table) <= width:
        return with_bars(table, width, shares)
    if wanted.columns is None:
        shorter = narrow(table, found.graph, outlined=wanted.depth is None and wanted.sort is None)
        fits, missing = giving_way(shorter, width, SCARCE_UNDER_A_ROOF if wanted.roof else SCARCE, least_width)
        if not wanted.roof:
            fits = with_bars(fits, width, {key.removesuffix(SHARE): share for key, share in shares.items()})
        return replace(fits, notes=(*missing, *fits.notes))
    footer = _footer(found, table.columns, scaled) if table.footer else {}
    return replace(table, columns=[_in_short(column) for column in table.columns], footer=footer)


def narrow(table: Table, graph: Graph, outlined: bool) -> Table:
    """The default columns for a narrow terminal: MACs in short, without their share; layers below their block.

    Under a roof what holds a layer back is worth more than its shape.
    """
    left_out = {"macs_share", "output_shape" if any(column.key == "bound" for column in table.columns) else ""}
    columns = [column for column in table.columns if column.key not in left_out]
    rows = table.rows
    if outlined:
        columns[0] = columns[0]._replace(value=short_name)
        rows = outline(table.rows, graph)
    columns = [column._replace(text=scaled) if column.key == "macs" else column for column in columns]
    footer = {**table.footer, "macs": scaled(total(row.amounts["macs"] for row in table.rows))} if table.footer else {}
    return replace(table, columns=columns, rows=rows, footer=footer)


def _in_short(column: Column) -> Column:
    return column._replace(text=scaled) if is_figure(column) else column


def short_name(row: Any) -> str:
    """As a row is called below the heading of its block."""
    return "  " * (len(row.scope) - BLOCK) + str(row.short_name)


def outline(rows: Sequence[Any], graph: Graph) -> list[Any]:
    """Rows, each with its scope, and a Heading where one begins: its name and, of a block, what a person calls it."""
    outlined: list[Any] = []
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
        from cnncli.views.origin import heading  # only what is no architecture needs it

        return "\n".join([*heading(network), *_structure(network)])
    options = ", ".join(f"{name}={text}" for name, text in about.options.items())
    first = f"{network.reference}  ({about.family}, {about.year}; flavor {about.flavor})"
    return f"{first}\n{options}\n{_cited(about.paper)}"


def _structure(network: Network) -> list[str]:
    """Which known network it is, in a line; nothing where that is not quickly told."""
    from cnncli.analysis.identify.identity import recognized
    from cnncli.views.identify import structure_lines

    return structure_lines(recognized(network))


def _cited(paper: Paper) -> str:
    """A paper with its number at arXiv, where it has one."""
    return paper.title if not paper.arxiv else f"{paper.title}, arXiv {paper.arxiv}"


def _frozen_line(network: Network, first: Node) -> str:
    name = network.layer_names[first.index] if network.layer_names else ""
    also = f" ({name} in Keras)" if name and name != first.name else ""
    return f"{'Frozen':<{NAMES}}{first.index} of {len(network.graph.nodes)} layers, those before {first.name}{also}"


def _footer(found: Report, columns: Sequence[Column], write: Callable[[Any], str] = grouped) -> dict[str, str]:
    """The last row: sums of figures, and of what moves where it is shown, which is not worked out otherwise."""
    totals = found.totals
    told = metrics(Place.COLUMN, additive=True)
    whole = [each for each in told if each.share_behind and is_known(totals[each.key]) and totals[each.key]]
    shares = {f"{each.key}{SHARE}": "100.0" for each in whole}
    whole_row = _whole(found) if any(column.key in MOVED for column in columns) else None
    moved = {column.key: column.text(column.value(whole_row)) for column in columns if column.key in MOVED}
    return {"name": "Total", **{each.column: write(totals[each.key]) for each in told}, **shares, **moved}


def _whole(found: Report) -> Row:
    """All layers as one row."""
    return replace(found.rows[0], nodes=tuple(range(len(found.graph.nodes))))


def _shortened(rows: Sequence[Row], found: Report) -> str:
    shown = f"{len(rows)} of {len(found.rows)} rows"
    macs, whole = total(row.amounts["macs"] for row in rows), found.totals.macs
    return f"{shown}, with {share(macs, whole)} of the MACs" if is_known(macs) and is_known(whole) else shown


NAMES = 16
"""Characters for the names of the lines below the table."""


def totals_lines(found: Report, network: Network) -> tuple[str, ...]:
    """The totals, each with its name; the ends with their types, but of weights alone; and what could not be counted.

    The weights of a file are told as they are stored. Of an architecture the output is told only where there are
    several.
    """
    lines = [f"{name:<{NAMES}}{text}" for name, text in told_totals(found, network)]
    return (*lines, *uncounted_lines(found.totals.uncounted()), OF_PAPERS)


def told_totals(found: Report, network: Network) -> list[tuple[str, str]]:
    """The names of the totals, with what is told of each."""
    told = [(each.title, _total(each, found.totals)) for each in metrics(Place.LINE)]
    reading = network.origin.reading
    return told + ([] if reading and reading.only_weights else _told_ends(network))


def uncounted_lines(nodes: Sequence[Node]) -> list[str]:
    """The layers that are not in the figures, in a line; none where there are none."""
    layers = f"{len(nodes)} layer{'s' if len(nodes) > 1 else ''} uncounted"
    return [f"{layers} ({counted([node.type for node in nodes])})"] if nodes else []


def _told_ends(network: Network) -> list[tuple[str, str]]:
    inputs, outputs = network.graph.inputs, network.graph.outputs
    told = [(f"Input{'s' if len(inputs) > 1 else ''}", _ends(inputs) + _range(network))]
    if network.origin.reading or len(outputs) > 1:
        told.append((f"Output{'s' if len(outputs) > 1 else ''}", _ends(outputs)))
    return told


def _ends(nodes: Sequence[Node]) -> str:
    """Inputs or outputs, each with its shape and type: `image 224x224x3 uint8`."""
    return ", ".join(f"{node.name} {shape(node.shape)} {node.dtype}" for node in nodes) or "none"


def _range(network: Network) -> str:
    """`, -1 to 1`: between which numbers the input's values lie, where that is known."""
    told = network.known_range
    return "" if told is None else f", {told[0]:g} to {told[1]:g}"


def _total(told: Metric, totals: Totals) -> str:
    value = totals[told.key]
    if value is None:
        return "-"
    if told.unit is Unit.PIXELS:
        return f"{shape(value)} pixels"
    if told.unit is Unit.BYTES and told.stored:
        stored = totals[told.stored]
        if set(stored) - {FULL}:
            return f"{_bytes(total(stored.values()))} as stored: {_bytes(stored)}"
    if told.unit is Unit.BYTES:
        return f"{_bytes(told.figure(value))} ({FULL})"
    if told.parts:
        split = ", ".join(f"{metric(key).title.lower()} {grouped(totals[key])}" for key in told.parts)
        return f"{in_words(value, grouped)} ({split})"
    return in_words(value, lambda number: f"{scaled(number)} ({grouped(number)})")


def _bytes(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{_bytes(size)} {dtype}" for dtype, size in value.items())
    return in_words(value, lambda size: scaled(size, "B"))
