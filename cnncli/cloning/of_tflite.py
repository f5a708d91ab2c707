"""TFLite files: the values of their constants, and what LiteRT makes of inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cnncli.cloning.tflite_tensors import tensors
from cnncli.errors import UsageError
from cnncli.keras_model.weight_files import bounded
from cnncli.readers.reading import ChannelsFirst

RUNTIME = "LiteRT"
COMPUTES_IN_HALVES = False
OPEN = -1
"""What LiteRT says of a size that a file leaves open."""


def values(path: Path, wanted: Mapping[str, int]) -> dict[str, Any]:
    """The arrays of these constants, in single precision, of which each has so many cells.

    Only in a child process, for the file may be anything. Raises UsageError.
    """
    import numpy  # noqa: F401

    size = path.stat().st_size + sum(4 * cells for cells in wanted.values())
    with bounded(f"the weights of {path} cannot be read", size):
        return tensors(path, wanted)


def run(path: Path, inputs: Sequence[Any], ends: ChannelsFirst, batch: int) -> list[Any]:
    """What LiteRT gives for inputs, one example at a time, as the graph's outputs.

    Raises UsageError for a file that it does not take, or whose inputs are no examples.
    """
    import numpy
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_path=str(path))
        taken, given = interpreter.get_input_details(), interpreter.get_output_details()
        size = _batch(taken, batch)
        for tensor, values_ in zip(taken, inputs, strict=True):
            interpreter.resize_tensor_input(tensor["index"], _sizes(path, tensor, values_, size))
        interpreter.allocate_tensors()
        parts = [_invoked(interpreter, taken, given, inputs, start, size) for start in range(0, len(inputs[0]), size)]
    except (RuntimeError, ValueError) as error:
        raise UsageError(f"LiteRT does not run {path}: {' '.join(str(error).split())[:300]}") from error
    count = len(inputs[0])
    return [numpy.concatenate(each)[:count] for each in zip(*parts, strict=True)]


def _batch(taken: Sequence[Any], batch: int) -> int:
    """How many examples the file takes at once: as many as it says, else as were settled."""
    sizes = [int(tensor["shape_signature"][0]) for tensor in taken if len(tensor["shape_signature"])]
    return next((size for size in sizes if size > 0), batch)


def _sizes(path: Path, tensor: Any, values_: Any, batch: int) -> list[int]:
    """A tensor's sizes with those of the examples where it leaves them open."""
    told = tensor["shape_signature"]
    if len(told) != values_.ndim:
        raise UsageError(f"{path} cannot be run on examples: its input {tensor['name']} has {len(told)} axes")
    wanted = (batch, *values_.shape[1:])
    return [int(own) if size == OPEN else int(size) for own, size in zip(wanted, told, strict=True)]


def _invoked(
    interpreter: Any, taken: Sequence[Any], given: Sequence[Any], inputs: Sequence[Any], start: int, size: int
) -> list[Any]:
    """The outputs for some of the examples, each with the axis of these; behind the last come the first ones again."""
    import numpy

    for tensor, values_ in zip(taken, inputs, strict=True):
        chosen = numpy.take(values_, range(start, start + size), axis=0, mode="wrap")
        interpreter.set_tensor(tensor["index"], chosen.astype(tensor["dtype"]))
    interpreter.invoke()
    found = [interpreter.get_tensor(tensor["index"]) for tensor in given]
    return [each if each.ndim and len(each) == size else each[None] for each in found]
