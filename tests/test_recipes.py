"""The README's recipes for pipelines are run as the pipeline would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(os.environ.get("CNNCLI_README", Path(__file__).parent.parent / "README.md"))


def block(language: str, word: str) -> str:
    """The README's only block of a language with this word in it."""
    text = README.read_text(encoding="utf-8")
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
    """A repository with the README's budgets, and models that keep them locked."""
    (tmp_path / "pyproject.toml").write_text(block("toml", "[tool.cnncli"), encoding="utf-8")
    locked = shell(tmp_path, "cnncli check --write-baseline")
    assert locked.returncode == 0
    assert locked.stderr.startswith("cnncli: cnncli.lock holds ")
    return tmp_path


def shell(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """As a pipeline's step: bash that ends at the first failure, with this Python's cnncli on PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
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
