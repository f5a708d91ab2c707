"""What a person would say of a layer and of a block: facts, whose words are their str()."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from math import prod
from typing import Any

from cnncli.amounts import is_known
from cnncli.document.numbers import shape
from cnncli.graph import Group, Kind, Layer, Node, Role, Shape
from cnncli.graph.gates import gated
from cnncli.graph.roles import CONVOLUTIONS, KERNELS
from cnncli.records import Record, record

Sizes = tuple[int, ...]
"""Along each axis."""

SHORT = {"BatchNormalization": "BN", "ZeroPadding2D": "pad"}


@record
class LayerLabel(Record):
    """A layer's class with what tells it from others of its class: `DepthwiseConv2D 5x5 s2 relu`.

    `window` is the kernel's or the pool's extent, or how many cells one becomes; `ceiling` the largest value that a
    rectifier puts out.
    """

    type: str
    role: Role
    window: Sizes | None = None
    strides: Sizes = (1,)
    dilation_rate: Sizes = (1,)
    groups: int = 1
    activation: str = ""
    ceiling: float | None = None

    def __str__(self) -> str:
        return " ".join((self.type, *self.details()))

    def short(self) -> str:
        """As the layer is called beside the convolution that it belongs to: `BN`, `pad`, `ReLU 6`, `silu`."""
        if self.role is Role.ACTIVATION:
            return self.activation or str(self)
        return SHORT.get(self.type, str(self))

    def details(self) -> list[str]:
        """The words behind the class."""
        return [
            *([shape(self.window)] if self.window else []),
            *([f"s{once_if_alike(self.strides)}"] if max(self.strides) > 1 else []),
            *([f"d{once_if_alike(self.dilation_rate)}"] if max(self.dilation_rate) > 1 else []),
            *([f"g{self.groups}"] if self.groups != 1 else []),
            *([self.activation] if self.activation else []),
            *([f"{self.ceiling:g}"] if self.ceiling is not None else []),
        ]


WINDOWS = ("kernel_size", "pool_size", "size")
"""What layers call the extent of what they look at, or make."""


def layer_label(layer: Layer) -> LayerLabel:
    options: Any = layer
    activation = str(getattr(layer, "activation", None) or "linear")
    return LayerLabel(
        type=layer.type,
        role=layer.role,
        window=next((_sizes(getattr(layer, name)) for name in WINDOWS if getattr(layer, name, None)), None),
        strides=_sizes(getattr(layer, "strides", None)) or (1,),
        dilation_rate=_sizes(getattr(layer, "dilation_rate", None)) or (1,),
        groups=options.groups if layer.role in CONVOLUTIONS and hasattr(layer, "groups") else 1,
        activation=activation if activation != "linear" or (layer.role is Role.ACTIVATION and _named(layer)) else "",
        ceiling=getattr(layer, "max_value", None),
    )


def _sizes(value: Any) -> Sizes | None:
    """A layer's extent along each axis; of one axis it is a number."""
    return (value,) if isinstance(value, int) else value


def _named(layer: Layer) -> bool:
    """Whether the layer's function is an argument of it, and not told by its class."""
    return hasattr(layer, "activation")


def once_if_alike(sizes: Sequence[int]) -> str:
    """`2` of (2, 2), `1x2` of (1, 2)."""
    return str(sizes[0]) if len(set(sizes)) == 1 else shape(sizes)


@record
class Traits(Record):
    """What tells a block from another. `blocks` counts those in a stage; `strides` is by how much the map shrinks.

    Where the blocks of a stage expand differently, `kind` has no expansion. `resizing` are the layers that change the
    map's size where no convolution strides; `groups` are the most that a convolution has, but for depthwise ones.
    """

    kind: Kind
    kernel_size: Sizes
    strides: tuple[int, int]
    squeeze_excite: bool
    residual: bool
    depthwise: bool
    activation: str
    input_shape: Shape
    output_shape: Shape
    blocks: int
    resizing: tuple[LayerLabel, ...] = ()
    groups: int = 1

    def words(self) -> list[str]:
        """`MBConv6`, `k5x5`, `s2`, `SE` or `+ MaxPooling2D 2x2 s2`: without the number of blocks."""
        return [*self._of_a_block(), *self._resized()]

    def _of_a_block(self) -> list[str]:
        strides = max(self.strides) > 1 and not self.resizing
        return [
            str(self.kind),
            f"k{shape(self.kernel_size)}",
            *([f"s{once_if_alike(self.strides)}"] if strides else []),
            *([f"g{self.groups}"] if self.groups > 1 else []),
            *([SQUEEZE_EXCITE] if self.squeeze_excite else []),
            *([self.activation] if self.activation == VARYING else []),
        ]

    def _resized(self) -> list[str]:
        return [f"+ {label}" for label in self.resizing]

    def __str__(self) -> str:
        """`MBConv6 k5x5 s2 SE`, `MBConv6 k5x5 s2 SE x2`, `Fire k3x3 x3 + MaxPooling2D 3x3 s2`."""
        count = [f"x{self.blocks}"] if self.blocks > 1 else []
        return " ".join([*self._of_a_block(), *count, *self._resized()])


