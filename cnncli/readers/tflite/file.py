"""What a TFLite file holds, as it says it: graphs of operations over tensors (tensorflow/lite/schema/schema.fbs).

Numbers behind `field` and in `_FIELD` tables are those of the schema's fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from struct import calcsize, unpack
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.readers.assembly import Tensor, lone
from cnncli.readers.source import MOST_OPERATIONS, Source, in_memory
from cnncli.readers.tflite.flatbuffer import Table, root
from cnncli.readers.tflite.schema import ACTIVATION_FIELD, FUSED, GRAPH_FIELDS, OPERATIONS, SAME, TYPES

MOST_RANK = 16
MOST_VALUES = 256
"""Elements of a constant of integers whose values are read: a shape, axes, paddings."""
MOST_METADATA = 2**12

_INTEGERS = {"int32": "i", "int64": "q"}
_NUMBERS = {
    "float32": "<f", "float16": "<e", "float64": "<d", "int8": "<b", "uint8": "<B", "int16": "<h", "int32": "<i",
    "int64": "<q",
}  # fmt: skip


@dataclass(eq=False, slots=True)
class FileTensor(Tensor):
    """A tensor; `declared` is its shape with what the file leaves open as UNKNOWN.

    The schema keeps an unknown size as 1 in `shape`, and as -1 in `shape_signature` alone.
    """

    number: int = -1
    declared: tuple[int, ...] | None = None
    quantization: Table | None = None
    buffer: int = 0
    """Which of the file's buffers has its values."""
    sparsity: Table | None = None
    """Which of its cells are stored, where not all are."""
    unpacked: bool = False
    """Whether an operation makes it of a constant alone, as of half-precision weights."""
    real: float | None = None
    """The real number that the only cell of a constant is or stands for."""

    @property
    def value(self) -> float | None:
        """The number that its only cell is, where it is known."""
        return lone(self.values) if self.real is None else self.real

    @property
    def is_open(self) -> bool:
        """Whether a size is unknown beyond the batch's."""
        return any(size is UNKNOWN for size in (self.declared or ())[1:])

    @property
    def scale_count(self) -> int:
        """How many scales say what its integers stand for."""
        return 0 if self.quantization is None else self.quantization.vector(2)[1]

    def stands_for(self, number: float) -> float | None:
        """The real number that one of its cells stands for, where one scale holds for all of them."""
        if not self.quantized or self.quantization is None:
            return lone([number])
        scales, zeros = self.quantization.numbers(2, "f") or (), self.quantization.numbers(3, "q") or (0,)
        return lone([scales[0] * (number - zeros[0])]) if len(scales) == 1 else None

    def range(self) -> tuple[float, float] | None:
        """The lowest and highest real number that its integers stand for, where one scale holds for all of them."""
        limits = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}.get(self.dtype)
        if limits is None or self.quantization is None:
            return None
        low, high = map(self.stands_for, limits)
        return None if low is None or high is None else (float(f"{low:.6g}"), float(f"{high:.6g}"))


@dataclass(eq=False, slots=True)
class Operation:
    """An operation: a builtin one by its name in the schema, a custom one by its own. An input may be left out."""

    name: str
    inputs: list[FileTensor | None]
    outputs: list[FileTensor]
    options: Table | None
    custom: bool = False

    def option(self, field: int, form: str = "i", default: Any = 0) -> Any:
        """A number of the options' table."""
        return default if self.options is None else self.options.number(field, form, default)

    def options_list(self, field: int) -> tuple[int, ...]:
        return (self.options.numbers(field, "i") if self.options is not None else None) or ()

    def input(self, number: int) -> FileTensor | None:
        """An input; None where it is left out, as an optional bias is."""
        return self.inputs[number] if number < len(self.inputs) else None

    def values(self, number: int) -> tuple[Any, ...] | None:
        """The values of an input, where they are known: axes, a shape."""
        found = self.input(number)
        return None if found is None else found.values

    @property
    def source(self) -> FileTensor:
        """The first input. Raises LayerError where there is none."""
        found = self.input(0)
        if found is None:
            raise LayerError(f"{self.name}: has no input")
        return found

    @property
    def output(self) -> FileTensor:
        return self.outputs[0]

    @property
    def padding(self) -> str:
        """Keras's word for it; it is the first field of all options that have it."""
        return "same" if self.option(0, "b") == SAME else "valid"

    @property
    def fused(self) -> str:
        """The activation that is applied to what it computes, by Keras's name."""
        field = ACTIVATION_FIELD.get(self.name)
        code = self.option(field, "b") if field is not None else 0
        return FUSED[code] if 0 <= code < len(FUSED) else "linear"

    @property
    def graphs(self) -> tuple[int, ...]:
        """The numbers of the graphs that it computes: bodies, branches."""
        return tuple(self.option(field) for field in GRAPH_FIELDS.get(self.name, ()))


