"""ONNX files run by onnxruntime, as on a server or a phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnncli.errors import CheckFailed

SEVERAL = 3
"""Pictures at once, by which a file of a free batch is tried besides one."""
ERRORS = 3
"""The least severe that onnxruntime is to tell: of a file's advice nothing follows here."""


def run_file(path: Path, inputs: Any) -> Any:
    """The output of a file for pictures (count, height, width, channels), as float32, with the channels last.

    Where its batch is free, one half is run one by one, the other SEVERAL at once. Raises CheckFailed where onnxruntime
    refuses the file.
    """
    return _run(str(path), inputs)


def run_before_softmax(path: Path, inputs: Any) -> Any | None:
    """What a file's final softmax reads; None where it ends otherwise."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    (output,) = model.graph.output
    (last,) = (node for node in model.graph.node if output.name in node.output)
    if last.op_type != "Softmax":
        return None
    del model.graph.output[:]
    model.graph.output.add(name=last.input[0])
    model.graph.node.remove(last)
    return _run(model.SerializeToString(), inputs)


def _run(model: str | bytes, inputs: Any) -> Any:
    import numpy

    session = _session(model)
    fixed = session.get_inputs()[0].shape[0]
    if isinstance(fixed, int):
        return _in_batches(session, inputs, fixed)
    half = len(inputs) // 2
    parts = [_in_batches(session, inputs[:half], 1), _in_batches(session, inputs[half:], SEVERAL)]
    return numpy.concatenate([part for part in parts if len(part)])


def _session(model: str | bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = ERRORS
    with _refusals():
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


@contextmanager
def _refusals() -> Iterator[None]:
    """Make one kind of failure of onnxruntime's, each of which is a class of its own, of RuntimeError or Exception."""
    try:
        yield
    except Exception as error:
        said = " ".join(str(error).split())
        if "alloc" in said:  # std::bad_alloc, or a buffer that its arena cannot have
            raise MemoryError(said) from error
        raise CheckFailed(f"onnxruntime refuses it: {said[:300]}") from error


def _in_batches(session: Any, inputs: Any, size: int) -> Any:
    """Outputs of all inputs, run in batches of `size`, the last one filled up."""
    import numpy

    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    first = session.get_modelmeta().custom_metadata_map.get("layout") == "nchw"
    outputs = []
    for start in range(0, len(inputs), size):
        batch = numpy.take(inputs, range(start, start + size), axis=0, mode="wrap").astype("float32")
        with _refusals():
            (output,) = session.run([given.name], {taken.name: numpy.moveaxis(batch, -1, 1) if first else batch})
        outputs.append(numpy.moveaxis(output, 1, -1) if first and output.ndim > 2 else output)
    return numpy.concatenate(outputs)[: len(inputs)] if outputs else numpy.empty((0,))
