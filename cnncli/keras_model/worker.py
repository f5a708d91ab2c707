"""The child that builds a Keras model, proves it and saves it: `python -m cnncli.keras_model.worker`."""

from __future__ import annotations

from typing import Any

from cnncli.child import Tell
from cnncli.child.inside import serve
from cnncli.keras_model.apart import Job, data
from cnncli.keras_model.backend import without_matplotlib
from cnncli.keras_model.building import build, written


def work(job: Job, tell: Tell) -> dict[str, Any]:
    """Build, and write the draft of a job that has one and whose model is the graph; the Build's data."""
    built = build(job.graph, weights=job.weights, seed=job.seed, smoke=job.smoke, tell=tell)
    if job.draft and job.target and not built.differences:
        tell(f"Saving {job.target}")
        with built.timed("save"):
            built.saved = written(built.model, job.draft, job.target)
    return data(built)


if __name__ == "__main__":
    without_matplotlib()
    serve(work)
