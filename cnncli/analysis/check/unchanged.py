"""Which files are as they were at a commit, as git tells it."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


class Untold(Exception):
    """Why git cannot tell what has changed."""


@dataclass(frozen=True)
class Unchanged:
    """The files of a repository that have not changed, by their names from its root on."""

    root: str
    names: frozenset[str]

    def holds(self, path: Path) -> bool:
        """Whether a file, or all that lies in a folder, is as it was: not where git does not hold it, or not here."""
        files = [file for file in path.rglob("*") if not file.is_dir()] if path.is_dir() else [path]
        return bool(files) and all(self._name(file) in self.names for file in files)

    def _name(self, path: Path) -> str:
        try:
            return Path(os.path.relpath(os.path.realpath(path), self.root)).as_posix()
        except ValueError:  # on another drive
            return ""


def unchanged_since(commit: str) -> Unchanged:
    """What is as it was at a commit or, where that is of another branch, at the last one that is of both.

    Raises Untold where this is no repository, or there is no such commit, as in a clone of the last one alone.
    """
    root = _git("rev-parse", "--show-toplevel").removesuffix("\n")
    named = f"{commit}^{{commit}}"
    base = _git("rev-parse", "--verify", "--quiet", "--end-of-options", named, why="there is no such commit here")
    base = base.strip()
    with suppress(Untold):  # else the commits between are not here, and all that differs may have changed
        base = _git("merge-base", base, "HEAD").strip()
    held = _git("-C", root, "ls-files", "-z").split("\0")
    changed = _git(
        "-C", root, "diff", "--name-only", "--no-relative", "--no-renames", "--no-ext-diff", "-z", base, "--"
    )
    return Unchanged(os.path.realpath(root), frozenset(held) - {*changed.split("\0"), ""})


def _git(*arguments: str, why: str = "") -> str:
    """What git answers. Raises Untold, saying why, else what git says, where it fails."""
    import subprocess  # which takes milliseconds to load, only here

    try:
        done = subprocess.run(["git", *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError as error:
        raise Untold(f"git cannot be run: {error.strerror or error}") from None
    if done.returncode:
        said = os.fsdecode(done.stderr).strip().splitlines()
        raise Untold(why or (said[0] if said else f"git {arguments[0]} exits with {done.returncode}"))
    return os.fsdecode(done.stdout)
