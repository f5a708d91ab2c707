"""What the standard input brings: model references, one a line."""

from __future__ import annotations

import sys

from cnncli.errors import MachineError, UsageError

MOST_BYTES = 2**20
MOST_REFERENCES = 10_000


def references() -> list[str]:
    """One a line; blank lines, and what follows a #, aside.

    Raises UsageError where there are none or too many, or no UTF-8 text; MachineError where it cannot be read.
    """
    found = [reference for line in _text().splitlines() if (reference := line.partition("#")[0].strip("\ufeff \t"))]
    if not found:
        raise UsageError("no references on the standard input; write one a line")
    if len(found) > MOST_REFERENCES:
        raise UsageError(f"{len(found):,} references on the standard input; at most {MOST_REFERENCES:,} are taken")
    return found


def _text() -> str:
    """All of it, whatever encoding the locale or PYTHONIOENCODING would read it in."""
    try:
        read = getattr(sys.stdin, "buffer", sys.stdin).read(MOST_BYTES + 1)
    except OSError as error:
        raise MachineError(f"standard input: {error.strerror or error}") from error
    if len(read) > MOST_BYTES:
        raise UsageError(f"more than {MOST_BYTES:,} bytes on the standard input; write references there, one a line")
    try:
        return read.decode() if isinstance(read, bytes) else str(read)
    except UnicodeDecodeError as error:
        raise UsageError(f"the standard input is not UTF-8 text: {error.reason} at byte {error.start}") from None
