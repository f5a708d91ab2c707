"""The rivals: what they are, what they do more and less than our command, and where they are installed.

Those that the project depends on run in this environment. The others have one of their own, so that they do not burden
this one: rivals.txt says how it is made, and the variable RIVAL_PYTHON names its Python. A rival that is lacking is
skipped, and the page says so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import NamedTuple

PYTHON = os.environ.get("RIVAL_PYTHON", sys.executable)
"""The Python of the rivals that are not the project's own dependencies."""
OURS = ("cnncli", "typer", "rich")
"""Whose versions tell what of ours was measured."""


QUESTIONS = {
    "Start-up": "What a command costs beyond the least that any command of Python's costs.",
    "Networks by name": "What a network of `keras.applications` is, and what it will be when deployed.",
    "Files": "What is within a model file: EfficientNet-B0 and B7 and MobileNet V2 with all their weights, `.keras`, "
    "`.h5` and SavedModel saved by Keras, `.onnx` and `.tflite` written by `cnncli export`; MobileNet V1, saved by "
    "PyTorch.",
    "Pictures": "Drawings with all layers, on paper and in a browser.",
    "Artefacts": "Files to deploy: both sides write the same network.",
}
"""What the page's sections answer, in their order."""


class Rival(NamedTuple):
    """A rival in a question, the packages that it needs, and the fair word: what it does, and what more or less."""

    question: str
    title: str
    packages: tuple[str, ...]
    says: str
    python: str = sys.executable


