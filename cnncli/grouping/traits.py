"""What a block consists of, as the rules for its name ask for it: kernels, gates, what joins its paths."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from cnncli.graph import Node, Role
from cnncli.graph.gates import gated
from cnncli.graph.roles import KERNELS
from cnncli.grouping.sequences import is_pointwise, is_separable
from cnncli.grouping.wiring import Wiring


class Traits:
    """A block's layers by what they do."""

    def __init__(self, wiring: Wiring, nodes: Sequence[int]) -> None:
        self.nodes = [wiring.nodes[index] for index in nodes]
        gates = gated(self.nodes)
        kernels = [node for node in self.nodes if node.role in KERNELS and node.index not in gates]
        self.kernels = [node for node in kernels if not _scales_a_product(node)]
        merging = [node for node in self.nodes if node.role is Role.MERGING and node.index not in gates]
        self.merging = [node for node in merging if node.layer.combines != "product"]  # else an activation spelt out
        self.gates = bool(gates)

    @property
    def functions(self) -> set[str]:
        """The activation functions in it."""
        found = {node.layer.function for node in self.nodes if node.role is Role.ACTIVATION}
        return found | {node.layer.function for node in self.kernels}

    @cached_property
    def letters(self) -> str:
        """Its kernels in order: p 1x1, d depthwise, s separable, g in groups, c another convolution, f dense."""
        return "".join(map(_letter, self.kernels))

    @property
    def ends_in_sum(self) -> bool:
        return bool(self.merging) and bool(self.merging[-1].layer.combines)

    @property
    def ends_in_concatenation(self) -> bool:
        return bool(self.merging) and not self.merging[-1].layer.combines

    @property
    def in_parallel(self) -> bool:
        """Whether none of its kernels reads what another one makes."""
        kernels = {node.index for node in self.kernels}
        made: set[int] = set()
        for node in self.nodes:
            reads = any(source.index in made for source in node.inputs)
            if reads and node.index in kernels:
                return False
            if reads or node.index in kernels:
                made.add(node.index)
        return True

    @property
    def input_channels(self) -> Any:
        return self.kernels[0].input_shapes[0][-1] if self.kernels else None

    @property
    def is_linear(self) -> bool:
        """Whether nothing is activated behind the last kernel."""
        last = self.kernels[-1]
        behind = [node for node in self.nodes if node.index > last.index]
        return last.layer.function == "linear" and not any(node.role is Role.ACTIVATION for node in behind)


def _letter(node: Node) -> str:
    if node.role is Role.DEPTHWISE:
        return "d"
    groups = getattr(node.layer, "groups", 1)
    if groups != 1:
        return "d" if groups == node.input_shapes[0][-1] == node.shape[-1] else "g"
    if is_pointwise(node) or _is_strided_pointwise(node):
        return "p"
    if node.role is Role.DENSE:
        return "f"
    return "s" if is_separable(node) else "c"


def _scales_a_product(node: Node) -> bool:
    """A factor and an offset a channel of what was multiplied: the end of ConvNeXt V2's normalization spelt out."""
    window = node.window
    single = node.role is Role.DEPTHWISE and window is not None and window.extent == (1, 1)
    return single and node.inputs[0].layer.combines == "product"


def _is_strided_pointwise(node: Node) -> bool:
    """A 1x1 convolution that skips cells, as shortcuts do."""
    window = node.window
    return node.role is Role.CONVOLUTION and window is not None and window.extent == (1, 1)
