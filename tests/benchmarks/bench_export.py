"""`export` against the scripts that one writes without it: TensorFlow's converter to TFLite, tf2onnx to ONNX.

tf2onnx is a rival where it is installed: in this environment, or in one of its own (`pip install tensorflow tf2onnx`)
whose Python the variable RIVAL_PYTHON names. It takes minutes and 14 GB for EfficientNet-B7, so that it runs once.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from paired import Pair, cnncli, compare, python

TFLITE = """
import keras, tensorflow

model = keras.applications.{name}(weights=None)
data = tensorflow.lite.TFLiteConverter.from_keras_model(model).convert()
open({path!r}, "wb").write(data)
"""
ONNX = """
import keras

model = keras.models.load_model({weights!r}, compile=False)
taken = keras.InputSpec(shape=model.input_shape, dtype="float32", name="image")
model.export({path!r}, format="onnx", input_signature=[taken], verbose=False)
"""


def pairs(runs: int) -> list[Pair]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = [_to_tflite(folder, "efficientnet_b0", "EfficientNetB0", runs)]
        rival = os.environ.get("RIVAL_PYTHON", sys.executable)
        if _has_tf2onnx(rival):
            found += [_to_onnx(folder, rival, "efficientnet_b0", runs), _to_onnx(folder, rival, "efficientnet_b7", 0)]
        else:
            print(f"{rival} has no tf2onnx: export to ONNX has no rival; see {__name__}", file=sys.stderr)
        return found


def _has_tf2onnx(interpreter: str) -> bool:
    asked = "import importlib.util, sys; sys.exit(importlib.util.find_spec('tf2onnx') is None)"
    return subprocess.run([interpreter, "-c", asked], check=False).returncode == 0


def _to_tflite(folder: Path, reference: str, name: str, runs: int) -> Pair:
    ours = cnncli("export", reference, "-o", str(folder / "ours.tflite"), "--no-verify", "--force")
    rival = python(TFLITE.format(name=name, path=str(folder / "rival.tflite")))
    return compare(f"`export {reference} -o b0.tflite --no-verify`, against from_keras_model", ours, rival, runs)


def _to_onnx(folder: Path, interpreter: str, reference: str, runs: int) -> Pair:
    """Both of the same file of weights; with no `runs`, once."""
    weights, short = folder / f"{reference}.keras", reference.removeprefix("efficientnet_")
    subprocess.run(cnncli("build", reference, "-o", str(weights)), check=True, capture_output=True)
    paths = [str(folder / f"{who}.onnx") for who in ("ours", "rival")]
    ours = cnncli("export", reference, "--weights", str(weights), "-o", paths[0], "--no-verify", "--force")
    rival = [interpreter, "-c", ONNX.format(weights=str(weights), path=paths[1])]
    title = f"`export {reference} --weights {short}.keras -o {short}.onnx --no-verify`, against tf2onnx"
    return compare(title, ours, rival, runs or 1, warm=runs > 0)
