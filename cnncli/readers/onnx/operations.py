"""Operations of ONNX as layers. What has a kernel stands in onnx_kernels."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Layer, Shape, Weight
from cnncli.graph.layers import (
    ELU,
    Activation,
    Add,
    Average,
    BatchNormalization,
    Cast,
    Concatenate,
    DepthToSpace,
    Dequantize,
    Dropout,
    Elementwise,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GroupNormalization,
    Identity,
    LayerNormalization,
    LeakyReLU,
    LocalResponseNormalization,
    Maximum,
    Minimum,
    Moving,
    Multiply,
    Opaque,
    Pad,
    Permute,
    PReLU,
    Quantize,
    Reduce,
    ReLU,
    Reshape,
    Resizing,
    Slice,
    Softmax,
    SpaceToDepth,
    Subtract,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding2D,
)
from cnncli.readers.assembly import Assembly, lone
from cnncli.readers.onnx.kernels import convolution, packed_product, padding_layer, pooling, product, transposed
from cnncli.readers.onnx.model import Open, Operation, Value
from cnncli.readers.onnx.shapes import (
    BINARY,
    COMPARING,
    REDUCING,
    UNARY,
    axis_of,
    concatenated,
    order_of,
    pads_of,
    reduced_axes,
)
from cnncli.readers.onnx.values import slices
from cnncli.readers.onnx.weights import as_weights, held_by

Translation = Callable[["Translator", Operation], None]


_ENDS = re.compile(r"[./](weight|kernel|W|w_0|weight_quantized|weights|Conv2D|MatMul)(_quantized)?(:0)?$")


def _is_numbered(name: str, kind: str) -> bool:
    """Whether a name says no more than the operation's type and a number, as exporters write who know no better."""
    return re.fullmatch(rf"(?i)({re.escape(kind)}|node|op|n)?[_@.:]?\d*", name) is not None


class Translator:
    """Appends operations to an assembly.

    `layouts` are what tensors' readers want (see onnx_layouts); `quantizes` is whether what is computed is quantized,
    not the weights alone.
    """

    def __init__(self, assembly: Assembly, *, raw: bool) -> None:
        self.assembly, self.raw = assembly, raw
        self.layouts: dict[str, bool] = {}
        self.quantizes = False
        self._twins: dict[tuple[int, bool], Value] = {}

    def translate(self, operation: Operation, captured: Sequence[Value] = ()) -> None:
        """Whatever does not fit is an opaque layer: its shapes and weights are told all the same."""
        found = TRANSLATIONS.get((operation.domain, operation.kind))
        if found is None:
            self.opaque(operation, captured)
            return
        try:
            found(self, operation)
        except (LayerError, Open, TypeError, IndexError, ValueError, ZeroDivisionError, OverflowError):
            if self.assembly.has(operation.outputs[0]):
                raise
            self.moving(operation) if operation.kind in _HARMLESS else self.opaque(operation, captured)

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
        written = operation.name
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
        """The parameters among some inputs."""
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
        operand = self.assembly.operand(constants[0], output)
        weights = self.held([each for each in constants if each.shape])
        layer = Elementwise(_SPELLED.get(kind, kind), operand, _number(constants))
        self.modest(layer, computed, output, name=name, channels_first=first, weights=weights)

    def activation(
        self, kind: str, source: Value, output: Value, name: str, settings: Sequence[float] = ()
    ) -> None:  # fmt: skip
        """A function of each cell, of those settings that a kernel is fused with."""
        made = _FUNCTIONS.get(kind)
        layer = made() if made else Elementwise(_SPELLED.get(kind, kind))
        if kind == "Clip" and len(settings) == 2:
            layer = _clipped(*settings)
        if kind == "LeakyRelu" and settings:
            layer = LeakyReLU(settings[0])
        self.modest(layer, [source], output, name=name, channels_first=source.channels_first)

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
        layer = padding_layer(output.rank, pads) if zeros else None
        if layer is None:
            layer = Pad(shape=self.assembly.shape(output), paddings=(*pads, (0, 0)), mode=mode)
        self.modest(layer, inputs, output, name=name, channels_first=output.channels_first)

    def show_constant(self, operation: Operation) -> None:
        """A node for what a raw graph does to weights; what reads the result takes it as the constant that it is."""
        source, output = operation.inputs[0] if operation.inputs else None, operation.outputs[0]
        if source is None or not any(root.counts for root in output.roots):
            return
        layer = Moving(operation.kind, tuple(output.shape or ()))
        node, name = self.assembly.node(source), self.assembly.free(self.name(operation))
        self.assembly.graph.add(layer, node, name=name, dtype=output.dtype, weights=())


