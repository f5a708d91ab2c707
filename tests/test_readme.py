"""The README is run: every `$ cnncli` block, the library's example, and the picture of the architecture."""

from __future__ import annotations

import ast
import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_walls import FILES, imports, room

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LOADS_TENSORFLOW = re.compile(r"cnncli (build|export)\b")


def blocks(language: str, page: str = README) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def commands(page: str = README) -> Iterator[tuple[str, str]]:
    """Each command of the console blocks with the output that stands below it."""
    for block in blocks("console", page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            yield command, expected


CONSOLE = list(commands())


def parameters() -> list[object]:
    return [
        pytest.param(*pair, id=pair[0][:60], marks=[pytest.mark.tf] if LOADS_TENSORFLOW.search(pair[0]) else [])
        for pair in CONSOLE
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One directory for all blocks, with the model files that they name."""
    made = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "tests" / "files", made / "tests" / "files")
    return made


@pytest.mark.parametrize(("command", "expected"), parameters())
def test_a_console_block_prints_what_it_says(folder: Path, command: str, expected: str) -> None:
    prints(folder, command, expected, "the README")


def prints(folder: Path, command: str, expected: str, page: str) -> None:
    """Assert what a command says in a folder; `...` stands for any text, such as seconds and checksums."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, "PATH": path},
        text=True,
        encoding="utf-8",
        check=False,
    )
    got = "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"
    same = doctest.OutputChecker().check_output(expected or "\n", got or "\n", doctest.ELLIPSIS)
    assert same or (not expected and not done.stdout), f"{page} says:\n{expected}\nbut it prints:\n{got}"


def test_every_subcommand_is_shown() -> None:
    from cnncli.cli.commands import COMMANDS

    shown = {match for command, _ in CONSOLE for match in re.findall(r"cnncli (\w+)", command)}
    assert {"summary", "export"} <= set(COMMANDS) <= shown


@pytest.mark.tf
def test_the_library_examples_run() -> None:
    examples = blocks("python")
    assert examples
    for block in examples:
        exec(compile(block, "README.md", "exec"), {})


def test_the_picture_of_the_architecture_has_every_room_and_no_other_arrow() -> None:
    """Each line of the picture is a room, what it is for, and behind <- the rooms that it imports."""
    (picture,) = [block for block in blocks("text") if "<-" in block]
    drawn = {}
    for line in picture.splitlines():
        described, _, imported = line.partition("<-")
        drawn[described.split()[0]] = set(filter(None, re.split(r"[, ]+", imported.strip())))
    assert drawn == rooms()


def rooms() -> dict[str, set[str]]:
    """What each part of the package really imports of the others, at any time."""
    found: dict[str, set[str]] = {}
    for path in FILES:
        if (here := room(path)) not in {"__init__", "__main__"}:
            imported = imports(ast.parse(path.read_text(encoding="utf-8")))
            inside = {name.split(".")[1] for name in imported if name.startswith("cnncli.")}
            found[here] = (found.get(here, set()) | inside) - {here}
    return found
