"""The proof: a written file, run by the runtime that users deploy, against the Keras model's outputs.

`python -m cnncli.export.verification`, a child that knows nothing of how the file was made.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cnncli.child import Tell, peak_memory, serve
from cnncli.export.flatbuffer import SIGNATURE, describe, ending_before_softmax
from cnncli.export.kinds import BY_NAME, INPUT_NAME

BLIND = 1e-3
"""Outputs that the pictures change by less than this share of the largest one would agree whatever the file does."""


def verify(job: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Run the file at `path`, of `kind`, on the `samples` (.npz of `inputs` and `expected`); what is found as JSON."""
    import numpy

    kind = BY_NAME[job["kind"]]
    path = Path(job["path"])
    with numpy.load(job["samples"]) as samples:
        inputs, expected = samples["inputs"], samples["expected"]
    tell(f"Verifying {kind.label}")
    found: dict[str, Any] = {}
    if kind.format == "tflite":
        data = path.read_bytes()
        found = describe(data)
        outputs = run_tflite(data, inputs, SIGNATURE)
    else:
        outputs = {"saved_model": run_saved_model, "keras": run_keras}[kind.format](path, inputs)
    found["comparison"] = {"compared": "outputs", **compare(outputs, expected)}
    before_softmax = ending_before_softmax(data) if kind.integer_outputs else None
    if before_softmax is not None:
        logits = run_tflite(before_softmax, inputs).reshape(expected.shape)
        found["comparison"] = {"compared": "logits", **compare(centred(logits), centred(logarithm(expected)))}
    return {**found, "peak_memory_bytes": peak_memory()}


def run_tflite(data: bytes, inputs: Any, signature: str | None = None) -> Any:
    """The outputs of a TFLite file, by its signature where one is named, as float32."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=data, num_threads=os.cpu_count())
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.allocate_tensors()
    run = _signature_run(interpreter, signature) if signature else _plain_run(interpreter, taken, given)
    return _batches(lambda batch: _real(run(_stored(batch, taken)), given), inputs, int(taken["shape"][0]))


def _signature_run(interpreter: Any, signature: str) -> Callable[[Any], Any]:
    runner = interpreter.get_signature_runner(signature)
    return lambda batch: next(iter(runner(**{INPUT_NAME: batch}).values()))


def _plain_run(interpreter: Any, taken: Any, given: Any) -> Callable[[Any], Any]:
    def run(batch: Any) -> Any:
        interpreter.set_tensor(taken["index"], batch)
        interpreter.invoke()
        return interpreter.get_tensor(given["index"])

    return run


def _stored(values: Any, tensor: Any) -> Any:
    """Real values as the tensor's type stores them."""
    import numpy

    scale, zero_point = tensor["quantization"]
    if not scale:
        return values
    limits = numpy.iinfo(tensor["dtype"])
    return numpy.clip(numpy.round(values / scale) + zero_point, limits.min, limits.max).astype(tensor["dtype"])


def _real(values: Any, tensor: Any) -> Any:
    scale, zero_point = tensor["quantization"]
    return (values.astype("float32") - zero_point) * scale if scale else values


def _batches(run: Callable[[Any], Any], inputs: Any, size: int) -> Any:
    """Outputs of all inputs, run in batches of `size`, the last one filled up."""
    import numpy

    outputs = []
    for start in range(0, len(inputs), size):
        batch = numpy.take(inputs, range(start, start + size), axis=0, mode="wrap")
        outputs.append(numpy.array(run(batch)))
    return numpy.concatenate(outputs)[: len(inputs)]


def run_saved_model(path: Path, inputs: Any) -> Any:
    import tensorflow

    signature = tensorflow.saved_model.load(str(path)).signatures["serving_default"]
    (taken,) = signature.structured_input_signature[1].values()

    def run(batch: Any) -> Any:
        (output,) = signature(**{INPUT_NAME: tensorflow.constant(batch)}).values()
        return output.numpy()

    return _batches(run, inputs, taken.shape[0] or 1)


def run_keras(path: Path, inputs: Any) -> Any:
    from cnncli.keras_model import import_keras

    model = import_keras().models.load_model(path)
    return _batches(lambda batch: model(batch, training=False).numpy(), inputs, 1)


def logarithm(probabilities: Any) -> Any:
    """What softmax read, but for a constant an example."""
    import numpy

    return numpy.log(numpy.maximum(probabilities, numpy.finfo("float32").tiny))


def centred(logits: Any) -> Any:
    """Logits without what softmax ignores: the mean of each example."""
    return logits - logits.mean(-1, keepdims=True)


def compare(actual: Any, expected: Any) -> dict[str, Any]:
    """How far outputs (examples first) are from the expected ones.

    `max_abs_difference`; `max_relative_difference`, over the largest expected magnitude; `cosine` between what the
    examples change in the two (the outputs less the mean of the expected ones over the examples): 1 where they agree,
    about 0 where the file ignores the picture. All None where an output is not finite or the shapes differ.
    `blind` says that the examples change next to nothing in the expected outputs.
    """
    import numpy

    expected = expected.astype("float64")
    largest = float(numpy.abs(expected).max())
    signal = expected - expected.mean(0)
    found: dict[str, Any] = dict.fromkeys(("max_abs_difference", "max_relative_difference", "cosine"))
    found["blind"] = not float(numpy.abs(signal).max()) > BLIND * largest
    if actual.shape == expected.shape and numpy.isfinite(actual).all():
        difference = float(numpy.abs(actual - expected).max())
        found["max_abs_difference"] = difference
        found["max_relative_difference"] = difference / largest if largest else math.inf
        found["cosine"] = cosine(actual - expected.mean(0), signal)
    return found


def cosine(one: Any, other: Any) -> float:
    import numpy

    norms = float(numpy.linalg.norm(one) * numpy.linalg.norm(other))
    return float((one * other).sum()) / norms if norms else 0.0


if __name__ == "__main__":
    serve(verify)
