"""docs/search.md is run: its spaces, and every `$` block."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_readme import ROOT, blocks, commands, prints

PAGE = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the spaces of the page under the names that it gives them."""
    made = tmp_path_factory.mktemp("search")
    for name, text in zip(("space.toml", "sample.toml"), blocks("toml", PAGE), strict=True):
        (made / name).write_text(text, encoding="utf-8")
    return made


def test_the_console_blocks_print_what_they_say(folder: Path) -> None:
    """One after the other: what one writes another reads."""
    for command, expected in commands(PAGE):
        prints(folder, command, expected, "docs/search.md")


def test_the_most_candidates_of_a_report_are_as_told() -> None:
    from cnncli.cli.large import MOST_TOLD
    from cnncli.document.numbers import grouped

    assert f"more than {grouped(MOST_TOLD)} goes to a file" in " ".join(PAGE.split())
