"""TFLite files as what they are: flatbuffers, read and written by their schema's object API."""

from __future__ import annotations

from collections import Counter
from typing import Any

from cnncli.errors import CheckFailed
from cnncli.export.format import SIGNATURE, Description, Signature, Tensor

IDENTIFIER = b"TFL3"
ALIGNMENT = 16
"""Bytes to which the schema aligns buffers (`force_align: 16`); its Python code forgets to."""


def read(data: bytes) -> Any:
    """The file as a ModelT of the schema; the buffers are views of `data`."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))


def write(model: Any) -> bytes:
    """The ModelT as a file, its buffers aligned."""
    import flatbuffers

    size = sum(len(buffer.data) for buffer in model.buffers if buffer.data is not None)
    builder = flatbuffers.Builder(size + 2**20)
    for buffer in model.buffers:
        buffer.Pack = _aligned_pack(buffer)
    builder.Finish(model.Pack(builder), IDENTIFIER)
    return bytes(builder.Output())


def _aligned_pack(buffer: Any) -> Any:
    """What replaces `BufferT.Pack`. The builder fills its bytes from the end, hence `head` before `size` of them."""
    from ai_edge_litert import schema_py_generated as schema

    def pack(builder: Any) -> Any:
        vector = None
        if buffer.data is not None and len(buffer.data):
            size = len(buffer.data)
            builder.StartVector(1, size, ALIGNMENT)
            builder.head -= size
            builder.Bytes[builder.Head() : builder.Head() + size] = memoryview(buffer.data)
            vector = builder.EndVector()
        schema.BufferStart(builder)
        if vector is not None:
            schema.BufferAddData(builder, vector)
        return schema.BufferEnd(builder)

    return pack


def add_signature(data: bytes, input_name: str, output_name: str) -> bytes:
    """The file with its only input and output named, as tensors and in a signature `serving_default`."""
    from ai_edge_litert import schema_py_generated as schema

    model = read(data)
    graph = model.subgraphs[0]
    (input_index,), (output_index,) = graph.inputs, graph.outputs
    graph.tensors[input_index].name = input_name.encode()
    graph.tensors[output_index].name = output_name.encode()
    signature = schema.SignatureDefT()
    signature.signatureKey = SIGNATURE.encode()
    signature.inputs = [_tensor_map(input_name, input_index)]
    signature.outputs = [_tensor_map(output_name, output_index)]
    model.signatureDefs = [signature]
    return write(model)


def _tensor_map(name: str, index: int) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    tensor = schema.TensorMapT()
    tensor.name, tensor.tensorIndex = name.encode(), int(index)
    return tensor


def with_integer_ends(data: bytes) -> bytes:
    """The file without the conversions from and to float at its ends: it takes and gives integers, named the same.

    Raises CheckFailed where something else stands there, such as an activation that TFLite computes with floats.
    """
    model = read(data)
    graph = model.subgraphs[0]
    (input_index,), (output_index,) = graph.inputs, graph.outputs
    first = next(operator for operator in graph.operators if input_index in operator.inputs)
    last = next(operator for operator in graph.operators if output_index in operator.outputs)
    ends = _operation(model, first), _operation(model, last)
    if ends != ("QUANTIZE", "DEQUANTIZE"):
        raise CheckFailed(f"int8-io is not possible: {ends[0]} to {ends[1]} compute with floats at the ends; take int8")
    graph.operators = [operator for operator in graph.operators if operator is not first and operator is not last]
    graph.inputs, graph.outputs = first.outputs, last.inputs
    return add_signature(write(model), *(graph.tensors[index].name.decode() for index in (input_index, output_index)))


def ending_before_softmax(data: bytes) -> bytes | None:
    """The file with what its final softmax reads as its only output; None where it ends otherwise."""
    model = read(data)
    graph = model.subgraphs[0]
    (output,) = graph.outputs
    writer = {int(tensor): operator for operator in graph.operators for tensor in operator.outputs}
    last = writer[int(output)]
    while _operation(model, last) in ("DEQUANTIZE", "QUANTIZE", "RESHAPE"):
        last = writer[int(last.inputs[0])]
    if _operation(model, last) != "SOFTMAX":
        return None
    graph.outputs = [int(last.inputs[0])]
    model.signatureDefs = []
    return write(model)


def describe(data: bytes) -> Description:
    """What the file holds."""
    model = read(data)
    graph = model.subgraphs[0]
    ops = Counter(_operation(model, operator) for operator in graph.operators)
    return Description(
        inputs=tuple(_tensor(graph.tensors[index]) for index in graph.inputs),
        outputs=tuple(_tensor(graph.tensors[index]) for index in graph.outputs),
        signature=_signature(model),
        ops=dict(sorted(ops.items())),
        buffer_bytes=sum(len(buffer.data) for buffer in model.buffers if buffer.data is not None),
    )


def _signature(model: Any) -> Signature | None:
    for signature in model.signatureDefs or ():
        inputs, outputs = (
            tuple(tensor.name.decode() for tensor in tensors) for tensors in (signature.inputs, signature.outputs)
        )
        return Signature(signature.signatureKey.decode(), inputs, outputs)
    return None


def _tensor(tensor: Any) -> Tensor:
    from ai_edge_litert import schema_py_generated as schema

    name, shape = tensor.name.decode(), tuple(int(size) for size in tensor.shape)
    dtype = _constants(schema.TensorType)[tensor.type].lower()
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or len(quantization.scale) != 1:
        return Tensor(name, shape, dtype)
    return Tensor(name, shape, dtype, float(quantization.scale[0]), int(quantization.zeroPoint[0]))


def _operation(model: Any, operator: Any) -> str:
    """`CONV_2D`; a custom operation by its own name, as `CUSTOM FlexErf`."""
    from ai_edge_litert import schema_py_generated as schema

    code = model.operatorCodes[operator.opcodeIndex]
    number = max(
        code.builtinCode, code.deprecatedBuiltinCode
    )  # 127 and below are in the old field, the rest in the new
    name = _constants(schema.BuiltinOperator)[number]
    return f"{name} {code.customCode.decode()}" if name == "CUSTOM" else name


def _constants(enumeration: Any) -> dict[int, str]:
    return {number: name for name, number in vars(enumeration).items() if isinstance(number, int)}
