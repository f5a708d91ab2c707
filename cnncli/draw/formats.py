"""The kinds of files that a picture can become, and how large each may be."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

from cnncli.document.prose import enumerated
from cnncli.errors import UsageError

WRITTEN, PAINTED = (".svg", ".tex"), (".pdf", ".png", ".eps")
"""Those that we write ourselves, and those that Graphviz paints."""
SUFFIXES = (".pdf", ".png", ".svg", ".eps", ".tex")
TEXTS = (".dot", ".gv")
PAGE = ".html"
POINTS = 72
"""To an inch."""
DEFAULT_DPI = 144
LARGEST_PDF = 14_400
"""Points a side that PDF readers show (ISO 32000-1, annex C.2); of EPS, PDFs are made."""
LARGEST_TEX = 16_300
"""Points a side, somewhat less than the 2**30 - 1 scaled points that TeX can tell (The TeXbook, chapter 10)."""
LARGEST = {".pdf": ("a PDF's", LARGEST_PDF), ".eps": ("an EPS's", LARGEST_PDF), ".tex": ("TeX's", LARGEST_TEX)}
LARGEST_PNG = 32_767
"""Pixels a side that cairo, the renderer's library, draws; Graphviz would scale a larger picture down."""
MOST_PIXELS = 120_000_000
"""Of a PNG in all: half a gigabyte of memory while it is drawn."""
LEAST_DPI = 10


def check_format(path: Path, dpi: int | None) -> str:
    """The suffix; that of DOT for `-`. Raises UsageError for one that cannot be drawn, or a resolution without use."""
    suffix = ".dot" if str(path) == "-" else path.suffix.lower()
    if suffix not in (*SUFFIXES, *TEXTS, PAGE):
        known = enumerated((*SUFFIXES, PAGE, ".dot"), "or")
        raise UsageError(f"{path}: cannot draw {suffix or 'a file without suffix'}; use {known}")
    if dpi is not None and suffix != ".png":
        raise UsageError(f"--dpi {dpi}: only a .png has pixels; {suffix} is as sharp at any size")
    return suffix


def is_page(path: Path | None) -> bool:
    """Whether it is a page for a browser rather than one picture."""
    return path is not None and path.suffix.lower() == PAGE


def check_size(width: float, height: float, suffix: str, dpi: int) -> None:
    """Raise UsageError where a picture in points is larger than the format can hold, rather than scale it down."""
    whose, most = LARGEST.get(suffix, ("", None))
    if most is not None and max(width, height) > most:
        raise UsageError(
            f"the page would measure {width:,.0f} x {height:,.0f} points, and {whose} may have "
            f"{most:,} a side; use more --columns, or .svg"
        )
    if suffix == ".png" and dpi > (fitting := _most_dpi(width, height)):
        lower = f"--dpi {fitting} or less, " if fitting >= LEAST_DPI else ""
        raise UsageError(
            f"the picture would measure {width * dpi / POINTS:,.0f} x {height * dpi / POINTS:,.0f} pixels, and a PNG "
            f"may have {LARGEST_PNG:,} a side and {MOST_PIXELS:,} in all; use {lower}more --columns, or .svg"
        )


def _most_dpi(width: float, height: float) -> int:
    """The highest resolution of a PNG of a page of this size, in points."""
    return int(POINTS * min(LARGEST_PNG / max(width, height), sqrt(MOST_PIXELS / (width * height))))
