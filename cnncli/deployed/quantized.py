"""A float32 plan in int8, as TensorFlow's converter quantizes it: tensors, constants, QUANTIZE and DEQUANTIZE between.

An operation becomes one of integers where TFLite has a kernel of integers for it (`QuantizationPattern` in
quantization_utils.h beside the sources of `scales`); the others stay as they are, between a DEQUANTIZE and a QUANTIZE.
"""

from __future__ import annotations

from collections import defaultdict

from cnncli.deployed.plan import FLOAT32, INT8, Constant, Operation, Plan, Tensor
from cnncli.deployed.scales import INTEGER_TYPES, SAME_RANGE, Range, Ranged, ranges

CHANNEL_AXES = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0, "TRANSPOSE_CONV": 0}
"""Where the kernel that an operation holds has its output channels: it has a scale for each of them."""
KERNELS_OF_ONE_SCALE = frozenset({"BATCH_MATMUL", "GATHER"})
INTEGER, BIAS = "int8", "int32"
"""The types of numbers: what is added to sums of products is longer."""
KEPT = -1
"""In place of an operation: of all that read a constant as it is."""


def quantized(plan: Plan) -> Plan:
    """The int8 plan of a float32 one, with floats at its ends.

    Measured: the converter fails where an operation of a fixed range is read in several ranges besides.
    """
    ranged = ranges(plan)
    if any(each and each.computed != each.common and each.others for each in ranged):
        return Plan(INT8, impossible="TensorFlow's converter fails where several join what has a fixed range")
    return _Quantizing(plan, ranged).made


class _Quantizing:
    """Makes the plan operation by operation; each tensor has a form for each range that something reads it in."""

    def __init__(self, plan: Plan, ranged: list[Ranged | None]) -> None:
        self.plan = plan
        self.made = Plan(INT8, uncounted=plan.uncounted)
        self.ranged = ranged
        self.read = {*plan.outputs, *(tensor for operation in plan.operations for tensor in operation.reads)}
        self.integer = [self._in_integers(operation) for operation in plan.operations]
        self.made.constants, self.held = _constants(plan, self.integer)
        self.form: dict[tuple[int, Range | None], int] = {}  # a tensor in a range, or in floats: its place
        self.forms = [-1] * len(plan.tensors)  # of each tensor the number of the last
        self.read_in = [self._ranges_read(at, operation) for at, operation in enumerate(plan.operations)]
        self.wanted = self._wanted()
        self.made.inputs = tuple(self._first_form(tensor, integer=False) for tensor in plan.inputs)
        for tensor in plan.inputs:
            self._convert(tensor)
        for at, operation in enumerate(plan.operations):
            self._add(at, operation)
        self.made.outputs = tuple(self.form[tensor, None] for tensor in plan.outputs)

    def _in_integers(self, operation: Operation) -> bool:
        """Whether TFLite has a kernel of integers for it; what it reads must have a range, what it writes be read."""
        tensors = self.plan.tensors
        return operation.type in INTEGER_TYPES and all(
            self.ranged[tensor] and tensor in self.read
            for tensor in (*operation.reads, *operation.writes)
            if tensors[tensor].dtype == FLOAT32
        )

    def _ranges_read(self, at: int, operation: Operation) -> list[tuple[int, Range | None]]:
        """What an operation reads, each with its range, None for floats."""
        if not self.integer[at]:
            return [(tensor, None) for tensor in operation.reads]
        ranged = [(tensor, self.ranged[tensor]) for tensor in operation.reads]
        return [(tensor, each.read_by(at) if each else None) for tensor, each in ranged]

    def _wanted(self) -> dict[int, set[Range | None]]:
        """The ranges that each tensor is read in."""
        wanted: dict[int, set[Range | None]] = defaultdict(set)
        for reads in self.read_in:
            for tensor, form in reads:
                wanted[tensor].add(form)
        for tensor in self.plan.outputs:
            wanted[tensor].add(None)
        return wanted

    def _add(self, at: int, operation: Operation) -> None:
        reads = tuple([self.form[each] for each in self.read_in[at]])
        written = tuple([self._first_form(tensor, self.integer[at]) for tensor in operation.writes])
        self.made.operations.append(operation._replace(reads=reads, writes=written, constants=self.held[at]))
        for tensor in operation.writes:
            self._convert(tensor)

    def _first_form(self, tensor: int, integer: bool) -> int:
        """The place of a tensor as its operation writes it."""
        ranged = self.ranged[tensor]
        return self._put(tensor, ranged.computed if ranged and integer else None)

    def _put(self, tensor: int, form: Range | None) -> int:
        """What is made of a tensor is named as it, and told apart by a digit; what the network gives has its name."""
        name, shape, dtype = self.plan.tensors[tensor]
        self.form[tensor, form] = place = len(self.made.tensors)
        number = self.forms[tensor] = self.forms[tensor] + 1
        if tensor in self.plan.outputs:
            number = 0 if form is None else number + 1
        self.made.tensors.append(Tensor(f"{name}{number or ''}", shape, dtype if form is None else INTEGER))
        return place

    def _convert(self, tensor: int) -> None:
        """What converts a tensor, as it was written, to the forms in which it is read."""
        ranged, wanted = self.ranged[tensor], self.wanted[tensor]
        real = (tensor, None) in self.form
        if ranged is None or wanted <= {None if real else ranged.computed}:
            return
        if real:
            self._conversion("QUANTIZE", tensor, None, ranged.computed)
        if ranged.common != ranged.computed:
            self._conversion("QUANTIZE", tensor, ranged.computed, ranged.common)
        for shift in ranged.others:
            if shift.range in wanted:
                self._conversion("QUANTIZE", tensor, ranged.common, shift.range)
        if not real and None in wanted:
            self._conversion("DEQUANTIZE", tensor, ranged.common, None)

    def _conversion(self, type: str, tensor: int, source: Range | None, target: Range | None) -> None:
        read = self.form[tensor, source]
        self.made.operations.append(Operation(type, (read,), (self._put(tensor, target),)))


