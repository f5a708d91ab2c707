"""Weights from files: `.keras`, `.weights.h5`, and the legacy `.h5` that keras.applications publishes.

Only arrays are read from them, nothing is executed, and a file is held against the whole model before anything is
assigned. Layers are matched by their order, since the same network calls its layers otherwise in each house.
"""

from __future__ import annotations

import io
import shutil
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.errors import CnncliError, UsageError
from cnncli.files import is_stream
from cnncli.graph.layer import snake_case

_HDF5, _ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"
WEIGHTS_MEMBER = "model.weights.h5"

MOST_UNPACKED = 32
"""How many times larger than its packed bytes a file of weights may be. Trained float32 weights hardly shrink at all;
ten times where nine of ten were pruned away."""
HARMLESS = 2**25
"""Bytes that may be unpacked in any case: small files of zeros are no attack."""
PIECE = 2**20

# What zipfile, zlib and h5py raise on a file that is damaged or is something else.
_UNREADABLE = (
    OSError, EOFError, RuntimeError, LookupError, ValueError, TypeError, struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


class Array(NamedTuple):
    """An array of a file, whose values are not read yet."""

    shape: tuple[int, ...]
    dtype: Any
    dataset: Any


class Stored(NamedTuple):
    """What a file holds for one layer: its name there, and its arrays in Keras's order."""

    name: str
    arrays: Sequence[Array]


class Loaded(NamedTuple):
    """Weights that were put into a model: how many layers took some, and what the user should know of it."""

    path: Path
    layers: int
    notes: tuple[str, ...]


def check_weights_file(path: Path) -> None:
    """Raise UsageError at once where `path` holds no weights, OSError where the system refuses to read it."""
    with _hdf5(path):
        pass


def load_weights(model: Any, path: Path) -> Loaded:
    """Put a file's weights into a model. Raises UsageError naming the first layer that does not fit: none is changed.

    OSError where the system refuses to read the file.
    """
    layers = [layer for layer in model.layers if layer.weights]
    classes = [snake_case(type(layer).__name__) for layer in layers]
    with _hdf5(path) as root:
        with _reading(path):
            stored = _stored(root, classes)
        misfit = _misfit(layers, stored)
        if misfit:
            raise UsageError(f"{path} does not fit: {misfit}")
        with _reading(path):
            values = [[array.dataset[()] for array in found.arrays] for found in stored]
    notes = [note for layer, arrays in zip(layers, values, strict=True) for note in _assign(layer, arrays)]
    return Loaded(path, len(layers), tuple(notes))


@contextmanager
def _hdf5(path: Path) -> Iterator[Any]:
    """Open the group that holds the layers. What the block does with it is not the file's fault, but for `_reading`."""
    if path.is_dir():
        raise UsageError(f"{path} is a directory; name a file of weights")
    if not path.exists():
        raise UsageError(f"{path} does not exist; name a file of weights")
    if is_stream(path):
        raise UsageError(f"{path} is a device or a pipe; name a file of weights")
    import h5py

    with path.open("rb") as file:
        with _reading(path):
            opened = h5py.File(_hdf5_bytes(path, file), "r")
        with opened:
            with _reading(path):
                group = _layers_group(opened)
            yield group


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """What goes wrong within is the file's fault: nothing but reading belongs here."""
    try:
        yield
    except CnncliError:
        raise
    except _UNREADABLE as error:
        why = " ".join(str(error.args[0] if error.args else error).split())
        raise UsageError(f"{path} cannot be read as weights: {why}") from error


def _hdf5_bytes(path: Path, file: io.BufferedReader) -> Any:
    """The HDF5 file itself, or the one within a `.keras` archive."""
    start = file.read(len(_HDF5))
    file.seek(0)
    if start == _HDF5:
        return file
    if start.startswith(_ZIP):
        with zipfile.ZipFile(file) as archive:
            return _unpacked(archive, path.stat().st_size)
    raise UsageError(f"{path} holds no weights; expected a .keras, a .weights.h5 or keras.applications' .h5")


def _unpacked(archive: zipfile.ZipFile, archive_bytes: int) -> io.BytesIO:
    """The HDF5 file of an archive, in memory. Raises ValueError where it is far larger than any weights would be.

    zipfile reads no more than the archive declares, and finds the rest missing by its checksum.
    """
    member = archive.getinfo(WEIGHTS_MEMBER)
    packed, unpacked = min(member.compress_size, archive_bytes), member.file_size
    if unpacked > max(MOST_UNPACKED * packed, HARMLESS):
        raise ValueError(f"{packed:,} bytes in it unpack to {unpacked:,}, which no weights do")
    content = io.BytesIO()
    with archive.open(member) as source:
        shutil.copyfileobj(source, content, PIECE)
    if content.tell() < unpacked:
        raise ValueError(f"{WEIGHTS_MEMBER} is smaller than the archive says")
    content.seek(0)
    return content


def _layers_group(root: Any) -> Any:
    """The group whose members are layers: the root in the legacy format, unless the whole model is stored."""
    if "layer_names" in root.attrs or "layer_names0" in root.attrs:
        return root
    for name in ("model_weights", "layers"):
        if name in root:
            return _member(root, name)
    raise ValueError("it is an HDF5 file without layers")


def _member(group: Any, name: str) -> Any:
    """A member that lies in this file itself: links would read other files of the machine into the model."""
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{name} is a link or missing")
    member = group[name]
    if isinstance(member, h5py.Dataset) and (member.external or member.is_virtual):
        raise ValueError(f"{name} lies outside of the file")
    return member


def _stored(root: Any, classes: Sequence[str]) -> list[Stored]:
    names = _attribute(root, "layer_names")
    return _by_class(root, classes) if names is None else _legacy(root, names)


def _attribute(group: Any, name: str) -> list[str] | None:
    """A list of names; those too long for one attribute are spread over name0, name1, ..."""
    if name in group.attrs:
        return [_text(item) for item in group.attrs[name]]
    if f"{name}0" not in group.attrs:
        return None
    parts: list[str] = []
    while (key := f"{name}{len(parts)}") in group.attrs:
        parts.append(key)
    return [_text(item) for part in parts for item in group.attrs[part]]


def _text(item: Any) -> str:
    return item.decode() if isinstance(item, bytes) else str(item)


def _legacy(root: Any, names: Sequence[str]) -> list[Stored]:
    """Layers and weights by the lists of names that the attributes hold, in topological order."""
    found = []
    for name in names:
        group = _nested(root, name)
        arrays = [_array(_nested(group, weight)) for weight in _attribute(group, "weight_names") or ()]
        if arrays:
            found.append(Stored(name, arrays))
    return found


def _array(dataset: Any) -> Array:
    return Array(tuple(dataset.shape), dataset.dtype, dataset)


def _nested(group: Any, path: str) -> Any:
    for part in path.split("/"):
        group = _member(group, part)
    return group


def _by_class(root: Any, classes: Sequence[str]) -> list[Stored]:
    """Keras 3 numbers the layers of each class in topological order: conv2d, conv2d_1, ...

    `classes` are those of the layers to be found; what belongs to none of them follows at the end.
    """
    left = {name: root[name] for name in root if "vars" in _member(root, name) and len(root[name]["vars"])}
    counts: Counter[str] = Counter()
    found = []
    for kind in classes:
        key = f"{kind}_{counts[kind]}" if counts[kind] else kind
        counts[kind] += 1
        found.append(_variables(key, left.pop(key)) if key in left else Stored(key, ()))
    return [*found, *(_variables(key, group) for key, group in left.items())]


def _variables(key: str, group: Any) -> Stored:
    variables = _member(group, "vars")
    arrays = [_array(_member(variables, str(number))) for number in range(len(variables))]
    return Stored(_text(variables.attrs.get("name", key)), arrays)


def _misfit(layers: Sequence[Any], stored: Sequence[Stored]) -> str:
    """The first layer that does not fit, and what is probably another in the file; empty where all fit."""
    for layer, found in zip_longest(layers, stored):
        if layer is None:
            return f"the file has {found.name} besides; {_HINT_LAYERS}"
        takes = [tuple(weight.shape) for weight in layer.weights]
        holds = [array.shape for array in found.arrays] if found else []
        if takes != holds:
            one_sided = len(takes) != len(holds)
            hint = _HINT_LAYERS if one_sided else _HINT_CLASSES if layer is layers[-1] else _HINT_WIDTH
            owner = f"the file's {found.name}" if found else "the file"
            return f"{layer.name} takes {_shapes(takes)}; {owner} holds {_shapes(holds)}; {hint}"
        foreign = (
            next((array.dtype for array in found.arrays if array.dtype.kind not in "fiu"), None) if found else None
        )
        if foreign is not None:
            return f"{layer.name} takes numbers; the file's {found.name} holds {foreign}"
    return ""


_HINT_CLASSES = "are they of other classes?"
_HINT_WIDTH = "are they of another alpha, width or flavor?"
_HINT_LAYERS = "are they of another model, flavor or include_top?"


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join("x".join(map(str, shape)) or "scalar" for shape in shapes) or "nothing"


def _assign(layer: Any, values: Sequence[Any]) -> list[str]:
    """Set a layer's weights; returns notes on what was not taken as it is."""
    notes = []
    if type(layer).__name__ == "Normalization" and _deviation_for_variance(*values[:2]):
        values = [values[0], values[1] ** 2, *values[2:]]
        notes.append(f"{layer.name}: ImageNet's deviation, stored in place of the variance, was squared")
    for weight, value in zip(layer.weights, values, strict=True):
        weight.assign(value)
    if hasattr(layer, "finalize_state"):
        layer.finalize_state()
    return notes


def _deviation_for_variance(mean: Any, variance: Any) -> bool:
    """Whether these are the statistics of keras.applications' published EfficientNets.

    They hold ImageNet's standard deviation where the variance belongs, and keras.applications makes up for it by a
    further Rescaling, only with weights="imagenet" (https://github.com/tensorflow/tensorflow/issues/49930).
    """
    import numpy as np

    return mean.shape == (3,) and np.allclose([mean, variance], [IMAGENET_MEAN, IMAGENET_DEVIATION], atol=1e-3)