def _alike(found: Shape, expected: Shape) -> bool:
    return len(found) == len(expected) and all(
        one is UNKNOWN or other is UNKNOWN or one == other for one, other in zip(found, expected, strict=True)
    )


def _first(operation: Operation) -> Value:
    """The tensor that an operation is about."""
    found = operation.inputs[0]
    if found is None:
        raise ValueError(f"{operation.kind} without an input")
    return found


# Cell by cell.


def _function(translator: Translator, operation: Operation) -> None:
    translator.activation(operation.kind, _first(operation), operation.outputs[0], translator.name(operation))


def _layer(make: Callable[[Operation], Layer]) -> Translation:
    """A layer of one input that keeps its layout."""

    def translate(translator: Translator, operation: Operation) -> None:
        source = _first(operation)
        translator.modest(
            make(operation), [source], operation.outputs[0], name=translator.name(operation),
            channels_first=source.channels_first,
        )  # fmt: skip
        for other in operation.outputs[1:]:  # Dropout's mask: all true at inference
            translator.modest(
                Elementwise("Mask"), [source], other, name=other.name or f"{operation.name}.mask",
                channels_first=source.channels_first,
            )  # fmt: skip

    return translate


def _number(constants: Sequence[Value]) -> float | None:
    """The value of a lone constant of one cell; one of integers that stand for real numbers is not looked up."""
    if len(constants) != 1 or constants[0].quantized or constants[0].dtype in ("int8", "uint8"):
        return None
    return lone(constants[0].known())


def _hard_sigmoid(operation: Operation) -> Layer:
    """Keras's is relu6(x + 3) / 6: max(0, min(1, x / 6 + 0.5))."""
    alpha, beta = operation.attributes.real("alpha", 0.2), operation.attributes.real("beta", 0.5)
    same = abs(alpha - 1 / 6) < 1e-4 and abs(beta - 0.5) < 1e-6
    return Activation("hard_sigmoid") if same else Elementwise("HardSigmoid")


def _clip(operation: Operation) -> Layer:
    """Bounds are attributes until opset 10, inputs since."""
    bounds: list[Any] = []
    for number, name in enumerate(("min", "max"), 1):
        given = operation.input(number)
        value = operation.attributes.real(name) if name in operation.attributes else given and given.scalar()
        bounds.append(value)
        if given is not None and value is None:
            return Elementwise("Clip")
    return _clipped(*bounds)


def _clipped(low: float | None, high: float | None) -> Layer:
    if low == 0 and high is not None and high >= 0:
        return ReLU() if high > 3e38 else ReLU(max_value=float(high))
    if low == 0 and high is None:
        return ReLU()
    return Activation("hard_tanh") if (low, high) == (-1, 1) else Elementwise("Clip")


def _selu(operation: Operation) -> Layer:
    alpha, gamma = operation.attributes.real("alpha", 1.67326), operation.attributes.real("gamma", 1.0507)
    same = abs(alpha - 1.67326) < 1e-3 and abs(gamma - 1.0507) < 1e-3
    return Activation("selu") if same else Elementwise("Selu")


def _plain(activation: str, name: str, default: float) -> Callable[[Operation], Layer]:
    """A function that Keras has with one setting alone."""

    def make(operation: Operation) -> Layer:
        same = operation.attributes.real(name, default) == 1.0
        return Activation(activation) if same else Elementwise(operation.kind)

    return make


