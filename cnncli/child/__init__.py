"""Heavy work in a child process: what it tells on the way, how it fails, and that it never outlives its parent.

`parent` starts a child and hears it, `inside` is what runs within it.

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

import sys
from collections.abc import Callable

Tell = Callable[[str], None]

GOODBYE = b"."
"""What a parent writes that has not died."""


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
