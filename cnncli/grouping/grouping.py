"""From a graph as a file holds it to one with stages and blocks: what is found, written as scopes.

    wiring -> dominators -> regions, cells -> units -> sequences -> names -> stages -> kinds

Of MobileNet V2 read from a file, `block_3_expand` comes to stand in the scope ("stage3", "block2"), whose kind is
InvertedResidual6; its name stays what it is.
"""

from __future__ import annotations

from cnncli.graph import Graph, Kind, Scope
from cnncli.graph.arranging import arranged
from cnncli.grouping.dominators import Dominators
from cnncli.grouping.kinds import Naming
from cnncli.grouping.names import with_names
from cnncli.grouping.regions import Regions
from cnncli.grouping.sequences import with_sequences
from cnncli.grouping.stages import Stage, Staging
from cnncli.grouping.units import Item, Sort, Units
from cnncli.grouping.wiring import Wiring, wiring


def grouped(graph: Graph) -> Graph:
    """The same network in scopes that are found in it; where nothing is found, layers outside of all.

    Inputs stand first and outside of all scopes.
    """
    wires = wiring(graph)
    items = Units(wires, Regions(wires, Dominators(wires.sources))).items()
    inputs = [item for item in items if item.sort is Sort.INPUT]
    others = with_sequences(wires, [item for item in items if item.sort is not Sort.INPUT])
    others = with_names(wires, others)
    return _scoped(graph, wires, inputs, Staging(wires, others).stages())


def _scoped(graph: Graph, wires: Wiring, inputs: list[Item], stages: list[Stage]) -> Graph:
    naming = Naming(wires, [item for stage in stages for item in stage.items if item.sort is Sort.BLOCK])
    scopes: dict[int, Scope] = {}
    kinds: dict[Scope, Kind] = {}
    numbers: dict[Scope, int] = {}
    order = [node for item in inputs for node in item.nodes]
    number = 0
    for stage in stages:
        scope: Scope = (stage.name,) if stage.name else ()
        if stage.name == "stage":
            number += 1
            scope = (f"stage{number}",)
            numbers[scope] = number
        block = 0
        for item in stage.items:
            inner = scope
            if item.sort is Sort.BLOCK:
                block += 1
                inner = (*scope, f"block{block}")
                kinds[inner], numbers[inner] = naming.kind(item), block
            scopes |= dict.fromkeys(item.nodes, inner)
            order += item.nodes
    return arranged(graph, order, scopes, kinds, numbers)
