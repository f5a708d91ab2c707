"""What lies in the directory where a person types a command is never imported, not even by the children."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = (
    "zlib", "numpy", "keras", "tensorflow", "random", "json", "typing", "rich", "typer", "pydot", "matplotlib", "h5py",
    "pygraphviz", "shellingham", "ai_edge_litert", "flatbuffers", "PIL", "csv", "signal", "errors", "graph",
)  # fmt: skip

COMMANDS = [
    "--version", "--help", "list", "summary v1:alpha=0.25", "summary v1 --help", "compare v1 v2 --diff --explain",
    "compare v1 v2 -o chart.svg", "check v1 --max-params 9M", "plot v1 -o x.pdf", "plot v1 -o x.svg",
    "plot v1 -o x.dot",     "completions bash",
]  # fmt: skip
HEAVY = [
    "build v1:alpha=0.25,input_shape=32 -o x.keras",
    "export v1:alpha=0.25,input_shape=32 -o x.tflite --seed 1",
]


@pytest.fixture
def trapped(tmp_path: Path) -> Path:
    """A directory in which every module that could be meant leaves a note when it is imported."""
    text = "import os\nos.close(os.open(os.environ['NOTE'] + '/' + __name__, os.O_CREAT))\nraise SystemExit(99)\n"
    for name in PLANTED:
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "cnncli").mkdir()
    (tmp_path / "cnncli" / "__init__.py").write_text(text)
    (tmp_path / "notes").mkdir()
    return tmp_path


def check(trapped: Path, how: list[str], arguments: str) -> None:
    done = subprocess.run(
        [*how, *arguments.split()],
        cwd=trapped,
        env={**os.environ, "NOTE": str(trapped / "notes")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not list((trapped / "notes").iterdir())
    assert (done.returncode, done.stderr) == (0, "")


COMMAND = [str(Path(sys.executable).parent / "cnncli")]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_no_command_imports_from_it(trapped: Path, arguments: str) -> None:
    check(trapped, COMMAND, arguments)


@pytest.mark.tf
@pytest.mark.parametrize("arguments", HEAVY)
def test_no_child_imports_from_it(trapped: Path, arguments: str) -> None:
    check(trapped, COMMAND, arguments)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_nor_does_python_m_once_it_runs_our_code(trapped: Path, arguments: str) -> None:
    """A folder that is called as the package is the package, to `python -m`: that is Python's own way."""
    (trapped / "cnncli" / "__init__.py").unlink()
    (trapped / "cnncli").rmdir()
    check(trapped, [sys.executable, "-m", "cnncli"], arguments)