Key = tuple[int, int | None]
"""A constant of the float32 plan, and the operation that has it for itself; None of what all share, KEPT of floats."""


def _constants(plan: Plan, integer: list[bool]) -> tuple[list[Constant], list[tuple[int, ...]]]:
    """What the file holds, and of each operation the places of its own there.

    What is read in several ranges is held for each, as biases are, whose range depends on what is read besides.
    """
    places: dict[Key, int] = {}
    made: list[Constant] = []
    held: list[tuple[int, ...]] = []
    for at, operation in enumerate(plan.operations):
        mine = []
        for place in operation.constants:
            constant = plan.constants[place]
            key: Key = (place, KEPT)
            if integer[at] and constant.dtype == FLOAT32:
                constant = _in_int8(operation, constant)
                key = (place, at if constant.dtype == BIAS or operation.type in SAME_RANGE else None)
            if key not in places:
                places[key] = len(made)
                made.append(constant)
            mine.append(places[key])
        held.append(tuple(mine))
    return made, held


def _in_int8(operation: Operation, constant: Constant) -> Constant:
    """What the floats that an operation of integers holds become. A bias has its kernel's scales."""
    name, shape, *_ = constant
    if operation.type in CHANNEL_AXES and len(shape) == 1:
        return Constant(name, shape, BIAS, shape[0] if len(operation.reads) == 1 else 1)
    return Constant(name, shape, INTEGER, kernel_scales(operation, constant) or 1)


def kernel_scales(operation: Operation, constant: Constant) -> int:
    """How many scales a constant has as the operation's kernel: 0 of what is no kernel."""
    if operation.type in KERNELS_OF_ONE_SCALE:
        return 1
    axis = CHANNEL_AXES.get(operation.type)
    return 0 if axis is None or len(constant.shape) == 1 else constant.shape[axis]
