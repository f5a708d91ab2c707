"""The picture of `memory`: whose it is, and the page."""

from __future__ import annotations

from cnncli.deployed.arena import why_no_arena
from cnncli.deployed.lifetimes import is_crowded
from cnncli.diagram.memory import memory_picture
from cnncli.diagram.sheet import FACTS_APART, Heading
from cnncli.document.numbers import grouped
from cnncli.draw.shapes import Picture
from cnncli.errors import UsageError
from cnncli.network import Network
from cnncli.views.memory import Wanted, order_told, tensors, timeline_of
from cnncli.views.plot import heading


def memory_sheet(network: Network, wanted: Wanted) -> Picture:
    """Live tensors and the arena of a network on one page. Raises UsageError as timeline_of, or of too many."""
    found = timeline_of(network, wanted)
    if is_crowded(found.plan):
        raise UsageError(f"{network.reference}: too many tensors live at the same time to draw them; take a table")
    variant, *_ = heading(network).lines
    lines = [FACTS_APART.join((variant, f"{grouped(len(found.plan.operations))} operations"))]
    if found.held:
        lines.append(f"At the peak: {tensors(found.held_of_one)}")
    if wanted.reorder:
        lines.append(f"Order of operations: {order_told(found.order)}")
    unknown = why_no_arena(found.plan)
    if unknown:
        lines.append(f"Arena not known: {unknown}")
    return memory_picture(found, Heading(f"{network.name}, {found.plan.kind}, batch {found.plan.batch}", lines))
