"""The child that writes files straight from a file of weights, without Keras: `python -m cnncli.export.direct`."""

from __future__ import annotations

from typing import Any

from cnncli.child import Tell
from cnncli.child.inside import serve
from cnncli.export.drafting import samples, sha256, written
from cnncli.export.format import Source
from cnncli.export.messages import Answer, Job, metadata
from cnncli.export.representative import representative
from cnncli.keras_model.weights import values


def work(job: Job, tell: Tell) -> dict[str, Any]:
    """Write the drafts of a job that has weights; the Answer's data. The samples have nothing that is `expected`."""
    assert job.weights is not None
    given = representative(job.representative_data, job.graph.inputs[0].shape, job.input_range)
    if job.samples:
        import numpy

        numpy.savez(job.samples, inputs=samples(given, job.graph.inputs[0].shape, job.drafts, compared=False))
    tell(f"Loading {job.weights}")
    arrays, ordered, notes = values(job.graph, job.weights)
    source = Source(
        job.graph, None, job.batch, job.output_name, given, metadata(job), job.layout, arrays=lambda _: arrays
    )
    files = written(source, job.drafts, tell)
    shown = given.description if job.shows_pictures else None
    return Answer(sha256(ordered), False, notes, shown, files).data()


if __name__ == "__main__":
    serve(work)
