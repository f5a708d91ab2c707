"""The skeleton of a network: its kernels and poolings and how they are wired, without widths, weights and names.

Each node of the normal form has a digest of all that leads to it (as Merkle's trees have). So the body of a network is
found in another one, whatever stands behind it, by looking its digest up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from math import prod
from typing import Any

from cnncli.amounts import is_known
from cnncli.graph import Graph, Node
from cnncli.graph.roles import KERNELS, Role

Token = tuple[Any, ...]
"""A kernel, pooling or join by itself: its type, window, strides and dilation."""

ARGUMENTS = ("kernel_size", "pool_size", "strides", "dilation_rate")
CELLWISE = ("sum", "product")
DIGEST_BYTES = 8


@dataclass(frozen=True, eq=False)
class Bone:
    """A node as the skeleton sees it.

    `widths` go with the token; `digest` is of all that leads to it, `exact` with widths. A node without a kernel that
    reads one tensor, such as an activation, is a part of what it reads: `at` is the index of the node that it belongs
    to. `ancestors` are the nodes that lead to it and itself, a bit each, `kernels` those of them that are kernels.
    """

    node: Node
    at: int
    token: Token | None
    widths: Token
    digest: str
    exact: str
    ancestors: int
    kernels: int


class Skeleton:
    """Of a graph in normal form."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.bones: list[Bone] = []
        for node in graph.nodes:
            self.bones.append(_bone(node, [self.bones[each.index] for each in node.inputs]))

    @cached_property
    def tokens(self) -> list[Token]:
        """The kernels, poolings and joins in order."""
        return [bone.token for bone in self.bones if bone.token is not None]

    @cached_property
    def wide(self) -> list[Token]:
        """The same with widths."""
        return [(bone.token, bone.widths) for bone in self.bones if bone.token is not None]

    def kernels(self, bone: Bone) -> list[Node]:
        """The kernels that lead to a node, and itself where it is one."""
        return [each.node for each in self.bones[: bone.node.index + 1] if bone.kernels >> each.node.index & 1]

    def count(self, bone: Bone) -> int:
        """How many kernels lead to a node."""
        return bone.kernels.bit_count()

    def width(self, bone: Bone) -> int:
        """The channels of all kernels that lead to a node, which grow as a network is scaled."""
        return sum(node.shape[-1] for node in self.kernels(bone) if is_known(node.shape[-1]))

    @property
    def end(self) -> Bone:
        """Of the first output."""
        return self.bones[self.graph.outputs[0].index]

    @property
    def trunk(self) -> Bone:
        """The last node that puts a map out."""
        maps = [bone for bone in self.bones if len(bone.node.shape) == 3]
        return maps[-1] if maps else self.bones[-1]

    def same(self, other: Skeleton) -> bool:
        """Whether both put out the same, widths included, whatever the sizes of their maps."""
        ends = [sorted(each.bones[node.index].exact for node in each.graph.outputs) for each in (self, other)]
        return ends[0] == ends[1]


def _bone(node: Node, inputs: Sequence[Bone]) -> Bone:
    own = 1 << node.index
    is_kernel = node.role in KERNELS and not _scales_a_product(node)
    if is_kernel or node.role is Role.POOLING:
        token = _token(node)
        widths: Token = (node.shape[-1], getattr(node.layer, "groups", 1))
    else:
        inputs = _joined(node, inputs)
        if len(inputs) == 1:
            (only,) = inputs
            return Bone(node, only.at, None, (), only.digest, only.exact, only.ancestors, only.kernels)
        token, widths = (node.type,), ()
    ancestors, kernels = own, own if is_kernel else 0
    for each in inputs:
        ancestors, kernels = ancestors | each.ancestors, kernels | each.kernels
    if node.role is Role.POOLING and len(inputs) == 1 and prod(node.shape[:-1]) == 1:
        (only,) = inputs  # a single cell: of a map of one cell converters drop the mean
        return Bone(node, node.index, token, widths, only.digest, only.exact, ancestors, kernels)
    digests, exact = [each.digest for each in inputs], [each.exact for each in inputs]
    if node.layer.commutative:
        digests, exact = sorted(digests), sorted(exact)
    own_digests = _digest(token, digests), _digest((token, widths), exact)
    return Bone(node, node.index, token, widths, *own_digests, ancestors, kernels)


def _token(node: Node) -> Token:
    if node.role is Role.DENSE:  # a 1x1 convolution, which it is where the map has further cells
        return Role.CONVOLUTION.value, (1, 1), None, (1, 1), (1, 1), False
    kind = node.role.value if node.role in KERNELS else node.type
    grouped = getattr(node.layer, "groups", 1) != 1
    return kind, *(_pair(getattr(node.layer, name, None)) for name in ARGUMENTS), grouped


def _pair(size: Any) -> Any:
    return (size, size) if isinstance(size, int) else size


def _joined(node: Node, inputs: Sequence[Bone]) -> list[Bone]:
    """What is joined; of a sum or product without what leads to another part of it, as a shortcut around layers does.

    Whether there is such a shortcut may follow from the widths alone, and a gate multiplies what it was made of.
    """
    different = list({each.at: each for each in inputs}.values())
    if _normalizes(node, different):
        return [min(different, key=lambda each: each.at)]
    if node.layer.combines not in CELLWISE:
        return different if len(different) == 1 and node.role is not Role.MERGING else list(inputs)
    return [each for each in different if not any(_leads(each, other) for other in different)]


def _normalizes(node: Node, inputs: Sequence[Bone]) -> bool:
    """Whether what is multiplied or divided is made of the same kernels: a normalization that a file spells out, as
    ConvNeXt V2's or AlexNet's, whose sums and means are none of the network's poolings.
    """
    scales = node.layer.combines == "product" or node.type == "Divide"
    return scales and len({each.kernels for each in inputs}) == 1


def _scales_a_product(node: Node) -> bool:
    """A factor and an offset a channel of what was multiplied: the end of such a normalization."""
    window = node.window
    single = node.role is Role.DEPTHWISE and window is not None and window.extent == (1, 1)
    return single and node.inputs[0].layer.combines == "product" and node.shape == node.inputs[0].shape


def _leads(one: Bone, other: Bone) -> bool:
    return one.at != other.at and bool(other.ancestors >> one.at & 1)


def _digest(token: Token, sources: Sequence[str]) -> str:
    return blake2b(repr((token, sources)).encode(), digest_size=DIGEST_BYTES).hexdigest()


def common(first: Sequence[Token], second: Sequence[Token]) -> int:
    """How many tokens two sequences have in common, in the same order: their longest common subsequence.

    A bit for each place of the first, as Hyyrö counts (2004, "Bit-parallel LCS-length computation revisited").
    """
    places: dict[Token, int] = {}
    for at, token in enumerate(first):
        places[token] = places.get(token, 0) | 1 << at
    every = (1 << len(first)) - 1
    open_ = every
    for token in second:
        matched = open_ & places.get(token, 0)
        open_ = ((open_ + matched) | (open_ - matched)) & every
    return len(first) - open_.bit_count()


def likeness(first: Sequence[Token], second: Sequence[Token]) -> float:
    """The share of two sequences that both have in the same order, from 0 to 1."""
    whole = len(first) + len(second)
    return 2 * common(first, second) / whole if whole else 0.0
