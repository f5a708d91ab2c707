"""What a shell sees: signals, pipes, exit codes."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "cnncli"]


@pytest.mark.parametrize("arguments", [["list"], ["summary", "efficientnet_b7"], ["summary", "b7", "--format", "json"]])
def test_a_reader_that_leaves_is_no_error(arguments: list[str]) -> None:
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert err == b""
    assert process.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize("delay", [0.02, 0.06, 0.1, 0.5])
def test_an_interrupt_is_130_and_no_traceback(delay: float) -> None:
    process = subprocess.Popen([*COMMAND, "summary", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    # Within the first moments it is Python itself that is interrupted, before it has read a line of ours.
    assert process.returncode in ({130} if delay >= 0.1 else {130, 1, -signal.SIGINT})
    if delay >= 0.1:
        assert b"Traceback" not in err


def test_a_termination_is_143() -> None:
    process = subprocess.Popen([*COMMAND, "summary", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.6)
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (143, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_3_and_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*COMMAND, "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX"])
def test_output_is_utf8_under_any_locale(cnncli, locale: str) -> None:
    result = cnncli("list", LC_ALL=locale, LANG=locale)
    assert result.code == 0
    assert "\u2500\u2500\u2500" in result.out


@pytest.mark.parametrize("arguments", ["--version", "--help", "list", "summary v2 -f json", "compare b0 b1"])
def test_closed_streams_are_no_traceback(arguments: str) -> None:
    command = f"{sys.executable} -m cnncli {arguments}"
    done = subprocess.run(["sh", "-c", f"{command} >&-"], stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert subprocess.run(["sh", "-c", f"{command} >&- 2>&- <&-"], check=False).returncode == 0


def test_a_closed_input_has_no_references() -> None:
    command = f"{sys.executable} -m cnncli summary - <&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "cnncli: no references on the standard input; write one a line\n"
