"""A float32 plan in int8, as TensorFlow's converter quantizes it: tensors, constants, QUANTIZE and DEQUANTIZE between.

An operation becomes one of integers where TFLite has a kernel of integers for it (`QuantizationPattern` in
quantization_utils.h beside the sources of `scales`); the others stay as they are, between a DEQUANTIZE and a QUANTIZE.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.deployed.plan import FLOAT32, INT8, Constant, Operation, Plan, Tensor
from cnncli.deployed.scales import INTEGER_TYPES, SAME_RANGE, Range, ranges

CHANNEL_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0}
"""Where the kernel that an operation holds has its output channels: it has a scale for each of them."""
KERNELS_OF_ONE_SCALE = frozenset({"BATCH_MATMUL", "GATHER"})
INTEGER, BIAS = "int8", "int32"
"""The types of numbers: what is added to sums of products is longer."""
KEPT = -1
"""In place of an operation: of all that read a constant as it is."""


def quantized(plan: Plan) -> Plan:
    """The int8 plan of a float32 one, with floats at its ends."""
    return _Quantizing(plan).made


class _Quantizing:
    """Makes the plan operation by operation; each tensor has a form for each range that something reads it in."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.made = Plan(INT8, uncounted=plan.uncounted)
        self.ranged = ranges(plan)
        self.read = {*plan.outputs, *(tensor for operation in plan.operations for tensor in operation.reads)}
        self.integer = [self._in_integers(operation) for operation in plan.operations]
        self.made.constants, held = _constants(plan, self.integer)
        self.form: dict[tuple[int, Range | None], int] = {}  # a tensor in a range, or in floats: its place
        self.wanted = self._wanted()
        self.made.inputs = tuple(self._first_form(tensor, integer=False) for tensor in plan.inputs)
        for tensor in plan.inputs:
            self._convert(tensor)
        for at, operation in enumerate(plan.operations):
            self._add(at, operation, held[at])
        self.made.outputs = tuple(self.form[tensor, None] for tensor in plan.outputs)

    def _in_integers(self, operation: Operation) -> bool:
        """Whether TFLite has a kernel of integers for it, what it reads has a range, and all that it writes is read."""
        tensors = self.plan.tensors
        return (
            operation.type in INTEGER_TYPES
            and all(self.ranged[tensor] or tensors[tensor].dtype != FLOAT32 for tensor in operation.reads)
            and self.read.issuperset(operation.writes)
        )

    def _wanted(self) -> list[set[Range | None]]:
        """The ranges that each tensor is read in, None for floats."""
        wanted: list[set[Range | None]] = [set() for _ in self.plan.tensors]
        for at, operation in enumerate(self.plan.operations):
            for tensor in operation.reads:
                wanted[tensor].add(self._read_in(at, tensor))
        for tensor in self.plan.outputs:
            wanted[tensor].add(None)
        return wanted

    def _read_in(self, at: int, tensor: int) -> Range | None:
        ranged = self.ranged[tensor]
        return ranged.read_by(at) if ranged and self.integer[at] else None

    def _add(self, at: int, operation: Operation, held: tuple[int, ...]) -> None:
        reads = tuple(self.form[tensor, self._read_in(at, tensor)] for tensor in operation.reads)
        writes = tuple(self._first_form(tensor, self.integer[at]) for tensor in operation.writes)
        self.made.operations.append(Operation(operation.type, reads, writes, held, operation.nodes))
        for tensor in operation.writes:
            self._convert(tensor)

    def _first_form(self, tensor: int, integer: bool) -> int:
        """The place of a tensor as its operation writes it."""
        ranged = self.ranged[tensor]
        form = ranged.computed if ranged and integer else None
        return self._put(tensor, form, self.plan.tensors[tensor].name)

    def _put(self, tensor: int, form: Range | None, name: str) -> int:
        real = self.plan.tensors[tensor]
        self.made.tensors.append(Tensor(name, real.shape, real.dtype if form is None else INTEGER))
        self.form[tensor, form] = len(self.made.tensors) - 1
        return self.form[tensor, form]

    def _convert(self, tensor: int) -> None:
        """What converts a tensor, as it was written, to the forms in which it is read."""
        ranged, wanted = self.ranged[tensor], self.wanted[tensor]
        if ranged is None or wanted <= {None if (tensor, None) in self.form else ranged.computed}:
            return
        if (tensor, None) in self.form:
            self._conversion("QUANTIZE", tensor, None, ranged.computed)
        if ranged.common != ranged.computed:
            self._conversion("QUANTIZE", tensor, ranged.computed, ranged.common)
        for shift in ranged.others:
            self._conversion("QUANTIZE", tensor, ranged.common, shift.range)
        if (tensor, None) not in self.form and None in wanted:
            self._conversion("DEQUANTIZE", tensor, ranged.common, None)

    def _conversion(self, type: str, tensor: int, source: Range | None, target: Range | None) -> None:
        read = self.form[tensor, source]
        written = self._put(tensor, target, self.plan.tensors[tensor].name)
        self.made.operations.append(Operation(type, (read,), (written,)))


def _constants(plan: Plan, integer: list[bool]) -> tuple[list[Constant], list[tuple[int, ...]]]:
    """What the file holds, and of each operation the places of its own there.

    First what stays as it is, floats before integers, then what becomes integers, the last that is used before the
    first. What is read in several ranges is held for each; so are biases, whose range depends on what is read besides.
    """
    kept: dict[tuple[int, int | None], Constant] = {}
    made: dict[tuple[int, int | None], Constant] = {}
    keys: list[list[tuple[int, int | None]]] = []
    for at, operation in enumerate(plan.operations):
        new = dict(_new_constants(plan, operation)) if integer[at] else {}
        alone = at if operation.type in SAME_RANGE else None
        keys.append([])
        for place in operation.constants:
            constant = new.get(place)
            key = (place, at if constant and constant.dtype == BIAS else alone)
            keys[-1].append(key if constant else (place, KEPT))
            if constant:
                made.setdefault(key, constant)
            else:
                kept.setdefault((place, KEPT), plan.constants[place])
    order = [*sorted(kept, key=lambda key: kept[key].dtype != FLOAT32), *reversed(made)]
    places = {key: place for place, key in enumerate(order)}
    return [{**kept, **made}[key] for key in order], [tuple(places[key] for key in each) for each in keys]


def _new_constants(plan: Plan, operation: Operation) -> Iterator[tuple[int, Constant]]:
    """What the floats that an operation of integers holds become, by their places. A bias has its kernel's scales."""
    for place in operation.constants:
        constant = plan.constants[place]
        if constant.dtype != FLOAT32:
            continue
        if operation.type in CHANNEL_AXES and len(constant.shape) == 1:
            scales = constant.shape[0] if len(operation.reads) == 1 else 1
            yield place, constant._replace(dtype=BIAS, scales=scales)
        else:
            yield place, constant._replace(dtype=INTEGER, scales=channels(operation, constant) or 1)


def channels(operation: Operation, constant: Constant) -> int:
    """How many scales a constant has as the operation's kernel: 0 of what is no kernel."""
    if operation.type in KERNELS_OF_ONE_SCALE:
        return 1
    axis = CHANNEL_AXES.get(operation.type)
    return 0 if axis is None or len(constant.shape) == 1 else constant.shape[axis]
