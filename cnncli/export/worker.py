"""The child that builds the Keras model and writes files of it: `python -m cnncli.export.worker`."""

from __future__ import annotations

import hashlib
import time
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from cnncli.child import Tell, peak_memory, serve
from cnncli.errors import CheckFailed, MachineError
from cnncli.export import saved_model, tflite
from cnncli.export.calibration import calibrate
from cnncli.export.flatbuffer import describe, with_integer_ends
from cnncli.export.kinds import BY_NAME, Kind
from cnncli.export.pictures import input_range
from cnncli.export.representative import representative
from cnncli.keras_model import build
from cnncli.models.reference import parse

LEAST_SAMPLES, MOST_SAMPLES = 4, 32
SAMPLED_PIXELS = 8 * 224 * 224
"""In the pictures that the verification compares: few would leave it to chance what a cosine of few outputs is."""


class Exporter:
    """A Keras model and what its files have in common."""

    def __init__(self, job: dict[str, Any], tell: Tell) -> None:
        self.tell = tell
        model = parse(job["reference"])
        self.graph = model.graph()
        self.batch: int | None = job["batch"]
        self.output_name: str = job["output_name"]
        self.values = input_range(model, self.graph)
        # Read before anything slow begins, for what is wrong with it to be said at once.
        path = job["representative_data"]
        self.representative = representative(path and Path(path), self.graph.inputs[0].shape, self.values)
        self.model = self._built(job)

    def _built(self, job: dict[str, Any]) -> Any:
        weights = job["weights"]
        built = build(self.graph, weights=weights and Path(weights), seed=job["seed"], tell=self.tell)
        if built.differences:
            first = built.differences[0]
            raise CheckFailed(f"the Keras model is not the graph: {first.layer}: {first.fact}; run `cnncli build`")
        if weights is None:
            self.tell("Calibrating the fresh weights")
            calibrate(built.model, self.graph, self.representative)
        self.notes = list(built.loaded.notes) if built.loaded else []
        return built.model

    def write(self, kind: Kind, path: Path) -> dict[str, Any]:
        """Write a file; what is known of it without running it. Raises OSError where the system refuses."""
        self.tell(f"Writing {kind.label}")
        if kind.format == "saved_model":
            saved_model.write(self.model, path, self.batch, self.output_name)
            return {}
        if kind.format == "keras":
            self.model.save(path)
            return {}
        data = self._tflite(kind.name)
        path.write_bytes(data)
        return describe(data)

    def _tflite(self, quantize: str) -> bytes:
        if quantize == "int8-io":
            return with_integer_ends(self._int8)
        return self._int8 if quantize == "int8" else self._converted(quantize)

    @cached_property
    def _int8(self) -> bytes:
        """What two kinds are made of: measuring the activations takes most of the time."""
        return self._converted("int8")

    def _converted(self, quantize: str) -> bytes:
        examples = partial(self.representative.batches, self.batch or 1)
        return tflite.convert(self._function, quantize, examples, self.output_name)

    @cached_property
    def _function(self) -> Any:
        """Traced once for all kinds."""
        return tflite.concrete_function(self.model, self.batch or 1)

    def save_samples(self, path: Path) -> None:
        """Pictures and what the Keras model makes of each, for the verification."""
        import numpy

        self.tell("Running the Keras model")
        height, width, _ = shape = self.graph.inputs[0].shape
        count = max(LEAST_SAMPLES, min(MOST_SAMPLES, SAMPLED_PIXELS // (height * width)))
        enough = len(self.representative) >= LEAST_SAMPLES
        source = self.representative if enough else representative(None, shape, self.values)
        inputs = source.taken(range(min(count, len(source))))
        # By Keras's own predict, which knows nothing of the functions that are traced for the files. It lets go of what
        # has been read: a plain call would hold 4 GB a picture of B7. XLA would compile longer than this runs.
        self.model.jit_compile = False
        numpy.savez(path, inputs=inputs, expected=self.model.predict(inputs, batch_size=1, verbose=0))

    def weights_sha256(self) -> str:
        """Of all weights' bytes in Keras's order."""
        import numpy

        digest = hashlib.sha256()
        for weight in self.model.weights:
            digest.update(numpy.ascontiguousarray(weight.value).tobytes())
        return digest.hexdigest()


def work(job: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Write the `files` of a job (kind, path, and the target that the file is a draft of).

    A kind that cannot be made is an `error` in its place.
    """
    exporter = Exporter(job, tell)
    if job["samples"]:
        exporter.save_samples(Path(job["samples"]))
    return {
        "weights_sha256": exporter.weights_sha256(),
        "notes": exporter.notes,
        "input_range": exporter.values,
        "representative_data": exporter.representative.description,
        "files": [_timed(exporter, BY_NAME[kind], Path(path), target) for kind, path, target in job["files"]],
        "peak_memory_bytes": peak_memory(),
    }


def _timed(exporter: Exporter, kind: Kind, path: Path, target: str) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        found = exporter.write(kind, path)
    except CheckFailed as error:
        found = {"error": str(error)}
    except OSError as error:
        raise MachineError(f"{target} cannot be written: {error.strerror or error}") from error
    return {**found, "seconds": round(time.perf_counter() - started, 3), "peak_memory_bytes": peak_memory()}


if __name__ == "__main__":
    serve(work)
