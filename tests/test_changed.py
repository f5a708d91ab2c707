"""What `check` spares itself: model files that have not changed, and those that nothing limits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import refused

FILES = Path(__file__).parent / "files"
SMALL, LARGE = FILES / "recurrent.tflite", FILES / "separable_int8.tflite"
"""Of 301 and 464 params."""


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "x")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path, monkeypatch) -> Path:
    """A repository with two files, which one budget holds."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:  # as within a hook of git's
        monkeypatch.delenv(name)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    (tmp_path / "pyproject.toml").write_text('[tool.cnncli.budgets."**/*.tflite"]\nmax-params = 400\n')
    (tmp_path / "a folder").mkdir()
    shutil.copy(SMALL, tmp_path / "one.tflite")
    shutil.copy(SMALL, tmp_path / "a folder" / "ünï two.tflite")
    commit(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checked(run, *arguments: str) -> list[str]:
    """The models that a call of `check` has checked."""
    result = run("check", *arguments, "-f", "json")
    assert result.code in (0, 1), result.err
    return list(dict.fromkeys(each["model"] for each in json.loads(result.out)["checks"]))


def test_nothing_is_checked_where_nothing_has_changed(run, project: Path) -> None:
    result = run("check", "--changed-since", "HEAD")
    assert (result.code, result.out) == (0, "nothing to check\n")
    assert result.err == "cnncli: not checked, unchanged since HEAD: a folder/ünï two.tflite and one.tflite\n"
    assert run("check", "--changed-since", "HEAD", "-f", "github").out == (
        "::notice title=cnncli check::nothing to check\n"
    )
    assert 'tests="0"' in run("check", "--changed-since", "HEAD", "-f", "junit").out


def test_what_has_changed_in_any_way_is_checked(run, project: Path, monkeypatch) -> None:
    shutil.copy(LARGE, project / "one.tflite")  # not committed
    assert checked(run, "--changed-since", "HEAD") == ["one.tflite"]
    git(project, "add", "one.tflite")  # not committed, but staged
    assert checked(run, "--changed-since", "HEAD") == ["one.tflite"]
    shutil.copy(SMALL, project / "new.tflite")  # unknown to git
    (project / ".git" / "info" / "exclude").write_text("ignored*")
    shutil.copy(SMALL, project / "ignored.tflite")
    assert checked(run, "--changed-since", "HEAD") == ["ignored.tflite", "new.tflite", "one.tflite"]
    monkeypatch.chdir(project / "a folder")
    assert checked(run, "--changed-since", "HEAD", "../*.tflite") == [
        "../ignored.tflite", "../new.tflite", "../one.tflite",
    ]  # fmt: skip
    git(project, "config", "diff.relative", "true")
    assert "../one.tflite" in checked(run, "--changed-since", "HEAD")


def test_what_another_branch_has_changed_is_not_of_this_one(run, project: Path) -> None:
    git(project, "switch", "--quiet", "--create", "mine")
    shutil.copy(LARGE, project / "one.tflite")
    commit(project)
    git(project, "switch", "--quiet", "main")
    shutil.copy(LARGE, project / "a folder" / "ünï two.tflite")
    commit(project)
    git(project, "switch", "--quiet", "mine")
    assert checked(run, "--changed-since", "main") == ["one.tflite"]


def test_commits_without_a_common_one_are_held_against_each_other(run, project: Path) -> None:
    git(project, "switch", "--quiet", "--orphan", "other")
    git(project, "checkout", "--quiet", "main", "--", ".")
    shutil.copy(LARGE, project / "one.tflite")
    commit(project)
    assert checked(run, "--changed-since", "main") == ["one.tflite"]


@pytest.mark.parametrize("commit", ["nonsense", "0" * 40, "", "--help", "-x", "HEAD~7", "HEAD:one.tflite", "a\nb"])
def test_all_are_checked_where_it_cannot_be_told(run, project: Path, commit: str) -> None:
    result = run("check", f"--changed-since={commit}", "-f", "json")
    assert len(json.loads(result.out)["checks"]) == 2
    assert result.err.count("\n") == 1
    assert "cannot be told (there is no such commit here): all are checked" in result.err


def test_all_are_checked_outside_a_repository_and_without_git(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    result = run("check", str(SMALL), "--max-params", "400", "--changed-since", "main")
    assert result.code == 0
    assert "cannot be told (fatal: not a git repository" in result.err
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("check", str(SMALL), "--max-params", "400", "--changed-since", "main")
    assert "cannot be told (git cannot be run: " in result.err
    assert "1 check, all pass" in result.out


def test_all_are_checked_where_what_asks_has_changed(run, project: Path) -> None:
    assert run("check", "--baseline", "own.lock", "--write-baseline").code == 0
    assert len(checked(run, "--changed-since", "HEAD", "--baseline", "own.lock")) == 2
    commit(project)
    assert checked(run, "--changed-since", "HEAD", "--baseline", "own.lock") == []
    with (project / "pyproject.toml").open("a") as file:
        file.write("max-macs = 5\n")
    result = run("check", "--changed-since", "HEAD", "--baseline", "own.lock")
    assert result.err.startswith("cnncli: pyproject.toml changed since HEAD: all are checked\n")
    assert result.code == 1


def test_folders_links_and_what_is_no_file(run, project: Path) -> None:
    (project / "saved").mkdir()
    shutil.copy(FILES / "open_size_saved_model.pb", project / "saved" / "saved_model.pb")
    (project / "link.tflite").symlink_to("one.tflite")
    (project / "outside.tflite").symlink_to(SMALL)
    commit(project)
    always = ["outside.tflite", "mobilenet_v1"]
    models = ["saved", "link.tflite", *always, "--max-params", "9M", "--changed-since", "HEAD"]
    assert checked(run, *models) == always
    (project / "saved" / "variables").mkdir()
    (project / "saved" / "variables" / "variables.index").write_text("x")
    assert checked(run, *models) == ["saved", *always]
    shutil.copy(LARGE, project / "one.tflite")
    assert checked(run, *models) == ["saved", "link.tflite", *always]


def test_references_from_the_standard_input(run, project: Path, monkeypatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("one.tflite\nv1\n"))
    assert checked(run, "-", "--changed-since", "HEAD", "--max-params", "9M") == ["mobilenet_v1"]


def test_a_model_that_nothing_limits_is_passed_over_where_that_is_asked(run, project: Path) -> None:
    others = ["nested.keras", "separable.pt2"]
    for name in others:
        shutil.copy(FILES / name, project / name)
    (project / "damaged.onnx").write_text("is not even read")
    refused(run("check", "one.tflite", *others), 2, "nothing to check of nested.keras")
    result = run("check", "one.tflite", *others, "damaged.onnx", "--skip-unlimited")
    assert result.code == 0
    assert result.err == "cnncli: not checked, nothing limits them: nested.keras, separable.pt2 and damaged.onnx\n"
    assert "1 check, all pass" in result.out
    assert checked(run, "nested.keras", "--skip-unlimited") == []
    assert checked(run, "nested.keras", "--skip-unlimited", "--max-params", "9M") == ["nested.keras"]
    assert run("check", "nested.keras", "--baseline", "x.lock", "--write-baseline").code == 0
    assert checked(run, "nested.keras", "separable.pt2", "--skip-unlimited", "--baseline", "x.lock") == ["nested.keras"]
    many = [str(path) for path in FILES.iterdir() if path.suffix in (".onnx", ".pt2", ".h5", ".pb")]
    assert run("check", *many, "--skip-unlimited").err.endswith(f" and {len(many) - 6} more\n")


def test_a_gate_that_could_never_fail_is_none(run, project: Path) -> None:
    (project / "pyproject.toml").write_text("")
    refused(run("check", "one.tflite", "--skip-unlimited"), 2, "nothing is limited: give --max-params")


@pytest.mark.parametrize("option", [["--changed-since", "HEAD"], ["--skip-unlimited"]])
def test_what_is_written_is_what_was_asked_for(run, project: Path, option: list[str]) -> None:
    refused(run("check", "--baseline", "x.lock", "--write-baseline", *option), 2, "leave out --changed-since")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["mobilenet_v9"], "unknown model"),
        (["v1"], "nothing to check of mobilenet_v1"),
        (["gone.tflite"], "no such file"),
    ],
)
def test_what_cannot_be_checked_is_one_line(run, project: Path, arguments: list[str], says: str) -> None:
    refused(run("check", *arguments, "--changed-since", "nonsense"), 2, says)


def test_where_nothing_is_limited_git_is_not_asked(run, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused(run("check", "v1", "--changed-since", "nonsense"), 2, "nothing is limited")
