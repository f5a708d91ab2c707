"""What lies in the directory where a person types a command is never imported, not even by the children."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

# Python has some of these before it runs anything of anybody's; none of the others may be looked for where one types.
PLANTED = sorted(
    {*sys.stdlib_module_names, *packages_distributions(), "sitecustomize", "usercustomize", "errors", "graph"}
)
SETTINGS = {
    "matplotlibrc": b"backend: module://trap\n\xff", "fonts.conf": b"<no xml", "trap.pth": b"import trap\n",
    "keras.json": b"[]", "pyvenv.cfg": b"home = .\n", "python._pth": b".\n", "setup.cfg": b"[", ".env": b"=",
}  # fmt: skip
"""Files that a library might take to be its settings."""

FILES = Path(__file__).parent / "files"
COMMANDS = [
    "--version", "--help", "list", "summary v1:alpha=0.25", "summary v1 --help", "compare v1 v2 --diff --explain",
    "compare v1 v2 -o chart.svg", "check v1 --max-params 9M", "plot v1 -o x.pdf", "plot v1 -o x.svg",
    "plot v1 -o x.dot", "plot v1 -o x.png --dpi 40", "completions bash", "summary v1 -f json", "list -f html",
    "compare v1 v2 -o chart.pdf", "plot v1 -o - --layout free", "check v1 --max-params 9M -f junit",
    "find v1 --alpha 0.5,1 --workers 2", "memory v1 -o m.svg", "history --since 2021", "explain v1 stem.stem_conv",
    "identify v1", "verify v1", f"summary {FILES}/separable.pt2",
    f"compare {FILES}/nested.keras {FILES}/quantized.onnx",
]  # fmt: skip
HEAVY = [
    "build v1:alpha=0.25,input_shape=64 -o x.keras",
    "export v1:alpha=0.25,input_shape=64 -o x.tflite --seed 1",
]


@pytest.fixture
def trapped(tmp_path: Path) -> Path:
    """A directory in which every module that could be meant leaves a note when it is imported."""
    text = "import os\nos.close(os.open(os.environ['NOTE'] + '/' + __name__, os.O_CREAT))\nraise SystemExit(99)\n"
    for name in (*PLANTED, "trap"):
        (tmp_path / f"{name}.py").write_text(text)
    for name, content in SETTINGS.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "cnncli").mkdir()
    (tmp_path / "cnncli" / "__init__.py").write_text(text)
    (tmp_path / "notes").mkdir()
    return tmp_path


def check(trapped: Path, how: list[str], arguments: str, **variables: str) -> None:
    done = subprocess.run(
        [*how, *arguments.split()],
        cwd=trapped,
        env={**os.environ, "NOTE": str(trapped / "notes"), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not [note.name for note in (trapped / "notes").iterdir()]
    assert (done.returncode, done.stderr) == (0, "")


COMMAND = [str(Path(sys.executable).parent / "cnncli")]


@pytest.mark.parametrize("arguments", COMMANDS)
def test_no_command_imports_from_it(trapped: Path, arguments: str) -> None:
    check(trapped, COMMAND, arguments)


@pytest.mark.tf
@pytest.mark.parametrize("arguments", HEAVY)
def test_no_child_imports_from_it(trapped: Path, arguments: str) -> None:
    check(trapped, COMMAND, arguments)


TABS = {
    "bash": {"_CNNCLI_COMPLETE": "complete_bash", "COMP_WORDS": "cnncli summary v2:al", "COMP_CWORD": "2"},
    "fish": {
        "_CNNCLI_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        "_TYPER_COMPLETE_ARGS": "cnncli check v2 --max",
    },
}  # fmt: skip


@pytest.mark.parametrize("shell", TABS)
def test_nor_does_a_tab(trapped: Path, shell: str) -> None:
    check(trapped, COMMAND, "", **TABS[shell])


def test_nor_does_the_installation_of_completions(trapped: Path) -> None:
    (trapped / "home").mkdir()
    check(trapped, ["bash", "-c", f"{COMMAND[0]} --install-completion; exit $?"], "", HOME=str(trapped / "home"))


@pytest.mark.parametrize("arguments", COMMANDS)
def test_nor_does_python_m_once_it_runs_our_code(trapped: Path, tmp_path_factory, arguments: str) -> None:
    """A folder that is called as the package is the package, to `python -m`: that is Python's own way; so is what
    Python itself imports before.
    """
    shutil.rmtree(trapped / "cnncli")
    empty = tmp_path_factory.mktemp("empty")
    (empty / "shown.py").write_text("import sys; print(*sys.modules)")
    before = subprocess.run([sys.executable, "-m", "shown"], cwd=empty, capture_output=True, text=True, check=True)
    for name in before.stdout.split():
        (trapped / f"{name}.py").unlink(missing_ok=True)
    check(trapped, [sys.executable, "-m", "cnncli"], arguments)
