"""The order of a file's layers where it has models within models, and numbers the layers of each class a model.

Such a file does not say where an inner model stands among the layers around it. But an inner model's layers follow each
other, and each layer of the network takes weights of certain shapes: mostly one order alone is possible then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain
from typing import Any, NamedTuple

MOST_STEPS = 50_000
"""That are tried from layer to layer; a network of 200 layers with a model for every four of them takes 10,000."""

ANOTHER = 10
"""By how much a layer does not fit whose weights are other ones altogether, or that is not there."""

Shapes = Sequence[tuple[int, ...]]


class Array(NamedTuple):
    """An array of a file, whose values are not read yet."""

    shape: tuple[int, ...]
    dtype: Any
    dataset: Any


class Stored(NamedTuple):
    """What a file holds for one layer: its name there, and its arrays in Keras's order."""

    name: str
    arrays: Sequence[Array]


class Wanted(NamedTuple):
    """A layer that takes weights: its class in Keras's spelling of files, and their shapes."""

    kind: str
    shapes: Shapes


class Held(NamedTuple):
    """A model of a file: its layers with weights and the models within it, by class and in their order there."""

    layers: Mapping[str, Sequence[Stored]]
    models: Mapping[str, Sequence[Held]] = {}

    def counts(self) -> Counter[str]:
        """Of its layers by class, those of the models within it among them."""
        found = Counter({kind: len(layers) for kind, layers in self.layers.items()})
        for models in self.models.values():
            for model in models:
                found.update(model.counts())
        return found


class Arrangement(NamedTuple):
    """Layers in the network's order: by how much they do not fit, and whether others would do as well."""

    unfit: int
    several: bool
    layers: tuple[Stored, ...]


def in_order(held: Held, wanted: Sequence[Wanted]) -> list[Stored]:
    """What a file holds for each layer that is wanted (nothing for those it lacks), then what is left over.

    Raises ValueError where it has models within models and two orders fit.
    """
    together = _together(held)
    if together is None:
        found = Search(held, wanted).best()
        if found.several and not found.unfit:
            raise ValueError(
                "it has a model within the model and layers of the same class and shapes in both, whose order it does "
                "not tell; save the weights of the inner model alone"
            )
        layers = found.layers
        used = {id(layer) for layer in layers}
        return [*layers, *(layer for layer in _all(held) if id(layer) not in used)]
    queues = {kind: iter(layers) for kind, layers in together.items()}
    taken = [next(queues.get(each.kind, iter(())), Stored(each.kind, ())) for each in wanted]
    return [*taken, *(layer for queue in queues.values() for layer in queue)]


def _together(held: Held) -> dict[str, Sequence[Stored]] | None:
    """All layers by class, where no class is in two models; None where one is."""
    found = dict(held.layers)
    for models in held.models.values():
        for model in models:
            inner = _together(model)
            if inner is None or inner.keys() & found.keys():
                return None
            found |= inner
    return found


def _all(held: Held) -> Iterator[Stored]:
    for layers in held.layers.values():
        yield from layers
    for models in held.models.values():
        for model in models:
            yield from _all(model)


Taken = tuple[int, ...]
"""Of each class of inner models, how many stand before a place."""


class Way(NamedTuple):
    """Layers up to a place, as those of the last step and the way before it; `unfit` and `several` as of all."""

    unfit: int
    several: bool
    last: tuple[Stored, ...] = ()
    before: Way | None = None

    def layers(self) -> tuple[Stored, ...]:
        steps: list[tuple[Stored, ...]] = []
        way: Way | None = self
        while way:
            steps.append(way.last)
            way = way.before
        return tuple(chain.from_iterable(reversed(steps)))


