"""The child's side: it takes its job, splits into a guard and a worker, and answers."""

from __future__ import annotations

import json
import os
import pickle
import select
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from cnncli import errors
from cnncli.child import GOODBYE, Tell
from cnncli.errors import CnncliError


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
    """Do the job of one parent, and end when it ends. What `work` returns is plain data."""
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
