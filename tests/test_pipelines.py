"""action.yml and the hooks of pre-commit are read and run as GitHub and pre-commit would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).parent.parent
FILES = ROOT / "tests" / "files"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
BUDGETS = '[tool.cnncli.budgets."models/*.tflite"]\nmax-params = "400"\n'
SMALL, LARGE = "recurrent.tflite", "separable_int8.tflite"
"""Of 301 and 464 params."""

# What stands for pip: it puts the cnncli that is tested where it would put one, and keeps its arguments.
PIP = """#!/usr/bin/env bash
if [ "$1 $2" != "-m pip" ]; then exec {python} "$@"; fi
printf '%s\\n' "$@" > {note}
while [ "$1" != --target ]; do shift; done
mkdir "$2/bin"
printf '#!/usr/bin/env bash\\nexec {python} -m cnncli "$@"\\n' > "$2/bin/cnncli"
chmod +x "$2/bin/cnncli"
"""


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(folder: Path) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "x")
    return git(folder, "rev-parse", "HEAD")


def put(folder: Path, **files: str) -> None:
    """Model files, each by the name of one of ours whose bytes it has."""
    for name, of in files.items():
        path = folder / "models" / f"{name}.tflite"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(FILES / of, path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository of two models, one of which is over the budget of both."""
    folder = tmp_path / "a project"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "pyproject.toml").write_text(BUDGETS)
    put(folder, large=LARGE, small=SMALL)
    commit(folder)
    return folder


class Ran(NamedTuple):
    code: int
    log: str
    said: str
    outputs: Mapping[str, str]
    summary: str
    installed: Sequence[str]


class Runner:
    """Takes the steps of action.yml, as far as GitHub's runner does so: conditions, expressions, variables, shells."""

    def __init__(self, place: Path, workspace: Path, programs: Path | None = None) -> None:
        self.workspace, self.temp, self.note = workspace, place / "temp", place / "pip"
        self.output, self.summary = place / "output", place / "summary"
        self.programs = programs or place / "programs"
        self.temp.mkdir()
        self.note.touch()
        if programs is None:
            self.programs.mkdir()
            stub = self.programs / "python"
            stub.write_text(PIP.format(python=sys.executable, note=self.note))
            stub.chmod(0o755)

    def run(self, base: str = "", **given: str) -> Ran:
        for file in (self.output, self.summary):
            file.write_text("")
        inputs = {name: each.get("default", "") for name, each in ACTION["inputs"].items()}
        inputs |= {name.replace("_", "-"): text for name, text in given.items()}
        assert inputs.keys() == ACTION["inputs"].keys()
        context: dict[str, Any] = {"inputs": inputs, "steps": {}}
        context["github"] = {"event": {"pull_request": {"base": {"sha": base}}} if base else {}}
        code, log, said = 0, "", ""
        for step in ACTION["runs"]["steps"]:
            if code == 0 and holds(step.get("if"), context):
                done, outputs = self._step(step, context)
                code, log, said = done.returncode, log + done.stdout, said + done.stderr
                context["steps"][step["id"]] = {"outputs": outputs}
        outputs = {name: evaluated(each["value"], context) for name, each in ACTION["outputs"].items()}
        return Ran(code, log, said, outputs, self.summary.read_text(), self.note.read_text().splitlines())

    def _step(self, step: Mapping[str, Any], context: Any) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
        assert step["shell"] == "bash"
        self.output.write_text("")
        variables = {name: evaluated(text, context) for name, text in step.get("env", {}).items()}
        place = evaluated(step.get("working-directory", "."), context)
        script = self.temp / "script.sh"
        script.write_text(step["run"], encoding="utf-8")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace / place,
            env={**os.environ, **self._variables(), **variables},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        lines = self.output.read_text(encoding="utf-8").splitlines()
        return done, dict(line.split("=", 1) for line in lines)

    def _variables(self) -> dict[str, str]:
        return {
            "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": str(self.temp),
        }


def evaluated(text: str, context: Any) -> str:
    """A value with its expressions worked out: names in the context, the first that is there of those between ||."""

    def value(match: re.Match[str]) -> str:
        return next(filter(None, (looked_up(name.strip(), context) for name in match[1].split("||"))), "")

    return re.sub(r"\$\{\{(.*?)\}\}", value, text)


