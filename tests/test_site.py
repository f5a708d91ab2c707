"""docs/ as a site: built strictly, so that a page that no menu names or a link that leads nowhere is an error."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_docs import DOCS, ROOT


def built(folder: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        cwd=folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Two pages under the settings of the whole."""
    pages = tmp_path / "small" / "docs"
    pages.mkdir(parents=True)
    (pages / "index.md").write_text("# One\n\n[other](other.md#there)\n", encoding="utf-8")
    (pages / "other.md").write_text("# Other\n\n## There\n", encoding="utf-8")
    settings, _, _ = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("nav:\n  -")
    (pages.parent / "mkdocs.yml").write_text(f"{settings}nav: [index.md, other.md]\n", encoding="utf-8")
    return pages


def test_every_page_renders_and_its_pictures_are_found(tmp_path: Path) -> None:
    done = built(ROOT, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    shown = 0
    for page in DOCS.glob("*.md"):
        rendered = (tmp_path / "site" / f"{page.stem}.html").read_text(encoding="utf-8")
        pictures = re.findall(r'<img[^>]* src="([^"]+)"', rendered)
        shown += len(pictures)
        assert all((tmp_path / "site" / name).is_file() for name in pictures), page
        assert not re.search(r'<(?:script|link|img)[^>]* (?:src|href)="https?:', rendered), "a page fetches nothing"
    assert shown >= len(list((DOCS / "pictures").iterdir())) - 1, "but one of the README's"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("index.md", "", 0),
        ("index.md", "[gone](gone.md)", 1),
        ("index.md", "[gone](other.md#gone)", 1),
        ("lost.md", "# Lost", 1),
    ],
)
def test_a_fault_is_an_error(small: Path, tmp_path: Path, name: str, text: str, code: int) -> None:
    with (small / name).open("a", encoding="utf-8") as page:
        page.write(f"\n{text}\n")
    assert built(small.parent, tmp_path / "site").returncode == code
