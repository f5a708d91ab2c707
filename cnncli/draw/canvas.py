"""A picture as a file, by its suffix: SVG and TikZ are written as they are, the others painted by Graphviz."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.draw.formats import DEFAULT_DPI, PAINTED, check_size
from cnncli.draw.shapes import Picture
from cnncli.files import replacing, write_text

if TYPE_CHECKING:
    from cnncli.draw.pen import Pen


@contextmanager
def easel(path: Path) -> Iterator[Pen | None]:
    """A pen, which loads Graphviz while a picture for this file is composed; None where it takes no pen."""
    if path.suffix.lower() in PAINTED:
        from cnncli.draw.pen import begun

        with begun() as pen:
            yield pen
    else:
        yield None


def write_picture(picture: Picture, path: Path, dpi: int = DEFAULT_DPI, pen: Pen | None = None, *, force: bool) -> None:
    """Into a file of one of the SUFFIXES of formats; a .png has so many pixels to an inch. As files.replacing.

    The pen is of the easel for this file; one is begun where none is given.

    Raises MachineError without Graphviz, for what it paints; UsageError as check_size, and as source_date.
    """
    suffix = path.suffix.lower()
    check_size(picture.width, picture.height, suffix, dpi)
    if suffix not in PAINTED:
        write_text(path, _written(picture, suffix), force=force)
        return
    if pen is None:
        with easel(path) as own:
            write_picture(picture, path, dpi, own, force=force)
        return
    from cnncli.draw.graphviz import drawn

    data = drawn(picture, suffix.removeprefix("."), dpi, pen)  # type: ignore[arg-type]
    with replacing(path, force=force) as draft:
        draft.write_bytes(data)


def _written(picture: Picture, suffix: str) -> str:
    if suffix == ".tex":
        from cnncli.draw.tikz import document
    else:
        from cnncli.draw.svg import document
    return document(picture)
