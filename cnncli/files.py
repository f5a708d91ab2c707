"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cnncli.errors import MachineError, UsageError
from cnncli.temporary import endings_held, temporary_folder

MOST_LINKS = 40
"""Links to links that are followed; Linux follows as many."""

# The operations of Linux's renameat2 that others lack: <linux/fs.h>.
_UNLESS_IT_EXISTS, _EXCHANGE = 1, 2
_AT_WORKING_DIRECTORY = -100
_NOT_THERE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)

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
    """Whether `path` is a device, a pipe or an open descriptor, such as /dev/null or /dev/stdout: to be written to,
    never to be replaced."""
    return _descriptor(path) is not None or (path.exists() and not path.is_file() and not path.is_dir())


def _descriptor(path: Path) -> int | None:
    """The open descriptor that a path stands for, whatever it leads to: /dev/stdout for one, and links to it."""
    for _ in range(MOST_LINKS):
        name = os.path.normpath(path.absolute())
        standard = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}.get(name)
        if standard is not None:
            return standard
        if found := re.fullmatch(r"/(?:dev|proc/self|proc/thread-self)/fd/([0-9]{1,9})", name):
            return int(found[1])
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def check_target(path: Path, *, force: bool, directory: bool = False) -> None:
    """Raise before any work is done where `path` could not be written in the end.

    UsageError where it exists and `force` is not given, or is something that what is to be written cannot replace (a
    directory a file or the other way round, a device, a mount, a link to itself); MachineError where its place is
    missing or not writable.
    """
    if path.is_dir() and not directory:
        raise UsageError(f"{path} is a directory; name a file in it")
    if is_stream(path):
        raise UsageError(f"{path} is a device or a pipe; name a {'directory' if directory else 'file'}")
    if os.path.lexists(path) and not force:
        raise UsageError(f"{path} exists; add --force to replace it")
    place = _place(path)
    if place.is_symlink():
        raise UsageError(f"{path} is a link that leads to itself; name another")
    if directory and place.is_file():
        raise UsageError(f"{path} is a file, and a directory is to be written; name another")
    if _is_mounted(place):
        raise UsageError(f"{path} is mounted, so that it cannot be replaced; name a place within or elsewhere")
    parent = place.parent
    if not parent.is_dir():
        raise MachineError(f"{path} cannot be written: there is no directory {parent}")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise MachineError(f"{path} cannot be written: no permission in {parent}")


def _place(path: Path) -> Path:
    """Where a file of this name comes to stand: a link is followed, for it is the file that is meant."""
    return Path(os.path.realpath(path)) if path.is_symlink() else path.absolute()


def _is_mounted(place: Path) -> bool:
    """Whether another file system, directory or file was mounted here, which no rename can replace."""
    if not place.exists():
        return False
    name = os.path.realpath(place)
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:  # not Linux
        return place.is_dir() and os.path.ismount(name)
    return any(_unescaped(line.split()[4]) == name for line in mounts)


def _unescaped(text: str) -> str:
    r"""Linux writes a blank in the name of a mount as \040."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


@contextmanager
def replacing(path: Path, *, force: bool, directory: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path` that becomes `path` if the block succeeds, and vanishes if it does not.

    The temporary path has the suffix of `path`; it does not exist yet. A link stays one, and what is replaced leaves
    its permissions to the new one. What ends a command may interrupt the block and nothing else: at any moment the old
    one stands there or the new one. Raises as check_target, and MachineError where the system refuses to write (a full
    disk, a read-only file system).
    """
    check_target(path, force=force, directory=directory)
    place = _place(path)
    with endings_held() as gate, workshop(path) as folder:
        draft = folder / path.name
        try:
            with gate.opened():
                yield draft
            _put(draft, place, folder / "replaced") if force else _put_newly(draft, place)
        except OSError as error:
            if error.errno is None:  # of a library that cannot be loaded: the file is not to blame
                raise
            raise MachineError(f"{path} cannot be written: {error.strerror or error}") from error


