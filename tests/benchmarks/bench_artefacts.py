"""`build` and `export` against the scripts that one writes without them."""

from __future__ import annotations

from pathlib import Path

from benchmark import Benchmark, python
from made import NETWORKS
from rivals import PYTHON

SAVE = "import sys, keras; keras.applications.EfficientNetB7(weights=None).save(sys.argv[1])"
TFLITE = """
import sys, keras, tensorflow

model = keras.applications.EfficientNetB0(weights=None)
data = tensorflow.lite.TFLiteConverter.from_keras_model(model).convert()
open(sys.argv[1], "wb").write(data)
"""
ONNX = """
import sys, keras

model = keras.models.load_model(sys.argv[1], compile=False)
taken = keras.InputSpec(shape=model.input_shape, dtype="float32", name="image")
model.export(sys.argv[2], format="onnx", input_signature=[taken], verbose=False)
"""


def benchmarks(folder: Path) -> list[Benchmark]:
    ours = [str(folder / f"ours{suffix}") for suffix in (".keras", ".tflite")]
    rivals = [str(folder / f"rival{suffix}") for suffix in (".keras", ".tflite")]
    build = ("build", "efficientnet_b7", "--force", "-o", ours[0])
    export = ("export", "efficientnet_b0", "--no-verify", "--force", "-o", ours[1])
    return [
        Benchmark(build, "save", python(SAVE, rivals[0])),
        Benchmark(export, "converter", python(TFLITE, rivals[1])),
        *(_onnx(folder / f"{stem}.keras") for stem in ("b0", "b7")),
    ]


def _onnx(weights: Path) -> Benchmark:
    """Both of the same file of weights. Of EfficientNet-B7 tf2onnx takes minutes and 10 GB."""
    ours, rival = (str(weights.with_name(f"{who}.onnx")) for who in ("ours", "rival"))
    reference = NETWORKS[weights.stem].reference
    typed = ("export", reference, "--weights", str(weights), "--no-verify", "--force", "-o", ours)
    return Benchmark(typed, "tf2onnx", (PYTHON, "-c", ONNX, str(weights), rival), made=(weights,))
