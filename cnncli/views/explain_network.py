"""What `explain` tells of a network: what it brought, its blocks, what they save and what they add."""

from __future__ import annotations

from cnncli.analysis.explain.network import Ancestor, Explanation
from cnncli.document.document import Document, Paragraphs, Section
from cnncli.document.numbers import grouped, in_words, scaled
from cnncli.document.table import Column, Table, natural_width
from cnncli.network import Network
from cnncli.views.data import versioned
from cnncli.views.explain_blocks import block_table, names, outside_table
from cnncli.views.explain_data import explained_data, places_sheet
from cnncli.views.explain_savings import (
    savings_sections,
)
from cnncli.views.summary import title


def network_document(network: Network) -> Document:
    """A network on a page."""
    found = Explanation(network)
    return Document(
        title=network.reference,
        sections=lambda width: _sections(found, width),
        data=lambda: versioned(explained_data(found)),
        sheet=lambda: places_sheet(found),
    )


def _sections(found: Explanation, width: int) -> list[Section]:
    called = zip(found.kinds, names(found.kinds), strict=True)
    return [
        _heading(found),
        *_lineage(found, width),
        *(block_table(kind, name, width) for kind, name in called),
        *([outside_table(found.outside, bool(found.kinds), width)] if found.outside else []),
        *savings_sections(found, width),
    ]


def _heading(found: Explanation) -> Table:
    """Which network it is, what it introduced, and how large it is."""
    model, totals = found.network.model, found.totals
    rows = [
        *([("Introduced", model.spec.introduced)] if model else []),
        *((unit, in_words(totals[key], _exactly)) for key, unit in (("params", "Params"), ("macs", "MACs"))),
        ("Blocks", _blocks(found)),
    ]
    columns = [Column("what", "", lambda row: row[0]), Column("fact", "", lambda row: row[1])]
    return Table(columns, rows, title(found.network))


def _exactly(number: int) -> str:
    """`4.25 M (4,253,864)`, `834`."""
    exact = grouped(number)
    return exact if number < ROUNDED else f"{scaled(number)} ({exact})"


ROUNDED = 10_000
"""From here on a number is told in short, too."""


def _blocks(found: Explanation) -> str:
    """`13 of one kind`; of a network without blocks that it has none."""
    count, kinds = sum(len(kind.blocks) for kind in found.kinds), len(found.kinds)
    if not count:
        return "none: its layers stand by themselves"
    return f"{count} of one kind" if kinds == 1 else f"{count} of {kinds} kinds"


# What it stands on.


def _lineage(found: Explanation, width: int) -> list[Section]:
    """The architectures that it descends from; nothing of what has none."""
    lines = found.ancestors
    if not lines:
        return []
    columns = [
        Column("year", "Year", lambda line: line.year, True, str),
        Column("name", "Network", lambda line: line.name),
        Column("introduced", "What it brought", lambda line: line.introduced),
        Column("direct", "Taken up", lambda line: "directly" if line.direct else ""),
    ]
    table = Table(columns, lines, "What it stands on")
    if natural_width(table) <= width or width >= ROOM:
        return [table]
    return [Paragraphs([f"{table.title}:", *map(_ancestor, lines)])]


ROOM = 76
"""Characters from which on a table is better read than sentences."""


def _ancestor(line: Ancestor) -> str:
    return f"- {line.name} ({line.year}): {line.introduced}{'; taken up directly' if line.direct else ''}"
