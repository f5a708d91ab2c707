"""`summary` of model files, against the smallest Typer app, against Keras's own summary, and against onnx-tool.

onnx-tool is a rival where it is installed (pip install onnx-tool).
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from bench_startup import TABLE
from paired import Pair, cnncli, compare, python

SAVE = """
import sys, keras
model = getattr(keras.applications, sys.argv[1])(weights=None)
model.save(sys.argv[2] + ".keras")
model.save(sys.argv[2] + ".h5")
model.export(sys.argv[2], verbose=False)
"""
WRITE_ONNX = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from onnx_files import write_onnx
from cnncli.network import network
write_onnx(network({name!r}).graph, Path({path!r}))
"""
LOAD = "import keras; keras.models.load_model({path!r}, compile=False).summary()"
ONNX_TOOL = """
import numpy, onnx_tool
onnx_tool.model_profile({path!r}, {{"image": numpy.zeros((1, 3, 224, 224), numpy.float32)}})
"""


def written(folder: Path, number: int) -> list[Path]:
    """EfficientNet-B0 or B7 in every format that Keras, the export and the tests can write."""
    stem = folder / f"b{number}"
    subprocess.run([*python(SAVE), f"EfficientNetB{number}", str(stem)], check=True, capture_output=True)
    subprocess.run(cnncli("export", f"b{number}", "-o", f"{stem}.tflite"), check=True, capture_output=True)
    # In a process of its own: what starts a command lends it the peak of its own memory.
    tests = str(Path(__file__).parent.parent)
    onnx = python(WRITE_ONNX.format(tests=tests, name=f"b{number}", path=str(stem.with_suffix(".onnx"))))
    subprocess.run(onnx, check=True, capture_output=True)
    return [*(stem.with_suffix(f".{suffix}") for suffix in ("tflite", "onnx", "h5", "keras")), stem]


def pairs(runs: int) -> list[Pair]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        smallest = folder / "smallest.py"
        smallest.write_text(TABLE)
        small, large = written(folder, 0), written(folder, 7)
        found = [
            compare(
                f"`summary` of {_kind(path)}, against the smallest Typer app",
                _summary(path),
                [sys.executable, str(smallest)],
                runs,
            )
            for path in (*small, *large)
        ]
        keras = [path for path in small if path.suffix in (".keras", ".h5")]
        found += [
            compare(
                f"`summary` of {_kind(path)}, against load_model().summary()",
                _summary(path),
                python(LOAD.format(path=str(path))),
                runs,
            )
            for path in keras
        ]
        if importlib.util.find_spec("onnx_tool"):
            (path,) = (path for path in small if path.suffix == ".onnx")
            rival = python(ONNX_TOOL.format(path=str(path)))
            found.append(compare(f"`summary` of {_kind(path)}, against onnx-tool", _summary(path), rival, runs))
        return found


def _summary(path: Path) -> list[str]:
    return cnncli("summary", str(path))


def _kind(path: Path) -> str:
    return f"{path.stem} as {path.suffix or 'SavedModel'}"
