"""Files of Keras itself, which hold its own layers and weights: as they are built anew, and as they are exported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cnncli.cloning.plan import planned_of_keras
from cnncli.errors import UsageError
from cnncli.export.pictures import Range
from cnncli.graph import Graph, Role
from cnncli.network import Network

PIXELS: Range = (0.0, 255.0)
SMALL = 1 / 64
"""A factor by which only pixels of 0 to 255 are multiplied: 1/255, 1/127.5, or by the deviation of ImageNet's."""
OF_KERAS = ("keras", "h5")
"""Formats whose files hold Keras's own weights."""


def is_keras(network: Network) -> bool:
    return network.origin.file is not None and network.origin.file.format.key in OF_KERAS


def exportable(network: Network) -> Network:
    """The network of a Keras file with names that its export may have, if it is one of pictures.

    Raises UsageError that says why it cannot be exported: what is not Keras's own, or no picture, in the way.
    """
    graph = planned_of_keras(network.graph, network.reference).graph
    names = ", ".join(node.name for node in graph.inputs)
    if len(graph.inputs) != 1:
        raise UsageError(
            f"{network.reference} has {len(graph.inputs)} inputs ({names}) and cannot be exported: files have one"
        )
    (image,) = graph.inputs
    if len(image.shape) != 3 or not image.dtype.startswith("float"):
        shape = "x".join(map(str, image.shape)) or "a number"
        raise UsageError(
            f"{network.reference} takes {shape} of {image.dtype} and cannot be exported: files are fed pictures "
            "(height, width, channels) of real numbers"
        )
    return replace(network, graph=graph, input_range=PIXELS if _takes_pixels(graph) else network.input_range)


def _takes_pixels(graph: Graph) -> bool:
    """Whether pictures are fed as they are in files: what reads them makes numbers up to 255 small."""
    (image,) = graph.inputs
    readers = graph.readers()[image.index]
    return bool(readers) and all(
        reader.role is Role.NORMALIZATION and _largest(reader.layer.config().get("scale", 1)) <= SMALL
        for reader in readers
    )


def _largest(scale: Any) -> float:
    return max(map(abs, scale)) if isinstance(scale, (tuple, list)) else abs(float(scale))
