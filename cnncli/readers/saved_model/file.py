"""SavedModels and graph definitions of TensorFlow as they lie in the file: what is needed of them is read, no more.

The numbers of fields are those of saved_model.proto, meta_graph.proto and saved_object_graph.proto in
tensorflow/core/protobuf, and of graph.proto, node_def.proto, attr_value.proto, function.proto, op_def.proto,
tensor.proto and variable.proto in tensorflow/core/framework.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import NamedTuple

from cnncli.readers.protobuf import BYTES, FIXED32, FIXED64, VARINT, BadMessage, Message, varint
from cnncli.readers.source import MOST_INPUTS, MOST_STRUCTURE, Source

MOST_NODES = 40_000
"""Nodes that are read of one file, and what they read; the largest networks have some ten thousands."""
MOST_FIELDS = 300_000
"""Fields that are stepped over on the way to them; EfficientNet-B7's SavedModel by Keras 2 has 40,000."""
MOST_AXES = 64
_WINDOW = 1 << 15
_LARGE = 1 << 16
"""A message of more bytes is looked through for tensors, whose values are left in the file."""

# Where tensors lie in a node: NodeDef.attr (5) > value (2) > AttrValue.tensor (8), or AttrValue.list (1) > tensor (8).
_TENSOR: dict[int, object] = {1: None, 2: None, 3: None}
_NODE: dict[int, object] = {5: {2: {8: _TENSOR, 1: {8: _TENSOR}}}}


class Part(NamedTuple):
    """A field of a message in the file: its number, and where its bytes are; of a number the value as `size`."""

    number: int
    kind: int
    place: int
    size: int


class Pieces:
    """A file of protocol buffers, read through a window. What is kept of it is bounded, whatever sizes it declares."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._start, self._data = 0, memoryview(b"")
        self._kept = self._fields = 0

    @property
    def size(self) -> int:
        return self._source.size

    def parts(self, place: int, end: int) -> Iterator[Part]:
        """The fields of the message from `place` to `end`, each where it lies. Raises BadMessage."""
        while place < end:
            if not self._start <= place <= self._start + len(self._data) - 32:
                self._read(place)
            data, start = self._data, self._start
            self._fields += 1
            if self._fields > MOST_FIELDS:
                raise BadMessage(f"it has more than {MOST_FIELDS:,} parts, which no network has")
            key, here = varint(data, place - start)
            number, kind = key >> 3, key & 7
            if kind == VARINT:
                size, here = varint(data, here)
                yield Part(number, kind, here + start, size)
                place = here + start
                continue
            if kind == BYTES:
                size, here = varint(data, here)
            elif kind in (FIXED32, FIXED64):
                size = 4 if kind == FIXED32 else 8
            else:
                raise BadMessage(f"field {number} has wire type {kind}, which no model file uses")
            place = here + start
            if not number or place + size > end:
                raise BadMessage(f"field {number} of {size:,} bytes does not fit at byte {place:,}")
            yield Part(number, kind, place, size)
            place += size

    def content(self, part: Part) -> memoryview:
        """A field's bytes. Raises Damaged where more is asked for than any structure takes."""
        self._kept += part.size
        if self._kept > MOST_STRUCTURE:
            self._source.fail(f"has a structure of more than {MOST_STRUCTURE:,} bytes, which no network has")
        return self._peek(part.place, part.size)

    def head(self, part: Part, count: int) -> memoryview:
        """The first bytes of a field, as many as it has of so many; they are not kept."""
        return self._peek(part.place, min(part.size, count))

    def first_text(self, part: Part) -> str:
        """A message's field 1, its name, which stands first."""
        for inner in self.parts(part.place, part.place + part.size):
            if inner.number == 1:
                return str(self.head(inner, 4096), "utf-8", "replace")
        return ""

    def message(self, part: Part) -> Message:
        return Message(self.content(part))

    def node(self, part: Part) -> bytes:
        """A node's bytes without the values of large tensors."""
        return bytes(self.content(part)) if part.size <= _LARGE else self._without(part, _NODE)

    def _without(self, part: Part, tensors: Mapping[int, object]) -> bytes:
        """A message's bytes without the large fields, but those that `tensors` leads to; of a tensor only its type."""
        found = bytearray()
        for each in self.parts(part.place, part.place + part.size):
            inner = tensors.get(each.number)
            if each.kind == VARINT:
                found += _varint(each.number << 3) + _varint(each.size)
                continue
            if each.size > _LARGE:
                content = self._without(each, inner) if isinstance(inner, dict) else b""
            elif isinstance(inner, dict) or tensors is not _TENSOR or each.number in _TENSOR:
                content = bytes(self.content(each))
            else:
                content = b""
            if content or each.size == 0:
                found += _tagged(each, content)
        return bytes(found)

    def _peek(self, place: int, count: int) -> memoryview:
        if not (self._start <= place and place + count <= self._start + len(self._data)):
            if count > _WINDOW // 2:
                return memoryview(self._source.read(place, count))
            self._read(place)
        return self._data[place - self._start : place - self._start + count]

    def _read(self, place: int) -> None:
        """Move the window. What was handed out of the old one stays as it is."""
        count = min(_WINDOW, self._source.size - place)
        self._start, self._data = place, memoryview(self._source.read(place, count))


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _tagged(part: Part, content: bytes) -> bytes:
    head = _varint(part.number << 3 | part.kind)
    return head + _varint(len(content)) + content if part.kind == BYTES else head + content


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
                key, content = _entry(value)
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