def _prelu(translator: Translator, operation: Operation) -> None:
    source, slope = _first(operation), operation.input(1)
    if slope is None or not slope.constant:
        translator.simple("PRelu", [source, *([slope] if slope else [])], operation.outputs[0],
                          name=translator.name(operation))  # fmt: skip
        return
    shape = translator.assembly.shape(source)
    alpha = translator.assembly.operand(slope, source)
    alpha = (1,) * (len(shape) - len(alpha)) + tuple(alpha)
    shared = tuple(axis for axis, size in enumerate(alpha, 1) if size == 1 and shape[axis - 1] != 1)
    weights = as_weights(slope, "alpha", alpha)
    translator.modest(
        PReLU(shared or None), [source], operation.outputs[0], name=translator.name(operation), weights=weights,
        channels_first=source.channels_first,
    )  # fmt: skip


def _softmax(translator: Translator, operation: Operation) -> None:
    """Until opset 12 over all axes from `axis` (1) on, since then along `axis` (-1) alone."""
    source = _first(operation)
    old = operation.version < 13
    shape = source.shape or ()
    axis = axis_of(operation.attributes.number("axis", 1 if old else -1), len(shape))
    if old and prod(shape[axis + 1 :]) != 1:
        several = [each for each, size in enumerate(shape) if each >= axis and size != 1]
        axis = several[0] if len(several) == 1 else -1
    place = translator.assembly.axis(source, axis) if axis >= 0 else 0
    last = place == len(translator.assembly.shape(source))
    logarithmic = operation.kind == "LogSoftmax"
    if place < 1 or (logarithmic and not last):
        layer: Layer = Elementwise(operation.kind)
    else:
        layer = Activation("log_softmax") if logarithmic else Softmax(-1 if last else place)
    translator.modest(
        layer, [source], operation.outputs[0], name=translator.name(operation), channels_first=source.channels_first
    )


def _binary(translator: Translator, operation: Operation) -> None:
    inputs = [each for each in operation.inputs if each is not None]
    if len(inputs) == 1:
        translator.modest(Identity(), inputs, operation.outputs[0], name=translator.name(operation),
                          channels_first=inputs[0].channels_first)  # fmt: skip
        return
    if "axis" in operation.attributes and inputs[1].constant:
        inputs[1] = _aligned(inputs[1], operation.attributes.number("axis"), inputs[0].rank)
    translator.simple(operation.kind, inputs, operation.outputs[0], name=translator.name(operation))


def _aligned(value: Value, axis: int, rank: int) -> Value:
    """Until opset 6 a smaller operand may begin at any axis of the larger one."""
    shape = value.shape or ()
    behind = (1,) * (rank - axis_of(axis, rank) - len(shape))
    return Value(value.name, (*shape, *behind), value.dtype, True, identity=value.identity, roots=value.roots)


def _quantized_binary(translator: Translator, operation: Operation) -> None:
    inputs = [each for each in (operation.input(0), operation.input(3)) if each is not None]
    translator.quantizes = True
    kind = operation.kind.removeprefix("QLinear")
    translator.simple(kind, inputs, operation.outputs[0], name=translator.name(operation))


def _quantized_function(translator: Translator, operation: Operation) -> None:
    translator.quantizes = True
    kind = operation.kind.removeprefix("QLinear")
    source, output = _first(operation), operation.outputs[0]
    if kind == "Softmax":
        translator.modest(Softmax(), [source], output, name=translator.name(operation),
                          channels_first=source.channels_first)  # fmt: skip
        return
    layer: Layer = LeakyReLU(operation.attributes.real("alpha", 0.01)) if kind == "LeakyRelu" else Activation("sigmoid")
    translator.modest(layer, [source], output, name=translator.name(operation), channels_first=source.channels_first)


def _biased(kind: str) -> Translation:
    """onnxruntime's functions with a bias of their own before them."""

    def translate(translator: Translator, operation: Operation) -> None:
        source, bias, output = _first(operation), operation.input(1), operation.outputs[0]
        if bias is not None:
            summed = Value(f"{operation.name}.bias", source.shape, source.dtype)
            translator.simple("Add", [source, bias], summed, name=f"{translator.name(operation)}.bias")
            source = summed
        translator.activation(kind, source, output, translator.name(operation))

    return translate


