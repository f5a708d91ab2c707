"""A change of a block in words: `k3x3 → k5x5`, `+SE`, `40 → 48 channels`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cnncli.analysis.compare.alignment import align_nodes
from cnncli.analysis.labels import group_label, layer_label
from cnncli.analysis.structure import acting, arguments
from cnncli.graph import Group, Node, Shape
from cnncli.graph.layers import (
    Add,
    Conv2D,
    DepthwiseConv2D,
    Flatten,
    GlobalPooling,
    Multiply,
    Reshape,
    ZeroPadding2D,
)

WIDTHS = ("filters", "units")
TOLD_AS_SHAPES = ("shape", "target_shape", *WIDTHS)
RESHAPED = ("keepdims", "fused", *(f"{sign}{layer.__name__}" for sign in "+-" for layer in (Flatten, Reshape)))
"""How phrases begin that are worth saying only where there is nothing else to say."""


def whole_block(group: Group) -> tuple[str, ...]:
    """A block that the other network lacks: `MBConv6 k5x5 SE`, `40 channels`."""
    return str(group_label(group)), f"{group.shape[-1]} channels"


def changed(before: Group, after: Group) -> tuple[str, ...]:
    """What tells two blocks apart that are not equal; at least one phrase.

    What follows from the block's input, such as an expansion that stays six times as wide, is told as the change of the
    input, where the output does not change likewise. Mere reshaping is told where there is nothing else to tell.
    """
    first, second = _Block.of(before), _Block.of(after)
    pairs = align_nodes(first.main, second.main)
    matched = [(first.main[i], second.main[j]) for i, j in pairs if i is not None and j is not None]
    gone = [first.main[i] for i, j in pairs if i is not None and j is None]
    come = [second.main[j] for i, j in pairs if j is not None and i is None]
    phrases = [
        *(phrase for one, other in matched for phrase in _arguments(one, other)),
        *(f"-{run}" for run in _runs(gone, first.main)),
        *(f"+{run}" for run in _runs(come, second.main)),
        *_gates(first, second),
        *_widths(matched, before, after),
        *_shapes(before.shape, after.shape, "channels"),
        *_input_channels(before, after),
    ]
    phrases = _joined(list(dict.fromkeys(phrases)))
    telling = [phrase for phrase in phrases if not phrase.startswith(RESHAPED)]
    return tuple(telling or phrases or _following(matched, before, after) or ["wired differently"])


class _Block(NamedTuple):
    """A block's layers that act at inference: those on the way, and those of its squeeze-and-excitation."""

    main: list[Node]
    gate: list[Node]
    input_shape: Shape

    @classmethod
    def of(cls, group: Group) -> _Block:
        nodes = acting(group.nodes)
        start = next((at for at, node in enumerate(nodes) if isinstance(node.layer, GlobalPooling)), len(nodes))
        end = next((at for at, node in enumerate(nodes) if at > start and isinstance(node.layer, Multiply)), start - 1)
        return cls(nodes[:start] + nodes[end + 1 :], nodes[start : end + 1], group.input_shape)


def _gates(before: _Block, after: _Block) -> Iterator[str]:
    if not (before.gate and after.gate):
        yield from ["+SE"] if after.gate else ["-SE"] if before.gate else []
        return
    first, second = _gate(before.gate), _gate(after.gate)
    if first.kernels != second.kernels:
        yield f"SE {' + '.join(dict.fromkeys(first.kernels))} → {' + '.join(dict.fromkeys(second.kernels))}"
    if first.activations != second.activations:
        yield f"SE {' + '.join(first.activations)} → {' + '.join(second.activations)}"
    if not _follows(first.squeezed, second.squeezed, before.input_shape, after.input_shape):
        yield f"squeeze {first.squeezed} → {second.squeezed}"


class _Gate(NamedTuple):
    kernels: tuple[str, ...]
    activations: tuple[str, ...]
    squeezed: int


def _gate(nodes: Sequence[Node]) -> _Gate:
    widths = [width for node in nodes if (width := _width(node))]
    activations = [getattr(node.layer, "activation", node.type.lower()) for node in nodes if _activates(node)]
    kernels = tuple(node.type for node in nodes if _width(node))
    return _Gate(kernels, tuple(activations), min(widths, default=0))


def _activates(node: Node) -> bool:
    return getattr(node.layer, "activation", "linear") != "linear" or (node.layer.folds and not node.weights)