class Signature(NamedTuple):
    """A function that the file offers: names of some of a graph's inputs and outputs, by the tensors' numbers."""

    key: str
    graph: int
    inputs: dict[int, str]
    outputs: dict[int, str]


@dataclass(eq=False)
class FileGraph:
    """One of a file's graphs."""

    name: str
    tensors: list[FileTensor]
    operations: list[Operation]
    inputs: list[FileTensor]
    outputs: list[FileTensor]


class ModelFile:
    """A file's graphs, read when they are asked for. Raises Damaged."""

    def __init__(self, source: Source) -> None:
        self.source, self._model = source, root(source)
        version = self._model.number(0, "I")
        if version != 3:
            source.fail(f"is of TFLite's schema version {version}; version 3 is the only one that was ever in use")
        self.codes = [_operation_name(code) for code in self._model.tables(1)]
        self._graphs = self._model.tables(2)
        if not self._graphs:
            source.fail("holds no graph")
        self._buffers = self._model.tables(4)
        self._read: dict[int, FileGraph] = {}

    @property
    def description(self) -> str:
        return self._model.text(3)

    @cached_property
    def graph_names(self) -> tuple[str, ...]:
        return tuple(graph.text(4) for graph in self._graphs)

    @cached_property
    def signatures(self) -> tuple[Signature, ...]:
        return tuple(
            Signature(each.text(2), each.number(4, "I"), _named(each.tables(0)), _named(each.tables(1)))
            for each in self._model.tables(7)
        )

    def metadata(self, name: str) -> bytes:
        """What stands under a name, such as the version of the runtime that it needs; empty where nothing does."""
        for each in self._model.tables(6):
            if each.text(0) == name:
                place, size = self.content(each.number(1, "I"))
                return self.source.read(place, size) if size <= MOST_METADATA else b""
        return b""

    def graph(self, number: int) -> FileGraph:
        if number not in self._read:
            if not 0 <= number < len(self._graphs):
                self.source.fail(f"is damaged: it refers to graph {number} of {len(self._graphs)}")
            self._read[number] = self._graph(self._graphs[number], number)
        return self._read[number]

    def _graph(self, table: Table, place: int) -> FileGraph:
        tensors = [self._tensor(each, number) for number, each in enumerate(table.tables(0))]
        for tensor in tensors:
            tensor.identity = tensor.stored = f"{place}/{tensor.number}"
        _, count = table.vector(3)
        if count > MOST_OPERATIONS:
            self.source.fail(f"has {count:,} operations; at most {MOST_OPERATIONS:,} are read")
        operations = [self._operation(each, tensors) for each in table.tables(3)]
        computed = {id(tensor) for operation in operations for tensor in operation.outputs}
        inputs = self._chosen(tensors, table.numbers(1, "i"))
        entering = {id(tensor) for tensor in inputs}
        for tensor in tensors:
            tensor.constant = tensor.constant and not {id(tensor)} & (computed | entering)
        return FileGraph(table.text(4), tensors, operations, inputs, self._chosen(tensors, table.numbers(2, "i")))

    def _operation(self, table: Table, tensors: list[FileTensor]) -> Operation:
        code = table.number(0, "I")
        if code >= len(self.codes):
            self.source.fail(f"is damaged: an operation is of kind {code} of {len(self.codes)}")
        name, custom = self.codes[code]
        inputs = [None if each == -1 else self._one(tensors, each) for each in table.numbers(1, "i") or ()]
        options = table.table(4) if 4 in table else table.table(12)
        return Operation(name, inputs, self._chosen(tensors, table.numbers(2, "i")), options, custom)

    def _chosen(self, tensors: list[FileTensor], numbers: tuple[int, ...] | None) -> list[FileTensor]:
        return [self._one(tensors, number) for number in numbers or () if number != -1]

    def _one(self, tensors: list[FileTensor], number: int) -> FileTensor:
        if not 0 <= number < len(tensors):
            self.source.fail(f"is damaged: it refers to tensor {number} of {len(tensors)}")
        return tensors[number]

    def _tensor(self, table: Table, number: int) -> FileTensor:
        code = table.number(1, "b")
        dtype = TYPES[code] if 0 <= code < len(TYPES) else f"type{code}"
        shape = self._sizes(table, 0)
        signature = self._sizes(table, 7)
        quantization = table.table(4)
        tensor = FileTensor(
            name=table.text(3), shape=shape, dtype=dtype, number=number, declared=shape,
            quantized=quantization is not None and _stands_for_reals(quantization), quantization=quantization,
        )  # fmt: skip
        if signature and shape is not None and len(signature) == len(shape):
            tensor.declared = signature
        tensor.buffer, tensor.sparsity = table.number(2, "I"), table.table(6)
        if not table.number(5, "?", False):
            self._hold(tensor)
        if shape == () and not tensor.constant and not table.number(8, "?", False):
            tensor.shape = tensor.declared = None  # "if false, the rank is unknown", says has_rank
        return tensor

    def _sizes(self, table: Table, field: int) -> tuple[int, ...]:
        """A shape; a size below zero is one that is not known. Raises Damaged for one that no tensor has."""
        sizes = table.numbers(field, "i") or ()
        if len(sizes) > MOST_RANK:
            self.source.fail(f"is damaged: a tensor has {len(sizes):,} axes")
        return tuple(UNKNOWN if size < 0 else size for size in sizes)

    def _hold(self, tensor: FileTensor) -> None:
        """Note whether the file holds a tensor's values, and what they are of shapes and axes."""
        place, size = self.content(tensor.buffer)
        cells = prod(tensor.shape or ())
        tensor.constant = bool(size) or (tensor.buffer != 0 and cells == 0)
        form = _INTEGERS.get(tensor.dtype)
        if tensor.constant and cells == 1:
            tensor.real = self._only(tensor, place, size)
        if not tensor.constant or form is None or tensor.quantized or cells > MOST_VALUES:
            return
        width = 4 if form == "i" else 8
        if size == cells * width:
            tensor.values = unpack(f"<{cells}{form}", self.source.read(place, size))

    def _only(self, tensor: FileTensor, place: int, size: int) -> float | None:
        """The real number that the only cell of a constant stands for."""
        form = _NUMBERS.get(tensor.dtype)
        if form is None or size != calcsize(form):
            return None
        (number,) = unpack(form, self.source.read(place, size))
        return tensor.stands_for(number)

    def content(self, buffer: int) -> tuple[int, int]:
        """Where a buffer's bytes lie and how many they are: within the flatbuffer, or behind it in files over 2 GB."""
        if buffer >= len(self._buffers):
            self.source.fail(f"is damaged: it refers to buffer {buffer} of {len(self._buffers)}")
        table = self._buffers[buffer]
        offset, size = table.number(1, "Q"), table.number(2, "Q")
        if offset <= 1:  # "must be greater than 1 to be valid"
            return table.vector(0, 1)
        if offset + size > self.source.size:
            self.source.fail(f"is damaged: buffer {buffer} reaches to byte {offset + size:,} of {self.source.size:,}")
        return offset, size


def _stands_for_reals(quantization: Table) -> bool:
    """Whether there are scales: here, or in details of another kind, such as a scale a block."""
    return bool(quantization.vector(2)[1]) or quantization.number(4, "B") > 0


def _operation_name(code: Table) -> tuple[str, bool]:
    """An operation's name, and whether it is its own. Codes above 127 do not fit into the older field."""
    number = max(code.number(0, "b"), code.number(3, "i"))
    name = OPERATIONS[number] if 0 <= number < len(OPERATIONS) else f"BUILTIN_{number}"
    return (code.text(1) or name, True) if name == "CUSTOM" else (name, False)


def _named(maps: list[Table]) -> dict[int, str]:
    """Names by tensors' numbers (table TensorMap)."""
    return {each.number(1, "I"): each.text(0) for each in maps}


def converter_version(metadata: bytes) -> str:
    """TensorFlow's version within the converter's metadata, a flatbuffer of its own (conversion_metadata.fbs)."""
    if len(metadata) < 8:
        return ""
    environment = root(in_memory(metadata, "conversion metadata")).table(0)
    return "" if environment is None else environment.text(0)[:40]
