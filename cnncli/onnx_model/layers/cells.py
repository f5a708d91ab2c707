"""Arithmetic cell by cell and sums along axes, as files have them."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Layer
from cnncli.graph.layers import Elementwise, Reduce
from cnncli.onnx_model.dtypes import onnx_dtype
from cnncli.onnx_model.layers.merging import broadcast
from cnncli.onnx_model.lowering import Laid, Order, spread
from cnncli.onnx_model.place import Lowered, Place, position

UNARY = {
    "Abs": "Abs", "Acos": "Acos", "Asin": "Asin", "Atan": "Atan", "Ceil": "Ceil", "Cos": "Cos", "Cosh": "Cosh",
    "Erf": "Erf", "Exp": "Exp", "Exponential": "Exp", "Floor": "Floor", "Log": "Log", "Neg": "Neg",
    "Negative": "Neg", "Reciprocal": "Reciprocal", "Round": "Round", "Sign": "Sign", "Sin": "Sin", "Sinh": "Sinh",
    "Sqrt": "Sqrt", "Tan": "Tan",
}  # fmt: skip
"""Of one tensor, by the operation's name in the graph."""
BINARY = {
    "Add": "Add", "Divide": "Div", "Maximum": "Max", "Minimum": "Min", "Multiply": "Mul", "Power": "Pow",
    "Subtract": "Sub",
}  # fmt: skip
"""Of two."""
COMMUTATIVE = ("Add", "Maximum", "Minimum", "Multiply")
REDUCTIONS = {
    "Mean": "ReduceMean", "Sum": "ReduceSum", "Max": "ReduceMax", "Min": "ReduceMin", "Prod": "ReduceProd",
    "Product": "ReduceProd", "L1": "ReduceL1", "L2": "ReduceL2", "SumSquare": "ReduceSumSquare",
    "EuclideanNorm": "ReduceL2",
}  # fmt: skip


def _elementwise(place: Place) -> Laid:
    kind, count = place.layer.operation, len(place.node.inputs)
    if place.layer.constant is not None and count == 1:
        return _with_constant(place, kind)
    if count == 2 and kind in BINARY:
        inputs, order = broadcast(place)
        return Laid(place.add(BINARY[kind], inputs), order)
    if count != 1 or place.layer.constant is not None:
        place.refuse("there is no operation of so many tensors")
    name, order = place.source()
    if kind in UNARY:
        return Laid(place.add(UNARY[kind], [name]), order)
    if kind == "Square":
        return Laid(place.add("Mul", [name, name]), order)
    if kind == "Rsqrt":
        return Laid(place.add("Reciprocal", [place.add("Sqrt", [name], "root")]), order)
    return place.refuse("its arguments are not known")


def _with_constant(place: Place, kind: str) -> Laid:
    """With a number or a tensor that the network holds: of a difference nobody has told on which side it stands."""
    name, order = place.source()
    if kind not in COMMUTATIVE or len(place.layer.constant) > len(order):
        place.refuse("on which side its constant stands is not known")
    return Laid(place.add(BINARY[kind], [name, _operand(place, order)]), order)


def _operand(place: Place, order: Order) -> str:
    values: Any = place.array("constant")
    if values is not None:
        led = values.reshape((1,) * (len(order) - values.ndim) + values.shape)
        return place.weight("constant", spread(led, list(place.last), order) if values.ndim else values)
    if place.layer.value is None:
        place.refuse("its constant is not known")
    return place.constant("constant", place.layer.value)


def _reduce(place: Place) -> Laid:
    """Along axes wherever they stand; those that remain keep their order."""
    kind, layer = place.layer.operation, place.layer
    name, order = place.source()
    axes = sorted(position(order, axis) for axis in layer.axes)
    left = order if layer.keepdims else _without(order, layer.axes)
    if kind in ("ArgMax", "ArgMin") and len(axes) == 1:
        index = place.add(kind, [name], "index", axis=axes[0], keepdims=int(layer.keepdims))
        return Laid(place.add("Cast", [index], to=onnx_dtype(place.node.dtype)), left)
    if kind not in REDUCTIONS:
        place.refuse("ONNX has no reduction that computes it")
    return Laid(place.add(REDUCTIONS[kind], [name, place.whole("axes", axes)], keepdims=int(layer.keepdims)), left)


def _without(order: Order, axes: tuple[int, ...]) -> Order:
    """The order of the axes that remain, which are counted anew."""
    left = [axis for axis in order if axis not in axes]
    return tuple(sorted(left).index(axis) + 1 for axis in left)


CELLS: dict[type[Layer], Lowered] = {Elementwise: _elementwise, Reduce: _reduce}
