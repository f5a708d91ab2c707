"""The timeline of `memory`: what is held at each operation, where most is, and which tensors that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN, is_known, known_part
from cnncli.analysis.deployment import Deployment, kind_as_it_is
from cnncli.analysis.timeline import LAYER, Step, Timeline, timeline
from cnncli.deployed.reorder import Reordering
from cnncli.document.document import Document
from cnncli.document.numbers import grouped, in_words, scaled, shape, share
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Heading, Table, choose, natural_width, ordered
from cnncli.errors import UsageError, suggestion
from cnncli.graph import Graph, Shape
from cnncli.network import Network
from cnncli.views.data import versioned
from cnncli.views.memory_data import memory_data
from cnncli.views.summary import NAMES, depth_of, outline, short_name, title, uncounted_lines
from cnncli.written import read_choice

DEFAULT = ("operation", "name", "type", "output_shape", "reads", "writes", "live_bytes", "share")
SPARED = ((), ("operation",), ("reads", "writes"), ("type",), ("output_shape",))
"""What is left out where a terminal is narrow, first to last."""
BAR, LEAST_BAR = 20, 5
"""Characters of a bar where there is room, and of one that still tells small from large."""
OPERATION = "operation"


class Wanted(NamedTuple):
    """What to tell: of which kind and batch, None for a file's own or float32 and one example; which rows and columns.

    `depth` is that of the rows' scopes, timeline.LAYER for layers, None for operations. `named` is whether a sheet says
    in each row whose it is. `reorder` is whether the order is told that takes least.
    """

    kind: str | None = None
    batch: int | None = None
    depth: int | None = None
    columns: str | None = None
    sort: str | None = None
    top: int | None = None
    named: bool = False
    reorder: bool = False


def level_of(by: str) -> int | None:
    """The depth of a level: None for operations, LAYER for layers. Raises UsageError for another word."""
    if read_choice(by, (OPERATION,)):
        return None
    try:
        return depth_of(by) or LAYER
    except UsageError:
        near = suggestion(by, (OPERATION, "layer", "block", "stage"))
        raise UsageError(f"--by {by}: expected operation, layer, block, stage or a depth such as 3{near}") from None


def check_runs(network: Network) -> None:
    """Raise UsageError for a file of weights alone."""
    reading = network.origin.reading
    if reading and reading.only_weights:
        raise UsageError(f"{network.reference} holds weights alone, not what reads them; name the whole model")


def timeline_of(network: Network, wanted: Wanted) -> Timeline:
    """Raises UsageError where nothing is run."""
    check_runs(network)
    kind = wanted.kind or kind_as_it_is(network.graph)
    found = timeline(network.graph, kind, wanted.batch, wanted.depth, wanted.reorder)
    if found.plan.impossible:
        raise UsageError(f"{network.reference} cannot be deployed as {kind}: {found.plan.impossible}")
    own = network.graph.file_plan
    if not found.rows and own:
        raise UsageError(f"{network.reference} is {own.kind}, batch {own.batch}: no other kind or batch is made of it")
    if not found.rows:
        raise UsageError(f"{network.reference}: nothing is computed in it, so nothing is held in memory")
    return found


def memory_document(network: Network, wanted: Wanted) -> Document:
    """A network's rows, its peak and its arena. Raises UsageError for columns that there are not."""
    found = timeline_of(network, wanted)
    columns = columns_for(network, found)
    chosen = choose(columns, wanted.columns, DEFAULT)
    by = "live_bytes" if wanted.top and not wanted.sort else wanted.sort
    rows = ordered(found.rows, columns, by)[: wanted.top]
    model = [column for column in columns if column.key == "model" and column not in chosen]
    sheet = [*model, *chosen] if wanted.named else chosen
    whole = Table(
        chosen, rows, f"{title(network)}\n{headline(found)}", {}, _notes(found, rows, wanted.reorder), _is_peak(found)
    )
    spared = SPARED if wanted.columns is None else ((),)
    outlined = wanted.columns is None and wanted.depth in (None, LAYER) and by is None
    return Document(
        title=network.reference,
        sections=lambda width: [fitting(whole, network.graph, width, spared, outlined=outlined)],
        data=lambda: versioned(memory_data(network, found, rows)),
        sheet=lambda: Table(sheet, rows),
    )


def order_told(order: Reordering | None) -> str:
    """Whether another order of the operations takes less, and how sure that is."""
    if order is None:
        return "whether another takes less is not known, as some sizes or operations are not"
    least = f"none takes less than {scaled(order.floor, 'B')}"
    if not order.saved:
        return "no other takes less" if order.exact else f"none was found that takes less; {least}"
    after, before = scaled(order.after, "B"), scaled(order.before, "B")
    saved = f"{after} instead of {before}, {share(order.saved, order.before)} less than in the file's order"
    return f"{saved}; {'no other takes less' if order.exact else least}"


def columns_for(network: Network | None = None, found: Timeline | None = None) -> tuple[Column, ...]:
    """Every column; without a network and its timeline only their keys and headers mean something."""
    most = known_part(found.peak.bytes) if found else 0
    mark = "peak" if found and is_known(found.peak.bytes) else "largest known"
    return (
        Column("model", "Model", lambda _: network and network.reference),
        Column("operation", "#", lambda step: step.operation, True),
        Column("name", "Layer", lambda step: step.name),
        Column("layers", "Layers", lambda step: " ".join(step.layers)),
        Column("type", "Type", lambda step: step.text),
        Column("scope", "Scope", lambda step: ".".join(step.scope)),
        Column("output_shape", "Output", lambda step: step.output_shape, text=shape),
        bytes_column("reads", "Reads"),
        bytes_column("writes", "Writes"),
        bytes_column("constants", "Constants"),
        bytes_column("live_bytes", "Live"),
        bar_column("Of the peak", lambda step: step.live_bytes, most, mark),
    )


