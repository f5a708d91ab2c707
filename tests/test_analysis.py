"""Memory, receptive field and labels, on graphs small enough to count by hand."""

from __future__ import annotations

from math import prod

import pytest
from conftest import graph_of

from cnncli.analysis.depth import convolution_depth
from cnncli.analysis.labels import PartsLabel, group_label, layer_label, traits
from cnncli.analysis.metrics import Totals, peak_activation_bytes
from cnncli.analysis.receptive_field import receptive_field, views
from cnncli.analysis.report import merge_repeats, report
from cnncli.graph import UNKNOWN, Graph, Layer, fold
from cnncli.graph.fold import BLOCK, STAGE
from cnncli.graph.layers import (
    Activation,
    Add,
    BatchNormalization,
    Constant,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    InputLayer,
    MaxPooling2D,
    Multiply,
    Permute,
    ReLU,
    Reshape,
    Resizing,
    SeparableConv2D,
    UpSampling2D,
    ZeroPadding2D,
)


def test_peak_is_the_largest_sum_of_live_tensors() -> None:
    graph = Graph("chain")
    x = graph.add(InputLayer((4, 4, 1)), name="image")  # 16 cells
    x = graph.add(Conv2D(8, 1), x, name="widen")  # 128: with its input 144
    x = graph.add(Conv2D(2, 1), x, name="narrow")  # 32: with its input 160
    graph.add(Conv2D(2, 1), x, name="last")
    assert peak_activation_bytes(graph) == 4 * (128 + 32)


def test_a_shortcut_stays_live_until_it_is_added() -> None:
    graph = Graph("residual")
    x = graph.add(InputLayer((4, 4, 2)), name="image")  # 32 cells
    y = graph.add(Conv2D(8, 1), x, name="widen")  # 128
    y = graph.add(Conv2D(2, 1), y, name="narrow")  # 32, while widen and image live
    graph.add(Add(), x, y, name="add")
    assert peak_activation_bytes(graph) == 4 * (32 + 128 + 32)


def test_what_follows_a_convolution_folds_into_it() -> None:
    graph = Graph("folding")
    x = graph.add(InputLayer((4, 4, 2)), name="image")  # 32
    x = graph.add(ZeroPadding2D(1), x, name="pad")  # not stored: the convolution pads
    x = graph.add(Conv2D(4, 3), x, name="conv")  # 64
    x = graph.add(BatchNormalization(), x, name="bn")
    x = graph.add(ReLU(), x, name="relu")
    graph.add(Conv2D(1, 1), x, name="last")  # 16
    assert peak_activation_bytes(graph) == 4 * (32 + 64)


def test_a_map_laid_out_flat_is_a_tensor_of_its_own() -> None:
    """Converters keep RESHAPE before the dense layer, as in the files of the VGGs."""
    graph = Graph("flat")
    x = graph.add(InputLayer((4, 4, 2)), name="image")  # 32
    x = graph.add(Flatten(), x, name="flatten")  # 32
    graph.add(Dense(1), x, name="dense")
    assert peak_activation_bytes(graph) == 4 * (32 + 32)


def test_what_is_read_twice_or_follows_a_sum_does_not_fold() -> None:
    graph = Graph("not folding")
    x = graph.add(InputLayer((4, 4, 1)), name="image")  # 16
    y = graph.add(Conv2D(1, 1), x, name="conv")  # 16
    z = graph.add(ReLU(), y, name="relu")  # 16: conv is read again below
    y = graph.add(Add(), y, z, name="add")  # 16, while conv and relu live
    graph.add(ReLU(), y, name="last")
    assert peak_activation_bytes(graph) == 4 * 16 * 3


def test_published_peak_of_mobilenet_v1() -> None:
    # The first pointwise convolution: 112x112x32 in, 112x112x64 out, float32.
    assert Totals(graph_of("mobilenet_v1")).peak_activation_bytes == 4 * 112 * 112 * (32 + 64)


