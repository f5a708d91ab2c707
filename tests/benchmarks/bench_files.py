"""`summary` of model files, against the smallest Typer app and against all that people read such files with."""

from __future__ import annotations

import sys
from pathlib import Path

from bench_startup import smallest
from benchmark import Benchmark, python
from made import NETWORKS, PROGRAM, SUFFIXES
from rivals import PYTHON

LOAD = "import sys, keras; keras.models.load_model(sys.argv[1], compile=False).summary()"
ANALYZER = "import sys, tensorflow; tensorflow.lite.experimental.Analyzer.analyze(model_path=sys.argv[1])"
LITERT = """
import sys
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(sys.argv[1])
for found in (*interpreter.get_tensor_details(), *interpreter._get_ops_details()):
    print(found)
"""
ONNX = """
import sys, onnx

print(onnx.helper.printable_graph(onnx.shape_inference.infer_shapes(onnx.load(sys.argv[1])).graph))
"""
ONNX_RUNTIME = """
import sys, onnxruntime

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
for found in (*session.get_inputs(), *session.get_outputs()):
    print(found.name, found.shape, found.type)
"""
NETRON = """
import json, sys
import onnx
from netron.onnx import ModelFactory

print(json.dumps(ModelFactory().open(onnx.load(sys.argv[1])).to_json()))
"""
TORCH = "import sys, torch; print(torch.export.load(sys.argv[1]))"
SIZES = {"b0": 224, "v2": 224, "b7": 600}
"""Of the pictures, which onnx-tool must be told."""


def benchmarks(folder: Path) -> list[Benchmark]:
    app, program = smallest(folder), folder / PROGRAM
    paths = [folder / f"{stem}{suffix}" for suffix in SUFFIXES for stem in NETWORKS]
    return [
        *(_summary(path, "smallest-file", app) for path in paths),
        *(each for path in paths for each in _rivals(path)),
        _summary(program, "smallest-file", app),
        _summary(program, "torch", python(TORCH, str(program))),
    ]


def _rivals(path: Path) -> list[Benchmark]:
    """Of a file, all that read its format."""
    given = str(path)
    if path.suffix in {".keras", ".h5"}:
        return [_summary(path, "load_model", python(LOAD, given)), *_from_keras(path)]
    if path.suffix == ".tflite":
        return [_summary(path, "analyzer", python(ANALYZER, given)), _summary(path, "litert", python(LITERT, given))]
    if path.suffix == ".onnx":
        return _onnx(path)
    command = (str(Path(sys.executable).parent / "saved_model_cli"), "show", "--dir", given, "--all")
    return [_summary(path, "saved_model_cli", command)]


def _onnx(path: Path) -> list[Benchmark]:
    given, size = str(path), SIZES[path.stem]
    tool = (PYTHON, "-m", "onnx_tool", "-i", given, "-d", f"image:f32:1x{size}x{size}x3")
    report = (PYTHON, "-m", "haoline", "inspect", given, "--out-json", str(path.with_suffix(".json")))
    return [
        _summary(path, "onnx", python(ONNX, given)),
        _summary(path, "onnxruntime", python(ONNX_RUNTIME, given)),
        _summary(path, "onnx-tool", tool),
        _summary(path, "haoline", report, "--format", "json"),
        _summary(path, "netron-json", (PYTHON, "-c", NETRON, given), "--format", "json"),
    ]


def _from_keras(path: Path) -> list[Benchmark]:
    """HaoLine of the least of the Keras files alone: it takes half a minute."""
    if path.name != "v2.keras":
        return []
    report = (PYTHON, "-m", "haoline", "inspect", "--from-keras", str(path), "--out-json", f"{path}.json")
    return [_summary(path, "haoline-keras", report, "--format", "json")]


def _summary(path: Path, rival: str, against: tuple[str, ...], *options: str) -> Benchmark:
    return Benchmark(("summary", str(path), *options), rival, against, made=(path,))
