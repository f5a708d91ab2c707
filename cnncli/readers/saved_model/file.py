"""SavedModels and graph definitions of TensorFlow as they lie in the file: what is needed of them is read, no more.

The numbers of fields are those of saved_model.proto, meta_graph.proto and saved_object_graph.proto in
tensorflow/core/protobuf, and of graph.proto, function.proto, op_def.proto and variable.proto in
tensorflow/core/framework.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from cnncli.readers.protobuf import BYTES, BadMessage, Message
from cnncli.readers.saved_model.nodes import NodeDef, dtype, entries, entry, shape
from cnncli.readers.saved_model.pieces import Part, Pieces
from cnncli.readers.source import MOST_INPUTS

MOST_NODES = 40_000
"""Nodes that are read of one file, and what they read; the largest networks have some ten thousands."""


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

        SavedObject.function (6) > SavedFunction.concrete_functions (1), or SavedObject.bare_concrete_function (8) >
        concrete_function_name (1). Where it has none, those that were saved with it are called by their own names.
        """
        found: dict[str, str] = {}
        for name, number in self._children(0):
            child = self._object(number)
            functions = [] if child is None else [*child.message(6).texts(1), *child.message(8).texts(1)]
            if functions:
                found[name] = functions[0]
        return found or {each: each for each in self._by_name}

    def constant(self, number: int) -> str:
        """The node of a constant that was saved with an object: SavedObject.constant (9) > operation (1)."""
        found = self._object(number)
        return "" if found is None else found.message(9).text(1)


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
                key, content = entry(bytes(self._pieces.content(part)))
                if key == _TRAINABLE:
                    variables = Message(memoryview(content)).message(2).messages(1)
                    return {each.text(1).partition(":")[0] for each in variables}
        return None
