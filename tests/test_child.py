"""Heavy work in a child: what is heard of it, how each end of it reads, and that it never outlives its parent."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cnncli.child import peak_memory
from cnncli.child.parent import _obituary, run
from cnncli.errors import CheckFailed, MachineError, UsageError

Child = Callable[[str], str]


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """A module whose `work(job, tell)` has the given body; returns its name."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def write(body: str) -> str:
        (tmp_path / "some_work.py").write_text(
            "import os, signal, sys, time\n"
            "from cnncli import errors\n"
            "from cnncli.child.inside import serve\n"
            f"def work(job, tell):\n    {body}\n"
            "if __name__ == '__main__':\n    serve(work)\n"
        )
        return "some_work"

    return write


def ended(module: str) -> str:
    """The message of the MachineError that a child's end becomes."""
    with pytest.raises(MachineError) as failure:
        run(module, {}, "the export", lambda _: None)
    return str(failure.value)


def test_an_answer_and_what_was_told(child: Child) -> None:
    heard: list[str] = []
    answer = run(child("tell('Adding'); return sum(job['numbers'])"), {"numbers": [1, 2]}, "the sum", heard.append)
    assert (answer, heard) == (3, ["Adding"])


def test_a_job_is_anything_that_can_be_pickled(child: Child) -> None:
    job = {"path": Path("photo.png"), "shapes": {(3, 3)}, "large": b"x" * 10**6}
    body = "return [job['path'].suffix, *job['shapes'], len(job['large'])]"
    assert run(child(body), job, "the job", lambda _: None) == [".png", [3, 3], 10**6]


def test_a_machine_that_measures_no_memory_and_kills_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Windows."""
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_memory() is peak_memory(of_children=True) is None
    killed = _obituary("the export", -signal.SIGKILL, io.BytesIO())
    assert killed.startswith("the export was killed, as the system does when memory runs out; free some")
    monkeypatch.delattr(signal, "SIGKILL")
    assert _obituary("the export", 0xC0000005, io.BytesIO(b"why")) == "the export ended with code 3221225477: why"


def test_noise_reaches_neither_stream(child: Child, capfd: pytest.CaptureFixture[str]) -> None:
    body = "os.write(1, b'to one'); os.write(2, b'to two'); print('three'); print('four', file=sys.stderr); return 5"
    assert run(child(body), {}, "the export", lambda _: None) == 5
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [UsageError, CheckFailed, MachineError])
def test_an_expected_failure_is_the_same_here(child: Child, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="photo.png cannot be read"):
        run(child(f"raise errors.{kind.__name__}('photo.png cannot be read')"), {}, "the export", lambda _: None)


def test_a_system_error_names_the_file(child: Child) -> None:
    assert ended(child("open('/nowhere/file')")) == "/nowhere/file: No such file or directory"
    assert ended(child("raise OSError(28, 'No space left on device')")) == "No space left on device"


def test_memory_that_runs_out_is_one_line(child: Child) -> None:
    assert ended(child("raise MemoryError")) == "not enough memory"


def test_the_kernel_s_kill_is_one_line(child: Child, capfd: pytest.CaptureFixture[str]) -> None:
    message = ended(child("os.write(2, b'noise'); os.kill(os.getpid(), signal.SIGKILL)"))
    assert message.startswith("the export was killed, as the system does when memory runs out (")
    assert capfd.readouterr() == ("", "")


def test_a_crash_is_one_line_with_its_last_word(child: Child, capfd: pytest.CaptureFixture[str]) -> None:
    message = ended(child("os.write(2, b'Check failed: rank == 4\\n'); os.abort()"))
    assert message == "the export crashed (SIGABRT): Check failed: rank == 4"
    assert capfd.readouterr() == ("", "")


def test_a_child_that_cannot_start_is_one_line(child: Child) -> None:
    child("pass")
    assert "No module named" in ended("no_such_module")


def test_an_unexpected_failure_shows_what_was_held_back(child: Child, capfd: pytest.CaptureFixture[str]) -> None:
    message = ended(
        child("os.write(2, b'error: failed while converting\\n'); raise RuntimeError('Could not\\ntranslate')")
    )
    assert message == "the export failed: RuntimeError: Could not translate"
    assert capfd.readouterr().err == "error: failed while converting\n"


@pytest.mark.parametrize("noise", ["print('{}')", "print('noise', end='')", "import os; os.write(1, bytes(10**6))"])
def test_what_others_print_at_the_start_is_no_answer(child: Child, tmp_path: Path, noise: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(noise)
    assert run(child("return 5"), {}, "the export", lambda _: None) == 5


@pytest.mark.parametrize(
    ("name", "value", "seen"),
    [
        ("PYTHONWARNINGS", "error", "ignore"),
        ("OMP_NUM_THREADS", "100000", None),
        ("OMP_NUM_THREADS", "nonsense", None),
        ("OPENBLAS_NUM_THREADS", "0", None),
        ("OMP_NUM_THREADS", "2", "2"),
        ("CUDA_VISIBLE_DEVICES", "0", "-1"),
    ],
)
def test_variables_that_would_keep_it_from_its_work(
    child: Child, monkeypatch: pytest.MonkeyPatch, name: str, value: str, seen: str | None
) -> None:
    module = child("return os.environ.get(job)")
    monkeypatch.setenv(name, value)
    assert run(module, name, "the export", lambda _: None) == seen


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")
def test_what_is_lost_in_c_is_ended_and_told(child: Child) -> None:
    """A sum that takes days hears no signal of Python's."""
    lost = "from cnncli.child.inside import limited; failure = errors.UsageError('too long')"
    with pytest.raises(UsageError, match="too long"):
        run(child(f"{lost}\n    with limited(0.2, 10**9, failure): sum(range(10**14))"), {}, "it", print)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="looks its memory up in /proc")
