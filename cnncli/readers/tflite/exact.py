"""Operations of TFLite as layers that compute just what the file does, for a network that is to be run.

To tell and to count, a layer need only have the operation's shapes and work. Where the layer of the same name would
give other numbers, as a resize by other coordinates, it is told here by layers that give the same, or by one that only
bears the operation's name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph.layer import Layer
from cnncli.graph.layers import Elementwise, MatMul, Moving, Permute, PlacedResizing, Reshape, Resizing, Slice
from cnncli.readers.assembly import Assembly, Tensor
from cnncli.readers.tflite.file import FileTensor, Operation
from cnncli.readers.tflite.layers import shape_of
from cnncli.readers.tflite.moves import axis_of, steps, taken
from cnncli.readers.tflite.operators import ACTIVATIONS, append

Exact = Callable[[Assembly, Operation, str], bool]
"""`exact(assembly, operation, name)` appends the layers, and says whether it did."""


def append_exactly(assembly: Assembly, operation: Operation, name: str) -> None:
    """Append what an operation is, as operators.append does, by layers that give the same numbers."""
    exact = None if operation.custom else EXACT.get(operation.name)
    try:
        if exact is not None and exact(assembly, operation, name):
            return
    except LayerError:  # options or shapes that no layer has
        pass
    append(assembly, operation, name)


def _unlike(assembly: Assembly, operation: Operation, name: str, source: FileTensor | None = None) -> bool:
    """An operation that no layer computes, by its name; it reads the first input unless another is given."""
    layer = Moving(operation.name.title().replace("_", ""), assembly.shape(operation.output))
    assembly.apply(layer, [operation.source if source is None else source], operation.output, name=name)
    return True


def _between(assembly: Assembly, shape: Any, like: FileTensor) -> Tensor:
    """A tensor on the way to an operation's output, of a shape as the file would write it."""
    return Tensor("", shape, like.dtype, quantized=like.quantized)


# Arithmetic whose first operand is a constant.

_STEPS = {"SUB": ("Negative", "Add"), "DIV": ("Reciprocal", "Multiply")}
"""c - x is -x + c, and c / x is 1 / x * c."""
_OF_TWO_SIDES = (
    "SUB", "DIV", "POW", "FLOOR_DIV", "FLOOR_MOD", "ATAN2", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL",
)  # fmt: skip
"""Operations of which it matters which side is which."""


def _of_two_sides(assembly: Assembly, operation: Operation, name: str) -> bool:
    constant, source = operation.input(0), operation.input(1)
    if constant is None or source is None or not constant.constant or assembly.has(constant):
        return False
    if operation.name not in _STEPS or not assembly.has(source):
        return _unlike(assembly, operation, name, source)
    first, second = _STEPS[operation.name]
    turned = _between(assembly, source.shape, source)
    assembly.apply(Elementwise(first), [source], turned, name=f"{name}/{first.lower()}")
    shape = assembly.operand(constant, turned)
    weights = [assembly.weight("constant", constant, shape)] if constant.is_weight else []
    output: Tensor = operation.output
    fused = operation.fused
    if fused != "linear":
        output = _between(assembly, operation.output.shape, operation.output)
    assembly.apply(Elementwise(second, shape, constant.value), [turned], output, name=name, weights=weights)
    if fused != "linear":
        assembly.apply(ACTIVATIONS[fused], [output], operation.output, name=f"{name}/{fused}")
    return True


# Parts of tensors.


def _slice(assembly: Assembly, operation: Operation, name: str) -> bool:
    """The part, and where an axis goes or comes a reshape of it."""
    found = _taken(operation)
    if found is None or UNKNOWN in found or not assembly.is_batched(operation.source):
        return _unlike(assembly, operation, name)
    kept = [step for step in found if step is not None]
    ranges = [range(step, step + 1) if isinstance(step, int) else step for step in kept]
    batch, *others = ranges
    if batch != range(len(batch)) or len(batch) != (operation.source.shape or (0,))[0] or isinstance(kept[0], int):
        return _unlike(assembly, operation, name)
    _part(assembly, operation.source, operation.output, others, name)
    return True


def _taken(operation: Operation) -> Any:
    """What is taken along each axis: as moves.steps says it."""
    if operation.name == "STRIDED_SLICE":
        return steps(operation)
    shape, begin, size = shape_of(operation, 0), operation.values(1), operation.values(2)
    if begin is None or size is None or not len(shape) == len(begin) == len(size):
        return None
    along = zip(shape, begin, size, strict=True)
    return [taken(cells, first, cells if count == -1 else first + count, 1) for cells, first, count in along]


def _part(assembly: Assembly, source: FileTensor, output: FileTensor, ranges: list[range], name: str) -> None:
    """The cells of some ranges, one an axis behind the batch's, in the shape of the output."""
    batch, *sizes = source.shape or ()
    counts = tuple(len(each) for each in ranges)
    layer = Slice(
        shape=counts, begin=tuple(_start(each) for each in ranges), strides=tuple(each.step for each in ranges)
    )
    if counts == assembly.shape(output):
        assembly.apply(layer, [source], output, name=name)
        return
    part: Tensor = _between(assembly, (batch, *counts), output)
    if list(counts) == sizes:
        part = source
    else:
        assembly.apply(layer, [source], part, name=f"{name}/slice")
    assembly.apply(Reshape(assembly.shape(output)), [part], output, name=name)


