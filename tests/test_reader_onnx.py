"""ONNX files against arithmetic, onnxruntime's results and the format's own definition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import types
from onnx import TensorProto, helper, numpy_helper, parser

from cnncli.amounts import UNKNOWN, AtLeast
from cnncli.analysis.metrics import Totals
from cnncli.errors import UsageError
from cnncli.graph import Graph, Node
from cnncli.graph.layers import Elementwise
from cnncli.readers.onnx.model import Root, Value
from cnncli.readers.onnx.network import read
from cnncli.readers.onnx.weights import as_weights
from cnncli.readers.opening import read_file
from cnncli.readers.reading import Reading, Settings
from cnncli.readers.source import opened

FILES = Path(__file__).parent / "files"
MACS_OF_RESIDUALS = (
    16 * 16 * 27 * 4 + 16 * 16 * 4 * 12 + 8 * 8 * 9 * 12 + 8 * 8 * 12 * 8
    + 8 * 8 * 8 * 24 + 8 * 8 * 9 * 24 + 8 * 8 * 24 * 8 + 8 * 5
)  # fmt: skip
"""tests/files/inverted_residuals.onnx at 32x32: its convolutions one after the other, and the linear layer."""


def reading(path: Path, **settings: Any) -> Reading:
    """What the reader itself says, before anything that a runtime inserts is folded."""
    with opened(path) as source:
        return read(source, path, Settings(**settings))


def named(graph: Graph, name: str) -> Node:
    return next(node for node in graph.nodes if node.name == name)


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """A function that writes a model in onnx.parser's language and reads it."""

    def write(text: str, constants: dict[str, Any] | None = None, opset: int = 17, **settings: Any) -> Graph:
        header = f'<ir_version: 9, opset_import: ["" : {opset}, "com.microsoft" : 1, "own" : 1]>'
        model = parser.parse_model(f"{header} {text}")
        hold(model, constants or {})
        return reading(save(model, tmp_path), **settings).graph

    return write


def hold(model: onnx.ModelProto, constants: dict[str, Any]) -> None:
    for name, value in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))


def save(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def ones(*shape: int, dtype: Any = np.float32) -> Any:
    return np.ones(shape, dtype)


def whole(*numbers: int) -> Any:
    return np.array(numbers, np.int64)


# The stored files.


def test_open_sizes_are_said_and_settled() -> None:
    path = FILES / "inverted_residuals.onnx"
    left_open = reading(path).graph
    assert isinstance(Totals(left_open).macs, AtLeast)
    (warning,) = left_open.warnings
    assert "image is ?x?x3" in warning
    assert "--input-shape 224x224x3" in warning
    settled = reading(path, input_shapes={"image": (32, 32, 3)})
    assert Totals(settled.graph).macs == MACS_OF_RESIDUALS
    assert not settled.graph.warnings
    assert settled.producer == "pytorch 2.13.0"


def test_names_types_and_weights_of_a_torch_export() -> None:
    graph = reading(FILES / "inverted_residuals.onnx", input_shapes={"": (32, 32, 3)}).graph
    assert types(graph).count("DepthwiseConv2D") == 2
    assert named(graph, "/features/features.4/conv/conv.6/Conv").shape == (8, 8, 8)
    padding = named(graph, "/features/features.0/Conv.pad")  # 1 cell on each side, where `same` has none before
    assert (padding.type, padding.shape) == ("ZeroPadding2D", (34, 34, 3))
    add = named(graph, "/features/features.4/Add")
    assert (add.type, len(add.inputs)) == ("Add", 2)
    # 3 kernels of 3x3 (4 of 3 channels, 12, 24), 4 of 1x1, 7 biases, and the linear layer
    kernels = 27 * 4 + 9 * 12 + 9 * 24 + 4 * 12 + 12 * 8 + 8 * 24 + 24 * 8
    assert Totals(graph).params == kernels + (4 + 12 + 12 + 8 + 24 + 24 + 8) + 8 * 5 + 5


def test_quantized_in_place_is_the_network_that_it_was() -> None:
    path = FILES / "quantized.onnx"
    found = reading(path)
    assert Totals(found.graph).macs == MACS_OF_RESIDUALS
    assert found.quantization == "int8"
    folded = reading(FILES / "inverted_residuals.onnx", input_shapes={"": (32, 32, 3)}).graph
    assert Totals(found.graph).params == Totals(folded).params
    raw = reading(path, raw=True).graph
    assert types(raw).count("DequantizeLinear") == 2 * 8  # kernels and biases
    assert Totals(raw).macs == MACS_OF_RESIDUALS


def test_branches_functions_and_loops() -> None:
    graph = reading(FILES / "branches.onnx").graph
    assert Totals(graph).macs.known == 16 * 4 * 3 * 8 + 8 * 8  # the wider branch, and the function's product
    assert [node.type for node in Totals(graph).uncounted()] == ["If", "Loop"]
    assert Totals(graph).params == 8 * 4 * 3 + 8 * 4 + 8 + 8 * 8  # both branches' kernels, the matrix once
    assert named(graph, "project/product").type == "Dense"
    assert "then_branch is shown" in graph.warnings[0]


# Convolutions against onnxruntime.


def run(model: onnx.ModelProto, **feeds: Any) -> list[Any]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return list(session.run(None, feeds))


def one_node(
    kind: str, shape: Sequence[int], constants: Sequence[Any], opset: int = 17, **attributes: Any
) -> onnx.ModelProto:
    names = [f"c{number}" for number in range(len(constants))]
    node = helper.make_node(kind, ["x", *names], ["y"], name="made", **attributes)
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    held = [numpy_helper.from_array(value, name) for name, value in zip(names, constants, strict=True)]
    graph = helper.make_graph([node], "g", [entry], [result], held)
    return helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset)])


