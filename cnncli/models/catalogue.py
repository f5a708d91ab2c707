"""All architectures, and how one is found by its name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from cnncli.errors import UsageError, plain, suggestion
from cnncli.models.families import efficientnet, mobilenet_v1, mobilenet_v2, mobilenet_v3
from cnncli.models.options import BOOLEANS, Option
from cnncli.models.spec import Flavor, ModelSpec

MODELS: tuple[ModelSpec, ...] = (
    *mobilenet_v1.MODELS,
    *mobilenet_v2.MODELS,
    *mobilenet_v3.MODELS,
    *efficientnet.MODELS,
)


@cache
def _by_name() -> dict[str, ModelSpec]:
    return {plain(name): spec for spec in MODELS for name in (spec.name, *spec.aliases)}


def find_spec(name: str) -> ModelSpec:
    """Look a model up by any of its names. Raises UsageError."""
    return find(name)[0]


def find(name: str) -> tuple[ModelSpec, Mapping[str, str]]:
    """Look a model up by its name or an alias, whatever the case, with or without - and _, or by a name that it has
    elsewhere, which may set options. Raises UsageError.
    """
    known = _by_name()
    if plain(name) in known:
        return known[plain(name)], {}
    from cnncli.models.names import published  # only for other libraries' names

    specs = {spec.name: spec for spec in MODELS}
    elsewhere = published(name, {key: spec.name for key, spec in known.items()}, lambda found: specs[found].settable)
    if elsewhere:
        return specs[elsewhere[0]], elsewhere[1]
    spelled = {known: known for spec in MODELS for known in (*spec.aliases, spec.name)}
    raise UsageError(f"unknown model {name!r}{suggestion(name, spelled)}; `cnncli list` shows all")


@cache
def flavors() -> dict[str, Flavor]:
    """Every flavor that some architecture has, by name."""
    return {flavor.name: flavor for spec in MODELS for flavor in spec.flavors}


@cache
def options() -> dict[str, Option]:
    """Every option that some architecture has, by name: of several by one name the first."""
    found: dict[str, Option] = {}
    for spec in MODELS:
        for flavor in spec.flavor_names:
            for name in spec.options(flavor):
                found.setdefault(name, spec.option(name))
    return found


def option_named(text: str) -> tuple[str, bool] | None:
    """The option of some architecture that a text names, and whether it is one of yes and no; None for other texts."""
    known = options()
    spelt = {plain(also): name for name, option in known.items() for also in option.also}
    name = (spelt | {plain(name): name for name in known}).get(plain(text))
    return None if name is None else (name, known[name].values == BOOLEANS)