def _entry(data: bytes) -> tuple[str, bytes]:
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
    return {key: Message(memoryview(content)) for key, content in map(_entry, map(bytes, messages))}


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


class Nodes(Mapping[str, NodeDef]):
    """Nodes by name, in the order of the file."""

    def __init__(self, parts: dict[str, Part], read: Callable[[Part], NodeDef]) -> None:
        self._parts, self._read = parts, read
        self._found: dict[str, NodeDef] = {}

    def __getitem__(self, name: str) -> NodeDef:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._read(self._parts[name])
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._parts

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


class Function(NamedTuple):
    """FunctionDef: the names of its arguments, and which of its nodes' outputs it gives by its outputs' names."""

    name: str
    arguments: tuple[str, ...]
    outputs: tuple[str, ...]
    returns: Mapping[str, str]
    nodes: Mapping[str, NodeDef]
    shapes: Mapping[int, tuple[int, ...] | None]
    """The arguments' shapes, where they are said (arg_attr)."""
    dtypes: tuple[str, ...]


class GraphFile:
    """GraphDef: nodes (1) and a library (2) of functions (1), which are read when they are called."""

    def __init__(self, pieces: Pieces, place: int, end: int) -> None:
        self._pieces = pieces
        self._functions: dict[str, Part] = {}
        self._count = self._inputs = 0
        self._nodes: list[Part] = []
        for part in pieces.parts(place, end):
            if part.number == 1 and part.kind == BYTES:
                self._nodes.append(part)
            elif part.number == 2 and part.kind == BYTES:
                self._index(part)

    def _index(self, library: Part) -> None:
        for part in self._pieces.parts(library.place, library.place + library.size):
            if part.number == 1 and part.kind == BYTES:
                self._count_one()
                self._functions[self._name(part)] = part

    def _name(self, function: Part) -> str:
        """FunctionDef.signature (1) > OpDef.name (1): both stand first."""
        for part in self._pieces.parts(function.place, function.place + function.size):
            if part.number == 1:
                return self._pieces.first_text(part)
        return ""

    @property
    def nodes(self) -> Nodes:
        """The graph's own nodes by name, each of which is read when it is asked for."""
        return Nodes({self._pieces.first_text(part): part for part in self._nodes}, self._node)

    def _node(self, part: Part) -> NodeDef:
        self._count_one()
        found = NodeDef(self._pieces.node(part))
        self._inputs += len(found.inputs)
        if self._inputs > MOST_INPUTS:
            raise BadMessage(f"its nodes read more than {MOST_INPUTS:,} tensors")
        return found

    def _count_one(self) -> None:
        self._count += 1
        if self._count > MOST_NODES:
            raise BadMessage(f"it has more than {MOST_NODES:,} nodes")

    def function(self, name: str) -> Function | None:
        """A function by name; None where the file does not define it. Few are called twice: none is kept."""
        part = self._functions.get(name)
        return None if part is None else self._function(name, part)

    def _function(self, name: str, part: Part) -> Function:
        nodes: dict[str, NodeDef] = {}
        signature, returns, shapes = Message(memoryview(b"")), {}, {}
        for each in self._pieces.parts(part.place, part.place + part.size):
            if each.kind != BYTES:
                continue
            if each.number == 3:
                node = self._node(each)
                nodes[node.name] = node
            elif each.number == 1:
                signature = self._pieces.message(each)
            elif each.number == 4:
                entry = self._pieces.message(each)
                returns[entry.text(1)] = entry.text(2)
            elif each.number == 7:
                entry = self._pieces.message(each)
                shapes[entry.number(1)] = _argument_shape(entry.message(2))
        arguments = signature.messages(2)
        outputs = tuple(each.text(1) for each in signature.messages(3))
        names = tuple(each.text(1) for each in arguments)
        dtypes = tuple(dtype(each.number(3)) for each in arguments)
        return Function(name, names, outputs, returns, nodes, shapes, dtypes)


def _argument_shape(attributes: Message) -> tuple[int, ...] | None:
    """FunctionDef.ArgAttrs.attr (1), of which _output_shapes has one shape."""
    found = entries(attributes.all(1)).get("_output_shapes")
    shapes = found.message(1).messages(7) if found is not None else []
    return shape(shapes[0]) if shapes else None


