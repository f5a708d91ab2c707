"""The formats of model files and what their names look like: a table, so that no reader is loaded to ask it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from cnncli.errors import suggestion


class Format(NamedTuple):
    """A format: its key in JSON, what people call it, and the module of this package whose `read` reads it.

    `suffixes` are those that its files usually have; `settles` which Settings beside input_shapes and raw mean
    something to it; `operations` is whether its files hold operations, of which layers are made. `marks` are bytes at
    places, any of which tells its files from all others; what tells the files of formats without is in `opening`.
    """

    key: str
    title: str
    module: str
    suffixes: tuple[str, ...]
    settles: frozenset[str] = frozenset()
    operations: bool = True
    marks: tuple[tuple[int, bytes], ...] = ()

    @property
    def called(self) -> str:
        """What its files are called in few letters."""
        return self.suffixes[0] if self.suffixes else self.title


_HDF5 = b"\x89HDF\r\n\x1a\n"
FORMATS = (
    Format("keras", "Keras", "keras.file", (".keras",), operations=False),
    Format("h5", "Keras HDF5", "keras.h5", (".h5", ".hdf5"), operations=False, marks=((0, _HDF5), (512, _HDF5))),
    Format("savedmodel", "SavedModel", "saved_model.network", (), frozenset({"signature", "batch"})),
    Format("graphdef", "frozen TensorFlow graph", "saved_model.network", (".pb",), frozenset({"batch"})),
    Format(
        "tflite", "TFLite", "tflite.network", (".tflite", ".lite"), frozenset({"batch", "signature", "subgraph"}),
        marks=((4, b"TFL3"),),
    ),
    Format("onnx", "ONNX", "onnx.network", (".onnx",), frozenset({"batch"})),
    Format("pt2", "PyTorch export", "torch_export.network", (".pt2",), frozenset({"batch", "subgraph"})),
    Format("safetensors", "safetensors", "safetensors", (".safetensors",), operations=False),
    Format("tfjs", "TensorFlow.js", "keras.tfjs", (".json",), operations=False),
    Format("kerasjson", "Keras JSON", "keras.architecture", (".json",), operations=False),
)  # fmt: skip
SUFFIXES = tuple(dict.fromkeys(suffix for each in FORMATS for suffix in each.suffixes))
"""What a path of a model file may end in."""
PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".bin", ".ckpt")
"""What usually ends the name of a file whose reading would run code."""
MAIN_FILES = ("saved_model.pb", "model.json")
"""What describes the model in a folder."""
SEPARATORS = frozenset({"/", os.sep, os.altsep or "/"})
PYTHON_FILE = ".py"


def exists(text: str) -> bool:
    """Whether there is a file or a folder of this name."""
    try:
        return bool(text) and Path(text).exists()
    except (OSError, ValueError):  # too long for a name, or with a character that none may have
        return False


def looks_like_path(text: str) -> bool:
    """Whether a text can only be a file's name, by its suffix or a separator."""
    return Path(text).suffix.lower() in (*SUFFIXES, *PICKLES, PYTHON_FILE) or any(each in text for each in SEPARATORS)


def holds_model(path: Path) -> bool:
    """Whether a name is that of a model file, or of a folder with one in it, as far as names tell."""
    if path.is_dir():
        return any((path / name).is_file() for name in MAIN_FILES)
    return path.suffix.lower() in SUFFIXES and path.is_file()


def near_names(path: Path) -> str:
    """`; did you mean ...?` with what lies in the folder of a missing file under a name near to its own, if anything.

    Its suffix may be another format's.
    """
    try:
        there = [each.name for each in path.parent.iterdir() if holds_model(each)]
    except OSError:
        return ""
    shown = {**{Path(name).stem: name for name in reversed(there)}, **{name: name for name in there}}
    return suggestion(path.name, {name: str(path.parent / whole) for name, whole in shown.items()})


CALLABLE = re.compile(r"(?P<where>.+\.py|[^\W\d]\w*(?:\.[^\W\d]\w*)*):(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)", re.DOTALL)
"""file.py:callable or package.module:callable."""


def is_callable(text: str) -> bool:
    """Whether a text names something of a Python module or file."""
    return CALLABLE.fullmatch(text) is not None


WILD = re.compile(r"[*?]|\[[^\]]+\]")


def is_pattern(text: str) -> bool:
    """Whether a text stands for all files whose names are like it, as a shell would have put in its place.

    Brackets alone may be a size of an architecture's: v2:input_shape=[96,96,3].
    """
    is_wild = WILD.search(text) is not None and (looks_like_path(text) or "*" in text or "?" in text)
    return is_wild and not exists(text)


def matching(pattern: str, folder: Path = Path()) -> list[Path]:
    """The model files that a pattern stands for, in the order of their names, seen from `folder`; `**` goes deeper."""
    whole = folder / pattern
    start = Path(whole.anchor)
    return sorted(path for path in start.glob(str(whole.relative_to(start))) if holds_model(path))
