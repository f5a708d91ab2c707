"""TensorFlow's operations cell by cell: arithmetic, activations, selections."""

from __future__ import annotations

from collections.abc import Callable

from cnncli.amounts import UNKNOWN
from cnncli.graph import Layer, Shape
from cnncli.graph.layers import (
    ELU,
    Activation,
    Add,
    Cast,
    Elementwise,
    LeakyReLU,
    LocalResponseNormalization,
    Maximum,
    Minimum,
    Moving,
    Multiply,
    Quantize,
    ReLU,
    Softmax,
    Subtract,
)
from cnncli.readers.saved_model.frame import Call, FileShape, Value
from cnncli.readers.saved_model.layouts import channels_first, feature_map
from cnncli.readers.saved_model.normalization import normalized, root_of
from cnncli.readers.saved_model.walk import Handler, Walk, only, short

_BINARY: dict[str, tuple[str, type[Layer] | None]] = {
    "Add": ("Add", Add), "AddV2": ("Add", Add), "BiasAdd": ("Add", Add), "BiasAddV1": ("Add", Add),
    "Sub": ("Subtract", Subtract), "Mul": ("Multiply", Multiply), "Maximum": ("Maximum", Maximum),
    "Minimum": ("Minimum", Minimum), "RealDiv": ("Divide", None), "Div": ("Divide", None),
    "DivNoNan": ("Divide", None), "Pow": ("Power", None), "SquaredDifference": ("SquaredDifference", None),
    **{
        name: (name, None)
        for name in ("Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "LogicalAnd", "LogicalOr",
                     "FloorDiv", "FloorMod", "TruncateDiv", "Atan2", "Xdivy", "Xlogy", "BitwiseAnd", "BitwiseOr")
    },
}  # fmt: skip


def _binary(walk: Walk, call: Call) -> list[Value]:
    name, merge = _BINARY[call.operation]
    one, other = call.inputs[:2]
    if call.operation.startswith("BiasAdd") and channels_first(call):
        one = feature_map(walk, call, one)
    if one.constant or other.constant:
        source, constant = (other, one) if one.constant else (one, other)
        return _with_constant(walk, call, name, source, constant)
    shape = _broadcast(one, other)
    layer: Layer = merge() if merge else Elementwise(name)
    if shape is None:  # of which either may have more axes
        layer = Moving(name, (UNKNOWN,))
    return walk.append(call, layer, [one, other], shape=shape)


def _with_constant(walk: Walk, call: Call, name: str, source: Value, constant: Value) -> list[Value]:
    if name == "Multiply" and root_of(constant) is not None and source.scaled is None:
        return [walk.output(call, 0, source.shape, scaled=(source, constant), channels_first=source.channels_first)]
    if name in ("Add", "Subtract") and source.scaled is not None and not walk.assembly.has(source):
        found = normalized(walk, call, source.scaled, constant)
        if found is not None:
            return found
    source = walk.tensor(source)
    if name == "Multiply" and only(constant) == 1 and not constant.leaves and not walk.assembly.raw:
        return walk.same(walk.output(call, 0, source.shape), source)  # tf.nn.silu multiplies with its beta, which is 1
    shape = () if source.shape is None else _operand(walk, call, constant, source)
    layer = Elementwise(name, shape, only(constant))
    return walk.append(call, layer, [source], weights=short(constant.leaves), shape=_broadcast(source, constant))


def _operand(walk: Walk, call: Call, constant: Value, source: Value) -> Shape:
    """A constant's shape beside a map; of a bias, which is along the channels, wherever these stand, its own."""
    if call.operation.startswith("BiasAdd"):
        return tuple(constant.shape or ())
    return walk.assembly.operand(constant, source)


def _broadcast(one: Value, other: Value) -> FileShape:
    if one.shape is None or other.shape is None:
        return None
    rank = max(one.rank, other.rank)
    padded = [(1,) * (rank - len(shape)) + shape for shape in (one.shape, other.shape)]
    return tuple(right if left == 1 else left for left, right in zip(*padded, strict=True))


def _sum(walk: Walk, call: Call) -> list[Value]:
    if len(call.inputs) == 1:
        return call.inputs
    return walk.append(call, Add(), call.inputs, shape=call.inputs[0].shape)


