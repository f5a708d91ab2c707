"""ONNX files: written of the graph and its weights, without TensorFlow's exporters, and run by onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnncli.export.format import (
    CHANNELS_FIRST,
    EXACT,
    INPUT_NAME,
    LAYOUTS,
    Description,
    Format,
    Kind,
    Overhead,
    Source,
)


class ONNX(Format):
    """Of any batch unless one is given."""

    name = "onnx"
    label = "ONNX"
    suffix = ".onnx"
    kinds = (Kind("none", "float32", EXACT, Overhead(10_000, 300), also="float32"),)
    of_keras = False
    written_with = ("onnx",)
    run_with = ("onnxruntime",)
    layouts = LAYOUTS

    def write(self, source: Source, kind: Kind, path: Path) -> None:
        from cnncli.onnx_model import Ends, onnx_model

        first = source.layout == CHANNELS_FIRST
        ends = Ends(INPUT_NAME, source.output_name, channels_first=first, batch=source.batch or None)
        model = onnx_model(source.graph, source.arrays(source), ends, source.metadata)
        path.write_bytes(model.SerializeToString())

    def run(self, path: Path, inputs: Any) -> Any:
        from cnncli.onnx_model.running import run_file

        return run_file(path, inputs)

    def describe(self, path: Path) -> Description | None:
        return None
