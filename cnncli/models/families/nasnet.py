"""NASNet: two cells found by search on small pictures, stacked for large ones (Zoph et al. 2017)."""

from __future__ import annotations

from typing import NamedTuple

from cnncli.graph import Graph, Layer, Node
from cnncli.graph.layers import (
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Cropping2D,
    MaxPooling2D,
    SeparableConv2D,
    ZeroPadding2D,
)
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import image, pad_for_stride, strided
from cnncli.models.layer_names import LayerNames, Numbered
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import ALL, SYMMETRIC, Deviations, ModelSpec, Paper, Published, keras

INPUT, PREVIOUS = "input", "previous"
"""What a cell reads: the output of the cell before, and of the one before that."""


class Step(NamedTuple):
    """One hidden state of a cell and what is done to it: a pooling, separable convolutions, or nothing."""

    state: str
    pooling: type[AveragePooling2D] | type[MaxPooling2D] | None = None
    kernel_size: int = 0


class Cell(NamedTuple):
    """Pairs whose sums are hidden states too, called by their place from 1, and which states are the output."""

    kind: str
    stride: int
    pairs: tuple[tuple[Step, Step], ...]
    output: tuple[str, ...]


def _convolved(state: str, kernel_size: int) -> Step:
    return Step(state, kernel_size=kernel_size)


def _average(state: str) -> Step:
    return Step(state, AveragePooling2D)


def _maximum(state: str) -> Step:
    return Step(state, MaxPooling2D)


# Figure 4, NASNet-A's cells.
NORMAL = Cell(
    "Cell",
    1,
    (
        (_convolved(INPUT, 5), _convolved(PREVIOUS, 3)),
        (_convolved(PREVIOUS, 5), _convolved(PREVIOUS, 3)),
        (_average(INPUT), Step(PREVIOUS)),
        (_average(PREVIOUS), _average(PREVIOUS)),
        (_convolved(INPUT, 3), Step(INPUT)),
    ),
    (PREVIOUS, "1", "2", "3", "4", "5"),
)
REDUCTION = Cell(
    "ReductionCell",
    2,
    (
        (_convolved(INPUT, 5), _convolved(PREVIOUS, 7)),
        (_maximum(INPUT), _convolved(PREVIOUS, 7)),
        (_average(INPUT), _convolved(PREVIOUS, 5)),
        (Step("2"), _average("1")),
        (_convolved("1", 3), _maximum(INPUT)),
    ),
    ("2", "3", "4", "5"),
)
SHARE = 24
"""The last cell lays 6 states side by side, each 4 times as wide as the second stage's."""
RELU = Activation("relu")
BATCH_NORM = BatchNormalization(momentum=0.9997)


