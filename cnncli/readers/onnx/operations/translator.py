"""What operations of ONNX are appended to a graph with: names, layouts, layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import isclose

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Layer, Node, Shape, Weight
from cnncli.graph.layers import (
    Activation,
    Add,
    Average,
    Elementwise,
    LeakyReLU,
    Maximum,
    Minimum,
    Moving,
    Multiply,
    Opaque,
    Pad,
    Permute,
    ReLU,
    Select,
    Subtract,
    ZeroPadding1D,
    ZeroPadding2D,
)
from cnncli.graph.roles import KERNELS
from cnncli.readers.assembly import Assembly, lone
from cnncli.readers.onnx.model import Operation, Value
from cnncli.readers.onnx.weights import held_by

Translation = Callable[["Translator", Operation], None]


_ENDS = re.compile(r"[./](weight|kernel|W|w_0|weight_quantized|weights|Conv2D|MatMul)(_quantized)?(:0)?$")


_OF_KERNEL = re.compile(r"/(Conv2D|Conv2DBackpropInput|conv2d_transpose|depthwise|convolution|MatMul|Tensordot)\d*$")


def _of_several(name: str, has_kernel: bool) -> str:
    """Of the names of all operations that are one in a TFLite file, which is what the ONNX file was made of, one.

    What computes with a kernel is called as TensorFlow called that, behind whose name no other's is put; what does not
    is called by the first.
    """
    parts = [part for part in name.split(";") if part] or [name]
    of_kernels = [part for part in parts if _OF_KERNEL.search(part)] if has_kernel else []
    return of_kernels[-1] if of_kernels else parts[0]


def _is_numbered(name: str, kind: str) -> bool:
    """Whether a name says no more than the operation's type and a number, as exporters write who know no better."""
    return re.fullmatch(rf"(?i)({re.escape(kind)}|node|op|n)?[_@.:]?\d*", name) is not None


