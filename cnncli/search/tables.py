"""Rows of a search as files: .csv, .jsonl and .parquet, a row at a time, so that no space is too large."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.analysis.metric import Unit
from cnncli.analysis.metrics import metric
from cnncli.network import model_of
from cnncli.render.csv import joined
from cnncli.search.evaluation import Row, option_column
from cnncli.search.limits import TOP1
from cnncli.search.searching import IMPOSSIBLE, Asked
from cnncli.search.space import Space

ROWS_OF_A_GROUP = 65_536
"""Of a Parquet file; so many are held in memory."""


class Kind(str, Enum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    TRUTH = "true or false"
    SIZES = "list of whole numbers"


class Column(NamedTuple):
    key: str
    kind: Kind = Kind.TEXT

    def value(self, row: Row) -> Any:
        """Of a row: what is not known or not said None; an option's text as what it is."""
        found = row.get(self.key)
        if not isinstance(found, str) or self.kind is Kind.TEXT:
            return found
        return None if found == "none" else _READ[self.kind](found)


_READ: Mapping[Kind, Callable[[str], Any]] = {
    Kind.WHOLE: int, Kind.NUMBER: float, Kind.TRUTH: lambda text: text == "true", Kind.SIZES: json.loads,
}  # fmt: skip


def columns_of(space: Space, asked: Asked) -> list[Column]:
    """All that rows of a search may have, in the order in which files have them; they are known before the rows are."""
    figures = dict.fromkeys((*(limit.key for limit in asked.limits if limit.key != TOP1), *asked.figures))
    return [
        Column("reference"), Column("architecture"), Column("family"), Column("year", Kind.WHOLE),
        *_options(space.heads), Column(TOP1, Kind.NUMBER), Column("top1_source"),
        *(Column(key, Kind.SIZES if metric(key).unit is Unit.PIXELS else Kind.WHOLE) for key in figures),
        Column(IMPOSSIBLE),
    ]  # fmt: skip


def _options(heads: Sequence[str]) -> Iterator[Column]:
    """The options that some of the architectures have, each once; what kind it is is told by the defaults."""
    kinds: dict[str, set[type]] = {}
    for head in heads:
        for name, default in model_of(head).options.items():
            kinds.setdefault(name, set()).add(type(default))
    for name, found in kinds.items():
        yield Column(option_column(name), _kind(found - {type(None)}))


def _kind(types: set[type]) -> Kind:
    if types == {bool}:
        return Kind.TRUTH
    if types == {int}:
        return Kind.WHOLE
    return Kind.NUMBER if types and types <= {int, float} else Kind.TEXT


def write_jsonl(rows: Iterable[Row], columns: Sequence[Column], path: Path) -> None:
    """A line of JSON a row, with what the row has; what is not known is null."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        for row in rows:
            told = {column.key: column.value(row) for column in columns if column.key in row}
            stream.write(json.dumps(told) + "\n")


def write_csv(rows: Iterable[Row], columns: Sequence[Column], path: Path) -> None:
    """As `-f csv` writes values; what is not known or not said is empty."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        write = csv.writer(stream, lineterminator="\n").writerow
        write([column.key for column in columns])
        for row in rows:
            write([_cell(column.value(row)) for column in columns])


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return joined(tuple(value) if isinstance(value, list) else value)


def write_parquet(rows: Iterable[Row], columns: Sequence[Column], path: Path) -> None:
    """In groups of rows of one size, whatever wrote them."""
    import pyarrow
    from pyarrow import parquet

    kinds = {
        Kind.TEXT: pyarrow.string(), Kind.WHOLE: pyarrow.int64(), Kind.NUMBER: pyarrow.float64(),
        Kind.TRUTH: pyarrow.bool_(), Kind.SIZES: pyarrow.list_(pyarrow.int64()),
    }  # fmt: skip
    schema = pyarrow.schema([(column.key, kinds[column.kind]) for column in columns])
    every = iter(rows)
    with parquet.ParquetWriter(path, schema) as writer:
        while group := list(islice(every, ROWS_OF_A_GROUP)):
            told = {column.key: [column.value(row) for row in group] for column in columns}
            writer.write_table(pyarrow.table(told, schema=schema))


Write = Callable[[Iterable[Row], Sequence[Column], Path], None]
WRITERS: Mapping[str, Write] = {".csv": write_csv, ".jsonl": write_jsonl, ".parquet": write_parquet}
"""By the suffix of the file."""
