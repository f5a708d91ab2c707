"""Layers that make one tensor of several."""

from __future__ import annotations

from cnncli.graph import Layer
from cnncli.graph.layers import (
    Add,
    Average,
    Concatenate,
    CustomScaleLayer,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from cnncli.onnx_model.lowering import Laid, Order, first, last
from cnncli.onnx_model.place import Lowered, Place, position


def common_order(place: Place) -> Order:
    """The order in which inputs are joined: with the channels first where one of them has them so, else the first's.

    Where some have fewer axes than the output, it is one of the two in which these can be led by axes of one cell.
    """
    rank = len(place.node.shape)
    orders = [place.source(number).order for number in range(len(place.node.inputs))]
    full = [order for order in orders if len(order) == rank]
    if not full or place.first in full:
        return place.first
    return full[0] if full[0] == place.last or len(full) == len(orders) else place.first


def broadcast(place: Place) -> tuple[list[str], Order]:
    """The inputs so that ONNX broadcasts them as Keras does, an input of fewer axes led by axes of one cell."""
    order = common_order(place)
    return [_led(place, number, order) for number in range(len(place.node.inputs))], order


def _led(place: Place, number: int, order: Order) -> str:
    rank, own = len(order), len(place.node.inputs[number].shape)
    if own == rank:
        return place.input(number, order)
    leads = order == place.last
    tensor = place.input(number, last(own) if leads else first(own))
    begin = 1 if leads or not own else 2
    axes = place.whole(f"input{number}.axes", range(begin, begin + rank - own))
    return place.add("Unsqueeze", [tensor, axes], f"input{number}")


def _joined(place: Place, operation: str, part: str = "") -> Laid:
    """One after the other, as not every operation of ONNX takes more than two."""
    (result, *others), order = broadcast(place)
    for number, other in enumerate(others, 1):
        result = place.add(operation, [result, other], part if number == len(others) else f"part{number}")
    return Laid(result, order)


def _cell_by_cell(operation: str) -> Lowered:
    return lambda place: _joined(place, operation)


def _average(place: Place) -> Laid:
    total, order = _joined(place, "Add", "sum")
    return Laid(place.add("Div", [total, place.constant("count", len(place.node.inputs))]), order)


def _custom_scale(place: Place) -> Laid:
    (one, other), order = broadcast(place)
    scaled = place.add("Mul", [other, place.constant("scale", place.layer.scale)], "scaled")
    return Laid(place.add("Add", [one, scaled]), order)


def _concatenate(place: Place) -> Laid:
    order = common_order(place)
    inputs = [place.input(number, order) for number in range(len(place.node.inputs))]
    return Laid(place.add("Concat", inputs, axis=position(order, place.layer.axis)), order)


MERGING: dict[type[Layer], Lowered] = {
    Add: _cell_by_cell("Add"),
    Average: _average,
    Concatenate: _concatenate,
    CustomScaleLayer: _custom_scale,
    Maximum: _cell_by_cell("Max"),
    Minimum: _cell_by_cell("Min"),
    Multiply: _cell_by_cell("Mul"),
    Subtract: _cell_by_cell("Sub"),
}
