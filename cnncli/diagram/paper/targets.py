"""What pictures are printed for: how large their page is, and how small their type may be."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnncli.diagram.measures import SMALLEST, Measures, printed_measures
from cnncli.document.prose import enumerated
from cnncli.errors import UsageError

INCH = 72.0
NARROWEST, WIDEST = 1.5 * INCH, 200 * INCH
"""Of a figure; a PDF's page is no wider (ISO 32000-1, annex C.2)."""


@dataclass(frozen=True)
class Target:
    """A place for a picture. Lengths in points; pages are whole points large, as PDF and EPS writers have it.

    `height` is given where the picture is a whole page. Else it takes as little as it needs, of any network at most
    `tallest` if a coarser detail achieves that. No type is smaller than `smallest`; where there is room it is larger,
    up to `largest`. A page that may be `turned` lies or stands as suits the network. `titled` says whether the page
    says by itself whose picture it is: a figure's caption does.
    """

    width: float
    height: float | None = None
    tallest: float = 0.0
    smallest: float = SMALLEST
    largest: float = 8.0
    margin: float = 0.5
    turned: bool = False
    titled: bool = False
    dpi: int | None = None
    """Of pixels; None: as on a screen."""

    @property
    def least(self) -> float:
        """By how much type of the smallest size that there is for print is enlarged at least."""
        return self.smallest / SMALLEST

    @property
    def most(self) -> float:
        return self.largest / SMALLEST

    @property
    def measures(self) -> Measures:
        """Of one network's picture, at the smallest type that there is for print."""
        return printed_measures(title=11 if self.height else 8.5, margin=self.margin)

    def too_small(self, what: str, instead: str) -> UsageError:
        """What is said where something cannot be read on it."""
        return UsageError(
            f"{what} too much for this page with type of {self.smallest:g} points; take {instead}, or --for screen"
        )

    @property
    def pages(self) -> list[Target]:
        """The ways in which the page may be held."""
        turned = [replace(self, width=self.height, height=self.width)] if self.turned and self.height else []
        return [self, *turned]


PRINT_DPI = 300

TARGETS: dict[str, Target] = {
    # One column and both columns of a two-column paper, 3.3 and 6.9 in; its page holds 9 in of text.
    "column": Target(237, tallest=345, dpi=PRINT_DPI),
    "figure": Target(496, tallest=216, dpi=PRINT_DPI),
    # 16:9 as PowerPoint and Impress have it, 13.333 x 7.5 in.
    "slide": Target(960, 540, smallest=12, largest=24, margin=20, titled=True),
    # A1, 594 x 841 mm, lying or standing; the margin is 20 mm.
    "poster": Target(1684, 2384, smallest=24, largest=48, margin=57, turned=True, titled=True),
}


def target_named(name: str) -> Target:
    """Raises UsageError for another name."""
    if name not in TARGETS:
        raise UsageError(f"pictures are printed for {enumerated(list(TARGETS), 'or')}, not {name!r}")
    return TARGETS[name]


def target_of_width(width: float) -> Target:
    """A figure of any width: as tall as one of both columns where it is wider than one column.

    Raises UsageError for a width of which no word could be read, or more than a PDF's page can have.
    """
    if not NARROWEST <= width <= WIDEST:
        least, most, here = (f"{length / INCH:.4g}" for length in (NARROWEST, WIDEST, width))
        raise UsageError(f"a figure is between {least} and {most} in wide, not {here} in")
    like = TARGETS["column" if width < 4.5 * INCH else "figure"]
    return replace(like, width=float(int(width)))
