"""All architectures, and how one is found by its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from cnncli.document.prose import enumerated
from cnncli.errors import UsageError, plain, suggestion
from cnncli.models.options import BOOLEANS, Option
from cnncli.models.published import with_weights
from cnncli.models.spec import ModelSpec

FAMILIES: dict[str, tuple[str, ...]] = {
    "lenet": ("lenet5", "lenet"),
    "alexnet": ("alexnet", "alexnet_owt"),
    "zfnet": ("zfnet",),
    "network_in_network": ("nin_cifar10", "nin_imagenet"),
    "googlenet": ("googlenet", "inception_v1"),
    "vgg": ("vgg11", "vgg13", "vgg16", "vgg19"),
    "resnet": ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    "inception_v3": ("inception_v3",),
    "squeezenet": ("squeezenet_1_0", "squeezenet", "squeezenet_1_1"),
    "resnet_v2": ("resnet50_v2", "resnet101_v2", "resnet152_v2"),
    "wide_resnet": ("wide_resnet50_2", "wrn_50_2", "wide_resnet101_2", "wrn_101_2", "wrn_28_10", "wide_resnet28_10"),
    "resnext": ("resnext50_32x4d", "resnext50", "resnext101_32x4d", "resnext101_32x8d", "resnext101_64x4d"),
    "inception_v4": ("inception_v4", "inception_resnet_v2"),
    "densenet": ("densenet121", "densenet161", "densenet169", "densenet201"),
    "xception": ("xception",),
    "mobilenet_v1": ("mobilenet_v1", "mobilenet", "v1"),
    "senet": ("seresnet50",),
    "nasnet": ("nasnet_mobile", "nasnet_large"),
    "shufflenet_v1": ("shufflenet_v1", "shufflenet"),
    "mobilenet_v2": ("mobilenet_v2", "v2"),
    "darknet": ("darknet53",),
    "mnasnet": ("mnasnet_a1", "semnasnet", "mnasnet_b1", "mnasnet", "mnasnet_small"),
    "shufflenet_v2": ("shufflenet_v2",),
    "mobilenet_v3": ("mobilenet_v3_small", "v3_small", "mobilenet_v3_large", "v3_large"),
    "ghostnet": ("ghostnet",),
    "efficientnet": (
        "efficientnet", "efficientnet_b0", "b0", "efficientnet_b1", "b1", "efficientnet_b2", "b2", "efficientnet_b3",
        "b3", "efficientnet_b4", "b4", "efficientnet_b5", "b5", "efficientnet_b6", "b6", "efficientnet_b7", "b7",
    ),
    "cspnet": ("cspdarknet53", "cspresnet50", "cspresnext50"),
    "efficientnet_lite": (
        "efficientnet_lite0", "lite0", "efficientnet_lite1", "lite1", "efficientnet_lite2", "lite2",
        "efficientnet_lite3", "lite3", "efficientnet_lite4", "lite4",
    ),
    "regnet": (
        "regnet_x_200mf", "regnet_x_400mf", "regnet_x_600mf", "regnet_x_800mf", "regnet_x_1_6gf", "regnet_x_3_2gf",
        "regnet_x_4_0gf", "regnet_x_6_4gf", "regnet_x_8gf", "regnet_x_12gf", "regnet_x_16gf", "regnet_x_32gf",
        "regnet_y_200mf", "regnet_y_400mf", "regnet_y_600mf", "regnet_y_800mf", "regnet_y_1_6gf", "regnet_y_3_2gf",
        "regnet_y_4_0gf", "regnet_y_6_4gf", "regnet_y_8gf", "regnet_y_12gf", "regnet_y_16gf", "regnet_y_32gf",
    ),
    "efficientnet_v2": (
        "efficientnet_v2_b0", "efficientnet_v2_b1", "efficientnet_v2_b2", "efficientnet_v2_b3", "efficientnet_v2_s",
        "efficientnet_v2_m", "efficientnet_v2_l",
    ),
    "repvgg": (
        "repvgg_a0", "repvgg_a1", "repvgg_a2", "repvgg_b0", "repvgg_b1", "repvgg_b1g4", "repvgg_b2", "repvgg_b2g4",
        "repvgg_b3", "repvgg_b3g4",
    ),
    "convnext": ("convnext_tiny", "convnext_small", "convnext_base", "convnext_large", "convnext_xlarge"),
    "mobileone": ("mobileone_s0", "mobileone_s1", "mobileone_s2", "mobileone_s3", "mobileone_s4"),
    "convnext_v2": (
        "convnext_v2_atto", "convnext_v2_femto", "convnext_v2_pico", "convnext_v2_nano", "convnext_v2_tiny",
        "convnext_v2_base", "convnext_v2_large", "convnext_v2_huge",
    ),
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
    "auxiliary": "googlenet",
    "include_preprocessing": "mobilenet_v3",
    "groups": "shufflenet_v1",
    "width": "efficientnet",
    "depth": "efficientnet",
    "deploy": "repvgg",
}
"""Every option that some architecture has, with a module that declares it."""


Place = tuple[str, str]
"""The module of an architecture, and a name or an alias that stands there."""


def apart(name: str) -> str:
    """A name in plain letters, but with what stands between two numbers: regnet_x_1_6gf is not regnet_x_16gf."""
    return plain(re.sub(r"(?<=[0-9])[\s_.-]+(?=[0-9])", ".", name))


@cache
def _by_name() -> dict[str, Place]:
    return {apart(name): (module, name) for module, names in FAMILIES.items() for name in names}


@cache
def _run_together() -> dict[str, Place | None]:
    """The same by the name with nothing between its numbers; None where that may be several."""
    found: dict[str, Place | None] = {}
    for place in _by_name().values():
        key = plain(place[1])
        found[key] = None if key in found else place
    return found


def _place(name: str) -> Place | None:
    """Where an architecture of this name is, whatever the case, with or without - and _; None where there is none."""
    return _by_name().get(apart(name)) or _run_together().get(plain(name))


@cache
def _family(module: str) -> tuple[ModelSpec, ...]:
    return tuple(map(with_weights, import_module(f"cnncli.models.families.{module}").MODELS))


@cache
def models() -> tuple[ModelSpec, ...]:
    """All of them: every family is loaded."""
    return tuple(spec for module in FAMILIES for spec in _family(module))


def names() -> list[str]:
    """Every name and alias of every architecture."""
    return [name for names in FAMILIES.values() for name in names]


def _known(name: str) -> ModelSpec:
    """The architecture of a name or an alias in the spelling of FAMILIES."""
    return _at(_by_name()[apart(name)])


def _at(place: Place) -> ModelSpec:
    module, name = place
    return next(spec for spec in _family(module) if name in (spec.name, *spec.aliases))


def find_spec(name: str) -> ModelSpec:
    """Look a model up by any of its names. Raises UsageError."""
    return find(name)[0]


def find(name: str) -> tuple[ModelSpec, Mapping[str, str], str]:
    """Look a model up by its name or an alias, whatever the case, with or without - and _, or by a name that it has
    elsewhere, which may set options and the flavor: these stand beside it. Raises UsageError.
    """
    place = _place(name)
    if place:
        return _at(place), {}, ""
    from cnncli.models.names import published  # only for other libraries' names

    elsewhere = published(name, _spelt, _known)
    if elsewhere:
        return _known(elsewhere.name), elsewhere.options, elsewhere.flavor
    raise UsageError(f"unknown model {name!r}{_near(name)}")


def _near(name: str) -> str:
    """What to do about a name that no model has: many people type a family's."""
    family = next((module for module in FAMILIES if plain(module) == plain(name)), None)
    if family is None:
        return f"{suggestion(name, names())}; `cnncli list` shows all"
    return f"; it is a family, of {enumerated(_its_models(family))}; `cnncli list {family}` tells more"


MOST_NAMED = 6
"""Of a family's models."""


def _its_models(family: str) -> list[str]:
    """The names of a family's models; of many the first, and how many more there are."""
    found = [spec.name for spec in _family(family)]
    more = len(found) - MOST_NAMED
    return [*found[:MOST_NAMED], f"{more} more"] if more > 1 else found


def _spelt(text: str) -> str | None:
    """The name or alias that a text is, as FAMILIES spells it; None where it is none."""
    place = _place(text)
    return place[1] if place else None


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
