"""docs/deployed.md: its budgets as a pyproject.toml, and its picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_docs import DOCS, blocks

PAGE = (DOCS / "deployed.md").read_text(encoding="utf-8")


def test_the_budgets_are_kept_by_what_they_name(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (budgets,) = blocks("toml", PAGE)
    (tmp_path / "pyproject.toml").write_text(budgets, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = run("check")
    assert done.code == 0, done.err
    assert "max-tflite-bytes int8-io" in done.out
    assert "max-arena int8-io" in done.out


def test_the_picture_is_what_the_command_draws(run, tmp_path: Path) -> None:
    name = "mobilenet_v1-memory.svg"
    assert f"pictures/{name}" in PAGE
    reference = "mobilenet_v1:alpha=0.25,input_shape=96x96x1,classes=2"
    assert run("memory", reference, "--dtype", "int8", "-o", tmp_path / name).code == 0
    assert (tmp_path / name).read_bytes() == (DOCS / "pictures" / name).read_bytes()