class Variable(NamedTuple):
    """A variable: `identity` tells it from others."""

    identity: str
    name: str
    shape: tuple[int, ...] | None
    dtype: str
    trainable: bool = True


_TRAINABLE = "trainable_variables"


class Objects:
    """SavedObjectGraph: objects (1), of which few are looked at, and concrete functions (2) with what they captured."""

    def __init__(self, pieces: Pieces, part: Part | None) -> None:
        self._pieces = pieces
        self._nodes: list[Part] = []
        self._functions: list[Part] = []
        if part is not None:
            for each in pieces.parts(part.place, part.place + part.size):
                if each.kind == BYTES and each.number in (1, 2):
                    (self._nodes if each.number == 1 else self._functions).append(each)

    def bound(self, function: str) -> list[int]:
        """The objects that a function captured, in the order of its last arguments: bound_inputs (2)."""
        part = self._by_name.get(function)
        return [] if part is None else self._pieces.message(part).message(2).numbers(2)

    @cached_property
    def _by_name(self) -> dict[str, Part]:
        return {self._pieces.first_text(part): part for part in self._functions}

    def variable(self, number: int) -> Variable | None:
        """SavedObject.variable (7): dtype (1), shape (2), trainable (3), name (6).

        Where the root lists its variables, those that it lists as trainable are: the flag of each is older than what
        a person has said of a layer.
        """
        found = self._object(number)
        if found is None or 7 not in found:
            return None
        own = found.message(7)
        listed, trained = self._lists
        trainable = number in trained if number in listed else bool(own.number(3))
        return Variable(f"object {number}", own.text(6), shape(own.message(2)), dtype(own.number(1)), trainable)

    @cached_property
    def _lists(self) -> tuple[frozenset[int], frozenset[int]]:
        """Which objects the root's lists `variables` and `trainable_variables` have, as Keras 2 and 3 write them."""
        children = dict(self._children(0))
        if _TRAINABLE not in children or "variables" not in children:
            return frozenset(), frozenset()
        found = [frozenset(dict(self._children(children[name])).values()) for name in ("variables", _TRAINABLE)]
        return found[0], found[1]

    def _object(self, number: int) -> Message | None:
        return self._pieces.message(self._nodes[number]) if 0 <= number < len(self._nodes) else None

    def _children(self, number: int) -> list[tuple[str, int]]:
        """SavedObject.children (1) > ObjectReference: local_name (2), node_id (1)."""
        found = self._object(number)
        return [] if found is None else [(child.text(2), child.number(1)) for child in found.messages(1)]

    def functions_of_root(self) -> dict[str, str]:
        """The functions that the saved object itself has: by their names the first concrete one of each.

        SavedObject.function (6) > SavedFunction.concrete_functions (1).
        """
        found: dict[str, str] = {}
        for name, number in self._children(0):
            child = self._object(number)
            functions = child.message(6).texts(1) if child is not None else []
            if functions:
                found[name] = functions[0]
        return found


class MetaGraph:
    """MetaGraphDef: a graph, its signatures, what it was made by, and the objects that were saved."""

    def __init__(self, pieces: Pieces, part: Part) -> None:
        self._pieces = pieces
        self._parts: dict[int, list[Part]] = {}
        for each in pieces.parts(part.place, part.place + part.size):
            if each.kind == BYTES:
                self._parts.setdefault(each.number, []).append(each)
        information = self._message(1)
        self.tags, self.version = information.texts(4), information.text(5)

    def _message(self, number: int) -> Message:
        return self._pieces.message(self._parts[number][-1]) if number in self._parts else Message(memoryview(b""))

    @property
    def graph(self) -> GraphFile:
        part = self._parts[2][-1] if 2 in self._parts else Part(2, BYTES, 0, 0)
        return GraphFile(self._pieces, part.place, part.place + part.size)

    @property
    def objects(self) -> Objects:
        return Objects(self._pieces, self._parts[7][-1] if 7 in self._parts else None)

    @property
    def signatures(self) -> dict[str, Message]:
        """SignatureDef by name."""
        found = entries([self._pieces.content(part) for part in self._parts.get(5, ())])
        return {name: message for name, message in found.items() if name != "__saved_model_init_op"}

    def trainable(self) -> set[str] | None:
        """The names of the variables in TF 1's collection of trainable ones; None where there is no such collection.

        CollectionDef.bytes_list (2) > value (1), each a VariableDef: its name (1).
        """
        for part in self._parts.get(4, ()):
            if _TRAINABLE.encode() in bytes(self._pieces.head(part, 64)):
                key, content = _entry(bytes(self._pieces.content(part)))
                if key == _TRAINABLE:
                    variables = Message(memoryview(content)).message(2).messages(1)
                    return {each.text(1).partition(":")[0] for each in variables}
        return None
