"""Files are written whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from cnncli import files
from cnncli.errors import MachineError, UsageError
from cnncli.files import check_target, read_text, replacing, write_text


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    with replacing(target, force=False) as draft:
        assert draft.suffix == ".txt"
        draft.write_text("half")
        assert not target.exists()
        draft.write_text("whole")
    assert target.read_text() == "whole"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, failure: type[BaseException]) -> None:
    target = tmp_path / "report.txt"
    target.write_text("old")
    with pytest.raises(failure), replacing(target, force=True) as draft:
        draft.write_text("new")
        raise failure
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_system_error_is_said_with_the_path(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    with (
        pytest.raises(MachineError, match="report.txt cannot be written: No space left"),
        replacing(target, force=False),
    ):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_needs_force(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    target.write_text("old")
    with pytest.raises(UsageError, match="exists; add --force"):
        write_text(target, "new", force=False)
    write_text(target, "new", force=True)
    assert target.read_text() == "new"


def test_a_link_stays_one_and_its_file_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "report.txt", tmp_path / "link.txt"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(Path("elsewhere") / "report.txt")
    write_text(link, "new", force=True)
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in real.parent.iterdir()] == ["report.txt"]


def test_a_link_to_nothing_makes_its_file(tmp_path: Path) -> None:
    link = tmp_path / "link.txt"
    link.symlink_to("real.txt")
    with pytest.raises(UsageError, match="exists; add --force"):
        write_text(link, "new", force=False)
    write_text(link, "new", force=True)
    assert link.is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a directory; name a file in it"):
        write_text(tmp_path, "new", force=True)


def test_a_directory_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "old").touch()
    with replacing(target, force=True, directory=True) as draft:
        draft.mkdir()
        (draft / "new").touch()
    assert [entry.name for entry in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_permission_is_said_before_the_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(MachineError, match="no permission"):
        write_text(tmp_path / "report.txt", "new", force=False)


def test_a_missing_directory_is_said(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="there is no directory"):
        write_text(tmp_path / "missing" / "report.txt", "new", force=False)


def test_a_device_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_text(pipe, "report", force=False)
    assert os.read(reader, 100) == b"report"
    os.close(reader)
    with pytest.raises(UsageError, match="is a device or a pipe; name a file"), replacing(pipe, force=True):
        pass
    assert pipe.is_fifo()


# What has come to stand there meanwhile, and names of all lengths.


def new_file(draft: Path) -> None:
    draft.write_text("new")


def new_directory(draft: Path) -> None:
    draft.mkdir()
    (draft / "new").touch()


@pytest.fixture(params=["at once", "by holding the place"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the operations of Linux, and on a system or a file system that lacks them."""
    if request.param != "at once":
        monkeypatch.setattr(files, "_renamed", lambda *_: False)
        monkeypatch.setattr(files, "_linked", lambda *_: False)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("write", [new_file, new_directory])
def test_of_two_writers_one_succeeds(tmp_path: Path, write: Callable[[Path], None]) -> None:
    target, directory = tmp_path / "target", write is new_directory
    with (
        pytest.raises(UsageError, match="exists by now; add --force"),
        replacing(target, force=False, directory=directory) as late,
    ):
        write(late)
        with replacing(target, force=False, directory=directory) as early:
            write(early)
        inode = target.stat().st_ino
    assert target.stat().st_ino == inode
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.usefixtures("way")
def test_a_directory_keeps_its_permissions_and_its_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o750)
    link = tmp_path / "link"
    link.symlink_to("real")
    with replacing(link, force=True, directory=True) as draft:
        new_directory(draft)
    assert link.is_symlink()
    assert [entry.name for entry in (tmp_path / "real").iterdir()] == ["new"]
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o750
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link", "real"]


@pytest.mark.parametrize("length", [1, 240, 247, 255])
def test_names_of_all_lengths(tmp_path: Path, length: int) -> None:
    target = tmp_path / ("n" * length)
    write_text(target, "old", force=False)
    write_text(target, "new", force=True)
    assert target.read_text() == "new"


