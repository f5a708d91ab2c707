"""Several networks side by side: totals, and stages that play the same role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.compare.alignment import Part, align_parts, parts
from cnncli.analysis.metrics import Totals
from cnncli.analysis.structure import structural_hash
from cnncli.graph import Graph, Group
from cnncli.graph.normal import normal
from cnncli.network import Network
from cnncli.readers.folding import folded


@dataclass(frozen=True)
class Entry:
    """A network in a comparison, with its figures."""

    network: Network
    totals: Totals

    @property
    def reference(self) -> str:
        return self.network.reference

    @property
    def graph(self) -> Graph:
        return self.network.graph

    @property
    def only_weights(self) -> bool:
        """Whether it is a file that does not say how its layers are connected."""
        reading = self.network.origin.reading
        return reading is not None and reading.only_weights

    @cached_property
    def structure(self) -> str:
        return structural_hash(self.graph)

    @cached_property
    def normal(self) -> Graph:
        """The graph in the form that is the same for all kinds of files."""
        return self.graph_in_normal_form()

    def graph_in_normal_form(self) -> Graph:
        """One of its own each time, to be changed."""
        return normal(folded(self.graph))

    @cached_property
    def normal_structure(self) -> str:
        return structural_hash(self.normal)

    @property
    def quantization(self) -> str:
        """How the weights of a file are quantized, in a word or two."""
        reading = self.network.origin.reading
        return reading.quantization if reading else ""

    @cached_property
    def without_ceilings(self) -> Graph:
        """The normal form, in which a relu6 is a relu: a quantization has a ceiling of its own, which may be lower."""
        graph = self.graph_in_normal_form()
        for node in graph.nodes:
            options: Any = node.layer
            if getattr(options, "activation", "") == "relu6":
                node.layer = replace(options, activation="relu")
        return graph


def normal_forms(one: Entry, other: Entry) -> tuple[Graph, Graph]:
    """Both as they are compared across kinds of files; without the ceilings of activations where one is quantized."""
    if bool(one.quantization) != bool(other.quantization):
        return one.without_ceilings, other.without_ceilings
    return one.normal, other.normal


def same_in_normal_form(one: Entry, other: Entry) -> bool:
    if one.normal_structure == other.normal_structure:
        return True
    if bool(one.quantization) == bool(other.quantization):
        return False
    before, after = normal_forms(one, other)
    return structural_hash(before) == structural_hash(after)


def entry(network: Network) -> Entry:
    return Entry(network, Totals(network.graph))


def crosses(one: Entry, other: Entry) -> bool:
    """Whether a converter may stand between the two: then they are compared in normal form."""
    return "file" in (one.network.origin.kind, other.network.origin.kind)


def incomparable(one: Entry, other: Entry) -> bool:
    """Whether one of two networks is a table of weights, which does not say how its layers are connected."""
    return one.only_weights or other.only_weights


def identical(one: Entry, other: Entry) -> bool:
    """Whether two networks compute the same at inference; where a file is one of them, but for how it is written.

    Of tables of weights nobody knows what is computed: they are the same where they hold the same weights.
    """
    macs = one.totals.macs, other.totals.macs  # quicker than the structures, which need be looked at only then
    if all(map(is_known, macs)) and macs[0] != macs[1]:
        return False
    if incomparable(one, other):
        return one.only_weights == other.only_weights and _weights(one) == _weights(other)
    if crosses(one, other):
        return same_in_normal_form(one, other)
    return one.structure == other.structure


def _weights(found: Entry) -> list[tuple[str, Any]]:
    """Each layer's name and its weights."""
    return [(node.name, tuple(node.weights)) for node in found.graph.nodes]


StageRow = tuple[Group | None, ...]
"""The stages of one role, one for each model in order; None where a model has none."""


def stages(entries: Sequence[Entry]) -> list[StageRow]:
    """The models' stages in rows of one role, in every model's own order. Each model joins the rows so far."""
    rows: list[list[Part | None]] = []
    for number, each in enumerate(entries):
        found = parts(each.graph)
        known = [next(part for part in row if part) for row in rows]
        joined: list[list[Part | None]] = []
        for i, j in align_parts(known, found):
            row: list[Part | None] = [None] * number if i is None else rows[i]
            joined.append([*row, None if j is None else found[j]])
        rows = joined
    return [tuple(part.group if part else None for part in row) for row in rows]
