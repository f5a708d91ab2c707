"""docs/search.md tells the limits that the command has."""

from __future__ import annotations

from test_docs import DOCS

PAGE = (DOCS / "search.md").read_text(encoding="utf-8")


def test_the_most_candidates_of_a_report_are_as_told() -> None:
    from cnncli.cli.large import MOST_TOLD
    from cnncli.document.numbers import grouped

    assert f"more than {grouped(MOST_TOLD)} goes to a file" in " ".join(PAGE.split())
