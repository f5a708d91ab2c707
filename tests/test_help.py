"""Help: of every command and topic, at every width, as a page of the manual; and the options that all commands have."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import refused

from cnncli.cli.commands import COMMANDS, function, load
from cnncli.cli.help import manual_of
from cnncli.cli.pages import references
from cnncli.cli.topics import TOPICS
from cnncli.document.manual import Chapter, Entry, Manual
from cnncli.models.catalogue import OPTIONS
from cnncli.readers.formats import FORMATS
from cnncli.render.manual import roff, text

FILES = Path(__file__).parent / "files"
PAGES = ["", *COMMANDS, *TOPICS]


def options(command: str) -> set[str]:
    return {name for each in load(command).params if each.param_type_name == "option" for name in each.opts}


def unwrapped(out: str) -> str:
    return " ".join(out.split())


@pytest.mark.parametrize("page", PAGES)
def test_help_is_whole_at_any_width(run, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    told = {}
    for width in (20, 40, 60, 80, 160):
        monkeypatch.setenv("COLUMNS", str(width))
        out = run("help", *page.split()).out
        assert max(map(len, out.splitlines())) <= width
        assert not re.search(r"<\w+(\[|>)|…|\\\[", out)
        told[width] = sorted("".join(out.split()))
    assert all(each == told[20] for each in told.values()), "the same at every width, but for where lines end"
    if page in COMMANDS:
        assert options(page) <= set(re.findall(r"(?<![\w-])--?\w[\w-]*", out))


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        ("", "cnncli [OPTIONS] COMMAND [ARGS]..."), ("summary", "cnncli summary [OPTIONS] MODEL..."),
        ("list", "cnncli list [OPTIONS] [FAMILY|MODEL]..."), ("find", "cnncli find [OPTIONS] [MODEL]..."),
        ("explain", "cnncli explain [OPTIONS] MODEL [LAYER]"), ("build", "cnncli build [OPTIONS] MODEL"),
        ("verify", "cnncli verify [OPTIONS] [MODEL]..."), ("help", "cnncli help [OPTIONS] [TOPIC]"),
        ("completions", "cnncli completions [OPTIONS] SHELL"), ("history", "cnncli history [OPTIONS]"),
    ],
)  # fmt: skip
def test_usage(run, command: str, usage: str) -> None:
    assert run(*command.split(), "--help").out.startswith(f"Usage: {usage}\n")


def test_piped_help_is_as_wide_as_a_page(run) -> None:
    assert 70 < max(map(len, run("summary", "--help").out.splitlines())) <= 80


@pytest.mark.parametrize("page", ["", *COMMANDS])
def test_help_is_asked_for_in_several_ways(run, page: str) -> None:
    shown = run("help", *page.split())
    assert (shown.code, shown.err) == (0, "")
    assert shown == run(*page.split(), "--help") == run(*page.split(), "-h")


def test_help_is_short_where_topics_tell_the_rest(run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What most commands have is told once: what is longer has more of its own."""
    monkeypatch.setenv("COLUMNS", "80")
    long = {name for name in COMMANDS if run(name, "--help").out.count("\n") > 85}
    assert long == {"summary", "find"}


def test_summary_tells_what_is_counted_and_others_where_that_is_told(run) -> None:
    from cnncli.analysis.metric import Place
    from cnncli.analysis.metrics import METRICS, OF_PAPERS

    counted = [each for each in METRICS if each.places & {Place.LINE, Place.DEPLOYED} and each.convention]
    assert len(counted) > 6
    for page in ("summary --help", "help conventions"):
        out = unwrapped(run(*page.split()).out)
        assert all(f"{each.title} {each.convention}." in out for each in counted)
        assert OF_PAPERS in out
    for command in ("list", "compare", "check", "plot"):
        out = unwrapped(run(command, "--help").out)
        assert OF_PAPERS in out
        assert "`cnncli help conventions`" in out


def test_references_tells_every_option_key_and_format() -> None:
    entries = {entry.name: entry.text for chapter in references().chapters for entry in chapter.entries}
    named = " ".join(entries)
    pointed = [
        entry.text.split(", ")
        for command in COMMANDS
        for chapter in manual_of(
            load(command), load(command).make_context(command, [], resilient_parsing=True)
        ).chapters
        for entry in chapter.entries
        if chapter.title == "Model options" and entry.text.startswith("--")
    ]
    assert len(pointed) > 10
    assert {option for options in pointed for option in options} <= set(named.split())
    assert set(OPTIONS) <= entries.keys()
    assert all(suffix in named for each in FORMATS for suffix in each.suffixes)


def test_a_default_and_what_is_required_are_told(run) -> None:
    assert "[default: layer]" in unwrapped(run("summary", "--help").out)
    assert re.search(r"-o, --output PATH .*\[required\]", unwrapped(run("export", "--help").out))
    assert "--detail stage|block|layer" in unwrapped(run("plot", "--help").out)