@pytest.mark.parametrize("force", [True, False])
def test_a_directory_does_not_replace_a_file(tmp_path: Path, force: bool) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(UsageError, match="file (is a file, and a directory is to be written|exists)"):
        check_target(tmp_path / "file", force=force, directory=True)


@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="looks mounts up in /proc")
def test_a_mount_is_not_replaced() -> None:
    with pytest.raises(UsageError, match="/proc is mounted"):
        check_target(Path("/proc"), force=True, directory=True)


def test_a_link_to_itself_is_named(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="loop is a link that leads to itself"):
        write_text(tmp_path / "loop", "new", force=True)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs /dev/stdout")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
@pytest.mark.parametrize("force", [True, False])
def test_an_open_descriptor_goes_on_where_it_stands(tmp_path: Path, name: str, force: bool) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    path = tmp_path / "f"
    path.write_text("before\n")
    inode = path.stat().st_ino
    write = f"write_text(Path({name!r}), 'new', force={force})"
    script = f"from pathlib import Path; from cnncli.files import write_text; {write}"
    with path.open("a") as out:
        subprocess.run([sys.executable, "-c", script], stdout=out, check=True, cwd=tmp_path)
    assert (path.read_text(), path.stat().st_ino) == ("before\nnew", inode)
    assert (tmp_path / "link").is_symlink()


# Signals: at every call of the system that changes something.

CALLS = ("mkdir", "rename", "replace", "link", "unlink", "rmdir", "chmod")
ENDING = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: SystemExit, signal.SIGHUP: SystemExit}


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("directory", [False, True])
@pytest.mark.parametrize("force", [False, True])
def test_a_signal_at_any_call_leaves_the_old_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, after: bool, directory: bool, force: bool
) -> None:
    """Twice at once, as an impatient person sends it; before and after each call."""

    def ended(number: int, frame: object) -> None:
        raise ENDING[signal.Signals(number)]

    def sending(call: Callable[..., object], moment: int) -> Callable[..., object]:
        def called(*arguments: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            sent = [number] * 2 * (calls == moment)
            for each in () if after else sent:
                signal.raise_signal(each)
            result = call(*arguments, **named)
            for each in sent if after else ():
                signal.raise_signal(each)
            return result

        return called

    before = signal.signal(number, ended)
    write, target, moment, calls = new_directory if directory else new_file, tmp_path / "target", 0, 1
    try:
        while calls > moment:
            moment, calls = moment + 1, 0
            if force and not target.exists():
                write(target)
            with monkeypatch.context() as patched:
                for name in CALLS:
                    patched.setattr(os, name, sending(getattr(os, name), moment))
                try:
                    with replacing(target, force=force, directory=directory) as draft:
                        write(draft)
                    came = False
                except ENDING[number]:
                    came = True
            assert came == (calls >= moment)
            assert list(tmp_path.iterdir()) in ([], [target])
            assert target.exists() or not force
            assert not target.exists() or target.is_dir() == directory
            assert signal.getsignal(number) is ended
            if not force and target.exists():
                os.rename(target, tmp_path.parent / f"{tmp_path.name}-{moment}")  # noqa: PTH104
    finally:
        signal.signal(number, before)
    assert moment > 2


def test_threads_need_no_gate(tmp_path: Path) -> None:
    thread = threading.Thread(target=write_text, args=(tmp_path / "report.txt", "new"), kwargs={"force": False})
    thread.start()
    thread.join()
    assert (tmp_path / "report.txt").read_text() == "new"


def test_a_library_that_cannot_be_loaded_is_not_the_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"^libLiteRt\.so: cannot open"), replacing(tmp_path / "x", force=False):
        raise OSError("libLiteRt.so: cannot open shared object file")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["a pipe", "/dev/zero", "too large"])
def test_what_is_no_text_that_a_person_wrote_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    path = Path(kind) if kind.startswith("/") else tmp_path / "x"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "too large":
        path.touch()
        os.truncate(path, 10**10)
    with pytest.raises(UsageError, match="a device or a pipe|larger than"):
        read_text(path)