def _recode(translator: Translator, operation: Operation) -> None:
    source, output = _first(operation), operation.outputs[0]
    quantizes = operation.kind != "DequantizeLinear"
    translator.quantizes = True
    layer = Quantize(output.dtype) if quantizes else Dequantize(output.dtype)
    outputs = operation.outputs
    weights = translator.held([each for each in operation.inputs[1:] if each is not None and each.shape])
    for each in outputs:
        each.channels_first = source.channels_first and each.rank == source.rank
    translator.assembly.several(layer, [source], outputs, name=translator.name(operation), weights=weights)


# Normalization.


def _batch_norm(translator: Translator, operation: Operation) -> None:
    source, output = translator.laid_out(_first(operation), True), operation.outputs[0]
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    given = [operation.input(number) for number in range(1, 5)]
    if any(each is None or not each.constant for each in given):
        translator.opaque(operation)
        return
    weights = [
        each
        for name, value in zip(names, given, strict=True)
        if value is not None
        for each in as_weights(value, name, trainable=not name.startswith("moving"))
    ]
    layer = BatchNormalization(epsilon=operation.attributes.real("epsilon", 1e-5))
    name = translator.name(operation, given[0])
    translator.assembly.apply(layer, [source], output, name=name, weights=weights, channels_first=source.channels_first)
    for other in operation.outputs[1:]:  # statistics, in training
        if other.name:
            translator.assembly.several(
                Moving("Statistics", translator.assembly.shape(other)), [source], [other], name=other.name, weights=()
            )


def _group_norm(translator: Translator, operation: Operation) -> None:
    source = translator.laid_out(_first(operation), True)
    groups = operation.attributes.number("num_groups", -1)
    layer = GroupNormalization(groups, operation.attributes.real("epsilon", 1e-5))
    _affine(translator, operation, layer, source, (operation.input(1), operation.input(2)))


def _affine(
    translator: Translator, operation: Operation, layer: Layer, source: Value, given: Sequence[Value | None],
    channels_first: bool | None = None,
) -> None:  # fmt: skip
    """Normalization with a scale and a shift, which are weights where they are constants."""
    named = [
        (name, value)
        for name, value in zip(("gamma", "beta"), given, strict=True)
        if value is not None and value.constant
    ]
    weights = [each for name, value in named for each in as_weights(value, name)]
    translator.modest(
        layer, [source], operation.outputs[0], name=translator.name(operation), weights=weights,
        channels_first=source.channels_first if channels_first is None else channels_first,
    )  # fmt: skip


def _layer_norm(translator: Translator, operation: Operation) -> None:
    source = _first(operation)
    start = axis_of(operation.attributes.number("axis", -1), source.rank)
    axes = tuple(sorted(translator.assembly.axis(source, axis) for axis in range(start, source.rank)))
    rank = len(translator.assembly.shape(source))
    axis: Any = -1 if axes == (rank,) else axes
    epsilon = operation.attributes.real("epsilon", 1e-5)
    center = operation.input(2) is not None
    simplified = operation.kind.startswith(("Simplified", "RMS"))
    layer: Layer = (
        Elementwise("RMSNormalization") if simplified else LayerNormalization(axis, epsilon, center, scale=True)
    )
    _affine(translator, operation, layer, source, (operation.input(1), operation.input(2)))