def looked_up(name: str, context: Any) -> str:
    for part in name.split("."):
        context = context.get(part, {})
    return context or ""


def holds(condition: str | None, context: Any) -> bool:
    """The one kind of condition that there is: that an input is given."""
    if condition is None:
        return True
    found = re.fullmatch(r"(inputs\.[\w-]+) != ''", condition)
    assert found
    return looked_up(found[1], context) != ""


@pytest.fixture
def runner(tmp_path: Path, project: Path) -> Runner:
    return Runner(tmp_path, project)


def checked(ran: Ran) -> list[str]:
    """The models that a report holds."""
    return [suite.get("name", "") for suite in ElementTree.parse(ran.outputs["report"]).getroot()]


def test_the_action_is_one_by_its_schema() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_no_script_holds_an_expression_and_every_input_reaches_a_step() -> None:
    steps = ACTION["runs"]["steps"]
    assert not [step["run"] for step in steps if "${{" in step.get("run", "")]
    passed = str([{**step, "run": ""} for step in steps])
    assert all(f"inputs.{name} " in passed for name in ACTION["inputs"])
    used = {name for step in steps for name in step.get("env", {})}
    assert all(re.search(rf"\$\{{?{name}\b", "".join(step.get("run", "") for step in steps)) for name in used)


def test_all_are_checked_where_nothing_is_known_of_a_base(runner: Runner) -> None:
    ran = runner.run()
    assert (ran.code, ran.outputs["exit-code"]) == (1, "1")
    (line,) = ran.log.splitlines()
    assert line == (
        "::error title=models/large.tflite max-params,file=pyproject.toml,line=2::"
        "models/large.tflite: 464 params, 64 over max-params 400"
    )
    assert "| max-params | 400 | 464 | 116.0% | ✗ FAIL |" in ran.summary
    assert checked(ran) == ["models/large.tflite", "models/small.tflite"]
    assert ran.installed[-1] == str(ROOT)


@pytest.mark.parametrize("models", ["", "models/*.tflite\n", " models/large.tflite\n\nmodels/small.tflite"])
def test_only_what_a_pull_request_changes_is_checked(runner: Runner, project: Path, models: str) -> None:
    base = git(project, "rev-parse", "HEAD")
    (project / "notes.txt").write_text("x")
    commit(project)
    ran = runner.run(base, models=models)
    assert (ran.code, ran.outputs["exit-code"]) == (0, "0")
    assert ran.log == "::notice title=cnncli check::nothing to check\n"
    assert ran.summary == "### cnncli check: nothing to check\n"
    assert f"not checked, unchanged since {base}: models/large.tflite and models/small.tflite" in ran.said
    put(project, small=LARGE)
    commit(project)
    ran = runner.run(base, models=models)
    assert (ran.code, checked(ran)) == (1, ["models/small.tflite"])
    assert checked(runner.run(base, models=models, changed_only="false")) == [
        "models/large.tflite",
        "models/small.tflite",
    ]


def test_all_are_checked_where_what_asks_has_changed_or_the_base_is_not_there(runner: Runner, project: Path) -> None:
    base = git(project, "rev-parse", "HEAD")
    with (project / "pyproject.toml").open("a") as file:
        file.write('max-macs = "1G"\n')
    commit(project)
    ran = runner.run(base)
    assert (len(checked(ran)), ran.code) == (2, 1)
    assert f"pyproject.toml changed since {base}: all are checked" in ran.said
    git(project, "reset", "--quiet", "--hard", base)
    (project / ".github").mkdir()
    (project / ".github" / "networks.yml").write_text("arguments: --max-params 1")
    commit(project)
    ran = runner.run(base)
    assert (len(checked(ran)), ran.code) == (2, 1)
    assert f"workflows changed since {base}: all are checked" in ran.said
    ran = runner.run("1234567890" * 4)
    assert (len(checked(ran)), ran.code) == (2, 1)
    assert "cannot be told (there is no such commit here): all are checked" in ran.said