class Translator:
    """Appends operations to an assembly.

    `layouts` are what tensors' readers want (see layouts.py); `quantizes` is whether what is computed is quantized,
    not the weights alone. `exact` is whether the layers are to compute what the file does, cell by cell (see exact.py).
    """

    def __init__(self, assembly: Assembly, *, raw: bool, exact: bool = False) -> None:
        self.assembly, self.raw, self.exact = assembly, raw, exact
        self.layouts: dict[str, bool] = {}
        self.quantizes = False
        self.numbers: dict[str, tuple[float, ...]] | None = None
        """Operands that are no weights, by the layer that takes one; None where they are not asked for."""
        self._twins: dict[tuple[int, bool], Value] = {}

    @property
    def quantization(self) -> str:
        """How weights are quantized, in a word or two."""
        weights = {each.dtype for node in self.assembly.graph.nodes for each in node.own_weights if len(each.shape) > 1}
        small = sorted(dtype for dtype in weights if "int" in dtype)
        if small:
            return "/".join(small) if self.quantizes else f"{'/'.join(small)} weights"
        halves = sorted(dtype for dtype in weights if dtype in ("float16", "bfloat16") or dtype.startswith("float8"))
        return halves[0] if halves and "float32" not in weights else ""

    # Names and layouts.

    def name(self, operation: Operation, kernel: Value | None = None) -> str:
        """The node's name if it speaks, else its kernel's, else its output's."""
        written = _of_several(operation.name, kernel is not None)
        if written and not _is_numbered(written, operation.kind):
            return written
        for root in kernel.roots if kernel is not None else ():
            found = _ENDS.sub("", root.name)
            if found != root.name and re.search(r"[A-Za-z]", found):
                return found
        output = operation.outputs[0].name if operation.outputs else ""
        if not written and output and not output.isdigit():
            return output
        return written or f"{operation.kind}_{output}"

    def laid_out(self, value: Value, first: bool) -> Value:
        """The tensor with its channels first, or last: moved where it is otherwise."""
        if len(value.shape or ()) < 3 or value.channels_first == first or not self.assembly.is_batched(value):
            return value
        key = (id(value), first)
        if key not in self._twins:
            rank = len(value.shape or ()) - 1
            dims = (*range(2, rank + 1), 1) if first else (rank, *range(1, rank))
            twin = Value(f"{value.name}.layout", value.shape, value.dtype)
            self.assembly.apply(Permute(dims), [value], twin, channels_first=first)
            self._twins[key] = twin
        return self._twins[key]

    def layout(self, inputs: Sequence[Value], output: Value) -> bool:
        """Whether the output has its channels first, as inputs of its rank have."""
        rank = output.rank
        return any(each.channels_first and each.rank == rank for each in inputs if not each.constant)

    def new_layout(self, output: Value, like: Value | None = None) -> bool:
        """The layout of a tensor whose axes are new: as its readers want it, else as it was if it has the channels."""
        if output.rank < 3:
            return False
        wanted = self.layouts.get(output.name)
        if wanted is None and like is not None and like.channels_first and like.shape and output.shape:
            return like.rank == output.rank or like.shape[1] == output.shape[1]
        return bool(wanted)

    # Ways to append.

    def held(self, values: Sequence[Value | None]) -> list[Weight]:
        """The parameters among some inputs, as they are."""
        return [each for value in values if value is not None and value.constant for each in held_by(value)]

    def modest(
        self, layer: Layer, inputs: Sequence[Value], output: Value, *, name: str, channels_first: bool = False,
        weights: Sequence[Weight] | None = None,
    ) -> None:  # fmt: skip
        """Append a layer without a kernel; where it does not fit, one of its name that takes the file's word."""
        output.channels_first = channels_first and output.rank >= 3
        expected = self.assembly.shape(output)
        shapes = [self.assembly.node(each).shape for each in inputs]
        try:
            fits = _alike(layer.output_shape(*shapes), expected)
        except LayerError:
            fits = False
        made = layer if fits else Moving(layer.type, expected)
        given = weights if fits or weights is not None else ()
        self.assembly.apply(made, inputs, output, name=name, weights=given, channels_first=output.channels_first)

    def simple(self, kind: str, inputs: Sequence[Value], output: Value, *, name: str) -> None:
        """An operation cell by cell; constants among the inputs are its weights, the others are broadcast."""
        computed = [each for each in inputs if not each.constant]
        first = self.layout(computed, output)
        computed = [self.laid_out(each, first) if each.rank == output.rank else each for each in computed]
        output.channels_first = first
        constants = [each for each in inputs if each.constant]
        if not constants:
            merge = _MERGING.get(kind)
            layer: Layer = merge() if merge and len(computed) > 1 else Elementwise(_SPELLED.get(kind, kind))
            self.modest(layer, computed, output, name=name, channels_first=first)
            return
        if self.exact and len(inputs) == 2 and inputs[0].constant and kind in _OF_TWO_SIDES:
            self._from_constant(kind, inputs, output, name)
            return
        operand = self.assembly.operand(constants[0], output)
        weights = [
            each for value in constants if value.shape for each in held_by(value, self.assembly.order(value, output))
        ]
        layer = Elementwise(_SPELLED.get(kind, kind), operand, number_of(constants))
        self.modest(layer, computed, output, name=name, channels_first=first, weights=weights)
        self._keep_numbers(name, constants)

    def _keep_numbers(self, name: str, constants: Sequence[Value]) -> None:
        if self.numbers is None or len(constants) != 1 or any(root.counts for root in constants[0].roots):
            return
        values = [lone([each]) for each in constants[0].known() or ()]
        if values and all(each is not None for each in values):
            self.numbers[name] = tuple(each for each in values if each is not None)

    def _from_constant(self, kind: str, inputs: Sequence[Value], output: Value, name: str) -> None:
        """A difference or a quotient whose first side is a constant, in two steps whose order makes no difference.

        Of what else depends on the order no layer says which side the constant is.
        """
        constant, source = inputs
        if kind not in _STEPS:
            layer = Moving(kind, self.assembly.shape(output))
            self.modest(layer, [source], output, name=name, channels_first=output.channels_first)
            return
        first, second = _STEPS[kind]
        turned = Value(f"{name}.{first.lower()}", source.shape, source.dtype)
        self.modest(Elementwise(first), [source], turned, name=turned.name, channels_first=source.channels_first)
        self.simple(second, [turned, constant], output, name=name)

    def activation(
        self, kind: str, source: Value, output: Value, name: str, settings: Sequence[float] = ()
    ) -> None:  # fmt: skip
        """A function of each cell, of those settings that a kernel is fused with."""
        made = _FUNCTIONS.get(kind)
        layer = made() if made else Elementwise(_SPELLED.get(kind, kind))
        if kind == "Clip" and len(settings) == 2:
            layer = clipped(*settings)
        if kind == "LeakyRelu" and settings:
            layer = LeakyReLU(settings[0])
        self.modest(layer, [source], output, name=name, channels_first=source.channels_first, weights=())

    def moving(self, operation: Operation, channels_first: bool | None = None) -> None:
        """An operation that multiplies nothing, whose output's shape is as inferred."""
        computed = [each for each in operation.inputs if each is not None and not each.constant]
        for output in operation.outputs:
            output.channels_first = self.layout(computed, output) if channels_first is None else channels_first
        shape = self.assembly.shape(operation.outputs[0])
        weights = self.held([each for each in operation.inputs if each is not None and each.shape])
        self.assembly.several(
            Moving(operation.kind, shape), computed, operation.outputs, name=self.name(operation), weights=weights
        )

    def clamping(self, operation: Operation, scale: Value | None, point: Value | None) -> tuple[str, Sequence[float]]:
        """The activation that a quantization is, as tools fuse one with what is before: Relu, or a Clip at 0 and 6.

        Where the least integer stands for 0, nothing is left below it. Empty where that is not so, and of a raw graph.
        """
        dtype = operation.outputs[0].dtype
        if self.raw or dtype not in _RANGES or scale is None or not scale.constant:
            return "", ()
        least, most = _RANGES[dtype]
        zero, step = (0 if point is None else point.scalar()), scale.scalar()
        if zero is UNKNOWN or step is UNKNOWN or zero != least or step is None:
            return "", ()
        return ("Clip", (0.0, 6.0)) if isclose(step * (most - least), 6, rel_tol=1e-2) else ("Relu", ())

    def may_be_negative(self, value: Value) -> bool:
        """Whether a tensor is what a kernel gives, or a sum of that: then clamping it at zero does something."""
        node = _at_work(self.assembly.node(value))
        if node.layer.role in KERNELS:
            return True
        adds = node.layer.combines == "sum" or getattr(node.layer, "operation", "") == "Add"
        return adds and any(_at_work(each).layer.role in KERNELS for each in node.inputs)

    def select_others(self, operation: Operation) -> None:
        """What an operation gives beside its result, as a mean and a deviation, where the file has a name for it."""
        for number, output in enumerate(operation.outputs[1:], 1):
            if output.name and not self.assembly.has(output):
                select = Select(number, self.assembly.shape(output))
                name = f"{self.name(operation)}:{number}"
                self.assembly.apply(select, operation.outputs[:1], output, name=name, weights=(), channels_first=False)

    def opaque(self, operation: Operation, captured: Sequence[Value] = ()) -> None:
        """An operation whose work is not known, with what it reads."""
        read = [each for each in (*operation.inputs, *captured) if each is not None]
        known = [each for each in read if each.constant or self.assembly.has(each)]
        for output in operation.outputs:
            output.channels_first = self.layout([each for each in known if not each.constant], output)
        self.assembly.opaque(operation.kind, known, operation.outputs, name=self.name(operation))

    def join(
        self, operation: Operation, layer: Opaque, inputs: Sequence[Value], outputs: Sequence[Value],
        weights: Sequence[Weight],
    ) -> None:  # fmt: skip
        """What chooses among graphs: what was read of one goes through it, the weights of the other belong to it."""
        for source, output in zip(inputs, outputs, strict=False):
            output.channels_first = source.channels_first
        condition = [each for each in operation.inputs if each is not None and not each.constant]
        self.assembly.several(layer, [*condition, *inputs], outputs, name=self.name(operation), weights=weights)

    def pad(
        self, inputs: Sequence[Value], output: Value, pads: Sequence[tuple[int, int]], mode: str, *, name: str,
        zeros: bool,
    ) -> None:  # fmt: skip
        """Cells around a map; `pads` are of its axes in space."""
        layer = _padding_layer(output.rank, pads) if zeros else None
        if layer is None:
            layer = Pad(
                shape=self.assembly.shape(output), paddings=(*pads, (0, 0)), mode=mode, value=0.0 if zeros else None
            )
        self.modest(layer, inputs, output, name=name, channels_first=output.channels_first)

    def show_constant(self, operation: Operation) -> None:
        """A node for what a raw graph does to weights; what reads the result takes it as the constant that it is."""
        source, output = operation.inputs[0] if operation.inputs else None, operation.outputs[0]
        if source is None or not any(root.counts for root in output.roots):
            return
        layer = Moving(operation.kind, tuple(output.shape or ()))
        node, name = self.assembly.node(source), self.assembly.free(self.name(operation))
        self.assembly.graph.add(layer, node, name=name, dtype=output.dtype, weights=())


