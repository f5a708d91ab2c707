"""A whole ONNX model: a graph's layers one after the other between its ends, and what the file says of itself.

By onnx.helper: onnx-ir, which needs onnx itself, takes 0.44 s to import in place of 0.15, and for the operations of
EfficientNet-B7 0.15 s in place of 0.01. What the weights take, half a second, is the same (onnx 1.23, onnx-ir 1.1).

The opset is 18 (2022), which every runtime of the last years takes, and so the file's version is 8.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnncli import __version__
from cnncli.amounts import UNKNOWN
from cnncli.graph import Graph, Node
from cnncli.graph.names import Names
from cnncli.onnx_model.dtypes import is_real, onnx_dtype
from cnncli.onnx_model.external import within
from cnncli.onnx_model.layers import lowered
from cnncli.onnx_model.lowering import Arrays, Laid, Lowering, Order, first, last, ordered

OPSET = 18
IR_VERSION = 8
"""Of the file's own format: what onnx 1.13 wrote, the first with this opset."""
BATCH = "batch"
"""What a free batch is called in the file."""
LISTS = ("constants", "not_trained")
"""Metadata that list initializers: those that are no weights of the network, and those that training leaves."""


@dataclass(frozen=True)
class Ends:
    """What a file's input and output are called, whether maps there have their channels first, and the batch.

    Several inputs or outputs are called as their nodes. `batch` None: of any number of examples.
    """

    input_name: str = "image"
    output_name: str = "output"
    channels_first: bool = False
    batch: int | None = None

    def called(self, graph: Graph) -> tuple[dict[Node, str], dict[Node, str]]:
        """The inputs' and the outputs' names, which differ even of a node that is both."""
        names = Names(between="_")
        inputs, outputs = _called(graph.inputs, self.input_name), _called(graph.outputs, self.output_name)
        inputs, outputs = ({node: names.free(name) for node, name in each.items()} for each in (inputs, outputs))
        return inputs, outputs

    def order(self, node: Node) -> Order:
        """In which order an input's or output's axes stand in the file."""
        return (first if self.channels_first else last)(len(node.shape))


def _called(nodes: Sequence[Node], name: str) -> dict[Node, str]:
    return {nodes[0]: name} if len(nodes) == 1 else {node: node.name for node in nodes}


def onnx_model(graph: Graph, arrays: Arrays, ends: Ends, metadata: Mapping[str, str] | None = None) -> Any:
    """The onnx.ModelProto of a graph and these weights.

    Raises UsageError for a layer that has no operation in ONNX.
    """
    lowering = lower(graph, arrays, ends)
    model = assembled(graph, lowering, ends, metadata or {})
    within(model, lowering.initializers)
    return model


def lower(graph: Graph, arrays: Arrays, ends: Ends) -> Lowering:
    """The operations and initializers of a graph between its ends; raises as onnx_model."""
    inputs, outputs = ends.called(graph)
    lowering = Lowering(graph, arrays, (*inputs.values(), *outputs.values()))
    for node in graph.nodes:
        given = Laid(inputs[node], ends.order(node)) if node in inputs else lowered(lowering, node)
        lowering.give(node, given)
    _name_outputs(lowering, outputs, ends)
    return lowering


def assembled(graph: Graph, lowering: Lowering, ends: Ends, metadata: Mapping[str, str]) -> Any:
    """The model of what was lowered, into which `external` puts its initializers, wherever they are held.

    They come last: a model that is made of parts copies these, and so would hold all weights once more.
    """
    from onnx import helper

    between = helper.make_graph(
        lowering.operations,
        graph.name,
        *(
            [_value(Laid(name, ends.order(node)), node, ends) for node, name in each.items()]
            for each in ends.called(graph)
        ),
        value_info=_values_between(lowering, graph, ends),
    )
    return _model_of(between, lowering, {**metadata, "scopes": json.dumps(_scopes(graph))})


def _model_of(graph: Any, lowering: Lowering, metadata: Mapping[str, str]) -> Any:
    from onnx import helper

    model = helper.make_model(
        graph,
        producer_name="cnncli",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    own = {name: json.dumps(getattr(lowering, name)) for name in LISTS}
    helper.set_model_props(model, {**metadata, **own})
    return model


def _scopes(graph: Graph) -> dict[str, Sequence[str | float | None]]:
    """The scopes with which layers' names begin, with what a person calls the blocks: no name says that alone."""
    found: dict[str, Sequence[str | float | None]] = {}
    for node in graph.nodes:
        for depth in range(1, len(node.scope) + 1):
            scope = node.scope[:depth]
            if node.name.startswith(".".join((*node.scope, ""))):
                found.setdefault(".".join(scope), graph.kinds.get(scope, ()))
    return found


def _name_outputs(lowering: Lowering, outputs: Mapping[Node, str], ends: Ends) -> None:
    """Give the network's outputs their order and names: their own operations' outputs are renamed where they may be.

    An output that is an input, or that another output is too, is handed through.
    """
    written = {name for operation in lowering.operations for name in operation.output}
    renamed: dict[str, str] = {}
    for node, name in outputs.items():
        tensor = lowering.output(node, ends.order(node))
        if tensor in renamed or (tensor not in written and lowering.laid(node).name == tensor):
            lowering.add("Identity", [tensor], name)
        else:
            renamed[tensor] = name
    for operation in lowering.operations:
        for tensors in (operation.input, operation.output):
            for place, tensor in enumerate(tensors):
                if tensor in renamed:
                    tensors[place] = renamed[tensor]


def _values_between(lowering: Lowering, graph: Graph, ends: Ends) -> list[Any]:
    """The shapes of what the layers put out, so that viewers need not infer them; of whole numbers they do."""
    written = {name for operation in lowering.operations for name in operation.output}
    tensors = {lowering.laid(node).name: node for node in reversed(graph.nodes)}
    told = [node for name, node in tensors.items() if name in written and is_real(node.dtype)]
    return [_value(lowering.laid(node), node, ends) for node in reversed(told)]


def _value(tensor: Laid, node: Node, ends: Ends) -> Any:
    from onnx import helper

    sizes = [None if size is UNKNOWN else size for size in ordered(node.shape, tensor.order)]
    return helper.make_tensor_value_info(tensor.name, onnx_dtype(node.dtype), [ends.batch or BATCH, *sizes])
