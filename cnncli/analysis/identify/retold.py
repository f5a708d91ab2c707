"""What tells two networks apart that have the same body: activations and padding within it, and what stands behind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from cnncli.analysis.identify.skeleton import Bone, Skeleton
from cnncli.graph import Node, Shape
from cnncli.graph.roles import KERNELS


class Activations(NamedTuple):
    """Kernels with one activation behind them in the known network, and another one here; "linear" is none."""

    before: str
    after: str
    kernels: int


class Retold(NamedTuple):
    """`padded` is how many kernels pad otherwise; of another head what the two networks put out."""

    activations: tuple[Activations, ...]
    padded: int
    head: tuple[tuple[Shape, ...], tuple[Shape, ...]] | None


def retold(known: Skeleton, here: Skeleton, end: Bone) -> Retold:
    """`end` is where the body ends here."""
    partners = {bone.exact: bone.node for bone in known.bones if bone.node.role in KERNELS}
    pairs = [(partners[bone.exact], bone.node) for bone in _body(here, end) if bone.exact in partners]
    other = Counter((one.layer.function, two.layer.function) for one, two in pairs)
    activations = [Activations(*functions, count) for functions, count in other.items() if len({*functions}) > 1]
    padded = sum(_padding(one) != _padding(two) for one, two in pairs)
    return Retold(tuple(activations), padded, None if known.same(here) else (_outputs(known), _outputs(here)))


def _body(skeleton: Skeleton, end: Bone) -> Sequence[Bone]:
    return [skeleton.bones[node.index] for node in skeleton.kernels(end) if node.role in KERNELS]


def _padding(node: Node) -> tuple[object, bool]:
    return getattr(node.layer, "padding", None), any(each.layer.pads for each in node.inputs)


def _outputs(skeleton: Skeleton) -> tuple[Shape, ...]:
    return tuple(node.shape for node in skeleton.graph.outputs)
