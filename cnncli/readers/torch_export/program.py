"""What a file of torch.export holds: the operations of a program, its tensors, and the sizes that it leaves open.

The names are those of torch's own serialization schema (torch/_export/serde/schema.py): a program is a graph of nodes,
each a call of an operator with named arguments, and a signature that says which of the graph's inputs are parameters,
buffers, constants, and which the caller gives. Only its JSON is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.readers.assembly import Tensor

# schema.ScalarType.
DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64",
    9: "complex32", 10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16", 29: "float8_e4m3fn",
    30: "float8_e5m2", 31: "float8_e4m3fnuz", 32: "float8_e5m2fnuz", 33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip
LARGEST = 2**62
"""No axis of a tensor is longer: torch counts in signed 64 bits."""
MOST_AXES = 64


@dataclass(eq=False, slots=True)
class Value(Tensor):
    """A tensor of a program.

    `origins` are, of a constant, the parameters and buffers that it is made of: itself where it is one of them, none
    where the program computes it from nothing. `trainable` is whether it is a parameter that training changes.
    """

    origins: tuple[Value, ...] = ()
    trainable: bool = False

    @property
    def is_weight(self) -> bool:
        """Whether it is held by the file as a weight, and not made of others."""
        return self.constant and self.origins == (self,)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape; nothing where the rank is not known."""
        return self.shape or ()

    @property
    def size(self) -> int:
        return prod(self.sizes)


@dataclass(eq=False, slots=True)
class Operation:
    """A call of an operator: `domain` and `name` of torch.ops.aten.conv2d.default are "aten" and "conv2d".

    `path` is the module that called it ("features.0"), `module` that one's class. A function that ends in "_" changes
    its input, and is called here as its twin that does not.
    """

    domain: str
    name: str
    label: str
    arguments: dict[str, Any]
    outputs: list[Value]
    path: str = ""
    module: str = ""
    in_place: bool = False
    written: str = ""
    """What its layer is called, once that is settled."""

    def get(self, *names: str, default: Any = None) -> Any:
        """The first argument of these names that was given; torch leaves out those that have their default."""
        for name in names:
            found = self.arguments.get(name)
            if found is not None:
                return found
        return default

    @property
    def tensors(self) -> list[Value]:
        """The tensors that it reads, in order."""
        found: list[Value] = []
        for value in self.arguments.values():
            if isinstance(value, Value):
                found.append(value)
            elif isinstance(value, list):
                found += [each for each in value if isinstance(each, Value)]
        return found

    @property
    def title(self) -> str:
        """What an operation is called that nobody knows."""
        return self.name if self.domain == "aten" else f"{self.domain}.{self.name}"


@dataclass(slots=True)
class Sizes:
    """Sizes as the file writes them, and what its symbols stand for as far as that is settled."""

    symbols: dict[str, int] = field(default_factory=dict)
    _known: dict[str, Any] = field(default_factory=dict)

    def of(self, written: Any) -> Any:
        """A schema.SymInt: a number, or an expression of symbols. UNKNOWN where a symbol is not settled."""
        if "as_int" in written:
            return checked(written["as_int"])
        text = expression(written)
        if text not in self._known:
            self._known[text] = evaluated(text, self.symbols)
        return self._known[text]

    def shape(self, written: Mapping[str, Any]) -> tuple[int, ...]:
        """Of a schema.TensorMeta."""
        sizes = written["sizes"]
        if len(sizes) > MOST_AXES:
            raise ValueError(f"a tensor of {len(sizes)} axes")
        return tuple([self.of(size) for size in sizes])


def checked(size: Any) -> int:
    """A size that a tensor can have. Raises ValueError."""
    if type(size) is not int or not 0 <= size < LARGEST:
        raise ValueError(f"{str(size)[:50]} is the size of no tensor")
    return size


def expression(written: Any) -> str:
    """The text of a size that is an expression: `s0`, `2*s0 + 1`, or as SymPy spells it out."""
    return str(written["as_expr"]["expr_str"]) if "as_expr" in written else ""


def symbol(written: Any) -> str:
    """The symbol that a size is, if it is nothing but one."""
    text = expression(written).strip()
    if text.startswith("Symbol("):
        text = text[len("Symbol(") :].split(",", 1)[0].strip("'\") ")
    return text if text.isidentifier() else ""


