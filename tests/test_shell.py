"""What a shell sees: signals, pipes, exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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


SIGNALLED = """
import os, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["SIGNALLED_AT"]:
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))

sys.meta_path.insert(0, Finder())
"""


@pytest.mark.parametrize(
    ("number", "module"),
    [
        (signal.SIGINT, "cnncli.cli.app"),
        (signal.SIGINT, "typer"),
        (signal.SIGINT, "cnncli.views.summary"),
        (signal.SIGTERM, "cnncli.views.summary"),
        (signal.SIGHUP, "cnncli.views.summary"),
    ],
)
def test_a_signal_ends_it_with_its_code_and_no_traceback(cnncli, tmp_path: Path, number: int, module: str) -> None:
    """Sent the moment that a module is looked for, so early or late in the command."""
    (tmp_path / "sitecustomize.py").write_text(SIGNALLED)
    done = cnncli("summary", "v2", PYTHONPATH=str(tmp_path), SIGNALLED_AT=module, SIGNAL=str(int(number)))
    assert (done.code, done.out) == (128 + number, "")
    assert done.err in ("", "cnncli: interrupted\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("arguments", ["list", "summary b7", "compare b0 b1 -f json", "plot b0 -o -"])
def test_a_full_disk_is_3_and_one_line(arguments: str, buffered: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    if not buffered:
        environment["PYTHONUNBUFFERED"] = "1"
    with Path("/dev/full").open("w") as full:
        command = [*COMMAND, *arguments.split()]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment)
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


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up in /proc")
def test_signals_at_random_moments_leave_nothing_half_done() -> None:
    """A sample of what maintainers run by the thousand; build and export have tests of their own."""
    script = Path(__file__).parent / "signals.py"
    done = subprocess.run(
        [sys.executable, script, "--count", "12", "--heavy", "0"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("12 runs, 0 broken, ")
