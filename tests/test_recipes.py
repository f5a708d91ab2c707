"""The recipes of docs/ci.md are run as the pipelines would run them."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from test_pipelines import ACTION, FILES, ROOT, Runner, commit, git

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def block(language: str, word: str) -> str:
    """The page's only block of a language with this word in it."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (found,) = [block for block in blocks if word in block]
    return str(found)


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


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with the page's budgets and a file that they hold, not yet locked."""
    folder = tmp_path / "project"
    (folder / "models" / "deeper").mkdir(parents=True)
    shutil.copy(FILES / "separable_int8.tflite", folder / "models" / "deeper" / "own.tflite")
    (folder / "pyproject.toml").write_text(block("toml", "[tool.cnncli"), encoding="utf-8")
    git(folder, "init", "--quiet")
    return folder


@pytest.fixture
def locked(project: Path) -> Path:
    """The same with its lock file, committed."""
    done = shell(project, "cnncli check --write-baseline")
    assert (done.returncode, done.stderr[:24]) == (0, "cnncli: cnncli.lock hold")
    commit(project)
    return project


def break_the_budget(project: Path) -> None:
    path = project / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('max-params = "4M"', 'max-params = "3M"'), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != text


def fits(schema: str, text: str, folder: Path) -> None:
    """Assert that a text is what a service takes, by its published schema."""
    (folder / "checked.yml").write_text(text, encoding="utf-8")
    done = shell(folder, f"{sys.executable} -m check_jsonschema --builtin-schema vendor.{schema} checked.yml")
    assert done.returncode == 0, done.stdout


def test_github(tmp_path: Path, locked: Path) -> None:
    workflow = block("yaml", "your-organisation/cnncli@")
    fits("github-workflows", workflow, tmp_path)
    (job,) = yaml.safe_load(workflow)["jobs"].values()
    given: Any = job["steps"][-1].get("with", {})
    base = git(locked, "rev-parse", "HEAD")
    runner = Runner(tmp_path, locked)
    assert "### cnncli check: nothing to check" not in runner.run(base, **given).summary  # an architecture is checked
    break_the_budget(locked)
    ran = runner.run(base, **given)
    assert ran.code == 1
    assert re.search(r"^::error title=mobilenet_v2 max-params,file=pyproject.toml,line=\d+::", ran.log)
    assert "| ✗ FAIL |" in ran.summary


def test_the_table_of_inputs_is_the_actions() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| .*; (.*) \|$", PAGE, re.MULTILINE)
    assert [name for name, _ in rows] == list(ACTION["inputs"])
    for name, otherwise in rows:
        assert (otherwise == f"`{ACTION['inputs'][name]['default']}`") == (name == "changed-only")


