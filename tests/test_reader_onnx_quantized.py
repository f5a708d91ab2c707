"""What onnxruntime's tools make of a network is that network: with scales from samples, or found while running."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from cnncli.analysis.compare.across import Left, across
from cnncli.analysis.compare.comparison import entry, identical
from cnncli.analysis.metrics import Totals
from cnncli.network import network

ROUNDS = np.random.default_rng(7)


def values(name: str, *shape: int) -> onnx.TensorProto:
    return numpy_helper.from_array(ROUNDS.normal(size=shape).astype(np.float32), name)


@pytest.fixture(scope="module")
def float_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kernel with each activation that a quantization may be, a sum of two kernels, a product of a matrix."""
    nodes = [
        helper.make_node("Conv", ["image", "k1", "b1"], ["c1"], name="stem", pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Clip", ["c1", "zero", "six"], ["a1"], name="six"),
        helper.make_node("Conv", ["a1", "k2", "b2"], ["c2"], name="spatial", pads=[1, 1, 1, 1], group=8),
        helper.make_node("Relu", ["c2"], ["a2"], name="relu"),
        helper.make_node("Conv", ["a2", "k3", "b3"], ["c3"], name="projection"),
        helper.make_node("Add", ["c3", "a1"], ["s"], name="sum"),
        helper.make_node("Relu", ["s"], ["a3"], name="behind"),
        helper.make_node("GlobalAveragePool", ["a3"], ["p"], name="pool"),
        helper.make_node("Flatten", ["p"], ["f"], name="flatten"),
        helper.make_node("Gemm", ["f", "k4", "b4"], ["y"], name="classes"),
        helper.make_node("Softmax", ["y"], ["scores"], name="scores"),
    ]
    held = [
        values("k1", 8, 3, 3, 3), values("b1", 8), values("k2", 8, 1, 3, 3), values("b2", 8), values("k3", 8, 8, 1, 1),
        values("b3", 8), values("k4", 8, 5), values("b4", 5), numpy_helper.from_array(np.float32(0), "zero"),
        numpy_helper.from_array(np.float32(6), "six"),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 16, 16))],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, (1, 5))], held,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("quantized") / "float.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


class Samples:
    """Pictures, as onnxruntime's tools ask for them."""

    def __init__(self, largest: float) -> None:
        self._left = iter([{"image": largest * ROUNDS.random((1, 3, 16, 16), dtype=np.float32)} for _ in range(3)])

    def get_next(self) -> Any:
        return next(self._left, None)


def quantized(source: Path, way: str, largest: float = 1.0) -> Path:
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static

    path = source.parent / f"{way}{largest}.onnx"
    channels = way.endswith("channel")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if way.startswith("dynamic"):
            quantize_dynamic(source, path, per_channel=channels, weight_type=QuantType.QInt8)
        else:
            form = QuantFormat.QOperator if way.startswith("operators") else QuantFormat.QDQ
            quantize_static(source, path, Samples(largest), quant_format=form, per_channel=channels)
    return path


@pytest.mark.parametrize(
    "way", ["operators", "operators by channel", "around", "around by channel", "dynamic", "dynamic by channel"]
)
@pytest.mark.parametrize("largest", [0.01, 9.0], ids=["below the ceiling", "at the ceiling"])
def test_a_quantized_network_is_the_one_that_it_was(float_model: Path, way: str, largest: float) -> None:
    made = network(str(quantized(float_model, way, largest)))
    before, after = entry(network(str(float_model))), entry(made)
    found = across(before, after)
    assert found.same
    assert [each.what for each in found.conversions] == [Left.QUANTIZED]
    assert identical(before, after)
    assert after.totals.macs == before.totals.macs
    assert len(made.graph.nodes) == len(before.graph.nodes)


def test_a_ceiling_is_told_where_the_scale_tells_it(float_model: Path) -> None:
    graph = network(str(quantized(float_model, "around", 9.0))).graph
    assert [node.layer.function for node in graph.nodes if node.type == "ReLU"] == ["relu6", "relu", "relu"]


def test_every_operation_is_told_as_it_is(float_model: Path) -> None:
    found = network(str(quantized(float_model, "dynamic")), {"raw": True}).graph
    kinds = [node.type for node in found.nodes]
    assert kinds.count("Quantize") == 4
    assert kinds.count("Select") == 12
    assert Totals(found).macs == Totals(network(str(float_model)).graph).macs
    around = network(str(quantized(float_model, "around")), {"raw": True}).graph
    assert "ReLU" not in [node.type for node in around.nodes]


def test_rounding_to_few_bits_is_no_layer_of_its_own(tmp_path: Path) -> None:
    """QONNX's operations stand around weights and maps, and change no shape."""
    domain = "qonnx.custom_op.general"
    of = {"domain": domain, "signed": 1, "narrow": 0, "rounding_mode": "ROUND"}
    nodes = [
        helper.make_node("Quant", ["image", "scale", "zero", "bits"], ["rounded"], **of),
        helper.make_node("Quant", ["kernel", "scale", "zero", "bits"], ["weights"], **of),
        helper.make_node("Conv", ["rounded", "weights"], ["map"], pads=[1, 1, 1, 1]),
        helper.make_node("Quant", ["map", "scale", "zero", "bits"], ["result"], **of),
    ]
    numbers = [("scale", 0.5), ("zero", 0.0), ("bits", 4.0)]
    held = [values("kernel", 8, 3, 3, 3), *(numpy_helper.from_array(np.float32(each), name) for name, each in numbers)]
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 16, 16))],
        [onnx.ValueInfoProto(name="result")], held,
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid(domain, 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets), tmp_path / "rounded.onnx")
    found = network(str(tmp_path / "rounded.onnx")).graph
    assert [(node.type, node.shape) for node in found.nodes] == [("InputLayer", (16, 16, 3)), ("Conv2D", (16, 16, 8))]
    assert Totals(found).macs == 16 * 16 * 27 * 8
    assert Totals(found).params == 27 * 8


def test_another_activation_is_still_another(float_model: Path, tmp_path: Path) -> None:
    model = onnx.load(float_model)
    model.graph.node[3].op_type = "Sigmoid"
    onnx.save(model, tmp_path / "other.onnx")
    found = across(entry(network(str(tmp_path / "other.onnx"))), entry(network(str(quantized(float_model, "around")))))
    assert not found.same
    assert len(found.differences) == 1