def bytes_column(key: str, header: str) -> Column:
    return Column(key, header, lambda row: getattr(row, key), True, lambda size: scaled(size, "B"))


def bar_column(header: str, value: Callable[[Any], Any], whole: Any, mark: str) -> Column:
    """The share of `whole` in percent, as a bar; `mark` stands behind that of all of it."""

    def percent(row: Any) -> float | None:
        size = value(row)
        if not (is_known(size) and whole):
            return None
        return 100.0 if size == whole else min(round(100 * size / whole, 2), 99.99)

    return Column("share", header, percent, text=lambda found: mark if found == 100 else "", bar=BAR)


def column_keys() -> list[str]:
    """What --columns takes."""
    return [column.key for column in columns_for()]


def _is_peak(found: Timeline) -> Any:
    """Whether a row is where most is held, of all that is known."""
    most = known_part(found.peak.bytes)
    return lambda step: bool(most) and known_part(step.live_bytes) == most


def fitting(table: Table, graph: Graph, width: int, spared: Sequence[Sequence[str]], *, outlined: bool) -> Table:
    """The table itself, or one that is as narrow as a terminal: with shorter bars, layers below their blocks if
    `outlined`, and without the columns that are spared, first to last.
    """
    if natural_width(table) <= width:
        return table
    rows, columns = list(table.rows), list(table.columns)
    if outlined:
        rows = [_bare(row) if isinstance(row, Heading) else row for row in outline(rows, graph)]
        columns = [column._replace(value=short_name) if column.key == "name" else column for column in columns]
    for keys in spared:
        columns = [column for column in columns if column.key not in keys]
        shorter = replace(table, columns=columns, rows=rows)
        over = natural_width(shorter) - width
        if over <= BAR - LEAST_BAR:
            return _with_bar(shorter, min(BAR, BAR - over))
    least = replace(shorter, columns=[_unnamed(column) for column in shorter.columns])
    return _with_bar(least, min(BAR, max(BAR - natural_width(least) + width, LEAST_BAR)))


def _bare(heading: Heading) -> Heading:
    """The name alone: what a person calls the block would take the room of the types of its operations."""
    return Heading({"name": heading.cells["name"]})


def _unnamed(column: Column) -> Column:
    """A bar without its header, and a sign in place of the word behind it."""
    return column._replace(header="", text=lambda value: column.text(value) and "<") if column.bar else column


def _with_bar(table: Table, width: int) -> Table:
    columns = [column._replace(bar=width) if column.bar else column for column in table.columns]
    return replace(table, columns=columns)


def headline(found: Timeline) -> str:
    """`Peak 14.45 MB at stage2.block1.expand_activation: three tensors of 112x112x96`, and what that holds for."""
    most, of = in_words(found.peak.bytes, sized), _deployed_as(found)
    if found.peak.operation is None or found.peak.bytes is UNKNOWN:
        return f"Peak {most} ({of})"
    return f"Peak {most} at {found.name(found.peak.operation)}: {tensors(found.held_of_one)} ({of})"


def _deployed_as(found: Timeline) -> str:
    return f"{found.plan.kind}, batch {found.plan.batch}"


def sized(size: int) -> str:
    """`14.45 MB (14,450,688 bytes)`."""
    exact = f"{grouped(size)} bytes"
    return exact if size < 1000 else f"{scaled(size, 'B')} ({exact})"


MOST_SHAPES = 3
"""Of tensors that a headline tells apart."""
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def tensors(held: Sequence[tuple[Shape, str]]) -> str:
    """`three tensors of 112x112x96`; of many shapes the largest, and how many others there are."""
    mixed = len({dtype for _, dtype in held}) > 1
    names = (shape(sizes) + (f" {dtype}" if mixed else "") for sizes, dtype in held)
    shapes = list(Counter(names).items())
    told, others = shapes[:MOST_SHAPES], sum(count for _, count in shapes[MOST_SHAPES:])
    (largest, alike), *rest = told
    parts = [f"{_number(alike)} tensor{'s' if alike > 1 else ''} of {largest}"]
    parts += [f"{_number(count)} of {sizes}" for sizes, count in rest]
    return enumerated([*parts, *([f"{_number(others)} smaller"] if others else [])])


def _number(count: int) -> str:
    return WORDS[count] if count < len(WORDS) else grouped(count)


def _notes(found: Timeline, rows: Sequence[Step], reorder: bool) -> list[str]:
    """How many rows are shown, the arena, and what could not be counted."""
    notes = [f"{len(rows)} of {len(found.rows)} rows"] if len(rows) < len(found.rows) else []
    notes.append(f"{'Arena':<{NAMES}}{_arena(found.figures)}")
    notes += [f"{'Order':<{NAMES}}{order_told(found.order)}"] if reorder else []
    notes += uncounted_lines(found.uncounted)
    return [*notes, "Live is what an operation reads and writes and what a later one reads, without weights."]


def _arena(figures: Deployment) -> str:
    """What TensorFlow Lite Micro needs: for the tensors, and by estimate behind them; or why nobody can say."""
    if not figures.arena_tail_bytes:
        return f"unknown: {figures.why_no_arena}"
    low, high = (scaled(size, "B") for size in figures.arena_tail_bytes)
    return f"{sized(figures.arena_bytes)} for TFLite Micro's tensors; {low} to {high} more behind them, by estimate"
