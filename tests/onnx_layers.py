"""A graph written to ONNX and run by onnxruntime, beside the Keras model that it lowers to."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import assume

from cnncli.graph import Graph
from cnncli.keras_model import lower
from cnncli.keras_model.held import arrays
from cnncli.onnx_model import Ends, onnx_model

TOLERANCE = 1e-4
"""Of the largest output, by which outputs may differ."""
BATCHES = (1, 4)


def with_random_weights(graph: Graph, seed: int = 0) -> Any:
    """The Keras model, all of whose weights have a say; variances are above zero, codes are -1 or 1."""
    model = lower(graph)
    draw = np.random.default_rng(seed)
    for weight in model.weights:
        positive = "variance" in weight.name
        drawn = draw.uniform(0.5, 1.5, weight.shape) if positive else draw.normal(0, 0.5, weight.shape)
        drawn = np.sign(drawn) if ".codes/" in weight.path else drawn
        weight.assign(drawn.astype("float32"))
    for layer in model.layers:
        if hasattr(layer, "finalize_state"):  # of Normalization, which keeps what it computes of its weights
            layer.finalize_state()
    return model


def examples(graph: Graph, count: int = max(BATCHES), seed: int = 1) -> list[Any]:
    """Of each input, in the graph's order of axes; whole numbers, which a table is asked for, where it wants them."""
    draw = np.random.default_rng(seed)
    return [
        draw.integers(0, 3, (count, *node.shape)).astype(node.dtype)
        if node.dtype.startswith("int")
        else draw.normal(0, 1.5, (count, *node.shape)).astype("float32")
        for node in graph.inputs
    ]


def expected(model: Any, values: list[Any]) -> list[Any]:
    """The Keras model's outputs."""
    found = model(values if len(values) > 1 else values[0], training=False)
    return [np.asarray(each) for each in (found if isinstance(found, (list, tuple)) else [found])]


def turned(values: Any, *, first: bool) -> Any:
    return np.moveaxis(values, -1, 1) if first and values.ndim > 2 else values


def written(graph: Graph, model: Any, *, first: bool) -> Any:
    """The file, checked, whose shapes are the graph's."""
    import onnx

    made = onnx_model(graph, arrays(graph, model), Ends(channels_first=first))
    onnx.checker.check_model(made, full_check=True)
    return made


def session(made: Any) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])


def run(session: Any, values: list[Any], *, first: bool) -> list[Any]:
    """The file's outputs, in the graph's order of axes."""
    names = [each.name for each in session.get_inputs()]
    given = {name: np.ascontiguousarray(turned(each, first=first)) for name, each in zip(names, values, strict=True)}
    return [np.moveaxis(each, 1, -1) if first and each.ndim > 2 else each for each in session.run(None, given)]


def apart(found: Any, wanted: Any) -> float:
    """The largest difference, of the largest wanted one."""
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1e-2))


def inferred(made: Any) -> dict[str, tuple[Any, ...]]:
    """What ONNX's strict inference says of each tensor, but for the batch, without what the file itself says."""
    import onnx

    bare = onnx.ModelProto()
    bare.CopyFrom(made)
    del bare.graph.value_info[:]
    complete = onnx.shape_inference.infer_shapes(bare, check_type=True, strict_mode=True, data_prop=True)
    return shapes(complete.graph.value_info)


def shapes(values: Any) -> dict[str, tuple[Any, ...]]:
    return {each.name: tuple(axis.dim_value or None for axis in each.type.tensor_type.shape.dim[1:]) for each in values}


def agrees(graph: Graph, counts: Counter[str] | None = None) -> None:
    """The file of a graph, in both layouts, gives what Keras gives, where that gives numbers."""
    assume(len(graph.nodes) > 1 and all(0 not in node.shape for node in graph.nodes))
    model, values = with_random_weights(graph), examples(graph)
    wanted = expected(model, values)
    assume(all(np.isfinite(each).all() and np.abs(each).max() < 1e12 for each in wanted))
    if counts is not None:
        counts.update(node.type for node in graph.nodes)
    for first in (False, True):
        running = session(written(graph, model, first=first))
        for batch in BATCHES:
            found = run(running, [each[:batch] for each in values], first=first)
            assert all(apart(one, other[:batch]) < TOLERANCE for one, other in zip(found, wanted, strict=True))
