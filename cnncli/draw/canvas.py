"""A picture as a file: SVG as it is, PDF and PNG by matplotlib, which draws the same shapes in the same font."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path as File
from typing import Any, NamedTuple

from cnncli.child import Tell
from cnncli.child.inside import serve
from cnncli.child.parent import run
from cnncli.draw.chart import REPRODUCIBLE, defaults
from cnncli.draw.formats import DEFAULT_DPI, POINTS
from cnncli.draw.geometry import Point, Rect, rounded, shortened
from cnncli.draw.shapes import OUTLINE, Area, Box, Circle, Group, Path, Picture, Shape, Text
from cnncli.draw.stamps import source_date
from cnncli.draw.svg import document
from cnncli.errors import MachineError
from cnncli.files import replacing, write_text
from cnncli.words import visible

HEAD = 0.35
"""Half the width of an arrowhead, of its length."""
DASHES = (0, (2.4, 1.6))


class Job(NamedTuple):
    """A picture for the child to draw: `draft` is where, `suffix` the kind of file that `target` is to be."""

    picture: Picture
    draft: File
    suffix: str
    dpi: int
    target: File


def write_picture(picture: Picture, path: File, dpi: int = DEFAULT_DPI, *, force: bool) -> None:
    """Into a file by its suffix: .pdf, .png (of so many pixels to an inch) or .svg; as files.replacing.

    Raises MachineError without matplotlib, which is loaded in a process of its own, and not for a .svg; UsageError as
    source_date, for a .pdf.
    """
    suffix = path.suffix.lower().removeprefix(".")
    if suffix == "svg":
        write_text(path, document(picture), force=force)
        return
    if suffix == "pdf":
        source_date()
    with replacing(path, force=force) as draft:
        run("cnncli.draw.canvas", Job(picture, draft.absolute(), suffix, dpi, path), "the picture", lambda _: None)


def draw(job: Job, tell: Tell) -> None:
    """The child's work."""
    os.chdir(tempfile.gettempdir())  # which is the child's own: no matplotlibrc lies in it
    try:
        draw_picture(job.picture, job.draft, job.suffix, job.dpi)
    except OSError as error:
        if error.errno is None:  # of a library that cannot be loaded
            raise MachineError(f"drawing a picture takes matplotlib, which cannot be loaded: {error}") from None
        raise MachineError(f"{job.target} cannot be written: {error.strerror}") from None


def draw_picture(picture: Picture, path: File, suffix: str, dpi: int) -> None:
    """Here and now. Raises ImportError without matplotlib, OSError where it cannot be written."""
    with defaults():
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(picture.width / POINTS, picture.height / POINTS), facecolor=picture.ground)
        FigureCanvasAgg(figure)
        canvas = _Canvas(figure, picture)
        canvas.draw(picture.shapes)
        about = {**REPRODUCIBLE[suffix], "Title": picture.title} if suffix == "pdf" else REPRODUCIBLE[suffix]
        figure.savefig(path, format=suffix, dpi=dpi, metadata=about, facecolor=picture.ground)


class _Canvas:
    """A figure all over which are axes in points, whose y grows downwards; each shape lies upon those before it."""

    def __init__(self, figure: Any, picture: Picture) -> None:
        self.axes = figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, picture.width), ylim=(picture.height, 0))
        self.axes.set_axis_off()
        self.height = 0

    def draw(self, shapes: Iterable[Shape]) -> None:
        for shape in shapes:
            self.height += 1
            match shape:
                case Box():
                    self.box(shape)
                case Circle():
                    self.circle(shape)
                case Text():
                    self.text(shape)
                case Path():
                    self.path(shape)
                case Area():
                    self.area(shape.corners, shape.fill, shape.border, shape.width)
                case Group():
                    self.draw(shape.shapes)

    def patch(self, patch: Any) -> None:
        patch.set_zorder(self.height)
        self.axes.add_patch(patch)

    def box(self, box: Box) -> None:
        from matplotlib.patches import FancyBboxPatch

        if not isinstance(box.fill, str):
            self.scale(box.rect, box.fill)
        rect, fill = box.rect, box.fill if isinstance(box.fill, str) else "none"
        style = f"round,pad=0,rounding_size={box.radius}" if box.radius else "square,pad=0"
        self.patch(
            FancyBboxPatch(
                (rect.left, rect.top), rect.width, rect.height, boxstyle=style, facecolor=fill,
                edgecolor=box.border or "none", linewidth=OUTLINE, linestyle=DASHES if box.dashed else "-",
            )
        )  # fmt: skip

    def scale(self, rect: Rect, colours: Sequence[str]) -> None:
        """Colours that pass into each other from left to right."""
        from matplotlib.colors import LinearSegmentedColormap

        shades = LinearSegmentedColormap.from_list("scale", colours)
        place = (rect.left, rect.right, rect.bottom, rect.top)
        self.axes.imshow([range(256)], shades, extent=place, aspect="auto", zorder=self.height)

    def circle(self, circle: Circle) -> None:
        from matplotlib.patches import Circle as Disk

        self.patch(
            Disk(
                circle.center, circle.radius, facecolor=circle.fill, edgecolor=circle.border or "none",
                linewidth=OUTLINE,
            )
        )  # fmt: skip

    def text(self, text: Text) -> None:
        sides = {"start": "left", "middle": "center", "end": "right"}
        self.axes.text(
            *text.place, visible(text.text), fontsize=text.size, color=text.colour, ha=sides[text.anchor],
            va="baseline", weight="bold" if text.bold else "normal", zorder=self.height,
        )  # fmt: skip

    def path(self, path: Path) -> None:
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path as Way

        points = shortened(path.corners, path.head) if path.head else path.corners
        corners, codes = [points[0]], [Way.MOVETO]
        for enter, corner, leave in rounded(points, path.radius):
            corners += [enter, corner, leave]
            codes += [Way.LINETO, Way.CURVE3, Way.CURVE3]
        way = Way([*corners, points[-1]], [*codes, Way.LINETO])
        self.patch(PathPatch(way, facecolor="none", edgecolor=path.colour, linewidth=path.width, capstyle="butt"))
        if path.head:
            self.head(points[-1], path.corners[-1], path.colour)

    def head(self, back: Point, tip: Point, colour: str) -> None:
        across = Point((tip.y - back.y) * HEAD, (tip.x - back.x) * HEAD)
        sides = Point(back.x + across.x, back.y + across.y), Point(back.x - across.x, back.y - across.y)
        self.area([tip, *sides], colour, "none", 0)

    def area(self, corners: Sequence[Point], fill: str, border: str, width: float) -> None:
        from matplotlib.patches import Polygon

        self.patch(Polygon(corners, closed=True, facecolor=fill, edgecolor=border, linewidth=width, joinstyle="miter"))


if __name__ == "__main__":
    serve(draw)
