"""Networks as files hold them, and how much of what the registry's builders wrote by hand the grouping finds again.

`python tests/grouping_truth.py` prints the shares and what differs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, NamedTuple

from cnncli.errors import CnncliError
from cnncli.graph import Graph, Layer, Node, Scope
from cnncli.graph.layers import Activation, BatchNormalization, Multiply
from cnncli.graph.roles import CONVOLUTIONS, KERNELS, Role
from cnncli.grouping import grouped
from cnncli.network import network

SIZES = ("32", "96", "97x131", "224")
V1_V2 = tuple(f"alpha={alpha}" for alpha in (0.25, 0.35, 0.5, 0.75, 1.0, 1.4))
SPREAD: dict[str, tuple[str, ...]] = {
    "mobilenet_v1": (*V1_V2, "depth_multiplier=2", "include_top=false", "include_top=false,pooling=max", "classes=2"),
    "mobilenet_v2": (*V1_V2, "include_top=false", "include_top=false,pooling=avg", "classes=2"),
    "mobilenet_v3_small": (
        "alpha=0.5", "alpha=0.75", "alpha=1.0", "minimalistic=true", "include_top=false", "include_preprocessing=false",
    ),
    "mobilenet_v3_large": (
        "alpha=0.5", "alpha=0.75", "alpha=1.0", "minimalistic=true", "include_top=false", "dropout=0",
    ),
    "efficientnet": ("width=0.5", "depth=0.5", "width=0.5,depth=0.5", "width=1.3,depth=1.7", "include_top=false"),
    **{f"efficientnet_b{number}": ("", "include_top=false,pooling=avg") for number in range(8)},
    **dict.fromkeys(("nasnet_mobile", "mnasnet_a1", "efficientnet_lite0", "efficientnet_v2_s"), ("",)),
}  # fmt: skip


def references() -> Iterator[str]:
    """All architectures in both flavors with a spread of options and sizes."""
    for name, options in SPREAD.items():
        scaled = name.startswith("efficientnet_b")
        for flavor, option, size in product(("keras", "paper"), options, SIZES[2:3] if scaled else SIZES):
            told = ",".join(filter(None, (option, f"input_shape={size}")))
            yield f"{name}@{flavor}:{told}"


def graphs() -> Iterator[tuple[str, Graph]]:
    for reference in references():
        try:
            yield reference, network(reference).graph
        except CnncliError:  # an option that this flavor does not have
            continue


# As files have them.


class Copy(NamedTuple):
    """A graph without scopes and names, and which scope each of its nodes stood in."""

    graph: Graph
    scopes: list[Scope]


@dataclass
class Copying:
    copy: Copy
    new: dict[int, Node] = field(default_factory=dict)

    def add(self, layer: Layer, *inputs: Node, scope: Scope) -> Node:
        self.copy.scopes.append(scope)
        return self.copy.graph.add(layer, *inputs, name=f"n{len(self.copy.scopes)}")


def stripped(graph: Graph) -> Copy:
    """Without names and scopes."""
    copying = Copying(Copy(Graph("n"), []))
    for node in graph.nodes:
        inputs = [copying.new[each.index] for each in node.inputs]
        copying.new[node.index] = copying.add(node.layer, *inputs, scope=node.scope)
    return copying.copy


def compiled(graph: Graph, *, fused: bool = True) -> Copy:
    """The same as a runtime has it: batch normalization and activations in the kernels, silu spelt out, no dropout."""
    copying = Copying(Copy(Graph("n"), []))
    later = _fused(graph) if fused else {}
    gone = {each.index for members in later.values() for each in members}
    for node in graph.nodes:
        inputs = [copying.new[each.index] for each in node.inputs]
        if node.index in gone or node.role is Role.TRAINING:
            copying.new[node.index] = inputs[0]
        elif getattr(node.layer, "activation", "") == "silu":
            copying.new[node.index] = _silu(copying, node, inputs)
        else:
            layer = _with(node.layer, later.get(node.index, ()))
            copying.new[node.index] = copying.add(layer, *inputs, scope=node.scope)
    return copying.copy


def _fused(graph: Graph) -> dict[int, list[Node]]:
    """For each kernel what a runtime computes with it."""
    readers = graph.readers()
    found: dict[int, list[Node]] = defaultdict(list)
    for node in graph.nodes:
        last = node
        while node.role in KERNELS and len(readers[last.index]) == 1:
            (last,) = readers[last.index]
            name = last.layer.function
            normal = isinstance(last.layer, BatchNormalization) and node.role in CONVOLUTIONS
            if not normal and not (last.role is Role.ACTIVATION and name in ("relu", "relu6")):
                break
            found[node.index].append(last)
    return found


def _with(layer: Any, members: Any) -> Layer:
    changes: dict[str, Any] = {}
    for each in members:
        if isinstance(each.layer, BatchNormalization):
            changes["use_bias"] = True
        else:
            changes["activation"] = each.layer.function
    return replace(layer, **changes) if changes else layer


def _silu(copying: Copying, node: Node, inputs: list[Node]) -> Node:
    layer: Any = node.layer
    x = inputs[0] if node.role not in KERNELS else copying.add(
        replace(layer, activation=None), *inputs, scope=node.scope
    )  # fmt: skip
    gate = copying.add(Activation("sigmoid"), x, scope=node.scope)
    return copying.add(Multiply(), x, gate, scope=node.scope)


# How much is found again.


@dataclass
class Score:
    """How many of so many stages, blocks, and kinds of the blocks that were found; and what differs, in words."""

    found: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    there: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    missed: list[str] = field(default_factory=list)

    def share(self, level: str) -> float:
        return self.found[level] / self.there[level]

    def __str__(self) -> str:
        return ", ".join(f"{level}s {self.found[level]} of {count}" for level, count in self.there.items())


LEVELS = {"stage": 1, "block": 2}


def score(reference: str, original: Graph, copy: Copy, total: Score) -> None:
    """Add to `total` what the grouping finds of one network."""
    result = grouped(copy.graph)
    there = {f"n{place}": scope for place, scope in enumerate(copy.scopes, 1)}
    for level, depth in LEVELS.items():
        truth = _sets({name: scope[:depth] for name, scope in there.items() if len(scope) >= depth}, original, depth)
        found = _sets({n.name: n.scope[:depth] for n in result.nodes if len(n.scope) >= depth}, result, depth)
        by_nodes = {nodes: scope for scope, nodes in found.items()}
        for scope, nodes in truth.items():
            total.there[level] += 1
            total.found[level] += nodes in by_nodes
            if nodes not in by_nodes:
                total.missed.append(f"{reference} {level} {'.'.join(scope)}")
            elif level == "block":
                total.there["kind"] += 1
                mine, theirs = str(result.kinds[by_nodes[nodes]]), str(original.kinds[scope])
                total.found["kind"] += mine == theirs
                if mine != theirs:
                    total.missed.append(f"{reference} kind {'.'.join(scope)}: {mine}, not {theirs}")


def _sets(scopes: dict[str, Scope], graph: Graph, depth: int) -> dict[Scope, frozenset[str]]:
    """The nodes of each scope; at the depth of blocks those of blocks."""
    found: dict[Scope, set[str]] = defaultdict(set)
    for name, scope in scopes.items():
        if depth == 1 or scope in graph.kinds:
            found[scope].add(name)
    return {scope: frozenset(nodes) for scope, nodes in found.items()}


FORMS = {
    "stripped": stripped,
    "compiled": compiled,
    "silu spelt out": lambda graph: compiled(graph, fused=False),
}


def main() -> None:
    for form, make in FORMS.items():
        total = Score()
        for reference, graph in graphs():
            score(reference, graph, make(graph), total)
        print(f"{form}: {total}")
        print(*(f"    {line}" for line in total.missed), sep="\n")


if __name__ == "__main__":
    main()
