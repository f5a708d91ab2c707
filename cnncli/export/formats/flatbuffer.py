"""TFLite files as what they are: flatbuffers, read, described and written by their schema's object API."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.export.format import Description, Signature, Tensor

IDENTIFIER = b"TFL3"
ALIGNMENT = 16
"""Bytes to which the schema aligns buffers (`force_align: 16`); its Python code forgets to."""
NO_TENSOR = -1
"""In place of a tensor: an input that an operation does without."""
FREE = -1
"""In a tensor's signature and in the shape that a RESHAPE makes: whatever it turns out to be."""


def read(data: bytes) -> Any:
    """The file as a ModelT of the schema; the buffers are views of `data`."""
    from ai_edge_litert import schema_py_generated as schema

    return schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))


def write(model: Any) -> bytes:
    """The ModelT as a file of what its operations need, its buffers aligned."""
    import flatbuffers

    drop_unused(model)
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


def drop_unused(model: Any) -> None:
    """Take out tensors, buffers and operation codes that nothing refers to, and number the others anew.

    TFLite Micro's allocator gives memory to each tensor of a file, read or not.
    """
    for graph in model.subgraphs:
        signatures = [each for each in model.signatureDefs or () if model.subgraphs[each.subgraphIndex] is graph]
        _drop_tensors(graph, signatures)
    _drop_buffers(model)
    operators = [operator for graph in model.subgraphs for operator in graph.operators]
    kept = sorted({operator.opcodeIndex for operator in operators})
    model.operatorCodes = [model.operatorCodes[index] for index in kept]
    for operator in operators:
        operator.opcodeIndex = kept.index(operator.opcodeIndex)


def _drop_tensors(graph: Any, signatures: Sequence[Any]) -> None:
    ends = [(graph, name) for name in ("inputs", "outputs")]
    lists = [*ends, *((operator, name) for operator in graph.operators for name in ("inputs", "outputs"))]
    lists += [(operator, "intermediates") for operator in graph.operators if operator.intermediates is not None]
    named = [tensor for signature in signatures for tensor in (*signature.inputs, *signature.outputs)]
    used = {int(index) for owner, name in lists for index in getattr(owner, name)}
    kept = sorted((used | {tensor.tensorIndex for tensor in named}) - {NO_TENSOR})
    places = {NO_TENSOR: NO_TENSOR, **{index: place for place, index in enumerate(kept)}}
    graph.tensors = [graph.tensors[index] for index in kept]
    for owner, name in lists:
        setattr(owner, name, [places[int(index)] for index in getattr(owner, name)])
    for tensor in named:
        tensor.tensorIndex = places[tensor.tensorIndex]


def _drop_buffers(model: Any) -> None:
    """The first buffer stays: it is the empty one that tensors without constant values name."""
    tensors = [tensor for graph in model.subgraphs for tensor in graph.tensors]
    owners = [*tensors, *(model.metadata or ())]
    kept = sorted({0, *(owner.buffer for owner in owners), *(model.metadataBuffer or ())})
    places = {index: place for place, index in enumerate(kept)}
    model.buffers = [model.buffers[index] for index in kept]
    for owner in owners:
        owner.buffer = places[owner.buffer]
    if model.metadataBuffer is not None:
        model.metadataBuffer = [places[index] for index in model.metadataBuffer]


def describe(data: bytes) -> Description:
    """What the file holds."""
    model = read(data)
    graph = model.subgraphs[0]
    ops = Counter(operation(model, operator) for operator in graph.operators)
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

    sizes = tensor.shape if tensor.shapeSignature is None else tensor.shapeSignature
    name, shape = tensor.name.decode(), tuple(UNKNOWN if size == FREE else int(size) for size in sizes)
    dtype = _constants(schema.TensorType)[tensor.type].lower()
    quantization = tensor.quantization
    if quantization is None or quantization.scale is None or len(quantization.scale) != 1:
        return Tensor(name, shape, dtype)
    return Tensor(name, shape, dtype, float(quantization.scale[0]), int(quantization.zeroPoint[0]))


def operation(model: Any, operator: Any) -> str:
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
