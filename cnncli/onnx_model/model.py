"""A whole ONNX model: a graph's layers one after the other between its ends, and what the file says of itself.

By onnx.helper: the same model of EfficientNet-B7 by onnx-ir takes longer to import than all of its operations take to
be made. The opset is 18 (2022), which every runtime of the last years takes, and so the file's version is 8.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnncli import __version__
from cnncli.amounts import UNKNOWN
from cnncli.errors import UsageError
from cnncli.graph import Graph, Node, Role
from cnncli.onnx_model.external import within
from cnncli.onnx_model.layers import LOWERED
from cnncli.onnx_model.lowering import Arrays, Laid, Lowering, in_layout

OPSET = 18
IR_VERSION = 8
"""Of the file's own format: what onnx 1.13 wrote, the first with this opset."""
BATCH = "batch"
"""What a free batch is called in the file."""


@dataclass(frozen=True)
class Ends:
    """What a file's input and output are called, whether maps there have their channels first, and the batch.

    `batch` None: of any number of examples.
    """

    input_name: str = "image"
    output_name: str = "output"
    channels_first: bool = False
    batch: int | None = None


def onnx_model(graph: Graph, arrays: Arrays, ends: Ends, metadata: Mapping[str, str] | None = None) -> Any:
    """The onnx.ModelProto of a graph with one input and one output, and these weights.

    Raises UsageError for a layer that has no operation in ONNX.
    """
    lowering = lowered(graph, arrays, ends)
    return assembled(graph, lowering, ends, metadata or {}, within(lowering.initializers))


def lowered(graph: Graph, arrays: Arrays, ends: Ends) -> Lowering:
    """The operations and initializers of a graph between its ends; raises as onnx_model."""
    lowering = Lowering(graph, arrays)
    for node in graph.nodes:
        if node.role is Role.INPUT:
            lowering.give(node, Laid(ends.input_name, ends.channels_first and len(node.shape) > 1))
            continue
        lowering.give(node, _lowered(lowering, node))
    _name_output(lowering, graph.outputs[0], ends)
    return lowering


def assembled(
    graph: Graph, lowering: Lowering, ends: Ends, metadata: Mapping[str, str], initializers: Sequence[Any]
) -> Any:
    """The model of what was lowered, with its initializers as they are held."""
    from onnx import helper

    (image,), (output,) = graph.inputs, graph.outputs
    made = helper.make_graph(
        lowering.operations,
        graph.name,
        [_value(ends.input_name, image, ends)],
        [_value(ends.output_name, output, ends)],
        initializers,
        value_info=[],
    )
    model = helper.make_model(
        made,
        producer_name="cnncli",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    own = {"constants": json.dumps(lowering.constants), "not_trained": json.dumps(lowering.not_trained)}
    helper.set_model_props(model, {**metadata, **own})
    return model


def _lowered(lowering: Lowering, node: Node) -> Laid:
    if node.layer.idle and len(node.inputs) == 1 and node.type not in LOWERED:
        return lowering.laid(node.inputs[0])
    lower = LOWERED.get(node.type)
    if lower is None:
        raise UsageError(f"{node.name}: there is no ONNX operation for {node.type}, so that the file cannot be written")
    return lower(lowering, node)


def _name_output(lowering: Lowering, node: Node, ends: Ends) -> None:
    """Give the network's output its layout and its name, for which the last operation is renamed if it may be."""
    name = lowering.output(node, first=ends.channels_first)
    last = lowering.operations[-1] if lowering.operations else None
    if last is not None and list(last.output) == [name] and name != ends.input_name:
        last.output[0] = ends.output_name
    else:
        lowering.add("Identity", [name], ends.output_name)


def _value(name: str, node: Node, ends: Ends) -> Any:
    from onnx import TensorProto, helper

    sizes = [None if size is UNKNOWN else size for size in in_layout(node, first=ends.channels_first)]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [ends.batch or BATCH, *sizes])
