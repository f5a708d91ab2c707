"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cnncli.errors import MachineError, UsageError

MOST_TEXT = 16 * 2**20
"""Bytes of a text that is read whole."""


def read_text(path: Path) -> str:
    """Read UTF-8 text, a byte order mark aside.

    Raises UsageError where there is no such text, or more than a person writes, MachineError where it cannot be read.
    """
    if is_stream(path):
        raise UsageError(f"{path} is a device or a pipe; name a file")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_TEXT + 1)
        if len(data) > MOST_TEXT:
            raise UsageError(f"{path} is larger than {MOST_TEXT:,} bytes")
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
    except OSError as error:
        raise MachineError(f"{path} cannot be read: {error.strerror or error}") from None


def is_stream(path: Path) -> bool:
    """Whether `path` is a device or a pipe, such as /dev/null: to be written to, never to be replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


def check_target(path: Path, *, force: bool, directory: bool = False) -> None:
    """Raise before any work is done where `path` could not be written in the end.

    UsageError where it exists and `force` is not given, or is a directory or a device; MachineError where its place is
    missing or not writable.
    """
    if path.is_dir() and not directory:
        raise UsageError(f"{path} is a directory; name a file in it")
    if is_stream(path):
        raise UsageError(f"{path} is a device or a pipe; name a file")
    if os.path.lexists(path) and not force:
        raise UsageError(f"{path} exists; add --force to replace it")
    parent = _place(path).parent
    if not parent.is_dir():
        raise MachineError(f"{path} cannot be written: there is no directory {parent}")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise MachineError(f"{path} cannot be written: no permission in {parent}")


def _place(path: Path) -> Path:
    """Where a file of this name comes to stand: a link is followed, for it is the file that is meant."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path.absolute()


@contextmanager
def replacing(path: Path, *, force: bool, directory: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path` that becomes `path` if the block succeeds, and vanishes if it does not.

    The temporary path has the suffix of `path`; it does not exist yet. A link stays one, and a file that is replaced
    leaves its permissions to the new one. Raises as check_target, and MachineError where the system refuses to write
    (a full disk, a read-only file system).
    """
    check_target(path, force=force, directory=directory)
    place = _place(path)
    try:
        workshop = Path(tempfile.mkdtemp(prefix=f".{path.stem}.", dir=place.parent))
    except OSError as error:
        raise MachineError(f"{path} cannot be written: {error.strerror or error}") from None
    try:
        draft = workshop / path.name
        yield draft
        if place.is_file() and draft.is_file():
            shutil.copymode(place, draft)
        _put(draft, place, workshop / "replaced")
    except OSError as error:
        if error.errno is None:  # of a library that cannot be loaded: the file is not to blame
            raise
        raise MachineError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _put(draft: Path, path: Path, aside: Path) -> None:
    """Rename; a directory cannot be renamed over another one, which steps aside and comes back on failure."""
    if not path.is_dir():
        draft.replace(path)
        return
    path.rename(aside)
    try:
        draft.rename(path)
    except BaseException:
        aside.rename(path)
        raise


def write_text(path: Path, text: str, *, force: bool) -> None:
    """Write UTF-8 text, whole or not at all (into a device or a pipe: as it comes); raises as `replacing`."""
    if is_stream(path):
        try:
            path.write_text(text, encoding="utf-8", newline="")
        except OSError as error:
            raise MachineError(f"{path} cannot be written: {error.strerror or error}") from error
        return
    with replacing(path, force=force) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


def size_and_hash(path: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of a file, or of a directory's files by name, each after its relative path."""
    import hashlib  # loads OpenSSL, which only what writes files need wait for

    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        if file is not path:
            digest.update(f"{file.relative_to(path).as_posix()}\0".encode())
        with file.open("rb") as stream:
            while block := stream.read(2**20):
                digest.update(block)
    return sum(file.stat().st_size for file in files), digest.hexdigest()