def _layer(make: Callable[[Call], Layer]) -> Handler:
    """Operations of one tensor whose output is as large."""
    return lambda walk, call: walk.append(call, make(call), call.inputs[:1], shape=call.inputs[0].shape)


_ACTIVATIONS: dict[str, Callable[[Call], Layer]] = {
    "Relu": lambda _: ReLU(),
    "Relu6": lambda _: ReLU(6.0),
    "Elu": lambda _: ELU(),
    "Selu": lambda _: Activation("selu"),
    "Sigmoid": lambda _: Activation("sigmoid"),
    "Tanh": lambda _: Activation("tanh"),
    "Softplus": lambda _: Activation("softplus"),
    "Softsign": lambda _: Activation("softsign"),
    "LogSoftmax": lambda _: Activation("log_softmax"),
    "Softmax": lambda _: Softmax(),
    "LeakyRelu": lambda call: LeakyReLU(call.node.real("alpha", 0.2)),
    "Cast": lambda call: Cast(call.node.dtype("DstT")),
    "LRN": lambda call: LocalResponseNormalization(
        call.node.whole("depth_radius", 5), call.node.real("bias", 1), call.node.real("alpha", 1),
        call.node.real("beta", 0.5),
    ),
    "Swish": lambda _: Activation("silu"),
}  # fmt: skip


_UNARY = {
    "Exp": "Exp", "Log": "Log", "Log1p": "Log1p", "Neg": "Negative", "Sqrt": "Sqrt", "Rsqrt": "Rsqrt",
    "Square": "Square", "Abs": "Abs", "Sign": "Sign", "Floor": "Floor", "Ceil": "Ceil", "Round": "Round",
    "Rint": "Round", "Reciprocal": "Reciprocal", "Inv": "Reciprocal", "Erf": "Erf", "Erfc": "Erfc", "Sin": "Sin",
    "Cos": "Cos", "Expm1": "Expm1", "LogicalNot": "LogicalNot", "IsNan": "IsNan", "IsFinite": "IsFinite",
    "IsInf": "IsInf", "ZerosLike": "ZerosLike", "OnesLike": "OnesLike", "Atan": "Atan", "Tan": "Tan", "Sinh": "Sinh",
    "Cosh": "Cosh", "Real": "Real", "Imag": "Imag", "ComplexAbs": "Abs", "ClipByValue": "Clip", "Bitcast": "Bitcast",
    "Asin": "Asin", "Acos": "Acos", "Digamma": "Digamma", "Lgamma": "Lgamma",
}  # fmt: skip


def _unary(walk: Walk, call: Call) -> list[Value]:
    source = walk.tensor(call.inputs[0])
    return walk.append(call, Elementwise(_UNARY[call.operation]), [source], shape=source.shape)


def _fake_quantization(walk: Walk, call: Call) -> list[Value]:
    """FakeQuantWithMinMaxVars: the map, and its range, which training found; at inference it rounds."""
    source = walk.tensor(call.inputs[0])
    weights = short([weight for value in call.inputs[1:] for weight in value.leaves])
    return walk.append(call, Quantize(source.dtype), [source], weights=weights, shape=source.shape)


def _selection(walk: Walk, call: Call) -> list[Value]:
    """Select: of two tensors the one or the other cell."""
    tensors = [walk.tensor(value) for value in call.inputs if not value.constant]
    shape: FileShape = None
    for value in call.inputs:
        shape = value.shape if shape is None else _broadcast(Value("", shape), value)
    weights = short([weight for value in call.inputs for weight in value.leaves])
    return walk.append(call, Elementwise("Select"), tensors, shape=shape, weights=weights)


CELLWISE: dict[str, Handler] = {
    **dict.fromkeys(_BINARY, _binary),
    "AddN": _sum,
    **{name: _layer(make) for name, make in _ACTIVATIONS.items()},
    **dict.fromkeys(_UNARY, _unary),
    **dict.fromkeys(("Select", "SelectV2"), _selection),
    **dict.fromkeys(
        ("FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVarsPerChannel"), _fake_quantization
    ),
}
