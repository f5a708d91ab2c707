"""Networks by name, against what Keras and TensorFlow's converter tell of the same."""

from __future__ import annotations

from pathlib import Path

from benchmark import Benchmark, Target, python

SUMMARY = "import keras; keras.applications.EfficientNetB7(weights=None).summary()"
COUNT = """
import keras

for build in (keras.applications.EfficientNetB0, keras.applications.EfficientNetB4):
    print(build(weights=None).count_params())
"""
CONVERT = """
import keras, tensorflow

data = tensorflow.lite.TFLiteConverter.from_keras_model(keras.applications.MobileNetV2(weights=None)).convert()
tensorflow.lite.experimental.Analyzer.analyze(model_content=data)
"""


def benchmarks(folder: Path) -> list[Benchmark]:
    target = Target(1 / 40, 1 / 25)
    return [
        Benchmark(("summary", "efficientnet_b7", "--format", "json"), "keras", python(SUMMARY), target=target),
        Benchmark(("compare", "b0", "b4"), "keras", python(COUNT)),
        Benchmark(("memory", "mobilenet_v2"), "converted", python(CONVERT)),
    ]
