"""What the converter cannot be told is done to its files: names, a batch that can be resized, integers at the ends."""

from __future__ import annotations

from typing import Any

from cnncli.deployed.kinds import why_no_integer_ends
from cnncli.errors import CheckFailed
from cnncli.export.format import SIGNATURE
from cnncli.export.formats.flatbuffer import FREE, operation, read, write

UINT8_SHIFT = 128
"""What the zero point of an int8 tensor is less than that of the same real numbers in uint8."""


def finished(data: bytes, input_name: str, output_name: str, *, free_batch: bool) -> bytes:
    """The converter's file of one picture or a fixed batch, with its ends named and its batch resizable.

    With `free_batch` it also declares that the batch may be any.
    """
    model = read(data)
    _let_resize(model)
    if free_batch:
        _declare_free_batch(model)
    _sign(model, input_name, output_name)
    return write(model)


def _sign(model: Any, input_name: str, output_name: str) -> None:
    """Name the only input and output, as tensors and in a signature `serving_default`."""
    from ai_edge_litert import schema_py_generated as schema

    graph = model.subgraphs[0]
    (input_index,), (output_index,) = graph.inputs, graph.outputs
    graph.tensors[input_index].name = input_name.encode()
    graph.tensors[output_index].name = output_name.encode()
    signature = schema.SignatureDefT()
    signature.signatureKey = SIGNATURE.encode()
    signature.inputs = [_tensor_map(input_name, input_index)]
    signature.outputs = [_tensor_map(output_name, output_index)]
    model.signatureDefs = [signature]


def _tensor_map(name: str, index: int) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    tensor = schema.TensorMapT()
    tensor.name, tensor.tensorIndex = name.encode(), int(index)
    return tensor


def _let_resize(model: Any) -> None:
    """Give each RESHAPE a batch of whatever it finds: the converter writes the batch that it was told.

    One that takes the batch of 1 away, for an operation that broadcasts it anyway, is left out.
    """
    graph = model.subgraphs[0]
    for reshape in [operator for operator in graph.operators if operation(model, operator) == "RESHAPE"]:
        before, after = graph.tensors[reshape.inputs[0]], graph.tensors[reshape.outputs[0]]
        if _drops_leading_ones(list(before.shape), list(after.shape)) and reshape.outputs[0] not in graph.outputs:
            _bypass(graph, reshape)
        else:
            _free_first_size(model, reshape)


def _drops_leading_ones(before: list[int], after: list[int]) -> bool:
    dropped = len(before) - len(after)
    return dropped > 0 and before[dropped:] == after and set(before[:dropped]) == {1} and after[0] != 1


def _bypass(graph: Any, left_out: Any) -> None:
    """Take an operation out; what read its output reads its input."""
    (output,), source = left_out.outputs, left_out.inputs[0]
    graph.operators = [operator for operator in graph.operators if operator is not left_out]
    for operator in graph.operators:
        operator.inputs = [source if index == output else index for index in operator.inputs]


def _free_first_size(model: Any, reshape: Any) -> None:
    """In the shape that a RESHAPE makes, where the file holds it: as a constant tensor, and as an option.

    The tensor is one of its own: the converter shares [1, 2] with a MEAN along these axes.
    """
    graph = model.subgraphs[0]
    sizes = [FREE, *map(int, graph.tensors[reshape.outputs[0]].shape[1:])]
    source, *shapes = reshape.inputs
    if any(model.buffers[graph.tensors[index].buffer].data is not None for index in shapes):
        reshape.inputs = [source, _add_constant(model, sizes)]
    if reshape.builtinOptions is not None and reshape.builtinOptions.newShape is not None:
        reshape.builtinOptions.newShape = sizes