SQUEEZE_EXCITE = "SE"
VARYING = "hard_silu"
"""The activation by which MobileNet V3's tables tell blocks from each other; they call it h-swish."""


MOST_PARTS = 8
"""Of a label: more are no label that a person reads."""


@record
class PartsLabel(Record):
    """A group that is no block, by the layers that do its work, each with how often it stands there in a row.

    Where these are many, each kind of layer is named once, and of many kinds the first.
    """

    parts: tuple[tuple[LayerLabel, int], ...]
    layers: int

    def words(self) -> list[str]:
        parts = self.parts if len(self.parts) <= MOST_PARTS else self._by_kind()
        named, left = parts, 0
        if len(parts) > MOST_PARTS:
            named, left = parts[: MOST_PARTS - 1], sum(count for _, count in parts[MOST_PARTS - 1 :])
        words = [f"{label} x{count}" if count > 1 else str(label) for label, count in named]
        return [*words, f"{left} more"] if left else words

    def _by_kind(self) -> tuple[tuple[LayerLabel, int], ...]:
        counts = Counter[LayerLabel]()
        for label, count in self.parts:
            counts[label] += count
        return tuple(counts.items())

    def __str__(self) -> str:
        return " + ".join(self.words()) or f"{self.layers} layers"


@record
class FusedLabel(Record):
    """A convolution or dense layer with what runtimes compute together with it, in order."""

    leader: LayerLabel
    others: tuple[LayerLabel, ...]

    def words(self) -> list[str]:
        return [str(self.leader), *(other.short() for other in self.others)]

    def __str__(self) -> str:
        return " + ".join(self.words())


Label = LayerLabel | Traits | PartsLabel | FusedLabel


def traits(group: Group) -> Traits | None:
    """The traits of a block or a stage of blocks; None for other groups, such as the stem, and single layers."""
    if not group.kinds:
        return None
    layers = [node.layer for node in group.nodes]
    convolutions: list[Any] = [layer for layer in layers if layer.role in CONVOLUTIONS]
    depthwise = [layer for layer in convolutions if layer.role is Role.DEPTHWISE]
    sliding = [layer for layer in depthwise if max(_sizes(layer.kernel_size) or (1,)) > 1] or convolutions
    before = _smallest_map(group)
    return Traits(
        kind=_common(group.kinds),
        kernel_size=max((_sizes(layer.kernel_size) or () for layer in sliding), default=(1, 1)),
        strides=_shrinking(group, before),
        squeeze_excite=_has_gate(group.nodes),
        residual=_adds_its_input(_last_block(group)),
        depthwise=bool(depthwise),
        activation=next((layer.function for layer in layers if layer.role is Role.ACTIVATION), ""),
        input_shape=group.input_shape,
        output_shape=group.shape,
        blocks=len(group.kinds),
        resizing=() if before[:2] == group.shape[:2] else _resizing(group.nodes),
        groups=max((_groups(node) for node in group.nodes), default=1),
    )


def _groups(node: Node) -> int:
    """In how many groups a convolution is; 1 for one of each channel by itself, which is depthwise."""
    groups: int = getattr(node.layer, "groups", 1) if node.role in CONVOLUTIONS else 1
    return groups if groups > 1 and groups != node.input_shapes[0][-1] else 1


def _smallest_map(group: Group) -> Shape:
    """What a group reads; of several maps the one of the fewest cells, as of a cell that reads the two before it."""
    maps = [source.shape for source in group.sources if len(source.shape) == 3 and is_known(prod(source.shape))]
    return min(maps, key=lambda each: each[0] * each[1], default=group.input_shape)


def _resizing(nodes: Sequence[Node]) -> tuple[LayerLabel, ...]:
    """What makes a block's map smaller or larger, each once, unless a convolution strides."""
    if any(node.role in CONVOLUTIONS and resizes(node) for node in nodes):
        return ()
    return tuple(dict.fromkeys(layer_label(node.layer) for node in nodes if resizes(node)))