@pytest.mark.parametrize(("function", "tensors"), [("relu6", 1), ("hard_silu", 2), ("sigmoid", 2), ("silu", 3)])
@pytest.mark.parametrize("inside", [True, False])
def test_an_activation_that_no_kernel_computes_has_tensors_of_its_own(
    function: str, tensors: int, inside: bool
) -> None:
    graph = Graph("activation")
    x = graph.add(InputLayer((4, 4, 1)), name="image")  # 16
    x = graph.add(Conv2D(4, 1, activation=function if inside else None), x, name="conv")  # 64
    if not inside:
        graph.add(Activation(function), x, name="activation")
    assert peak_activation_bytes(graph) == 4 * max(16 + 64, 64 * tensors)


@pytest.mark.parametrize(
    ("size", "padding", "stored"),
    [
        (8, ((0, 1), (0, 1)), False),  # as "same" pads an even side for a stride of 2
        (9, ((1, 1), (1, 1)), False),  # and an odd one
        (9, ((0, 1), (0, 1)), True),
        (8, ((1, 1), (1, 1)), True),
        (8, ((0, 1), (1, 0)), True),
    ],
)
def test_padding_is_stored_where_same_would_pad_otherwise(
    size: int, padding: tuple[tuple[int, int], tuple[int, int]], stored: bool
) -> None:
    graph = Graph("padding")
    image = graph.add(InputLayer((size, size, 1)), name="image")
    x = graph.add(ZeroPadding2D(padding), image, name="pad")
    y = graph.add(Conv2D(1, 3, strides=2), x, name="conv")
    read, written = (prod(node.shape) for node in (x if stored else image, y))
    held = [read + written, *([prod(image.shape) + read] if stored else [])]
    assert peak_activation_bytes(graph) == 4 * max(held)


def test_padding_that_something_else_reads_too_is_stored() -> None:
    graph = Graph("padding")
    image = graph.add(InputLayer((4, 4, 1)), name="image")  # 16
    x = graph.add(ZeroPadding2D(1), image, name="pad")  # 36
    y = graph.add(Conv2D(1, 3), x, name="conv")  # 16
    x = graph.add(MaxPooling2D(3, strides=1), x, name="pool")  # 16
    graph.add(Add(), x, y, name="add")
    assert peak_activation_bytes(graph) == 4 * (36 + 16 + 16)


def test_a_separable_convolution_is_two_operations() -> None:
    graph = Graph("separable")
    x = graph.add(InputLayer((4, 4, 2)), name="image")  # 32
    graph.add(SeparableConv2D(1, 3, padding="same", depth_multiplier=4), x, name="conv")  # 128 between, then 16
    assert peak_activation_bytes(graph) == 4 * max(32 + 128, 128 + 16)


# What TFLite Micro's planner allocates for the int8 files, in bytes, where it is the sum of live tensors:
# a float32 cell has four times as many.
TFLITE_MICRO = {
    "v1:alpha=0.25,input_shape=96x96x1,classes=2": 55_296,
    "v1:input_shape=97": 313_664,
    "v1:input_shape=225": 1_648_960,
    "v2:alpha=0.35,input_shape=96": 138_240,
    "v2": 1_505_280,
    "v3_small": 401_408,
    "v3_small:input_shape=96": 73_728,
    "v3_large:input_shape=96": 184_320,
    "b0:input_shape=96": 663_552,
    "b0": 3 * 112 * 112 * 96,
}


@pytest.mark.parametrize("reference", TFLITE_MICRO)
def test_peak_of_known_networks(reference: str) -> None:
    assert peak_activation_bytes(graph_of(reference)) == 4 * TFLITE_MICRO[reference]


def test_receptive_field_of_mobilenet_v1() -> None:
    assert receptive_field(graph_of("mobilenet_v1")) == (315, 315)


def test_what_sees_no_picture_has_no_receptive_field() -> None:
    graph = Graph("anchors")
    image = graph.add(InputLayer((8, 8, 3)), name="image")
    boxes = graph.add(Reshape((64, 3)), image, name="boxes")
    assert receptive_field(graph) is None
    anchors = graph.add(Constant((1, 64, 4)), name="anchors")
    graph.give(boxes, anchors)
    assert receptive_field(graph) is None