def _add_constant(model: Any, numbers: list[int]) -> int:
    """The index of a new tensor of int32 with these values."""
    import numpy
    from ai_edge_litert import schema_py_generated as schema

    buffer, tensor = schema.BufferT(), schema.TensorT()
    buffer.data = numpy.array(numbers, "<i4").view("uint8")
    tensor.name, tensor.type, tensor.shape = "new_shape", schema.TensorType.INT32, [len(numbers)]
    tensor.hasRank, tensor.buffer = True, len(model.buffers)
    model.buffers.append(buffer)
    model.subgraphs[0].tensors.append(tensor)
    return len(model.subgraphs[0].tensors) - 1


def _declare_free_batch(model: Any) -> None:
    """Sign all tensors that are computed as of a free batch, and keep one picture as what is allocated at first."""
    graph = model.subgraphs[0]
    computed = {int(index) for operator in graph.operators for index in operator.outputs}
    for index in computed.union(map(int, graph.inputs)):
        tensor = graph.tensors[index]
        tensor.shapeSignature = [FREE, *map(int, tensor.shape[1:])]


def with_integer_ends(data: bytes, dtype: str) -> bytes:
    """An int8 file that takes and gives int8 or uint8, named the same, instead of float32.

    In int8 the conversions at its ends are left out; in uint8 they become shifts by 128. Raises CheckFailed where
    anything else stands there, or there as well, such as an activation that TFLite computes with floats.
    """
    model = read(data)
    graph = model.subgraphs[0]
    (input_index,), (output_index,) = graph.inputs, graph.outputs
    readers = [each for each in graph.operators if input_index in each.inputs]
    writers = [each for each in graph.operators if output_index in (*each.outputs, *each.inputs)]
    at_input, at_output = ([operation(model, each) for each in at] for at in (readers, writers))
    reason = why_no_integer_ends([at_input], [at_output])
    if reason:
        raise CheckFailed(f"{dtype}-io is not possible: {reason}; take int8")
    (first,), (last,) = readers, writers
    names = [graph.tensors[index].name.decode() for index in (input_index, output_index)]
    if dtype == "int8":
        graph.operators = [operator for operator in graph.operators if operator is not first and operator is not last]
        graph.inputs, graph.outputs = first.outputs, last.inputs
    else:
        _store_as_uint8(graph.tensors[input_index], graph.tensors[first.outputs[0]])
        _store_as_uint8(graph.tensors[output_index], graph.tensors[last.inputs[0]])
        _make_quantize(last, code=first.opcodeIndex)
    _sign(model, *names)
    return write(model)


def _store_as_uint8(tensor: Any, as_int8: Any) -> None:
    """Let a tensor hold in uint8 the real numbers that the other holds in int8."""
    from ai_edge_litert import schema_py_generated as schema

    tensor.type = schema.TensorType.UINT8
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale = [float(as_int8.quantization.scale[0])]
    tensor.quantization.zeroPoint = [int(as_int8.quantization.zeroPoint[0]) + UINT8_SHIFT]


def _make_quantize(operator: Any, code: int) -> None:
    """Turn a DEQUANTIZE into a QUANTIZE, which converts from integers to integers too."""
    from ai_edge_litert import schema_py_generated as schema

    operator.opcodeIndex = code
    operator.builtinOptionsType = schema.BuiltinOptions.QuantizeOptions
    operator.builtinOptions = schema.QuantizeOptionsT()


def ending_before_softmax(data: bytes) -> bytes | None:
    """The file with what its final softmax reads as its only output; None where it ends otherwise."""
    model = read(data)
    graph = model.subgraphs[0]
    (output,) = graph.outputs
    writer = {int(tensor): operator for operator in graph.operators for tensor in operator.outputs}
    last = writer[int(output)]
    while operation(model, last) in ("DEQUANTIZE", "QUANTIZE", "RESHAPE"):
        last = writer[int(last.inputs[0])]
    if operation(model, last) != "SOFTMAX":
        return None
    graph.outputs = [int(last.inputs[0])]
    model.signatureDefs = []
    return write(model)