@contextmanager
def workshop(path: Path) -> Iterator[Path]:
    """A temporary folder on the file system of `path`: beside it or, where its directory is yet to be made, above.

    Raises MachineError where the system refuses to make one.
    """
    parent = _place(path).parent
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(temporary_folder(parent if parent.is_dir() else parent.parent))
        except OSError as error:
            raise MachineError(f"{path} cannot be written: {error.strerror or error}") from None
        yield folder


def _put(draft: Path, place: Path, aside: Path) -> None:
    """Rename, with the permissions of what is replaced.

    A directory cannot be renamed over another one: they change places or, where the system cannot do that at once, the
    old one steps aside and comes back on failure.
    """
    if not place.exists():
        draft.replace(place)
        return
    mode = place.stat().st_mode & 0o7777
    if not place.is_dir():
        draft.chmod(mode)
        draft.replace(place)
        return
    if not _renamed(draft, place, _EXCHANGE):
        place.rename(aside)
        try:
            draft.rename(place)
        except BaseException:
            aside.rename(place)
            raise
    place.chmod(mode)  # at last, for a directory that may not be written to cannot be moved either


def _put_newly(draft: Path, place: Path) -> None:
    """Rename where nothing stands. Raises UsageError where something has come to stand there since it was looked for.

    Of several that write at once, one succeeds. Where the system or its file system has no operation that renames and
    refuses to replace, an empty file or directory holds the place for a moment.
    """
    try:
        if os.name == "nt":  # whose rename refuses by itself
            draft.rename(place)
        elif draft.is_dir():
            if not _renamed(draft, place, _UNLESS_IT_EXISTS):
                place.mkdir()
                _put_or(draft, place, place.rmdir)
        elif not _linked(draft, place):
            place.touch(exist_ok=False)
            _put_or(draft, place, place.unlink)
    except FileExistsError:
        raise UsageError(f"{place} exists by now; add --force to replace it") from None


def _put_or(draft: Path, place: Path, undo: Callable[[], None]) -> None:
    try:
        draft.replace(place)
    except BaseException:
        undo()
        raise


def _linked(draft: Path, place: Path) -> bool:
    """Give a file a second name, which fails where the name is taken; False where the file system has no such links."""
    try:
        os.link(draft, place)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno in _NOT_THERE or error.errno in (errno.EPERM, errno.EMLINK):
            return False
        raise
    return True


def _renamed(draft: Path, place: Path, how: int) -> bool:
    """Rename by Linux's renameat2; False where the system or the file system lacks that operation of it."""
    import ctypes  # only directories need it

    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    here = _AT_WORKING_DIRECTORY
    if renameat2(here, os.fsencode(draft), here, os.fsencode(place), how) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_THERE:
        return False
    raise OSError(number, os.strerror(number), str(place))


def write_text(path: Path, text: str, *, force: bool) -> None:
    """Write UTF-8 text, whole or not at all (into a device or a pipe: as it comes); raises as `replacing`."""
    if is_stream(path):
        try:
            _pour(path, text)
        except OSError as error:
            raise MachineError(f"{path} cannot be written: {error.strerror or error}") from error
        return
    with replacing(path, force=force) as draft:
        draft.write_text(text, encoding="utf-8", newline="")


def _pour(path: Path, text: str) -> None:
    """An open descriptor goes on where it stands: what a shell has redirected to a file is neither cut nor replaced."""
    number = _descriptor(path)
    with open(path if number is None else os.dup(number), "w", encoding="utf-8", newline="") as stream:  # noqa: PTH123
        stream.write(text)


def size_and_hash(path: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of a file, or of a directory's files by name, each after its relative path; links lead away."""
    import hashlib  # loads OpenSSL, which only what writes files need wait for

    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    digest = hashlib.sha256()
    for file in files:
        if file is not path:
            digest.update(f"{file.relative_to(path).as_posix()}\0".encode())
        with file.open("rb") as stream:
            while block := stream.read(2**20):
                digest.update(block)
    return sum(file.stat().st_size for file in files), digest.hexdigest()
