"""What the registry holds: architectures, their variants, and who takes up whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.errors import UsageError
from cnncli.models import catalogue
from cnncli.models.options import size
from cnncli.models.reference import Model, parse
from cnncli.models.spec import ModelSpec, Published


def architectures() -> tuple[ModelSpec, ...]:
    """All architectures of the registry, in its order: every family is loaded."""
    return catalogue.models()


def model_of(reference: str) -> Model:
    """The architecture that a reference names, with its flavor and options; only its family is loaded.

    Raises UsageError for one that cannot be read.
    """
    return parse(reference)


def variants(spec: ModelSpec) -> list[Model]:
    """An architecture with its defaults, and with the options of which figures or weights were published."""
    return [_with(spec, spec.flavors[0].name, options) for options in spec.variants]


def _with(spec: ModelSpec, flavor: str, options: Mapping[str, Any]) -> Model:
    """An architecture with options that need not be the defaults."""
    return Model(spec, flavor, spec.options(flavor) | dict(options))


def named(text: str) -> list[Model]:
    """What a name stands for among others to choose from: all variants of an architecture that is named alone; of one
    with a flavor or options just that. Raises UsageError.
    """
    found = parse(text)
    alone = found.reference == found.spec.name
    return variants(found.spec) if alone else [found]


def of_published(spec: ModelSpec, published: Published) -> Model:
    """The architecture as it was when its figures were published: with those options, in that flavor."""
    return _with(spec, published.flavor or spec.flavors[0].name, published.options)


def option_named(text: str) -> tuple[str, bool] | None:
    """The option of some architecture that a text names, and whether it is one of yes and no; None for other texts."""
    return catalogue.option_named(text)


def lineage(later: Model, earlier: Model) -> tuple[str, ...] | None:
    """By way of which architectures one takes up another's ideas, the latest first: none for a child of it.

    None where it does not, as far as the registry knows.
    """
    called = {earlier.spec.name, earlier.spec.architecture}
    if called & {*later.spec.descends_from}:
        return ()
    parents: dict[str, list[str]] = {}
    for spec in catalogue.models():
        for name in {spec.name, spec.architecture}:
            parents.setdefault(name, []).extend(spec.descends_from)
    ways: list[tuple[str, ...]] = [(name,) for name in later.spec.descends_from]
    seen = {*later.spec.descends_from, later.spec.name, later.spec.architecture}
    for way in ways:  # the shortest ways first: it grows while it is gone through
        further = dict.fromkeys(parents.get(way[-1], ()))
        if called & further.keys():
            return way
        ways += [(*way, name) for name in further if name not in seen]
        seen |= further.keys()
    return None


def read_size(name: str, text: str) -> tuple[int, int]:
    """A height and a width as people write them: 19x19, or 19 for it. Raises UsageError, which `name` begins."""
    try:
        return size(text)
    except ValueError as error:
        raise UsageError(f"{name}: expected {error}") from None
