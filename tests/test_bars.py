"""Bars behind the shares of a summary: on a terminal that has room for them, and nowhere else."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pexpect
import pytest

from cnncli.network import network
from cnncli.render.text import write
from cnncli.views.columns import BAR
from cnncli.views.summary import Wanted, summary_document

STAGES = Wanted(depth=1, bars=True)
PAGE = Path(__file__).parent.parent / "docs" / "shell.md"


def on_terminal(arguments: str, width: int, **environment: str) -> list[str]:
    command = ["-m", "cnncli", *arguments.split(), "--no-pager"]
    given = {**os.environ, "TERM": "xterm", **environment}
    child = pexpect.spawn(sys.executable, command, env=given, encoding="utf-8", dimensions=(50, width), timeout=60)
    child.expect(pexpect.EOF)
    child.close()
    return [line.rstrip() for line in str(child.before).splitlines()]


def written(monkeypatch: pytest.MonkeyPatch, reference: str, wanted: Wanted, width: int) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    return write(summary_document(network(reference), wanted)).splitlines()


def test_a_terminal_gets_bars_in_colour_or_without() -> None:
    plain = on_terminal("summary v2 --by stage", 130, NO_COLOR="1")
    assert not any("\x1b" in line for line in plain)
    bars = {line.split()[0]: line.count("█") for line in plain if "█" in line}
    assert bars["stage5"] == BAR
    assert bars["stage2"] == BAR - 2  # 18.3 of 19.3%, and eighths
    assert "stem" in bars
    coloured = on_terminal("summary v2 --by stage", 130)
    assert any(re.search("\x1b\\[[0-9;]*m█", line) for line in coloured)


def test_the_page_shows_what_a_terminal_does() -> None:
    """The rows of docs/shell.md, in which some columns and rows are left out."""
    (block,) = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    command = "summary v2 --by stage --columns name,output_shape,params,macs,macs_share"
    shown = on_terminal(command, 100, NO_COLOR="1")
    assert all(line in shown for line in block.splitlines())


@pytest.mark.parametrize("arguments", [[], ["-f", "markdown"], ["--columns", "macs_share"]])
def test_what_is_piped_has_none(run, monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert not set("█▏▎▍▌▋▊▉") & set(run("summary", "v2", *arguments).out)


@pytest.mark.parametrize("width", [80, 95, 115, 200])
@pytest.mark.parametrize("columns", [None, "name,params,params_share,macs_share"])
def test_bars_take_the_room_that_is_left(monkeypatch: pytest.MonkeyPatch, columns: str | None, width: int) -> None:
    wanted = STAGES._replace(columns=columns)
    without = written(monkeypatch, "v2", wanted._replace(bars=False), width)
    lines = written(monkeypatch, "v2", wanted, width)
    assert max(map(len, lines)) <= width
    assert [re.sub(r" +[█▏▎▍▌▋▊▉]+(?=  |$)|─|█", "", line).split() for line in lines] == [
        line.replace("─", "").split() for line in without
    ]
    assert any("█" in line for line in lines) or width < 115


def test_nothing_is_drawn_of_shares_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(Path(__file__).parent / "files" / "open_size.tflite")
    assert written(monkeypatch, path, Wanted(bars=True), 120) == written(monkeypatch, path, Wanted(), 120)


def test_a_narrow_table_has_bars_in_place_of_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = written(monkeypatch, "v2", Wanted(bars=True), 90)
    assert not any("MACs %" in line for line in lines)
    assert any("█" in line for line in lines)
