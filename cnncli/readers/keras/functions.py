"""A function's configuration to our layer: keras.ops, and TensorFlow's as Keras 2 writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Layer, Shape
from cnncli.graph.layers import (
    LAYERS,
    Activation,
    Cast,
    Concatenate,
    Elementwise,
    Flatten,
    Idle,
    MatMul,
    Moving,
    Permute,
    Reduce,
    Reshape,
    Resizing,
    Slice,
)
from cnncli.readers.assembly import lone
from cnncli.readers.keras.axes import moved_axis
from cnncli.readers.keras.config import Call, LayerConfig, items

BINARY = {
    "add": "Add", "addv2": "Add", "biasadd": "Add", "subtract": "Subtract", "sub": "Subtract",
    "multiply": "Multiply", "mul": "Multiply", "truedivide": "Divide", "truediv": "Divide", "realdiv": "Divide",
    "divide": "Divide", "div": "Divide", "divnonan": "Divide", "maximum": "Maximum", "minimum": "Minimum",
    "power": "Power", "pow": "Power", "floordivide": "FloorDivide", "floordiv": "FloorDivide", "mod": "Modulo",
    "squareddifference": "SquaredDifference", "greater": "Greater", "greaterequal": "GreaterEqual", "less": "Less",
    "lessequal": "LessEqual", "equal": "Equal", "notequal": "NotEqual", "radd": "Add", "rsub": "Subtract",
    "rmul": "Multiply", "rtruediv": "Divide", "logicaland": "LogicalAnd", "logicalor": "LogicalOr",
}  # fmt: skip
UNARY = {
    "sqrt": "Sqrt", "square": "Square", "abs": "Abs", "absolute": "Abs", "exp": "Exp", "log": "Log", "log1p": "Log1p",
    "negative": "Negative", "neg": "Negative", "rsqrt": "Rsqrt", "reciprocal": "Reciprocal", "sin": "Sin",
    "cos": "Cos", "floor": "Floor", "ceil": "Ceil", "round": "Round", "sign": "Sign", "clip": "Clip",
    "clipbyvalue": "Clip", "erf": "Erf", "expm1": "Expm1", "logicalnot": "LogicalNot",
}  # fmt: skip
ACTIVATIONS = {
    "relu": "relu", "relu6": "relu6", "sigmoid": "sigmoid", "silu": "silu", "swish": "silu", "tanh": "tanh",
    "softmax": "softmax", "gelu": "gelu", "elu": "elu", "selu": "selu", "celu": "celu", "softplus": "softplus",
    "softsign": "softsign", "leakyrelu": "leaky_relu", "hardsigmoid": "hard_sigmoid", "hardsilu": "hard_silu",
    "hardswish": "hard_silu", "logsoftmax": "log_softmax", "logsigmoid": "log_sigmoid", "hardtanh": "hard_tanh",
    "mish": "mish",
}  # fmt: skip
REDUCTIONS = {
    "mean": "Mean", "reducemean": "Mean", "sum": "Sum", "reducesum": "Sum", "max": "Max", "reducemax": "Max",
    "amax": "Max", "min": "Min", "amin": "Min", "reducemin": "Min", "prod": "Prod", "reduceprod": "Prod",
    "argmax": "ArgMax", "argmin": "ArgMin", "var": "Variance", "reducevariance": "Variance", "std": "Deviation",
    "reducestd": "Deviation",
}  # fmt: skip
MOVING = frozenset({
    "split", "stack", "unstack", "tile", "repeat", "flip", "reverse", "roll", "gather", "take", "pad", "stridedslice",
    "slice", "transpose", "broadcastto", "swapaxes", "moveaxis", "onehot", "batchtospacend", "spacetobatchnd", "where",
})  # fmt: skip
"""Functions that only say which cell stands where: they need their output's shape said."""
IDENTITY = frozenset({"identity", "stopgradient", "dropout", "copy"})
RESHAPING = frozenset({"reshape", "squeeze", "expanddims", "flatten", "ravel"})
RESIZING = frozenset({"resize", "resizebilinear", "resizenearestneighbor", "resizebicubic"})


def function_name(layer: LayerConfig) -> str:
    """The function that a layer stands for: of keras.ops, of TFOpLambda, or of TensorFlowOpLayer. Empty for none."""
    if layer.operation:
        return layer.kind
    if layer.kind in ("TFOpLambda", "SlicingOpLambda"):
        return str(layer.config.get("function", "")).rpartition(".")[2]
    if layer.kind == "TensorFlowOpLayer":
        return _node_operation(layer.config.get("node_def"))
    return ""