def test_receptive_field_by_axis_and_after_enlarging() -> None:
    graph = Graph("field")
    x = graph.add(InputLayer((32, 32, 1)), name="image")
    x = graph.add(Conv2D(1, (3, 1), padding="same"), x, name="tall")  # 3 x 1
    x = graph.add(MaxPooling2D(2), x, name="pool")  # 4 x 2, cells 2 apart
    x = graph.add(Conv2D(1, 3, dilation_rate=2, padding="same"), x, name="dilated")  # 4 + 4 * 2
    assert receptive_field(graph) == (12, 10)
    x = graph.add(UpSampling2D(2), x, name="up")  # cells 1 apart again
    graph.add(Conv2D(1, 3), x, name="last")
    assert receptive_field(graph) == (14, 12)


def test_receptive_field_ends_where_the_map_ends_and_leaves_gates_out() -> None:
    graph = Graph("gated")
    x = graph.add(InputLayer((8, 8, 1)), name="image")
    x = graph.add(Conv2D(1, 3), x, name="conv")
    gate = graph.add(GlobalAveragePooling2D(keepdims=True), x, name="squeeze")
    x = graph.add(Multiply(), x, gate, name="excite")
    x = graph.add(Flatten(), x, name="flatten")
    graph.add(Dense(1), x, name="dense")
    assert receptive_field(graph) == (3, 3)


def test_receptive_field_and_depth_pass_through_a_channel_shuffle() -> None:
    """Three 3x3 convolutions in a row see 7x7, whatever order the channels are put into between them."""
    graph = Graph("shuffled")
    x = graph.add(InputLayer((12, 10, 3)), name="image")
    for number in range(3):
        x = graph.add(Conv2D(8, 3, padding="same"), x, name=f"conv{number}")
        x = graph.add(Reshape((12, 10, 2, 4)), x, name=f"groups{number}")
        x = graph.add(Permute((1, 2, 4, 3)), x, name=f"permute{number}")
        x = graph.add(Reshape((12, 10, -1)), x, name=f"joined{number}")
    assert receptive_field(graph) == (7, 7)
    assert convolution_depth(graph) == 3


@pytest.mark.parametrize(
    "layers",
    [
        (Reshape((10, 12, 8)),),  # as many cells, but others in each row
        (Reshape((6, 2, 10, 8)),),
        (Reshape((120, 8)),),
        (Permute((2, 1, 3)),),
        (Reshape((12, 10, 2, 4)), Permute((1, 3, 2, 4))),
    ],
)
def test_a_map_that_is_laid_out_anew_has_no_receptive_field(layers: tuple[Layer, ...]) -> None:
    graph = Graph("laid out anew")
    x = graph.add(InputLayer((12, 10, 3)), name="image")
    x = graph.add(Conv2D(8, 3, padding="same"), x, name="conv")
    for number, layer in enumerate(layers):
        x = graph.add(layer, x, name=f"moved{number}")
    assert views(graph)[-1] is None


def test_strides_beyond_all_pictures_leave_no_receptive_field() -> None:
    """Nor a number that is too long to be written."""
    graph = Graph("far")
    x = graph.add(InputLayer((8, 8, 3)), name="image")
    for number in range(2000):
        x = graph.add(MaxPooling2D(1, strides=2**40, padding="same"), x, name=f"pool{number}")
    assert receptive_field(graph) is None


def test_what_a_map_of_another_size_sees_is_not_known() -> None:
    graph = Graph("resized")
    image = graph.add(InputLayer((8, 8, 3)), name="image")
    graph.add(Conv2D(1, 3), graph.add(Resizing(5, 7), image, name="resized"), name="conv")
    assert receptive_field(graph) is None
    assert [view and (view.pixels, view.step) for view in views(graph)][1:] == [(None, None)] * 2


def test_a_vector_has_no_receptive_field() -> None:
    graph = Graph("vector")
    graph.add(Dense(1), graph.add(InputLayer((4,)), name="features"), name="dense")
    assert receptive_field(graph) is None


