"""The child that builds the Keras model and writes files of it: `python -m cnncli.export.worker`."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

from cnncli.child import Tell, peak_memory
from cnncli.child.inside import serve
from cnncli.errors import CheckFailed, MachineError
from cnncli.export.calibration import calibrate, tell_apart
from cnncli.export.format import Description, Source
from cnncli.export.formats import BY_KIND
from cnncli.export.messages import Answer, Draft, FileAnswer, Job, metadata
from cnncli.export.pictures import random_pictures, scaled
from cnncli.export.representative import representative
from cnncli.graph import Shape
from cnncli.keras_model import build
from cnncli.keras_model.backend import without_matplotlib

LEAST_SAMPLES, MOST_SAMPLES = 4, 32
SAMPLED_PIXELS = 8 * 224 * 224
"""In the pictures that the verification compares: few would leave it to chance what a cosine of few outputs is."""
FOR_CLASSES, MOST_FOR_CLASSES = 8, 96
"""So many times more pictures where it is counted on how many the class is the same, and the most that they become.

About half of them are clear. Of 10 clear ones a right file of MobileNet V1 has lost 3, of 49 only 5.
"""


class Exporter:
    """A Keras model and what its files have in common."""

    def __init__(self, job: Job, tell: Tell) -> None:
        self.tell = tell
        self.graph = job.graph
        self.values = job.input_range
        # Read before anything slow begins, for what is wrong with it to be said at once.
        self.representative = representative(job.representative_data, self.graph.inputs[0].shape, self.values)
        self.model = self._built(job)
        self.source = Source(
            self.graph, self.model, job.batch, job.output_name, self.representative, metadata(job), job.layout
        )
        self.counts_classes = any(BY_KIND[draft.format, draft.kind][1].limits.agreement for draft in job.drafts)

    def _built(self, job: Job) -> Any:
        built = build(self.graph, weights=job.weights, seed=job.seed, tell=self.tell)
        if built.differences:
            first = built.differences[0]
            command = f"cnncli build {job.reference}"
            raise CheckFailed(f"the Keras model is not the graph: {first.layer}: {first.fact}; run `{command}`")
        if job.calibrates:
            self.tell("Calibrating the fresh weights")
            calibrate(built.model, self.graph, self.representative)
        if job.weights is None:
            tell_apart(built.model)
        self.notes = built.loaded.notes if built.loaded else ()
        return built.model

    def write(self, draft: Draft) -> Description | None:
        """Write a file; what is known of it without running it. Raises OSError where the system refuses."""
        format, kind = BY_KIND[draft.format, draft.kind]
        self.tell(f"Writing {format.label_of(kind)}")
        format.write(self.source, kind, draft.path)
        return format.describe(draft.path)

    def save_samples(self, path: Path) -> None:
        """Pictures and what the Keras model makes of each, for the verification."""
        import numpy

        self.tell("Running the Keras model")
        height, width, _ = shape = self.graph.inputs[0].shape
        count = max(LEAST_SAMPLES, SAMPLED_PIXELS // (height * width))
        most, times = (MOST_FOR_CLASSES, FOR_CLASSES) if self.counts_classes else (MOST_SAMPLES, 1)
        inputs = self._samples(min(most, times * count), shape)
        # By Keras's own predict, which knows nothing of the functions that are traced for the files. It lets go of what
        # has been read: a plain call would hold 4 GB a picture of B7. XLA would compile longer than this runs.
        self.model.jit_compile = False
        numpy.savez(path, inputs=inputs, expected=self.model.predict(inputs, batch_size=1, verbose=0))

    def _samples(self, count: int, shape: Shape) -> Any:
        """So many of the representative pictures; random ones where those are too few, or random."""
        given = self.representative
        if given.is_random or len(given) < LEAST_SAMPLES:
            return scaled(random_pictures(count, shape), self.values)
        return given.taken(range(min(count, len(given))))

    def weights_sha256(self) -> str:
        """Of all weights' bytes in Keras's order."""
        import numpy

        digest = hashlib.sha256()
        for weight in self.model.weights:
            digest.update(numpy.ascontiguousarray(weight.value).tobytes())
        return digest.hexdigest()


def work(job: Job, tell: Tell) -> dict[str, Any]:
    """Write the drafts of a job; the Answer's data. A kind that cannot be made is an `error` in its place."""
    exporter = Exporter(job, tell)
    if job.samples:
        exporter.save_samples(job.samples)
    files = tuple(_written(exporter, draft) for draft in job.drafts)
    shown = exporter.representative.description if job.shows_pictures else None
    return Answer(exporter.weights_sha256(), job.calibrates, exporter.notes, shown, files).data()


def _written(exporter: Exporter, draft: Draft) -> FileAnswer:
    started = time.perf_counter()
    error = description = None
    try:
        description = exporter.write(draft)
    except CheckFailed as failure:
        error = str(failure)
    except OSError as failure:
        if failure.errno is None:  # of a library that cannot be loaded: the file is not to blame
            raise
        raise MachineError(f"{draft.target} cannot be written: {failure.strerror or failure}") from failure
    return FileAnswer(round(time.perf_counter() - started, 3), peak_memory(), error, description)


if __name__ == "__main__":
    without_matplotlib()
    serve(work)
