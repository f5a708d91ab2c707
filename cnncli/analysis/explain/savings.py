"""What the ideas of a network save against the plain ones: the kernels here, and those that would do the same plainly.

Told of the normal form, in which files and architectures are written alike; every figure is reckoned from the sizes of
the kernels in it. Where one idea is a part of another, as a separable convolution of an inverted residual, the other is
told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import Any

from cnncli.analysis.compare.work import groups, is_depthwise, is_pointwise, kernel_size, strides
from cnncli.analysis.explain.chains import (
    Chains,
    is_plain,
    is_square,
    makes,
    narrows,
    reads,
    sees_several,
    widens,
)
from cnncli.analysis.explain.ideas import Idea, Saving
from cnncli.analysis.explain.products import Fractions, Kernel, Side, full, holds, kernel_of
from cnncli.graph import Graph, Node, Role
from cnncli.graph.roles import CONVOLUTIONS, KERNELS

CLASSIFYING = ("softmax", "sigmoid")
"""Functions that make likelihoods of classes."""


def savings(graph: Graph) -> list[Saving]:
    """What is saved in a graph in normal form, in its order."""
    return list(_Search(Chains(graph)).found())


class _Search:
    def __init__(self, chains: Chains) -> None:
        self.chains = chains
        self._taken: dict[Idea, set[int]] = {idea: set() for idea in Idea}

    def found(self) -> Iterator[Saving]:
        for node in self.chains.kernels:
            looks = (self._depthwise, self._fused, self._narrowed, self._grouped, self._factorized, self._stacked)
            for look in looks:
                yield from look(node)
        for node in self.chains.graph.nodes:
            if node.role is Role.DENSE and self.chains.wires.behind[node.index]:
                yield from self._pooled(node)
            elif node.role is Role.MERGING and not node.layer.combines:
                yield from self._cheap(node)
            elif node.role is Role.MERGING and node.layer.combines == "sum":
                yield from self._parallel(node)
            elif node.layer.pools_globally and not self._is_read_on(node):
                yield from self._averaged(node)

    def _is_free(self, idea: Idea, *nodes: Node) -> bool:
        """Whether no other place of this idea has these layers; they are this one's from here on."""
        indices = {node.index for node in nodes}
        if self._taken[idea] & indices:
            return False
        self._taken[idea] |= indices
        return True

    # A depthwise convolution with 1x1 ones.

    def _depthwise(self, node: Node) -> Iterator[Saving]:
        if not is_depthwise(node):
            return
        chains, before, after = self.chains, self.chains.only_before(node), self.chains.only_after(node)
        if after is None or not is_pointwise(after):
            return
        if before and widens(before) and makes(after) < makes(node):
            first = chains.only_before(before)
            extra = [first] if first and is_depthwise(first) else []
            yield _inverted((*extra, before, node, after))
            return
        behind = chains.only_after(after)
        if behind and widens(after) and narrows(behind):
            yield _inverted((node, after, behind))
        elif not self._is_extra(after):
            yield _separable(node, after)

    def _is_extra(self, widening: Node) -> bool:
        """Whether a 1x1 convolution is that of a block whose other depthwise convolution comes behind it."""
        behind = self.chains.only_after(widening)
        last = self.chains.only_after(behind) if behind and is_depthwise(behind) else None
        return last is not None and widens(widening) and narrows(last)

    def _fused(self, node: Node) -> Iterator[Saving]:
        """A linear 1x1 convolution narrows what a convolution of several cells has widened."""
        before = self.chains.only_before(node)
        if not before or not narrows(node) or not self.chains.ends_linear(node) or groups(before) > 1:
            return
        if not sees_several(before) or not makes(before) > reads(before):
            return
        wide, last = kernel_of(before), kernel_of(node)
        read = _unpadded(before.inputs[0]).shape
        first = Kernel((1,) * len(wide.extent), reads(before), makes(before), read[:-1])
        apart = Side((first, replace(wide, channels=1), last))
        if self._is_free(Idea.FUSED, before, node):
            yield Saving(Idea.FUSED, (before, node), Side((wide, last)), apart)

    # A 1x1 convolution that narrows for a convolution of several cells.

    def _narrowed(self, node: Node) -> Iterator[Saving]:
        before = self.chains.before[node.index]
        if not sees_several(node) or not before or not is_pointwise(before) or self.chains.ends_linear(before):
            return
        after, alone = self.chains.only_after(node), self.chains.only_after(before) is node
        wide = max(reads(before), makes(after)) if after else 0
        if alone and after and is_pointwise(after) and max(makes(before), makes(node)) < wide and widens(after):
            yield _bottleneck(before, node, after)
        elif narrows(before) and alone:
            plain = full(kernel_of(node), reads(before))
            yield Saving(Idea.REDUCTION, (before, node), _side(before, node), Side((plain,)))
        elif narrows(before):
            yield from self._fire(before, node)

    def _fire(self, squeeze: Node, node: Node) -> Iterator[Saving]:
        beside = [each for each in self.chains.after[squeeze.index] if each is not node]
        joined = self.chains.joined(node)
        if len(beside) != 1 or not is_pointwise(beside[0]) or not joined or joined is not self.chains.joined(beside[0]):
            return
        plain = replace(kernel_of(node), channels=reads(squeeze), filters=makes(node) + makes(beside[0]))
        nodes = (squeeze, beside[0], node)
        yield Saving(Idea.FIRE, nodes, _side(*nodes), Side((plain,)))

    # One kernel, or several of several cells.

    def _grouped(self, node: Node) -> Iterator[Saving]:
        count = groups(node)
        if node.role not in CONVOLUTIONS or count == 1 or is_depthwise(node):
            return
        here, plain = _side(node), Side((full(kernel_of(node), reads(node)),))
        yield _with_formula(Saving(Idea.GROUPED, (node,), here, plain), ((1, (count,)),))

    def _factorized(self, node: Node) -> Iterator[Saving]:
        before = self.chains.only_before(node)
        if not before or not is_plain(node) or not is_plain(before) or is_square(node):
            return
        extent = kernel_size(node)
        if kernel_size(before) != extent[::-1] or min(extent) != 1:
            return
        square = (max(extent),) * len(extent)
        plain = replace(kernel_of(node), extent=square, channels=reads(before))
        if self._is_free(Idea.FACTORIZED, before, node):
            found = Saving(Idea.FACTORIZED, (before, node), _side(before, node), Side((plain,)))
            yield _with_formula(found, ((2, (max(extent),)),))

    def _stacked(self, node: Node) -> Iterator[Saving]:
        """Told of the first of a row of kernels alike, of which each but the last is read by the next alone."""
        before, side = self.chains.only_before(node), kernel_size(node)[0]
        if not _stacks(node) or (before and _stacks_on(before, node)):
            return
        row = [node]
        while (behind := self.chains.only_after(row[-1])) and _stacks_on(row[-1], behind):
            row.append(behind)
        extent = len(row) * (side - 1) + 1
        if len(row) < 2 or not extent <= min(row[-1].shape[:-1]):
            return
        axes = len(kernel_size(node))
        plain = replace(kernel_of(row[-1]), extent=(extent,) * axes, channels=reads(node))
        found = Saving(Idea.STACKED, tuple(row), _side(*row), Side((plain,)))
        yield _with_formula(found, ((len(row) * side**axes, (extent,) * axes),))

    # What joins channels, and what is left of the map.

    def _cheap(self, node: Node) -> Iterator[Saving]:
        """A 1x1 convolution's output beside what a depthwise convolution makes of it."""
        for depthwise in filter(is_depthwise, self.chains.joining.get(node.index, ())):
            first = self.chains.before[depthwise.index]
            if first and is_pointwise(first) and len(node.inputs) == 2 and first in map(_above, node.inputs):
                plain = replace(kernel_of(first), filters=makes(first) + makes(depthwise))
                nodes = (first, depthwise)
                yield Saving(Idea.CHEAP, nodes, _side(*nodes), Side((plain,)))

    def _parallel(self, node: Node) -> Iterator[Saving]:
        """Kernels alike but for their extent that read one map: their sum is a kernel again."""
        alike: dict[tuple[Any, ...], list[Node]] = {}
        for each in node.inputs:
            if each.index in self.chains.after and each.role in CONVOLUTIONS and self.chains.ends_linear(each):
                like = (_unpadded(each.inputs[0]).index, each.role, groups(each), strides(each), each.shape)
                alike.setdefault(like, []).append(each)
        for kernels in alike.values():
            if len(kernels) > 1:
                plain = max(map(kernel_of, kernels), key=lambda kernel: prod(kernel.extent))
                yield Saving(Idea.PARALLEL, tuple(kernels), _side(*kernels), Side((plain,)))

    def _pooled(self, node: Node) -> Iterator[Saving]:
        pool = node.inputs[0]
        while not pool.layer.pools_globally and len(pool.inputs) == 1 and pool.role not in KERNELS:
            (pool,) = pool.inputs
        maps = self.chains.wires.maps(pool) if pool.layer.pools_globally else []
        if len(maps) != 1 or node.index in self.chains.wires.gated:
            return
        here, (*cells, channels) = kernel_of(node), maps[0].shape
        if here.channels != channels:
            return
        plain = replace(here, extent=tuple(cells))
        found = Saving(Idea.POOLED, (pool, node), Side((here,)), Side((plain,)))
        yield _with_formula(found, ((1, tuple(cells)),))

    def _is_read_on(self, pool: Node) -> bool:
        """Whether a kernel stands behind what was pooled, or no function of the classes: then they are features."""
        if pool.index in self.chains.wires.gated:
            return True
        behind = [node for node in self.chains.graph.nodes[pool.index + 1 :] if self.chains.wires.behind[node.index]]
        classes = any(node.role is Role.ACTIVATION and node.layer.function in CLASSIFYING for node in behind)
        return not classes or any(node.role in KERNELS for node in behind)

    def _averaged(self, pool: Node) -> Iterator[Saving]:
        """What a 1x1 convolution makes of each cell for the classes, averaged: as many products, of fewer weights."""
        classifier = _above(pool.inputs[0])
        if classifier.role is Role.CONVOLUTION and is_pointwise(classifier) and groups(classifier) == 1:
            here = kernel_of(classifier)
            plain = replace(here, extent=here.places, places=())
            yield Saving(Idea.POOLED, (classifier, pool), Side((here,)), Side((plain,)))


