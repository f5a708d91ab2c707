"""Lines of text as the HTML-like labels of DOT."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from cnncli.diagram.wording import Line, Run
from cnncli.draw.text import SCALE
from cnncli.draw.theme import faint


class Chip(NamedTuple):
    """The ground of a chip, and what is written on it."""

    ground: str
    ink: str


CHIP_HEIGHT = 1.4
"""Of the size of its type."""

_PLAIN = 'BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"'


def box_label(lines: Sequence[Line], width: float, ink: str, fill: str, chip: Chip) -> str:
    """A label of lines as wide as `width`, each with what stands at its left and at its right."""
    rows = "".join(
        f'<TR><TD HEIGHT="{_scaled(line.height)}" VALIGN="TOP">{_line(line, width, ink, fill, chip)}</TD></TR>'
        for line in lines
    )
    return f"<<TABLE {_PLAIN}>{rows}</TABLE>>"


def run_label(run: Run, ink: str, fill: str) -> str:
    return f"<{_run(run, ink, fill)}>"


def _line(line: Line, width: float, ink: str, fill: str, chip: Chip) -> str:
    cells = [_cell(run, "LEFT", ink, fill, chip) for run in line.left]
    # An empty cell takes what is left of the width, so that chips stay at their words.
    cells.append(f'<TD WIDTH="{_between(line, width)}"></TD>')
    cells += [_cell(run, "RIGHT", ink, fill, chip) for run in line.right]
    return f'<TABLE {_PLAIN} WIDTH="{_scaled(width)}"><TR>{"".join(cells)}</TR></TABLE>'


def _between(line: Line, width: float) -> int:
    return max(1, _scaled(width - sum(run.width for run in (*line.left, *line.right)) - 2))


def _scaled(length: float) -> int:
    return int(length * SCALE)


def _cell(run: Run, align: str, ink: str, fill: str, chip: Chip) -> str:
    if run.chip:
        text = _run(run, chip.ink, chip.ground)
        size = f'FIXEDSIZE="TRUE" WIDTH="{_scaled(run.width)}" HEIGHT="{_scaled(run.size * CHIP_HEIGHT)}"'
        inside = f'<TD BGCOLOR="{chip.ground}" STYLE="ROUNDED" {size}>{text}</TD>'
        return f"<TD><TABLE {_PLAIN} {size}><TR>{inside}</TR></TABLE></TD>"
    return f'<TD ALIGN="{align}">{_run(run, ink, fill)}</TD>'


def _run(run: Run, ink: str, fill: str) -> str:
    colour = faint(ink, fill) if run.faint else ink
    text = escape(run.shown or " ", quote=False)
    weighted = f"<B>{text}</B>" if run.bold else text
    return f'<FONT POINT-SIZE="{run.size * SCALE:g}" COLOR="{colour}">{weighted}</FONT>'
