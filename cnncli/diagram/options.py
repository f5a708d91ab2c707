"""What somebody asks of a diagram."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cnncli.diagram.paper.targets import Target
from cnncli.diagram.parts import Detail, Heat
from cnncli.diagram.pieces import Piece
from cnncli.draw.geometry import Direction
from cnncli.draw.theme import ThemeName

Layout = Literal["fixed", "free"]


@dataclass(frozen=True)
class Options:
    """What to draw and how. `columns` None: as many as fit a page best. `layout` free: Graphviz places all, not we.

    `scope`, by its name, is drawn alone; `piece` says so of a graph that was cut from another. `anatomy`: the stages,
    and each kind of block once. `volumes`: feature maps instead of boxes.
    """

    detail: Detail = "block"
    fuse: bool = False
    columns: int | None = None
    direction: Direction = "TB"
    theme: ThemeName = "light"
    heat: Heat | None = None
    label: str | None = None
    layout: Layout = "fixed"
    scope: str | None = None
    anatomy: bool = False
    volumes: bool = False
    piece: Piece | None = None
    target: Target | None = None
    """What it is printed for; None: a screen."""
    details: Sequence[Detail] = ()
    """For paper: of which the finest that fits is taken; none: `detail`."""
    directions: Sequence[Direction] = ()
    title: bool | None = None
    """Whether the page has a heading; None: where papers have one."""
    legend: bool = True
    costs: bool = True
    """Whether boxes say what they cost."""

    @property
    def titled(self) -> bool:
        return self.title if self.title is not None else self.target is None or self.target.titled
