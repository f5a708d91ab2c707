"""A model written to a file with its weights, of which one at a time is copied, and read from one without them.

Made as one message of protobuf's, a model of 270 MB would take a further 1.3 GB: `onnx.helper` copies it at each step.
But a message is the sequence of its fields, each a tag, for bytes the length, and the value
(https://protobuf.dev/programming-guides/encoding/), so that the weights may be written between the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

GRAPH, INITIALIZER, RAW_DATA, MOST = 7, 5, 9, 1 << 29
"""Numbers of fields: a model's graph, a graph's initializers, a tensor's bytes (onnx/onnx.proto); and beyond all."""
NUMBER, BYTES = 0, 2
"""What follows the tag, which says so in its lowest three bits: a number, or a length and so many bytes."""


class Tensor(NamedTuple):
    """An initializer: what comes before its values, the values, and how many bytes they are."""

    head: bytes
    values: Any

    @property
    def size(self) -> int:
        return len(self.head) + int(self.values.nbytes)


def write_model(model: Any, initializers: Mapping[str, Any], path: Path) -> None:
    """Write a model with these arrays behind the initializers that it has: the bytes of a message of them all."""
    tensors = [_tensor(name, values) for name, values in initializers.items()]
    before, after = _fields(model.graph, range(INITIALIZER + 1)), _fields(model.graph, range(INITIALIZER + 1, MOST))
    heads = [_begin(INITIALIZER, tensor.size) for tensor in tensors]
    size = len(before) + len(after) + sum(map(len, heads)) + sum(tensor.size for tensor in tensors)
    with path.open("wb") as file:
        file.writelines([_fields(model, range(GRAPH)), _begin(GRAPH, size), before])
        for head, tensor in zip(heads, tensors, strict=True):
            file.writelines([head, tensor.head, _little_endian(tensor.values)])
        file.writelines([after, _fields(model, range(GRAPH + 1, MOST))])


def _tensor(name: str, values: Any) -> Tensor:
    from onnx import TensorProto, helper

    dtype = helper.np_dtype_to_tensor_dtype(values.dtype)
    described = TensorProto(name=name, data_type=dtype, dims=values.shape)
    return Tensor(described.SerializeToString() + _begin(RAW_DATA, values.nbytes), values)


def _little_endian(values: Any) -> Any:
    """The bytes of an array, row by row; of one that is turned, a copy."""
    import numpy

    ordered = numpy.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    return ordered.reshape(-1).view("uint8")


def _fields(message: Any, numbers: range) -> bytes:
    """The fields of a message with these numbers, as they are written: in the order of the numbers."""
    part = type(message)()
    part.CopyFrom(message)
    for field, _ in message.ListFields():
        if field.number not in numbers:
            part.ClearField(field.name)
    written: bytes = part.SerializeToString()
    return written


def _begin(number: int, size: int) -> bytes:
    """What stands before a field's bytes."""
    return bytes([number << 3 | BYTES, *_varint(size)])


def _varint(number: int) -> Iterator[int]:
    """Seven bits a byte, the lowest first; the highest bit says that more follow."""
    while number > 0x7F:
        yield number & 0x7F | 0x80
        number >>= 7
    yield number


def skeleton(path: Path) -> Any:
    """The model of a file that this program wrote, without the bytes of its initializers, which are passed over."""
    from onnx import ModelProto

    with path.open("rb") as file:
        return ModelProto.FromString(_without_values(file, path.stat().st_size, [GRAPH, INITIALIZER]))


def _without_values(file: IO[bytes], end: int, way: Sequence[int]) -> bytes:
    """A message up to a place, without the bytes of tensors: fields of these numbers, each within the one before."""
    kept = bytearray()
    while file.tell() < end:
        tag = _read_varint(file)
        number, size = tag >> 3, _read_varint(file)
        if tag & 7 == NUMBER:
            kept += bytes([*_varint(tag), *_varint(size)])
        elif way and number == way[0]:
            inner = _without_values(file, file.tell() + size, way[1:])
            kept += _begin(number, len(inner)) + inner
        elif not way and number == RAW_DATA:
            file.seek(size, 1)
        else:
            kept += _begin(number, size) + file.read(size)
    return bytes(kept)


def _read_varint(file: IO[bytes]) -> int:
    number, shift = 0, 0
    while True:
        (byte,) = file.read(1)
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number
        shift += 7
