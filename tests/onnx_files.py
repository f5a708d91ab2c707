"""A graph of the registry as an ONNX file, with zeros for weights: what a reader of ONNX is held against.

Channels stand first within the file, as in those of other frameworks.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
from onnx import TensorProto, helper, numpy_helper, save

from cnncli.graph import Graph, Node
from cnncli.graph.layers import (
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    GlobalMaxPooling2D,
    InputLayer,
    LeakyReLU,
    MaxPooling2D,
    Multiply,
    Normalization,
    ReLU,
    Rescaling,
    Reshape,
    Softmax,
    ZeroPadding2D,
)


class Writer:
    """Appends operations and initializers; `of` holds the name of each node's tensor."""

    def __init__(self) -> None:
        self.operations: list[Any] = []
        self.initializers: list[Any] = []
        self.of: dict[int, str] = {}

    def constant(self, name: str, *shape: int) -> str:
        self.initializers.append(numpy_helper.from_array(numpy.zeros(shape, numpy.float32), name))
        return name

    def whole(self, name: str, *numbers: int) -> str:
        self.initializers.append(numpy_helper.from_array(numpy.array(numbers, numpy.int64), name))
        return name

    def add(self, operation: str, inputs: list[str], name: str, **attributes: Any) -> str:
        self.operations.append(helper.make_node(operation, inputs, [name], name=name, **attributes))
        return name


WRITTEN = (
    *(Activation, Add, AveragePooling2D, BatchNormalization, Concatenate, Conv2D, Dense, DepthwiseConv2D, Dropout),
    *(Flatten, GlobalAveragePooling2D, GlobalMaxPooling2D, InputLayer, LeakyReLU, MaxPooling2D, Multiply),
    *(Normalization, ReLU, Rescaling, Reshape, Softmax, ZeroPadding2D),
)


def writes(graph: Graph) -> bool:
    """Whether all layers have an operation here, on vectors and maps alone."""
    known = all(isinstance(node.layer, WRITTEN) for node in graph.nodes)
    dense_maps = any(isinstance(node.layer, Dense) and len(node.shape) > 1 for node in graph.nodes)
    return known and not dense_maps and not any(node.layer.function == "gelu" for node in graph.nodes)


def write_onnx(graph: Graph, path: Path) -> None:
    """Write a graph with one picture as input and one vector as output."""
    writer = Writer()
    for node in graph.nodes:
        writer.of[node.index] = _write(writer, node)
    (image,), (output,) = graph.inputs, graph.outputs
    height, width, channels = image.shape
    entering = helper.make_tensor_value_info(image.name, TensorProto.FLOAT, ["N", channels, height, width])
    leaving = helper.make_tensor_value_info(writer.of[output.index], TensorProto.FLOAT, ["N", *output.shape])
    made = helper.make_graph(writer.operations, graph.name, [entering], [leaving], writer.initializers)
    opsets = [helper.make_opsetid("", 18)]
    save(helper.make_model(made, producer_name="test", opset_imports=opsets, ir_version=9), path)


def _write(writer: Writer, node: Node) -> str:
    layer, name = node.layer, node.name
    inputs = [writer.of[each.index] for each in node.inputs]
    if not inputs:
        return name
    if isinstance(layer, (Conv2D, DepthwiseConv2D)):
        return _activated(writer, layer.activation, _convolution(writer, node, inputs), name)
    if isinstance(layer, Dense):
        found = writer.add(
            "MatMul", [*inputs, writer.constant(f"{name}.w", node.input_shapes[0][-1], layer.units)], f"{name}.mm"
        )
        if layer.use_bias:
            found = writer.add("Add", [found, writer.constant(f"{name}.b", layer.units)], f"{name}.add")
        return _activated(writer, layer.activation, found, name)
    if isinstance(layer, BatchNormalization):
        four = [writer.constant(f"{name}.{part}", node.shape[-1]) for part in ("scale", "B", "mean", "var")]
        return writer.add("BatchNormalization", [*inputs, *four], name)
    if isinstance(layer, ReLU):
        return _activated(writer, "relu6" if layer.max_value == 6 else "relu", inputs[0], name)
    if isinstance(layer, Activation):
        return _activated(writer, layer.activation, inputs[0], name)
    if isinstance(layer, Softmax):
        return writer.add("Softmax", inputs, name, axis=1)
    if isinstance(layer, (Add, Multiply)):
        return writer.add("Add" if isinstance(layer, Add) else "Mul", inputs, name)
    if isinstance(layer, ZeroPadding2D):
        (top, bottom), (left, right) = layer.padding
        return writer.add("Pad", [*inputs, writer.whole(f"{name}.pads", 0, 0, top, left, 0, 0, bottom, right)], name)
    return _other(writer, node, inputs)


