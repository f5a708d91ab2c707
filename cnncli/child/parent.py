"""The parent's side: a child is started, heard and ended."""

from __future__ import annotations

import json
import os
import pickle
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from cnncli import errors
from cnncli.child import GOODBYE, Tell, peak_memory
from cnncli.errors import CnncliError, MachineError
from cnncli.temporary import temporary_folder
from cnncli.words import visible

LOG_LINES = 30
SECONDS_TO_END = 5
"""How long a guard may take to end; it takes milliseconds."""

PACKAGE = Path(__file__).parent.parent

# `python -c` puts the working directory first on the path, and the switch that leaves it out came with 3.11 only.
# The package is loaded from where the parent has it, which may be a folder that must not be on the path.
LOADING = """
import sys
sys.path[:] = [place for place in sys.path if place]
from importlib.util import module_from_spec, spec_from_file_location
from runpy import run_module
package, module = sys.argv[1:]
spec = spec_from_file_location("cnncli", package + "/__init__.py", submodule_search_locations=[package])
sys.modules["cnncli"] = module_from_spec(spec)
spec.loader.exec_module(sys.modules["cnncli"])
"""
GUARDED = """
from cnncli.child.inside import begin
begin()
"""
RUNNING = """
run_module(module, run_name="__main__")
"""


def command(module: str, *, guarded: bool = False) -> list[str]:
    """What starts a module of the package in another process, `guarded` as a child that is given one job."""
    beginning = LOADING + (GUARDED if guarded else "") + RUNNING
    return [sys.executable, "-c", beginning, str(PACKAGE), module]


def run(module: str, job: Any, what: str, tell: Tell, litter: Sequence[Path] = (), *, is_theirs: bool = False) -> Any:
    """Give a child its job and return its answer; `tell` hears what it is busy with, `what` names it in messages.

    The job is anything that can be pickled, the answer plain data. `litter` are temporary folders of the parent's,
    which are removed for it where it is killed. `is_theirs` is for a job that runs a person's own code: what that
    writes is shown as it comes, on our standard error, and Keras is set up as that person has set it up.

    Raises what the child raised of CnncliError, and MachineError where it ended otherwise: killed, crashed, or by an
    exception that is no expected failure. The child ends with this call, however that ends.
    """
    with (
        temporary_folder() as folder,
        (folder / "log").open("w+b") as log,
        _shown(is_theirs) as shown,
        _started(module, log, folder, shown) as child,
    ):
        token = secrets.token_hex()
        with suppress(OSError):  # it has ended before it read: the reason is found below
            child.stdin.write(_envelope(token, pickle.dumps(job), [folder, *litter], shown))
            child.stdin.flush()
        return _heard(child, token.encode(), log, what, tell)


def _envelope(token: str, job: bytes, litter: Sequence[Path], shown: int | None) -> bytes:
    """A line of JSON that says what follows, and the job."""
    folders = [os.fspath(folder.absolute()) for folder in litter]
    head = {"token": token, "litter": folders, "job": len(job), "shown": shown}
    return json.dumps(head).encode() + b"\n" + job


def _heard(child: Any, token: bytes, log: IO[bytes], what: str, tell: Tell) -> Any:
    """Listen to a child until its answer or its end."""
    begun = 0  # where the log stood when the latest activity began
    late: CnncliError | None = None  # what it means if the child runs out of the time that it has given itself
    code: int | None = None
    for line in child.stdout:
        _, is_message, text = line.rpartition(token)
        message = json.loads(text) if is_message else {}
        if "tell" in message:
            begun = os.fstat(log.fileno()).st_size
            tell(message["tell"])
        elif "error" in message:
            raise _failure(message)
        elif "unexpected" in message:
            _replay(log, begun)
            raise MachineError(f"{what} failed: {message['unexpected']}")
        elif "late" in message:
            late = _failure(message["late"])
        elif "answer" in message:
            return message["answer"]
        elif "ended" in message:
            code = message["ended"]
            break
    _dismiss(child)
    code = child.returncode if code is None else code
    if late and code == -getattr(signal, "SIGPROF", 0):
        raise late
    raise MachineError(_obituary(what, code, log))


