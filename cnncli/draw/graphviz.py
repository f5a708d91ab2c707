"""DOT to a file: by the Graphviz that pygraphviz brings, else by the `dot` of the machine.

Either is shown the font DejaVu Sans that comes with matplotlib, and only that where it has all letters of the picture:
a machine without fonts, for which Graphviz would draw empty boxes and say nothing, makes the same picture as any other.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, NamedTuple
from xml.sax.saxutils import escape

from cnncli.descriptors import redirected
from cnncli.diagram import Diagram
from cnncli.draw.text import measured
from cnncli.errors import MachineError, UsageError
from cnncli.files import replacing

FORMATS = (".pdf", ".png", ".svg")
TEXTS = (".dot", ".gv")
POINTS = 72
"""To an inch."""
DEFAULT_DPI = 144
LARGEST_PDF = 14_400
"""Points a side that PDF readers show (ISO 32000-1, annex C.2)."""
LARGEST_PNG = 32_767
"""Pixels a side that cairo, the renderer's library, draws; Graphviz would scale a larger picture down."""

SYSTEM_FONTS = "/etc/fonts/fonts.conf"


def check_format(path: Path, dpi: int | None) -> str:
    """The suffix; that of DOT for `-`. Raises UsageError for one that cannot be drawn, or a resolution without use."""
    suffix = ".dot" if str(path) == "-" else path.suffix.lower()
    if suffix not in (*FORMATS, *TEXTS):
        raise UsageError(f"{path}: cannot draw {suffix or 'a file without suffix'}; use .pdf, .png, .svg or .dot")
    if dpi is not None and suffix != ".png":
        raise UsageError(f"--dpi {dpi}: only a .png has pixels; {suffix} is as sharp at any size")
    return suffix


def check_size(drawn: Diagram, suffix: str, dpi: int) -> None:
    """Raise UsageError where the picture is larger than the format can hold, rather than scale it down."""
    largest = max(drawn.width, drawn.height)
    if suffix == ".pdf" and largest > LARGEST_PDF:
        raise UsageError(
            f"the page would measure {drawn.width:,.0f} x {drawn.height:,.0f} points, and a PDF's may have "
            f"{LARGEST_PDF:,} a side; use more --columns, or .svg"
        )
    pixels = largest * dpi / POINTS
    if suffix == ".png" and pixels > LARGEST_PNG:
        fitting = int(LARGEST_PNG * POINTS / largest)
        raise UsageError(
            f"the picture would measure {drawn.width * dpi / POINTS:,.0f} x {drawn.height * dpi / POINTS:,.0f} pixels, "
            f"and a PNG may have {LARGEST_PNG:,} a side; use --dpi {fitting} or less, more --columns, or .svg"
        )


def write_picture(drawn: Diagram, path: Path, dpi: int | None, *, force: bool) -> None:
    """Render into a file, whole or not at all. Raises as check_format, check_size, rendered and files.replacing."""
    suffix = check_format(path, dpi)
    resolution = dpi or DEFAULT_DPI
    check_size(drawn, suffix, resolution)
    with replacing(path, force=force) as draft:
        draft.write_bytes(rendered(drawn.dot, suffix.lstrip("."), resolution).data)


class Rendered(NamedTuple):
    """A picture's bytes, and what the renderer wrote to its standard error."""

    data: bytes
    complaints: str


def rendered(dot: str, format: str, dpi: int) -> Rendered:
    """DOT as `pdf`, `png` or `svg`. Raises MachineError without a renderer, or where it fails."""
    with _fonts(dot):
        found = _in_process(dot, format, dpi) or _by_program(dot, format, dpi)
    if not found.data:
        raise MachineError(f"Graphviz drew nothing: {_first_line(found.complaints)}")
    return found._replace(data=_without_comments(found.data)) if format == "svg" else found


def _in_process(dot: str, format: str, dpi: int) -> Rendered | None:
    """By pygraphviz; None without it. Graphviz and fontconfig complain from C, to descriptor 2."""
    with tempfile.TemporaryFile() as complaints, redirected(2, complaints):
        try:
            import pygraphviz
        except ImportError:
            return None
        try:
            graph = pygraphviz.AGraph(string=dot)
            if format == "png":
                graph.graph_attr["dpi"] = str(dpi)
            data = graph.draw(path=None, format=format, prog="nop2")
        except (OSError, ValueError) as error:
            raise MachineError(f"Graphviz failed: {error} {_first_line(_read(complaints))}".rstrip()) from None
        return Rendered(bytes(data or b""), _read(complaints))


def _by_program(dot: str, format: str, dpi: int) -> Rendered:
    program = shutil.which("dot")
    if program is None:
        raise MachineError(
            f"drawing a .{format} takes Graphviz: install it by `pip install pygraphviz`, or put its `dot` on PATH "
            "(`apt install graphviz`, `brew install graphviz`); -o FILE.dot does without"
        )
    resolution = [f"-Gdpi={dpi}"] if format == "png" else []
    command = [program, "-Knop2", f"-T{format}", *resolution]
    try:
        done = subprocess.run(command, input=dot.encode(), capture_output=True, check=False)
    except OSError as error:
        raise MachineError(f"{program} cannot be run: {error.strerror}") from None
    complaints = done.stderr.decode(errors="replace").strip()
    if done.returncode:
        raise MachineError(f"{program} failed with exit code {done.returncode}: {_first_line(complaints)}")
    return Rendered(done.stdout, complaints)


def _without_comments(svg: bytes) -> bytes:
    """Graphviz writes its version in one, and each box's name once more."""
    return re.sub(rb"<!--.*?-->\s*", b"", svg, flags=re.DOTALL)


def _read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace").strip()


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


@contextmanager
def _fonts(dot: str) -> Iterator[None]:
    """Have fontconfig find DejaVu Sans, and the machine's fonts too for letters that it may lack."""
    folder = _font_folder()
    if folder is None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="cnncli.") as workshop:
        config = Path(workshop) / "fonts.conf"
        config.write_text(_font_config(folder, Path(workshop), others=not measured(dot)), encoding="utf-8")
        before = os.environ.get("FONTCONFIG_FILE")
        os.environ["FONTCONFIG_FILE"] = str(config)
        try:
            yield
        finally:
            if before is None:
                del os.environ["FONTCONFIG_FILE"]
            else:
                os.environ["FONTCONFIG_FILE"] = before


def _font_folder() -> Path | None:
    """Where matplotlib keeps its fonts, without importing it."""
    spec = find_spec("matplotlib")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "mpl-data" / "fonts" / "ttf"
        if (folder / "DejaVuSans.ttf").is_file():
            return folder
    return None


def _font_config(folder: Path, workshop: Path, *, others: bool) -> str:
    """Letters are not fitted to a grid of pixels, which would space them unevenly."""
    system = f'<include ignore_missing="yes">{SYSTEM_FONTS}</include>' if others else ""
    return (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{escape(str(folder))}</dir>{system}<cachedir>{escape(str(workshop / 'cache'))}</cachedir>"
        '<match target="font"><edit name="hinting"><bool>false</bool></edit></match>'
        "</fontconfig>\n"
    )
