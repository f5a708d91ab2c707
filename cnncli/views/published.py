"""Published figures in words and tables: those of networks a row each under their source, those of one network in
several widths and sizes of input as a grid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncli.document.document import Paragraphs, Section
from cnncli.document.numbers import resolution, setting
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Heading, Table, natural_width
from cnncli.network import of_published

if TYPE_CHECKING:
    from cnncli.models.spec import ModelSpec, Published

TITLE = "Published figures"
SIZE = "input_shape"
COUNTED = {"params": "all params", "params_without_bn": "params without batch norm"}
"""What the parameters are, where they are not those that are trained."""


class Told(NamedTuple):
    """Published figures, and the architecture that they are of."""

    spec: ModelSpec
    published: Published

    @property
    def reference(self) -> str:
        return of_published(self.spec, self.published).reference

    @property
    def width(self) -> str:
        """All options but the input's size, as a reference has them."""
        options = {name: value for name, value in self.published.options.items() if name != SIZE}
        network = of_published(self.spec, self.published._replace(options=options))
        return network.reference.partition(":")[2]

    @property
    def size(self) -> tuple[int, ...]:
        network = of_published(self.spec, self.published)
        found: tuple[int, ...] = network.options[SIZE]
        return found

    @property
    def why(self) -> str:
        """What the parameters are where that is not usual, and why the figures are others than those computed here."""
        counted = COUNTED.get(self.published.counted, "") if self.published.params else ""
        return "; ".join(filter(None, (counted, self.published.erratum)))


def spaced(figure: str | None) -> str:
    """A figure as it was published, 5.3M, as people read it: 5.3 M."""
    return re.sub(r"(?<=[0-9])([kMG])", r" \1", figure or "")


def _percent(told: Told) -> str:
    return "" if told.published.top1 is None else str(float(told.published.top1))


COLUMNS = (
    Column("model", "Model", lambda told: told.reference),
    Column("params", "Params", lambda told: spaced(told.published.params), True),
    Column("macs", "MACs", lambda told: spaced(told.published.macs), True),
    Column("top1", "Top-1 %", _percent, True),
    Column("why", "Other than here", lambda told: told.why),
)


def published_sections(specs: Sequence[ModelSpec], width: int) -> list[Section]:
    """What was published of some architectures, for a width; nothing where nothing was."""
    every = [Told(spec, figures) for spec in specs for figures in spec.published]
    sources = dict.fromkeys(told.published.source for told in every)
    rows: list[Told | Heading] = []
    grids: list[Table] = []
    weights: list[str] = []
    for source in sources:
        these = [told for told in every if told.published.source == source]
        shown = [told for told in these if told.published.figures or told.published.top1 is not None]
        grid = _in_grids(shown)
        rest = [told for told in shown if told not in grid]
        rows += [Heading({"model": source}), *rest] if rest else []
        grids += [_grid(source, members) for members in _by_network(grid)]
        files = [told for told in these if told not in shown]
        weights += [f"{source}: also {_files(members)}." for members in _by_network(files)]
    used = [column for column in COLUMNS if any(column.value(row) for row in rows if isinstance(row, Told))]
    tables = ([Table(used, rows, TITLE)] if rows else []) + grids
    found: list[Section] = [table if natural_width(table) <= width else _sentences(table) for table in tables]
    return found + ([Paragraphs(weights)] if weights else [])


def _in_grids(every: Sequence[Told]) -> list[Told]:
    """Those of networks of which the same source tells of several sizes of input."""
    sizes: dict[str, set[tuple[int, ...]]] = {}
    for told in every:
        sizes.setdefault(told.spec.name, set()).add(told.size)
    return [told for told in every if len(sizes[told.spec.name]) > 1]


def _by_network(every: Sequence[Told]) -> Iterator[list[Told]]:
    yield from (list(members) for _, members in groupby(every, key=lambda told: told.spec.name))


class Width(NamedTuple):
    """A row of a grid: what a network is but for its input, and what was published of it by size."""

    name: str
    params: str
    cells: dict[tuple[int, ...], str]


def _grid(source: str, members: Sequence[Told]) -> Table:
    """A row a width, and a column a size with MACs and top-1."""
    sizes = sorted({told.size for told in members}, reverse=True)
    rows = [_row(name, list(group), members) for name, group in groupby(members, key=lambda told: told.width)]
    columns = [
        Column("width", "Width", lambda row: row.name),
        Column("params", "Params", lambda row: row.params, True),
        *(Column(resolution(size), resolution(size), _cell(size), True) for size in sizes),
    ]
    millions = "millions of " if _in_millions(members) else ""
    title = f"{members[0].spec.name}: {source} ({millions}MACs and top-1 % by the input's size)"
    return Table(columns, rows, title, notes=_reasons(members))


def _in_millions(members: Sequence[Told]) -> bool:
    return all((told.published.macs or "M").endswith("M") for told in members)


def _row(name: str, these: Sequence[Told], members: Sequence[Told]) -> Width:
    """One of the widths of a grid, all of whose MACs are in millions or have each their own unit."""
    unit = "M" if _in_millions(members) else ""
    cells = {told.size: f"{(told.published.macs or '').removesuffix(unit)} {_percent(told)}".strip() for told in these}
    return Width(name or "usual", spaced(these[0].published.params), cells)


def _cell(size: tuple[int, ...]) -> Any:
    return lambda row: row.cells.get(size, "")


def _reasons(members: Sequence[Told]) -> list[str]:
    """Why figures are others, each once, with what it is of where it is not of all."""
    reasons: dict[str, list[Told]] = {}
    for told in members:
        for reason in filter(None, told.why.split("; ")):
            reasons.setdefault(reason, []).append(told)
    return [f"{reason}{_of(these, members)}" for reason, these in reasons.items()]


def _of(these: Sequence[Told], members: Sequence[Told]) -> str:
    if len(these) == len(members):
        return ""
    if len(these) == 1:
        return f": {these[0].reference}"
    return f": {enumerated(list(dict.fromkeys(told.width or 'usual width' for told in these)))}"


def _files(members: Sequence[Told]) -> str:
    """What networks there are weights of: `mobilenet_v2 with alpha=1.4 and alpha=1.3; with ... and input_shape=...`."""
    sizes: dict[str, list[str]] = {}
    for told in members:
        sizes.setdefault(told.width, []).append(setting(told.size))
    widths: dict[tuple[str, ...], list[str]] = {}
    for width, these in sizes.items():
        widths.setdefault(tuple(these), []).append(width)
    told_of = [
        f"{enumerated([name or 'usual width' for name in names])} at {enumerated(these)}"
        for these, names in widths.items()
    ]
    return f"{members[0].spec.name}: {'; '.join(told_of)}"


def _sentences(table: Table) -> Paragraphs:
    """A table that has no room, a line a row."""
    lines = [f"{table.title}:"]
    for row in table.rows:
        first, *others = table.columns
        if isinstance(row, Heading):
            lines.append(f"{row.cells[first.key]}:")
            continue
        said = [(column, column.cell(row)) for column in others]
        words = [text if column.key == "why" else f"{column.header} {text}" for column, text in said if text]
        lines.append(f"- {first.cell(row)}: {'; '.join(words)}")
    return Paragraphs([*lines, *table.notes])
