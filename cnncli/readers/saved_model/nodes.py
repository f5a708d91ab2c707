"""A node of TensorFlow's graphs: its operation, what it reads, and its attributes.

The numbers of fields are those of node_def.proto, attr_value.proto, tensor_shape.proto and types.proto in
tensorflow/core/framework.
"""

from __future__ import annotations

from functools import lru_cache

from cnncli.readers.protobuf import BYTES, FIXED32, FIXED64, VARINT, BadMessage, Message, varint

MOST_AXES = 64


# The bytes before NodeDef's name (1), op (2), input (3) and attr (5): the field's number, and that bytes follow.
_NODE_FIELDS = _NAME, _OPERATION, _INPUT, _ATTRIBUTE = tuple(number << 3 | BYTES for number in (1, 2, 3, 5))


def _past(data: bytes, tag: int, place: int) -> int:
    """The place behind a field of a node that is not looked at."""
    if tag > 0x7F:  # a number of two bytes and more, as no field of a node has
        raise BadMessage("a node has a field that no version of TensorFlow knows")
    size, behind = varint(data, place)
    return {VARINT: behind, FIXED32: place + 4, FIXED64: place + 8, BYTES: behind + size}.get(tag & 7, len(data))


class NodeDef:
    """A node of a graph: its operation, what it reads, and its attributes, which are understood when asked for."""

    __slots__ = ("attributes", "inputs", "name", "operation")

    def __init__(self, data: bytes) -> None:
        self.name = self.operation = ""
        self.inputs: list[str] = []
        self.attributes: dict[str, bytes] = {}
        place, end = 0, len(data)
        while place < end:
            tag, place = data[place], place + 1
            if tag not in _NODE_FIELDS:
                place = _past(data, tag, place)
                continue
            size, place = varint(data, place)
            if place + size > end:
                raise BadMessage(f"a node's field of {size:,} bytes does not fit")
            value, place = data[place : place + size], place + size
            if tag == _ATTRIBUTE:
                key, content = entry(value)
                self.attributes[key] = content
            elif tag == _INPUT:
                self.inputs.append(value.decode("utf-8", "replace"))
            elif tag == _NAME:
                self.name = value.decode("utf-8", "replace")
            else:
                self.operation = value.decode("utf-8", "replace")

    def attribute(self, name: str) -> Message:
        """AttrValue; empty where it is missing."""
        content = self.attributes.get(name, b"")
        return _small(content) if len(content) < _FEW else Message(memoryview(content))

    def text(self, name: str, default: str = "") -> str:
        return self.attribute(name).text(2) if name in self.attributes else default

    def whole(self, name: str, default: int = 0) -> int:
        """AttrValue.i, or AttrValue.b as 0 or 1."""
        if name not in self.attributes:
            return default
        found = self.attribute(name)
        return found.number(5 if 5 in found else 3, default)

    def real(self, name: str, default: float) -> float:
        return self.attribute(name).real(4, default) if name in self.attributes else default

    def wholes(self, name: str) -> list[int]:
        """AttrValue.list.i."""
        return self.attribute(name).message(1).numbers(3)

    def dtype(self, name: str) -> str:
        """AttrValue.type; empty where it is missing."""
        return dtype(self.attribute(name).number(6)) if name in self.attributes else ""

    def shape(self, name: str) -> tuple[int, ...] | None:
        """AttrValue.shape with -1 for open sizes; None where the rank is open, or it is missing."""
        found = self.attribute(name)
        return shape(found.message(7)) if 7 in found else None

    @property
    def output_shapes(self) -> tuple[tuple[int, ...] | None, ...]:
        """What TensorFlow found for the outputs when it built the graph (add_shapes)."""
        content = self.attributes.get("_output_shapes")
        if content is None:
            return ()
        return _shapes(content) if len(content) < _FEW else _shapes.__wrapped__(content)

    @property
    def function(self) -> str:
        """The name of the function that it calls: NameAttrList.name."""
        return self.function_named("f")

    def function_named(self, name: str) -> str:
        return self.attribute(name).message(10).text(1) if name in self.attributes else ""


_FEW = 128
"""Bytes of what is remembered once it is understood."""


@lru_cache(4096)
def _small(content: bytes) -> Message:
    """A message of few bytes, such as a type or a stride: most are those of many nodes."""
    return Message(memoryview(content))


@lru_cache(4096)
def _shapes(content: bytes) -> tuple[tuple[int, ...] | None, ...]:
    """AttrValue.list.shape; most are those of many nodes."""
    return tuple(shape(each) for each in Message(memoryview(content)).message(1).messages(7))


def entry(data: bytes) -> tuple[str, bytes]:
    """Key and value of a map's entry, which is a message of a text (1) and a message (2)."""
    size = data[1] if len(data) > 1 and data[0] == _NAME else len(data)
    if size < min(len(data) - 2, 0x80) and data[2 + size] == _OPERATION:  # key and value, as all writers write them
        length, place = varint(data, 3 + size)
        if place + length == len(data):
            return data[2 : 2 + size].decode("utf-8", "replace"), data[place:]
    message = Message(memoryview(data))
    return message.text(1), bytes(message.bytes(2))


def entries(messages: list[memoryview]) -> dict[str, Message]:
    """A map of texts to messages."""
    return {key: Message(memoryview(content)) for key, content in map(entry, map(bytes, messages))}


# tensorflow/core/framework/types.proto. Those above 100 are references to variables, of the type that is 100 less.
_DTYPES = {
    1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string", 8: "complex64", 9: "int64",
    10: "bool", 11: "qint8", 12: "quint8", 13: "qint32", 14: "bfloat16", 15: "qint16", 16: "quint16", 17: "uint16",
    18: "complex128", 19: "float16", 20: "resource", 21: "variant", 22: "uint32", 23: "uint64",
}  # fmt: skip


def dtype(number: int) -> str:
    return _DTYPES.get(number % 100, "")


def shape(message: Message) -> tuple[int, ...] | None:
    """TensorShapeProto: sizes (2), each a message with its size (1); -1 where it is open; None where the rank is."""
    if message.number(3):
        return None
    sizes = message.all(2)
    if len(sizes) > MOST_AXES:
        raise BadMessage(f"a tensor has {len(sizes):,} axes")
    return tuple(Message(each).number(1) for each in sizes)
