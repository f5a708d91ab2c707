"""The normal form of a graph: one and the same for a network, whatever kind of file it stood in.

A converter folds batch normalization into kernels, fuses activations, drops what acts in training only, writes padding
as a layer or as an argument, pools with or without further axes. The normal form has one way for each: every kernel
has a bias and, where it can, the activation behind it; a scale and a shift by constants elsewhere is `Affine`,
whatever it was called; what was pooled globally is a vector, and a 1x1 convolution of it a dense layer. What is
multiplied stays the same to the unit. Names and scopes are those of the kernels.
"""

from __future__ import annotations

from cnncli.graph.graph import Graph
from cnncli.graph.normal.forms import AFFINE, FORMS
from cnncli.graph.normal.units import Units

__all__ = ["AFFINE", "normal"]


def normal(graph: Graph) -> Graph:
    """The graph in normal form, in an order that follows from its structure; what no output needs is left out."""
    return Units(graph, FORMS).finished()
