"""`plot --volumes`: feature maps as solids to scale."""

from __future__ import annotations

from cnncli.diagram import Heading, Options
from cnncli.diagram.sheet import UNTITLED, check_columns
from cnncli.diagram.volumes.fitting import fitted
from cnncli.diagram.volumes.picture import Look, Volumes
from cnncli.diagram.volumes.tensors import Tensors
from cnncli.draw.shapes import Picture
from cnncli.errors import UsageError
from cnncli.graph import Graph


def check_volumes(options: Options) -> None:
    """Raises UsageError for an option that says how boxes are drawn: here are none."""
    check_columns(options.columns)
    boxes = {
        "--label": options.label is not None,
        "--layout free": options.layout == "free",
        "--fuse": options.fuse,
    }
    for name, given in boxes.items():
        if given:
            raise UsageError(f"{name} does not go with --volumes, which draws feature maps from left to right")


def volume_drawing(graph: Graph, heading: Heading, options: Options) -> tuple[Picture, str]:
    """The picture and, in words, its number of rows. Raises UsageError as check_volumes, and as Volumes."""
    check_volumes(options)
    tensors = Tensors(graph, options.detail, options.piece.whole if options.piece else None)
    heading = heading if options.titled else UNTITLED
    look = Look(options.theme, options.heat, options.columns, legend=options.legend)
    if options.target:
        found, wide, high = fitted(tensors, heading, look, options.target)
        picture = found.picture(wide, high)
    else:
        found = Volumes(tensors, heading, look)
        picture = found.picture()
    count = found.placed.rows
    return picture, f"{count} row{'' if count == 1 else 's'}"
