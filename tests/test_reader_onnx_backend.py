"""The models that the onnx package tests runtimes with: each is read, and its shapes are those that onnx infers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper, shape_inference

from cnncli.amounts import UNKNOWN
from cnncli.analysis.metrics import Totals
from cnncli.readers.onnx import network
from cnncli.readers.onnx.model import Value
from cnncli.readers.onnx.network import read
from cnncli.readers.reading import Settings
from cnncli.readers.source import opened

STORED = sorted((Path(onnx.__file__).parent / "backend" / "test" / "data").rglob("*.onnx"))
OTHERWISE = {
    "test_stft": "onnx infers as many bins as the frame has; there are half of them, and one",
    "test_stft_with_window": "onnx infers as many bins as the frame has; there are half of them, and one",
}


def tensors(path: Path, monkeypatch: pytest.MonkeyPatch, raw: bool = False) -> dict[str, Value]:
    """What the reader says of the tensors that a file gives, by name."""
    found: dict[str, Value] = {}
    walk = network._Walker._graph

    def recorded(self: Any, graph: Any, scope: Any, context: Any) -> list[Value]:
        values = walk(self, graph, scope, context)
        found.clear()  # the outermost graph is the last to end
        found.update({info.name: value for info, value in zip(graph.outputs, values, strict=True)})
        return values

    with monkeypatch.context() as patched, opened(path) as source:
        patched.setattr(network._Walker, "_graph", recorded)
        read(source, path, Settings(raw=raw))
    return found


def inferred(model: onnx.ModelProto) -> dict[str, tuple[int | None, ...]]:
    """The shapes of the outputs as onnx infers them; a size that it leaves open is None."""
    found = {}
    for output in shape_inference.infer_shapes(model, data_prop=True).graph.output:
        kind = output.type.tensor_type
        if output.type.HasField("tensor_type") and kind.HasField("shape"):
            found[output.name] = tuple(
                size.dim_value if size.HasField("dim_value") else None for size in kind.shape.dim
            )
    return found


def disagreements(found: dict[str, Value], told: dict[str, tuple[int | None, ...]]) -> list[str]:
    """Outputs of which the reader says another size than onnx, or does not know one that onnx knows.

    No axis of a network is empty: a file that says 0 of one leaves it open.
    """
    wrong = []
    for name, shape in told.items():
        if name not in found or 0 in shape:
            continue
        ours = found[name].shape
        if (
            ours is None
            or len(ours) != len(shape)
            or any(
                size is not None and (mine is UNKNOWN or mine != size) for mine, size in zip(ours, shape, strict=True)
            )
        ):
            wrong.append(f"{name}: {ours} for {shape}")
    return wrong


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.parent.name)
def test_a_stored_model_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tensors(path, monkeypatch, raw=True)
    assert not disagreements(tensors(path, monkeypatch), inferred(onnx.load(path)))


def bare(case: Any) -> onnx.ModelProto:
    """A case's model without the shapes of its outputs; its small inputs behind the first one are constants."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for output in model.graph.output:
        if output.type.HasField("tensor_type"):
            output.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    kept = list(model.graph.input[:1])
    for info, value in zip(model.graph.input[1:], case.data_sets[0][0][1:], strict=False):
        given = value if isinstance(value, (np.ndarray, np.generic)) else np.empty((2, 2))
        if given.ndim < 2 and given.dtype in (np.int64, np.float32, np.bool_) and info.type.HasField("tensor_type"):
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(given), info.name))
        else:
            kept.append(info)
    del model.graph.input[:]
    model.graph.input.extend(kept)
    return model


def node_cases() -> Iterator[tuple[str, onnx.ModelProto]]:
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in collect_testcases(None):
            if case.model is not None and case.data_sets:
                yield case.name, bare(case)


@pytest.mark.exhaustive
@pytest.mark.slow
def test_every_model_of_a_single_node_has_the_shapes_that_onnx_infers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, wrong, count = tmp_path / "node.onnx", {}, 0
    for name, model in node_cases():
        path.write_bytes(model.SerializeToString())
        found = tensors(path, monkeypatch)
        count += 1
        try:
            told = inferred(model)
        except (shape_inference.InferenceError, RuntimeError):
            continue
        if name not in OTHERWISE and (each := disagreements(found, told)):
            wrong[name] = each
    assert not wrong
    assert count > 1500


# Single operations.


def written(tmp_path: Path, nodes: list[Any], inputs: dict[str, Any], constants: dict[str, Any], outputs: Any) -> Path:
    """A file of some nodes; of the outputs no more than the names is said."""
    entering = [helper.make_tensor_value_info(name, 1, shape) for name, shape in inputs.items()]
    held = [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "graph", entering, [onnx.ValueInfoProto(name=name) for name in outputs], held)
    path = tmp_path / "model.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)]).SerializeToString())
    return path


def test_nodes_may_stand_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [
        helper.make_node("Relu", ["b"], ["c"]), helper.make_node("Conv", ["a", "k"], ["b"]),
        helper.make_node("Neg", ["x"], ["a"]),
    ]  # fmt: skip
    path = written(tmp_path, nodes, {"x": (1, 3, 8, 8)}, {"k": np.ones((4, 3, 3, 3), np.float32)}, ["c"])
    assert tensors(path, monkeypatch)["c"].shape == (1, 4, 6, 6)
    with opened(path) as source:
        graph = read(source, path, Settings()).graph
    assert [node.type for node in graph.nodes] == ["InputLayer", "Negative", "Conv2D", "ReLU"]
    assert Totals(graph).macs == 6 * 6 * 27 * 4


def test_what_a_normalization_gives_beside_its_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [helper.make_node("LayerNormalization", ["x", "s"], ["y", "mean", "deviation"], axis=-1)]
    path = written(tmp_path, nodes, {"x": (1, 7, 16)}, {"s": np.ones(16, np.float32)}, ["y", "mean", "deviation"])
    found = tensors(path, monkeypatch)
    assert [found[name].shape for name in ("y", "mean", "deviation")] == [(1, 7, 16), (1, 7, 1), (1, 7, 1)]


def test_a_deformed_convolution_is_counted_as_one(tmp_path: Path) -> None:
    nodes = [helper.make_node("DeformConv", ["x", "k", "offset"], ["y"])]
    inputs = {"x": (1, 3, 8, 8), "offset": (1, 18, 6, 6)}
    path = written(tmp_path, nodes, inputs, {"k": np.ones((4, 3, 3, 3), np.float32)}, ["y"])
    with opened(path) as source:
        graph = read(source, path, Settings()).graph
    assert (graph.outputs[0].type, graph.outputs[0].shape) == ("DeformConv2D", (6, 6, 4))
    assert Totals(graph).macs == 6 * 6 * 27 * 4
    assert Totals(graph).params == 27 * 4


def test_what_a_scan_collects_is_as_long_as_what_it_takes_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Add", ["sum", "each"], ["next"]), helper.make_node("Identity", ["next"], ["seen"])],
        "body", [of("sum", 1, (4,)), of("each", 1, (4,))], [of("next", 1, (4,)), of("seen", 1, (4,))],
    )  # fmt: skip
    nodes = [helper.make_node("Scan", ["start", "x"], ["last", "all"], body=body, num_scan_inputs=1)]
    path = written(tmp_path, nodes, {"start": (4,), "x": (9, 4)}, {}, ["last", "all"])
    found = tensors(path, monkeypatch)
    assert (found["last"].shape, found["all"].shape) == ((4,), (9, 4))
