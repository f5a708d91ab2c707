"""What TFLite's converter makes of networks, for plans to be held against; run to measure anew, it takes an hour:

    python tests/deployed_truth.py [REFERENCE...] > tests/data/deployed.json

writes of each of REFERENCES the facts of its files, as `export` finishes them, of each of KINDS that it can be
converted to: how often each operation occurs, how many tensors are computed or given, the bytes of the constants that
operations read, and the peak of the live tensors. TensorFlow's version is told beside them. Weights are random, all of
them: a bias of 0 or a gamma of 1, as fresh networks have them, is left out by TensorFlow's optimizer; those of
Normalization, which layers keep apart until they are adapted, are 0 and 1.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from math import prod
from typing import Any, NamedTuple

from cnncli.deployed.lifetimes import peak
from cnncli.deployed.plan import FLOAT32, INT8, INT8_IO, KINDS, Plan
from cnncli.graph import Graph
from cnncli.graph.dtypes import in_bytes

REFERENCES = (
    "lenet5@paper:input_shape=32x32x1",
    "alexnet@paper:input_shape=64x64x3",
    "googlenet@paper:input_shape=64x64x3",
    "inception_v3@keras:input_shape=107x107x3",
    "resnet18@paper:input_shape=64x64x3",
    "resnet50_v2@keras:input_shape=64x64x3",
    "squeezenet_1_0@paper:input_shape=64x64x3",
    "densenet121@keras:input_shape=64x64x3",
    "nasnet_mobile@keras:input_shape=64x64x3",
    "shufflenet_v1@paper:input_shape=64x64x3",
    "shufflenet_v2@paper:input_shape=64x64x3",
    "convnext_tiny@keras:input_shape=64x64x3",
    "v1:alpha=0.25,input_shape=96x96x1,classes=2",
    "v1:alpha=0.5,input_shape=225",
    "v1@article:alpha=0.75,input_shape=97",
    "v1:alpha=0.25,input_shape=160x224,include_top=false",
    "v2:alpha=0.35,input_shape=97",
    "v2:alpha=1.4,input_shape=160x224,include_top=false",
    "v2@article:alpha=0.5,input_shape=225",
    "v3_small:input_shape=225",
    "v3_small@article:input_shape=97,include_top=false",
    "v3_large:alpha=0.75,input_shape=160x224",
    "v3_large@article:input_shape=97",
    "b0:input_shape=97",
    "b0:input_shape=160x224,include_top=false",
    "b0@article:input_shape=225",
    "convnext_v2_atto:input_shape=97",
    "googlenet@torchvision:input_shape=160x224",
    "zfnet:input_shape=97",
)
FUNCTIONS = {0: "", 1: "RELU", 2: "RELU_N1_TO_1", 3: "RELU6"}
"""ActivationFunctionType of the schema."""


class Line(NamedTuple):
    """An operation: shapes of what it computes, and where its inputs come from, inputs of the network first."""

    type: str
    function: str
    reads: tuple[int, ...]
    writes: tuple[tuple[tuple[int, ...], str], ...]
    constants: tuple[tuple[tuple[int, ...], str], ...]


def lines(plan: Plan) -> list[Line]:
    """A plan's operations."""
    held = [(constant.shape, constant.dtype) for constant in plan.constants]
    computed = [(tensor.shape, tensor.dtype) for tensor in plan.tensors]
    return [
        Line(
            each.type,
            each.function,
            each.reads,
            tuple(computed[tensor] for tensor in each.writes),
            tuple(held[constant] for constant in each.constants),
        )
        for each in plan.operations
    ]


