"""All architectures, and how one is found by its name."""

from __future__ import annotations

from functools import cache

from cnncli.errors import UsageError, suggestion
from cnncli.models.families import efficientnet, mobilenet_v1, mobilenet_v2, mobilenet_v3
from cnncli.models.options import Option
from cnncli.models.spec import Flavor, ModelSpec

MODELS: tuple[ModelSpec, ...] = (
    *mobilenet_v1.MODELS,
    *mobilenet_v2.MODELS,
    *mobilenet_v3.MODELS,
    *efficientnet.MODELS,
)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


@cache
def _by_name() -> dict[str, ModelSpec]:
    return {_plain(name): spec for spec in MODELS for name in (spec.name, *spec.aliases)}


def find_spec(name: str) -> ModelSpec:
    """Look a model up by name or alias, whatever the case, with or without - and _. Raises UsageError."""
    try:
        return _by_name()[_plain(name)]
    except KeyError:
        spelled = {_plain(known): known for spec in MODELS for known in (*spec.aliases, spec.name)}
        near = suggestion(_plain(name), spelled)
        raise UsageError(f"unknown model {name!r}{near}; `cnncli list` shows all") from None


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
