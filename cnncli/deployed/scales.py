"""Which tensors of an int8 file have which range of real numbers, and where a QUANTIZE takes one to another.

It is decided as TensorFlow's converter does it. Tensors are calibrated: a range is measured of each. Where operations
tie ranges together some are dropped (`RemoveRedundantStatsOps` in tensorflow/compiler/mlir/lite/quantization/common/
quantization_lib/quantization_utils.cc), and the others are handed on (`QuantizationDriver`, tfl_quantization_driver.cc
beside it). Which operations those are was measured: each was converted by TensorFlow 2.21 between two convolutions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from typing import NamedTuple

from cnncli.deployed.plan import FLOAT32, Operation, Plan

SAME_RANGE = frozenset({
    "AVERAGE_POOL_2D", "BATCH_TO_SPACE_ND", "BROADCAST_TO", "CONCATENATION", "DEPTH_TO_SPACE", "EXPAND_DIMS", "GATHER",
    "MAXIMUM", "MAX_POOL_2D", "MINIMUM", "MIRROR_PAD", "PACK", "PAD", "PADV2", "REDUCE_MAX", "REDUCE_MIN",
    "RELU_N1_TO_1", "RESHAPE", "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "REVERSE_V2", "SELECT", "SELECT_V2",
    "SLICE", "SPACE_TO_BATCH_ND", "SPACE_TO_DEPTH", "SPLIT", "SPLIT_V", "SQUEEZE", "STRIDED_SLICE", "TILE", "TOPK_V2",
    "TRANSPOSE", "UNPACK",
})  # fmt: skip
"""What only moves or chooses numbers: all that such an operation reads and writes has one range."""

FIXED_RANGE = {
    "LOGISTIC": (1 / 256, -128), "SOFTMAX": (1 / 256, -128), "TANH": (1 / 128, 0), "L2_NORMALIZATION": (1 / 128, 0),
    "LOG_SOFTMAX": (1 / 16, 127),
}  # fmt: skip
"""Scale and zero point of what these write, whatever is measured."""

FREE_RANGE = frozenset({
    "ABS", "ADD", "ARG_MAX", "ARG_MIN", "BATCH_MATMUL", "CONV_2D", "DEPTHWISE_CONV_2D", "DIV", "EQUAL", "EXP",
    "FULLY_CONNECTED", "GELU", "GREATER", "GREATER_EQUAL", "HARD_SWISH", "LEAKY_RELU", "LESS", "LESS_EQUAL", "LOG",
    "MEAN", "MUL", "NOT_EQUAL", "PRELU", "REDUCE_PROD", "RELU", "RELU6", "RSQRT", "SQRT", "SQUARED_DIFFERENCE", "SUB",
    "SUM", "TRANSPOSE_CONV",
})  # fmt: skip
"""What else has a kernel of integers: it reads and writes any range."""

INTEGER_TYPES = SAME_RANGE | FREE_RANGE | FIXED_RANGE.keys()
"""All that is computed with integers; what is not among them, as POW, ELU and CONV_3D, is computed with floats."""

TIED = SAME_RANGE | FIXED_RANGE.keys()

Range = Hashable
"""Stands for a range: a tensor of which it was measured, or the set that it is joined of; or scale and zero point.

