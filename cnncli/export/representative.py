"""Representative pictures: what a quantizer measures activations on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnncli.errors import UsageError
from cnncli.export.pictures import Range, random_pictures, scaled
from cnncli.graph import Shape

MOST = 100
"""The literature quantizes on about a hundred pictures; more make conversion longer and not better."""
MOST_RANDOM, LEAST_RANDOM = 32, 8
RANDOM_PIXELS = 8 * 224 * 224
"""Random pictures are many where they are small. Measuring activations on one takes B0 0.3 s, B7 10 s."""
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Representative:
    """Pictures (count, height, width, channels): pixels of 0..255 as uint8, or floats in the range `values`."""

    pictures: Any
    values: Range
    description: str

    def __len__(self) -> int:
        return len(self.pictures)

    def taken(self, indices: Iterable[int]) -> Any:
        """These pictures as the network takes them; counted on from the beginning where there are too few."""
        chosen = self.pictures[[index % len(self) for index in indices]]
        return scaled(chosen, self.values) if chosen.dtype == "uint8" else chosen.astype("float32")

    def batches(self, size: int) -> Iterator[Any]:
        """All pictures; the last batch is filled up."""
        for start in range(0, len(self), size):
            yield self.taken(range(start, start + size))


def representative(path: Path | None, shape: Shape, values: Range) -> Representative:
    """Read pictures from a directory of images, an .npy or an .npz file; without a path make up random ones.

    At most MOST, evenly chosen. Raises UsageError where there are none or one cannot be read or does not fit.
    """
    if path is None:
        count = max(LEAST_RANDOM, min(MOST_RANDOM, RANDOM_PIXELS // (shape[0] * shape[1])))
        return Representative(random_pictures(count, shape), values, f"{count} random pictures")
    if path.is_dir():
        return _from_directory(path, shape, values)
    if not path.exists():
        raise UsageError(f"{path} does not exist; name a directory of images, an .npy or an .npz file")
    if path.suffix not in (".npy", ".npz"):
        raise UsageError(f"{path} is neither a directory of images nor an .npy or .npz file")
    return _from_array(path, shape, values)


def _spread(items: Sequence[Any]) -> list[Any]:
    """At most MOST of the items, evenly spaced."""
    count = min(len(items), MOST)
    return [items[index * len(items) // count] for index in range(count)]


def _described(used: int, found: int, path: Path) -> str:
    return f"{f'{used} of ' if used < found else ''}{found} picture{'' if found == 1 else 's'} in {path}"


def _from_directory(path: Path, shape: Shape, values: Range) -> Representative:
    import numpy

    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    if not files:
        raise UsageError(f"{path} holds no images ({', '.join(suffix[1:] for suffix in SUFFIXES)})")
    chosen = _spread(files)
    pictures = numpy.stack([_decode(file, shape) for file in chosen])
    return Representative(pictures, values, _described(len(chosen), len(files), path))


def _decode(file: Path, shape: Shape) -> Any:
    """An image as uint8 (height, width, channels), stretched to the network's input."""
    import numpy
    from PIL import Image

    height, width, channels = shape
    if channels not in MODES:
        raise UsageError(f"the network takes {channels} channels, which no image has; give an .npy file")
    try:
        with Image.open(file) as image:
            if image.mode[0] in "IF":
                raise ValueError(f"it holds {image.mode} pixels, not 8 bits a channel")
            decoded = image.convert(MODES[channels]).resize((width, height), Image.Resampling.BILINEAR)
    except Exception as error:  # there is hardly one that damaged bytes do not bring about in Pillow
        raise UsageError(f"{file} cannot be read as an image: {error}") from error
    return numpy.asarray(decoded).reshape(shape)


def _from_array(path: Path, shape: Shape, values: Range) -> Representative:
    import numpy

    array = _read_array(path)
    if array.ndim != 4 or array.shape[1:] != shape or not len(array):
        expected = "x".join(map(str, shape))
        raise UsageError(f"{path} holds an array of shape {array.shape}; the network takes (count, {expected})")
    pictures = array[_spread(range(len(array)))]
    if pictures.dtype != numpy.uint8:
        _check_range(path, float(pictures.min()), float(pictures.max()), values)
    return Representative(pictures, values, _described(len(pictures), len(array), path))


def _check_range(path: Path, least: float, most: float, values: Range) -> None:
    """Raise for what was scaled otherwise than the network takes it; NaN is in no range.

    0 to 1 where the network takes 0 to 255, or -1 to 1, lies within, but fills next to nothing or the upper half.
    """
    low, high = values
    span = high - low
    within = low - span / 100 <= least and most <= high + span / 100
    if not (within and least <= low + 0.4 * span and most >= low + 0.1 * span):
        raise UsageError(
            f"{path} holds values from {least:g} to {most:g}; the network takes {low:g} to {high:g}, or pixels as uint8"
        )


def _read_array(path: Path) -> Any:
    """The array of an .npy file, the only one of an .npz file."""
    import numpy

    try:
        with path.open("rb") as file:
            loaded = numpy.load(file, allow_pickle=False)
            if isinstance(loaded, numpy.ndarray):
                return _numbers(path, loaded)
            if len(loaded.files) != 1:
                raise UsageError(f"{path} holds {len(loaded.files)} arrays ({', '.join(loaded.files)}); give one")
            return _numbers(path, loaded[loaded.files[0]])
    except UsageError:
        raise
    except Exception as error:  # as in Pillow, so in numpy and zipfile
        raise UsageError(f"{path} cannot be read as arrays: {error}") from error


def _numbers(path: Path, array: Any) -> Any:
    if array.dtype.kind != "f" and array.dtype != "uint8":
        raise UsageError(f"{path} holds {array.dtype}; give pixels as uint8, or what the network takes as float32")
    return array
