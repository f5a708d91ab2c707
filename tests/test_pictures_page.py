"""The page on pictures: its commands draw what it says they draw."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_readme import ROOT, commands, folder, prints

PAGE = (ROOT / "docs" / "pictures.md").read_text(encoding="utf-8")

__all__ = ["folder"]


@pytest.mark.parametrize(("command", "expected"), [pytest.param(*pair, id=pair[0][:60]) for pair in commands(PAGE)])
def test_a_console_block_prints_what_it_says(folder: Path, command: str, expected: str) -> None:
    prints(folder, command, expected, "docs/pictures.md")
