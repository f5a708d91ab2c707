"""Colours that grey printers and colour-blind readers tell apart, and writing that can be read on them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from cnncli.diagram.parts import kind_of
from cnncli.draw import theme
from cnncli.graph import Layer
from cnncli.graph.layers import LAYERS


def outlines() -> dict[str, str]:
    return {kind: theme.palette(theme.THEMES["light"], [kind])[kind].style for kind in theme.THEMES["light"].fills}


@pytest.mark.parametrize("name", theme.THEMES)
def test_grey_printers_and_colour_blind_readers_tell_the_kinds_apart(name: Any) -> None:
    fills, style = theme.THEMES[name].fills, outlines()
    for first, second in itertools.combinations(fills, 2):
        apart = abs(lightness(fills[first]) - lightness(fills[second]))
        assert apart >= 3.5 or style[first] != style[second] or "input" in (first, second), (first, second, apart)
    working = ("convolution", "depthwise", "pooling", "merging", "dense", "activation")
    for first, second in itertools.combinations(working, 2):
        assert abs(luma(fills[first]) - luma(fills[second])) >= 12, (first, second)
        for vision in ((), PROTAN, DEUTAN, TRITAN):
            assert distance(seen(fills[first], vision), seen(fills[second], vision)) >= 4.5, (first, second, vision)


# Machado, Oliveira and Fernandes 2009, table 1, severity 1.0: what is left of linear red, green, blue.
PROTAN = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
DEUTAN = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
TRITAN = ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900))


def luma(colour: str) -> float:
    """Rec. 601's grey, which many printers and viewers make of a colour, 0 to 255."""
    return sum(w * int(colour[at : at + 2], 16) for w, at in ((0.299, 1), (0.587, 3), (0.114, 5)))


def lightness(colour: str) -> float:
    """CIE L*."""
    light = theme.luminance(colour)
    return 116 * light ** (1 / 3) - 16 if light > 0.008856 else 903.3 * light


def seen(colour: str, vision: Any) -> tuple[float, float, float]:
    """CIE Lab of a colour as a kind of colour blindness leaves it."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    if vision:
        linear = [min(max(sum(w * v for w, v in zip(row, linear, strict=True)), 0), 1) for row in vision]
    r, g, b = linear
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089
    fx, fy, fz = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distance(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    return sum((a - b) ** 2 for a, b in zip(first, second, strict=True)) ** 0.5


@pytest.mark.parametrize("name", theme.THEMES)
def test_everything_written_can_be_read(name: Any) -> None:
    look = theme.THEMES[name]
    grounds = [*look.fills.values(), *(theme.heat(look, share / 100).fill for share in range(101))]
    for ground in grounds:
        ink = theme.ink(look, ground)
        assert theme.contrast(ink, ground) >= 4.5
        assert theme.contrast(theme.faint(ink, ground), ground) >= 4.5
    for ground in (look.page, look.band):
        assert theme.contrast(look.text, ground) >= 4.5
        assert theme.contrast(look.faint, ground) >= 4.5
        assert theme.contrast(look.skip, ground) >= 3  # WCAG's least for what is not text
        assert theme.contrast(look.turn, ground) >= 3


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_has_a_role_and_every_role_a_colour(name: str) -> None:
    layer = LAYERS[name]
    assert any("role" in vars(each) for each in layer.__mro__ if each not in (Layer, object))
    for colours in theme.THEMES.values():
        assert kind_of(layer.role) in colours.fills
