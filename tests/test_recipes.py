"""The recipes of docs/ci.md for pipelines are run as the pipeline would."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = Path(os.environ.get("CNNCLI_RECIPES", Path(__file__).parent.parent / "docs" / "ci.md"))


def block(language: str, word: str) -> str:
    """The page's only block of a language with this word in it."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if word in block]
    return str(found)


def steps(workflow: str) -> list[str]:
    """The commands of a workflow's steps, but for those that install."""
    found = re.findall(r"^ +(?:- )?run: (.+)$", workflow, re.MULTILINE)
    assert len(found) == workflow.count("run:")
    return [step for step in found if not step.startswith("pip install")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with the page's budgets, and models that keep them locked."""
    (tmp_path / "pyproject.toml").write_text(block("toml", "[tool.cnncli"), encoding="utf-8")
    locked = shell(tmp_path, "cnncli check --write-baseline")
    assert locked.returncode == 0
    assert locked.stderr.startswith("cnncli: cnncli.lock holds ")
    return tmp_path


def shell(
    folder: Path, script: str, programs: Path = Path(sys.executable).parent, **environment: str
) -> subprocess.CompletedProcess[str]:
    """As a pipeline's step: bash that ends at the first failure, with this Python's programs, or others, on PATH."""
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def break_the_budget(project: Path) -> None:
    path = project / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('max-params = "4M"', 'max-params = "3M"'), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != text


def test_github_actions(project: Path) -> None:
    workflow = block("yaml", "cnncli check")
    table = project / "summary.md"
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(table)}
    done = [shell(project, step, **environment) for step in steps(workflow)]
    assert [step.returncode for step in done] == [0, 0]
    assert done[0].stdout.startswith("::notice title=cnncli check::")
    assert "all pass" in table.read_text(encoding="utf-8")
    break_the_budget(project)
    done = [shell(project, step, **environment) for step in steps(workflow)]
    assert [step.returncode for step in done] == [1, 1]
    assert re.fullmatch(
        r"::error title=mobilenet_v2 max-params,file=pyproject.toml,line=\d+::.* over max-params 3M = 3,000,000\n",
        done[0].stdout,
    )
    assert "| ✗ FAIL |" in table.read_text(encoding="utf-8")
    assert "\x1b" not in done[0].stdout + table.read_text(encoding="utf-8")


def test_plain_shell(project: Path) -> None:
    script = block("sh", "cnncli check")
    done = shell(project, script)
    assert (done.returncode, done.stderr) == (0, "")
    assert (project / "cnncli.xml").read_text(encoding="utf-8").startswith("<?xml")
    break_the_budget(project)
    failed = shell(project, script)
    assert failed.returncode == 1
    assert failed.stderr.startswith("cnncli: 1 of ")


def wheels(names: list[str], folder: Path) -> None:
    """Wheels of installed packages and of all that they need, so that pip finds them without a network."""
    for name in needed(names, set()):
        found = importlib.metadata.distribution(name)
        files = [file for file in found.files or () if ".." not in file.parts and file.suffix != ".pyc"]
        (about,) = {file.parts[0] for file in files if file.parts[0].endswith(".dist-info")}
        tag = re.findall(r"^Tag: (\S+)$", found.read_text("WHEEL") or "", re.MULTILINE)[-1]  # py2 stands before py3
        with zipfile.ZipFile(folder / f"{about.removesuffix('.dist-info')}-{tag}.whl", "w") as archive:
            for file in files:
                archive.write(str(file.locate()), str(file))


def needed(names: list[str], seen: set[str]) -> Iterator[str]:
    """The installed ones among some packages and those that they require."""
    for name in names:
        if name in seen:
            continue
        seen.add(name)
        try:
            required = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        yield name
        yield from needed([re.split(r"[^\w.-]", each)[0].lower() for each in required if "extra ==" not in each], seen)


@pytest.mark.slow
def test_the_recipe_from_an_empty_repository(tmp_path: Path) -> None:
    """Its very steps: the wheel, the lock file, then the workflow with a Python that has only what it installs."""
    project, house, runner = (tmp_path / name for name in ("project", "wheels", "runner"))
    house.mkdir()
    wheels(["typer", "rich", "tomli", "hatchling"], house)
    environment = {
        "CNNCLI": str(PAGE.parent.parent),
        "PIP_FIND_LINKS": str(house),
        "PIP_RETRIES": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONPATH": "",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    assert subprocess.run(["git", "init", "--quiet", str(project)], check=False).returncode == 0
    (project / "pyproject.toml").write_text(block("toml", "[tool.cnncli"), encoding="utf-8")
    prepared = shell(project, block("bash", "pip wheel"), **environment)
    assert prepared.returncode == 0, prepared.stderr
    tracked = shell(project, "git ls-files").stdout.split()
    assert [name for name in tracked if not name.startswith("tools/cnncli-")] == [
        ".gitignore", "cnncli.lock", "pyproject.toml",
    ]  # fmt: skip
    assert subprocess.run([sys.executable, "-m", "venv", str(runner)], check=False).returncode == 0
    workflow = block("yaml", "cnncli check")
    commands = re.findall(r"^ +(?:- )?run: (.+)$", workflow, re.MULTILINE)
    assert commands[0].startswith("pip install")
    for command in commands:
        done = shell(project, command, runner / "bin", **environment)
        assert done.returncode == 0, done.stderr
    assert "all pass" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    installed = shell(project, "pip list --format freeze", runner / "bin", **environment).stdout.lower()
    assert "cnncli==" in installed
    assert "tensorflow" not in installed
    break_the_budget(project)
    assert [shell(project, command, runner / "bin", **environment).returncode for command in commands[1:]] == [1, 1]
