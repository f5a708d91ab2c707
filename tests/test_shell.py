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


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize(
    "arguments", ["--help", "summary --help", "completions bash", "compare v1 v1 --exit-code", "plot v1 -o -"]
)
def test_a_reader_that_leaves_whoever_writes(arguments: str, buffered: bool) -> None:
    """Typer and Rich too, which would end with the code of a failed check."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment |= {} if buffered else {"PYTHONUNBUFFERED": "1"}
    command = [*COMMAND, *arguments.split()]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (128 + signal.SIGPIPE, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", ["nothing", "summary", "summary v1 --nothing", "summary nothing", "plot v1 -o ."])
@pytest.mark.parametrize("errors", ["/dev/full", "&-"])
def test_wrong_usage_is_2_though_nobody_can_read_why(arguments: str, errors: str) -> None:
    command = f"{sys.executable} -m cnncli {arguments} 2>{errors}"
    assert subprocess.run(["sh", "-c", command], check=False, stdout=subprocess.DEVNULL).returncode == 2


SIZES = ("COLUMNS", "LINES", "TERMINAL_WIDTH", "JUPYTER_COLUMNS", "JUPYTER_LINES")


@pytest.mark.parametrize("value", ["²", "9" * 5000, "-1", "", "0", "nonsense", "1e3", " 80", "99999999"])
def test_sizes_that_are_none_are_as_good_as_not_there(cnncli, value: str) -> None:
    result = cnncli("--help", **dict.fromkeys(SIZES, value))
    assert (result.code, result.err) == (0, "")
    assert "mobilenet_v3_large" in result.out
    assert len(result.out) < 10**7
    result = cnncli("summary", "v1", "--by", "stage", COLUMNS=value)
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"_CNNCLI_COMPLETE": "complete_bash"}, "COMP_WORDS"),
        ({"_CNNCLI_COMPLETE": "complete_bash", "COMP_WORDS": "cnncli ", "COMP_CWORD": "²"}, "²"),
        ({"_CNNCLI_COMPLETE": "complete_bash", "COMP_WORDS": "cnncli ", "COMP_CWORD": "9" * 5000}, "nothing can be"),
    ],
)
def test_a_tab_with_variables_that_no_shell_sets(variables: dict[str, str], says: str) -> None:
    command, environment = [str(Path(sys.executable).with_name("cnncli"))], {**os.environ, **variables}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (b"v1\n\xff\xfe\n", "not UTF-8 text: invalid start byte at byte 3"),
        (b"v1\n" * 400_000, "more than 1,048,576 bytes on the standard input"),
        (b"v1\n" * 10_001, "10,001 references on the standard input; at most 10,000 are taken"),
        (b"\0\0\n", "unknown model"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii", "latin-1", "utf-16"])
def test_a_standard_input_that_holds_no_references(given: bytes, says: str, encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "LC_ALL": "C"}
    command = [*COMMAND, "summary", "-"]
    done = subprocess.run(command, input=given, capture_output=True, check=False, env=environment)
    written = done.stderr.decode(encoding.partition(":")[0])
    assert (done.returncode, written.count("\n")) == (2, 1)
    assert says in written


@pytest.mark.parametrize(
    "place", ["summary {}", "summary v1 --alpha {}", "summary v1 --columns {}", "{}", "plot v1 --label {}"]
)
@pytest.mark.parametrize("character", ["a", "1", "\x1b", "中"])
def test_a_word_as_long_as_a_shell_passes_is_told_shortly(run, place: str, character: str) -> None:
    result = run(
        *(word.format(character * 30_000) for word in place.split()), *(["-o", "-"] if "plot" in place else [])
    )
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert len(result.err) < 2_100


NARROW = [
    "summary v2", "summary v2 --by stage", "summary resnet50 --by block", "summary v1 --roofline 10G,5GB", "list",
    "compare v1 v2", "compare v1 v2 b0", "compare b0 resnet50 v1 v2 --diff", "check v1 --max-params 3M", "memory v1",
    "explain v1", "explain v1 stem.stem_conv", "history", "identify v1", "verify v2",
]  # fmt: skip


@pytest.mark.parametrize("width", [40, 51])
@pytest.mark.parametrize("arguments", NARROW)
def test_what_is_shown_fits_a_narrow_terminal(run, monkeypatch, arguments: str, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert max(map(len, run(*arguments.split()).out.splitlines())) <= width


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


SIGNALLED_IN_A_CLASS = """
import functools, os, signal

functools.cached_property.__set_name__ = lambda *given: os.kill(os.getpid(), signal.SIGINT)
"""


def test_so_does_one_while_a_class_is_made(cnncli, tmp_path: Path) -> None:
    """Where Python before 3.12 tells of it as of a RuntimeError."""
    (tmp_path / "sitecustomize.py").write_text(SIGNALLED_IN_A_CLASS)
    done = cnncli("summary", "v2", PYTHONPATH=str(tmp_path))
    assert (done.code, done.out) == (130, "")
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
