"""Shapes of products of matrices, and of recurrent cells."""

from __future__ import annotations

from cnncli.readers.onnx.model import Operation
from cnncli.readers.onnx.shapes.basics import (
    Inference,
    Output,
    Sizes,
    broadcast,
    dtype_of,
    ranked,
    result_dtype,
)


def _product(one: Sizes, other: Sizes) -> Sizes:
    """As NumPy's matmul."""
    lead = broadcast([one[:-2], other[:-2]]) or ()
    return (*lead, *one[-2:-1], *(other[-1:] if len(other) > 1 else ()))


def _matmul(first: int, second: int) -> Inference:
    def infer(operation: Operation) -> list[Output]:
        one, other = ranked(operation, first), ranked(operation, second)
        sides = []
        for given, side in ((one, "A"), (other, "B")):
            shape = given
            if operation.attributes.number(f"transBatch{side}"):  # FusedMatMul's: the first axis behind the others
                shape = (*shape[1:-1], shape[0], shape[-1])
            if operation.attributes.number(f"trans{side}"):
                shape = (*shape[:-2], shape[-1], shape[-2])
            sides.append(shape)
        return [(_product(*sides), result_dtype(operation))]

    return infer


def _gemm(first: int, second: int) -> Inference:
    def infer(operation: Operation) -> list[Output]:
        one, other = ranked(operation, first), ranked(operation, second)
        rows = one[1] if operation.attributes.number("transA") else one[0]
        columns = other[0] if operation.attributes.number("transB") else other[1]
        return [((rows, columns), dtype_of(operation))]

    return infer


def _packed(operation: Operation) -> list[Output]:
    return [((*ranked(operation)[:-1], operation.attributes.number("N")), dtype_of(operation))]


def _einsum(operation: Operation) -> list[Output]:
    """Letters name axes, and dots those that are broadcast; without an arrow the dots remain, and letters that occur
    once in alphabetical order.
    """
    left, arrow, right = operation.attributes.text("equation").replace(" ", "").partition("->")
    sizes: dict[str, int] = {}
    further: list[Sizes] = []
    for number, letters in enumerate(left.split(",")):
        shape = ranked(operation, number)
        before, dots, behind = letters.partition("...")
        middle = len(shape) - len(before) - len(behind)
        if middle < 0 or (middle and not dots):
            raise ValueError(f"{letters} of a tensor of rank {len(shape)}")
        further.append(shape[len(before) : len(before) + middle])
        sizes |= dict(zip(before + behind, shape[: len(before)] + shape[len(before) + middle :], strict=True))
    dotted = broadcast(further) or ()
    kept = right if arrow else "..." + "".join(sorted(each for each in sizes if left.count(each) == 1))
    before, dots, behind = kept.partition("...")
    found = (*(sizes[each] for each in before), *(dotted if dots else ()), *(sizes[each] for each in behind))
    return [(found, dtype_of(operation))]


def _recurrent(operation: Operation) -> list[Output]:
    """(steps, batch, features), or with layout 1 (batch, steps, features): all states, and the last of each kind."""
    shape, attributes = ranked(operation), operation.attributes
    units = attributes.number("hidden_size") or ranked(operation, 2)[-1]
    ways = 2 if attributes.text("direction") == "bidirectional" else 1
    if attributes.number("layout"):
        whole, last = (shape[0], shape[1], ways, units), (shape[0], ways, units)
    else:
        whole, last = (shape[0], ways, shape[1], units), (ways, shape[1], units)
    return [(whole, dtype_of(operation)), *[(last, dtype_of(operation))] * 2]


STANDARD: dict[str, Inference] = {
    "MatMul": _matmul(0, 1), "MatMulInteger": _matmul(0, 1), "QLinearMatMul": _matmul(0, 3), "Gemm": _gemm(0, 1),
    "Einsum": _einsum, **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
}  # fmt: skip
RUNTIME: dict[str, Inference] = {
    **dict.fromkeys(("FusedMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"), _matmul(0, 1)),
    "FusedGemm": _gemm(0, 1), "QGemm": _gemm(0, 3), "MatMulNBits": _packed,
}  # fmt: skip