def _padding_layer(rank: int, pads: Sequence[tuple[int, int]]) -> Layer | None:
    """Zeros around height and width, or before and behind steps; None for other ranks."""
    if rank == 4:
        return ZeroPadding2D(tuple(pads))  # type: ignore[arg-type]
    return ZeroPadding1D(pads[0]) if rank == 3 else None


_RANGES = {"uint8": (0, 255), "int8": (-128, 127), "uint16": (0, 65535), "int16": (-32768, 32767)}
"""The least and the greatest integer of what quantized values are held in."""


def _at_work(node: Node) -> Node:
    """The nearest node at or above this one that does something at inference."""
    while node.layer.idle and len(node.inputs) == 1:
        (node,) = node.inputs
    return node


def _alike(found: Shape, expected: Shape) -> bool:
    return len(found) == len(expected) and all(
        one is UNKNOWN or other is UNKNOWN or one == other for one, other in zip(found, expected, strict=True)
    )


def first_input(operation: Operation) -> Value:
    """The tensor that an operation is about."""
    found = operation.inputs[0]
    if found is None:
        raise ValueError(f"{operation.kind} without an input")
    return found


def number_of(constants: Sequence[Value]) -> float | None:
    """The value of a lone constant of one cell; one of integers that stand for real numbers is not looked up."""
    if len(constants) != 1 or constants[0].quantized or constants[0].dtype in ("int8", "uint8"):
        return None
    return lone(constants[0].known())


