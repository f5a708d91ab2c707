"""Reports that are longer than the terminal are shown page by page."""

from __future__ import annotations

import os
import sys

import pexpect
import pytest


def shown(arguments: str, pager: str | None, term: str = "xterm") -> str:
    """What a terminal of 24 lines gets to see."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PAGER", "LESS")}
    environment |= {"TERM": term} | ({} if pager is None else {"PAGER": pager})
    command = [*f"-m cnncli {arguments}".split()]
    child = pexpect.spawn(sys.executable, command, env=environment, encoding="utf-8", dimensions=(24, 80), timeout=60)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return str(child.before)


@pytest.mark.parametrize(
    ("arguments", "pager", "paged"),
    [
        ("summary v2", "sed s/^/paged:/", True),
        ("memory v2 --top 10", "sed s/^/paged:/", True),  # 26 lines
        ("memory v2 --top 6", "sed s/^/paged:/", False),  # 22 lines
        ("summary v2", "cat", False),
        ("summary v2", "", False),
        ("summary v2", "no-such-program --x", False),
        ("summary v2", "'", False),
        ("summary v2 -f json", "sed s/^/paged:/", True),
        ("summary v2 --no-pager", "sed s/^/paged:/", False),
        ("--no-pager summary v2", "sed s/^/paged:/", False),
        ("plot --help", "sed s/^/paged:/", True),
        ("help references", "sed s/^/paged:/", True),
        ("summary --help --no-pager", "sed s/^/paged:/", False),
    ],
)
def test_what_is_paged(arguments: str, pager: str, paged: bool) -> None:
    out = shown(arguments, pager)
    assert ("paged:" in out) is paged
    assert "mobilenet_v" in out or "plot" in arguments


def test_a_terminal_that_cannot_move_its_cursor_has_no_pager() -> None:
    assert "paged:" not in shown("summary v2", "sed s/^/paged:/", term="dumb")


def test_what_is_piped_is_not_paged(cnncli) -> None:
    assert "paged:" not in cnncli("summary", "v2", PAGER="sed s/^/paged:/").out