def _other(writer: Writer, node: Node, inputs: list[str]) -> str:
    layer, name = node.layer, node.name
    if isinstance(layer, (GlobalAveragePooling2D, GlobalMaxPooling2D)):
        axes = writer.whole(f"{name}.axes", 2, 3)
        kind = "ReduceMean" if isinstance(layer, GlobalAveragePooling2D) else "ReduceMax"
        return writer.add(kind, [*inputs, axes], name, keepdims=int(layer.keepdims))
    if isinstance(layer, Reshape):
        *places, channels = layer.target_shape
        return writer.add("Reshape", [*inputs, writer.whole(f"{name}.shape", -1, channels, *places)], name)
    if isinstance(layer, Flatten):
        return writer.add("Flatten", inputs, name)
    if isinstance(layer, (Rescaling, Normalization)):
        scaled = writer.add("Mul", [*inputs, writer.constant(f"{name}.scale", 1, node.shape[-1], 1, 1)], f"{name}.mul")
        return writer.add("Add", [scaled, writer.constant(f"{name}.offset", 1, node.shape[-1], 1, 1)], name)
    if isinstance(layer, (AveragePooling2D, MaxPooling2D)):
        kind = "AveragePool" if isinstance(layer, AveragePooling2D) else "MaxPool"
        steps = {"kernel_shape": layer.pool_size, "strides": layer.strides, "auto_pad": _padding(layer)}
        return writer.add(kind, inputs, name, **steps)
    if isinstance(layer, Concatenate):
        return writer.add("Concat", inputs, name, axis=1)
    if isinstance(layer, LeakyReLU):
        return writer.add("LeakyRelu", inputs, name, alpha=layer.negative_slope)
    assert layer.idle or isinstance(layer, Dropout), f"{node.type} has no operation here"
    return writer.add("Identity", inputs, name)


def _convolution(writer: Writer, node: Node, inputs: list[str]) -> str:
    layer: Any = node.layer
    *_, channels = node.input_shapes[0]
    kernel, *bias = node.weights
    depthwise = isinstance(layer, DepthwiseConv2D)
    shape = (node.shape[-1], 1 if depthwise else kernel.shape[2], *kernel.shape[:2])
    weights = [writer.constant(f"{node.name}.weight", *shape)]
    if bias:
        weights.append(writer.constant(f"{node.name}.bias", node.shape[-1]))
    attributes = {
        "group": channels if depthwise else layer.groups,
        "kernel_shape": kernel.shape[:2],
        "strides": layer.strides,
        "dilations": layer.dilation_rate,
        "auto_pad": _padding(layer),
    }
    made = node.name if layer.activation in (None, "linear") else f"{node.name}.conv"
    return writer.add("Conv", [*inputs, *weights], made, **attributes)


def _padding(layer: Any) -> str:
    return "SAME_UPPER" if layer.padding == "same" else "VALID"


def _activated(writer: Writer, function: str | None, source: str, name: str) -> str:
    if function in (None, "linear"):
        return source if source == name else writer.add("Identity", [source], name)
    if function == "relu6":
        for bound in ("min", "max"):
            limit = numpy.array(0 if bound == "min" else 6, numpy.float32)
            writer.initializers.append(numpy_helper.from_array(limit, f"{name}.{bound}"))
        return writer.add("Clip", [source, f"{name}.min", f"{name}.max"], name)
    if function == "silu":
        return writer.add("Mul", [source, writer.add("Sigmoid", [source], f"{name}.sigmoid")], name)
    if function == "softmax":
        return writer.add("Softmax", [source], name, axis=1)
    known = {"relu": "Relu", "sigmoid": "Sigmoid", "hard_silu": "HardSwish", "tanh": "Tanh"}
    if function == "hard_sigmoid":
        return writer.add("HardSigmoid", [source], name, alpha=1 / 6)
    return writer.add(known[str(function)], [source], name)
