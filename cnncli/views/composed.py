"""Figures that are composed of several diagrams: a network's anatomy, and several networks in one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cnncli.diagram import Detail, Direction, Options
from cnncli.draw.formats import is_page
from cnncli.errors import UsageError
from cnncli.network import Network

MOST_NETWORKS = 6
"""In one figure."""


def options_for(
    networks: Sequence[Network],
    output: Path | None = None,
    *,
    detail: Detail | None = None,
    direction: Direction | None = None,
    scope: str | None = None,
    anatomy: bool = False,
    volumes: bool = False,
    **others: Any,
) -> Options:
    """Options, in which what is None is as suits what is drawn, and its file; for print it is chosen so that all fits.

    Raises UsageError for a scope that is not there, and for what cannot be drawn.
    """
    if volumes and direction == "TB":
        raise UsageError("--direction TB does not go with --volumes, which draws feature maps from left to right")
    return Options(
        _detail(networks, detail, scope, anatomy, volumes, is_page(output)),
        direction=direction or "TB", scope=scope, anatomy=anatomy, volumes=volumes,
        details=() if detail or scope or anatomy else ("block", "stage"),
        directions=(direction,) if direction else ("TB", "LR"), **others,
    )  # fmt: skip


def _detail(
    networks: Sequence[Network], given: Detail | None, scope: str | None, anatomy: bool, volumes: bool, page: bool
) -> Detail:
    if anatomy and given:
        raise UsageError(f"--detail {given}: --anatomy shows stages, and of each kind of block the layers")
    if given:
        return given
    if anatomy or (len(networks) > 1 and not page):
        return "stage"
    if scope is not None:
        from cnncli.views.scope import detail_of

        return detail_of(networks[0], scope)
    return "stage" if volumes else "block"


def check_composed(networks: Sequence[Network], options: Options) -> None:
    """Raise UsageError for options that a figure of several diagrams does not have."""
    if options.anatomy and len(networks) == 1:
        _refuse("does not go with --anatomy", options, "scope", "columns", "heat", "label", "layout", "volumes")
    if len(networks) < 2:
        return
    if len(networks) > MOST_NETWORKS:
        raise UsageError(f"a figure holds up to {MOST_NETWORKS} networks, was given {len(networks)}")
    _refuse("is for one network", options, "anatomy", "scope", "volumes", "columns", "direction", "layout")
    if options.detail == "layer":
        raise UsageError("--detail layer is for one network; several stand side by side by stage or block")


def _refuse(why: str, options: Options, *names: str) -> None:
    """Raise UsageError for the first of these options that is not as it is unless given."""
    usual = Options()
    for name in names:
        value = getattr(options, name)
        if value != getattr(usual, name):
            raise UsageError(f"--{name}{'' if value is True else f' {value}'} {why}")
