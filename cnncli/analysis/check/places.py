"""Where in a file something is written, for messages that name the line: the parsers do not tell.

A text is read for its places once, however many are asked for.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple


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


_NEWLINE = re.compile("\n")
_TOML_KEY = re.compile(r"""(?<![\w-])(?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)'|(?P<bare>[\w-]+))\s*(?=[\].=])""")


class TomlLines:
    """The lines of TOML keys."""

    def __init__(self, text: str) -> None:
        self._newlines = [found.start() for found in _NEWLINE.finditer(text)]
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for found in _TOML_KEY.finditer(text):
            self._places[found["double"] or found["single"] or found["bare"] or ""].append(found.start())

    def line(self, *keys: str) -> int:
        """The line on which the last of nested keys is written.

        Each key is searched for behind the place of the one before it; keys stand in quotes or not, in headers or
        before an equals sign. Text that only looks like a key, as in a comment, may lead it astray by a few lines.
        """
        at = 0
        for key in keys:
            places = self._places.get(key, [])
            found = bisect_left(places, at)
            at = places[found] if found < len(places) else at
        return bisect_left(self._newlines, at) + 1


class KeyTwice(Exception):
    """A JSON object has a key twice."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    """A JSON object, as json.loads takes it for its `object_pairs_hook`. Raises KeyTwice."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise KeyTwice(key)
        found[key] = value
    return found


_JSON_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\]:\n]')


class JsonLines:
    """The lines of JSON keys; `again` has for each key that is written twice in one place the line of the second."""

    def __init__(self, text: str) -> None:
        self.again: dict[str, int] = {}
        self._lines: dict[tuple[str, ...], int] = {}
        around: list[str] = []
        line, text_before = 1, '""'
        for token in _JSON_TOKEN.findall(text):
            if token == "\n":
                line += 1
            elif token == ":":
                around[-1:] = [json.loads(text_before)]
                self._add(tuple(around), line)
            elif token in "{[":
                around.append("")
            elif token in "}]":
                around[-1:] = []
            else:
                text_before = token

    def _add(self, keys: tuple[str, ...], line: int) -> None:
        if keys in self._lines:
            self.again.setdefault(keys[-1], line)
        self._lines.setdefault(keys, line)

    def line(self, *keys: str) -> int:
        """Of nested keys the line of the last that is written."""
        nested = (keys[:count] for count in range(len(keys), 0, -1))
        return next((self._lines[key] for key in nested if key in self._lines), 1)
