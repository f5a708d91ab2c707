"""Which layer of a file each operation is that a runtime has run: by their order, where that leaves no doubt."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.graph import Graph, Node, Role
from cnncli.graph.roles import KERNELS as ROLES
from cnncli.measure.messages import TimedOperation

OF_DELEGATE = ("Convolution", "Deconvolution", "Fully Connected")
KERNELS = (*OF_DELEGATE, "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
"""How the names of operations with a kernel begin: XNNPACK's, then the runtime's own."""
DEPTHWISE = ("DWConv", "DEPTHWISE_")


def layers_of(operations: Sequence[TimedOperation], graph: Graph) -> list[Node | None]:
    """Of each operation the layer, where it has a kernel; None of all others.

    A runtime keeps a file's order, but may fold, split and rename what it likes. So the layers with kernels are those
    operations in their order only if there are as many of each, and the depthwise ones stand at the same places.
    """
    places = [place for place, each in enumerate(operations) if each.name.startswith(KERNELS)]
    nodes = [node for node in graph.nodes if node.role in ROLES]
    found: list[Node | None] = [None] * len(operations)
    depthwise = [any(word in operations[place].name for word in DEPTHWISE) for place in places]
    if depthwise == [node.role is Role.DEPTHWISE for node in nodes]:
        for place, node in zip(places, nodes, strict=True):
            found[place] = node
    return found
