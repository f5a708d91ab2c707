"""Representative pictures: what a quantizer measures activations on."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import IO, Any

from cnncli.errors import UsageError
from cnncli.export.pictures import Range, random_pictures, scaled
from cnncli.graph import Shape

MOST = 100
"""The literature quantizes on about a hundred pictures; more make conversion longer and not better."""
MOST_RANDOM, LEAST_RANDOM = 32, 8
RANDOM_PIXELS = 8 * 224 * 224
"""Random pictures are many where they are small. Measuring activations on one takes B0 0.3 s, B7 10 s."""
MODES = {1: "L", 3: "RGB", 4: "RGBA"}
ZIP = b"PK\3\4"
"""What an .npz file begins with, which is an archive of .npy files."""
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Representative:
    """Pictures (count, height, width, channels): pixels of 0..255 as uint8, or floats in the range `values`."""

    pictures: Any
    values: Range
    description: str
    is_random: bool = False

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
        return Representative(random_pictures(count, shape), values, f"{count} random pictures", is_random=True)
    if path.is_dir():
        return _from_directory(path, shape, values)
    if not path.exists():
        raise UsageError(f"{path} does not exist; name a directory of images, an .npy or an .npz file")
    if path.suffix not in (".npy", ".npz") or not path.is_file():
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
    pictures, found = _read_array(path, shape)
    if pictures.dtype != "uint8":
        _check_range(path, float(pictures.min()), float(pictures.max()), values)
    return Representative(pictures, values, _described(len(pictures), found, path))


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


def _read_array(path: Path, shape: Shape) -> tuple[Any, int]:
    """Pictures out of the array of an .npy file, or the only one of an .npz file, and how many it has.

    What does not fit is refused by its header, and no more is kept of the rest than is used.
    """
    import numpy

    try:
        with path.open("rb") as file:
            if file.read(4) != ZIP:
                return _taken(path, numpy.load(path, mmap_mode="r", allow_pickle=False), shape)
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if len(names) != 1:
                listed = ", ".join(name.removesuffix(".npy") for name in names[:5])
                raise UsageError(f"{path} holds {len(names)} arrays ({listed}); give one")
            with archive.open(names[0]) as member:
                return _unpacked(path, member, shape)
    except UsageError:
        raise
    except Exception as error:  # as in Pillow, so in numpy and zipfile
        raise UsageError(f"{path} cannot be read as arrays: {error}") from error


def _taken(path: Path, array: Any, shape: Shape) -> tuple[Any, int]:
    import numpy

    _check_array(path, array.shape, array.dtype, shape)
    return numpy.asarray(array[_spread(range(len(array)))]), len(array)


def _unpacked(path: Path, member: IO[bytes], shape: Shape) -> tuple[Any, int]:
    """Picture by picture, for an archive's array may be far larger than its file."""
    import numpy
    from numpy.lib import format

    header = format.read_array_header_1_0 if format.read_magic(member) == (1, 0) else format.read_array_header_2_0
    whole, by_column, dtype = header(member)
    _check_array(path, whole, dtype, shape)
    if by_column:
        raise ValueError("it is laid out by columns, as Fortran does; save numpy.ascontiguousarray of it")
    size, wanted = dtype.itemsize * prod(shape), _spread(range(whole[0]))
    pictures = numpy.empty((len(wanted), *shape), dtype)
    for place, (before, index) in enumerate(pairwise([-1, *wanted])):
        member.seek((index - before - 1) * size, 1)
        data = member.read(size)
        if len(data) < size:
            raise ValueError(f"it ends before picture {index + 1} of {whole[0]}")
        pictures[place] = numpy.frombuffer(data, dtype).reshape(shape)
    return pictures, whole[0]


def _check_array(path: Path, whole: tuple[int, ...], dtype: Any, shape: Shape) -> None:
    """Raise UsageError unless there are pictures of this shape."""
    if dtype.kind != "f" and dtype != "uint8":
        raise UsageError(f"{path} holds {dtype}; give pixels as uint8, or what the network takes as float32")
    if len(whole) != 4 or whole[1:] != shape or not whole[0]:
        expected = "x".join(map(str, shape))
        raise UsageError(f"{path} holds an array of shape {whole}; the network takes (count, {expected})")
