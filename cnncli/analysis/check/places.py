"""Where in a file something is written, for messages that name the line."""

from __future__ import annotations

import re
from typing import NamedTuple


class Position(NamedTuple):
    """A file and a line, counted from 1."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


def toml_error_line(message: str, text: str) -> int:
    """The line that a TOML parser's message names; the last one where it stopped at the end."""
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else len(text.splitlines()) or 1


def toml_line(text: str, keys: tuple[str, ...]) -> int:
    """The line on which the last of nested TOML keys is written: the parser does not tell.

    Each key is searched for behind the place of the one before it; keys stand in quotes or not, in headers or before
    an equals sign. Text that only looks like a key, as in a comment, may lead it astray by a few lines.
    """
    at = 0
    for key in keys:
        word = re.escape(key)
        found = re.compile(rf"""(?<![\w-])(?:"{word}"|'{word}'|{word})\s*(?=[\].=])""").search(text, at)
        at = found.start() if found else at
    return text.count("\n", 0, at) + 1


def json_line(text: str, *keys: str) -> int:
    """The line on which the last of nested JSON keys is written, each searched for behind the one before it."""
    at = 0
    for key in keys:
        at = max(at, text.find(f'"{key}"', at))
    return text.count("\n", 0, at) + 1