def _arguments(one: Node, other: Node) -> Iterator[str]:
    """The arguments in which two layers of one role differ; of two types only these."""
    if one.type != other.type:
        yield f"{layer_label(one.layer)} → {layer_label(other.layer)}"
        return
    values = arguments(other.layer)
    for name, value in arguments(one.layer).items():
        if value != values[name] and name not in TOLD_AS_SHAPES and not isinstance(one.layer, ZeroPadding2D):
            yield _argument(name, value, values[name])


def _argument(name: str, before: Any, after: Any) -> str:
    if name in ("kernel_size", "strides"):
        return f"{name[0]}{_value(before)} → {name[0]}{_value(after)}"
    return f"{'' if name == 'activation' else f'{name} '}{_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return "x".join(map(_value, value))
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)


def _runs(nodes: Sequence[Node], block: Sequence[Node]) -> Iterator[str]:
    """Layers that only one of two blocks has, a kernel together with what is folded into it."""
    position = 0
    while position < len(nodes):
        end = position + 1
        while (
            nodes[position].macs
            and end < len(nodes)
            and nodes[end].layer.folds
            and nodes[end].inputs == (nodes[end - 1],)
        ):
            end += 1
        yield _run(nodes[position:end], block)
        position = end


def _run(run: Sequence[Node], block: Sequence[Node]) -> str:
    layer = run[0].layer
    if isinstance(layer, (Add, ZeroPadding2D)):
        return "residual" if isinstance(layer, Add) else "padding"
    labels = ", ".join(str(layer_label(node.layer)) for node in run)
    before_depthwise = any(isinstance(node.layer, DepthwiseConv2D) for node in block if node.index > run[-1].index)
    pointwise = isinstance(layer, Conv2D) and layer.kernel_size == (1, 1)
    return f"expansion ({labels})" if pointwise and before_depthwise else labels


def _widths(matched: Sequence[tuple[Node, Node]], before: Group, after: Group) -> Iterator[str]:
    """Filters of the kernels but the last, which are the block's channels."""
    kernels = [(one, narrow, wide) for one, other in matched if (narrow := _width(one)) and (wide := _width(other))]
    for one, narrow, wide in kernels[:-1]:
        scaled = before.kinds and after.kinds and _follows(narrow, wide, before.input_shape, after.input_shape)
        if narrow != wide and not scaled:
            yield f"{one.name.rpartition('.')[2]} {narrow} → {wide}"


def _follows(narrow: int, wide: int, before: Shape, after: Shape) -> bool:
    """Whether a width grew as the block's input did."""
    return abs(narrow * after[-1] / before[-1] - wide) < 1


def _width(node: Node) -> int | None:
    return next((value for name in WIDTHS if (value := getattr(node.layer, name, None))), None)


def _shapes(before: Shape, after: Shape, unit: str) -> Iterator[str]:
    if len(before) != len(after):
        yield f"{_value(before)} → {_value(after)}"
        return
    if before[:-1] != after[:-1]:
        yield f"{_value(before[:-1])} → {_value(after[:-1])}"
    if before[-1] != after[-1]:
        yield f"{before[-1]} → {after[-1]} {unit}"


def _input_channels(before: Group, after: Group) -> Iterator[str]:
    """What else makes a block cost more whose output is as it was."""
    one, other = before.input_shape, after.input_shape
    if len(one) == len(other) and before.shape[-1] == after.shape[-1]:
        yield from _shapes(one[-1:], other[-1:], "input channels")


def _joined(phrases: list[str]) -> list[str]:
    """Two phrases that are two ways of writing one thing as one: who pads, and where an activation is written."""
    _join(phrases, "-padding", "padding valid → same", "padding explicit → same")
    _join(phrases, "+padding", "padding same → valid", "padding same → explicit")
    for phrase in [phrase for phrase in phrases if phrase.startswith("linear → ")]:
        _join(phrases, f"-Activation {phrase[9:]}", phrase, f"fused {phrase[9:]}")
    return phrases


def _join(phrases: list[str], one: str, other: str, both: str) -> None:
    if one in phrases and other in phrases:
        phrases[phrases.index(other)] = both
        phrases.remove(one)


def _following(matched: Sequence[tuple[Node, Node]], before: Group, after: Group) -> list[str]:
    pads = [
        f"padding {_value(arguments(one.layer)['padding'])} → {_value(arguments(other.layer)['padding'])}"
        for one, other in matched
        if isinstance(one.layer, ZeroPadding2D) and one.layer != other.layer
    ]
    return [*_shapes(before.input_shape, after.input_shape, "input channels"), *pads]
