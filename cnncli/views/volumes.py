"""`plot --volumes`: feature maps as solids to scale."""

from __future__ import annotations

from cnncli.diagram import Heading, Options
from cnncli.diagram.volumes import Look, volumes
from cnncli.draw.shapes import Picture
from cnncli.errors import UsageError
from cnncli.graph import Graph


def check_volumes(options: Options) -> None:
    """Raises UsageError for an option that says how boxes are drawn: here are none."""
    boxes = {
        f"--columns {options.columns}": options.columns is not None,
        "--direction TB": options.direction == "TB",
        "--label": options.label is not None,
        "--layout free": options.layout == "free",
        "--fuse": options.fuse,
        "--anatomy": options.anatomy,
    }
    for name, given in boxes.items():
        if given:
            raise UsageError(f"{name} does not go with --volumes, which draws feature maps from left to right")


def volume_picture(graph: Graph, heading: Heading, options: Options) -> Picture:
    """Raises UsageError as check_volumes, and where a size is not known."""
    check_volumes(options)
    whole = options.piece.whole if options.piece else graph
    return volumes(graph, heading, options.detail, Look(options.theme, options.heat), whole)