def _start(cells: range) -> int:
    return cells.start if len(cells) else 0


def _split(assembly: Assembly, operation: Operation, name: str) -> bool:
    """Each part is a slice; of UNPACK without the axis along which it is one cell."""
    number, axis = _split_along(operation)
    source = operation.input(number)
    if source is None or source.shape is None or axis is None or not assembly.is_batched(source):
        return False
    place, start = axis_of(axis, source.rank), 0
    if not place or any(size is UNKNOWN for size in source.shape[1:]):
        return False
    for each, output in enumerate(operation.outputs):
        size = 1 if operation.name == "UNPACK" else (output.shape or ())[place]
        if size is UNKNOWN:
            return False
        ranges = [range(cells) for cells in source.shape[1:]]
        ranges[place - 1] = range(start, start + size)
        _part(assembly, source, output, ranges, f"{name}/{each}")
        start += size
    return True


def _split_along(operation: Operation) -> tuple[int, int | None]:
    """Which input is cut, and along which axis."""
    if operation.name == "UNPACK":
        return 0, operation.option(1)
    number, of_axis = (1, 0) if operation.name == "SPLIT" else (0, 2)
    axes = operation.values(of_axis)
    return number, axes[0] if axes else None


# Resizes.


def _resize(assembly: Assembly, operation: Operation, name: str) -> bool:
    """By the options of ResizeBilinearOptions (its first two fields are none any more), or of the nearest cells."""
    interpolation = "bilinear" if operation.name == "RESIZE_BILINEAR" else "nearest"
    first = 2 if interpolation == "bilinear" else 0
    aligned, centred = operation.option(first, "?", False), operation.option(first + 1, "?", False)
    if aligned and centred:
        return _unlike(assembly, operation, name)
    height, width, _ = assembly.shape(operation.output)
    layer: Layer = Resizing(height, width, interpolation)
    if not (centred or (interpolation == "nearest" and not aligned and _is_whole(assembly, operation))):
        layer = PlacedResizing(height, width, interpolation, "align_corners" if aligned else "asymmetric")
    assembly.apply(layer, [operation.source], operation.output, name=name)
    return True


def _is_whole(assembly: Assembly, operation: Operation) -> bool:
    """Whether each cell is repeated: then the nearest is the same by all coordinates."""
    before, after = assembly.shape(operation.source), assembly.shape(operation.output)
    return all(_times(*each) for each in zip(before[:2], after[:2], strict=True))


def _times(before: Any, after: Any) -> bool:
    return UNKNOWN not in (before, after) and bool(before) and after % before == 0


# Functions with options.


def _gelu(assembly: Assembly, operation: Operation, name: str) -> bool:
    """Keras's is not the approximation by tanh, unless it is told."""
    if not operation.option(0, "?", False):
        return False
    assembly.apply(Elementwise("ApproximateGelu"), [operation.source], operation.output, name=name)
    return True


def _softmax(assembly: Assembly, operation: Operation, name: str) -> bool:
    """Of a multiple of the input, which is 1 in all files of the converter."""
    return operation.option(0, "f", 0.0) != 1.0 and _unlike(assembly, operation, name)


def _concatenation(assembly: Assembly, operation: Operation, name: str) -> bool:
    """Constants among the inputs are nodes without the batch axis, which the others have."""
    rank, batch = operation.output.rank, assembly.batch
    constants = [each for each in operation.inputs if each is not None and each.constant and not assembly.has(each)]
    if not assembly.is_batched(operation.output):
        return False
    for each in constants:
        if each.rank == rank and batch == 1 and each.shape and each.shape[0] == 1:
            assembly.hold(each, each.shape[1:], [assembly.weight("constant", each, each.shape[1:])])
    return False


def _batch_matmul(assembly: Assembly, operation: Operation, name: str) -> bool:
    """Of two computed matrices, each turned before where the operation does that (BatchMatMulOptions)."""
    sides = [each for each in operation.inputs if each is not None and assembly.has(each)]
    if len(sides) != 2 or not all(map(assembly.is_batched, sides)):
        return False
    read: list[Tensor] = []
    for number, side in enumerate(sides):
        turned: Tensor = side
        if operation.option(number, "?", False):
            *outer, rows, columns = side.shape or ()
            turned = _between(assembly, (*outer, columns, rows), side)
            rank = len(outer) + 1
            dims = (*range(1, rank - 1), rank, rank - 1)
            assembly.apply(Permute(dims), [side], turned, name=f"{name}/turned{number or ''}")
        read.append(turned)
    assembly.apply(MatMul(assembly.shape(operation.output)), read, operation.output, name=name)
    return True


EXACT: dict[str, Exact] = {
    **dict.fromkeys(_OF_TWO_SIDES, _of_two_sides), **dict.fromkeys(("SLICE", "STRIDED_SLICE"), _slice),
    **dict.fromkeys(("SPLIT", "SPLIT_V", "UNPACK"), _split),
    **dict.fromkeys(("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"), _resize), "GELU": _gelu, "SOFTMAX": _softmax,
    "CONCATENATION": _concatenation, "BATCH_MATMUL": _batch_matmul,
}  # fmt: skip
"""Of the operations those that are read otherwise where the layers are to compute the same."""
