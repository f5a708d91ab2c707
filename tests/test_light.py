"""A machine that has only what inspecting takes: every command works, or says in one line what to install."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "tensorflow", "keras", "numpy", "h5py", "matplotlib", "pydot", "pygraphviz", "PIL", "ai_edge_litert", "flatbuffers",
)  # fmt: skip
WITHOUT = f"import sys\nfor name in {HEAVY!r}:\n    sys.modules[name] = None\n"

WORKS = [
    "list", "summary v1 --by stage", "summary v1 -f html", "compare v1 v2 --diff --explain", "check v1 --max-params 9M",
    "plot v1 -o x.svg", "plot v1 -o x.svg --detail layer --heat macs", "plot v1 -o x.tex", "completions zsh", "--help",
    "plot --help",
    "build --help", "export --help",
]  # fmt: skip
LACKS = {
    "compare v1 v2 -o x.png": "matplotlib",
    "compare v1 v2 -o x.svg": "matplotlib",
    "plot v1 -o -": "pip install pydot",
    "plot v1 -o x.gv --layout free": "pip install pydot",
    "plot v1 -o x.pdf": "cnncli[plot]",
    "plot v1 -o x.eps": "cnncli[plot]",
    "memory v1 -o x.png": "cnncli[plot]",
    "build v1 -o x.keras": "cnncli[tensorflow]",
    "build v1 --run": "cnncli[tensorflow]",
    "build v1 --weights weights.h5": "cnncli[tensorflow]",
    "export v1 -o x.tflite": "cnncli[tensorflow]",
    "export v1 -o x.keras --weights weights.h5": "cnncli[tensorflow]",
    "export v1 -o folder -q int8 --representative-data .": "cnncli[tensorflow]",
}


def run(folder: Path, arguments: str) -> subprocess.CompletedProcess[str]:
    site, place = folder / "site", folder / "place"
    site.mkdir()
    place.mkdir()
    (site / "sitecustomize.py").write_text(WITHOUT)
    (place / "weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(90))
    return subprocess.run(
        [sys.executable, "-m", "cnncli", *arguments.split()],
        cwd=place, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("arguments", WORKS)
def test_what_works_without(tmp_path: Path, arguments: str) -> None:
    done = run(tmp_path, arguments)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", LACKS)
def test_what_says_what_it_lacks(tmp_path: Path, arguments: str) -> None:
    done = run(tmp_path, arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (3, "", 1)
    assert "install" in done.stderr
    assert LACKS[arguments] in done.stderr
    assert [file.name for file in (tmp_path / "place").iterdir()] == ["weights.h5"]