def _failure(message: Mapping[str, str]) -> CnncliError:
    found: CnncliError = getattr(errors, message["error"])(message["message"])
    return found


@contextmanager
def _shown(is_theirs: bool) -> Iterator[int | None]:
    """The descriptor of what a person's own code writes: our standard error; None for a child of ours.

    That code's libraries in C write to the log, as those of ours do. Windows has no further descriptors for a child:
    there all of it is in the log.
    """
    if not is_theirs or not hasattr(os, "fork"):
        yield None
        return
    try:
        descriptor = os.dup(2)
    except OSError:  # it is closed
        descriptor = os.open(os.devnull, os.O_WRONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _started(module: str, log: IO[bytes], folder: Path, shown: int | None) -> Iterator[Any]:
    """`folder` is where the child's temporary files go, of which TensorFlow leaves some.

    `shown` is the descriptor that a person's own code writes to.
    """
    child: Any = subprocess.Popen(
        command(module, guarded=True),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=_environment(os.environ, folder) if shown is None else _their_environment(os.environ, folder),
        pass_fds=() if shown is None else (shown,),
    )
    try:
        yield child
    finally:
        _dismiss(child)
        child.stdout.close()


def _environment(ours: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The child's variables: ours, without those that would only keep it from its work.

    Warnings are not to be errors, which are for who writes programs. A graphics card would compute in another
    precision, and no conversion needs one. What a keras.json says has no say in what a network is, nor a matplotlibrc
    in what a chart looks like.
    """
    kept = {name: value for name, value in ours.items() if not name.endswith("_NUM_THREADS") or _is_sound(value)}
    changed = {"PYTHONWARNINGS": "ignore", "CUDA_VISIBLE_DEVICES": "-1", "TMPDIR": str(folder)}
    houses = {"KERAS_HOME": str(folder / "keras"), "MATPLOTLIBRC": os.devnull, "MPLBACKEND": "agg"}
    return {**kept, **changed, **houses}


def _their_environment(ours: Mapping[str, str], folder: Path) -> dict[str, str]:
    """The variables for a person's own code: as it has them, but no graphics card, and TensorFlow says only errors."""
    return {"TF_CPP_MIN_LOG_LEVEL": "2", **ours, "CUDA_VISIBLE_DEVICES": "-1", "TMPDIR": str(folder)}


def _is_sound(threads: str) -> bool:
    """Whether a machine could run as many threads: libraries obey any number, and start them one by one."""
    return threads.isascii() and threads.isdecimal() and len(threads) < 6 and 1 <= int(threads) <= 1024


def _dismiss(child: Any) -> None:
    """End a child, and wait until it has ended."""
    with suppress(OSError, ValueError):  # it has ended already, or was dismissed before
        if hasattr(os, "fork"):
            child.stdin.write(GOODBYE)
            child.stdin.close()
        else:
            child.kill()
    try:
        child.wait(SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _obituary(what: str, code: int, log: IO[bytes]) -> str:
    kill = getattr(signal, "SIGKILL", None)  # Windows has none
    if kill is not None and code == -kill:
        taken = peak_memory(of_children=True)
        how_much = "" if taken is None else f" ({taken // 10**6} MB were taken)"
        return (
            f"{what} was killed, as the system does when memory runs out{how_much}; "
            "free some, or take a smaller network or input_shape"
        )
    if code < 0:
        return f"{what} crashed ({signal.Signals(-code).name}): {_last_line(log)}"
    return f"{what} ended with code {code}: {_last_line(log)}"


def _lines(log: IO[bytes], start: int = 0) -> list[str]:
    log.seek(start)
    return log.read().decode(errors="replace").splitlines()


def _last_line(log: IO[bytes]) -> str:
    return next((line for line in reversed(_lines(log)) if line.strip()), "it said nothing")


def _replay(log: IO[bytes], start: int) -> None:
    for line in _lines(log, start)[-LOG_LINES:]:
        sys.stderr.write(f"{visible(line)}\n")
