"""`export` against the script that one writes without it: keras.applications and TensorFlow's converter."""

from __future__ import annotations

import tempfile
from pathlib import Path

from paired import Pair, cnncli, compare, python

RIVAL = """
import keras, tensorflow

model = keras.applications.{name}(weights=None)
data = tensorflow.lite.TFLiteConverter.from_keras_model(model).convert()
open({path!r}, "wb").write(data)
"""


def pairs(runs: int) -> list[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        return [_pair(Path(folder), "efficientnet_b0", "EfficientNetB0", runs)]


def _pair(folder: Path, reference: str, name: str, runs: int) -> Pair:
    ours = cnncli("export", reference, "-o", str(folder / "ours.tflite"), "--no-verify", "--force")
    rival = python(RIVAL.format(name=name, path=str(folder / "rival.tflite")))
    return compare(f"`export {reference} -o b0.tflite --no-verify`, against from_keras_model", ours, rival, runs)