CONVOLUTIONS: list[tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any], str]] = [
    ("Conv", (1, 4, 13, 9), (6, 4, 3, 3), {"pads": [1, 1, 1, 1]}, "Conv2D"),
    ("Conv", (1, 4, 13, 9), (6, 4, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_UPPER"}, "Conv2D"),
    ("Conv", (1, 4, 12, 8), (6, 4, 3, 3), {"strides": [2, 2], "auto_pad": "SAME_LOWER"}, "Conv2D"),
    ("Conv", (1, 4, 13, 9), (6, 4, 3, 3), {"auto_pad": "VALID"}, "Conv2D"),
    ("Conv", (1, 4, 13, 9), (6, 4, 3, 2), {"pads": [2, 0, 1, 3], "dilations": [2, 3]}, "Conv2D"),
    ("Conv", (1, 4, 13, 9), (6, 2, 3, 3), {"group": 2}, "Conv2D"),
    ("Conv", (1, 4, 13, 9), (8, 1, 3, 3), {"group": 4, "strides": [2, 2]}, "DepthwiseConv2D"),
    ("Conv", (1, 4, 13, 9), (8, 1, 3, 3), {"group": 4, "strides": [2, 1]}, "Conv2D"),
    ("Conv", (1, 4, 13, 9), (6, 4, 3, 3), {"strides": [2, 2], "dilations": [2, 2]}, "Conv2D"),
    ("Conv", (3, 4, 13, 9), (6, 4, 3, 3), {}, "Conv2D"),
    ("Conv", (1, 4, 30), (6, 4, 5), {"pads": [2, 2], "strides": [2]}, "Conv1D"),
    ("Conv", (1, 4, 30), (4, 1, 5), {"group": 4}, "DepthwiseConv1D"),
    ("Conv", (2, 3, 5, 6, 7), (4, 3, 3, 3, 3), {"pads": [1, 1, 1, 1, 1, 1]}, "Conv3D"),
    ("ConvTranspose", (1, 4, 5, 6), (4, 3, 4, 4), {"strides": [2, 2], "pads": [1, 1, 1, 1]}, "Conv2DTranspose"),
    ("ConvTranspose", (1, 4, 5, 6), (4, 3, 3, 3), {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]},
     "Conv2DTranspose"),
    ("ConvTranspose", (1, 4, 5, 6), (4, 1, 2, 2), {"strides": [2, 2], "group": 4}, "Conv2DTranspose"),
    ("ConvTranspose", (1, 4, 5, 6), (4, 3, 3, 3), {"strides": [3, 3], "auto_pad": "SAME_UPPER"}, "Conv2DTranspose"),
    ("ConvTranspose", (2, 4, 9), (4, 3, 4), {"strides": [2]}, "Conv1DTranspose"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "shape", "kernel", "attributes", "expected"), CONVOLUTIONS)
def test_convolutions(
    tmp_path: Path, kind: str, shape: tuple[int, ...], kernel: tuple[int, ...], attributes: dict[str, Any],
    expected: str,
) -> None:  # fmt: skip
    transposed = kind == "ConvTranspose"
    filters = kernel[1] * attributes.get("group", 1) if transposed else kernel[0]
    model = one_node(kind, shape, [ones(*kernel), ones(filters)], **attributes)
    (result,) = run(model, x=ones(*shape))
    graph = reading(save(model, tmp_path)).graph
    node = graph.nodes[-1]
    assert node.type == expected
    assert node.shape == (*result.shape[2:], result.shape[1])  # height and width first
    positions = np.prod(shape[2:] if transposed else result.shape[2:])
    assert node.macs == np.prod(kernel) * positions  # of one example
    assert node.params == np.prod(kernel) + filters


POOLS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}, ["Pad", "MaxPooling2D"]),
    ("MaxPool", {"kernel_shape": [2, 2]}, ["MaxPooling2D"]),  # its strides are 1 where none are given
    ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}, ["Pad", "MaxPooling2D"]),
    ("MaxPool", {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"}, ["MaxPooling2D"]),
    ("AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, ["AveragePooling2D"]),  # as `same`
    ("AveragePool", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1},
     ["ZeroPadding2D", "AveragePooling2D"]),
    ("MaxPool", {"kernel_shape": [2, 2], "dilations": [2, 2]}, ["MaxPool"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "attributes", "expected"), POOLS)
def test_pooling(tmp_path: Path, kind: str, attributes: dict[str, Any], expected: list[str]) -> None:
    model = one_node(kind, (1, 3, 12, 9), [], **attributes)
    (result,) = run(model, x=ones(1, 3, 12, 9))
    graph = reading(save(model, tmp_path)).graph
    assert types(graph)[1:] == expected
    assert graph.nodes[-1].shape == (*result.shape[2:], 3)
    assert Totals(graph).macs == 0


def test_zeros_around_a_rectified_map_change_no_maximum(written: Any) -> None:
    graph = written("""g (float[1,3,8,8] x) => (y) {
      r = Relu (x)  y = MaxPool <kernel_shape=[3,3], strides=[2,2], pads=[1,1,1,1]> (r)
    }""")
    assert types(graph)[2:] == ["ZeroPadding2D", "MaxPooling2D"]


# One thing in several forms.

FORMS: list[tuple[int, str, dict[str, Any], str, tuple[int, ...]]] = [
    (11, "y = Squeeze <axes=[2,3]> (p)", {}, "Reshape", (4,)),
    (13, "y = Squeeze (p, a)", {"a": whole(2, 3)}, "Reshape", (4,)),
    (13, "y = Squeeze (p)", {}, "Reshape", (4,)),
    (9, "y = Slice <starts=[1], ends=[9223372036854775807], axes=[1]> (x)", {}, "Slice", (6, 8, 3)),
    (13, "y = Slice (x, s, e, a, t)", {"s": whole(-1), "e": whole(-99), "a": whole(3), "t": whole(-2)}, "Slice",
     (6, 4, 4)),
    (6, "y = Clip <min=0.0, max=6.0> (x)", {}, "ReLU", (6, 8, 4)),
    (13, "y = Clip (x, l, h)", {"l": np.float32(0), "h": np.float32(6)}, "ReLU", (6, 8, 4)),
    (13, "y = Clip (x, l)", {"l": np.float32(-3)}, "Maximum", (6, 8, 4)),
    (2, "y = Pad <pads=[0,0,1,2,0,0,3,4]> (x)", {}, "ZeroPadding2D", (10, 14, 4)),
    (13, "y = Pad (x, p8)", {"p8": whole(0, 0, 1, 2, 0, 0, 3, 4)}, "ZeroPadding2D", (10, 14, 4)),
    (18, "y = Pad (x, p4, , ax)", {"p4": whole(1, 2, 3, 4), "ax": whole(2, 3)}, "ZeroPadding2D", (10, 14, 4)),
    (13, "y = Pad <mode=\"reflect\"> (x, p8)", {"p8": whole(0, 0, 1, 2, 0, 0, 3, 4)}, "Pad", (10, 14, 4)),
    (11, "y = ReduceMean <axes=[2,3], keepdims=0> (x)", {}, "GlobalAveragePooling2D", (4,)),
    (18, "y = ReduceMean <keepdims=1> (x, a)", {"a": whole(-1, -2)}, "GlobalAveragePooling2D", (1, 1, 4)),
    (18, "y = ReduceMax <keepdims=0> (x, a)", {"a": whole(1)}, "Max", (6, 8)),
    (13, "y = ReduceSum <keepdims=0> (x, a)", {"a": whole(2)}, "Sum", (8, 4)),
    (7, "y = Upsample <mode=\"nearest\", scales=[1.0,1.0,2.0,2.0]> (x)", {}, "UpSampling2D", (12, 16, 4)),
    (9, "y = Upsample <mode=\"linear\"> (x, s)", {"s": np.array([1, 1, 2, 3], np.float32)}, "UpSampling2D",
     (12, 24, 4)),
    (10, "y = Resize <mode=\"nearest\"> (x, s)", {"s": np.array([1, 1, 2, 2], np.float32)}, "UpSampling2D",
     (12, 16, 4)),
    (13, "y = Resize <mode=\"linear\"> (x, , , n)", {"n": whole(1, 4, 9, 5)}, "Resizing", (9, 5, 4)),
    (13, "y = Resize (x, , s)", {"s": np.array([1, 1, 1.5, 0.5], np.float32)}, "Resizing", (9, 4, 4)),
    (5, "y = Reshape (x, r)", {"r": whole(0, -1)}, "Flatten", (192,)),
    (1, "y = Reshape <shape=[0,-1]> (x)", {}, "Flatten", (192,)),
    (13, "y = Flatten (x)", {}, "Flatten", (192,)),
    (13, "y = Transpose <perm=[0,2,1,3]> (x)", {}, "Permute", (4, 8, 6)),
    (13, "y = DepthToSpace <blocksize=2> (x)", {}, "DepthToSpace", (12, 16, 1)),
    (13, "y = SpaceToDepth <blocksize=2> (x)", {}, "SpaceToDepth", (3, 4, 16)),
    (13, "y = LRN <size=5, alpha=0.0005> (x)", {}, "LocalResponseNormalization", (6, 8, 4)),
    (12, "y = Softmax <axis=1> (f)", {}, "Softmax", (192,)),
    (13, "y = Softmax <axis=1> (x)", {}, "Softmax", (6, 8, 4)),
    (13, "y = HardSigmoid <alpha=0.16666667, beta=0.5> (x)", {}, "Activation", (6, 8, 4)),
    (13, "y = HardSigmoid (x)", {}, "HardSigmoid", (6, 8, 4)),
    (14, "y = HardSwish (x)", {}, "Activation", (6, 8, 4)),
    (20, "y = Gelu (x)", {}, "Activation", (6, 8, 4)),
    (13, "y = PRelu (x, slope)", {"slope": ones(4, 1, 1)}, "PReLU", (6, 8, 4)),
    (13, "y = ArgMax <axis=1, keepdims=0> (x)", {}, "ArgMax", (6, 8)),
    (13, "y = Tile (x, t)", {"t": whole(1, 1, 2, 1)}, "Tile", (12, 8, 4)),
    (13, "y = Expand (p, t)", {"t": whole(1, 1, 5, 5)}, "Expand", (5, 5, 4)),
    (13, "y = InstanceNormalization (x, c4, d4)", {"c4": ones(4), "d4": ones(4)}, "GroupNormalization", (6, 8, 4)),
    (17, "y = LayerNormalization <axis=1> (x, g, g)", {"g": ones(4, 6, 8)}, "LayerNormalization", (6, 8, 4)),
    (13, "y = Mul (x, k)", {"k": ones(4, 1, 1)}, "Multiply", (6, 8, 4)),
    (6, "y = Add <broadcast=1, axis=1> (x, k)", {"k": ones(4)}, "Add", (6, 8, 4)),
    (13, "y = Concat <axis=-1> (x, x)", {}, "Concatenate", (6, 16, 4)),
    (13, "y = Einsum <equation=\"bchw->bhc\"> (x)", {}, "Einsum", (6, 4)),
    (13, "y = own.Unheard <axis=1> (x)", {}, "Unheard", (UNKNOWN,)),
]  # fmt: skip


@pytest.mark.parametrize(("opset", "text", "constants", "expected", "shape"), FORMS)
def test_forms(
    written: Any, opset: int, text: str, constants: dict[str, Any], expected: str, shape: tuple[int, ...]
) -> None:
    before = {"(p": "p = GlobalAveragePool (x)", "(f)": "f = Flatten (x)"}
    first = " ".join(line for sign, line in before.items() if sign in text)
    graph = written(f"g (float[1,4,6,8] x) => (y) {{ {first} {text} }}", constants, opset)
    assert graph.nodes[-1].type == expected
    assert graph.nodes[-1].shape == shape
    weights = sum(np.size(each) for each in constants.values() if each.dtype == np.float32 and np.size(each) > 6 // 2)
    if expected not in ("UpSampling2D", "Resizing"):  # whose scales are real numbers, but none that are learnt
        assert Totals(graph).params == weights


@pytest.mark.parametrize(
    ("cut", "order"), [((1, 4, 2, 2, 6, 8), "0,1,4,2,5,3"), ((1, 2, 2, 4, 6, 8), "0,3,4,1,5,2")], ids=["first", "last"]
)
def test_pixels_that_were_channels_are_a_map_though_nobody_reads_it(
    tmp_path: Path, cut: Sequence[int], order: str
) -> None:
    text = f"""<ir_version: 9, opset_import: ["" : 17]> g (float[1,3,6,8] x) => (y) {{
        m = Conv (x, k)
        c = Reshape (m, cut)
        t = Transpose <perm=[{order}]> (c)
        y = Reshape (t, whole)
    }}"""
    model = parser.parse_model(text)
    hold(model, {"k": ones(16, 3, 1, 1), "cut": whole(*cut), "whole": whole(1, 4, 12, 16)})
    graph = read_file(save(model, tmp_path), Settings())[1].graph
    assert [(node.type, node.shape) for node in graph.nodes[1:]] == [
        ("Conv2D", (6, 8, 16)), ("DepthToSpace", (12, 16, 4)),
    ]  # fmt: skip


def test_a_name_that_lists_operations_is_one_of_them(tmp_path: Path) -> None:
    """As tf2onnx takes it from a TFLite file, where a tensor bears the names of all that was fused."""
    listed = "net/conv/Relu;net/conv/BiasAdd;net/other/Conv2D;net/conv/Conv2D;net/conv/BiasAdd/ReadVariableOp"
    model = parser.parse_model('<ir_version: 9, opset_import: ["" : 17]> g (float[1,3,6,8] x) => (y) { '
                               'm = Conv (x, k) y = Neg (m) }')  # fmt: skip
    model.graph.node[0].name, model.graph.node[1].name = listed, "net/neg;net/neg_1"
    hold(model, {"k": ones(4, 3, 1, 1)})
    graph = reading(save(model, tmp_path)).graph
    assert [node.name for node in graph.nodes] == ["x", "net/conv/Conv2D", "net/neg"]


def test_the_parts_of_a_split_are_selected(written: Any) -> None:
    graph = written(
        "g (float[1,6,4,4] x) => (c, d) { a, b = Split <axis=1> (x, sizes) c = Relu (a) d = GlobalMaxPool (b) }",
        {"sizes": whole(2, 4)},
    )
    assert [node.shape for node in graph.nodes if node.type == "Select"] == [(4, 4, 2), (4, 4, 4)]
    assert [node.shape for node in graph.outputs] == [(4, 4, 2), (1, 1, 4)]


def test_a_softmax_over_several_axes_of_an_old_opset_is_not_one_over_channels(written: Any) -> None:
    graph = written("g (float[1,4,6,8] x) => (y) { y = Softmax (x) }", opset=11)
    assert types(graph) == ["InputLayer", "Softmax"]
    assert graph.nodes[-1].layer == Elementwise("Softmax")  # of the axes 1 to 3 at once


# Shapes that are computed.


def test_shapes_are_computed_from_shapes(written: Any) -> None:
    """What torch's x.view(n, 2, c // 2, -1) and F.interpolate(size=x.shape[2:] * 2) become."""
    graph = written(
        """g (float[N,8,H,W] x) => (y, z) {
          s = Shape (x)  two = Constant <value_int=2> ()
          zero = Constant <value_int=0> ()  one = Constant <value_int=1> ()
          n = Gather (s, zero)  c = Gather (s, one)  half = Div (c, two)
          axes = Constant <value_ints=[0]> ()
          n1 = Unsqueeze (n, axes)  h1 = Unsqueeze (half, axes)  t1 = Unsqueeze (two, axes)
          rest = Constant <value_ints=[-1]> ()
          shape = Concat <axis=0> (n1, t1, h1, rest)
          y = Reshape (x, shape)
          st = Constant <value_ints=[2]> ()  en = Constant <value_ints=[4]> ()
          hw = Slice (s, st, en)  hw2 = Mul (hw, two)
          f = Slice (s, axes, st)  sizes = Concat <axis=0> (f, hw2)
          z = Resize <mode="nearest"> (x, , , sizes)
        }""",
        input_shapes={"": (6, 4, 8)},
    )
    assert [node.shape for node in graph.outputs] == [(4, 24, 2), (12, 8, 8)]
    assert types(graph) == ["InputLayer", "Reshape", "UpSampling2D"]  # nothing of the arithmetic is a layer


def test_what_depends_on_an_open_size_is_unknown(written: Any) -> None:
    graph = written("g (float[N,8,H,W] x) => (y) { s = Shape (x)  t = Reshape (x, s)  y = Flatten (t) }")
    assert graph.outputs[0].shape == (UNKNOWN,)
    assert graph.nodes[1].shape == (UNKNOWN, UNKNOWN, 8)


def test_what_the_file_says_is_believed_where_inference_ends(written: Any) -> None:
    graph = written("g (float[1,4,6,6] x) => (float[1,5] y) { y = own.Odd (x) }")
    assert graph.outputs[0].shape == (5,)
    assert Totals(graph).macs is UNKNOWN


# Weights.


def test_weights_stand_anywhere(tmp_path: Path) -> None:
    """In inputs that are initializers too (until IR 3), Constant nodes, ConstantOfShape, behind Transpose and Cast."""
    kernel = numpy_helper.from_array(ones(4, 3, 3, 3), "w")
    half = numpy_helper.from_array(ones(10, 4, dtype=np.float16), "half")
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"]),
        helper.make_node("Constant", [], ["b2"], value=numpy_helper.from_array(ones(4))),
        helper.make_node("ConstantOfShape", ["four"], ["scale"], value=numpy_helper.from_array(ones(1))),
        helper.make_node("BatchNormalization", ["c", "scale", "b2", "b2", "b2"], ["n"], name="norm"),
        helper.make_node("GlobalAveragePool", ["n"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Transpose", ["half"], ["t"], perm=[1, 0]),
        helper.make_node("Cast", ["t"], ["m"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["f", "m"], ["y"], name="head"),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3, 8, 8]),
        helper.make_tensor_value_info("w", TensorProto.FLOAT, [4, 3, 3, 3]),
    ]
    held = [kernel, half, numpy_helper.from_array(ones(4), "b"), numpy_helper.from_array(whole(4), "four")]
    result = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    model = helper.make_model(helper.make_graph(nodes, "g", inputs, result, held), ir_version=3)
    graph = reading(save(model, tmp_path)).graph
    assert types(graph) == [
        "InputLayer", "Conv2D", "BatchNormalization", "GlobalAveragePooling2D", "Flatten", "Dense",
    ]  # fmt: skip
    # the constant of the three statistics is one tensor: it is counted once
    assert Totals(graph).params == 4 * 27 + 4 + 4 + 4 + 40
    assert Totals(graph).macs == 4 * 27 * 36 + 40
    assert named(graph, "head").weights[0].dtype == "float16"


def test_a_matrix_that_two_layers_read_is_counted_once(written: Any) -> None:
    graph = written("g (float[1,8] x) => (z) { y = MatMul (x, m)  z = MatMul (y, m) }", {"m": ones(8, 8)})
    assert (Totals(graph).params, Totals(graph).macs) == (64, 128)


def test_weights_in_another_file_are_never_opened(tmp_path: Path) -> None:
    model = one_node("Conv", (1, 3, 8, 8), [ones(4, 3, 3, 3)])
    held = model.graph.initializer[0]
    held.ClearField("raw_data")
    held.data_location = TensorProto.EXTERNAL
    held.external_data.add(key="location", value="/dev/zero")
    graph = reading(save(model, tmp_path)).graph
    assert Totals(graph).macs == 4 * 27 * 36


def test_sparse_weights_have_the_shape_that_they_stand_for(tmp_path: Path) -> None:
    model = one_node("MatMul", (1, 8), [ones(1)])
    values = model.graph.initializer.pop()
    indices = numpy_helper.from_array(whole(3), "")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [8, 5]))
    graph = reading(save(model, tmp_path)).graph
    assert (graph.nodes[-1].type, Totals(graph).macs) == ("Dense", 40)


def test_products_with_a_constant_on_either_side(written: Any) -> None:
    """A constant's elements are each used once a row; of two computed matrices nothing is counted."""
    graph = written(
        """g (float[1,6,4] x) => (a, b, c, d) {
          a = MatMul (x, right)  b = MatMul (left, x)  t = Transpose <perm=[0,2,1]> (x)  c = MatMul (x, t)
          f = Flatten (x)  d = Gemm <transB=1, alpha=0.5> (f, wide, bias)
        }""",
        {"right": ones(4, 10), "left": ones(3, 6), "wide": ones(7, 24), "bias": ones(7)},
    )
    found = [node.macs for node in graph.outputs]
    assert found == [6 * 40, 18 * 4, UNKNOWN, 24 * 7]
    assert [node.shape for node in graph.outputs] == [(6, 10), (3, 4), (6, 6), (7,)]


def test_weights_that_are_computed_of_several() -> None:
    """Of torch's weight_norm: direction (4, 3) times length (4, 1); the kernel is counted as what is as large."""
    roots = (Root("length", (4, 1), "float32", True), Root("direction", (4, 3), "float32", True))
    value = Value("w", (4, 3), constant=True, roots=roots)
    weights = as_weights(value, "kernel")
    assert [(weight.identity, weight.size) for weight in weights] == [("direction", 12), ("length", 4)]


def test_names_that_say_nothing_give_way_to_the_kernels(tmp_path: Path) -> None:
    """torch until 1.12 numbered its nodes: Conv_3."""
    model = one_node("Conv", (1, 3, 8, 8), [ones(4, 3, 3, 3)])
    model.graph.node[0].input[1] = model.graph.initializer[0].name = "layer1.0.conv2.weight"
    for name, shown in (("Conv_3", "layer1.0.conv2"), ("", "layer1.0.conv2"), ("stem", "stem")):
        model.graph.node[0].name = name
        assert reading(save(model, tmp_path)).graph.nodes[-1].name == shown


# Layouts.


def test_transposes_of_the_layout_vanish(written: Any) -> None:
    """What tf2onnx puts around a network that had its channels last."""
    text = """g (float[N,9,7,3] x) => (y) {
      t = Transpose <perm=[0,3,1,2]> (x)  c = Conv (t, w)  y = Transpose <perm=[0,2,3,1]> (c)
    }"""
    graph = written(text, {"w": ones(5, 3, 3, 3)})
    assert types(graph) == ["InputLayer", "Conv2D"]
    assert [node.shape for node in graph.nodes] == [(9, 7, 3), (7, 5, 5)]
    raw = written(text, {"w": ones(5, 3, 3, 3)}, raw=True)
    assert types(raw) == ["InputLayer", "Permute", "Conv2D", "Permute"]
    assert [node.shape for node in raw.nodes] == [(9, 7, 3), (9, 7, 3), (7, 5, 5), (7, 5, 5)]


def test_tokens_keep_their_order(written: Any) -> None:
    """A map becomes a row of tokens: (steps, features)."""
    graph = written(
        """g (float[1,3,8,8] x) => (y) {
          p = Conv <strides=[4,4]> (x, w)  r = Reshape (p, s)  t = Transpose <perm=[0,2,1]> (r)  y = MatMul (t, m)
        }""",
        {"w": ones(10, 3, 4, 4), "s": whole(1, 10, -1), "m": ones(10, 6)},
    )
    assert [node.shape for node in graph.nodes] == [(8, 8, 3), (2, 2, 10), (4, 10), (4, 6)]
    assert (graph.nodes[-1].type, graph.nodes[-1].macs) == ("Dense", 4 * 60)


# Batches.


@pytest.mark.parametrize("batch", ["N", "1", "10", "789444"])
def test_a_batch_is_divided_out(written: Any, batch: str) -> None:
    graph = written(
        f"g (float[{batch},3,8,8] x) => (y) {{ c = Conv (x, w) s = Reshape (c, flat) y = MatMul (s, m) }}",
        {"w": ones(4, 3, 3, 3), "flat": whole(0, -1), "m": ones(144, 5)},
    )
    assert Totals(graph).macs == 4 * 27 * 36 + 144 * 5
    assert [node.shape for node in graph.nodes] == [(8, 8, 3), (6, 6, 4), (144,), (5,)]


def test_sizes_that_the_file_fixes_may_be_settled_otherwise(written: Any) -> None:
    text, kernel = "g (float[10,3,8,8] x) => (float[10,4,8,8] y) { y = Conv <pads=[1,1,1,1]> (x, w) }", ones(4, 3, 3, 3)
    graph = written(text, {"w": kernel}, input_shapes={"": (16, 12, 3)})
    assert graph.outputs[0].shape == (16, 12, 4)
    assert "10x3x8x8 in the file" in graph.warnings[0]


@pytest.mark.parametrize(
    ("shapes", "told"),
    [
        ({"": (8, 8, 1)}, "has 3 channels, not 1"),
        ({"y": (8, 8, 3)}, "no such input; there is x"),
        ({"": (8, 3)}, "has 3 axes beside the batch"),
    ],
)
def test_shapes_that_do_not_fit(written: Any, shapes: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        written("g (float[1,3,H,W] x) => (y) { y = Relu (x) }", input_shapes=shapes)


# onnxruntime's own operations.


def test_operations_of_the_runtime(written: Any) -> None:
    graph = written(
        """g (float[1,3,8,8] x) => (y) {
          c = com.microsoft.FusedConv <activation="Relu"> (x, w, b)
          p = GlobalAveragePool (c)  f = Flatten (p)
          m = com.microsoft.FusedMatMul <transB=1> (f, k)
          n = com.microsoft.SkipLayerNormalization (m, m, gamma, beta)
          y = com.microsoft.BiasGelu (n, beta)
        }""",
        {"w": ones(4, 3, 3, 3), "b": ones(4), "k": ones(6, 4), "gamma": ones(6), "beta": ones(6)},
    )
    assert types(graph)[1:] == [
        "Conv2D", "ReLU", "GlobalAveragePooling2D", "Flatten", "Dense", "Add", "LayerNormalization", "Add",
        "Activation",
    ]  # fmt: skip
    assert Totals(graph).macs == 4 * 27 * 36 + 24
    assert Totals(graph).params == 4 * 27 + 4 + 24 + 6 + 6


def test_integers_in_and_out(written: Any) -> None:
    graph = written(
        """g (float[1,3,8,8] x) => (z) {
          q, s, p = DynamicQuantizeLinear (x)
          c = ConvInteger (q, w, p, zero)
          y = Cast <to=1> (c)
          z = Mul (y, s)
        }""",
        {"w": ones(4, 3, 3, 3, dtype=np.int8), "zero": np.int8(0)},
    )
    assert Totals(graph).macs == 4 * 27 * 36
    assert Totals(graph).params == 4 * 27


# Decisions.


def test_an_if_whose_condition_is_known_is_its_branch(written: Any) -> None:
    graph = written(
        """g (float[1,4,6] x) => (y) {
          s = Shape (x)  last = Constant <value_int=1> ()  c = Gather (s, last)  four = Constant <value_int=4> ()
          known = Equal (c, four)
          y = If (known) <then_branch = a () => (t) { t = Conv (x, w) }, else_branch = b () => (e) { e = Relu (x) }>
        }""",
        {"w": ones(5, 4, 3)},
    )
    assert types(graph) == ["InputLayer", "Conv1D"]
    assert Totals(graph).macs == 60 * 4
    assert not graph.warnings


# Files that mean harm.


def _deep(count: int) -> bytes:
    """An If in an If in an If ..."""
    node = b"\x22\x04Relu"
    for _ in range(count):
        graph = b"\x0a" + _size(node) + node
        attribute = b"\x0a\x0bthen_branch\xa0\x01\x05\x32" + _size(graph) + graph
        node = b"\x0a\x01c\x12\x01y\x22\x02If\x2a" + _size(attribute) + attribute
    graph = b"\x0a" + _size(node) + node + b"\x5a\x03\x0a\x01c\x62\x03\x0a\x01y"
    return b"\x08\x08\x3a" + _size(graph) + graph


def _size(data: bytes) -> bytes:
    count, found = len(data), b""
    while count > 127:
        found += bytes([count & 127 | 128])
        count >>= 7
    return found + bytes([count])


def _refused(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_file(path)
    told = str(caught.value)
    assert "\n" not in told
    assert str(path) in told
    return told


def test_graphs_within_graphs_end(tmp_path: Path) -> None:
    path = tmp_path / "deep.onnx"
    path.write_bytes(_deep(2000))
    assert _refused(path)


def _doubling(levels: int) -> onnx.ModelProto:
    """Functions each of which calls the next one twice."""
    lines = ['<ir_version: 8, opset_import: ["" : 17, "own" : 1]> g (float[1,4] x) => (y) { y = own.f0 (x) }']
    for level in range(levels):
        called = f"own.f{level + 1}" if level + 1 < levels else "Relu"
        lines.append(f'<domain: "own", opset_import: ["" : 17, "own" : 1]> f{level} (a) => (c) {{ b = {called} (a) '
                     f"c = {called} (b) }}")  # fmt: skip
    return parser.parse_model("\n".join(lines))


def test_functions_that_double_end(tmp_path: Path) -> None:
    assert "more than" in _refused(save(_doubling(30), tmp_path))


def test_functions_that_call_themselves_end(tmp_path: Path) -> None:
    model = _doubling(2)
    model.functions[1].node[0].op_type = "f0"
    model.functions[1].node[0].domain = "own"
    assert "within each other" in _refused(save(model, tmp_path))


def _declared(sizes: Iterable[int]) -> onnx.ModelProto:
    model = one_node("Expand", (1, 4), [whole(1)])
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(whole(*sizes), "c0"))
    return model


def test_declared_sizes_take_no_memory(tmp_path: Path) -> None:
    graph = reading(save(_declared([2**36, 2**36, 4]), tmp_path)).graph
    assert graph.nodes[-1].shape[-1] == 4


def test_powers_of_powers_end(written: Any) -> None:
    lines = " ".join(f"p{number + 1} = Mul (p{number}, p{number})" for number in range(200))
    graph = written(f"g (float[1,4] x) => (y) {{ {lines} y = Expand (x, p200) }}", {"p0": whole(7, 7, 4)})
    assert graph.nodes[-1].shape[0] is UNKNOWN


@pytest.mark.parametrize("cut", [2, 100, 4000, -1])
def test_a_file_that_ends_early(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes((FILES / "inverted_residuals.onnx").read_bytes()[:cut])
    _refused(path)


def test_names_that_a_terminal_obeys_are_written_out(tmp_path: Path) -> None:
    model = one_node("Relu", (1, 4), [])
    model.graph.node[0].input[0] = "\x1b[2Jgone\n"
    assert "\x1b" not in _refused(save(model, tmp_path))


def test_constants_of_one_cell_are_read_by_their_values(written: Any) -> None:
    """But for those of integers that stand for real numbers, and what is no number."""
    graph = written(
        """g (float[1, 3, 8, 8] x) => (float[1, 3, 8, 8] y)
        { a = Add(x, three) b = Mul(a, sixth) c = Max(b, both) d = Min(c, endless) y = Pow(d, two) }""",
        {
            "three": np.float32(3), "sixth": np.full((1, 1, 1), 1 / 6, np.float32), "two": np.float64(2),
            "both": ones(3, 1, 1), "endless": np.float32("inf"),
        },
    )  # fmt: skip
    assert [node.layer.value for node in graph.nodes[1:]] == [3.0, 0.1666667, None, None, 2.0]
