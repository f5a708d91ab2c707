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
PROGRAM = "v1.pt2"
"""The file that PyTorch writes: MobileNet V1, by table 1 of Howard et al. 2017."""
EXPORT = """
import sys, torch
from torch import nn

def conv(inputs, outputs, size, stride=1, groups=1):
    layer = nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)
    return [layer, nn.BatchNorm2d(outputs), nn.ReLU()]

layers, channels = conv(3, 32, 3, 2), 32
blocks = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
for filters, stride in blocks:
    layers += [*conv(channels, channels, 3, stride, channels), *conv(channels, filters, 1)]
    channels = filters
model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1024, 1000)).eval()
torch.export.save(torch.export.export(model, (torch.zeros(1, 3, 224, 224),)), sys.argv[1])
"""


def make(paths: Iterable[Path]) -> None:
    """Write what is not there. Keras and PyTorch write their own; the rest is exported with a Keras file's weights."""
    wanted = {path for path in paths if not path.exists()}
    for program in {path for path in wanted if path.suffix == ".pt2"}:
        _run(python(EXPORT, str(program)))
        wanted.remove(program)
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
