"""The table of `memory --training`: what each layer takes in training, at least, and what all do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnncli.amounts import UNKNOWN, known_part
from cnncli.analysis.training_memory import PARTS, SLOTS, Training, TrainingRow, training
from cnncli.document.document import Document
from cnncli.document.numbers import scaled, shape, share
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Table, choose, ordered
from cnncli.network import Network
from cnncli.views.data import versioned
from cnncli.views.memory import bar_column, bytes_column, check_runs, fitting
from cnncli.views.memory_data import training_data
from cnncli.views.summary import title, uncounted_lines

DEFAULT = ("name", "type", "output_shape", *PARTS, "training_bytes", "share")
SPARED = ((), PARTS[2:], PARTS[1:2], ("type",), PARTS[:1], ("output_shape",))
"""What is left out where a terminal is narrow, first to last."""


class Wanted(NamedTuple):
    """What to tell: for which optimizer and batch; rows of which scope depth (None for layers), which of them."""

    optimizer: str = "sgd"
    batch: int = 1
    depth: int | None = None
    columns: str | None = None
    sort: str | None = None
    top: int | None = None
    named: bool = False


def training_document(network: Network, wanted: Wanted) -> Document:
    """A network's rows and their sum. Raises UsageError for columns that there are not."""
    check_runs(network)
    found = training(network.graph, wanted.optimizer, wanted.batch, wanted.depth)
    columns = columns_for(network, found)
    chosen = choose(columns, wanted.columns, DEFAULT)
    by = "training_bytes" if wanted.top and not wanted.sort else wanted.sort
    rows = ordered(found.rows, columns, by)[: wanted.top]
    model = [column for column in columns if column.key == "model" and column not in chosen]
    sheet = [*model, *chosen] if wanted.named else chosen
    footer = _footer(found) if len(rows) == len(found.rows) else {}
    whole = Table(chosen, rows, f"{title(network)}\n{headline(found)}", footer, _notes(found, rows))
    spared = SPARED if wanted.columns is None else ((),)
    outlined = wanted.columns is None and wanted.depth is None and by is None
    return Document(
        title=network.reference,
        sections=lambda width: [fitting(whole, network.graph, width, spared, outlined=outlined)],
        data=lambda: versioned(training_data(network, found, rows)),
        sheet=lambda: Table(sheet, rows),
    )


def columns_for(network: Network | None = None, found: Training | None = None) -> tuple[Column, ...]:
    """Every column; without a network and what it takes only their keys and headers mean something."""
    most = max((known_part(row.training_bytes) for row in found.rows), default=0) if found else 0
    return (
        Column("model", "Model", lambda _: network and network.reference),
        Column("name", "Layer", lambda row: row.name),
        Column("type", "Type", lambda row: str(row.label)),
        Column("scope", "Scope", lambda row: ".".join(row.scope)),
        Column("output_shape", "Output", lambda row: row.output_shape, text=shape),
        bytes_column("activation_bytes", "Activations"),
        bytes_column("weight_bytes", "Weights"),
        bytes_column("gradient_bytes", "Gradients"),
        bytes_column("optimizer_bytes", "Optimizer"),
        bytes_column("training_bytes", "Sum"),
        bar_column("Of the largest", lambda row: row.training_bytes, most, "largest"),
    )


def headline(found: Training) -> str:
    """`Training takes at least 3.10 GB with adam, batch 32: ...`."""
    whole, copies = found.whole, SLOTS[found.optimizer]
    slots = [f"{scaled(whole.optimizer_bytes, 'B')} of {found.optimizer}'s {'copy' if copies == 1 else 'copies'}"]
    parts = [
        f"{scaled(whole.activation_bytes, 'B')} of activations",
        f"{scaled(whole.weight_bytes, 'B')} of weights",
        f"{scaled(whole.gradient_bytes, 'B')} of their gradients",
        *(slots if copies else []),
    ]
    size = whole.training_bytes
    least = "an unknown amount" if size is UNKNOWN else f"at least {scaled(known_part(size), 'B')}"
    return f"Training takes {least} (float32, batch {found.batch}, {found.optimizer}): {enumerated(parts)}"


def _footer(found: Training) -> dict[str, str]:
    return {"name": "Total", **{key: scaled(getattr(found.whole, key), "B") for key in (*PARTS, "training_bytes")}}


def _notes(found: Training, rows: Sequence[TrainingRow]) -> list[str]:
    shown = sum(known_part(row.training_bytes) for row in rows)
    few = f"{len(rows)} of {len(found.rows)} rows, with {share(shown, found.whole.training_bytes)} of the memory"
    return [
        *([few] if len(rows) < len(found.rows) else []),
        *uncounted_lines(found.uncounted),
        "A lower bound: activations are what backpropagation reads again, each tensor once; frameworks hold more.",
    ]
