"""docs/ as a site: built strictly, so that a page that no menu names or a link that leads nowhere is an error."""

from __future__ import annotations

import os
import re
import shutil
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
def copy(tmp_path: Path) -> Path:
    shutil.copytree(DOCS, tmp_path / "copy" / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path / "copy")
    return tmp_path / "copy"


def test_every_page_renders_and_its_pictures_are_found(tmp_path: Path) -> None:
    done = built(ROOT, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    for page in DOCS.glob("*.md"):
        rendered = (tmp_path / "site" / f"{page.stem}.html").read_text(encoding="utf-8")
        pictures = re.findall(r'<img[^>]* src="([^"]+)"', rendered)
        assert all((tmp_path / "site" / name).is_file() for name in pictures), page
        assert not re.search(r'<(?:script|link|img)[^>]* (?:src|href)="https?:', rendered), "a page fetches nothing"


@pytest.mark.parametrize(
    ("name", "text"), [("faq.md", "[gone](gone.md)"), ("faq.md", "[gone](files.md#gone)"), ("lost.md", "# Lost")]
)
def test_a_fault_is_an_error(copy: Path, tmp_path: Path, name: str, text: str) -> None:
    with (copy / "docs" / name).open("a", encoding="utf-8") as page:
        page.write(f"\n{text}\n")
    assert built(copy, tmp_path / "site").returncode == 1