def _skip_norm(translator: Translator, operation: Operation) -> None:
    """onnxruntime's sum of two tensors, normalized: input, skip, gamma, (beta,) bias."""
    output, name = operation.outputs[0], translator.name(operation)
    simplified = "Simplified" in operation.kind
    beta, bias = (None, operation.input(3)) if simplified else (operation.input(3), operation.input(4))
    summed = operation.outputs[3] if len(operation.outputs) > 3 else Value(f"{name}.sum", output.shape, output.dtype)
    summed.shape = output.shape
    inputs = [each for each in (operation.input(0), operation.input(1)) if each is not None]
    translator.simple("Add", inputs, summed, name=f"{name}.sum")
    weights = [
        each
        for title, value in (("gamma", operation.input(2)), ("beta", beta), ("bias", bias))
        if value is not None and value.constant
        for each in as_weights(value, title)
    ]
    layer: Layer = Elementwise("RMSNormalization") if simplified else LayerNormalization(
        -1, operation.attributes.real("epsilon", 1e-5), center=beta is not None
    )  # fmt: skip
    translator.modest(layer, [summed], output, name=name, weights=weights)


def _local_response(operation: Operation) -> Layer:
    """TensorFlow's alpha is that of one cell, ONNX's that of the whole window."""
    size, attributes = operation.attributes.number("size", 1), operation.attributes
    return LocalResponseNormalization(
        (size - 1) // 2, attributes.real("bias", 1.0), attributes.real("alpha", 1e-4) / max(size, 1),
        attributes.real("beta", 0.75),
    )  # fmt: skip


# Along axes.


_GLOBAL: dict[tuple[str, int], Callable[..., Layer]] = {
    ("Mean", 2): GlobalAveragePooling2D, ("Max", 2): GlobalMaxPooling2D, ("Mean", 1): GlobalAveragePooling1D,
    ("Max", 1): GlobalMaxPooling1D,
}  # fmt: skip
_POOLED = {"GlobalAveragePool": "Mean", "GlobalMaxPool": "Max", "QLinearGlobalAveragePool": "Mean"}


def _global(translator: Translator, operation: Operation) -> None:
    source = _first(operation)
    if operation.attributes.number("channels_last"):
        translator.moving(operation)
        return
    source = translator.laid_out(source, True)
    _reduced(translator, operation, source, _POOLED.get(operation.kind, "LpNorm"), list(range(2, source.rank)), True)


def _reduce(translator: Translator, operation: Operation) -> None:
    source = _first(operation)
    if operation.kind.startswith("Arg"):
        axes = [axis_of(operation.attributes.number("axis"), source.rank)]
    else:
        axes = reduced_axes(operation, source.rank)
    keep = bool(operation.attributes.number("keepdims", 1))
    _reduced(translator, operation, source, operation.kind.removeprefix("Reduce"), axes, keep)


def _reduced(
    translator: Translator, operation: Operation, source: Value, kind: str, axes: Sequence[int], keep: bool
) -> None:
    output, assembly = operation.outputs[0], translator.assembly
    if not axes:
        translator.modest(Identity(), [source], output, name=translator.name(operation),
                          channels_first=source.channels_first)  # fmt: skip
        return
    if not assembly.is_batched(source) or 0 in axes:
        translator.moving(operation)
        return
    places = tuple(sorted(assembly.axis(source, axis) for axis in axes))
    rank = source.rank - 1
    pools = _GLOBAL.get((kind, rank - 1)) if places == tuple(range(1, rank)) else None
    layer = pools(keepdims=keep) if pools else Reduce(kind, places, keep)
    first = source.channels_first and (keep or (1 not in axes and output.rank >= 3))
    translator.modest(layer, [source], output, name=translator.name(operation), channels_first=first)


def _concat(translator: Translator, operation: Operation) -> None:
    output, assembly = operation.outputs[0], translator.assembly
    inputs = [each for number in concatenated(operation) if (each := operation.input(number)) is not None]
    first = translator.layout(inputs, output)
    output.channels_first = first
    arranged = [_arranged(translator, each, output) for each in inputs]
    axis = axis_of(operation.attributes.number("axis", 1), output.rank)
    place = assembly.axis(output, axis)
    if len(arranged) == 1:
        layer: Layer = Identity()
    else:
        layer = Concatenate(-1 if place == len(assembly.shape(output)) else place)
    translator.modest(layer, arranged, output, name=translator.name(operation), channels_first=first)