def test_make_and_pytest(locked: Path) -> None:
    (locked / "Makefile").write_text(block("make", "networks:"), encoding="utf-8")
    (locked / "test_networks.py").write_text(block("python", "def test"), encoding="utf-8")
    tested = f"{sys.executable} -m pytest -q -p no:cacheprovider test_networks.py"
    assert shell(locked, "make networks").returncode == 0
    assert (locked / "cnncli.xml").read_text(encoding="utf-8").startswith("<?xml")
    assert shell(locked, tested).returncode == 0
    break_the_budget(locked)
    assert shell(locked, "make networks").returncode == 2  # make's own code for a command that fails
    failed = shell(locked, tested)
    assert failed.returncode == 1
    assert "fails: mobilenet_v2 max-params" in failed.stdout


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


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a package index would have of what the light install takes, and what builds it: nothing else."""
    folder = tmp_path_factory.mktemp("wheels")
    wheels(["typer", "rich", "pydot", "tomli", "hatchling"], folder)
    return folder


@pytest.fixture
def offline(house: Path, monkeypatch) -> None:
    """pip takes all from there."""
    variables = {
        "CNNCLI": str(ROOT),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(house),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONPATH": "",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.slow
def test_gitlab_and_github_from_an_empty_repository(tmp_path: Path, project: Path, offline: None) -> None:
    """The very steps: the wheel, the lock file, then the job with a Python that has only what it installs."""
    prepared = shell(project, block("bash", "pip wheel"))
    assert prepared.returncode == 0, prepared.stderr
    tracked = git(project, "ls-files").split()
    (wheel,) = [name for name in tracked if name.startswith("tools/cnncli-")]
    assert {*tracked} == {".gitignore", "cnncli.lock", "pyproject.toml", wheel}
    base = commit(project)
    made = [sys.executable, "-m", "virtualenv", "--quiet", "--no-download", str(tmp_path / "runner")]
    assert subprocess.run(made, check=False).returncode == 0
    programs = tmp_path / "runner" / "bin"
    fits("gitlab-ci", block("yaml", "script:"), tmp_path)
    (job,) = yaml.safe_load(block("yaml", "script:")).values()
    reports = job["artifacts"]["reports"]
    for broken in (False, True):
        variables = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "CI_PROJECT_DIR": str(project)}
        done = shell(project, "\n".join(job["script"]), programs, **variables)
        assert done.returncode == broken, done.stderr
        found = json.loads((project / reports["codequality"]).read_text(encoding="utf-8"))
        assert [issue["location"]["path"] for issue in found] == ["pyproject.toml"] * broken
        tests = ElementTree.parse(project / reports["junit"]).getroot()
        assert tests.get("failures") == str(int(broken))
        assert len(tests) == (4 if broken else 3)  # the file has not changed, and then what limits it has
        for name in reports.values():
            (project / name).unlink()
        break_the_budget(project) if not broken else None
    installed = shell(project, "pip list --format freeze", programs).stdout.lower()
    assert "cnncli==" in installed
    assert "tensorflow" not in installed
    ran = Runner(tmp_path, project, programs).run(base, install=wheel)
    assert (ran.code, ran.outputs["exit-code"]) == (1, "1")
    assert ran.log.startswith("::error title=mobilenet_v2 max-params,file=pyproject.toml,line=")


@pytest.mark.slow
def test_pre_commit(tmp_path: Path, locked: Path, offline: None) -> None:
    """By pre-commit itself, which installs the hooks from a repository of what they need."""
    ours = tmp_path / "cnncli"
    shutil.copytree(ROOT / "cnncli", ours / "cnncli", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, ours / name)
    git(ours, "init", "--quiet", "--initial-branch=main")
    revision = commit(ours)
    config = block("yaml", "cnncli-budgets").replace("https://github.com/your-organisation/cnncli", ours.as_uri())
    config = config.replace("rev: main", f"rev: {revision}")

    def run(config: str) -> tuple[list[str], str]:
        (locked / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
        command = f"git add --all && {sys.executable} -m pre_commit run --verbose"
        done = shell(locked, command, PRE_COMMIT_HOME=str(tmp_path / "home"))
        told = re.findall(r"(Passed|Failed|Skipped)$", done.stdout, re.MULTILINE)
        assert done.returncode == ("Failed" in told), done.stderr
        return told, done.stdout

    assert run(config)[0] == ["Skipped", "Skipped"]
    for name in ("recurrent.tflite", "nested.keras"):
        shutil.copy(FILES / name, locked / f"a new {name}")
    assert run(config)[0] == ["Passed", "Skipped"]
    told, said = run(config.replace("250KB", "3KB"))
    assert told == ["Failed", "Skipped"]
    assert "✗ FAIL" in said
    told, said = run(re.sub("args: .*", "args: []", config))
    assert told == ["Passed", "Skipped"]
    assert "not checked, nothing limits them: a new nested.keras and a new recurrent.tflite" in said
    commit(locked)
    break_the_budget(locked)
    assert run(config)[0] == ["Skipped", "Failed"]
