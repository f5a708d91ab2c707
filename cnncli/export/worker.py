"""The child that builds the Keras model and writes files of it: `python -m cnncli.export.worker`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnncli.child import Tell
from cnncli.child.inside import serve
from cnncli.errors import CheckFailed
from cnncli.export.calibration import calibrate, tell_apart
from cnncli.export.drafting import samples, sha256, written
from cnncli.export.format import Source
from cnncli.export.messages import Answer, Job, metadata
from cnncli.export.representative import Representative, representative
from cnncli.keras_model import build
from cnncli.keras_model.backend import without_matplotlib
from cnncli.keras_model.building import Build


def work(job: Job, tell: Tell) -> dict[str, Any]:
    """Write the drafts of a job; the Answer's data."""
    # Read before anything slow begins, for what is wrong with it to be said at once.
    given = representative(job.representative_data, job.graph.inputs[0].shape, job.input_range)
    built = _built(job, given, tell)
    if job.samples:
        tell("Running the Keras model")
        pictures = samples(given, job.graph.inputs[0].shape, job.drafts)
        _save_samples(built.model, pictures, job.samples)
    source = Source(job.graph, built.model, job.batch, job.output_name, given, metadata(job), job.layout)
    files = written(source, job.drafts, tell)
    shown = given.description if job.shows_pictures else None
    notes = built.loaded.notes if built.loaded else ()
    return Answer(sha256(weight.value for weight in built.model.weights), job.calibrates, notes, shown, files).data()


def _built(job: Job, given: Representative, tell: Tell) -> Build:
    built = build(job.graph, weights=job.weights, seed=job.seed, tell=tell)
    if built.differences:
        first = built.differences[0]
        command = f"cnncli build {job.reference}"
        raise CheckFailed(f"the Keras model is not the graph: {first.layer}: {first.fact}; run `{command}`")
    if job.calibrates:
        tell("Calibrating the fresh weights")
        calibrate(built.model, job.graph, given)
    if job.weights is None:
        tell_apart(built.model)
    return built


def _save_samples(model: Any, pictures: Any, path: Path) -> None:
    """Pictures and what the Keras model makes of each, for the verification."""
    import numpy

    # By Keras's own predict, which knows nothing of the functions that are traced for the files. It lets go of what
    # has been read: a plain call would hold 4 GB a picture of B7. XLA would compile longer than this runs.
    model.jit_compile = False
    numpy.savez(path, inputs=pictures, expected=model.predict(pictures, batch_size=1, verbose=0))


if __name__ == "__main__":
    without_matplotlib()
    serve(work)
