"""Networks of the registry to ONNX and back to Keras: the outputs are those of the model that the file was made of.

In every run are a few small networks. All of them in each flavor take 10 minutes of two cores:

    pytest -n 2 -m exhaustive tests/test_build_trips.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tensorflow_truth import distance
from test_onnx_parity import ALL, calibrated, written

from cnncli.cloning.examples import examples
from cnncli.cloning.messages import Job
from cnncli.cloning.plan import planned
from cnncli.errors import UsageError
from cnncli.keras_model import build, import_keras, quiet
from cnncli.network import network
from cnncli.onnx_model.external import fits

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")]
LIMIT = 1e-4
SAMPLE = ["mobilenet_v2:alpha=0.35,input_shape=32,classes=7", "lenet5"]


def trip(reference: str, path: Path, *, first: bool) -> float:
    """How far the clone's outputs are from the original's, and the original's from those of other pictures."""
    from cnncli.cloning import worker

    import_keras().backend.clear_session()
    found = network(reference)
    with quiet():
        model = calibrated(found)
        written(found, model, path, first=first)
        back = network(str(path), {"exact": True})
        plan = planned(back.graph, str(path))
        job = Job(plan, path, "onnx", None, None, False, found.input_range, True, None, None, None)
        built = build(plan.graph, fill=worker._fill(job))
        assert not built.differences
        (pictures,) = examples(found.graph.inputs, found.input_range)
        expected, flipped = (_given(model, each) for each in (pictures[:4], pictures[:4, ::-1]))
        assert distance(flipped, expected) > 0.01, "the comparison is blind"
        return distance(_given(built.model, pictures[:4]), expected)


def _given(model: Any, pictures: Any) -> Any:
    import numpy

    return numpy.asarray(model(pictures, training=False))


@pytest.mark.parametrize("reference", [*SAMPLE, *(pytest.param(each, marks=pytest.mark.exhaustive) for each in ALL)])
def test_a_network_to_onnx_and_back(reference: str, tmp_path: Path, record_property: Any) -> None:
    """Every other one with the channels first at its ends. Weights that stand beside a file are not opened."""
    path = tmp_path / "network.onnx"
    params = sum(node.params for node in network(reference).graph.nodes)
    if not fits(4 * params):
        with pytest.raises(UsageError, match="in another file, which is never opened"):
            trip(reference, path, first=False)
        return
    apart = trip(reference, path, first=len(reference) % 2 == 1)
    path.unlink()  # all of them together are many gigabytes
    record_property("apart", apart)
    assert apart < LIMIT
