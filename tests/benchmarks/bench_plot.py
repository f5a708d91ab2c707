"""`plot` with rendering, against Keras's model_to_dot without; our own SVG, against Graphviz's of our DOT."""

from __future__ import annotations

import tempfile
from pathlib import Path

from paired import Pair, cnncli, compare, python

KERAS = """
import pathlib, keras
model = keras.applications.{model}(weights=None)
options = dict(show_shapes=True, show_layer_names=True)
pathlib.Path({path!r}).write_text(keras.utils.model_to_dot(model, **options).to_string())
"""
GRAPHVIZ = """
import subprocess, pygraphviz
subprocess.run({command!r}, check=True)
pygraphviz.AGraph({dot!r}).draw({svg!r}, prog="nop2")
"""


def pairs(runs: int) -> list[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        return [*(_pair(Path(folder), number, runs) for number in (0, 7)), _svg(Path(folder), runs)]


def _pair(folder: Path, number: int, runs: int) -> Pair:
    ours = cnncli("plot", f"b{number}", "--detail", "layer", "--force", "-o", str(folder / "ours.pdf"))
    rival = python(KERAS.format(model=f"EfficientNetB{number}", path=str(folder / "rival.dot")))
    name = f"`plot b{number} --detail layer` to PDF, against Keras's model_to_dot to DOT"
    return compare(name, ours, rival, runs)


def _svg(folder: Path, runs: int) -> Pair:
    ours, dot, svg = (str(folder / name) for name in ("ours.svg", "rival.dot", "rival.svg"))
    plot = cnncli("plot", "b7", "--detail", "layer", "--force", "-o")
    rival = python(GRAPHVIZ.format(command=[*plot, dot], dot=dot, svg=svg))
    return compare("`plot b7 --detail layer` to SVG, against its DOT drawn by Graphviz", [*plot, ours], rival, runs)
