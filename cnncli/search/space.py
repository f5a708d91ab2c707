"""The candidates of a search: architectures with options, in an order that is always the same, none made beforehand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from cnncli.document.numbers import setting
from cnncli.errors import UsageError

if TYPE_CHECKING:
    from cnncli.models.reference import Model
    from cnncli.models.spec import ModelSpec

Given = Mapping[str, Sequence[str]]
"""Values of options as text, by the option's name: each candidate has one of each."""


class Part(Protocol):
    """What a space is made of: candidates with numbers of their own, from 0 to below `size`."""

    @property
    def size(self) -> int: ...

    @property
    def heads(self) -> tuple[str, ...]:
        """The architectures that its candidates are of, each as NAME or NAME@FLAVOR."""

    def reference(self, index: int) -> str: ...


class Product(NamedTuple):
    """An architecture with every combination of some settings; plain texts, so that another process can have it.

    `head` is NAME or NAME@FLAVOR. An axis are the settings of one option, `alpha=0.5`, empty where it is the default;
    they stand in the builder's order, so that a reference is the shortest of its network.
    """

    head: str
    axes: tuple[tuple[str, ...], ...]

    @property
    def size(self) -> int:
        return prod(map(len, self.axes))

    @property
    def heads(self) -> tuple[str, ...]:
        return (self.head,)

    def reference(self, index: int) -> str:
        """Of a candidate by its number; the last axis goes round fastest."""
        settings = []
        for axis in reversed(self.axes):
            index, place = divmod(index, len(axis))
            settings.append(axis[place])
        told = ",".join(filter(None, reversed(settings)))
        return f"{self.head}:{told}" if told else self.head


@dataclass(frozen=True)
class Space:
    """Products, or other parts, one after the other. Candidates have numbers: their place among all."""

    products: tuple[Part, ...]

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(product.size for product in self.products))

    @property
    def heads(self) -> tuple[str, ...]:
        """The architectures that its candidates are of."""
        return tuple(dict.fromkeys(head for product in self.products for head in product.heads))

    def __len__(self) -> int:
        """Raises OverflowError for more than the system counts, 2**63 or so."""
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int) -> str:
        """The reference of a candidate. Raises IndexError."""
        if not 0 <= index < len(self):
            raise IndexError(index)
        place = bisect_right(self._ends, index)
        before = self._ends[place - 1] if place else 0
        return self.products[place].reference(index - before)

    def __iter__(self) -> Iterator[str]:
        return self.part(0, len(self))

    def part(self, start: int, stop: int) -> Iterator[str]:
        """The references from one number to below another."""
        return map(self.__getitem__, range(start, min(stop, len(self))))

    def __add__(self, other: Space) -> Space:
        """Both, one after the other; a product of both stands once."""
        return Space(tuple(dict.fromkeys((*self.products, *other.products))))


class Spread(NamedTuple):
    """A space, and what of the options given did not go into it, by option: the architectures that lack it, and those
    that have it but refuse a value, which is told beside them.
    """

    space: Space
    lacking: Mapping[str, Sequence[str]]
    refused: Mapping[str, Mapping[str, str]]


def spread(models: Iterable[Model], given: Given) -> Spread:
    """The space of some models, each with every combination of the options given, in place of its own of that name.

    An architecture that lacks an option of these is left out, unless all do; so is a value that it refuses.
    Raises UsageError for an option that none has, and for a value that all refuse, saying what is expected.
    """
    chosen = list(models)
    lacking = {name: _named(model for model in chosen if name not in model.options) for name in given}
    for name, without in lacking.items():
        if chosen and len(without) == len(_named(chosen)):
            raise UsageError(f"no architecture of these has an option {name}: {_some(without)}")
    kept = _different([model for model in chosen if all(name in model.options for name in given)], given)
    if chosen and not kept:
        raise UsageError(f"no architecture of these has all of the options {', '.join(given)}")
    refused: dict[str, dict[str, str]] = {name: {} for name in given}
    read = {spec.name: _read(spec, given, refused) for spec in {model.spec.name: model.spec for model in kept}.values()}
    products = dict.fromkeys(_product(model, read[model.spec.name]) for model in kept)
    space = Space(tuple(product for product in products if product.size))
    if kept and not space.products:
        name, reasons = next((name, reasons) for name, reasons in refused.items() if reasons)
        raise UsageError(f"{name}={','.join(given[name])}: expected {next(iter(reasons.values()))}")
    return Spread(space, {name: names for name, names in lacking.items() if names}, refused)


def _different(models: Sequence[Model], given: Given) -> list[Model]:
    """Each network once, by the name of which somebody published an accuracy: efficientnet is also efficientnet_b0.

    Of the options given all models take the same values.
    """
    found: dict[Any, Model] = {}
    for model in sorted(models, key=lambda model: model.published is None):
        own = tuple((name, value) for name, value in model.arguments.items() if name not in given)
        found.setdefault((model.spec.build, model.spec.deviating(model.flavor), frozenset(own)), model)
    kept = set(map(id, found.values()))
    return [model for model in models if id(model) in kept]


def _named(models: Iterable[Model]) -> list[str]:
    """The architectures of models, each once."""
    return list(dict.fromkeys(model.spec.name for model in models))


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:3], f"{len(names) - 3} more"] if len(names) > 3 else names)


def _read(spec: ModelSpec, given: Given, refused: dict[str, dict[str, str]]) -> dict[str, list[Any]]:
    """The values given as the architecture reads them, each once; of those that it refuses why, in `refused`."""
    found: dict[str, list[Any]] = {}
    for name, texts in given.items():
        values: list[Any] = []
        for text in texts:
            try:
                value = spec.option(name).read(text)
            except ValueError as error:
                refused[name][spec.name] = str(error)
            else:
                values.append(value)
        found[name] = list(dict.fromkeys(values))
    return found


def _product(model: Model, given: Mapping[str, Sequence[Any]]) -> Product:
    """A model with the options given; of the others its own."""
    spec, defaults = model.spec, model.spec.options(model.flavor)
    axes = []
    for name, own in model.options.items():
        values = given.get(name, (own,))
        axis = tuple("" if value == defaults[name] else f"{name}={setting(value)}" for value in values)
        if axis != ("",):
            axes.append(axis)
    flavor = "" if model.flavor == spec.flavors[0].name else f"@{model.flavor}"
    return Product(spec.name + flavor, tuple(axes))
