"""docs/extending.md is followed to the letter, a section at a time, in a copy of the package."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
DOCS = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Step(NamedTuple):
    """A block of a section, and the file that was named last before it; `is_named` is whether that was just before."""

    language: str
    text: str
    file: str
    is_named: bool


def sections() -> dict[str, list[Step]]:
    found: dict[str, list[Step]] = {}
    for section in DOCS.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        steps = found.setdefault(title, [])
        for block in BLOCK.finditer(body):
            before = body[: block.start()]
            named = re.findall(r"^`([\w/.]+)`:$", before, re.MULTILINE)
            is_named = bool(named) and before.endswith(f"`{named[-1]}`:\n\n")
            steps.append(Step(block[1], block[2], named[-1] if named else "", is_named))
    return found


SECTIONS = sections()


def change(path: Path, diff: str) -> None:
    """Put the lines of + and of no mark where those of - and of no mark stand."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] in " -")
    after = "".join(line[1:] for line in lines if line[0] in " +")
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1, before
    path.write_text(text.replace(before, after), encoding="utf-8")


def run(command: list[str], folder: Path) -> tuple[int, str]:
    """As installed from the copy, whose package is found before any other: its code, and all that it prints."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def needs_tensorflow(steps: list[Step]) -> bool:
    return any(re.search(r"to_keras|cnncli (build|export)", step.text) for step in steps)


@pytest.mark.parametrize(
    "title", [pytest.param(title, marks=[pytest.mark.tf] * needs_tensorflow(SECTIONS[title])) for title in SECTIONS]
)
def test_a_section(tmp_path: Path, title: str) -> None:
    shutil.copytree(ROOT / "cnncli", tmp_path / "cnncli", ignore=shutil.ignore_patterns("__pycache__"))
    command = tmp_path / "bin" / "cnncli"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from cnncli.__main__ import main; main()" "$@"\n')
    command.chmod(0o755)
    for step in SECTIONS[title]:
        if step.language == "diff":
            change(tmp_path / step.file, step.text)
        elif step.is_named:
            (tmp_path / step.file).write_text(step.text, encoding="utf-8")
        elif step.language == "python":
            run_python(tmp_path, step.text)
        else:
            assert step.language == "console"
            run_console(tmp_path, step.text)


def run_python(folder: Path, text: str) -> None:
    """A script with assertions."""
    code, printed = run([sys.executable, "-c", text], folder)
    assert code == 0, printed


def run_console(folder: Path, text: str) -> None:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        _, printed = run(["bash", "-c", f'PATH="{folder}/bin:$PATH"; {command}'], folder)
        same = doctest.OutputChecker().check_output(expected, printed, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        assert same, f"the docs say:\n{expected}\nbut it prints:\n{printed}"


def test_there_is_an_example_of_each() -> None:
    assert list(SECTIONS) == [
        "A model", "A metric", "A layer", "A report format", "An artefact format", "A reader",
    ]  # fmt: skip