def nasnet(
    graph: Graph,
    deviations: Deviations,
    *,
    penultimate_filters: int = 4032,
    num_blocks: int = 6,
    stem_filters: int = 96,
    skip_reduction: bool = True,
    input_shape: InputShape = (331, 331, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    filters = penultimate_filters // SHARE
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = graph.add(
            Conv2D(stem_filters, 3, strides=2, use_bias=False, kernel_initializer="he_normal"), x, name="conv"
        )
        x = graph.add(BATCH_NORM, x, name="bn")
    previous = x
    with graph.scope("stage", 1):
        x, previous = _cell(graph, x, None, REDUCTION, filters // 4, 1), x
    for stage, width in ((2, filters), (3, filters * 2), (4, filters * 4)):
        with graph.scope("stage", stage):
            reduced = filters // 2 if stage == 2 else width
            before, x = x, _cell(graph, x, previous, REDUCTION, reduced, 1)
            # Behind a reduction cell NASNet-Large reads the output of two cells before that one, not of one.
            previous = previous if skip_reduction and stage > 2 else before
            for block in range(2, num_blocks + 2):
                x, previous = _cell(graph, x, previous, NORMAL, width, block), x
    with graph.scope("head"):
        x = graph.add(RELU, x, name="activation")
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _cell(graph: Graph, x: Node, previous: Node | None, cell: Cell, filters: int, block: int) -> Node:
    with graph.scope("block", block, kind=cell.kind):
        states = {PREVIOUS: x if previous is None else _fitted(graph, previous, x, filters)}
        states[INPUT] = _convolve(graph, x, "pointwise", _pointwise(filters))
        # The poolings of a reduction cell read its input padded, and share the padding.
        padded = pad_for_stride(graph, states[INPUT], 3, "pool") if cell.stride > 1 else states[INPUT]
        for number, (left, right) in enumerate(cell.pairs, 1):
            sides = [
                _step(graph, states, padded, step, cell.stride, filters, f"{side}{number}")
                for side, step in (("left", left), ("right", right))
            ]
            states[str(number)] = graph.add(Add(), *sides, name=f"add{number}")
        return graph.add(Concatenate(), *(states[each] for each in cell.output), name="concatenate")


def _step(
    graph: Graph, states: dict[str, Node], padded: Node, step: Step, stride: int, filters: int, name: str
) -> Node:
    """A step's node. Of the states only the cell's own inputs are large, so that only these are strided over."""
    x = states[step.state]
    strided = stride > 1 and step.state in (INPUT, PREVIOUS)
    if step.pooling is not None:
        pooling = step.pooling(3, strides=stride if strided else 1, padding="valid" if strided else "same")
        return graph.add(pooling, padded if strided else x, name=f"{name}_pool")
    if not step.kernel_size:
        return x
    with graph.scope(name):
        x = _separable(graph, x, "first", filters, step.kernel_size, stride if strided else 1)
        return _separable(graph, x, "second", filters, step.kernel_size, 1)


def _separable(graph: Graph, x: Node, name: str, filters: int, kernel_size: int, stride: int) -> Node:
    x = graph.add(RELU, x, name=f"{name}_activation")
    x, padding = strided(graph, x, kernel_size, stride, name)
    layer = SeparableConv2D(filters, kernel_size, strides=stride, padding=padding, use_bias=False)
    x = graph.add(layer, x, name=f"{name}_conv")
    return graph.add(BATCH_NORM, x, name=f"{name}_bn")


def _pointwise(filters: int) -> Conv2D:
    return Conv2D(filters, 1, padding="same", use_bias=False, kernel_initializer="he_normal")


def _convolve(graph: Graph, x: Node, name: str, layer: Layer) -> Node:
    x = graph.add(RELU, x, name=f"{name}_activation")
    x = graph.add(layer, x, name=f"{name}_conv")
    return graph.add(BATCH_NORM, x, name=f"{name}_bn")


def _fitted(graph: Graph, previous: Node, x: Node, filters: int) -> Node:
    """The output of the cell before the last, of as many channels as this cell's states and of its input's size.

    Only the widths are compared, as Keras does.
    """
    if previous.shape[1] != x.shape[1]:
        return _halved(graph, previous, filters)
    return previous if previous.shape[-1] == filters else _convolve(graph, previous, "adjust", _pointwise(filters))


def _halved(graph: Graph, x: Node, filters: int) -> Node:
    """Every second cell, beside every second of the map moved by one, so that no row and no column is always lost."""
    with graph.scope("adjust"):
        x = graph.add(RELU, x, name="activation")
        even = graph.add(AveragePooling2D(1, strides=2), x, name="even_pool")
        even = graph.add(_pointwise(filters // 2), even, name="even_conv")
        odd = graph.add(ZeroPadding2D(((0, 1), (0, 1))), x, name="odd_pad")
        odd = graph.add(Cropping2D(((1, 0), (1, 0))), odd, name="odd_crop")
        odd = graph.add(AveragePooling2D(1, strides=2), odd, name="odd_pool")
        odd = graph.add(_pointwise(filters // 2), odd, name="odd_conv")
        x = graph.add(Concatenate(), even, odd, name="concatenate")
        return graph.add(BATCH_NORM, x, name="bn")


def _layer_names(num_blocks: int) -> LayerNames:
    """Keras counts the normal cells from 0, and the reduction cells between them with them."""

    def block(stage: int, place: int, number: int) -> str:
        if place == 1:
            return f"stem_{stage}" if stage <= 2 else f"reduce_{(stage - 2) * num_blocks}"
        return str(place - 2 if stage == 2 else (stage - 2) * num_blocks + place - 1)

    names = {
        "stem.conv": "stem_conv1",
        "stem.bn": "stem_bn1",
        "adjust.activation": "adjust_relu_1_{block}",
        "adjust.even_pool": "adjust_avg_pool_1_{block}",
        "adjust.even_conv": "adjust_conv_1_{block}",
        "adjust.odd_pool": "adjust_avg_pool_2_{block}",
        "adjust.odd_conv": "adjust_conv_2_{block}",
        "adjust.bn": "adjust_bn_{block}",
        "adjust_conv": "adjust_conv_projection_{block}",
        "adjust_bn": "adjust_bn_{block}",
        "head.probabilities": "predictions",
    }
    return LayerNames(block, {**names, **_of_cell(NORMAL, "normal"), **_of_cell(REDUCTION, "reduction"), **LAST_SUMS})


def _of_cell(cell: Cell, theirs: str) -> dict[str, str]:
    names = {
        f"{cell.kind}.pointwise_conv": f"{theirs}_conv_1_{{block}}",
        f"{cell.kind}.pointwise_bn": f"{theirs}_bn_1_{{block}}",
        f"{cell.kind}.pool_pad": f"{theirs}_pad_1_{{block}}",
        f"{cell.kind}.concatenate": f"{theirs}_concat_{{block}}",
    }
    for number in range(1, len(cell.pairs) + 1):
        names[f"{cell.kind}.add{number}"] = f"{theirs}_add_{number}_{{block}}"
        for side in ("left", "right"):
            names |= _of_step(f"{cell.kind}.{side}{number}", f"{theirs}_{side}{number}_{{block}}")
    return names


def _of_step(ours: str, theirs: str) -> dict[str, str]:
    names = {f"{ours}_pool": theirs}
    for place, number in (("first", 1), ("second", 2)):
        names[f"{ours}.{place}_pad"] = f"separable_conv_{number}_pad_{theirs}"
        names[f"{ours}.{place}_conv"] = f"separable_conv_{number}_{theirs}"
        names[f"{ours}.{place}_bn"] = f"separable_conv_{number}_bn_{theirs}"
    return names


LAST_SUMS: dict[str, str | Numbered] = {
    "ReductionCell.right4_pool": "reduction_left4_{block}",
    **_of_step("ReductionCell.left5", "reduction_left4_{block}"),
    "ReductionCell.add3": "reduction_add3_{block}",
    "ReductionCell.add4": Numbered(),
    "ReductionCell.add5": "reduction_add4_{block}",
}
"""Keras's last sums of a reduction cell are named otherwise than the others, but for one that has no name."""

SOURCE = "arXiv 1707.07012, tables 2 and 3"


def _spec(
    name: str, size: int, filters: int, num_blocks: int, stem_filters: int, skip: bool, figures: Published
) -> ModelSpec:
    return ModelSpec(
        name=f"nasnet_{name}",
        family="NASNet",
        year=2017,
        paper=Paper("Learning Transferable Architectures for Scalable Image Recognition", "1707.07012"),
        introduced="cells found by search, transferred from CIFAR-10",
        build=nasnet,
        flavors=(keras(SYMMETRIC, _layer_names(num_blocks)),),
        fixed={
            "penultimate_filters": filters,
            "num_blocks": num_blocks,
            "stem_filters": stem_filters,
            "skip_reduction": skip,
        },
        defaults={"input_shape": (size, size, 3)},
        published=(figures,),
        descends_from=("inception_v3", "xception", "resnet"),
        architecture="nasnet",
    )


MODELS = (
    _spec("mobile", 224, 1056, 4, 32, False, Published(SOURCE, "5.3M", "564M", 74.0)),
    _spec(
        "large",
        331,
        4032,
        6,
        96,
        True,
        Published(SOURCE, "88.9M", "23.8G", 82.7, counted=ALL),
    ),
)