def test_what_takes_too_much_memory_is_told(child: Child) -> None:
    greedy = "from cnncli.child.inside import limited; failure = errors.UsageError('too much')"
    module = child(f"{greedy}\n    with limited(9, 10**8, failure): return len(bytes(job))")
    assert run(module, 10**6, "it", print) == 10**6
    with pytest.raises(UsageError, match="too much"):
        run(module, 2 * 10**8, "it", print)


def alive(pid: int) -> bool:
    """Whether a process runs: neither gone nor a zombie that nobody has fetched."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


BUSY = {
    "sleeping": "time.sleep(60)",
    "lost in C": "sum(range(10**14))",
    "deaf": "[signal.signal(each, signal.SIG_IGN) for each in (1, 2, 15)]; time.sleep(60)",
}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("busy", BUSY)
def test_no_child_outlives_its_parent_and_nothing_is_left(
    child: Child, tmp_path: Path, number: signal.Signals, busy: str
) -> None:
    note, temporary, litter = tmp_path / "pid", tmp_path / "temporary", tmp_path / "litter"
    temporary.mkdir()
    litter.mkdir()
    (litter / "draft").touch()
    child(f"open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{os.getppid()}} '); {BUSY[busy]}")
    script = (
        "from pathlib import Path; from cnncli.child.parent import run\n"
        f"run('some_work', {{}}, 'the export', print, [Path({str(litter)!r})])"
    )
    environment = {**os.environ, "TMPDIR": str(temporary)}
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL, env=environment)
    deadline = time.monotonic() + 60
    while not (note.exists() and note.read_text().endswith(" ")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    processes = [int(pid) for pid in note.read_text().split()]
    parent.send_signal(number)
    parent.wait(20)
    while any(map(alive, processes)) or list(temporary.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert litter.exists() == (number != signal.SIGKILL)  # else its maker removes it


@pytest.mark.skipif(sys.platform != "linux", reason="where the system itself ends the orphans")
def test_no_worker_outlives_its_guard(child: Child) -> None:
    body = "os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)"
    assert ended(child(body)).startswith("the export was killed")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_a_child_that_has_not_begun_ends_with_its_parent_too(child: Child, tmp_path: Path) -> None:
    """Killed while the interpreter of the child starts, so before it can have read its job."""
    note = tmp_path / "pid"
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys, time\n"
        f"if 'some_work' in sys.orig_argv: open({str(note)!r}, 'w').write(f'{{os.getpid()}} '); time.sleep(0.3)\n"
    )
    child("time.sleep(60)")
    script = "from cnncli.child.parent import run; run('some_work', {}, 'the export', print)"
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL, env=os.environ)
    deadline = time.monotonic() + 60
    while not (note.exists() and note.read_text().endswith(" ")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    parent.kill()
    parent.wait(20)
    while alive(int(note.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.02)
