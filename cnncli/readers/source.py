"""A model file's bytes, read piece by piece, and the limits that keep a hostile one from taking much of the machine.

Pieces are read by position (pread), not mapped: mapped weights would count as memory.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from cnncli.errors import UsageError
from cnncli.words import visible

MOST_STRUCTURE = 64 * 2**20
"""Bytes of what a reader may hold at once of a file: a configuration, a graph's definition."""
MOST_OPERATIONS = 12_000
"""Operations or layers that are read of a file, each call of a function counted; large networks have some thousands."""
MOST_INPUTS = 100_000
"""Tensors that all operations of a graph read together."""
MOST_EXPANSION = 200
"""How many times larger than in the archive a member may become: JSON seldom shrinks to a hundredth."""


MOST_PARTS = 200 * 2**20
"""Bytes that the parts of a JSON text may take, as foreseen: 64 MB of empty objects would take 1.3 GB."""
_BYTES_OF_OBJECT, _BYTES_OF_PART = 240, 50  # of CPython, an object with a key or two, and a list's item


class Damaged(UsageError):
    """A file that is not what it says it is, or is larger than any model's structure."""


class Source:
    """A file, or a part of one, as bytes at places. `name` is what messages call it."""

    def __init__(self, file: io.RawIOBase | io.BufferedIOBase, name: str, start: int, size: int) -> None:
        self._file, self.name, self._start, self.size = file, name, start, size

    def read(self, offset: int, count: int) -> bytes:
        """Exactly so many bytes. Raises Damaged where the file ends before, or where they are more than may be held."""
        if offset < 0 or count < 0 or offset + count > self.size:
            self.fail(f"ends at byte {self.size:,}, where {count:,} bytes from {offset:,} on are needed")
        if count > MOST_STRUCTURE:
            self.fail(f"has a structure of {count:,} bytes at {offset:,}; at most {MOST_STRUCTURE:,} are read")
        self._file.seek(self._start + offset)
        found = self._file.read(count) or b""
        if len(found) != count:
            self.fail(f"could not be read to byte {offset + count:,}")
        return found

    def part(self, offset: int, size: int, name: str) -> Source:
        """A part of it as a source of its own. Raises Damaged where it ends before."""
        if offset < 0 or size < 0 or offset + size > self.size:
            self.fail(f"ends at byte {self.size:,}, before the end of {name}")
        return Source(self._file, f"{self.name}: {name}", self._start + offset, size)

    @property
    def stream(self) -> io.BufferedReader:
        """The whole of it as a stream, for the standard library."""
        return io.BufferedReader(_Raw(self))

    def fail(self, why: str) -> NoReturn:
        raise Damaged(visible(f"{self.name}: {why}"))


class _Raw(io.RawIOBase):
    """A source as a raw stream."""

    def __init__(self, source: Source) -> None:
        self._source, self._place = source, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._source.size}[whence]
        self._place = max(base + offset, 0)
        return self._place

    def tell(self) -> int:
        return self._place

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), max(self._source.size - self._place, 0))
        buffer[:count] = self._source.read(self._place, count)
        self._place += count
        return count


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """A file to be read. Raises OSError where it cannot be opened."""
    with path.open("rb", buffering=0) as file:
        yield Source(file, str(path), 0, os.fstat(file.fileno()).st_size)


def in_memory(content: bytes, name: str) -> Source:
    return Source(io.BytesIO(content), name, 0, len(content))


def parsed_json(content: bytes, source: Source) -> Any:
    """JSON of a bounded size. Raises Damaged; nesting beyond what Python bears is damage too."""
    if len(content) > MOST_STRUCTURE:
        source.fail(f"has a JSON text of {len(content):,} bytes; at most {MOST_STRUCTURE:,} are read")
    parts = content.count(b"{") * _BYTES_OF_OBJECT + (content.count(b"[") + content.count(b",")) * _BYTES_OF_PART
    if parts > MOST_PARTS:
        source.fail(f"has a JSON text that would take {parts:,} bytes of memory; at most {MOST_PARTS:,} are given")
    try:
        return json.loads(content)
    except RecursionError:
        source.fail("has JSON nested too deeply")
    except ValueError as error:
        source.fail(f"has JSON that cannot be read: {error}")


class Archive:
    """The members of a zip archive, by name. Raises Damaged for what is none."""

    def __init__(self, source: Source) -> None:
        self._source = source
        try:
            self._zip = zipfile.ZipFile(source.stream)
        except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError, EOFError) as error:
            source.fail(f"is no whole zip archive: {error}")

    @property
    def names(self) -> list[str]:
        return self._zip.namelist()

    def content(self, name: str) -> bytes:
        """A member's bytes. Raises Damaged where it is missing, too large or packed beyond reason."""
        member = self._member(name)
        packed = max(member.compress_size, 1)
        if member.file_size > MOST_STRUCTURE or member.file_size > packed * MOST_EXPANSION + 4096:
            self._source.fail(f"{name} would become {member.file_size:,} bytes of {packed:,}")
        try:
            with self._zip.open(member) as stream:
                found = stream.read(member.file_size + 1)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            ValueError,
            NotImplementedError,
            RuntimeError,
            OSError,
        ) as error:
            self._source.fail(f"{name} cannot be unpacked: {error}")
        if len(found) > MOST_STRUCTURE:
            self._source.fail(f"{name} becomes more than {MOST_STRUCTURE:,} bytes")
        return found

    def part(self, name: str) -> Source:
        """A member to be read piece by piece: in its place where it is stored, else unpacked."""
        member = self._member(name)
        if member.compress_type != zipfile.ZIP_STORED:
            return in_memory(self.content(name), f"{self._source.name}: {name}")
        header = self._source.read(member.header_offset, 30)
        if header[:4] != b"PK\x03\x04":
            self._source.fail(f"{name} has no header where the archive's directory says")
        names, extra = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
        return self._source.part(member.header_offset + 30 + names + extra, member.file_size, name)

    def _member(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._zip.getinfo(name)
        except KeyError:
            self._source.fail(f"has no {name}")