def clipped(low: float | None, high: float | None) -> Layer:
    if low == 0 and high is not None and high >= 0:
        return ReLU() if high > 3e38 else ReLU(max_value=float(high))
    if low == 0 and high is None:
        return ReLU()
    if low is None and high is not None:
        return Elementwise("Minimum", (), lone([high]))
    if high is None and low is not None:
        return Elementwise("Maximum", (), lone([low]))
    return Activation("hard_tanh") if (low, high) == (-1, 1) else Elementwise("Clip")


_MERGING: dict[str, Callable[[], Layer]] = {
    "Add": Add, "Sum": Add, "Sub": Subtract, "Mul": Multiply, "Max": Maximum, "Min": Minimum, "Mean": Average,
}  # fmt: skip


_STEPS = {"Sub": ("Negative", "Add"), "Div": ("Reciprocal", "Mul")}
"""c - x is -x + c, and c / x is 1 / x * c."""
_OF_TWO_SIDES = frozenset({*_STEPS, "Pow", "Mod", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"})
"""Operations of which it matters which side is which."""


_SPELLED = {
    "Sub": "Subtract", "Mul": "Multiply", "Div": "Divide", "Pow": "Power", "Max": "Maximum", "Min": "Minimum",
    "Sum": "Add", "Mean": "Average", "Neg": "Negative", "GreaterOrEqual": "GreaterEqual", "LessOrEqual": "LessEqual",
}  # fmt: skip
"""As graph/layers/elementwise.py names them: TensorFlow's names."""


_FUNCTIONS: dict[str, Callable[[], Layer]] = {
    "Relu": ReLU,
    **{
        kind: lambda name=name: Activation(name)  # type: ignore[misc]
        for kind, name in {
            "Sigmoid": "sigmoid", "Tanh": "tanh", "Softplus": "softplus", "Softsign": "softsign", "Gelu": "gelu",
            "Mish": "mish", "HardSwish": "hard_silu",
        }.items()
    },
}  # fmt: skip
"""Functions that Keras has by a name of its own."""
