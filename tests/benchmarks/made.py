"""The model files that the benchmarks read, written once before any is timed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from benchmark import python


class Names(NamedTuple):
    """A network's reference here, and its name in keras.applications."""

    reference: str
    keras: str


NETWORKS = {
    "b0": Names("efficientnet_b0", "EfficientNetB0"),
    "v2": Names("mobilenet_v2", "MobileNetV2"),
    "b7": Names("efficientnet_b7", "EfficientNetB7"),
}
"""By the stems of their files."""
SUFFIXES = (".keras", ".h5", ".saved_model", ".onnx", ".tflite")
"""A SavedModel is a folder."""
SAVE = """
import sys, keras
for name, *paths in map(str.split, sys.argv[1:]):
    model = getattr(keras.applications, name)(weights=None)
    for path in paths:
        model.export(path, verbose=False) if path.endswith("saved_model") else model.save(path)
"""


def make(paths: Iterable[Path]) -> None:
    """Write those that are not there. Keras writes its own; the others are exported of a .keras file's weights."""
    wanted = {path for path in paths if not path.exists()}
    exported = {path for path in wanted if path.suffix in {".onnx", ".tflite"}}
    weights = {path.with_suffix(".keras") for path in exported}
    saved = (wanted - exported) | {path for path in weights if not path.exists()}
    stems = sorted({path.stem for path in saved})
    lines = [
        " ".join([NETWORKS[stem].keras, *sorted(str(path) for path in saved if path.stem == stem)]) for stem in stems
    ]
    if lines:
        _run(python(SAVE, *lines))
    for path in sorted(exported):
        weights = str(path.with_suffix(".keras"))
        command = ("export", NETWORKS[path.stem].reference, "--weights", weights, "-o", str(path), "--no-verify")
        _run((sys.executable, "-m", "cnncli", *command))


def _run(command: tuple[str, ...]) -> None:
    subprocess.run(command, check=True, capture_output=True)
