"""All architectures, and how one is found by its name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from cnncli.errors import UsageError, plain, suggestion
from cnncli.models.options import BOOLEANS, Option
from cnncli.models.spec import ModelSpec

FAMILIES: dict[str, tuple[str, ...]] = {
    "vgg": ("vgg11", "vgg13", "vgg16", "vgg19"),
    "mobilenet_v1": ("mobilenet_v1", "mobilenet", "v1"),
    "shufflenet_v1": ("shufflenet_v1", "shufflenet"),
    "mobilenet_v2": ("mobilenet_v2", "v2"),
    "shufflenet_v2": ("shufflenet_v2",),
    "mobilenet_v3": ("mobilenet_v3_small", "v3_small", "mobilenet_v3_large", "v3_large"),
    "ghostnet": ("ghostnet",),
    "efficientnet": (
        "efficientnet", "efficientnet_b0", "b0", "efficientnet_b1", "b1", "efficientnet_b2", "b2",
        "efficientnet_b3", "b3", "efficientnet_b4", "b4", "efficientnet_b5", "b5", "efficientnet_b6", "b6",
        "efficientnet_b7", "b7",
    ),
    "repvgg": (
        "repvgg_a0", "repvgg_a1", "repvgg_a2", "repvgg_b0", "repvgg_b1", "repvgg_b1g4", "repvgg_b2", "repvgg_b2g4",
        "repvgg_b3", "repvgg_b3g4",
    ),
    "mobileone": ("mobileone_s0", "mobileone_s1", "mobileone_s2", "mobileone_s3", "mobileone_s4"),
    "mobilenet_v4": (
        "mobilenet_v4_conv_small", "v4_small", "mobilenet_v4_conv_medium", "v4_medium", "mobilenet_v4_conv_large",
        "v4_large",
    ),
}  # fmt: skip
"""The modules of `families`, each with every name and alias of its MODELS, in the order in which `list` has them.

A name is looked up here, so that one family is loaded to build its network, and none to complete a word.
"""

OPTIONS: dict[str, str] = {
    "input_shape": "mobilenet_v1",
    "alpha": "mobilenet_v1",
    "depth_multiplier": "mobilenet_v1",
    "include_top": "mobilenet_v1",
    "pooling": "mobilenet_v1",
    "classes": "mobilenet_v1",
    "classifier_activation": "mobilenet_v1",
    "dropout": "mobilenet_v1",
    "minimalistic": "mobilenet_v3",
    "include_preprocessing": "mobilenet_v3",
    "groups": "shufflenet_v1",
    "width": "efficientnet",
    "depth": "efficientnet",
    "deploy": "repvgg",
}
"""Every option that some architecture has, with a module that declares it."""


@cache
def _by_name() -> dict[str, tuple[str, str]]:
    """Module and name, by the name in plain letters."""
    return {plain(name): (module, name) for module, names in FAMILIES.items() for name in names}


@cache
def _family(module: str) -> tuple[ModelSpec, ...]:
    found: tuple[ModelSpec, ...] = import_module(f"cnncli.models.families.{module}").MODELS
    return found


@cache
def models() -> tuple[ModelSpec, ...]:
    """All of them: every family is loaded."""
    return tuple(spec for module in FAMILIES for spec in _family(module))


def names() -> list[str]:
    """Every name and alias of every architecture."""
    return [name for names in FAMILIES.values() for name in names]


def _known(name: str) -> ModelSpec:
    """The architecture of a name or an alias. Raises KeyError for others."""
    module, name = _by_name()[plain(name)]
    return next(spec for spec in _family(module) if name in (spec.name, *spec.aliases))


def find_spec(name: str) -> ModelSpec:
    """Look a model up by any of its names. Raises UsageError."""
    return find(name)[0]


def find(name: str) -> tuple[ModelSpec, Mapping[str, str]]:
    """Look a model up by its name or an alias, whatever the case, with or without - and _, or by a name that it has
    elsewhere, which may set options. Raises UsageError.
    """
    known = _by_name()
    if plain(name) in known:
        return _known(name), {}
    from cnncli.models.names import published  # only for other libraries' names

    elsewhere = published(name, {key: spelt for key, (_, spelt) in known.items()}, lambda own: _known(own).settable)
    if elsewhere:
        return _known(elsewhere[0]), elsewhere[1]
    raise UsageError(f"unknown model {name!r}{suggestion(name, names())}; `cnncli list` shows all")


@cache
def option(name: str) -> Option:
    """An option by its name: of those that several architectures have by one name the first. Raises KeyError."""
    module = OPTIONS[name]
    return next(spec.settable[name] for spec in _family(module) if name in spec.settable)


def option_named(text: str) -> tuple[str, bool] | None:
    """The option of some architecture that a text names, and whether it is one of yes and no; None for other texts."""
    known = {plain(name): name for name in OPTIONS}
    if plain(text) not in known:
        known = {plain(also): name for name in OPTIONS for also in option(name).also}
    name = known.get(plain(text))
    return None if name is None else (name, option(name).values == BOOLEANS)
