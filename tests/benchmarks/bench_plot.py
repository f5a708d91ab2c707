"""`plot` with rendering, against Keras's model_to_dot without."""

from __future__ import annotations

import tempfile
from pathlib import Path

from paired import Pair, cnncli, compare, python

KERAS = """
import pathlib, sys, keras
model = keras.applications.EfficientNetB0(weights=None)
options = dict(show_shapes=True, show_layer_names=True)
pathlib.Path({path!r}).write_text(keras.utils.model_to_dot(model, **options).to_string())
"""


def pairs(runs: int) -> list[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        pdf, dot = Path(folder) / "b0.pdf", Path(folder) / "b0.dot"
        ours = cnncli("plot", "efficientnet_b0", "--detail", "layer", "--force", "-o", str(pdf))
        rival = python(KERAS.format(path=str(dot)))
        name = "`plot efficientnet_b0 --detail layer` to PDF, against Keras's model_to_dot to DOT"
        return [compare(name, ours, rival, runs)]