No QUANTIZE stands between equal ones.
"""


class Shift(NamedTuple):
    """A QUANTIZE from integers to integers: the range that it gives, and the operations that read it so."""

    range: Range
    readers: frozenset[int]


class Ranged(NamedTuple):
    """A tensor's range as it is computed, and those in which it is read: the common one, and that of some operations.

    All others are made of the common one. The computed range differs from that where an operation gives a fixed one.
    """

    computed: Range
    common: Range
    others: tuple[Shift, ...] = ()

    def read_by(self, operation: int) -> Range:
        """The range in which an operation, told by its place, reads the tensor."""
        for shift in self.others:
            if operation in shift.readers:
                return shift.range
        return self.common


def ranges(plan: Plan) -> list[Ranged | None]:
    """Of each tensor of a float32 plan, as it is in an int8 one; None of what is no float."""
    propagation = _Propagation(plan)
    propagation.run()
    return [propagation.ranged(tensor) for tensor in range(len(plan.tensors))]


class _Propagation:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.floats = [tensor.dtype == FLOAT32 for tensor in plan.tensors]
        self.readers: dict[int, list[int]] = defaultdict(list)
        self.writer: dict[int, int] = {}
        for index, operation in enumerate(plan.operations):
            self.writer.update(dict.fromkeys(operation.writes, index))
            for tensor in dict.fromkeys(operation.reads):
                self.readers[tensor].append(index)
        self.measured = _measured(plan, self.floats, self.writer)
        self.range: dict[int, Range] = {tensor: self._joined(tensor) for tensor in self.measured}
        self.demanded: dict[int, Range] = {}  # what an operation writes, where its readers have settled on another
        self.shifted: dict[int, dict[Range, set[int]]] = defaultdict(dict)  # what some read, and which operations
        self.work = [at for at, each in enumerate(plan.operations) if each.type in TIED]

    def _joined(self, tensor: int) -> Range:
        """What it is joined of, or itself: the same numbers have the same range in whatever order."""
        writer = self.plan.operations[self.writer[tensor]] if tensor in self.writer else None
        joins = writer is not None and writer.type == "CONCATENATION" and not writer.constants
        return frozenset(writer.reads) if writer and joins else tensor

    def run(self) -> None:
        """Hand ranges on, the last operation first, until nothing is left to do."""
        done: set[int] = set()
        while self.work:
            at = self.work.pop()
            if at in done:
                continue
            operation = self.plan.operations[at]
            if operation.type in SAME_RANGE:
                shared = self._shared(operation)
                if shared is None:
                    continue  # comes again when one of its tensors has a range
                for tensor in operation.reads:
                    self._read(at, tensor, shared)
                for tensor in operation.writes:
                    self._write(tensor, shared)
            elif operation.type in FIXED_RANGE:
                for tensor in operation.writes:
                    self._write(tensor, FIXED_RANGE[operation.type])
            done.add(at)

    def _shared(self, operation: Operation) -> Range | None:
        """The range of all that an operation reads and writes: a measured one, else what it writes, else what it reads.

        (GetQuantParamsForSameScaleConstraint.) With a single operand that one is asked before the result.
        """
        read = [tensor for tensor in operation.reads if tensor in self.range]
        written = [tensor for tensor in operation.writes if tensor in self.range]
        single = len(operation.reads) + len(operation.constants) == 1
        first, then = (read, written) if single or len(operation.writes) > 1 else (written, read)
        known = [*first, *then]
        fixed = [tensor for tensor in known if tensor in self.measured]
        return next((self.range[tensor] for tensor in (*fixed, *known)), None)

    def _read(self, at: int, tensor: int, wanted: Range) -> None:
        if not self.floats[tensor] or self.range.get(tensor) == wanted:
            return
        if tensor in self.range:
            self.shifted[tensor].setdefault(wanted, set()).add(at)
            return
        self.range[tensor] = wanted
        if tensor in self.writer:
            self.work.append(self.writer[tensor])

    def _write(self, tensor: int, wanted: Range) -> None:
        if not self.floats[tensor] or self.range.get(tensor) == wanted:
            return
        if tensor in self.range:
            self.demanded[tensor] = wanted
            return
        self.range[tensor] = wanted
        self.work += self.readers[tensor]

    def ranged(self, tensor: int) -> Ranged | None:
        """What has been settled of a tensor.

        Where all that reads it wants another range and its operation gives any, it gives that (FoldTrivalRequantizeOp).
        """
        common = self.range.get(tensor)
        if common is None or not (tensor in self.measured or self._settles(tensor)):
            return None
        others = tuple(Shift(wanted, frozenset(at)) for wanted, at in self.shifted.get(tensor, {}).items())
        if len(others) == 1 and self._gives_any(tensor) and others[0].readers.issuperset(self.readers[tensor]):
            return Ranged(others[0].range, others[0].range)
        return Ranged(self.demanded.get(tensor, common), common, others)

    def _settles(self, tensor: int) -> bool:
        """Whether a range that its readers settled on reaches it: what is computed with floats is not asked for one."""
        return tensor not in self.writer or self.plan.operations[self.writer[tensor]].type in INTEGER_TYPES

    def _gives_any(self, tensor: int) -> bool:
        free = tensor in self.writer and self.plan.operations[self.writer[tensor]].type in FREE_RANGE
        return free and tensor not in self.plan.outputs


def _measured(plan: Plan, floats: list[bool], writer: dict[int, int]) -> set[int]:
    """The tensors whose measured range holds; of the others it follows from these (RemoveRedundantStatsOps)."""
    dropped: set[int] = set()
    for operation in plan.operations:
        if operation.type in FIXED_RANGE or (operation.type in SAME_RANGE and _follows(plan, operation, floats)):
            dropped.update(operation.writes)
    left = [tensor for tensor, real in enumerate(floats) if real and tensor not in dropped]
    seen = set(left)
    while left:  # backwards: from what joins several to what it joins
        tensor = left.pop()
        if tensor not in writer or plan.operations[writer[tensor]].type not in SAME_RANGE:
            continue
        tied = {each for each in plan.operations[writer[tensor]].reads if floats[each]}
        dropped |= tied
        left += tied - seen
        seen |= tied
    return {tensor for tensor, real in enumerate(floats) if real} - dropped


def _follows(plan: Plan, operation: Operation, floats: list[bool]) -> bool:
    """Whether a tensor is all the floats that it reads, constants too: what it writes has that one's range."""
    constants = any(plan.constants[place].dtype == FLOAT32 for place in operation.constants)
    return not constants and sum(floats[tensor] for tensor in operation.reads) == 1