def resizes(node: Node) -> bool:
    """Whether a layer makes a map of fewer or more cells; padding, which belongs to what reads it, does not count."""
    if len(node.inputs) != 1 or node.layer.pads or node.layer.pools_globally:
        return False
    before, after = node.inputs[0].shape, node.shape
    return len(before) == len(after) == 3 and before[:2] != after[:2]


def _last_block(group: Group) -> Sequence[Node]:
    """The nodes of a block; of a stage or a row of blocks those of the last one."""
    scope = next(
        node.scope[:depth]
        for node in reversed(group.nodes)
        for depth in range(len(node.scope), -1, -1)
        if node.scope[:depth] in group.scope_kinds
    )
    return [node for node in group.nodes if node.scope[: len(scope)] == scope]


def _adds_its_input(nodes: Sequence[Node]) -> bool:
    """Whether the last that joins paths is a sum, of which one goes by some of the kernels, and one from the input.

    What a cell adds within it is not the block's input; nor is what MobileOne's block has between its two convolutions;
    nor are branches of as many kernels, such as RepVGG's where it strides, which are kernels of one sum.
    """
    kernels: dict[int, int] = {}
    passed: dict[int, frozenset[int]] = {}  # the sums and kernels that every way to a node leads through
    joined: Node | None = None
    for node in nodes:
        before = max((kernels[source.index] for source in node.inputs if source.index in kernels), default=0)
        kernels[node.index] = before + (node.role in KERNELS)
        ways = [passed.get(source.index, frozenset[int]()) for source in node.inputs]
        passed[node.index] = frozenset.intersection(*ways) if ways else frozenset()
        if node.role is Role.MERGING and node.layer.combines != "product":
            joined = node
        if node.role in KERNELS or node.layer.combines == "sum":
            passed[node.index] |= {node.index}
    if joined is None or joined.layer.combines != "sum":
        return False
    return passed[joined.index] == {joined.index} and len({kernels.get(each.index, 0) for each in joined.inputs}) != 1


def _has_gate(nodes: Sequence[Node]) -> bool:
    """Squeeze-and-excitation: something is multiplied with what kernels make of what was pooled globally."""
    gates = gated(nodes)
    return any(node.index in gates and node.role in KERNELS for node in nodes)


def _common(kinds: Sequence[Kind]) -> Kind:
    """`MBConv` of MBConv1 and MBConv6, `Cell` of Cell and ReductionCell, `Inception` of it and InceptionResidual."""
    if len(set(kinds)) == 1:
        return kinds[0]
    name = min((kind.name for kind in kinds), key=len)
    return Kind(name if all(kind.name.startswith(name) or kind.name.endswith(name) for kind in kinds) else "Blocks")


def _shrinking(group: Group, before: Shape) -> tuple[int, int]:
    """By how much the map, of shape `before`, becomes smaller; where its size is open, by the strides of the layers."""
    after = group.shape
    if len(before) != 3 or len(after) != 3:
        return 1, 1
    if all(map(is_known, (*before[:2], *after[:2]))):
        return max(1, round(before[0] / after[0])), max(1, round(before[1] / after[1]))
    steps: dict[int, tuple[float, float]] = {}
    for node in group.nodes:
        down, across = max((steps[source.index] for source in node.inputs if source.index in steps), default=(1, 1))
        window = node.window
        steps[node.index] = (down * window.stride[0], across * window.stride[1]) if window else (down, across)
    down, across = steps[group.nodes[-1].index]
    return max(1, round(down)), max(1, round(across))


def group_label(group: Group) -> Label:
    """A block by its traits (a stage with the count of its blocks), any other group by the layers that do its work."""
    if len(group.nodes) == 1:
        return layer_label(group.nodes[0].layer)
    found = traits(group)
    if found:
        return found
    labels = [layer_label(node.layer) for node in group.nodes if works(node)]
    return PartsLabel(tuple((label, len(list(run))) for label, run in groupby(labels)), len(group.nodes))


def works(node: Node) -> bool:
    """Whether a node does what a person would name a group by: kernels, pooling, and what else changes the size."""
    return node.role is Role.POOLING or node.role in KERNELS or resizes(node)


def counted(types: Sequence[str]) -> str:
    """`2 Foo, Bar`: types with how often each occurs, the most frequent first."""
    return ", ".join(f"{count} {name}" if count > 1 else name for name, count in Counter(types).most_common())