def _arranged(translator: Translator, value: Value, output: Value) -> Value:
    """An input in the output's layout; a constant becomes a node without the batch axis."""
    assembly = translator.assembly
    if not value.constant or output.rank < 2 or not value.shape:
        return translator.laid_out(value, output.channels_first)
    shape = (assembly.batch, *value.shape[1:])
    held = Value(value.name, shape, value.dtype, roots=value.roots, channels_first=output.channels_first)
    assembly.hold(held, assembly.operand(value, output))
    return held


def _slice(translator: Translator, operation: Operation) -> None:
    source, output, assembly = _first(operation), operation.outputs[0], translator.assembly
    rank = source.rank
    begin, strides = [0] * rank, [1] * rank
    for axis, start, _, step in slices(operation, rank):
        place = assembly.axis(source, axis) if assembly.is_batched(source) else axis
        size = (source.shape or ())[axis]
        begin[place] = start if start >= 0 or size is UNKNOWN else max(start + size, 0)
        strides[place] = step
    skip = 1 if assembly.is_batched(source) else 0
    output.channels_first = source.channels_first
    layer = Slice(shape=assembly.shape(output), begin=tuple(begin[skip:]), strides=tuple(strides[skip:]))
    translator.modest(layer, [source], output, name=translator.name(operation), channels_first=source.channels_first)


def _gather(translator: Translator, operation: Operation) -> None:
    """Rows of a constant matrix are an embedding."""
    table, indices = _first(operation), operation.input(1)
    if indices is None or not table.constant or indices.constant:
        output = operation.outputs[0]
        kept = output.rank == table.rank and table.channels_first
        translator.moving(operation, channels_first=kept)
        return
    shape = table.shape or ()
    layer: Layer = Moving("Gather", translator.assembly.shape(operation.outputs[0]))
    if len(shape) == 2 and not operation.attributes.number("axis"):
        layer = Embedding(*shape)
    weights = as_weights(table, "embeddings")
    translator.modest(layer, [indices], operation.outputs[0], name=translator.name(operation, table), weights=weights)


def _transpose(translator: Translator, operation: Operation) -> None:
    source = _first(operation)
    order = order_of(operation, source.rank)
    translator.assembly.transpose(source, operation.outputs[0], order, name=translator.name(operation))


def _reshape(translator: Translator, operation: Operation) -> None:
    """Reshape, Flatten, Squeeze, Unsqueeze: one that only says that channels come first is no layer."""
    source, output, assembly = _first(operation), operation.outputs[0], translator.assembly
    output.channels_first = translator.new_layout(output, source)
    shape = assembly.shape(output)
    if not translator.raw and source.channels_first != output.channels_first and shape == assembly.shape(source):
        assembly.alias(output, source, layout=output.channels_first)
        return
    flat = len(shape) == 1 and len(assembly.shape(source)) > 1 and operation.kind in ("Flatten", "Reshape")
    layer: Layer = Flatten() if flat else Reshape(shape)
    translator.modest(layer, [source], output, name=translator.name(operation), channels_first=output.channels_first)


def _pad(translator: Translator, operation: Operation) -> None:
    source, output, assembly = _first(operation), operation.outputs[0], translator.assembly
    pads = pads_of(operation, source.rank)
    mode = operation.attributes.text("mode", "constant") or "constant"
    filled = operation.input(2)
    zero = operation.attributes.real("value") == 0 and (filled is None or filled.scalar() == 0)
    name = translator.name(operation)
    output.channels_first = source.channels_first
    around = all(each == (0, 0) for each in pads[: 2 if source.channels_first else 1])
    if source.channels_first and source.rank in (3, 4) and around and min(map(min, pads)) >= 0:
        translator.pad([source], output, pads[2:], mode, name=name, zeros=zero and mode == "constant")
        return
    if not assembly.is_batched(source) or pads[0] != (0, 0):
        translator.moving(operation)
        return
    if source.rank == 4 and pads[3] == (0, 0) and min(map(min, pads)) >= 0 and zero and mode == "constant":
        layer: Layer = ZeroPadding2D(tuple(pads[1:3]))  # type: ignore[arg-type]
    else:
        ordered = [(0, 0)] * source.rank
        for axis, each in enumerate(pads):
            ordered[assembly.axis(source, axis)] = each
        layer = Pad(shape=assembly.shape(output), paddings=tuple(ordered[1:]), mode=mode)
    translator.modest(layer, [source], output, name=name, channels_first=source.channels_first)


