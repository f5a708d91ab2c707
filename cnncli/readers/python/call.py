"""`module:callable` and `file.py:callable`: a person's own function, which gives a model.

It is called in a child process, and only plain data come back: whatever the code does to its process, it has no say
over this one. The function is named by its person, and so run: nothing else is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.errors import UsageError, suggestion
from cnncli.readers.reading import AS_IT_IS, Reading

Tell = Callable[[str], None]


class Reference(NamedTuple):
    """A callable by where it stands: the module's dotted name, or the path of a file, and its name within."""

    text: str
    place: str
    name: str

    @property
    def is_file(self) -> bool:
        return self.place.lower().endswith(".py")


class Job(NamedTuple):
    """Of the child that calls: what, with which arguments, and whether a failure is told at length."""

    reference: Reference
    arguments: dict[str, str]
    traceback: bool


def read_callable(text: str, arguments: Mapping[str, str], *, traceback: bool, tell: Tell) -> Reading:
    """Call what a text names with these arguments, and read the model that it gives.

    Raises UsageError, in one line, where there is no such thing, it fails, or gives something else; MachineError where
    its process ends otherwise. `traceback` has the whole of a failure written to standard error before.
    """
    place, _, name = text.rpartition(":")
    reference = Reference(text, place, name)
    if reference.is_file:
        _check_file(Path(place))
    from cnncli.child.parent import run
    from cnncli.graph.plain import graph_of
    from cnncli.readers.opening import harmless

    job = Job(reference, dict(arguments), traceback)
    told = run("cnncli.readers.python.worker", job, text, tell, is_theirs=True)
    told = {**told, "graph": graph_of(told["graph"]), "settings": AS_IT_IS}
    for key in ("signatures", "subgraphs", "input_range"):
        told[key] = None if told[key] is None else tuple(told[key])
    return harmless(Reading(**told))


def _check_file(path: Path) -> None:
    """Raise UsageError for a file that is not there, naming those whose names are near."""
    if path.is_file():
        return
    if path.exists():
        raise UsageError(f"{path} is no file with Python code")
    folder = path.parent
    near = [each.name for each in folder.glob("*.py")] if folder.is_dir() else []
    shown = {name: os.fspath(folder / name) for name in sorted(near)}
    raise UsageError(f"{path}: no such file{suggestion(path.name, shown)}")


def plain_reading(reading: Reading) -> dict[str, Any]:
    """A reading as plain data."""
    from cnncli.graph.plain import plain

    return {**vars(reading), "graph": plain(reading.graph)}
