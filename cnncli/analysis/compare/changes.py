"""What tells one block from another, as facts; the words for them are made where they are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple

from cnncli.analysis.compare.alignment import align_nodes
from cnncli.analysis.labels import Label, LayerLabel, group_label, layer_label
from cnncli.analysis.structure import acting, arguments
from cnncli.graph import Group, Node, Role, Shape


class Aspect(str, Enum):
    """What a change is of, where it is no argument of a layer."""

    LAYER = "layer"
    """One layer in the place of another: their labels."""
    SIZE = "size"
    CHANNELS = "channels"
    INPUT_CHANNELS = "input_channels"
    SHAPE = "shape"
    WIDTH = "width"
    """The filters or units of a layer within the block."""
    GATE_LAYERS = "gate_layers"
    GATE_ACTIVATIONS = "gate_activations"
    GATE_WIDTH = "gate_width"
    ZEROS = "zeros"
    """The cells at the edges of an explicit padding."""


@dataclass(frozen=True)
class Changed:
    """An aspect, or by its name an argument of a layer, and its two values; `layer` is the layer's name, if needed."""

    what: Aspect | str
    before: Any
    after: Any
    layer: str = ""


class Piece(str, Enum):
    """What a part of a block is for."""

    LAYERS = "layers"
    EXPANSION = "expansion"
    RESIDUAL = "residual"
    PADDING = "padding"
    GATE = "squeeze_excite"
    RESHAPING = "reshaping"


@dataclass(frozen=True)
class Added:
    piece: Piece
    labels: tuple[LayerLabel, ...] = ()


@dataclass(frozen=True)
class Removed:
    piece: Piece
    labels: tuple[LayerLabel, ...] = ()


@dataclass(frozen=True)
class Fused:
    """An activation that was a layer of its own is now an argument of the layer before it."""

    activation: str


@dataclass(frozen=True)
class Rewired:
    """The layers are the same, what they read is not."""


@dataclass(frozen=True)
class Whole:
    """A block that the other network lacks."""

    label: Label
    channels: int


Fact = Changed | Added | Removed | Fused | Rewired | Whole

EXPLICIT = "explicit"
"""As a value of `padding`: by a layer of its own."""

WIDTHS = ("filters", "units")
TOLD_AS_SHAPES = ("shape", "target_shape", *WIDTHS)


def whole_block(group: Group) -> tuple[Fact, ...]:
    return (Whole(group_label(group), group.shape[-1]),)


def changed(before: Group, after: Group) -> tuple[Fact, ...]:
    """What tells two blocks apart that are not equal; at least one fact.

    What follows from the block's input, such as an expansion that stays six times as wide, is told as the change of the
    input, where the output does not change likewise. Mere reshaping is told where there is nothing else to tell.
    """
    first, second = _Block.of(before), _Block.of(after)
    pairs = align_nodes(first.main, second.main)
    matched = [(first.main[i], second.main[j]) for i, j in pairs if i is not None and j is not None]
    gone = [first.main[i] for i, j in pairs if i is not None and j is None]
    come = [second.main[j] for i, j in pairs if j is not None and i is None]
    facts: list[Fact] = [
        *(fact for one, other in matched for fact in _arguments(one, other)),
        *(Removed(*run) for run in _runs(gone, first.main)),
        *(Added(*run) for run in _runs(come, second.main)),
        *_gates(first, second),
        *_widths(matched, before, after),
        *_shapes(before.shape, after.shape, Aspect.CHANNELS),
        *_input_channels(before, after),
    ]
    facts = _joined(list(dict.fromkeys(_told_apart(facts))))
    telling = [fact for fact in facts if not _reshapes(fact)]
    return tuple(telling or facts or _following(matched, before, after) or [Rewired()])


def _told_apart(facts: Sequence[Fact]) -> list[Fact]:
    """Of strides that change in several ways each with its layer: where ResNet v1.5 strides otherwise than v1."""
    strides = [fact for fact in facts if isinstance(fact, Changed) and fact.what == "strides"]
    if len({(fact.before, fact.after) for fact in strides}) > 1:
        return list(facts)
    return [replace(fact, layer="") if isinstance(fact, Changed) and fact in strides else fact for fact in facts]


def _reshapes(fact: Fact) -> bool:
    """Whether it is a way of writing: worth saying only where there is nothing else to say."""
    if isinstance(fact, (Added, Removed)):
        return fact.piece is Piece.RESHAPING
    return isinstance(fact, Fused) or (isinstance(fact, Changed) and fact.what == "keepdims")


class _Block(NamedTuple):
    """A block's layers that act at inference: those on the way, and those of its squeeze-and-excitation."""

    main: list[Node]
    gate: list[Node]
    input_shape: Shape

    @classmethod
    def of(cls, group: Group) -> _Block:
        nodes = acting(group.nodes)
        start = next((at for at, node in enumerate(nodes) if node.layer.pools_globally), len(nodes))
        products = (at for at, node in enumerate(nodes) if at > start and node.layer.combines == "product")
        end = next(products, start - 1)
        return cls(nodes[:start] + nodes[end + 1 :], nodes[start : end + 1], group.input_shape)


