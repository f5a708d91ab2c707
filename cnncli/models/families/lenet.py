"""LeNet-5: convolution, shared weights and subsampling, trained as a whole (LeCun et al. 1998)."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.graph import Graph, Layer, Node
from cnncli.graph.layers import (
    AveragePooling2D,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    RadialBasis,
    Rescaling,
    Slice,
    Subsampling2D,
)
from cnncli.models.blocks.classifier import pool
from cnncli.models.blocks.convolution import image
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import FLAVORS, UNIT, Deviations, Flavor, ModelSpec, Paper, Published

# Table I: the maps of S2 that each map of C3 reads; the sixteenth reads all six.
OF_THREE = ((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5))
OF_FOUR = (
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
)  # fmt: skip

DEVIATIONS = {
    "connections": "each map of C3 reads all maps of S2, not those of table I",
    "subsampling": "plain average pooling, without a trained coefficient and bias a map",
    "output": "a dense layer, not distances to fixed codes",
}
# The paper's squashing function is 1.7159 tanh(2/3 a). Of trained layers the weights before and behind it hold both
# factors; only the codes of the output, which are fixed at -1 and 1, need what it puts out at its own scale.
SQUASHING, AMPLITUDE = "tanh", 1.7159


def lenet5(
    graph: Graph,
    deviations: Deviations,
    *,
    input_shape: InputShape = (32, 32, 1),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 10,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    """Section II.B and figure 2, whose names the layers have."""
    plain = "subsampling" in deviations
    subsampling: Layer = AveragePooling2D() if plain else Subsampling2D(activation=SQUASHING)
    x = image(graph, input_shape)
    with graph.scope("stage", 1):
        x = graph.add(Conv2D(6, 5, activation=SQUASHING), x, name="c1")
        x = graph.add(subsampling, x, name="s2")
    with graph.scope("stage", 2):
        with graph.scope("c3"):
            if "connections" in deviations:
                x = graph.add(Conv2D(16, 5, activation=SQUASHING), x, name="conv")
            else:
                x = _partly_connected(graph, x)
        x = graph.add(subsampling, x, name="s4")
    with graph.scope("head"):
        if not include_top:
            pool(graph, x, pooling)
            return
        x = graph.add(Conv2D(120, 5, activation=SQUASHING), x, name="c5")
        x = graph.add(Flatten(), x, name="flatten")
        x = graph.add(Dense(84, activation=SQUASHING), x, name="f6")
        if "output" in deviations:
            graph.add(Dense(classes, activation=classifier_activation), x, name="probabilities")
        else:
            x = graph.add(Rescaling(AMPLITUDE), x, name="amplitude")
            graph.add(RadialBasis(classes), x, name="distances")


def _partly_connected(graph: Graph, x: Node) -> Node:
    """Maps that read as many others are one convolution in groups, of the maps laid out group by group."""
    height, width, count = x.shape
    maps = [
        graph.add(Slice(shape=(height, width, 1), begin=(0, 0, at), strides=(1, 1, 1)), x, name=f"map{at}")
        for at in range(count)
    ]
    ends = []
    for name, groups in (("of_three", OF_THREE), ("of_four", OF_FOUR)):
        with graph.scope(name):
            ends.append(_grouped(graph, maps, groups))
    ends.append(graph.add(Conv2D(1, 5, activation=SQUASHING), x, name="of_six"))
    return graph.add(Concatenate(), *ends, name="concat")


def _grouped(graph: Graph, maps: Sequence[Node], groups: Sequence[Sequence[int]]) -> Node:
    x = graph.add(Concatenate(), *(maps[at] for group in groups for at in group), name="maps")
    return graph.add(Conv2D(len(groups), 5, groups=len(groups), activation=SQUASHING), x, name="conv")


MODELS = (
    ModelSpec(
        name="lenet5",
        family="LeNet",
        year=1998,
        paper=Paper("Gradient-Based Learning Applied to Document Recognition"),
        introduced="convolution, shared weights and subsampling, trained as a whole",
        build=lenet5,
        flavors=(
            Flavor(
                "paper",
                FLAVORS["paper"],
                options=("input_shape", "include_top", "pooling", "classes"),
                input_range=(-0.1, 1.175),  # section II.B: the background and the strokes
                gives="distances",
            ),
            Flavor("textbook", FLAVORS["textbook"], DEVIATIONS, input_range=UNIT),
        ),
        aliases=("lenet",),
        published=(Published("Proceedings of the IEEE 86(11), section II.B", "60,000"),),
        architecture="lenet",
    ),
)