def hint(written: Any) -> int | None:
    """What the size was in the example that the program was traced with, where the file tells."""
    if "as_int" in written:
        return checked(written["as_int"])
    found = (written.get("as_expr") or {}).get("hint")
    size = found.get("as_int") if isinstance(found, dict) else found
    return size if type(size) is int else None


MOST_EXPRESSION = 2_000
"""Characters of an expression; a size that takes more is left unknown."""


def evaluated(text: str, symbols: Mapping[str, int]) -> Any:
    """What an expression is, UNKNOWN where it is none of whole numbers: it is parsed, never run."""
    if not text or len(text) > MOST_EXPRESSION:
        return UNKNOWN
    import ast

    try:
        found = _Expression(symbols).value(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, RecursionError, MemoryError, IndexError, TypeError):
        return UNKNOWN
    return found if found is UNKNOWN or 0 <= found < LARGEST else UNKNOWN


class _Expression:
    """Whole numbers of a parsed expression. Raises ValueError for what is none."""

    def __init__(self, symbols: Mapping[str, int]) -> None:
        self._symbols = symbols

    def value(self, node: Any) -> Any:
        kind = type(node).__name__
        if kind == "Constant":
            return _whole(node.value)
        if kind == "Name":
            return self._symbols.get(node.id, UNKNOWN)
        if kind == "UnaryOp" and type(node.op).__name__ == "USub":
            return -self.value(node.operand)
        if kind == "BinOp":
            return _applied(_SIGNS[type(node.op).__name__], [self.value(node.left), self.value(node.right)])
        if kind == "Call":
            return self._call(node)
        raise ValueError(kind)

    def _call(self, node: Any) -> Any:
        name = node.func.id if type(node.func).__name__ == "Name" else node.func.attr
        if name == "Symbol":
            return self._symbols.get(node.args[0].value, UNKNOWN)
        if name == "Integer":
            return self.value(node.args[0])
        return _applied(name, [self.value(each) for each in node.args])


def _whole(value: Any) -> int:
    if type(value) is not int or abs(value) >= LARGEST:
        raise ValueError("no whole number")
    return value


_SIGNS = {"Add": "Add", "Sub": "Sub", "Mult": "Mul", "FloorDiv": "FloorDiv", "Mod": "Mod", "Pow": "Pow", "Div": "Div"}


# Functions of torch/utils/_sympy/functions.py and of SymPy, on whole numbers.
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Add": lambda *values: sum(values),
    "Mul": lambda *values: prod(values),
    "Max": max,
    "Min": min,
    "Sub": lambda one, other: one - other,
    **dict.fromkeys(("FloorDiv", "CleanDiv"), lambda one, other: one // other),
    "CeilDiv": lambda one, other: -(-one // other),
    **dict.fromkeys(("Mod", "PythonMod"), lambda one, other: one % other),
    **dict.fromkeys(("Pow", "PowByNatural"), lambda one, other: one**other if 0 <= other <= LARGEST_POWER else None),
    "Div": lambda one, other: None if one % other else one // other,
}
LARGEST_POWER = 16


def _applied(name: str, values: list[Any]) -> Any:
    """A function of whole numbers. Raises ValueError for one that is not known, or is none of theirs."""
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    if name not in _FUNCTIONS:
        raise ValueError(name)
    return _whole(_FUNCTIONS[name](*values))


def module_calls(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Path and class of the modules that a node was called in, from the outside in.

    They are written `key,path,class;key,path,class`, a path as `features.0`, by older versions `L['self'].features.0`
    or `getattr(L['self'].features, '0')`; `@1` behind it tells a second call.
    """
    for entry in str(metadata.get("nn_module_stack", "")).split(";"):
        parts = entry.rsplit(",", 1)
        key_and_path = parts[0].split(",", 1)
        if len(parts) == 2 and len(key_and_path) == 2:
            yield _plain_path(key_and_path[1]), parts[1]


def _plain_path(written: str) -> str:
    path = written.replace("getattr(", "").replace(", ", ".").replace("['", ".").replace("']", "")
    path = path.replace("[", ".").replace("]", "").replace("(", "").replace(")", "").replace("'", "").replace('"', "")
    for root in ("L.self", "L__self__", "self"):
        if path == root or path.startswith(f"{root}."):
            path = path[len(root) :]
    return path.strip(".").partition("@")[0]
