"""The table of `list` for models that were named: a row each, files with what kind of file they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cnncli.analysis.metrics import Totals
from cnncli.document.document import Document
from cnncli.document.numbers import scaled, shape
from cnncli.document.table import Column, Table, choose, ordered
from cnncli.graph import Shape
from cnncli.network import Network
from cnncli.records import Record, record
from cnncli.views.data import ends_data, model_data, stored_data, totals_data, uncounted_data, versioned
from cnncli.views.figures import figure_columns
from cnncli.views.fitting import giving_way
from cnncli.views.origin import shortly


@record
class Listed(Record):
    """A network with its figures; `name` is short, as it stands beside the others."""

    network: Network
    name: str
    totals: Totals

    @property
    def format(self) -> str:
        """What kind of file it is; of others what they are instead."""
        file, about = self.network.origin.file, self.network.about
        return file.format.title if file else "architecture" if about else "Python"

    @property
    def bytes(self) -> int | None:
        file = self.network.origin.file
        return file.bytes if file else None

    @property
    def input_shape(self) -> Shape | None:
        inputs = self.network.graph.inputs
        return inputs[0].shape if inputs else None

    @property
    def quantization(self) -> str:
        reading = self.network.origin.reading
        return reading.quantization if reading else ""


COLUMNS = (
    Column("name", "Model", lambda listed: listed.name),
    Column("format", "Format", lambda listed: listed.format),
    Column("bytes", "Size", lambda listed: listed.bytes, True, lambda size: "" if size is None else scaled(size, "B")),
    Column("params", "Params", lambda listed: listed.totals.params, True, scaled),
    Column("macs", "MACs", lambda listed: listed.totals.macs, True, scaled),
    Column(
        "input_shape",
        "Input",
        lambda listed: listed.input_shape,
        False,
        lambda sizes: "-" if sizes is None else shape(sizes),
    ),
    Column("quantization", "Quantization", lambda listed: listed.quantization),
)
SCARCE = ("quantization", "bytes", "format", "input_shape")
"""Columns that give way, in this order, where a terminal is narrow."""


def models_document(
    networks: Sequence[Network], columns: str | None = None, sort: str | None = None, kind: str | None = None
) -> Document:
    """Some models, in the order in which they were named, or in the one that is asked for.

    `kind` is what figures are of that differ by what a network is deployed as; None: each of its own.
    Raises UsageError for columns that they have not.
    """
    listed = [
        Listed(network, short.reference, Totals(network.graph))
        for network, short in zip(networks, shortly(networks), strict=True)
    ]
    shown = {column.key for column in COLUMNS}
    every = [*COLUMNS, *(column for column in figure_columns(kind, of_files=True) if column.key not in shown)]
    found = ordered(listed, every, sort)
    chosen = choose(every, columns, ()) if columns is not None else None
    reference = Column("reference", "Reference", lambda listed: listed.network.reference)
    return Document(
        title="Models",
        sections=lambda width: [
            _fitting(found, width) if chosen is None else Table(chosen, found, notes=_notes(found))
        ],
        data=lambda: versioned({"models": list(map(_data, found))}),
        sheet=lambda: Table([reference, *COLUMNS[1:]] if chosen is None else chosen, found),
    )


def _fitting(found: Sequence[Listed], width: int) -> Table:
    """The table without the columns that say nothing, and those for which there is no room."""
    shown = [column for column in COLUMNS if column.key in ("name", "params", "macs") or _says(column, found)]
    table, missing = giving_way(Table(shown, found), width, SCARCE)
    return replace(table, notes=[*_notes(found), *missing])


def _notes(found: Sequence[Listed]) -> list[str]:
    return [_uncounted(listed) for listed in found if listed.totals.uncounted()]


def _says(column: Column, found: Sequence[Listed]) -> bool:
    return any(column.value(listed) not in (None, "") for listed in found)


def _uncounted(listed: Listed) -> str:
    """What is not all counted, with the operations that are not."""
    nodes = listed.totals.uncounted()
    types = list(dict.fromkeys(node.type for node in nodes))
    more = [*types[:3], f"{len(types) - 3} more"] if len(types) > 3 else types
    return f"{listed.name}: {len(nodes)} layer{'s' if len(nodes) > 1 else ''} uncounted ({', '.join(more)})"


def _data(listed: Listed) -> dict[str, Any]:
    network, totals = listed.network, listed.totals
    return {
        "model": model_data(network),
        **ends_data(network),
        "totals": {**totals_data(totals), **stored_data(network, totals)},
        "uncounted": uncounted_data(totals.uncounted()),
    }
