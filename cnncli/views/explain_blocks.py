"""A network's kinds of blocks in words, each with what is in it, and the layers that are in none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.explain.blocks import BlockKind, GateLabel, Part, Shortcut, ShuffleLabel, Step
from cnncli.analysis.labels import once_if_alike
from cnncli.document.numbers import grouped, shape
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Table
from cnncli.graph import Kind
from cnncli.views.fitting import fitting


class Numbered(NamedTuple):
    """A step with its place among all of its block, or the first of several alike."""

    number: int
    step: Step


def block_table(kind: BlockKind, name: str, width: int) -> Table:
    """What is in the first block of a kind; below it how the others differ."""
    rows: Sequence[Any] = [Numbered(number, step) for number, step in enumerate(kind.steps, 1)]
    columns: Sequence[Column] = COLUMNS
    if len(rows) > MOST_STEPS:
        rows, columns = counted(kind.steps), COUNTED
    title = f"{name}: {_many(len(kind.blocks))}, in {_stages(kind.stages)}"
    return fitting(
        Table(columns, rows, title, notes=notes(kind)), width, ("output_shape",), ("params",), wraps="operation"
    )


def _many(count: int) -> str:
    return "1 block" if count == 1 else f"{count} blocks"


def names(kinds: Sequence[BlockKind]) -> list[str]:
    """What the kinds are called: `MBConv6`; where several would be called so, each with its number among them."""
    plain = list(map(kind_name, kinds))
    called = []
    for place, name in enumerate(plain):
        alike = plain.count(name)
        called.append(f"{name}, kind {plain[: place + 1].count(name)} of {alike}" if alike > 1 else name)
    return called


class Alike(NamedTuple):
    """Operations of a block that are called the same."""

    operation: str
    steps: tuple[Step, ...]


def counted(steps: Sequence[Step]) -> list[Alike]:
    """By what they are called, in the order of the first of them."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        found.setdefault(operation(step), []).append(step)
    return [Alike(name, tuple(alike)) for name, alike in found.items()]


MOST_STEPS = 20
"""Of a block that is shown step by step; of a longer one, such as a cell found by search, those alike are counted."""


def operation(step: Step) -> str:
    """`Conv2D 1x1 + BN + relu`, `squeeze and excite 96-4-96`, `channel shuffle of 3 groups`."""
    label = step.label
    if isinstance(label, GateLabel):
        return f"squeeze and excite {'-'.join(map(str, label.widths))}"
    return f"channel shuffle of {label.groups} groups" if isinstance(label, ShuffleLabel) else str(label)


def _reads(row: Numbered) -> str:
    """What a step reads where that is not just the one before it."""
    return ", ".join(_read(number) for number in row.step.reads)


def _read(number: int) -> str:
    return str(number) if number > 0 else "input" if number == 0 else f"input {1 - number}"


COLUMNS = (
    Column("step", "", lambda row: row.number, True),
    Column("operation", "Operation", lambda row: operation(row.step)),
    Column("reads", "Reads", _reads),
    Column("output_shape", "Output", lambda row: row.step.shape, text=shape),
    Column("params", "Params", lambda row: row.step.params, True, grouped),
    Column("macs", "MACs", lambda row: row.step.macs, True, grouped),
)
COUNTED = (
    Column("count", "", lambda alike: len(alike.steps), True),
    Column("operation", "Operations", lambda alike: alike.operation),
    Column("params", "Params", lambda alike: sum(step.params for step in alike.steps), True, grouped),
    Column("macs", "MACs", lambda alike: sum(step.macs for step in alike.steps), True, grouped),
)


def kind_name(kind: BlockKind) -> str:
    """`MBConv6`; without the expansion where that varies."""
    expansions = kind.values(lambda block: block.traits.kind.expansion)
    return str(Kind(kind.name, expansions[0] if len(expansions) == 1 else None))


def _stages(stages: Sequence[str]) -> str:
    return enumerated(stages) if len(stages) < 3 else f"{stages[0]} to {stages[-1]}"


def notes(kind: BlockKind) -> list[str]:
    """Which block this is, and what varies among them."""
    first = kind.first
    of = "This is" if len(kind.blocks) == 1 else "The first is"
    lines = [f"{of} {first.group.name}, {shape(first.traits.input_shape)} to {shape(first.traits.output_shape)}."]
    varying = [f"{aspect}: {text}" for aspect, text in varies(kind)]
    return [*lines, *varying]


def varies(kind: BlockKind) -> list[tuple[str, str]]:
    """The aspects in which the blocks of a kind differ, and those that the first does not show."""
    found = [
        ("Strides", _counted(kind, lambda block: block.traits.strides, once_if_alike)),
        ("Kernels", _counted(kind, lambda block: block.traits.kernel_size, shape)),
        ("Widths", _range(kind, lambda block: block.traits.output_shape[-1])),
        ("Expansions", _range(kind, lambda block: block.traits.kind.expansion)),
        ("Groups", _range(kind, lambda block: block.traits.groups)),
        ("Activations", _counted(kind, lambda block: block.traits.activation, str)),
        ("Squeeze-and-excitation", _share(kind.gates, len(kind.blocks))),
        ("Shortcut", _shortcuts(kind)),
    ]
    return [(aspect, text) for aspect, text in found if text]


def _counted(kind: BlockKind, of: Any, write: Any) -> str:
    """`1 in 12, 2 in 4`; nothing where all are alike."""
    values = kind.values(of)
    if len(values) < 2:
        return ""
    counts = {value: sum(of(block) == value for block in kind.blocks) for value in values}
    return ", ".join(f"{write(value) or 'none'} in {count}" for value, count in counts.items())


def _range(kind: BlockKind, of: Any) -> str:
    """`16 to 160` with how many of them there are; nothing where all are alike."""
    values = [value for value in kind.values(of) if value is not None and is_known(value)]
    if len(values) < 2:
        return ""
    if len(values) <= FEW:
        return ", ".join(f"{value:,.3g}" if isinstance(value, float) else f"{value}" for value in sorted(values))
    least, most = min(values), max(values)
    return f"{least:.3g} to {most:.3g}" if isinstance(least, float) else f"{least} to {most}"


FEW = 6
"""Values that are told each by itself."""


def _share(count: int, whole: int) -> str:
    return "" if count in (0, whole) else f"in {count} of {whole}"


def _shortcuts(kind: BlockKind) -> str:
    """`added in 10 of 16`; nothing where there is none, or the first shows that of all."""
    whole, told = len(kind.blocks), []
    for shortcut, word in ((Shortcut.ADDED, "the input added"), (Shortcut.PROJECTED, "projected")):
        count = kind.shortcuts(shortcut)
        told += [f"{word} in {count} of {whole}"] if 0 < count < whole else []
    return ", ".join(told)


def outside_table(parts: Sequence[Part], blocks: bool, width: int) -> Table:
    """The layers that no block holds."""
    columns = [
        Column("name", "Layers", lambda part: part.name),
        Column("type", "What they are", lambda part: str(part.label)),
        Column("output_shape", "Output", lambda part: part.shape, text=shape),
        Column("params", "Params", lambda part: part.params, True, grouped),
        Column("macs", "MACs", lambda part: part.macs, True, grouped),
    ]
    title = "Besides the blocks" if blocks else "Layers"
    return fitting(Table(columns, parts, title), width, ("output_shape",), ("params",), wraps="type")