def _unpadded(node: Node) -> Node:
    """The map that padding was laid around."""
    while node.layer.pads:
        (node,) = node.inputs
    return node


def _above(node: Node) -> Node:
    """The kernel of which nothing but normalization and an activation stands before this point."""
    while node.role in (Role.ACTIVATION, Role.NORMALIZATION) and len(node.inputs) == 1:
        (node,) = node.inputs
    return node


def _side(*nodes: Node) -> Side:
    return Side(tuple(map(kernel_of, nodes)))


def _with_formula(saving: Saving, formula: Fractions) -> Saving:
    """With a formula where it holds: papers take widths to be equal, and each channel to have one kernel."""
    return replace(saving, formula=formula) if holds(formula, saving.here, saving.plain) else saving


def _separable(depthwise: Node, pointwise: Node) -> Saving:
    """1/N + 1/k^2 of N filters and a kernel of k x k; where the 1x1 convolution is in g groups 1/N + 1/(g k^2)."""
    first, last = kernel_of(depthwise), kernel_of(pointwise)
    plain = Side((Kernel(first.extent, reads(depthwise), last.filters, last.places),))
    found = Saving(Idea.SEPARABLE, (depthwise, pointwise), Side((first, last)), plain)
    count = groups(pointwise)
    return _with_formula(found, ((1, (last.filters,)), (1, (*([count] if count != 1 else []), *first.extent))))


def _inverted(nodes: Sequence[Node]) -> Saving:
    """Each depthwise convolution as a full one of the same width."""
    plain = [full(kernel_of(node), reads(node)) if is_depthwise(node) else kernel_of(node) for node in nodes]
    return Saving(Idea.INVERTED, tuple(nodes), _side(*nodes), Side(tuple(plain)))


def _bottleneck(narrowing: Node, node: Node, widening: Node) -> Saving:
    """Two kernels of the same extent, from all channels to all, of which the first strides."""
    last = replace(kernel_of(node), filters=makes(widening))
    plain = full(last, reads(narrowing)), full(last, makes(widening))
    nodes = (narrowing, node, widening)
    return Saving(Idea.BOTTLENECK, nodes, _side(*nodes), Side(plain))


def _stacks(node: Node) -> bool:
    return is_plain(node) and is_square(node) and kernel_size(node)[0] % 2 == 1


def _stacks_on(before: Node, node: Node) -> bool:
    """Whether a kernel goes on a row of kernels of the same extent on a map of the same size."""
    alike = kernel_size(before) == kernel_size(node) and before.shape[:-1] == node.shape[:-1]
    return _stacks(before) and _stacks(node) and alike
