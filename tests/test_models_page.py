"""docs/models.md is what its script writes, and tells all of every architecture."""

from __future__ import annotations

import re
from typing import Any

import pytest
from markdown_it import MarkdownIt
from models_page import PAGE, page

from cnncli.models.catalogue import models

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_up_to_date() -> None:
    assert page() == TEXT, "python tests/models_page.py writes it anew"


@pytest.mark.parametrize("spec", models(), ids=lambda spec: spec.name)
def test_a_model_is_told_with_its_paper_and_figures(spec: Any) -> None:
    shown = "\n".join(re.sub(r"<!-- -->|\\(?=[\W_])", "", TEXT).splitlines())
    assert f"\n| {spec.name} | {spec.year} |" in shown
    assert spec.paper.title in shown
    assert spec.introduced in shown
    assert all(figures.source in shown for figures in spec.published)


def test_its_links_lead_to_its_headings() -> None:
    html = MarkdownIt("commonmark").enable("table").render(TEXT)
    headings = re.findall(r"<h2>(.*?)</h2>", html)
    linked = re.findall(r'<a href="#([^"]+)">(.*?)</a>', html)
    assert [name for _, name in linked] == headings == list(dict.fromkeys(headings))
    assert all(anchor == re.sub(r"[^\w-]", "", name.lower().replace(" ", "-")) for anchor, name in linked)
