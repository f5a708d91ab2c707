"""The kinds of blocks that a network is made of, told apart by what is in them and how it is wired, not by sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from cnncli.analysis.labels import Label, Traits, group_label, layer_label
from cnncli.document.numbers import shape
from cnncli.document.prose import enumerated
from cnncli.graph import Graph, Group, Node, Role, Scope
from cnncli.graph.cutting import scopes
from cnncli.graph.fold import BLOCK, STAGE
from cnncli.graph.roles import KERNELS


class Variant(NamedTuple):
    """Blocks that are alike inside, with their labels; the first stands for all of them."""

    blocks: Sequence[Group]
    labels: Sequence[Label]

    @property
    def stages(self) -> Counter[str]:
        """In which stages they are, and how many in each."""
        return Counter(block.scope[0] for block in self.blocks)

    @property
    def traits(self) -> list[Traits]:
        return [label for label in self.labels if isinstance(label, Traits)]

    @property
    def name(self) -> str:
        """What all have in common: `MBConv6`; of what is no block, what it is called within its stage."""
        if not self.traits:
            names = dict.fromkeys(block.scope[-1] for block in self.blocks)
            return enumerated(list(names)) if len(names) <= MOST_NAMES else f"{next(iter(names))}, ..."
        kinds = dict.fromkeys(each.kind for each in self.traits)
        named = map(str, kinds) if len(kinds) == 1 else dict.fromkeys(kind.name for kind in kinds)
        return "/".join(named)

    @property
    def gated(self) -> bool:
        """Whether all have squeeze-and-excitation."""
        return bool(self.traits) and all(each.squeeze_excite for each in self.traits)

    @property
    def residual(self) -> bool:
        """Whether all add their input."""
        return bool(self.traits) and all(each.residual for each in self.traits)

    @property
    def sizes(self) -> list[str]:
        """What the name does not tell: `kernel 3x3 or 5x5`, `stride 1 or 2`, `expansion 2.5 to 6`, `silu or relu`."""
        each = self.traits
        strides, functions = {max(one.strides) for one in each}, {one.activation for one in each if one.activation}
        expansions = {one.kind.expansion for one in each if one.kind.expansion is not None}
        found: list[tuple[str, Sequence[str | float]]] = [
            ("kernel", [shape(size) for size in sorted({one.kernel_size for one in each})]),
            ("stride", sorted(strides) if strides != {1} else []),
            ("expansion", sorted(expansions) if len(expansions) > 1 else []),
            ("groups", sorted({one.groups for one in each if one.groups > 1})),
            ("", sorted(functions) if len(functions) > 1 else []),
        ]
        return [f"{what} {_range(values)}".strip() for what, values in found if values]


MOST_NAMES = 3
"""That are told one by one."""


def _range(values: Sequence[str | float]) -> str:
    """`3x3`, `3x3 or 5x5`, of many `2 to 6`."""
    words = [value if isinstance(value, str) else f"{value:.3g}" for value in values]
    return enumerated(words, "or") if len(words) <= MOST_NAMES else f"{words[0]} to {words[-1]}"


def variants(graph: Graph) -> list[Variant]:
    """Every kind of block, in the order in which they are met; of a network without blocks, every kind of stage."""
    numbered: dict[Hashable, int] = {}
    found: dict[Hashable, list[Group]] = {}
    for block in _blocks(graph):
        found.setdefault(_structure(block, lambda what: numbered.setdefault(what, len(numbered))), []).append(block)
    return [Variant(blocks, [group_label(block) for block in blocks]) for blocks in found.values()]


def _blocks(graph: Graph) -> list[Group]:
    known = scopes(graph)
    chosen = [scope for scope in known if len(scope) == BLOCK] or [scope for scope in known if len(scope) == STAGE]
    return [_group(graph, scope) for scope in chosen]


def _group(graph: Graph, scope: Scope) -> Group:
    inside = tuple(node for node in graph.nodes if node.scope[: len(scope)] == scope)
    return Group(".".join(scope), scope, inside, graph.kinds, graph.numbers.get(scope))


def _structure(block: Group, number: Callable[[Hashable], int]) -> Hashable:
    """Each layer by what it is and by what leads to it, as numbers: the same for the same, in whatever order they are.

    What pads, or does nothing at inference, is looked through: it goes with a stride or a rate.
    """
    seen: dict[int, int] = {source.index: number(("source", place)) for place, source in enumerate(block.sources)}
    layers: list[int] = []
    for node in block.nodes:
        read = [seen[source.index] for source in node.inputs]
        if len(read) == 1 and (node.layer.pads or node.layer.idle):
            seen[node.index] = read[0]
            continue
        ways = tuple(sorted(read) if node.layer.commutative else read)
        seen[node.index] = number((_what(node), ways))
        layers.append(seen[node.index])
    return tuple(sorted(layers))


def _what(node: Node) -> Hashable:
    """What a layer is: all activations are one, and of a kernel it counts whether an activation is part of it."""
    if node.role is Role.ACTIVATION:
        return Role.ACTIVATION.value
    return node.type, bool(layer_label(node.layer).activation) if node.role in KERNELS else False
