"""DOT to PDF, PNG and EPS: by the Graphviz that pygraphviz brings, else by the `dot` of the machine.

Either is shown the font DejaVu Sans that comes with matplotlib, and only that where it has all letters of the picture:
a machine without fonts, for which Graphviz would draw empty boxes and say nothing, makes the same picture as any other.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from cnncli.draw.pen import Pen, Rendered
from cnncli.draw.shapes import Picture
from cnncli.draw.stamps import FIXED, VARIABLE, source_date, stamped_eps, stamped_pdf, stamped_png
from cnncli.draw.text import measured
from cnncli.draw.xdot import LIFT, as_xdot
from cnncli.errors import MachineError, installing
from cnncli.temporary import temporary_folder

Format = Literal["pdf", "png", "eps"]
FORMATS = {"pdf": "pdf", "png": "png", "eps": "eps:cairo"}
"""As Graphviz calls them: EPS of another kind has no fonts in it."""
OLD_LIFT = 0.2
"""Of a text's size, how far Graphviz before 8.1 drew it above where it was told."""
SYSTEM_FONTS = "/etc/fonts/fonts.conf"


def drawn(picture: Picture, format: Format, dpi: int, pen: Pen) -> bytes:
    """A picture as a `pdf` or `eps` with its title, or as a `png` with its resolution; the same bytes each time.

    Raises UsageError as source_date, else as rendered.
    """

    def dot(lift: float) -> str:
        return as_xdot(picture, lift)

    if format == "png":
        return stamped_png(rendered(dot, format, dpi, pen).data, dpi)
    moment, stamped = source_date(), stamped_pdf if format == "pdf" else stamped_eps
    return stamped(rendered(dot, format, dpi, pen, moment).data, picture.title, moment)


def rendered(dot: Callable[[float], str], format: Format, dpi: int, pen: Pen, moment: int = FIXED) -> Rendered:
    """DOT of this moment; by the machine's `dot` where the pen has no pygraphviz.

    `dot` makes the text, given how far the Graphviz that is to draw it lifts letters.

    Raises MachineError without a renderer, or where it fails.
    """
    text = dot(LIFT)
    with _fonts(text) as fonts:
        environment = {**fonts, VARIABLE: str(moment)}  # Graphviz ends the process where the moment is none
        found = pen.draw(text, FORMATS[format], dpi, environment)
        if found is None:
            found = _by_program(dot, _program(format, pen), format, dpi, environment)
    if not found.data:
        raise MachineError(f"Graphviz drew nothing: {_first_line(found.complaints)}")
    return found


def _program(format: Format, pen: Pen) -> str:
    """The machine's `dot`, where the pen cannot draw."""
    program = shutil.which("dot")
    if program is not None:
        return program
    elsewhere = (
        "put its `dot` on PATH (`apt install graphviz`, `brew install graphviz`); "
        "-o FILE.svg, FILE.tex and FILE.dot do without"
    )
    if pen.broken:
        raise MachineError(f"pygraphviz cannot be loaded: {pen.broken}; mend it, or {elsewhere}")
    raise MachineError(f"drawing a .{format} takes Graphviz: install it by `{installing('plot')}`, or {elsewhere}")


def _by_program(
    dot: Callable[[float], str], program: str, format: Format, dpi: int, environment: Mapping[str, str]
) -> Rendered:
    resolution = [f"-Gdpi={dpi}"] if format == "png" else []
    command = [program, "-Knop2", f"-T{FORMATS[format]}", *resolution]
    try:
        told = subprocess.run([program, "-V"], capture_output=True, check=False)
        lift = OLD_LIFT if _is_old(told.stderr.decode(errors="replace")) else LIFT
        done = subprocess.run(
            command, input=dot(lift).encode(), capture_output=True, check=False, env={**os.environ, **environment}
        )
    except OSError as error:
        raise MachineError(f"{program} cannot be run: {error.strerror}") from None
    complaints = done.stderr.decode(errors="replace").strip()
    if done.returncode:
        raise MachineError(f"{program} failed with exit code {done.returncode}: {_first_line(complaints)}")
    return Rendered(done.stdout, complaints)


def _is_old(told: str) -> bool:
    """Whether this is the version of a Graphviz before 8.1."""
    found = re.search(r"version (\d+)\.(\d+)", told)
    return found is not None and (int(found[1]), int(found[2])) < (8, 1)


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