def _node_operation(definition: Any) -> str:
    """`op` of a TensorFlow node, which Keras 2 writes as an object or as a JSON text of one."""
    if isinstance(definition, Mapping):
        return str(definition.get("op", ""))
    _, _, behind = str(definition).partition('"op": "')
    return behind.partition('"')[0]


def function(layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool) -> Layer | None:
    """Our layer for a function, if there is one; `told` is the shape of the output as far as it is said."""
    key = function_name(layer).replace("_", "").lower()
    try:
        for table, make in _FUNCTIONS:
            if key in table:
                return make(key, layer, call, inputs, told, first)
    except (LayerError, TypeError, ValueError, KeyError, IndexError):
        pass
    return None


def _binary(
    key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool
) -> Layer:
    name = BINARY[key]
    if len(inputs) > 1:
        merging = LAYERS.get(name)
        return merging() if merging else Elementwise(name)
    operands = _operands(layer, call)
    shape = _constant(operands, len(inputs[0]), first)
    numbers = [each for each in operands if isinstance(each, (int, float))]
    return Elementwise(name, shape, None if shape else lone(numbers))


def _operands(layer: LayerConfig, call: Call) -> list[Any]:
    """The operands that are no tensors."""
    stored = layer.config.get("constants")
    values = [*call.arguments, *call.keywords.values(), *(stored.values() if isinstance(stored, Mapping) else ())]
    return [value for value in values if not _is_tensor(value)]


def _constant(operands: Sequence[Any], rank: int, first: bool) -> Shape:
    """The shape of the operand that is no tensor, without a batch axis."""
    shapes = [_shape_of_value(value) for value in operands]
    shape = max(shapes, key=len, default=())
    shape = shape[1:] if len(shape) == rank + 1 else shape
    return (*shape[1:], shape[0]) if first and len(shape) == rank > 1 else shape


def _is_tensor(value: Any) -> bool:
    if isinstance(value, Mapping):
        return value.get("class_name") == "__keras_tensor__"
    return isinstance(value, tuple) and hasattr(value, "layer")


def _shape_of_value(value: Any) -> Shape:
    if isinstance(value, Mapping) and isinstance(value.get("config"), Mapping):
        value = value["config"].get("value")
    if hasattr(value, "shape"):  # an array, in a model in memory
        return tuple(value.shape)
    shape: list[int] = []
    while isinstance(value, (list, tuple)) and value and len(shape) < 8:
        shape.append(len(value))
        value = value[0]
    return tuple(shape)


def _unary(key: str, layer: LayerConfig, *_: Any) -> Layer:
    return Elementwise(UNARY[key])


def _as_activation(key: str, *_: Any) -> Layer:
    return Activation(ACTIVATIONS[key])


def _argument(layer: LayerConfig, call: Call, *names: str, place: int | None = None) -> Any:
    """An argument of a function by its names, or by its place among those that are given by place."""
    for name in names:
        if call.keywords.get(name) is not None:
            return call.keywords[name]
        if layer.config.get(name) is not None:
            return layer.config[name]
    if place is not None and place < len(call.arguments) and not _is_tensor(call.arguments[place]):
        return call.arguments[place]
    stored = layer.config.get("constants")  # of a TensorFlowOpLayer, by their places
    return stored.get(str(place)) if isinstance(stored, Mapping) else None


def _reduction(
    key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool
) -> Layer | None:
    axes = items(_argument(layer, call, "axis", "dim", place=1))
    rank = len(inputs[0])
    if axes is None:
        return None
    listed = [axis + rank + 1 if axis < 0 else axis for axis in (axes if isinstance(axes, tuple) else (axes,))]
    if 0 in listed:
        return None
    moved = [moved_axis(axis, rank) if first else axis for axis in listed]
    return Reduce(REDUCTIONS[key], tuple(sorted(moved)), bool(_argument(layer, call, "keepdims", "keep_dims")))


def _reshaped(
    key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool
) -> Layer | None:
    if key in ("flatten", "ravel"):
        return Flatten()
    if told is not None and all(size is not UNKNOWN for size in told):
        return Reshape(told)
    shape = items(_argument(layer, call, "newshape", "shape", "new_shape", place=1))
    if key == "reshape" and isinstance(shape, tuple) and all(isinstance(size, int) for size in shape):
        target = shape[1:] if shape[0] != prod(inputs[0]) else shape
        return Reshape((*target[1:], target[0]) if first and len(target) > 1 else target)
    axis = _argument(layer, call, "axis", place=1)
    if key == "expanddims" and isinstance(axis, int) and not first:
        place = axis + len(inputs[0]) + 2 if axis < 0 else axis
        return Reshape((*inputs[0][: place - 1], 1, *inputs[0][place - 1 :]))
    return None if told is None else Moving(layer.kind, told)