class Search:
    """The arrangement of a model's layers that fits best, from the first layer that is wanted to the last.

    Of the layers up to some place, the inner models that were taken say which were left to the model itself: so of all
    ways to one place with the same models, only the best is kept.
    """

    def __init__(self, held: Held, wanted: Sequence[Wanted]) -> None:
        self.held = held
        self.wanted = wanted
        self.kinds = tuple(held.models)
        self.counts = {kind: [model.counts() for model in models] for kind, models in held.models.items()}
        self.sums = {kind: list(accumulate(counts, initial=Counter[str]())) for kind, counts in self.counts.items()}
        self.within: dict[tuple[str, int, int], Arrangement | None] = {}
        self.steps = 0

    def best(self) -> Arrangement:
        reached: list[dict[Taken, Way]] = [{} for _ in range(len(self.wanted) + 1)]
        reached[0][(0,) * len(self.kinds)] = Way(0, several=False)
        before: Counter[str] = Counter()
        for place, each in enumerate(self.wanted):
            for taken, way in reached[place].items():
                own = self._own(taken, before, each)
                self._step(
                    reached[place + 1], taken, way, Arrangement(_unlike(own, each), several=False, layers=(own,))
                )
                for further, inner in self._models(taken, place):
                    self._step(reached[place + len(inner.layers)], further, way, inner)
            reached[place].clear()
            before[each.kind] += 1
        total = self.held.counts().total()
        ends = [Arrangement(way.unfit, way.several, way.layers()) for way in reached[-1].values()]
        ends = [end._replace(unfit=end.unfit + _left(end, total)) for end in ends]
        least = min(end.unfit for end in ends)
        found = [end for end in ends if end.unfit == least]
        return found[0]._replace(several=len(found) > 1 or found[0].several)

    def _step(self, reached: dict[Taken, Way], taken: Taken, way: Way, step: Arrangement) -> None:
        """Keep the better of two ways to a place, and know of two that are as good."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise ValueError("it has so many models within models that their order is not to be found")
        unfit, several = way.unfit + step.unfit, way.several or step.several
        known = reached.get(taken)
        if known is None or known.unfit >= unfit:
            several = several or (known is not None and known.unfit == unfit)
            reached[taken] = Way(unfit, several, step.layers, way)

    def _own(self, taken: Taken, before: Mapping[str, int], each: Wanted) -> Stored:
        """The model's next layer of a class, behind what it and the models that were taken had before."""
        inner = sum(self.sums[kind][count][each.kind] for kind, count in zip(self.kinds, taken, strict=True))
        layers = self.held.layers.get(each.kind, ())
        number = before[each.kind] - inner
        return layers[number] if number < len(layers) else Stored(each.kind, ())

    def _models(self, taken: Taken, place: int) -> Iterator[tuple[Taken, Arrangement]]:
        """The inner models that may begin at a place, each with what is taken then."""
        for at, (kind, count) in enumerate(zip(self.kinds, taken, strict=True)):
            if count < len(self.held.models[kind]):
                key = kind, count, place
                if key not in self.within:
                    self.within[key] = self._inner(*key)
                if inner := self.within[key]:
                    yield (*taken[:at], count + 1, *taken[at + 1 :]), inner

    def _inner(self, kind: str, number: int, place: int) -> Arrangement | None:
        """An inner model's layers from a place on; None where those that are wanted there are not of its classes."""
        counts = self.counts[kind][number]
        wanted = self.wanted[place : place + counts.total()]
        if Counter(each.kind for each in wanted) != counts:
            return None
        return Search(self.held.models[kind][number], wanted).best()


def _unlike(own: Stored, each: Wanted) -> int:
    """In how many sizes a layer's weights are others than those wanted."""
    shapes = [array.shape for array in own.arrays]
    if [len(shape) for shape in shapes] != [len(shape) for shape in each.shapes]:
        return ANOTHER
    sizes = zip(chain.from_iterable(shapes), chain.from_iterable(each.shapes), strict=True)
    return sum(one != other for one, other in sizes)


def _left(end: Arrangement, total: int) -> int:
    """For the layers of the file that none is wanted for."""
    return ANOTHER * (total - sum(bool(layer.arrays) for layer in end.layers))
