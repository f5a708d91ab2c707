"""The colours of a page: each in light and in dark, by one number, and the shades of heat.

A picture is drawn in both themes; where the shapes are the same, their colours belong together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from cnncli.draw.theme import THEMES, Swatch, Theme, faint, heat

LIGHT, DARK = THEMES["light"], THEMES["dark"]
MARKS = {
    "accent": ("#1F6FD6", "#7DB4FF"),
    "found": ("#C77700", "#FFB74D"),
    "added": ("#1B6E20", "#9CCC65"),
    "removed": ("#B00020", "#FF8A80"),
    "changed": ("#8A5A00", "#FFD54F"),
}
"""What the page itself marks in light and in dark: what is chosen and found, and what differs."""
STEPS = 24
"""Shades of heat from none to the most."""


class Colours:
    """Pairs of a light and a dark colour; each has a number, by which shapes name it."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], int] = {}

    def number(self, light: str, dark: str) -> int:
        """-1 for no colour."""
        return self._pairs.setdefault((light, dark), len(self._pairs)) if light else -1

    def style(self) -> str:
        """The rules of all colours: what is light, as on paper, what dark, and the classes that shapes have."""
        light = ["color-scheme: light;", *_named(LIGHT), *_marks(0), *self._listed(0), *_shades(LIGHT)]
        dark = ["color-scheme: dark;", *_named(DARK), *_marks(1), *self._listed(1), *_shades(DARK)]
        return "\n".join(
            [
                f":root {{ {' '.join(light)} }}",
                f"@media screen and (prefers-color-scheme: dark) {{ :root:not(.light) {{ {' '.join(dark)} }} }}",
                f"@media screen {{ :root.dark {{ {' '.join(dark)} }} }}",
                *self._classes(),
                *_of_heat(),
            ]
        )

    def _listed(self, side: int) -> Iterator[str]:
        return (f"--c{number}:{pair[side]};" for pair, number in self._pairs.items())

    def _classes(self) -> Iterator[str]:
        for number in self._pairs.values():
            yield f".f{number}{{fill:var(--c{number})}}.s{number}{{stroke:var(--c{number})}}"


def _named(theme: Theme) -> Iterator[str]:
    """A theme's own colours by their names, for what is no picture."""
    for field in fields(theme):
        value = getattr(theme, field.name)
        if isinstance(value, str):
            yield f"--{field.name.replace('_', '-')}:{value};"


def _marks(side: int) -> Iterator[str]:
    return (f"--{name}:{pair[side]};" for name, pair in MARKS.items())


def _shades(theme: Theme) -> Iterator[str]:
    """Of each shade its ground, its outline, what is written on it, and what is written faintly."""
    for step in range(STEPS + 1):
        shade = heat(theme, step / STEPS)
        yield f"--h{step}:{shade.fill};--hb{step}:{shade.border};--hi{step}:{shade.ink};--hf{step}:{_faint(shade)};"


def _faint(shade: Swatch) -> str:
    return faint(shade.ink, shade.fill)


def _of_heat() -> Iterator[str]:
    """A box that is shaded: its grounds (`g`), its words (`w`) and those that stand back (`v`)."""
    for step in range(STEPS + 1):
        yield (
            f".h{step} .g{{fill:var(--h{step});stroke:var(--hb{step})}}"
            f".h{step} .w{{fill:var(--hi{step})}}.h{step} .v{{fill:var(--hf{step})}}"
        )
