"""Environments in which only what one `pip install` brings is there, linked from what is installed here.

What it brings is reckoned as pip does: from our pyproject.toml, then from what each installed package says that it
requires. It takes a fraction of a second and no network.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: Mapping[str, Sequence[str]] = PROJECT["optional-dependencies"]


def closure(extras: Iterable[str] = ()) -> dict[str, Distribution]:
    """What `pip install 'cnncli[EXTRAS]'` brings beside cnncli, by its names as indices spell them."""
    found: dict[str, Distribution] = {}
    seen: set[tuple[str, str]] = set()
    waiting = list(_required(PROJECT["dependencies"], ""))
    waiting += [each for extra in extras for each in _required(EXTRAS[extra], "")]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        for extra in ("", *wanted.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            if name == PROJECT["name"]:
                waiting += _required(EXTRAS.get(extra, ()), "")
                continue
            found[name] = importlib.metadata.distribution(name)
            waiting += _required(found[name].requires or (), extra)
    return found


def _required(lines: Iterable[str], extra: str) -> Iterator[Requirement]:
    """The requirements that hold on this machine, of a package with one of its extras or none."""
    for requirement in map(Requirement, lines):
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            yield requirement


def files(distribution: Distribution) -> Iterator[Path]:
    """What is installed of it, where it is: its modules and what lies beside them, without bytecode."""
    for file in distribution.files or ():
        path = Path(str(file.locate()))
        if path.suffix != ".pyc" and path.is_file():
            yield path


def own_files() -> list[Path]:
    """What is installed of cnncli."""
    return [path for path in (ROOT / "cnncli").rglob("*") if path.is_file() and path.suffix != ".pyc"]


class Result(NamedTuple):
    code: int
    out: str
    err: str
    left: list[str]
    """The files of the name x, of whatever kind, that it left behind."""

    @property
    def is_a_line(self) -> bool:
        """Whether nothing was said but one line of complaint."""
        return not self.out and self.err.startswith("cnncli: ") and self.err.count("\n") == 1


class Environment(NamedTuple):
    """A Python with cnncli and what one of its installations brings."""

    python: Path

    def run(self, lines: Sequence[str], place: Path, given: Iterable[Path] = ()) -> dict[str, Result]:
        """Run commands, each in an empty folder of its own under `place`, in which the `given` files are linked.

        Their processes are forked of one that has imported what all commands import, which spares its time.
        """
        place.mkdir(parents=True, exist_ok=True)
        for number, _ in enumerate(lines):
            folder = place / str(number)
            folder.mkdir()
            for path in given:
                (folder / path.name).symlink_to(path)
        ambient = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))}
        done = subprocess.run(
            [self.python, "-I", "-c", DRIVER, place], input=json.dumps(list(lines)), stdout=subprocess.PIPE,
            text=True, check=True, env={**ambient, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        told: dict[str, Any] = json.loads(done.stdout)
        return {line: Result(*result) for line, result in told.items()}


DRIVER = """
import json, os, sys
from pathlib import Path
from cnncli.cli.app import main

place = Path(sys.argv[1])
told = {}
for number, line in enumerate(json.load(sys.stdin)):
    child = os.fork()
    if not child:
        os.chdir(place / str(number))
        null = os.open(os.devnull, os.O_RDONLY)
        for stream, target in enumerate((null, *(os.open(place / f"{number}.{each}", os.O_CREAT | os.O_WRONLY)
                                                for each in ("out", "err")))):
            os.dup2(target, stream)
        sys.argv = ["cnncli"]
        main(line.split())
    _, status = os.waitpid(child, 0)
    out, err = ((place / f"{number}.{each}").read_text("utf-8", "replace") for each in ("out", "err"))
    left = sorted(path.name for path in (place / str(number)).glob("x*"))
    told[line] = os.waitstatus_to_exitcode(status), out, err, left
json.dump(told, sys.stdout)
"""


def environment(folder: Path, extras: Iterable[str] = ()) -> Environment:
    """Make the one that `pip install 'cnncli[EXTRAS]'` makes, without pip."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    site = folder / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    chosen = closure(extras)
    for top, owners in _owners().items():
        wanted = [chosen[name] for name in owners if name in chosen]
        if len(wanted) == len(owners):
            (site / top).symlink_to(wanted[0].locate_file(top))
            continue
        for distribution in wanted:  # of a folder that several share, such as `google`
            for path in files(distribution):
                inside = path.relative_to(distribution.locate_file(""))
                if inside.parts[0] == top:
                    (site / inside).parent.mkdir(parents=True, exist_ok=True)
                    (site / inside).symlink_to(path)
    (site / "cnncli").symlink_to(ROOT / "cnncli")
    return Environment(folder / "bin" / "python")


@cache
def _owners() -> dict[str, set[str]]:
    """What lies in the folder of installed packages, and the names of those that put something there."""
    found: dict[str, set[str]] = {}
    for distribution in importlib.metadata.distributions():
        name = canonicalize_name(distribution.metadata["Name"])
        for file in distribution.files or ():
            if file.parts[0] not in ("..", "__pycache__") and name != PROJECT["name"]:
                found.setdefault(file.parts[0], set()).add(name)
    return found
