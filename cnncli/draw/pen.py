"""Graphviz in a process of its own: one that crashes, or is slow to hear of an end, takes nobody with it.

It is begun before there is anything to draw, and loads Graphviz while the diagram is computed.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import IO, Any, NamedTuple

from cnncli.errors import MachineError
from cnncli.temporary import temporary_folder

MISSING = 77
"""The code with which the process ends where it cannot import pygraphviz; where that is there, it says why."""

# Python's own handler of ^C would wait for Graphviz to come back. A pipe that is to signal what happens at its other
# end signals its writer's end too, and nobody handles that signal: so the process never outlives its parent.
PROGRAM = f"""
import signal
signal.signal(signal.SIGINT, signal.SIG_DFL)
import sys
sys.path[:] = sys.argv[1:]
try:
    import pygraphviz
except ImportError as error:
    if getattr(error, "name", None) != "pygraphviz":
        sys.stderr.write(" ".join(str(error).split()))
    sys.exit({MISSING})
import fcntl, json, os, select
given = sys.stdin.buffer
job = json.loads(given.readline() or sys.exit())
dot = given.read(job["length"]).decode()
fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)
if select.select([0], [], [], 0)[0]:
    sys.exit()
os.environ.update(job["environment"])
graph = pygraphviz.AGraph(string=dot)
graph.graph_attr.update(job["attributes"])
sys.stdout.buffer.write(graph.draw(path=None, format=job["format"], prog="nop2") or b"")
"""


class Rendered(NamedTuple):
    """A picture's bytes, and what the renderer wrote to its standard error."""

    data: bytes
    complaints: str


class Pen:
    """A process that draws one picture; none where there is no pygraphviz.

    `broken` is known when it was to draw: why a pygraphviz that is there cannot be imported.
    """

    def __init__(self, process: Any = None, log: IO[bytes] | None = None) -> None:
        self._process, self._log, self.broken = process, log, ""

    def draw(self, dot: str, format: str, dpi: int, environment: dict[str, str]) -> Rendered | None:
        """DOT in one of Graphviz's formats, with these variables in the environment; None where pygraphviz does not do.

        Raises MachineError where it fails or crashes.
        """
        if self._log is None:
            return None
        given, attributes = dot.encode(), {"dpi": str(dpi)} if format == "png" else {}
        job = {"format": format, "length": len(given), "attributes": attributes, "environment": environment}
        with suppress(OSError):  # it has ended before it read: its code tells why
            self._process.stdin.write(json.dumps(job).encode() + b"\n" + given)
            self._process.stdin.flush()
        data = self._process.stdout.read()
        code = self._process.wait()
        self._log.seek(0)
        complaints = self._log.read().decode(errors="replace").strip()
        if code == MISSING:
            self.broken = complaints
            return None
        if code:
            raise MachineError(_obituary(code, complaints, format))
        return Rendered(data, complaints)


def _obituary(code: int, complaints: str, format: str) -> str:
    if code < 0:
        lower = "a lower --dpi, " if format == "png" else ""
        crashed = f"Graphviz crashed ({signal.Signals(-code).name}), as it does where memory runs out"
        return f"{crashed}; take {lower}a coarser --detail, or .svg"
    return f"Graphviz failed: {complaints.rpartition(chr(10))[2] or f'it ended with code {code}'}"


def available() -> bool:
    """Whether there is a pygraphviz to be imported, as far as its files tell."""
    return find_spec("pygraphviz") is not None


@contextmanager
def begun() -> Iterator[Pen]:
    """A pen that loads Graphviz from now on and ends with the block, if not before.

    It imports what this process would, and nothing from the working directory, whatever the environment says.
    """
    if not available():
        yield Pen()
        return
    path = [place for place in sys.path if place]
    with temporary_folder() as folder, (folder / "log").open("w+b") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", PROGRAM, *path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=dict(os.environ),
        )  # fmt: skip
        try:
            yield Pen(process, log)
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):
                    pipe.close()  # type: ignore[union-attr]
