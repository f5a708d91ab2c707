"""The tensors that stand for a network in a picture of its feature maps, and which is made from which."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnncli.amounts import UNKNOWN, total
from cnncli.analysis.fused import leader
from cnncli.analysis.labels import FusedLabel, Label, LayerLabel, PartsLabel, Traits, resizes
from cnncli.diagram.parts import Detail, Part, parts
from cnncli.diagram.volumes.solids import extents
from cnncli.document.numbers import shape
from cnncli.errors import UsageError
from cnncli.graph import Graph, Role
from cnncli.graph.roles import KERNELS
from cnncli.words import visible

Link = tuple[int, int]
"""From which tensor to which later one, by their positions."""


class Tensors:
    """What of a network is drawn, at a detail. `whole` is what shares are of, where the graph was cut from it.

    Tensors whose size is not known are left out. Raises UsageError where an input is one of them, or nothing is left.
    """

    def __init__(self, graph: Graph, detail: Detail, whole: Graph | None = None) -> None:
        self.graph, self.detail, self.whole = graph, detail, whole or graph
        found = shown(graph, detail)
        self.parts = [part for part in found if UNKNOWN not in part.row.output_shape]
        self.left_out = [part for part in found if UNKNOWN in part.row.output_shape]
        opened = [part for part in self.left_out if any(node.role is Role.INPUT for node in part.nodes)]
        for part in opened or (self.left_out if not self.parts else ()):
            told = f"{visible(part.row.name)} is {shape(part.row.output_shape)}"
            raise UsageError(f"--volumes is to scale, but {told}; --input-shape HxWxC settles what a file leaves open")
        self.links = links(graph, self.parts)

    def in_words(self) -> list[Label]:
        """What makes them, as far as it is said."""
        return [part.label.leader if isinstance(part.label, FusedLabel) else part.label for part in self.parts]


def shown(graph: Graph, detail: Detail) -> list[Part]:
    """The parts whose outputs are drawn, in order: stages, blocks, or layers that make another map of what they read.

    What is no block is shown by its layers where blocks are shown, and where it makes a vector of a map, as a head
    does: so the vectors of its dense layers are seen.
    """
    layers = parts(graph, "layer", fuse=True)
    found = [part for part in layers if _makes(part)]
    if detail != "layer":
        within = {part.nodes[0].index: part for part in found}
        found = [each for part in parts(graph, detail) for each in _opened(part, within, detail)]
    return found or layers


def _opened(part: Part, within: dict[int, Part], detail: Detail) -> Sequence[Part]:
    """A part of a coarser division as what is shown of it."""
    if len(part.nodes) == 1:
        return [part] if _makes(part) else []
    row = part.row
    ends = extents(row.output_shape).is_vector and not extents(row.input_shape).is_vector
    if part.traits or not (detail == "block" or ends):
        return [part]
    inside = [within[node.index] for node in part.nodes if node.index in within]
    return ([_together(run) for run in _runs_alike(inside)] if detail == "block" else inside) or [part]


def _makes(part: Part) -> bool:
    """Whether a layer, with what is computed together with it, makes another tensor than it reads."""
    node = leader(part.nodes)
    if node.role in KERNELS or node.role in (Role.INPUT, Role.POOLING):
        return True
    if node.role is Role.SHAPING:
        return resizes(node)
    before = [extents(each) for each in node.input_shapes if UNKNOWN not in each]
    return UNKNOWN in node.shape or extents(node.shape) not in before


def _runs_alike(found: Sequence[Part]) -> Iterator[list[Part]]:
    """Layers in a row that say the same and put out the same, each of which reads the one before it."""
    run: list[Part] = []
    for part in found:
        row = part.row
        if run and _alike(run[-1], part) and row.inputs and run[-1].nodes[-1] in part.nodes[0].inputs:
            run.append(part)
            continue
        if run:
            yield run
        run = [part]
    if run:
        yield run


def _alike(one: Part, other: Part) -> bool:
    return (str(one.label), one.row.output_shape) == (str(other.label), other.row.output_shape)


def _together(run: Sequence[Part]) -> Part:
    first, last = run[0].row, run[-1].row
    if len(run) == 1:
        return run[0]
    row = replace(
        first,
        name=f"{first.name}-{_last_of(first.short_name, last.short_name)}",
        nodes=tuple(index for part in run for index in part.row.nodes),
        amounts={key: total(part.row.amounts[key] for part in run) for key in first.amounts},
        repeats=len(run),
    )
    return Part(row, tuple(node for part in run for node in part.nodes), run[0].kind)


def _last_of(first: str, last: str) -> str:
    """`3` of conv1 and conv3, whose names are alike but for their numbers."""
    stem = re.sub(r"\d+$", "", first)
    return last.removeprefix(stem) if re.fullmatch(re.escape(stem) + r"\d+", last) else last


def links(graph: Graph, found: Sequence[Part]) -> list[Link]:
    """Which tensor is made from which; a layer that is not shown, as a sum, belongs to the last tensor it reads."""
    owner = {node.index: position for position, part in enumerate(found) for node in part.nodes}
    pairs: dict[Link, None] = {}
    for node in graph.nodes:
        read = [owner[source.index] for source in node.inputs if source.index in owner]
        if node.index not in owner and read:
            owner[node.index] = max(read)
        pairs.update({(source, owner[node.index]): None for source in read if source != owner[node.index]})
    return sorted(pairs)


def operation(part: Part) -> list[str]:
    """What makes a tensor, in words: a block's, or each of its layers'; nothing of an input."""
    if any(node.role is Role.INPUT for node in part.nodes):
        return []
    label = part.label
    if isinstance(label, PartsLabel):
        each = [f"{_plainly(layer)} x{count}" if count > 1 else _plainly(layer) for layer, count in label.parts]
        return [*each[:1], *(f"+ {words}" for words in each[1:])]
    if isinstance(label, Traits):
        words = [*label.words()[: -len(label.resizing) or None], *([f"x{part.blocks}"] if part.blocks > 1 else [])]
        return [" ".join(words), *(f"+ {_plainly(layer)}" for layer in label.resizing)]
    said = _plainly(label.leader if isinstance(label, FusedLabel) else label)
    return [f"{said} x{part.row.repeats}" if part.row.repeats > 1 else said]


def _plainly(label: LayerLabel) -> str:
    """`conv 3x3 relu`, `global average pooling`: as people write a class, without how many axes it works along."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"(?<=[a-z])[123]D", "", label.type))
    return " ".join((spaced.lower(), *label.details()))


def around(part: Part) -> str:
    """The scope in which a tensor is named; nothing at the top."""
    scope = part.row.scope
    fills = not part.row.name.startswith(".".join((*scope, "")))
    return ".".join(scope[:-1] if fills else scope)
