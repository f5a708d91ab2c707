"""What an ONNX file says: messages of onnx.proto (github.com/onnx/onnx, onnx/onnx.proto) by their fields' numbers.

Weights are never read: a tensor keeps where its values stand, and only those of a few thousand elements are looked up.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.readers.assembly import Tensor
from cnncli.readers.protobuf import BadMessage, Message, held
from cnncli.readers.source import MOST_INPUTS, MOST_OPERATIONS

DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
    17: "float8_e4m3fn", 18: "float8_e4m3fnuz", 19: "float8_e5m2", 20: "float8_e5m2fnuz", 21: "uint4", 22: "int4",
    23: "float4_e2m1", 24: "float8_e8m0", 25: "uint2", 26: "int2",
}  # fmt: skip
"""TensorProto.DataType."""
_CODES = {
    "float32": "f", "uint8": "B", "int8": "b", "uint16": "H", "int16": "h", "int32": "i", "int64": "q", "bool": "?",
    "float16": "e", "float64": "d", "uint32": "I", "uint64": "Q",
}  # fmt: skip
"""How TensorProto.raw_data is unpacked: little-endian."""
MOST_PROPERTY = 1 << 20
"""Bytes of one of a file's metadata that are looked at."""
MOST_VALUES = 4096
"""Elements of a constant up to which its values are looked up: shapes, axes, pads and the like are shorter."""


class Root(NamedTuple):
    """A constant that the file holds, as the parameter that it is. `counts` is whether it is one at all."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    counts: bool
    trained: bool = True


@dataclass(eq=False, slots=True)
class Value(Tensor):
    """A tensor of an ONNX graph. `constant` says that it follows from the file and from shapes alone.

    `roots` are the constants of the file that a constant is made of; its `values`, where they are known, may be UNKNOWN
    in part: what is computed of an open size. `content` is where the values stand until they are asked for.
    """

    roots: tuple[Root, ...] = ()
    content: Message | None = None

    def known(self) -> tuple[Any, ...] | None:
        """The values of a small constant, flat; None where they are not known."""
        if self.values is None and self.content is not None:
            self.values, self.content = _values(self.content, self.dtype, prod(self.shape or ())), None
        return self.values

    @property
    def is_held(self) -> bool:
        """Whether it is a weight, or made of one: all are of which the file does not say otherwise (see own.py)."""
        return not self.roots or any(root.counts or not counts(root.dtype) for root in self.roots)

    def scalar(self) -> Any:
        """The only value, or None."""
        found = self.known()
        return found[0] if found and len(found) == 1 else None


def counts(dtype: str) -> bool:
    """Whether constants of a dtype are parameters by themselves: real numbers, and the small integers of quantization.

    Wider integers are shapes and indices, unless a DequantizeLinear reads them.
    """
    return dtype.startswith(("float", "bfloat", "int8", "uint8", "int4", "uint4", "int2", "uint2"))


def constant(name: str, tensor: Message, dims: Sequence[int] | None = None) -> Value:
    """A TensorProto as a constant; `dims` are a sparse one's."""
    shape = tuple(tensor.numbers(1) if dims is None else dims)
    if any(size < 0 for size in shape):
        raise ValueError(f"the constant {name} has a negative size: {shape}")
    dtype = DTYPES.get(tensor.number(2), "float32")
    root = Root(name, shape, dtype, counts(dtype))
    return Value(name, shape, dtype, True, None, name, roots=(root,), content=None if dims is not None else tensor)


def filled(name: str, shape: Sequence[int], dtype: str, values: Sequence[Any]) -> Value:
    """A constant whose values are known."""
    root = Root(name, tuple(shape), dtype, counts(dtype))
    return Value(name, tuple(shape), dtype, True, tuple(values), name, roots=(root,))


_DATA = {"float32": 4, "int64": 7, "float64": 10, "uint32": 11, "uint64": 11}
"""In which field of TensorProto values stand where not in raw_data; all other types in int32_data."""


def _values(tensor: Message, dtype: str, count: int) -> tuple[Any, ...] | None:
    if count > MOST_VALUES or tensor.number(14):  # data_location EXTERNAL: in another file, which is never opened
        return None
    raw = tensor.piece(9)
    if raw:
        return _unpacked(held(raw, 9), dtype, count)
    number = _DATA.get(dtype, 5)
    stored = tensor.piece(number)
    if stored is None:
        return () if not count else None
    if number in (4, 10):
        code = "f" if number == 4 else "d"
        return _unpacked(memoryview(b"".join(tensor.all(number))), "float32" if code == "f" else "float64", count)
    found: list[Any] = tensor.numbers(number)
    if dtype == "float16":
        found = [struct.unpack("<e", struct.pack("<H", each & 0xFFFF))[0] for each in found]
    return tuple(found) if len(found) == count else None