START, BY_NAME, FILE, PICTURE, ARTEFACT = QUESTIONS
RIVALS = {
    "smallest": Rival(
        START,
        "the smallest Typer app",
        ("typer", "rich"),
        "prints a table of three rows, its help, or what a TAB offers. It reads and counts nothing: it is the floor of "
        "any command made with Typer and Rich.",
    ),
    "keras": Rival(
        BY_NAME,
        "Keras",
        ("keras", "tensorflow"),
        "`keras.applications` builds the network, and `summary()` or `count_params()` tells of it: shapes and "
        "parameters, no MACs. Afterwards there is a model that can be trained.",
    ),
    "converted": Rival(
        BY_NAME,
        "TensorFlow's converter and Analyzer",
        ("keras", "tensorflow"),
        "`TFLiteConverter.from_keras_model`, and `tf.lite.experimental.Analyzer` of what it made: operations and "
        "tensors, but not what they hold at once. Afterwards there is a file; ours is foretold.",
    ),
    "smallest-file": Rival(
        FILE,
        "the smallest Typer app",
        ("typer", "rich"),
        "as above: the ratio is what reading and counting costs.",
    ),
    "load_model": Rival(
        FILE,
        "Keras's load_model",
        ("keras", "tensorflow"),
        "and `summary()`: shapes and parameters, no MACs. Afterwards there is a model with its weights.",
    ),
    "saved_model_cli": Rival(
        FILE,
        "saved_model_cli",
        ("tensorflow",),
        "`show --all` of TensorFlow's own tool prints the signatures, no layers.",
    ),
    "onnx": Rival(
        FILE,
        "onnx",
        ("onnx",),
        "`shape_inference.infer_shapes` and `helper.printable_graph`: the operations as text; nothing is counted, and "
        "the shapes inferred are not in the text.",
    ),
    "onnxruntime": Rival(
        FILE,
        "ONNX Runtime",
        ("onnxruntime",),
        "an `InferenceSession` lists inputs and outputs, no operations. Afterwards it can run, and has optimised for "
        "that.",
    ),
    "onnx-tool": Rival(
        FILE,
        "onnx-tool",
        ("onnx-tool",),
        "`python -m onnx_tool` prints MACs, memory and parameters of each operation; every size must be told.",
        PYTHON,
    ),
    "haoline": Rival(
        FILE,
        "HaoLine",
        ("haoline",),
        "`haoline inspect --out-json` writes a report with parameters, FLOPs and memory of each operation, and "
        "searches for patterns and risks besides. Among its parameters are constants such as the widths of paddings.",
        PYTHON,
    ),
    "haoline-keras": Rival(
        FILE,
        "HaoLine with tf2onnx",
        ("haoline", "tf2onnx", "tensorflow"),
        "`haoline inspect --from-keras`: the same of a Keras file, which tf2onnx converts first.",
        PYTHON,
    ),
    "netron-json": Rival(
        FILE,
        "Netron's Python package",
        ("netron", "onnx"),
        "`netron.onnx` turns an ONNX model that `onnx.load` has read into the JSON that Netron's page draws: "
        "operations with attributes and the names of tensors, no shapes, no counts. Files themselves the package's "
        "Python does not read: that is JavaScript, which runs in the browser.",
        PYTHON,
    ),
    "analyzer": Rival(
        FILE,
        "TFLite's Analyzer",
        ("tensorflow",),
        "`tf.lite.experimental.Analyzer.analyze` prints operations and tensors with their shapes; it counts no MACs.",
    ),
    "litert": Rival(
        FILE,
        "LiteRT",
        ("ai-edge-litert",),
        "an `Interpreter` lists its tensors and operations; it counts nothing. Afterwards it can run.",
    ),
    "torch": Rival(
        FILE,
        "PyTorch",
        ("torch",),
        "`torch.export.load`, and the program printed: operations with shapes, no counts. Afterwards it can run.",
    ),
    "plot_model": Rival(
        PICTURE,
        "Keras's model_to_dot",
        ("keras", "tensorflow", "pydot"),
        "builds the network and writes DOT; ours is drawn besides.",
    ),
    "graphviz": Rival(
        PICTURE,
        "Graphviz",
        ("pygraphviz",),
        "draws the DOT that our own `plot` writes, by `nop2`, which lays nothing out; that command is timed too.",
    ),
    "haoline-page": Rival(
        PICTURE,
        "HaoLine's page",
        ("haoline",),
        "a page of the graph by blocks, made by its library, since `haoline inspect` 1.3.0 heeds no `--html-graph`. It "
        "is laid out in the browser, by a D3 that the page fetches; ours is drawn.",
        PYTHON,
    ),
    "netron": Rival(
        PICTURE,
        "Netron",
        ("netron",),
        "serves the file, and its page in a headless Chromium reads it, lays it out and draws it. Both sides are timed "
        "until the browser shows all, its start included. Netron's page shows every attribute and weight on a click; "
        "ours has shapes, parameters and MACs. What the page asks of other hosts is refused at once. Not of the "
        "SavedModel: Netron announces a very long layout, and had not ended after a minute.",
        PYTHON,
    ),
    "save": Rival(
        ARTEFACT,
        "Keras",
        ("keras", "tensorflow"),
        "`keras.applications` builds the network and `save` writes it; `build` does so too, and "
        "proves each layer besides.",
    ),
    "converter": Rival(
        ARTEFACT,
        "TensorFlow's converter",
        ("keras", "tensorflow"),
        "`TFLiteConverter.from_keras_model` of the network that `keras.applications` builds.",
    ),
    "tf2onnx": Rival(
        ARTEFACT,
        "tf2onnx",
        ("tf2onnx", "keras", "tensorflow"),
        "by Keras's own `model.export(..., format='onnx')`, of the same Keras file.",
        PYTHON,
    ),
}


@cache
def versions(python: str) -> dict[str, str]:
    """The version of each rival's packages, and of ours, that this Python has."""
    named = sorted({name for rival in RIVALS.values() for name in rival.packages}.union(OURS))
    script = (
        "import importlib.metadata, json, sys\n"
        "found = {each.metadata['Name'].lower().replace('_', '-'): each.version"
        " for each in importlib.metadata.distributions()}\n"
        "print(json.dumps({name: found[name] for name in sys.argv[1:] if name in found}))"
    )
    done = subprocess.run([python, "-c", script, *named], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def lacking(rival: Rival) -> tuple[str, ...]:
    """The packages that this rival needs and its environment lacks."""
    return tuple(name for name in rival.packages if name not in versions(rival.python))