def _concatenated(
    key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool
) -> Layer:
    axis = _argument(layer, call, "axis")
    axis = -1 if axis is None else int(axis)
    return Concatenate(moved_axis(axis, len(inputs[0])) if first else axis)


def _slice(
    key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool
) -> Layer | None:
    spec = _argument(layer, call, "slice_spec", "key", place=1)
    shape = told if told is not None else None if first else _sliced(spec, inputs[0])
    return None if shape is None else Slice("Slice", shape)


def _sliced(spec: Any, shape: Shape) -> Shape | None:
    """The sizes that an index of slices and numbers leaves; the first one is the batch's."""
    parts = list(spec) if isinstance(spec, (list, tuple)) else [spec]
    left: list[Any] = []
    sizes = [UNKNOWN, *shape]
    for part in parts:
        if _is_ellipsis(part):
            behind = len(parts) - parts.index(part) - 1
            keep = len(sizes) - behind
            left, sizes = left + sizes[:keep], sizes[keep:]
        elif part is None:
            left.append(1)
        elif isinstance(part, int):
            sizes = sizes[1:]
        else:
            bounds = part.get("config", part)
            left.append(_steps(bounds, sizes[0]))
            sizes = sizes[1:]
    return tuple((left + sizes)[1:])


def _is_ellipsis(part: Any) -> bool:
    return part == "..." or (isinstance(part, Mapping) and "ellipsis" in str(part.get("class_name", "")).lower())


def _steps(bounds: Mapping[str, Any], size: Any) -> Any:
    if bounds.get("start") is None and bounds.get("stop") is None and bounds.get("step") in (None, 1):
        return size
    if size is UNKNOWN:
        return UNKNOWN
    return len(range(*slice(bounds.get("start"), bounds.get("stop"), bounds.get("step")).indices(size)))


def _moving(key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool) -> Any:
    if told is None and key == "split" and not first:
        told = _split(layer, call, inputs[0])
    if told is None and key == "transpose" and not first:
        order = items(_argument(layer, call, "perm", "axes", place=1))
        return Permute(order[1:]) if isinstance(order, tuple) and order[:1] == (0,) else None
    return None if told is None else Moving(function_name(layer).rpartition(".")[2].title().replace("_", ""), told)


def _split(layer: LayerConfig, call: Call, shape: Shape) -> Shape | None:
    count, axis = _argument(layer, call, "num_or_size_splits", "indices_or_sections", place=1), None
    axis = _argument(layer, call, "axis", place=2)
    if not isinstance(count, int) or not isinstance(axis, int):
        return None
    place = axis + len(shape) if axis < 0 else axis - 1
    return tuple(size // count if number == place else size for number, size in enumerate(shape))


def _resized(key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool) -> Any:
    size = items(_argument(layer, call, "size", place=1))
    if told is not None and len(told) == 3:
        size = told[:2]
    return Resizing(size[0], size[1])


def _cast(key: str, layer: LayerConfig, call: Call, *_: Any) -> Layer:
    return Cast(str(_argument(layer, call, "dtype", "DstT", place=1) or "float32"))


def _product(key: str, layer: LayerConfig, call: Call, inputs: Sequence[Shape], told: Shape | None, first: bool) -> Any:
    if told is None and len(inputs) == 2 and len(inputs[0]) == len(inputs[1]) > 1 and not first:
        told = (*inputs[0][:-1], inputs[1][-1])
    return None if told is None or len(inputs) < 2 else MatMul(told)


Make = Callable[[str, LayerConfig, Call, Sequence[Shape], "Shape | None", bool], "Layer | None"]
_FUNCTIONS: tuple[tuple[Any, Make], ...] = (
    (BINARY, _binary),
    (UNARY, _unary),
    (ACTIVATIONS, _as_activation),
    (REDUCTIONS, _reduction),
    (RESHAPING, _reshaped),
    (frozenset({"concatenate", "concat", "concatv2"}), _concatenated),
    (frozenset({"getitem"}), _slice),
    (MOVING, _moving),
    (RESIZING, _resized),
    (frozenset({"cast"}), _cast),
    (frozenset({"matmul", "batchmatmulv2", "dot"}), _product),
    (IDENTITY, lambda key, layer, *_: Idle(function_name(layer))),
)
