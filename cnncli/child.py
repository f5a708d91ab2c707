"""Heavy work in a child process: what it tells on the way, how it fails, and that it never outlives its parent.

A child runs a module that calls `serve`, of the same package as its parent's and without the working directory on its
path: what lies about where a person types a command is never imported. It reads its job from its standard input and
writes lines of JSON to its standard output: what it is busy with, and at last its answer. Each begins with a token that
the parent has thought of: what others write there before the work begins (a sitecustomize that prints) is no answer.
Everything that libraries write to the descriptors 1 and 2 later goes to a log that is shown only where the child failed
unexpectedly.

The job is a pickle: it is made of our own dataclasses by this program, and nobody else can write to that pipe. The
answer is none: the child reads foreign files with libraries in C, and what it became is given no say over its parent.

Before anything heavy is imported a child becomes two, a worker and its guard. The worker may be lost in C for minutes
and hear nothing; the guard does nothing but to wait for the end of the worker, of which it tells the parent, and for
that of the parent, for which the worker is killed and its temporary folders removed. Should the guard be killed, Linux
kills the worker. Where processes cannot be split, on Windows, a thread ends the child when its parent has ended.
"""

from __future__ import annotations

import json
import os
import pickle
import secrets
import select
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from cnncli import errors
from cnncli.errors import CnncliError, MachineError
from cnncli.temporary import temporary_folder
from cnncli.words import visible

Tell = Callable[[str], None]

LOG_LINES = 30
SECONDS_TO_END = 5
"""How long a guard may take to end; it takes milliseconds."""
GOODBYE = b"."
"""What a parent writes that has not died."""

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
from cnncli.child import begin
begin()
run_module(module, run_name="__main__")
"""


# The parent's side.


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
        [sys.executable, "-c", BEGINNING, str(PACKAGE), module],
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


# The child's side.


class _Parent:
    """What a child knows of its parent: the token between the two, the job, and the way back.

    `shown` is the parent's standard error, where that is to show what the child's Python writes.
    """

    token = b""
    job = b""
    shown: int | None = None
    answers: IO[bytes] | None = None

    @classmethod
    def send(cls, **message: Any) -> None:
        if cls.answers is not None:
            cls.answers.write(cls.token + json.dumps(message).encode() + b"\n")
            cls.answers.flush()


def begin() -> None:
    """Take the job and split into a guard, which never returns, and a worker, which does.

    Ends the process where the parent has died before it had given the job.
    """
    with open(0, "rb", buffering=0, closefd=False) as stdin:
        head = json.loads(stdin.readline() or b'{"token": "", "litter": [], "job": 1}')
        job = b""
        while len(job) < head["job"]:
            part = stdin.read(head["job"] - len(job))
            if not part:
                os._exit(1)
            job += part
    _Parent.token, _Parent.job, _Parent.answers = head["token"].encode(), job, os.fdopen(os.dup(1), "wb")
    _Parent.shown = head.get("shown")
    if hasattr(os, "fork"):
        _split(head["litter"])
    else:
        threading.Thread(target=_end_with_parent, daemon=True).start()


def _split(litter: Sequence[str]) -> None:
    guard = os.getpid()
    ended, alive = os.pipe()
    worker = os.fork()
    for number in (signal.SIGINT, signal.SIGHUP):  # of the terminal's whole group; the parent sees to it
        signal.signal(number, signal.SIG_IGN)
    if worker:
        os.close(alive)
        _guard(worker, ended, litter)
    os.close(ended)  # `alive` stays open until the worker ends
    _end_with(guard)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def _guard(worker: int, ended: int, litter: Sequence[str]) -> None:
    """Wait for the end of the worker, then for the parent's goodbye; or for the parent's end, and tidy up for it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(OSError):
        os.setsid()  # a signal for the parent's whole group, SIGKILL too, leaves the one that tidies up
    if 0 in select.select([0, ended], [], [])[0]:
        os.kill(worker, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    with suppress(OSError):
        _Parent.send(ended=code)
    if os.read(0, 1) != GOODBYE:
        for folder in litter:
            shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _end_with(guard: int) -> None:
    """Have Linux kill this process when its guard ends."""
    if sys.platform == "linux":
        import ctypes

        set_signal_at_parents_death = 1  # PR_SET_PDEATHSIG of <linux/prctl.h>
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(set_signal_at_parents_death, signal.SIGKILL)
        if os.getppid() != guard:
            os._exit(1)


def _end_with_parent() -> None:
    """The parent's end of the pipe is closed by its death, of whatever kind."""
    os.read(0, 1)
    os._exit(1)


def serve(work: Callable[[Any, Tell], Any]) -> None:
    """The child's side: do the job of one parent, and end when it ends. What `work` returns is plain data."""
    os.dup2(2, 1)
    if _Parent.shown is not None:
        sys.stdout = sys.stderr = os.fdopen(_Parent.shown, "w", buffering=1, encoding="utf-8", errors="replace")
    send = _Parent.send
    try:
        answer = work(pickle.loads(_Parent.job), lambda activity: send(tell=activity))
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


@contextmanager
def limited(seconds: float, most_bytes: int, failure: CnncliError) -> Iterator[None]:
    """Let a block compute for so long, and take so many bytes more than now; else its parent raises `failure`.

    The time ends a child that is lost in C. Nothing is limited outside of a child, or where the system cannot.
    """
    if _Parent.answers is None or not hasattr(signal, "setitimer"):
        yield
        return
    _Parent.send(late={"error": type(failure).__name__, "message": str(failure)})
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        with _memory_limited(most_bytes):
            yield
    except MemoryError:
        raise failure from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@contextmanager
def _memory_limited(most_bytes: int) -> Iterator[None]:
    try:
        from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit, setrlimit

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        yield
        return
    before, most = getrlimit(RLIMIT_AS)
    wanted = pages * os.sysconf("SC_PAGE_SIZE") + most_bytes
    setrlimit(RLIMIT_AS, (wanted if before == RLIM_INFINITY else min(wanted, before), most))
    try:
        yield
    finally:
        setrlimit(RLIMIT_AS, (before, most))
