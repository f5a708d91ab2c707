"""Changes of blocks in words: `k3x3 → k5x5`, `+SE`, `40 → 48 channels`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.analysis.compare.changes import Added, Aspect, Changed, Fact, Fused, Piece, Removed, Whole
from cnncli.analysis.compare.difference import Change
from cnncli.analysis.labels import SQUEEZE_EXCITE, once_if_alike
from cnncli.document.numbers import setting
from cnncli.graph import Group


def phrases(change: Change) -> tuple[str, ...]:
    """What changed, a phrase a fact."""
    return tuple(phrase for fact in change.what for phrase in _phrases(fact))


def _phrases(fact: Fact) -> Sequence[str]:
    if isinstance(fact, Whole):
        return str(fact.label), f"{fact.channels} channels"
    if isinstance(fact, Changed):
        return (phrase(fact),)
    if isinstance(fact, (Added, Removed)):
        sign = "+" if isinstance(fact, Added) else "-"
        return [sign + piece for piece in _pieces(fact)]
    return (f"fused {fact.activation}" if isinstance(fact, Fused) else "wired differently",)


def _pieces(fact: Added | Removed) -> list[str]:
    labels = list(map(str, fact.labels))
    if fact.piece in (Piece.LAYERS, Piece.RESHAPING):
        return labels
    if fact.piece is Piece.EXPANSION:
        return [f"expansion ({', '.join(labels)})"]
    return [SQUEEZE_EXCITE if fact.piece is Piece.GATE else fact.piece.value]


def phrase(fact: Changed) -> str:
    """What changed from what to what."""
    before, after = fact.before, fact.after
    if fact.what in (Aspect.GATE_LAYERS, Aspect.GATE_ACTIVATIONS):
        return f"{SQUEEZE_EXCITE} {_listed(fact.what, before)} → {_listed(fact.what, after)}"
    lead, tail = {
        "kernel_size": ("k", ""),
        "strides": (f"{fact.layer} s" if fact.layer else "s", ""),
        "activation": ("", ""),
        Aspect.LAYER: ("", ""),
        Aspect.SIZE: ("", ""),
        Aspect.SHAPE: ("", ""),
        Aspect.CHANNELS: ("", " channels"),
        Aspect.INPUT_CHANNELS: ("", " input channels"),
        Aspect.WIDTH: (f"{fact.layer} ", ""),
        Aspect.GATE_WIDTH: ("squeeze ", ""),
        Aspect.ZEROS: ("zero padding ", ""),
    }.get(fact.what, (f"{fact.what} ", ""))
    write = _sides if fact.what is Aspect.ZEROS else _steps if fact.what == "strides" else _value
    again = lead[-1] if fact.what in ("kernel_size", "strides") else ""
    return f"{lead}{write(before)} → {again}{write(after)}{tail}"


def _listed(what: Aspect | str, words: Sequence[str]) -> str:
    return " + ".join(dict.fromkeys(words) if what is Aspect.GATE_LAYERS else words)


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return "x".join(map(_value, value))
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)


def _steps(strides: Any) -> str:
    return once_if_alike(strides) if isinstance(strides, tuple) else _value(strides)


def _sides(sides: tuple[tuple[int, int], tuple[int, int]]) -> str:
    """As Keras writes ((top, bottom), (left, right)); one number where all are alike."""
    cells = {cells for side in sides for cells in side}
    return str(cells.pop()) if len(cells) == 1 else str(sides)


def span(groups: Sequence[Group]) -> str | None:
    """`stage4 block2-3`, or `stem to stage1 block2` where a run goes through several stages; None for no block."""
    if not groups:
        return None
    first, last = groups[0], groups[-1]
    name = first.name.replace(".", " ")
    if first is last:
        return name
    if first.parent != last.parent or not first.parent or last.number is None:
        return f"{name} to {last.name.replace('.', ' ')}"
    return f"{name}-{last.number}"


def change_place(change: Change) -> str:
    """Which blocks, in both networks where they are not called the same."""
    before, after = span(change.before), span(change.after)
    return f"{before} → {after}" if before and after and before != after else str(before or after)


def sides(before: Any, after: Any) -> tuple[str, str]:
    """Two values of an option: of records what differs in them, of tables their lengths, where these differ."""
    if hasattr(before, "_fields") and type(before) is type(after):
        told = [(name, getattr(before, name), getattr(after, name)) for name in before._fields]
        plain = [each for each in told if each[1] != each[2] and all(isinstance(side, PLAIN) for side in each[1:])]
        one, other = (", ".join(f"{each[0]} {shown(each[side])}" for each in plain) for side in (1, 2))
    else:
        one, other = shown(before), shown(after)
    return (one, other) if one != other else ("", "")


PLAIN = bool, int, float, str


def shown(value: Any) -> str:
    """An option's value as references spell it; of a table of blocks its length."""
    if isinstance(value, (tuple, list)) and not all(isinstance(size, int) for size in value):
        return str(len(value))
    return setting(value)