_INTERPOLATIONS = {"nearest": "nearest", "linear": "bilinear", "cubic": "bicubic", "bilinear": "bilinear"}


def _resize(translator: Translator, operation: Operation) -> None:
    """A whole factor of height and width is UpSampling2D, unless the corners are aligned."""
    source, output, assembly = _first(operation), operation.outputs[0], translator.assembly
    mode = operation.attributes.text("mode", "nearest") or "nearest"
    way = _INTERPOLATIONS.get(mode, "bilinear")
    output.channels_first = source.channels_first
    before, after = assembly.shape(source), assembly.shape(output)
    aligned = operation.attributes.text("coordinate_transformation_mode") == "align_corners" and mode != "nearest"
    name = translator.name(operation)
    fits = len(before) == 3 or (len(before) == 2 and mode == "nearest")
    if not fits or before[-1] != after[-1]:
        translator.moving(operation, channels_first=source.channels_first)
        return
    whole = not aligned and all(
        size is not UNKNOWN and new is not UNKNOWN and size and new >= size and new % size == 0
        for size, new in zip(before[:-1], after[:-1], strict=True)
    )
    if whole:
        factors = tuple(new // size for size, new in zip(before[:-1], after[:-1], strict=True))
        layer: Layer = UpSampling2D(factors, way) if len(factors) == 2 else UpSampling1D(factors[0])
    elif len(before) == 3:
        layer = Resizing(after[0], after[1], way)
    else:
        layer = Moving("Resize", after)
    translator.modest(layer, [source], output, name=name, channels_first=source.channels_first)


def _blocks(translator: Translator, operation: Operation) -> None:
    source, block = translator.laid_out(_first(operation), True), operation.attributes.number("blocksize")
    layer: Layer = DepthToSpace(block) if operation.kind == "DepthToSpace" else SpaceToDepth(block)
    translator.modest(layer, [source], operation.outputs[0], name=translator.name(operation), channels_first=True)


def _moving(translator: Translator, operation: Operation) -> None:
    translator.moving(operation)


def _sampled(translator: Translator, operation: Operation) -> None:
    operation.inputs[0] = translator.laid_out(_first(operation), True)
    translator.moving(operation, channels_first=True)


_MERGING: dict[str, Callable[[], Layer]] = {
    "Add": Add, "Sum": Add, "Sub": Subtract, "Mul": Multiply, "Max": Maximum, "Min": Minimum, "Mean": Average,
}  # fmt: skip
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
_PLAIN_MOVES = (
    "Split", "GatherElements", "GatherND", "Tile", "Expand", "Where", "Range", "OneHot", "TopK", "NonMaxSuppression",
    "NonZero", "Scatter", "ScatterElements", "ScatterND", "Trilu", "ReverseSequence", "CumSum", "EyeLike",
    "ConstantOfShape", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli",
    "MaxRoiPool", "Shape", "Size", "Compress", "Unique", "MaxUnpool",
)  # fmt: skip
"""Operations that only choose, move or make cells: nothing is multiplied with a weight."""
_SETTINGS: dict[str, Callable[[Operation], Layer]] = {
    "LeakyRelu": lambda operation: LeakyReLU(operation.attributes.real("alpha", 0.01)),
    "Elu": lambda operation: ELU(operation.attributes.real("alpha", 1.0)),
    "Celu": _plain("celu", "alpha", 1.0), "Swish": _plain("silu", "alpha", 1.0), "Selu": _selu,
    "HardSigmoid": _hard_sigmoid, "Clip": _clip, "Identity": lambda _: Identity(), "LRN": _local_response,
    "Dropout": lambda operation: Dropout(_ratio(operation)),
    **dict.fromkeys(("Cast", "CastLike"), lambda operation: Cast(operation.outputs[0].dtype)),
}  # fmt: skip


def _ratio(operation: Operation) -> float:
    """An attribute until opset 11, an input since."""
    given = operation.input(1)
    found = given.scalar() if given is not None and given.constant else operation.attributes.real("ratio", 0.5)
    return min(max(float(found), 0.0), 1.0) if isinstance(found, (int, float)) else 0.5


_STANDARD: dict[str, Translation] = {
    **dict.fromkeys(UNARY, _function), **dict.fromkeys((*BINARY, *COMPARING), _binary),
    **{kind: _layer(make) for kind, make in _SETTINGS.items()}, **dict.fromkeys(_PLAIN_MOVES, _moving),
    **dict.fromkeys((*REDUCING, "ArgMax", "ArgMin"), _reduce), **dict.fromkeys(("IsInf", "IsNaN"), _function),
    **dict.fromkeys(("Conv", "ConvInteger", "QLinearConv"), convolution), "ConvTranspose": transposed,
    **dict.fromkeys(("MaxPool", "AveragePool", "LpPool"), pooling),
    **dict.fromkeys(("RoiAlign", "GridSample"), _sampled),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), _global), "PRelu": _prelu,
    **dict.fromkeys(("Softmax", "LogSoftmax"), _softmax), **dict.fromkeys(("Resize", "Upsample"), _resize),
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshape), "Transpose": _transpose,
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"), _recode),
    **dict.fromkeys(("DepthToSpace", "SpaceToDepth"), _blocks), "Concat": _concat, "Slice": _slice, "Gather": _gather,
    "Pad": _pad, "BatchNormalization": _batch_norm, "MatMul": product(0, 1), "MatMulInteger": product(0, 1),
    "QLinearMatMul": product(0, 3), "Gemm": product(0, 1, 2),
    **dict.fromkeys(("InstanceNormalization", "GroupNormalization"), _group_norm),
    **dict.fromkeys(("LayerNormalization", "RMSNormalization", "SimplifiedLayerNormalization"), _layer_norm),
}  # fmt: skip

