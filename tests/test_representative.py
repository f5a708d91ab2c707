"""Arrays of pictures: read by their headers first, and as far as they are used."""

from __future__ import annotations

import os
import tracemalloc
import zipfile
from pathlib import Path

import numpy
import pytest

from cnncli.errors import UsageError
from cnncli.export.representative import MOST, representative

SHAPE = (8, 8, 3)
VALUES = (-1.0, 1.0)


def declared(path: Path, shape: tuple[int, ...], megabytes: int, kind: str = "|u1") -> Path:
    """An .npz file with an array said to be of a shape, of as many million zeros, or an .npy file of holes."""
    header = {"descr": kind, "fortran_order": False, "shape": shape}
    if path.suffix == ".npy":
        with path.open("wb") as file:
            numpy.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + megabytes * 10**6)
        return path
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("pictures.npy", "w", force_zip64=True) as member,
    ):
        numpy.lib.format.write_array_header_1_0(member, header)
        for _ in range(megabytes):
            member.write(bytes(10**6))
    return path


@pytest.mark.parametrize("save", [numpy.save, numpy.savez, numpy.savez_compressed])
@pytest.mark.parametrize("count", [1, MOST, 3 * MOST + 7])
def test_every_kind_of_file_gives_the_same_pictures(tmp_path: Path, save, count: int) -> None:
    pixels = numpy.random.default_rng(0).integers(0, 256, (count, *SHAPE), "uint8")
    path = tmp_path / ("x.npy" if save is numpy.save else "x.npz")
    save(path, pixels)
    kept = [index * count // min(count, MOST) for index in range(min(count, MOST))]
    found = representative(path, SHAPE, VALUES)
    assert (found.pictures == pixels[kept]).all()
    assert found.description.startswith(
        "1 picture in" if count == 1 else f"{MOST} of" if count > MOST else f"{MOST} pic"
    )


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
@pytest.mark.parametrize("shape", [(10**8,), (10**8 // 256, 8, 8, 4), (10**8 // 64, 8, 8, 1)])
def test_what_does_not_fit_is_refused_by_its_header(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    path = declared(tmp_path / name, shape, 100)
    tracemalloc.start()
    with pytest.raises(UsageError, match="holds an array of shape"):
        representative(path, SHAPE, VALUES)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10**7


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_no_more_is_kept_than_is_used(tmp_path: Path, name: str) -> None:
    path = declared(tmp_path / name, (10**8 // 192, *SHAPE), 100)
    tracemalloc.start()
    assert len(representative(path, SHAPE, VALUES)) == MOST
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10**7


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_an_array_that_ends_early(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be read as arrays"):
        representative(declared(tmp_path / name, (10**6, *SHAPE), 1), SHAPE, VALUES)


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
@pytest.mark.parametrize("kind", ["|O", "<i8", "|S3", "<c16"])
def test_what_are_no_pixels(tmp_path: Path, name: str, kind: str) -> None:
    with pytest.raises(UsageError, match=r"x\.np[yz] (holds|cannot be read)"):
        representative(declared(tmp_path / name, (1, *SHAPE), 1, kind), SHAPE, VALUES)


@pytest.mark.parametrize("name", ["x.npy", "x", "/dev/zero"])
def test_a_pipe_or_a_device_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if not name.startswith("/"):
        os.mkfifo(path)
    with pytest.raises(UsageError, match="neither a directory of images nor"):
        representative(path, SHAPE, VALUES)