def _unpacked(raw: memoryview, dtype: str, count: int) -> tuple[Any, ...] | None:
    code = _CODES.get(dtype)
    if code is None or len(raw) != count * struct.calcsize(code):
        return None
    return struct.unpack(f"<{count}{code}", raw)


class Attributes:
    """A node's attributes by name: AttributeProto has f 2, i 3, s 4, t 5, floats 7, ints 8; g 6 is a node's."""

    __slots__ = ("_found",)

    def __init__(self, messages: Sequence[Message], outer: Attributes | None = None) -> None:
        """Within a function an attribute may stand for one of the call's (ref_attr_name 21)."""
        self._found: dict[str, Message] = {}
        for each in messages:
            named = each.text(21)
            if named:
                found = outer and outer._found.get(named)
                if found:
                    self._found[each.text(1)] = found
                continue
            self._found[each.text(1)] = each

    def __contains__(self, name: str) -> bool:
        return name in self._found

    def with_defaults(self, messages: Sequence[Message]) -> Attributes:
        """These, and those of a function that the call leaves out."""
        found = Attributes(messages)
        found._found |= self._found
        return found

    def number(self, name: str, default: int = 0) -> int:
        found = self._found.get(name)
        return default if found is None else found.number(3)

    def real(self, name: str, default: float = 0.0) -> float:
        """As it was written: seven digits are what 32 bits hold."""
        found = self._found.get(name)
        return default if found is None else float(f"{found.real(2):.7g}")

    def text(self, name: str, default: str = "") -> str:
        found = self._found.get(name)
        return default if found is None else found.text(4)

    def numbers(self, name: str) -> list[int] | None:
        found = self._found.get(name)
        return None if found is None else found.numbers(8)

    def reals(self, name: str) -> list[float] | None:
        found = self._found.get(name)
        return None if found is None else found.reals(7)

    def message(self, name: str) -> Message | None:
        return self._found.get(name)


class NodeProto:
    """A node: input 1, output 2, name 3, op_type 4, attribute 5, domain 7, overload 8."""

    __slots__ = ("_attributes", "_graphs", "domain", "inputs", "kind", "name", "outputs", "overload")

    def __init__(self, message: Message) -> None:
        self.inputs, self.outputs = message.texts(1), message.texts(2)
        self.name, self.kind = message.text(3), message.text(4)
        self._attributes = message.messages(5)
        self._graphs: dict[str, GraphProto] | None = None
        domain = message.text(7)
        self.domain, self.overload = "" if domain == "ai.onnx" else domain, message.text(8)

    def attributes(self, outer: Attributes | None = None) -> Attributes:
        return Attributes(self._attributes, outer)

    @property
    def graphs(self) -> dict[str, GraphProto]:
        """The graphs within it, by the attributes' names; each is parsed once."""
        if self._graphs is None:
            self._graphs = {each.text(1): GraphProto(each.message(6)) for each in self._attributes if 6 in each}
        return self._graphs

    def reads(self) -> list[str]:
        """The tensors that it and the graphs within it read, those that are made within among them."""
        found = list(self.inputs)
        for graph in self.graphs.values():
            found += [name for node in graph.nodes for name in node.reads()]
            found += [each.name for each in graph.outputs]
        return found


class Info(NamedTuple):
    """A ValueInfoProto: sizes are numbers, names of symbols, or None; no shape where the rank is not said."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...] | None


def _info(message: Message) -> Info:
    """name 1; type 2: tensor_type 1, sparse_tensor_type 8, optional_type 9 of another type, others have no shape;
    dim_value 1, dim_param 2.
    """
    kind = message.message(2)
    if 9 in kind:
        kind = kind.message(9).message(1)
    tensor = kind.message(1) if 1 in kind else kind.message(8)
    shape: tuple[int | str | None, ...] | None = None
    if 2 in tensor:
        shape = tuple(
            each.number(1) if each.number(1) > 0 else (each.text(2) or None) for each in tensor.message(2).messages(1)
        )
    return Info(message.text(1), DTYPES.get(tensor.number(1), "float32"), shape)


def _nodes(graph: Message) -> list[NodeProto]:
    """Raises BadMessage where they read more tensors than any network's."""
    found, inputs = [], 0
    for each in graph.each(1):
        found.append(NodeProto(each))
        inputs += len(found[-1].inputs)
        if inputs > MOST_INPUTS or len(found) > MOST_OPERATIONS:
            raise BadMessage(f"has more than {MOST_OPERATIONS:,} nodes, or {MOST_INPUTS:,} tensors that they read")
    return found


