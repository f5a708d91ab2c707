"""File descriptors that C libraries write to, past Python's streams."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


@contextmanager
def redirected(descriptor: int, target: IO[bytes]) -> Iterator[None]:
    """Let a descriptor lead to `target`; a closed one stays closed."""
    try:
        original = os.dup(descriptor)
    except OSError:
        yield
        return
    try:
        _flush()
        os.dup2(target.fileno(), descriptor)
        yield
    finally:
        _flush()
        os.dup2(original, descriptor)
        os.close(original)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