def test_a_block_of_open_size_strides_as_its_layers_do() -> None:
    def label(size: int) -> str:
        graph = Graph("residual")
        x = image = graph.add(InputLayer((size, size, 8)), name="image")
        with graph.scope("block", 1, kind="Basic"):
            for number, stride in enumerate((2, 1)):
                x = graph.add(Conv2D(16, 3, strides=stride, padding="same"), x, name=f"conv{number}")
            beside = graph.add(Conv2D(16, 1, strides=2), image, name="beside")
            graph.add(Add(), x, beside, name="sum")
        return str(group_label(fold(graph, 1)[1]))

    assert label(UNKNOWN) == label(32) == "Basic k3x3 s2"


def test_labels_are_what_a_person_would_say() -> None:
    assert str(layer_label(Conv2D(8, (3, 5), strides=2, groups=2, activation="relu"))) == "Conv2D 3x5 s2 g2 relu"
    assert str(layer_label(ReLU(6.0))) == "ReLU 6"
    assert str(layer_label(Conv2D(8, 3, dilation_rate=(1, 2)))) == "Conv2D 3x3 d1x2"
    assert str(layer_label(Activation("swish"))) == "Activation silu"
    blocks = {group.name: str(group_label(group)) for group in fold(graph_of("b0"), 2)}
    assert blocks["stage1.block1"] == "MBConv1 k3x3 SE"
    assert blocks["stage3.block1"] == "MBConv6 k5x5 s2 SE"
    stages = {group.name: str(group_label(group)) for group in fold(graph_of("v3_large"), 1)}
    assert stages["stage3"] == "Bottleneck3 k5x5 s2 SE x3"
    assert stages["head"] == "Conv2D 1x1 + GlobalAveragePooling2D + Conv2D 1x1 x2"


def test_identical_blocks_merge_and_keep_the_totals() -> None:
    graph = graph_of("b0")
    rows = report(graph, 2).rows
    merged = merge_repeats(rows)
    assert [(row.name, row.repeats) for row in merged if row.repeats > 1] == [
        ("stage4.block2-3", 2), ("stage5.block2-3", 2), ("stage6.block2-4", 3),
    ]  # fmt: skip
    for cost in rows[0].amounts:
        assert sum(row.amounts[cost] for row in merged) == sum(row.amounts[cost] for row in rows)


def test_a_stage_of_two_kinds_is_called_by_what_their_names_share() -> None:
    labels = {group.name: str(group_label(group)) for group in fold(graph_of("nasnet_mobile"), 1)}
    assert (labels["stage1"], labels["stage2"]) == ("ReductionCell k7x7 s2", "Cell k7x7 s2 x5")


def test_a_label_of_many_layers_names_each_kind_once() -> None:
    """As of a detector's heads, which end in a row; of many kinds the first are named."""
    one, other = layer_label(Conv2D(8, 1)), layer_label(MaxPooling2D(2))
    assert str(PartsLabel(((one, 2), (other, 1)) * 4, 12)) == " + ".join(["Conv2D 1x1 x2", f"{other}"] * 4)
    assert str(PartsLabel(((one, 2), (other, 1)) * 5, 15)) == f"Conv2D 1x1 x10 + {other} x5"
    kinds = tuple((layer_label(Conv2D(8, size)), 2) for size in range(1, 11))
    assert PartsLabel(kinds, 20).words()[6:] == ["Conv2D 7x7 x2", "6 more"]


def test_how_many_blocks_a_stage_has_is_told_before_what_makes_its_map_smaller() -> None:
    stages = {group.name: str(group_label(group)) for group in fold(graph_of("googlenet"), STAGE)}
    assert stages["stage4"] == "Inception k5x5 x5 + MaxPooling2D 3x3 s2"


@pytest.mark.parametrize(
    ("reference", "adding"),
    [("mobileone_s0:deploy=false", 0), ("repvgg_a0:deploy=false", 17), ("resnet50", 16), ("ghostnet", 16)],
)
def test_what_is_added_within_a_block_is_not_its_input(reference: str, adding: int) -> None:
    found = [traits(group) for group in fold(graph_of(reference), BLOCK) if group.kinds]
    assert sum(block.residual for block in found if block) == adding
