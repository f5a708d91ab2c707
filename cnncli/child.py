"""Heavy work in a child process: what it tells on the way, how it fails, and that it never outlives its parent.

A child runs a module that calls `serve`, of the same package as its parent's and without the working directory on its
path: what lies about where a person types a command is never imported. It reads its job from its standard input and
writes lines of JSON to its standard output: what it is busy with, and at last its answer. Everything else that it or a
library in it writes to the descriptors 1 and 2 goes to a log that is shown only where it failed unexpectedly.

The job is a pickle: it is made of our own dataclasses by this program, and nobody else can write to that pipe. The
answer is none: the child reads foreign files with libraries in C, and what it became is given no say over its parent.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from cnncli import errors
from cnncli.errors import CnncliError, MachineError
from cnncli.words import visible

Tell = Callable[[str], None]

LOG_LINES = 30

PACKAGE = Path(__file__).parent

# `python -c` puts the working directory first on the path, and the switch that leaves it out came with 3.11 only.
# The package is loaded from where the parent has it, which may be a folder that must not be on the path.
BEGINNING = """
import sys
sys.path[:] = [place for place in sys.path if place]
from importlib.util import module_from_spec, spec_from_file_location
from runpy import run_module
package, module = sys.argv[1:]
spec = spec_from_file_location("cnncli", package + "/__init__.py", submodule_search_locations=[package])
sys.modules["cnncli"] = module_from_spec(spec)
spec.loader.exec_module(sys.modules["cnncli"])
run_module(module, run_name="__main__")
"""


def run(module: str, job: Any, what: str, tell: Tell) -> Any:
    """Give a child its job and return its answer; `tell` hears what it is busy with, `what` names it in messages.

    The job is anything that can be pickled, the answer plain data.

    Raises what the child raised of CnncliError, and MachineError where it ended otherwise: killed, crashed, or by an
    exception that is no expected failure. The child ends with this call, however that ends.
    """
    given = pickle.dumps(job)
    with (
        tempfile.TemporaryFile() as log,
        tempfile.TemporaryDirectory() as litter,
        _started(module, log, litter) as child,
    ):
        with suppress(OSError):  # it has ended before it read: the reason is found below
            child.stdin.write(given)
            child.stdin.flush()
        begun = 0  # where the log stood when the latest activity began
        for line in child.stdout:
            message = json.loads(line)
            if "tell" in message:
                begun = os.fstat(log.fileno()).st_size
                tell(message["tell"])
            elif "error" in message:
                raise getattr(errors, message["error"])(message["message"])
            elif "unexpected" in message:
                _replay(log, begun)
                raise MachineError(f"{what} failed: {message['unexpected']}")
            else:
                return message["answer"]
        raise MachineError(_obituary(what, child.wait(), log))


@contextmanager
def _started(module: str, log: IO[bytes], litter: str) -> Iterator[Any]:
    """`litter` is where the child's temporary files go, of which TensorFlow leaves some."""
    child: Any = subprocess.Popen(
        [sys.executable, "-c", BEGINNING, str(PACKAGE), module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        # A graphics card would compute in another precision, and no conversion needs one.
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TMPDIR": litter},
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        with suppress(OSError):
            child.stdin.close()
        child.stdout.close()


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


def peak_memory(of_children: bool = False) -> int | None:
    """The most bytes that this process has held, or of its children that have ended the one that held most.

    None where the system does not tell, as Windows.
    """
    try:
        from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
    except ImportError:
        return None
    usage = getrusage(RUSAGE_CHILDREN if of_children else RUSAGE_SELF)
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _lines(log: IO[bytes], start: int = 0) -> list[str]:
    log.seek(start)
    return log.read().decode(errors="replace").splitlines()


def _last_line(log: IO[bytes]) -> str:
    return next((line for line in reversed(_lines(log)) if line.strip()), "it said nothing")


def _replay(log: IO[bytes], start: int) -> None:
    for line in _lines(log, start)[-LOG_LINES:]:
        sys.stderr.write(f"{visible(line)}\n")


def serve(work: Callable[[Any, Tell], Any]) -> None:
    """The child's side: do the job of one parent, and end when it ends. What `work` returns is plain data."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal's whole group; the parent sees to it
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)

        def send(**message: Any) -> None:
            answers.write(json.dumps(message) + "\n")
            answers.flush()

        try:
            job = pickle.load(sys.stdin.buffer)
            threading.Thread(target=_end_with_parent, daemon=True).start()
            answer = work(job, lambda activity: send(tell=activity))
        except CnncliError as error:
            send(error=type(error).__name__, message=str(error))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            send(error="MachineError", message=f"{where}{error.strerror or error}")
        except MemoryError:
            send(error="MachineError", message="not enough memory")
        except ImportError as error:
            send(error="MachineError", message=str(errors.lacking(error)))
        except Exception as error:
            send(unexpected=f"{type(error).__name__}: {' '.join(str(error).split())[:500]}")
        else:
            send(answer=answer)
    os._exit(0)  # without TensorFlow's seconds of tidying up


def _end_with_parent() -> None:
    """The parent's end of the pipe is closed by its death, of whatever kind."""
    sys.stdin.buffer.read()
    os._exit(1)
