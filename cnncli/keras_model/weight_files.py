"""What a file of weights holds: `.keras`, `.weights.h5`, and the legacy `.h5` that keras.applications publishes.

Only arrays are read, nothing is executed. A file is read within limits of size, of memory and, in a child process, of
time, for HDF5's library follows a damaged file wherever it leads.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

from cnncli.child.inside import limited
from cnncli.errors import CnncliError, UsageError
from cnncli.files import is_stream
from cnncli.keras_model.archives import HARMLESS, HDF5, MOST_NEEDED, hdf5_bytes
from cnncli.keras_model.nested import Array, Held, Stored, Wanted, in_order

_ZIP, _TFLITE = b"PK\x03\x04", b"TFL3"
EXPECTED = "a .keras, a .weights.h5 or keras.applications' .h5"

FOREIGN = {
    ".onnx": "an ONNX file", ".pb": "a TensorFlow graph", ".pbtxt": "a TensorFlow graph",
    ".pt": "a PyTorch file", ".pth": "a PyTorch file", ".pt2": "a PyTorch file", ".safetensors": "a safetensors file",
    ".npy": "a NumPy array", ".npz": "a NumPy archive", ".ckpt": "a TensorFlow checkpoint",
    ".index": "part of a TensorFlow checkpoint", ".mlmodel": "a Core ML file",
}  # fmt: skip
"""Suffix -> what such a file is, which weights are not read from."""

MOST_SECONDS = 20
"""Of computing, for the structure of a file; a sound one takes a tenth of a second."""
BYTES_A_SECOND = 10**7
"""How slowly arrays may be read: a tenth of what gzip does."""
WORKING_MEMORY = 2**28
"""Bytes that HDF5's library may take besides what it reads."""
# What zipfile, zlib and h5py raise on a file that is damaged or is something else.
_UNREADABLE = (
    OSError, EOFError, RuntimeError, LookupError, ValueError, TypeError, struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip


PUBLISHED_AT = "https://storage.googleapis.com/"
_KERNELS = "weights_tf_dim_ordering_tf_kernels"
_FILES = {
    "vgg16": f"vgg16/vgg16_{_KERNELS}",
    "vgg19": f"vgg19/vgg19_{_KERNELS}",
    "inception_v3": f"inception_v3/inception_v3_{_KERNELS}",
    "resnet50": f"resnet/resnet50_{_KERNELS}",
    "resnet101": f"resnet/resnet101_{_KERNELS}",
    "resnet152": f"resnet/resnet152_{_KERNELS}",
    "resnet50_v2": f"resnet/resnet50v2_{_KERNELS}",
    "resnet101_v2": f"resnet/resnet101v2_{_KERNELS}",
    "resnet152_v2": f"resnet/resnet152v2_{_KERNELS}",
    "inception_resnet_v2": f"inception_resnet_v2/inception_resnet_v2_{_KERNELS}",
    "xception": f"xception/xception_{_KERNELS}",
    "densenet121": f"densenet/densenet121_{_KERNELS}",
    "densenet169": f"densenet/densenet169_{_KERNELS}",
    "densenet201": f"densenet/densenet201_{_KERNELS}",
    "mobilenet_v1": "mobilenet/mobilenet_1_0_224_tf",
    "mobilenet_v2": f"mobilenet_v2/mobilenet_v2_{_KERNELS}_1.0_224",
    "mobilenet_v3_small": "mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float",
    "mobilenet_v3_large": "mobilenet_v3/weights_mobilenet_v3_large_224_1.0_float",
    "nasnet_mobile": "nasnet/NASNet-mobile",
    "nasnet_large": "nasnet/NASNet-large",
    **{
        f"efficientnet_v2_{size}": f"efficientnet_v2/efficientnetv2-{size}"
        for size in ("b0", "b1", "b2", "b3", "s", "m", "l")
    },
    **{f"convnext_{size}": f"convnext/convnext_{size}" for size in ("tiny", "small", "base", "large", "xlarge")},
}
PUBLISHED = {
    **{name: f"tensorflow/keras-applications/{file}.h5" for name, file in _FILES.items()},
    **{f"efficientnet_b{size}": f"keras-applications/efficientnetb{size}.h5" for size in range(8)},
}
"""Where keras.applications has the weights of each network with its default options from."""
FRESH = ("none", "null", "random", "false")
"""What people write for no weights."""


def refuse_at_sight(path: Path, network: str = "") -> None:
    """Raise UsageError where `path` holds no weights, as its name and first bytes tell; OSError where it is unreadable.

    Nothing is imported for it. `network` names the network that they are for.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a directory; name a file of weights")
    if not path.exists():
        raise UsageError(_missing(path, network))
    if is_stream(path):
        raise UsageError(f"{path} is a device or a pipe; name a file of weights")
    with path.open("rb") as file:
        start = file.read(8)
    foreign = "a TFLite file" if start[4:] == _TFLITE else FOREIGN.get(path.suffix.lower())
    if start.startswith((HDF5, _ZIP)) and path.suffix.lower() not in FOREIGN:
        return
    if foreign:
        raise UsageError(f"{path} is {foreign}; weights are read from {EXPECTED}")
    raise UsageError(f"{path} holds no weights; expected {EXPECTED}")


def _missing(path: Path, network: str) -> str:
    """What to say of a name that no file has: of a file, of a data set, or of an address."""
    name = str(path)
    if name.lower() in FRESH:
        return f"{name} is no file of weights; leave --weights out for fresh ones"
    if path.suffix and not re.match(r"(https?|gs|s3):", name):
        return f"{name} does not exist; name a file of weights"
    architecture = re.split("[@:]", network)[0]
    known = architecture if architecture in PUBLISHED else "mobilenet_v2"
    return (
        f"{name} does not exist, and nothing is downloaded; fetch a file and name it: keras.applications publishes "
        f"{known}'s, for its default options, as {PUBLISHED_AT}{PUBLISHED[known]}"
    )


@contextmanager
def opened(path: Path, needed: int | None) -> Iterator[Any]:
    """Open the group that holds the layers. What the block does with it is not the file's fault, but for `reading`.

    `needed` are the bytes of the network's weights as float32, where that is known. Raises as refuse_at_sight, and
    UsageError where the file cannot be read or is far larger.
    """
    refuse_at_sight(path)
    import h5py

    with path.open("rb") as file:
        with reading(path, needed or 0):
            content = h5py.File(hdf5_bytes(path, file, needed), "r")
        with content:
            with reading(path):
                group = _layers_group(content)
            yield group


@contextmanager
def bounded(cannot: str, size: int) -> Iterator[None]:
    """Let a block read `size` bytes of weights within the time and the memory that so many may take.

    Beyond them its parent raises UsageError, which begins with what `cannot` be done.
    """
    seconds = MOST_SECONDS + size / BYTES_A_SECOND
    memory = WORKING_MEMORY + MOST_NEEDED * size
    late = f"{cannot}: that takes over {seconds:.0f} seconds of computing or {memory // 10**6} MB; is it damaged?"
    with limited(seconds, memory, UsageError(late)):
        yield


@contextmanager
def reading(path: Path, size: int = 0) -> Iterator[None]:
    """What goes wrong within is the file's fault: nothing but reading belongs here, of `size` bytes."""
    cannot = f"{path} cannot be read as weights"
    try:
        with bounded(cannot, size):
            yield
    except CnncliError:
        raise
    except _UNREADABLE as error:
        why = " ".join(str(error.args[0] if error.args else error).split())
        raise UsageError(f"{cannot}: {why}") from error


def _layers_group(root: Any) -> Any:
    """The group whose members are layers: the root in the legacy format, unless the whole model is stored."""
    if "layer_names" in root.attrs or "layer_names0" in root.attrs:
        return root
    for name in ("model_weights", "layers"):
        if name in root:
            return _group(root, name)
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


def _group(group: Any, name: str) -> Any:
    import h5py

    member = _member(group, name)
    if not isinstance(member, h5py.Group):
        raise ValueError(f"{name} is no group")
    return member


def _array(group: Any, name: str) -> Array:
    """The array of this name, or of this path. Raises ValueError where reading it would unpack far more than it is."""
    import h5py

    *folders, last = name.split("/")
    for folder in folders:
        group = _group(group, folder)
    dataset = _member(group, last)
    if not isinstance(dataset, h5py.Dataset):
        raise ValueError(f"{name} is a group where an array is expected")
    size = dataset.dtype.itemsize * prod(dataset.shape or ())
    piece = dataset.dtype.itemsize * prod(dataset.chunks or ())
    if piece > max(2 * size, HARMLESS):
        raise ValueError(f"{name} has {size:,} bytes in pieces of {piece:,}, which no weights have")
    return Array(tuple(dataset.shape or ()), dataset.dtype, dataset)


def stored_layers(root: Any, wanted: Sequence[Wanted]) -> list[Stored]:
    """What a file holds, layer by layer, for layers that take these weights."""
    names = _attribute(root, "layer_names")
    return in_order(_held(root), wanted) if names is None else _legacy(root, names)


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
    return item.decode(errors="replace") if isinstance(item, bytes) else str(item)


def _legacy(root: Any, names: Sequence[str]) -> list[Stored]:
    """Layers and weights by the lists of names that the attributes hold, in topological order.

    A layer that is itself a model has the weights of all its layers, named LAYER/WEIGHT: first all that are trained,
    then the others.
    """
    found = []
    for name in names:
        group = _nested(root, name)
        weights = _attribute(group, "weight_names") or []
        layers: dict[str, list[str]] = {}
        for weight in weights:
            layers.setdefault(weight.rpartition("/")[0], []).append(weight)
        several = len(layers) > 1
        for inner, owned in layers.items():
            found.append(Stored(inner if several else name, [_array(group, weight) for weight in owned]))
    return found


def _nested(group: Any, path: str) -> Any:
    for part in path.split("/"):
        group = _group(group, part)
    return group


def _held(root: Any) -> Held:
    """The layers that have weights, and the models that have such layers.

    Keras 3 numbers those of each class in topological order: conv2d, conv2d_1, ...
    """
    layers: dict[str, dict[int, Stored]] = {}
    models: dict[str, dict[int, Held]] = {}
    for key in root:
        group = _group(root, key)
        found = re.fullmatch(r"(.+?)(?:_(\d+))?", key)
        kind, number = (found[1], int(found[2] or 0)) if found else (key, 0)
        if "vars" in group and len(_group(group, "vars")):
            layers.setdefault(kind, {})[number] = _variables(key, group)
        elif "layers" in group:
            model = _held(_group(group, "layers"))
            if model.layers or model.models:
                models.setdefault(kind, {})[number] = model
    return Held(
        {kind: [found[number] for number in sorted(found)] for kind, found in layers.items()},
        {kind: [found[number] for number in sorted(found)] for kind, found in models.items()},
    )


def _variables(key: str, group: Any) -> Stored:
    variables = _group(group, "vars")
    arrays = [_array(variables, str(number)) for number in range(len(variables))]
    return Stored(_text(variables.attrs.get("name", key)), arrays)
