"""The options of `plot` that say what a picture is printed for, and what of it may be left out."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import typer

from cnncli.cli.options import option
from cnncli.errors import UsageError
from cnncli.written import read_length

if TYPE_CHECKING:
    from cnncli.diagram import Target

_PANEL = "Print"
Place = Literal["column", "figure", "slide", "poster", "screen"]


class Printing(NamedTuple):
    """`target` None: for a screen. `title` None: as is usual there."""

    target: Target | None
    title: bool | None
    legend: bool
    costs: bool


def printing_options() -> list[inspect.Parameter]:
    """As Typer reads them."""

    def shown(*names: str, help: str, metavar: str | None = None) -> Any:
        return typer.Option(*names, help=help, metavar=metavar, rich_help_panel=_PANEL, show_default=False)

    return [
        option("place", Annotated[Place | None, shown(
            "--for", metavar="PLACE",
            help="Where it will stand: column (of a paper, 3.3 in wide), figure (across both columns, 6.9 in), slide "
            "(16:9), poster (A1) or screen, which is usual. Detail and columns are chosen so that it can be read.",
        )], None),
        option("width", Annotated[str | None, shown(
            "--width", metavar="LENGTH", help="As --for figure, of another width, such as 3.3in, 84mm, 8.4cm or 240pt.",
        )], None),
        option("title", Annotated[bool | None, shown(
            "--title/--no-title", help="Whose picture it is, with its sums; usual but in a paper, which has captions.",
        )], None),
        option("legend", Annotated[bool, shown(
            "--legend/--no-legend", help="What colours and signs mean, at the foot; usual.",
        )], True),
        option("costs", Annotated[bool, shown(
            "--costs/--no-costs", help="Parameters and MACs, in the boxes and in sum; usual.",
        )], True),
    ]  # fmt: skip


def printing(place: Place | None, width: str | None, title: bool | None, legend: bool, costs: bool) -> Printing:
    """What the options say together. Raises UsageError for a width that is none, or two widths."""
    return Printing(_target(place, width), title, legend, costs)


def _target(place: Place | None, width: str | None) -> Target | None:
    if width is None and (place is None or place == "screen"):
        return None
    from cnncli.diagram import target_named, target_of_width

    if width is None:
        return target_named(str(place))
    if place is not None:
        raise UsageError(f"--width {width} and --for {place} both say how wide the picture is; take one")
    length = read_length(width)
    if length is None:
        raise UsageError(f"--width {width}: expected a length such as 3.3in, 84mm, 8.4cm or 240pt")
    return target_of_width(length)
