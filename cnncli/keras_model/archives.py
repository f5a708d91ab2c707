"""The HDF5 file of weights within a `.keras` archive, unpacked within limits, or read where it lies."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

HDF5 = b"\x89HDF\r\n\x1a\n"
WEIGHTS_MEMBER = "model.weights.h5"

MOST_UNPACKED = 32
"""How many times larger than its packed bytes a file of weights may be. Trained float32 weights hardly shrink at all;
ten times where nine of ten were pruned away."""
MOST_NEEDED = 8
"""How many times larger than the network's float32 weights: two for float64, three with an optimizer's state."""
HARMLESS = 2**25
"""Bytes that may be unpacked in any case: small files of zeros are no attack."""
PIECE = 2**20
LOCAL_HEADER = 30
"""Bytes of a zip member's own header, without its name (APPNOTE.TXT 4.3.7)."""


def hdf5_bytes(path: Path, file: io.BufferedReader, needed: int | None) -> Any:
    """The HDF5 file itself, or the one within a `.keras` archive."""
    start = file.read(len(HDF5))
    file.seek(0)
    if start == HDF5:
        return file
    with zipfile.ZipFile(file) as archive:
        member = _weights_member(archive, path.stat().st_size, needed)
        if member.compress_type == zipfile.ZIP_STORED:
            _read(archive, member, lambda _: None)  # for its checksum
            return Part(file, _first_byte(file, member), member.file_size)
        content = io.BytesIO()
        _read(archive, member, content.write)
    content.seek(0)
    return content


def _weights_member(archive: zipfile.ZipFile, archive_bytes: int, needed: int | None) -> zipfile.ZipInfo:
    """The HDF5 file of an archive. Raises ValueError where it is far larger than any weights would be."""
    if WEIGHTS_MEMBER not in archive.NameToInfo:
        raise ValueError(f"it is a zip archive without {WEIGHTS_MEMBER}")
    member = archive.getinfo(WEIGHTS_MEMBER)
    packed, unpacked = min(member.compress_size, archive_bytes), member.file_size
    if unpacked > max(MOST_UNPACKED * packed, HARMLESS):
        raise ValueError(f"{packed:,} bytes in it unpack to {unpacked:,}, which no weights do")
    if needed is not None and unpacked > max(MOST_NEEDED * needed, HARMLESS):
        raise ValueError(f"it holds {unpacked:,} bytes, the network's weights are {needed:,}; are they another's?")
    return member


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, take: Callable[[bytes], object]) -> None:
    """Give a member's bytes to `take`, piece by piece.

    zipfile reads no more than the archive declares, and finds the rest missing by its checksum.
    """
    count = 0
    with archive.open(member) as source:
        while piece := source.read(PIECE):
            count += len(piece)
            take(piece)
    if count < member.file_size:
        raise ValueError(f"{WEIGHTS_MEMBER} is smaller than the archive says")


def _first_byte(file: io.BufferedReader, member: zipfile.ZipInfo) -> int:
    """Where a stored member begins: behind its local header, which has its name and fields of any size at its end."""
    file.seek(member.header_offset)
    header = file.read(LOCAL_HEADER)
    behind: int = sum(struct.unpack("<2H", header[-4:]))
    return member.header_offset + LOCAL_HEADER + behind


class Part(io.RawIOBase):
    """So many bytes of a file, from one on, as a file that is read: nothing of it is held in memory."""

    def __init__(self, file: io.BufferedReader, start: int, size: int) -> None:
        self._file, self._start, self._size, self._place = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        wanted = memoryview(buffer)[: max(0, self._size - self._place)]
        self._file.seek(self._start + self._place)
        count: int = self._file.readinto(wanted)
        self._place += count
        return count
