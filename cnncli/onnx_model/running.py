"""ONNX files run by onnxruntime, as on a server or a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SEVERAL = 3
"""Pictures at once, by which a file of a free batch is tried besides one."""


def run_file(path: Path, inputs: Any) -> Any:
    """The output of a file for pictures (count, height, width, channels), as float32, with the channels last.

    Where its batch is free, one half is run one by one, the other SEVERAL at once.
    """
    import numpy
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    first = session.get_modelmeta().custom_metadata_map.get("layout") == "nchw"

    def run(pictures: Any, size: int) -> Any:
        outputs = []
        for start in range(0, len(pictures), size):
            batch = numpy.take(pictures, range(start, start + size), axis=0, mode="wrap")
            if first and batch.ndim > 2:
                batch = numpy.moveaxis(batch, -1, 1)
            (output,) = session.run([given.name], {taken.name: batch.astype("float32")})
            outputs.append(numpy.moveaxis(output, 1, -1) if first and output.ndim > 2 else output)
        return numpy.concatenate(outputs)[: len(pictures)] if outputs else numpy.empty((0,))

    fixed = taken.shape[0]
    if isinstance(fixed, int):
        return run(inputs, fixed)
    half = len(inputs) // 2
    parts = [run(inputs[:half], 1), run(inputs[half:], SEVERAL)]
    return numpy.concatenate([part for part in parts if len(part)])
