"""ONNX files run by onnxruntime, as on a server or a phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnncli.errors import CheckFailed

ERRORS = 3
"""The least severe that onnxruntime is to tell: of a file's advice nothing follows here."""


class Runner:
    """An ONNX file of one input and one output, by its path or its bytes, as onnxruntime runs it.

    `batch` is how many pictures it takes at once, None where that is free. Raises CheckFailed where it is refused.
    """

    def __init__(self, model: str | bytes) -> None:
        self._session = _session(model)
        (taken,), (given,) = self._session.get_inputs(), self._session.get_outputs()
        self._input, self._output = taken.name, given.name
        self._first = self._session.get_modelmeta().custom_metadata_map.get("layout") == "nchw"
        self.batch: int | None = taken.shape[0] if isinstance(taken.shape[0], int) else None

    def run(self, pictures: Any) -> Any:
        """The output for a batch of pictures (count, height, width, channels), with the channels last."""
        import numpy

        batch = pictures.astype("float32")
        with _refusals():
            (output,) = self._session.run(
                [self._output], {self._input: numpy.moveaxis(batch, -1, 1) if self._first else batch}
            )
        return numpy.moveaxis(output, 1, -1) if self._first and output.ndim > 2 else output


def before_softmax(path: Path) -> bytes | None:
    """A file as one that gives what its final softmax reads; None where it ends otherwise."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    (output,) = model.graph.output
    (last,) = (node for node in model.graph.node if output.name in node.output)
    if last.op_type != "Softmax":
        return None
    del model.graph.output[:]
    model.graph.output.add(name=last.input[0])
    model.graph.node.remove(last)
    made: bytes = model.SerializeToString()
    return made


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
