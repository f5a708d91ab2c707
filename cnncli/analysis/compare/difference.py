"""What changes from one network to another: block by block, with what each change costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Literal

from cnncli.amounts import is_known
from cnncli.analysis.compare.alignment import Part, align_parts, parts
from cnncli.analysis.compare.changes import Fact, changed, whole_block
from cnncli.analysis.metric import Place
from cnncli.analysis.metrics import amounts
from cnncli.analysis.structure import acting, arguments, source
from cnncli.errors import CheckFailed
from cnncli.graph import Graph, Group, Node, Scope

Costs = Mapping[str, Any]
"""Of layers, what changes of them are told to cost: the figures that add up, by the metrics' keys."""


def costs_of(nodes: Sequence[Node]) -> dict[str, Any]:
    return amounts(nodes, Place.CHANGE)


def nothing() -> dict[str, Any]:
    return costs_of(())


def added(costs: Iterable[Costs]) -> dict[str, Any]:
    """The sums of several."""
    whole = nothing()
    for each in costs:
        whole = {key: whole[key] + each[key] for key in whole}
    return whole


def _less(after: Costs, before: Costs) -> dict[str, Any]:
    return {key: after[key] - before[key] for key in after}


Kind = Literal["changed", "added", "removed", "equal"]


@dataclass(frozen=True)
class Change:
    """A block, or a run of blocks that change alike, of the first network (`before`) or the second (`after`).

    `what` are the facts that changed; `costs` are the second's less the first's, over the run.
    """

    kind: Kind
    before: tuple[Group, ...]
    after: tuple[Group, ...]
    what: tuple[Fact, ...]
    costs: Costs

    @property
    def blocks(self) -> int:
        return max(len(self.before), len(self.after))


def difference(before: Graph, after: Graph) -> list[Change]:
    """All blocks of both networks in order, aligned by role and position; runs that change alike are folded into one.

    What acts in training only is no difference. Raises CheckFailed where the costs of the changes do not add up to
    the difference of the totals, which no network should bring about.
    """
    first, second = parts(before), parts(after)
    pairs = list(_aligned_blocks(first, second))
    signatures = _signatures(first, pairs) | _signatures(second, pairs)
    changes = [_change(one, other, signatures) for one, other in pairs]
    parts_of_it, whole = added(change.costs for change in changes), _less(costs_of(after.nodes), costs_of(before.nodes))
    if any(is_known(whole[key]) and parts_of_it[key] != whole[key] for key in whole):
        raise CheckFailed(f"the changes add up to {parts_of_it}, but the totals differ by {whole}: please report this")
    return _folded(changes)


def _aligned_blocks(first: Sequence[Part], second: Sequence[Part]) -> Iterator[tuple[Part | None, Part | None]]:
    for i, j in align_parts(first, second):
        blocks = () if i is None else first[i].blocks or (first[i],)
        others = () if j is None else second[j].blocks or (second[j],)
        for k, m in align_parts(blocks, others):
            yield None if k is None else blocks[k], None if m is None else others[m]


def _change(one: Part | None, other: Part | None, signatures: Mapping[Part | None, Any]) -> Change:
    before, after = one and one.group, other and other.group
    costs = _less(costs_of(after.nodes if after else ()), costs_of(before.nodes if before else ()))
    if before and after:
        equal = any(mine == theirs for mine, theirs in zip(signatures[one], signatures[other], strict=True))
        if equal:  # what is unknown of both is the same
            known = {key: value if is_known(value) else 0 for key, value in costs.items()}
            return Change("equal", (before,), (after,), (), known)
        return Change("changed", (before,), (after,), changed(before, after), costs)
    if after:
        return Change("added", (), (after,), whole_block(after), costs)
    assert before
    return Change("removed", (before,), (), whole_block(before), costs)


def _signatures(
    stages: Sequence[Part], pairs: Sequence[tuple[Part | None, Part | None]]
) -> dict[Part | None, tuple[Any, Any]]:
    """Of each block all that it computes at inference: two blocks of one signature are equal.

    A layer's source is written as its distance in blocks, and its place from the end of that block. The distance is
    counted in two ways: in its own network, where what follows a block that the other lacks is as it was without it;
    and among the blocks of both, where what a further output is computed by, beside the way, changes nothing.
    """
    blocks = [block for stage in stages for block in stage.blocks or (stage,)]
    own = {block: number for number, block in enumerate(blocks)}
    both = {block: number for number, pair in enumerate(pairs) for block in pair if block and block in own}
    places: dict[int, tuple[Part, int]] = {}
    for block in blocks:
        nodes = acting(block.group.nodes)
        places |= {node.index: (block, len(nodes) - position) for position, node in enumerate(nodes)}
    return {block: (_signature(block, own, places), _signature(block, both, places)) for block in blocks}


def _signature(block: Part, numbers: Mapping[Part, int], places: Mapping[int, tuple[Part, int]]) -> list[Any]:
    def away(node: Node) -> tuple[int, int]:
        where, place = places[source(node).index]
        return numbers[block] - numbers[where], place

    return [
        (node.type, arguments(node.layer), node.shape, node.input_shapes, [away(each) for each in node.inputs])
        for node in acting(block.group.nodes)
    ]


def _folded(changes: Sequence[Change]) -> list[Change]:
    def alike(change: Change) -> Any:
        if change.kind == "equal":
            return "equal"
        return change.kind, *_parents(change), change.what, change.costs

    return [_run(list(run)) for _, run in groupby(changes, key=alike)]


def _parents(change: Change) -> tuple[Scope | None, Scope | None]:
    before, after = (groups[0].parent if groups else None for groups in (change.before, change.after))
    return before, after


def _run(run: Sequence[Change]) -> Change:
    return replace(
        run[0],
        before=tuple(group for change in run for group in change.before),
        after=tuple(group for change in run for group in change.after),
        costs=added(change.costs for change in run),
    )
