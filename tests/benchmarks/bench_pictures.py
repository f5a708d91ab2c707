"""`plot`: paper against Keras's DOT, our own SVG against Graphviz's, a page for the browser against Netron's."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmark import Benchmark, python
from rivals import PYTHON

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
HAOLINE = """
import pathlib, sys
from haoline import EdgeAnalyzer, HierarchicalGraphBuilder, ONNXGraphLoader, PatternAnalyzer, generate_graph_html

path, page = map(pathlib.Path, sys.argv[1:])
_, graph = ONNXGraphLoader().load(path)
built = HierarchicalGraphBuilder().build(graph, PatternAnalyzer().group_into_blocks(graph), path.stem)
page.write_text(generate_graph_html(built, EdgeAnalyzer().analyze(graph), path.stem))
"""
SHOWN = str(Path(__file__).parent / "shown.py")


def benchmarks(folder: Path) -> list[Benchmark]:
    page, onnx = folder / "page.html", folder / "b0.onnx"
    return [
        *(_paper(folder, number) for number in (0, 7)),
        _svg(folder),
        _plot(onnx, page, "haoline-page", (PYTHON, "-c", HAOLINE, str(onnx), str(folder / "rival.html"))),
        *(_shown(folder / name) for name in ("b0.keras", "b0.onnx", "b0.tflite", "b7.keras", "b7.onnx")),
    ]


def _plot(
    drawn: Path | str, output: Path, rival: str, against: tuple[str, ...], made: tuple[Path, ...] = ()
) -> Benchmark:
    typed = ("plot", str(drawn), "--detail", "layer", "--force", "-o", str(output))
    return Benchmark(typed, rival, against, made or ((drawn,) if isinstance(drawn, Path) else ()))


def _paper(folder: Path, number: int) -> Benchmark:
    against = python(KERAS.format(model=f"EfficientNetB{number}", path=str(folder / "rival.dot")))
    return _plot(f"b{number}", folder / f"b{number}.pdf", "plot_model", against)


def _svg(folder: Path) -> Benchmark:
    dot, svg = (str(folder / name) for name in ("rival.dot", "rival.svg"))
    ours = [sys.executable, "-m", "cnncli", "plot", "b7", "--detail", "layer", "--force", "-o", dot]
    return _plot("b7", folder / "b7.svg", "graphviz", python(GRAPHVIZ.format(command=ours, dot=dot, svg=svg)))


def _shown(path: Path) -> Benchmark:
    """Until a browser shows the file: our page of it, and Netron's."""
    page = path.parent / "shown.html"
    typed = ("plot", str(path), "--detail", "layer", "--force", "-o", str(page))
    return Benchmark(
        typed,
        "netron",
        (sys.executable, SHOWN, "netron", str(path), PYTHON),
        made=(path,),
        title=f"`plot {path.name} --detail layer -o {page.name}`, and the page shown",
        command=(sys.executable, SHOWN, "cnncli", str(path), str(page)),
    )
