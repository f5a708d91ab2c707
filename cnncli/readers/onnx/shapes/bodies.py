"""Shapes of what Loop and Scan give: their bodies say the shapes of one turn."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from cnncli.amounts import UNKNOWN
from cnncli.readers.onnx.inputs import Entered
from cnncli.readers.onnx.model import GraphProto, Open, Operation
from cnncli.readers.onnx.shapes.basics import Output, axis_of, ranked


def of_repetition(operation: Operation, graphs: Mapping[str, GraphProto], settled: Entered) -> list[Output]:
    """What is carried from turn to turn, as the body says it; then what is collected, a cell of a new axis each turn.

    A Scan carries tensors of one shape, and makes as many turns as the inputs that it takes apart are long.
    """
    body = graphs.get("body")
    outputs = [] if body is None else body.outputs
    said: list[Output] = [(None if each.shape is None else settled.sizes(each), each.dtype) for each in outputs]
    found: list[Output] = []
    with suppress(Open, IndexError, ValueError):
        found = _looped(operation, said[1:]) if operation.kind == "Loop" else _scanned(operation, said)
    found = found[: len(operation.outputs)]
    return found + [(None, "float32")] * (len(operation.outputs) - len(found))


def _looped(operation: Operation, said: list[Output]) -> list[Output]:
    """The body says what is carried behind the condition."""
    carried = len(operation.inputs) - 2
    collected = [(None if shape is None else (UNKNOWN, *shape), dtype) for shape, dtype in said[carried:]]
    return [*said[:carried], *collected]


def _scanned(operation: Operation, said: list[Output]) -> list[Output]:
    """Until opset 8 the lengths come first, and every tensor has a batch axis that the body knows nothing of."""
    old = operation.version < 9
    attributes, first = operation.attributes, 1 if old else 0
    carried = len(operation.inputs) - attributes.number("num_scan_inputs") - first
    taken = ranked(operation, first + carried)
    batch, length = (taken[:1], taken[1]) if old else ((), taken[_axis(operation, "scan_input_axes", 0, len(taken))])
    found: list[Output] = [(operation.shape(first + place), said[place][1]) for place in range(carried)]
    for number, (shape, dtype) in enumerate(said[carried:]):
        if shape is None:
            found.append((None, dtype))
            continue
        place = _axis(operation, "scan_output_axes", number, len(shape) + 1)
        found.append(((*batch, *shape[:place], length, *shape[place:]), dtype))
    return found


def _axis(operation: Operation, name: str, number: int, rank: int) -> int:
    axes = operation.attributes.numbers(name) or []
    return axis_of(axes[number], rank) if number < len(axes) else 0
