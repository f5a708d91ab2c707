"""Every report fits the terminal that it is shown on, from 40 columns on."""

from __future__ import annotations

from pathlib import Path

import pytest

FILES = Path(__file__).parent / "files"
REPORTS = [
    "summary v2", "summary b0 --by block", "summary v2 --by stage", "summary v2 --roofline 10G,5GB",
    f"summary {FILES / 'inverted_residuals.onnx'} --by block --input-shape 32",
    f"list {FILES / 'separable_int8.tflite'}",
    "list mobilenet", "history --family MobileNet", "compare v2 v3_large b0", "compare b0 b4 --explain",
    "compare v2 v2@article --explain", "compare v1 v2 v3_large b0", "compare v2 v3_large --diff", "explain v2",
    "explain v1 conv_dw_7", "identify v2", "check v2 v3_large --max-params 6M --max-macs 400M --max-arena 2MB",
    "verify v2", "memory v2", "memory v2 --training",
]  # fmt: skip


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.replace(str(FILES), "files"))
def test_reports_fit(run, monkeypatch: pytest.MonkeyPatch, report: str) -> None:
    for width in (40, 60):
        monkeypatch.setenv("COLUMNS", str(width))
        result = run(*report.split())
        assert result.code == 0
        lines = result.out.splitlines()
        assert max(map(len, lines)) <= width, f"at {width}: {max(lines, key=len)}"


def test_what_has_no_room_is_named(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    out = run("summary", "v2", "--by", "stage").out
    assert "Left out for want of room: Output and\nType." in out
    assert ["stage7", "478,400", "23.00", "M"] in [line.split() for line in out.splitlines()]


def test_stages_below_each_other_keep_their_costs(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    rows = [" ".join(line.split()) for line in run("compare", "v2", "v3_large", "b0").out.splitlines()]
    assert "efficientnet_b0 722.48 k 29.52 M" in rows
