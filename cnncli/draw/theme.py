"""Colours: a theme's palette by kind of layer, the shades of heat, and the arithmetic of contrast.

The fills of a theme have hues after Okabe and Ito, which colour-blind readers tell apart, and descend in luminance by
equal steps in the order of Theme.fills, so that a grey printer tells them apart too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

ThemeName = Literal["light", "dark", "mono"]


class Swatch(NamedTuple):
    """How a box is filled, bordered and written on."""

    fill: str
    border: str
    ink: str
    style: str = "filled"


@dataclass(frozen=True)
class Theme:
    """Colours as #RRGGBB. `fills` and `borders` go by kind of layer, `blocks` names those that blocks take in turn."""

    page: str
    text: str
    faint: str
    band: str
    band_border: str
    frame: str
    frame_border: str
    frame_bar: str
    branch: str
    line: str
    turn: str
    skip: str
    fills: Mapping[str, str]
    borders: Mapping[str, str]
    heat: tuple[str, ...]
    blocks: tuple[str, ...] = ("depthwise", "merging", "activation", "dense", "pooling")


THEMES: dict[ThemeName, Theme] = {
    "light": Theme(
        page="#FFFFFF",
        text="#17202B",
        faint="#55606E",
        band="#F1F4F7",
        band_border="#D8DFE6",
        frame="#FFFFFF",
        frame_border="#B9C4CF",
        frame_bar="#DFE6ED",
        branch="#F6E4EF",
        line="#3B4856",
        turn="#7C8B9A",
        skip="#8E2F6B",
        fills={
            "input": "#FFFFFF",
            "other": "#F7F8FA",
            "normalization": "#F5F3CB",
            "activation": "#FBD79D",
            "convolution": "#93CDF4",
            "depthwise": "#61C29F",
            "pooling": "#DD7638",
            "merging": "#B5508A",
            "dense": "#2A5488",
        },
        borders={
            "input": "#17202B",
            "other": "#7C8B9A",
            "normalization": "#999346",
            "activation": "#A97C2B",
            "convolution": "#0B699A",
            "depthwise": "#006148",
            "pooling": "#864212",
            "merging": "#722E58",
            "dense": "#073B73",
        },
        heat=("#FFF6DE", "#FAD086", "#EEA847", "#DA8219", "#BA6219", "#8F4A29", "#5D392F"),
    ),
    "dark": Theme(
        page="#0D1218",
        text="#E8EDF2",
        faint="#9BA8B6",
        band="#151C25",
        band_border="#27323F",
        frame="#0F151C",
        frame_border="#3A4856",
        frame_bar="#222D39",
        branch="#2A1B27",
        line="#B8C4D0",
        turn="#7C8B9A",
        skip="#E898C5",
        fills={
            "input": "#0D1218",
            "other": "#19212A",
            "normalization": "#2F2F1E",
            "activation": "#4A391D",
            "convolution": "#1C587D",
            "depthwise": "#22795D",
            "pooling": "#B36130",
            "merging": "#B37499",
            "dense": "#7DA3D3",
        },
        borders={
            "input": "#E8EDF2",
            "other": "#5F6E7D",
            "normalization": "#6F6C43",
            "activation": "#9F7F4B",
            "convolution": "#4D98C9",
            "depthwise": "#4DAF8D",
            "pooling": "#E09468",
            "merging": "#E898C5",
            "dense": "#97C4FD",
        },
        heat=("#251611", "#612D01", "#804600", "#9D6204", "#B58228", "#C3A564", "#D1C6A3"),
    ),
    "mono": Theme(
        page="#FFFFFF",
        text="#000000",
        faint="#4A4A4A",
        band="#F4F4F4",
        band_border="#C8C8C8",
        frame="#FFFFFF",
        frame_border="#909090",
        frame_bar="#E2E2E2",
        branch="#EBEBEB",
        line="#000000",
        turn="#6E6E6E",
        skip="#000000",
        fills={
            "input": "#FFFFFF",
            "other": "#FAFAFA",
            "normalization": "#EFEFEF",
            "activation": "#DDDDDD",
            "convolution": "#C8C8C8",
            "depthwise": "#B0B0B0",
            "pooling": "#979797",
            "merging": "#7E7E7E",
            "dense": "#464646",
        },
        borders={
            "input": "#000000",
            "other": "#707070",
            "normalization": "#707070",
            "activation": "#707070",
            "convolution": "#000000",
            "depthwise": "#000000",
            "pooling": "#000000",
            "merging": "#000000",
            "dense": "#000000",
        },
        heat=("#FFFFFF", "#E2E2E2", "#C4C4C4", "#A6A6A6", "#858585", "#646464", "#454545"),
    ),
}

READABLE = 4.5
"""The contrast that WCAG asks for small text."""

_STYLES = {"activation": "filled,rounded", "normalization": "filled,rounded", "other": "filled,dashed"}
"""Luminances apart, outlines tell the kinds apart: round, dashed, square."""


def palette(theme: Theme, kinds: Iterable[str]) -> dict[str, Swatch]:
    """A swatch for each kind in order: a kind of layer has its own, kinds of blocks take the theme's in turn."""
    found: dict[str, Swatch] = {}
    blocks = 0
    for kind in dict.fromkeys(kinds):
        key = kind
        if kind not in theme.fills:
            key = theme.blocks[blocks % len(theme.blocks)]
            blocks += 1
        style = _STYLES.get(key, "filled") if key == kind else "filled"
        fill = theme.fills[key]
        found[kind] = Swatch(fill, theme.borders[key], ink(theme, fill), style)
    return found


def heat(theme: Theme, share: float) -> Swatch:
    """The shade of a share between 0 and 1 of the scale."""
    steps = len(theme.heat) - 1
    position = min(max(share, 0.0), 1.0) * steps
    lower = min(int(position), steps - 1)
    fill = mix(theme.heat[lower], theme.heat[lower + 1], position - lower)
    return Swatch(fill, mix(fill, ink(theme, fill), 0.5), ink(theme, fill))


def ink(theme: Theme, fill: str) -> str:
    """The theme's text or page colour, whichever is better read on a fill; where neither is, black or white."""
    best = max((theme.text, theme.page), key=lambda colour: contrast(colour, fill))
    return best if contrast(best, fill) >= READABLE else max(("#000000", "#FFFFFF"), key=lambda c: contrast(c, fill))


@lru_cache(maxsize=256)
def faint(colour: str, ground: str) -> str:
    """A colour of writing that stands back a little, as far as it stays readable."""
    steps = (mix(colour, ground, share) for share in (0.25, 0.2, 0.15, 0.1, 0.05))
    return next((step for step in steps if contrast(step, ground) >= READABLE), colour)


def mix(first: str, second: str, share: float) -> str:
    """`share` of the second colour in the first."""
    pairs = zip(_channels(first), _channels(second), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def contrast(first: str, second: str) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2)."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