_RUNTIME: dict[str, Translation] = {
    **dict.fromkeys(("QLinearAdd", "QLinearMul"), _quantized_binary), "QLinearConcat": _concat,
    **dict.fromkeys(("QLinearSigmoid", "QLinearLeakyRelu", "QLinearSoftmax"), _quantized_function),
    "QLinearAveragePool": pooling, "NhwcMaxPool": pooling, "QLinearGlobalAveragePool": _global,
    **dict.fromkeys(("FusedConv", "QLinearConv", "NhwcConv"), convolution), "QGemm": product(0, 3, 6),
    **dict.fromkeys(("FusedMatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"), product(0, 1)),
    "FusedGemm": product(0, 1, 2), "MatMulNBits": packed_product, "Gelu": _biased("Gelu"),
    "FastGelu": _biased("Gelu"), "BiasGelu": _biased("Gelu"), "QuickGelu": _layer(_plain("silu", "alpha", 1.702)),
    **dict.fromkeys(("QuantizeLinear", "DequantizeLinear"), _recode),
    **dict.fromkeys(("LayerNormalization", "SimplifiedLayerNormalization"), _layer_norm),
    **dict.fromkeys(("SkipLayerNormalization", "SkipSimplifiedLayerNormalization"), _skip_norm),
}  # fmt: skip

TRANSLATIONS: dict[tuple[str, str], Translation] = {
    **{("", kind): each for kind, each in _STANDARD.items()},
    **{("com.microsoft", kind): each for kind, each in _RUNTIME.items()},
}
_HARMLESS = frozenset({
    *UNARY, *BINARY, *COMPARING, *REDUCING, *_PLAIN_MOVES, *_SETTINGS, "ArgMax", "ArgMin", "Resize", "Upsample",
    "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Concat", "Slice", "Gather", "Pad", "Softmax",
    "LogSoftmax", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool",
    "DepthToSpace", "SpaceToDepth", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
})  # fmt: skip
"""Operations without kernels: where no layer fits, they still multiply nothing."""