def test_the_base_of_a_shallow_clone_is_fetched(tmp_path: Path, project: Path) -> None:
    git(project, "config", "uploadpack.allowAnySHA1InWant", "true")  # as GitHub has it
    base = git(project, "rev-parse", "HEAD")
    put(project, new=SMALL)
    commit(project)
    git(tmp_path, "clone", "--quiet", "--depth=1", project.as_uri(), "shallow")
    ran = Runner(tmp_path, tmp_path / "shallow").run(base)
    assert (ran.code, checked(ran)) == (0, ["models/new.tflite"])


def test_a_file_that_is_gone_is_not_asked_for(runner: Runner, project: Path) -> None:
    base = git(project, "rev-parse", "HEAD")
    (project / "models" / "large.tflite").unlink()
    commit(project)
    ran = runner.run(base)
    assert (ran.code, ran.log) == (0, "::notice title=cnncli check::nothing to check\n")


def test_an_input_is_never_a_command(runner: Runner, project: Path) -> None:
    name = "$(touch pwned) `touch pwned`; touch pwned 'x\" %2C"
    put(project, **{name: LARGE})
    ran = runner.run(models=f"models/{name}.tflite", arguments="--max-params $(touch,pwned)")
    assert ran.code == 2
    assert ran.outputs == {"exit-code": "2", "report": ""}
    assert ran.log.startswith("::error title=cnncli check::cnncli: --max-params $(touch,pwned): ")
    ran = runner.run(models=f"models/{name}.tflite", arguments="--max-params 10\n --max-macs 1G")
    assert (ran.code, checked(ran)) == (1, [f"models/{name}.tflite"])
    assert "max-macs" in ran.summary
    runner.run(budget=name, baseline=name, working_directory="models", install="a b", extras="$(touch pwned)")
    assert not list(project.rglob("pwned*"))


def test_what_cannot_be_read_is_an_annotation(runner: Runner, project: Path) -> None:
    (project / "models" / "100%25.tflite").write_text("damaged")
    ran = runner.run()
    assert (ran.code, ran.outputs, ran.summary) == (2, {"exit-code": "2", "report": ""}, "")
    assert ran.log.startswith("::error title=cnncli check::cnncli: models/100%2525.tflite is no model file ")
    assert ran.said.count("\n") == 1


def test_other_inputs_are_passed_on(runner: Runner, project: Path) -> None:
    (project / "below").mkdir()
    (project / "budgets of mine.toml").write_text('["budgets"."models/small.tflite"]\nmax-params = 10\n')
    lock = ["check", "../models/small.tflite", "--baseline", "../of mine.lock", "--write-baseline"]
    assert subprocess.run([sys.executable, "-m", "cnncli", *lock], cwd=project / "below", check=False).returncode == 0
    ran = runner.run(
        budget="../budgets of mine.toml", baseline="../of mine.lock", working_directory="below",
        install="cnncli==1.0 --no-index", arguments="--strict",
    )  # fmt: skip
    assert ran.code == 1
    assert "file=budgets of mine.toml,line=2" in ran.log  # as seen from the repository's root
    assert "locked structure" in ran.summary
    assert ran.installed[-2:] == ["cnncli==1.0", "--no-index"]
    assert runner.run(extras="tensorflow").installed[-1] == f"{ROOT}[tensorflow]"


def test_the_hooks_are_some_by_pre_commits_own_rules_and_know_every_suffix() -> None:
    from pre_commit.clientlib import load_manifest

    from cnncli.cli.commands import COMMANDS
    from cnncli.readers.formats import SUFFIXES

    for hook in load_manifest(str(ROOT / ".pre-commit-hooks.yaml")):
        assert (hook["entry"].split()[0], hook["language"]) == ("cnncli", "python")
        assert hook["entry"].split()[1] in COMMANDS
    files, budgets = HOOKS["cnncli-check"]["files"], HOOKS["cnncli-budgets"]["files"]
    known = {suffix for suffix in SUFFIXES if re.search(files, f"a b/c{suffix}")}
    assert {*SUFFIXES} - known == {".json"}  # which most often holds something else
    assert not re.search(files, "a.keras/notes.txt")
    assert re.search(budgets, "below/pyproject.toml")
    assert re.search(budgets, "cnncli.lock")
    assert not re.search(budgets, "a.toml")