def _in_order(nodes: list[NodeProto]) -> list[NodeProto]:
    """The nodes so that each stands behind those that it reads, as the format asks for and some writers do not.

    Those that read each other in a circle stay as they are.
    """
    makers = {name: place for place, node in enumerate(nodes) for name in node.outputs if name}
    needs = [{makers[name] for name in node.reads() if name in makers} for node in nodes]
    if all(maker < place for place, each in enumerate(needs) for maker in each):
        return nodes
    found: dict[int, None] = {}
    for place in range(len(nodes)):
        waiting = [place]
        entered: set[int] = set()
        while waiting:
            last = waiting[-1]
            missing = [each for each in needs[last] if each not in found and each not in entered]
            entered.add(last)
            if missing:
                waiting.append(min(missing))
            else:
                found.setdefault(waiting.pop())
    return [nodes[place] for place in found]


class GraphProto:
    """A graph: node 1, name 2, initializer 5, input 11, output 12, value_info 13, sparse_initializer 15."""

    def __init__(self, message: Message) -> None:
        self.name = message.text(2)
        self.nodes = _in_order(_nodes(message))
        self.constants = [constant(each.text(8), each) for each in message.messages(5)]
        for sparse in message.messages(15):  # values 1, indices 2, dims 3
            values = sparse.message(1)
            self.constants.append(constant(values.text(8), values, sparse.numbers(3)))
        self.inputs = [_info(each) for each in message.messages(11)]
        self.outputs = [_info(each) for each in message.messages(12)]
        self._infos = message.messages(13)

    def infos(self) -> dict[str, Info]:
        """What the file says of tensors, by name."""
        return {each.name: each for each in (*map(_info, self._infos), *self.outputs)}


@dataclass(eq=False)
class FunctionProto:
    """A function of the file: name 1, input 4, output 5, attribute_proto 11, node 7, opset_import 9, domain 10."""

    inputs: list[str]
    outputs: list[str]
    nodes: list[NodeProto]
    defaults: list[Message]
    opsets: dict[str, int]


class ModelProto:
    """A model: producer_name 2, producer_version 3, graph 7, opset_import 8, metadata_props 14, functions 25."""

    def __init__(self, message: Message) -> None:
        self.producer_name = message.text(2)
        self.producer = f"{self.producer_name} {message.text(3)}".strip()
        self._message = message
        self.opsets = _opsets(message.messages(8))
        self.graph = GraphProto(message.message(7))
        self.functions: dict[tuple[str, str, str], FunctionProto] = {}
        for each in message.messages(25):
            domain = each.text(10)
            key = ("" if domain == "ai.onnx" else domain, each.text(1), each.text(13))
            nodes = [NodeProto(node) for node in each.messages(7)]
            opsets = self.opsets | _opsets(each.messages(9))
            self.functions[key] = FunctionProto(each.texts(4), each.texts(5), nodes, each.messages(11), opsets)

    def properties(self) -> dict[str, str]:
        """What the file says of itself beside the graph: StringStringEntryProto has key 1, value 2."""
        return {each.text(1): each.long_text(2, MOST_PROPERTY) for each in self._message.messages(14)}


def _opsets(messages: Sequence[Message]) -> dict[str, int]:
    """OperatorSetIdProto: domain 1, version 2."""
    return {"" if each.text(1) == "ai.onnx" else each.text(1): each.number(2) for each in messages}


@dataclass(eq=False, slots=True)
class Operation:
    """A node with its inputs as they are known; an optional one that is left out is None."""

    kind: str
    domain: str
    name: str
    inputs: list[Value | None]
    attributes: Attributes
    version: int
    outputs: list[Value] = field(default_factory=list)

    def input(self, number: int) -> Value | None:
        return self.inputs[number] if number < len(self.inputs) else None

    def shape(self, number: int = 0) -> tuple[int, ...] | None:
        found = self.input(number)
        return None if found is None else found.shape

    def known(self, number: int) -> tuple[Any, ...] | None:
        """The values of an input that is a small constant."""
        found = self.input(number)
        return None if found is None else found.known()

    def numbers(self, name: str, number: int) -> list[int] | None:
        """Whole numbers that older operators have as an attribute and newer ones as an input; None if left out.

        Raises Open where they are given but not known.
        """
        if name and name in self.attributes:
            return self.attributes.numbers(name)
        if self.input(number) is None:
            return None
        found = self.known(number)
        if found is None or any(each is UNKNOWN for each in found):
            raise Open
        return [int(each) for each in found]


ROUNDING = frozenset(
    (domain, kind)
    for domain in ("qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general")
    for kind in ("Quant", "IntQuant", "BipolarQuant", "FloatQuant")
)
"""QONNX's operations (github.com/fastmachinelearning/qonnx): real numbers, rounded as few bits would hold them."""


class Open(Exception):
    """A shape depends on numbers that the file leaves open."""