def plan_of(data: bytes) -> Plan:
    """A file's operations, tensors and constants in the form of a plan."""
    from cnncli.deployed import Constant, Operation, Tensor
    from cnncli.export.formats.flatbuffer import operation, read

    model = read(data)
    (graph,) = model.subgraphs
    types = _types()
    plan = Plan(FLOAT32)
    places: dict[int, int] = {}
    held: dict[int, int] = {}

    def described(index: int) -> tuple[str, tuple[int, ...], str]:
        tensor = graph.tensors[index]
        shape = () if tensor.shape is None else tuple(map(int, tensor.shape))
        return tensor.name.decode(), shape, types[tensor.type]

    def place(index: int) -> int:
        if index not in places:
            places[index] = len(plan.tensors)
            plan.tensors.append(Tensor(*described(index)))
        return places[index]

    def constant(index: int) -> int:
        if index not in held:
            held[index] = len(plan.constants)
            plan.constants.append(Constant(*described(index)))
        return held[index]

    plan.inputs = tuple(place(int(index)) for index in graph.inputs)
    for each in graph.operators:
        inputs = [int(index) for index in each.inputs if index >= 0]
        stored = {index for index in inputs if model.buffers[graph.tensors[index].buffer].data is not None}
        function = FUNCTIONS[getattr(each.builtinOptions, "fusedActivationFunction", 0)]
        reads = tuple(place(index) for index in inputs if index not in stored)
        constants = tuple(constant(index) for index in inputs if index in stored)
        writes = tuple(place(int(index)) for index in each.outputs)
        plan.operations.append(Operation(operation(model, each), reads, writes, constants, (), function))
    plan.outputs = tuple(place(int(index)) for index in graph.outputs)
    return plan


def _types() -> dict[int, str]:
    from ai_edge_litert import schema_py_generated as schema

    return {value: name.lower() for name, value in vars(schema.TensorType).items() if not name.startswith("_")}


def facts(plan: Plan) -> dict[str, Any]:
    """What the file of facts tells of a plan."""
    return {
        "operations": dict(sorted(Counter(each.type for each in plan.operations).items())),
        "tensors": len(plan.tensors),
        "constants": sum(in_bytes(prod(each.shape), each.dtype) for each in plan.constants),
        "peak": peak(plan).bytes,
    }


def model_of(graph: Graph) -> Any:
    """Keras's model with random weights."""
    import numpy

    from cnncli.keras_model import lower

    generator = numpy.random.default_rng(0)
    model = lower(graph)
    for weight in model.weights:
        if weight.name in ("count", "mean", "variance"):
            continue
        around = 1 if weight.name in ("gamma", "moving_variance", "alpha") else 0
        weight.assign(around + 0.1 * generator.random(weight.shape))
    return model


def files_of(graph: Graph, kinds: tuple[str, ...] = (FLOAT32,), output: str = "given") -> Iterator[tuple[str, bytes]]:
    """The files that the converter makes of a graph, as export finishes them; of those kinds that can be."""
    import numpy

    from cnncli.errors import CheckFailed
    from cnncli.export.formats.conversion import concrete_function, convert
    from cnncli.export.formats.editing import finished, with_integer_ends

    model = model_of(graph)  # the function holds its variables weakly
    function = concrete_function(model, 1)
    pictures = numpy.random.default_rng(0).uniform(-1, 1, (2, 1, *graph.inputs[0].shape)).astype("float32")
    for kind in kinds:
        quantize = {FLOAT32: "none", INT8_IO: INT8}.get(kind, kind)
        try:
            data = finished(convert(function, quantize, lambda: iter(pictures)), "image", output, free_batch=False)
            yield kind, with_integer_ends(data, "int8") if kind == INT8_IO else data
        except CheckFailed:
            continue


def main() -> None:
    import tensorflow

    from cnncli.network import network

    found: dict[str, Any] = {}
    for reference in sys.argv[1:] or REFERENCES:
        named = network(reference)
        files = files_of(named.graph, KINDS, named.output_name)
        found[reference] = {kind: {"bytes": len(data), **facts(plan_of(data))} for kind, data in files}
        print(reference, file=sys.stderr)
    source = f"tests/deployed_truth.py with TensorFlow {tensorflow.__version__}"
    print(json.dumps({"source": source, "networks": found}, indent=1))


if __name__ == "__main__":
    main()
