"""Files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnncli.errors import MachineError, UsageError
from cnncli.files import read_text, replacing, write_text


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