def test_a_terminal_gets_colours(run, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = run("help", "shell").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run("help", "shell").out
    assert "\x1b[1mExit codes:\x1b[0m" in coloured
    assert re.sub("\x1b\\[[0-9]*m", "", coloured) == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert run("help", "shell").out == plain


# Examples


def examples() -> list[str]:
    docstrings = [function(name).__doc__ or "" for name in COMMANDS]
    told = [line.partition("Example: ")[2] for doc in docstrings for line in doc.splitlines() if "Example: " in line]
    assert len(told) >= len(COMMANDS)
    page = next(chapter for chapter in references().chapters if chapter.title == "Examples")
    return told + [entry.name for entry in page.entries]


LONG = ("cnncli build ", "cnncli export ", "cnncli measure ", "cnncli find ")
"""Examples that take many seconds: what they do is tested elsewhere, and here where -m asks for exhaustive."""
TRAIN = """
import cnncli

def build(width="1"):
    return cnncli.load("v1", alpha=float(width), input_shape=32)
"""


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(each, marks=[pytest.mark.exhaustive, pytest.mark.tf] if each.startswith(LONG) else ())
        for each in examples()
    ],
)
def test_examples_run(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, example: str) -> None:
    """The long ones too: `pytest tests/test_help.py -m exhaustive`."""
    (tmp_path / "models").mkdir()
    shutil.copy(FILES / "inverted_residuals.onnx", tmp_path / "my.onnx")
    for name in ("models/one.tflite", "before.tflite", "after.tflite"):
        shutil.copy(FILES / "separable_int8.tflite", tmp_path / name)
    (tmp_path / "train.py").write_text(TRAIN)
    monkeypatch.chdir(tmp_path)
    if not re.search("[|>]", example):
        result = run(*shlex.split(example)[1:])
        assert result.code == 0, result.err
        return
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "-e", "-o", "pipefail", "-c", example]
    environment = {**os.environ, "PATH": path, "HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# The manual


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
def test_pages_of_the_manual_are_roff_without_a_fault(run) -> None:
    written = "".join(run("help", *page.split(), "--man").out for page in PAGES)
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-K", "utf8"], input=written, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = unwrapped(re.sub("\x1b\\[[0-9;]*m|.\b", "", done.stdout))
    told = ("CNNCLI-SUMMARY(1)", "CNNCLI-HELP-REFERENCES(7)", "--freeze-before N|NAME", "cnncli help conventions")
    for words in told:
        assert words in shown


@pytest.mark.skipif(not shutil.which("groff"), reason="needs groff")
@pytest.mark.parametrize(
    "words", [".so /etc/passwd", "'quoted'", r"a\nb \fB", 'say "so"', "--a-b", "a` b", "...", "1.5"]
)
def test_no_text_is_an_order_to_roff(words: str) -> None:
    manual = Manual("x", words, (words, words), [Chapter(words, [Entry(words, words)], (words,))])
    done = subprocess.run(
        ["groff", "-man", "-Tascii", "-ww", "-P-c"], input=roff(manual, 1, words), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert unwrapped(re.sub(".\b", "", done.stdout)).upper().count(words.upper()) == 8


def test_a_name_that_leaves_no_room_stands_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    entries = [Entry("-a", "short"), Entry("--" + "b" * 30, "long"), Entry("c", "")]
    assert text(Manual("x", "", ("first",), [Chapter("Title", entries)])) == (
        f"first\n\nTitle:\n  -a  short\n  --{'b' * 30}\n      long\n  c\n"
    )


# What every command takes


OPEN = str(FILES / "open_size.tflite")


@pytest.mark.parametrize("arguments", [["summary", OPEN, "--quiet"], ["--quiet", "summary", OPEN]])
def test_quiet_says_results_and_errors_alone(run, arguments: list[str]) -> None:
    told, quiet = run("summary", OPEN), run(*arguments)
    assert "warning" in told.err
    assert (quiet.code, quiet.out, quiet.err) == (0, told.out, "")
    refused(run("summary", "nothing", "--quiet"), 2, "unknown model")
    assert run("summary", OPEN).err == told.err, "it holds for one run"


@pytest.mark.parametrize(
    ("arguments", "code", "shown", "says"),
    [
        ("--max-macs 400M --quiet", 0, False, ""),
        ("--max-macs 100M --quiet", 1, False, "1 of 1 check fails: mobilenet_v2 max-macs"),
        ("--max-macs 100M --quiet -f csv", 1, True, "1 of 1 check fails"),
        ("--max-macs 400M", 0, True, ""),
    ],
)
def test_a_quiet_check_speaks_by_its_code(run, arguments: str, code: int, shown: bool, says: str) -> None:
    result = run("check", "v2", *arguments.split())
    assert (result.code, bool(result.out)) == (code, shown)
    assert says in result.err
    assert result.err.count("\n") == bool(says)


def test_a_quiet_check_writes_its_files(run, tmp_path: Path) -> None:
    lock, report = tmp_path / "lock.toml", tmp_path / "report.json"
    result = run("check", "v2", "--quiet", "--baseline", lock, "--write-baseline")
    assert result == (0, "", "")
    assert run("check", "v2", "--quiet", "--baseline", lock, "-o", report) == (0, "", "")
    assert "mobilenet_v2" in report.read_text()
    assert run("check", "v2", "--quiet", "--baseline", lock, "--report", tmp_path / "report.xml") == (0, "", "")
    assert "mobilenet_v2" in (tmp_path / "report.xml").read_text()


def test_options_of_a_command_stand_behind_it(run) -> None:
    refused(
        run("--format", "json", "summary", "v2"),
        2,
        "No such option: --format; the options of a command stand behind its name",
    )
