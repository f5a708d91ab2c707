"""Figures that are composed of several diagrams: a network's anatomy, and several networks in one."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.diagram import Detail, Direction, Options
from cnncli.errors import UsageError
from cnncli.network import Network

MOST_NETWORKS = 6
"""In one figure."""


def detail_for(
    networks: Sequence[Network],
    given: Detail | None,
    scope: str | None,
    *,
    anatomy: bool,
    volumes: bool,
    page: bool = False,
) -> Detail:
    """What a box stands for, where nothing is asked for too. Raises UsageError for what cannot be drawn."""
    if anatomy and given:
        raise UsageError(f"--detail {given}: --anatomy shows stages, and of each kind of block the layers")
    if anatomy or (len(networks) > 1 and not (given or page)):
        return "stage"
    if given is None and scope is not None:
        from cnncli.views.scope import detail_of

        return detail_of(networks[0], scope)
    return given or ("stage" if volumes else "block")


def direction_for(given: Direction | None, volumes: bool) -> Direction:
    """Raises UsageError where columns are asked for and feature maps too."""
    if volumes and given == "TB":
        raise UsageError("--direction TB does not go with --volumes, which draws feature maps from left to right")
    return given or "TB"


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