def _gates(before: _Block, after: _Block) -> Iterator[Fact]:
    if not (before.gate and after.gate):
        yield from [Added(Piece.GATE)] if after.gate else [Removed(Piece.GATE)] if before.gate else []
        return
    first, second = _gate(before.gate), _gate(after.gate)
    if first.kernels != second.kernels:
        yield Changed(Aspect.GATE_LAYERS, first.kernels, second.kernels)
    if first.activations != second.activations:
        yield Changed(Aspect.GATE_ACTIVATIONS, first.activations, second.activations)
    if not _follows(first.squeezed, second.squeezed, before.input_shape, after.input_shape):
        yield Changed(Aspect.GATE_WIDTH, first.squeezed, second.squeezed)


class _Gate(NamedTuple):
    kernels: tuple[str, ...]
    activations: tuple[str, ...]
    squeezed: int


def _gate(nodes: Sequence[Node]) -> _Gate:
    widths = [width for node in nodes if (width := _width(node))]
    activations = [node.layer.function for node in nodes if node.layer.function != "linear"]
    kernels = tuple(node.type for node in nodes if _width(node))
    return _Gate(kernels, tuple(activations), min(widths, default=0))


def _arguments(one: Node, other: Node) -> Iterator[Fact]:
    """The arguments in which two layers of one role differ; of two types, or two functions, only these."""
    if one.type != other.type or (one.role is Role.ACTIVATION and one.layer != other.layer):
        yield Changed(Aspect.LAYER, layer_label(one.layer), layer_label(other.layer))
        return
    if one.layer.pads:
        return
    values = arguments(other.layer)
    for name, value in arguments(one.layer).items():
        if value != values[name] and name not in TOLD_AS_SHAPES:
            yield Changed(name, value, values[name], one.short_name if name == "strides" else "")


def _runs(nodes: Sequence[Node], block: Sequence[Node]) -> Iterator[tuple[Piece, tuple[LayerLabel, ...]]]:
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


def _run(run: Sequence[Node], block: Sequence[Node]) -> tuple[Piece, tuple[LayerLabel, ...]]:
    layer = run[0].layer
    labels = tuple(layer_label(node.layer) for node in run)
    if layer.combines == "sum":
        return Piece.RESIDUAL, ()
    if layer.pads:
        return Piece.PADDING, ()
    if layer.role is Role.SHAPING and layer.free:
        return Piece.RESHAPING, labels
    before_depthwise = any(node.role is Role.DEPTHWISE for node in block if node.index > run[-1].index)
    pointwise = layer.role is Role.CONVOLUTION and labels[0].window == (1, 1)
    return Piece.EXPANSION if pointwise and before_depthwise else Piece.LAYERS, labels


def _widths(matched: Sequence[tuple[Node, Node]], before: Group, after: Group) -> Iterator[Fact]:
    """Filters of the kernels but the last, which are the block's channels."""
    kernels = [(one, narrow, wide) for one, other in matched if (narrow := _width(one)) and (wide := _width(other))]
    for one, narrow, wide in kernels[:-1]:
        scaled = before.kinds and after.kinds and _follows(narrow, wide, before.input_shape, after.input_shape)
        if narrow != wide and not scaled:
            yield Changed(Aspect.WIDTH, narrow, wide, one.short_name)


def _follows(narrow: int, wide: int, before: Shape, after: Shape) -> bool:
    """Whether a width grew as the block's input did."""
    return abs(narrow * after[-1] / before[-1] - wide) < 1


def _width(node: Node) -> int | None:
    return next((value for name in WIDTHS if (value := getattr(node.layer, name, None))), None)


def _shapes(before: Shape, after: Shape, channels: Aspect) -> Iterator[Fact]:
    if len(before) != len(after):
        yield Changed(Aspect.SHAPE, before, after)
        return
    if before[:-1] != after[:-1]:
        yield Changed(Aspect.SIZE, before[:-1], after[:-1])
    if before[-1] != after[-1]:
        yield Changed(channels, before[-1], after[-1])


def _input_channels(before: Group, after: Group) -> Iterator[Fact]:
    """What else makes a block cost more whose output is as it was."""
    one, other = before.input_shape, after.input_shape
    if len(one) == len(other) and before.shape[-1] == after.shape[-1]:
        yield from _shapes(one[-1:], other[-1:], Aspect.INPUT_CHANNELS)


def _joined(facts: list[Fact]) -> list[Fact]:
    """Two facts that are two ways of writing one thing as one: who pads, and where an activation is written."""
    own, same, valid = EXPLICIT, "same", "valid"
    _join(facts, Removed(Piece.PADDING), Changed("padding", valid, same), Changed("padding", own, same))
    _join(facts, Added(Piece.PADDING), Changed("padding", same, valid), Changed("padding", same, own))
    for fact in list(facts):
        if isinstance(fact, Removed) and len(fact.labels) == 1 and fact.labels[0].role is Role.ACTIVATION:
            name = fact.labels[0].activation
            _join(facts, fact, Changed("activation", "linear", name), Fused(name))
    return facts


def _join(facts: list[Fact], one: Fact, other: Fact, both: Fact) -> None:
    if one in facts and other in facts:
        facts[facts.index(other)] = both
        facts.remove(one)


def _following(matched: Sequence[tuple[Node, Node]], before: Group, after: Group) -> list[Fact]:
    pads = [
        Changed(Aspect.ZEROS, arguments(one.layer)["padding"], arguments(other.layer)["padding"])
        for one, other in matched
        if one.layer.pads and one.layer != other.layer
    ]
    return [*_shapes(before.input_shape, after.input_shape, Aspect.INPUT_CHANNELS), *pads]
