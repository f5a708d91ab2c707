"""DOT to PDF and PNG: by the Graphviz that pygraphviz brings, else by the `dot` of the machine.

Either is shown the font DejaVu Sans that comes with matplotlib, and only that where it has all letters of the picture:
a machine without fonts, for which Graphviz would draw empty boxes and say nothing, makes the same picture as any other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from importlib.util import find_spec
from pathlib import Path

from cnncli.draw.pen import Pen, Rendered
from cnncli.draw.stamps import FIXED, VARIABLE, source_date, stamped_pdf, stamped_png
from cnncli.draw.text import measured
from cnncli.errors import MachineError
from cnncli.temporary import temporary_folder

SYSTEM_FONTS = "/etc/fonts/fonts.conf"


def drawn(dot: str, format: str, dpi: int, title: str, pen: Pen | None) -> bytes:
    """DOT as a `pdf` with a title, or as a `png` with its resolution; the same bytes each time.

    Raises UsageError as source_date, else as rendered.
    """
    if format == "png":
        return stamped_png(rendered(dot, format, dpi, pen).data, dpi)
    moment = source_date()
    return stamped_pdf(rendered(dot, format, dpi, pen, moment).data, title, moment)


def rendered(dot: str, format: str, dpi: int, pen: Pen | None, moment: int = FIXED) -> Rendered:
    """DOT as `pdf` or `png`, of this moment; by the machine's `dot` where the pen has no pygraphviz, or is none.

    Raises MachineError without a renderer, or where it fails.
    """
    with _fonts(dot) as fonts:
        environment = {**fonts, VARIABLE: str(moment)}  # Graphviz ends the process where the moment is none
        found = (pen and pen.draw(dot, format, dpi, environment)) or _by_program(dot, format, dpi, environment)
    if not found.data:
        raise MachineError(f"Graphviz drew nothing: {_first_line(found.complaints)}")
    return found


def _by_program(dot: str, format: str, dpi: int, environment: Mapping[str, str]) -> Rendered:
    program = shutil.which("dot")
    if program is None:
        raise MachineError(
            f"drawing a .{format} takes Graphviz: install it by `pip install pygraphviz`, or put its `dot` on PATH "
            "(`apt install graphviz`, `brew install graphviz`); -o FILE.svg and FILE.dot do without"
        )
    resolution = [f"-Gdpi={dpi}"] if format == "png" else []
    command = [program, "-Knop2", f"-T{format}", *resolution]
    try:
        done = subprocess.run(
            command, input=dot.encode(), capture_output=True, check=False, env={**os.environ, **environment}
        )
    except OSError as error:
        raise MachineError(f"{program} cannot be run: {error.strerror}") from None
    complaints = done.stderr.decode(errors="replace").strip()
    if done.returncode:
        raise MachineError(f"{program} failed with exit code {done.returncode}: {_first_line(complaints)}")
    return Rendered(done.stdout, complaints)


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


@contextmanager
def _fonts(dot: str) -> Iterator[dict[str, str]]:
    """Variables by which fontconfig finds DejaVu Sans, and the machine's fonts too for letters that it may lack."""
    folder = _font_folder()
    if folder is None:
        yield {}
        return
    with temporary_folder() as workshop:
        config = workshop / "fonts.conf"
        config.write_text(_font_config(folder, workshop, others=not measured(dot)), encoding="utf-8")
        yield {"FONTCONFIG_FILE": str(config)}


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
