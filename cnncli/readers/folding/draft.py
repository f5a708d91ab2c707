"""A graph while operations of it are replaced: steps that know their readers, and the three moves that change them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any

from cnncli.errors import LayerError
from cnncli.graph import Graph, Layer, Node, Weight
from cnncli.graph.layers import Constant, InputLayer
from cnncli.graph.roles import Role


class Step:
    """A node in the making: `given` are its weights where they do not follow from the layer.

    `readers` counts how often each step reads this one. `fixed` is whether it shares its weights with another, so that
    it is never replaced; `stand_in` is what its readers read instead once it is gone.
    """

    __slots__ = (
        "dtype", "fixed", "given", "gone", "layer", "name", "node", "output", "read", "readers", "shape", "stand_in",
        "within",
    )  # fmt: skip

    def __init__(self, node: Node, read: list[Step]) -> None:
        self.node, self.read, self.shape = node, read, node.shape
        self.name, self.layer, self.dtype, self.given = node.name, node.layer, node.dtype, node.given
        self.readers: dict[Step, int] = {}
        self.output = self.fixed = self.gone = False
        self.stand_in: Step | None = None
        self.within: Step | None = None

    @property
    def sources(self) -> tuple[Step, ...]:
        """The steps that it reads."""
        return tuple([step if step.stand_in is None else _standing(step) for step in self.read])

    @property
    def weights(self) -> tuple[Weight, ...]:
        if self.given is not None:
            return self.given
        return self.layer.weights(*(step.shape for step in self.sources))

    @property
    def macs(self) -> Any:
        return self.layer.macs(*(step.shape for step in self.sources))

    def serves_only(self, others: Collection[Step]) -> bool:
        """Whether nobody else reads it, and it is no output."""
        return not (self.output or self.fixed) and all(reader in others for reader in self.readers)


def _standing(step: Step) -> Step:
    """What stands in for a step that is gone, however many have been replaced since."""
    last = step
    while last.stand_in is not None:
        last = last.stand_in
    while step.stand_in is not None and step.stand_in is not last:
        step.stand_in, step = last, step.stand_in
    return last


def _are_one_layer(*steps: Step) -> bool:
    return len({each.name.partition("/")[0] for each in steps}) == 1


def _where(step: Step) -> Step:
    """The step in which what a step did is done now."""
    while step.gone and (step.within or step.stand_in):
        step = step.within or _standing(step)
    return step


class Draft:
    """The steps of a graph, in an order in which they can be computed."""

    def __init__(self, graph: Graph, *, named: bool = False, exact: bool = False) -> None:
        """`named` is whether operations that are one layer are called so: `<layer>`, and `<layer>/<part>`.

        `exact` is whether what a step becomes must compute the same, and not only cost and look as much.
        """
        self.graph, self.named, self.exact = graph, named, exact
        self.steps: list[Step] = []
        for node in graph.nodes:
            step = Step(node, [self.steps[source.index] for source in node.inputs])
            self.steps.append(step)
            for source in step.read:
                source.readers[step] = source.readers.get(step, 0) + 1
            if node.shares:
                step.fixed = self.steps[node.shares.index].fixed = True
        self.outputs = [self.steps[node.index] for node in graph.outputs]
        for step in self.outputs:
            step.output = True
        self.changes = 0
        self._named = Counter(step.name for step in self.steps)

    def scope_of(self, step: Step, inner: Iterable[Step]) -> str:
        """What all of the steps are within by their names, `norm` of norm/sub and norm/add.

        It is the step's own name where they are not within one scope, or something else is called so.
        """
        within = dict.fromkeys(inner)
        scope = step.name.rpartition("/")[0]
        if not scope or self._named[scope] > sum(each.name == scope for each in within):
            return step.name
        if not all(each.name == scope or each.name.startswith(f"{scope}/") for each in within):
            return step.name
        return scope

    def become(
        self, step: Step, layer: Layer, sources: Sequence[Step], inner: Iterable[Step] = (), *,
        name: str = "", weights: Sequence[Weight] | None = None, counts: bool = True,
    ) -> bool:  # fmt: skip
        """The step becomes `layer` of `sources`, in which the `inner` steps are done too, if that can be.

        It cannot where somebody else reads an inner step, or where the shape would differ or, unless it no more
        `counts`, the multiply-accumulates.
        `weights` are all weights from then on; unless given, those of the inner steps and its own as they are.
        """
        within = dict.fromkeys(inner)
        if step.fixed or not all(each.serves_only({**within, step: None}) for each in within):
            return False
        if self.named and any(not _are_one_layer(step, each) for each in within):
            return False
        if not _computes_the_same(step, layer, sources, within, counts):
            return False
        if weights is None:
            weights = joined([*(weight for each in within for weight in each.weights), *step.weights])
        for each in (step, *within):
            self._unread(each)
        for each in within:
            each.gone, each.within = True, step
        step.layer, step.read, step.given = layer, list(sources), tuple(weights)
        step.name = step.name if self.named else name or step.name
        self._named[step.name] += 1
        for source in sources:
            source.readers[step] = source.readers.get(step, 0) + 1
        self.changes += 1
        return True

    def rewrite(self, steps: Sequence[Step], layers: Sequence[Layer]) -> bool:
        """Steps, each of which alone reads the one before, do something else in parts that is the same in the end."""
        for step, following in pairwise(steps):
            if step.fixed or not step.serves_only((following,)):
                return False
        (source,), last = steps[0].sources, steps[-1]
        shapes = [source.shape]
        for layer in layers:
            shapes.append(layer.output_shape(shapes[-1]))
        if last.fixed or shapes[-1] != last.shape:
            return False
        for step, layer, shape in zip(steps, layers, shapes[1:], strict=True):
            step.layer, step.shape = layer, shape
        self.changes += 1
        return True

    def bypass(self, step: Step) -> bool:
        """What read the step reads its source instead, which keeps its weights."""
        (source,) = step.sources
        if step.fixed or (step.output and (source.output or isinstance(source.layer, (InputLayer, Constant)))):
            return False
        if step.weights and not self._keeps(source, step):
            return False
        self._unread(step)
        for reader, count in step.readers.items():
            source.readers[reader] = source.readers.get(reader, 0) + count
        if step.output:
            source.output, source.dtype = True, step.dtype
        step.stand_in, step.gone = source, True
        self.changes += 1
        return True

    def drop(self, step: Step) -> bool:
        """The step goes, as nobody reads it."""
        if step.readers or step.output or step.fixed:
            return False
        self._unread(step)
        step.gone = True
        self.changes += 1
        return True

    def _keeps(self, source: Step, step: Step) -> bool:
        """Whether there is a step that the weights of one that goes can go to; they have then gone there."""
        keeper = source if source.layer.role is not Role.INPUT else next(iter(step.readers), None)
        if keeper is None or keeper.fixed or keeper.layer.role is Role.INPUT:
            return False
        keeper.given = joined([*keeper.weights, *step.weights])
        return True

    def _unread(self, step: Step) -> None:
        """The step reads nothing from now on; constants that nobody reads any more are gone."""
        for source in step.sources:
            left = source.readers.get(step, 0) - 1
            if left > 0:
                source.readers[step] = left
                continue
            source.readers.pop(step, None)
            if not source.readers and not source.output and isinstance(source.layer, Constant):
                source.gone = True

    def finished(self) -> Graph:
        """The graph of what is left; the one that it was made of where nothing was changed."""
        if not self.changes:
            return self.graph
        old, new = self.graph, Graph(self.graph.name)
        nodes: dict[Step, Node] = {}
        for step in self.steps:
            if step.gone:
                continue
            sources = [nodes[source] for source in step.sources]
            shares = step.node.shares and nodes[self.steps[step.node.shares.index]]
            node = new.add(
                step.layer, *sources, name=step.name, dtype=step.dtype, weights=step.given, shares=shares or None
            )
            node.scope = step.node.scope
            nodes[step] = node
        new.give(*(nodes[_standing(step)] for step in self.outputs))
        new.kinds, new.numbers = dict(old.kinds), dict(old.numbers)
        new.warnings, new.remarks = list(old.warnings), dict(old.remarks)
        if old.file_plan is not None:
            left = {step.node.index: nodes.get(_where(step)) for step in self.steps}
            new.file_plan = old.file_plan.renumbered({old: node.index for old, node in left.items() if node})
        return new


def _computes_the_same(
    step: Step, layer: Layer, sources: Sequence[Step], within: Collection[Step], counts: bool
) -> bool:
    """Whether `layer` gives what the steps gave, by its shape and by the work that it is counted to do."""
    shapes = [source.shape for source in sources]
    try:
        if layer.output_shape(*shapes) != step.shape:
            return False
        if not counts:
            return True
        before, after = sum(each.macs for each in (step, *within)), layer.macs(*shapes)
    except LayerError:
        return False
    return before is after or bool(before == after)


def joined(weights: Iterable[Weight]) -> tuple[Weight, ...]:
    """The weights, each tensor of a file once."""
    seen: set[str] = set()
    found = []
    for weight in weights:
        if not weight.identity or weight.identity not in seen:
            found.append(weight)
        seen.add(weight.identity)
    return tuple(found)
