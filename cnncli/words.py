"""Words that come from outside, made fit to be shown."""

from __future__ import annotations

import re

# What a terminal, a log or a page obeys instead of showing it: the control characters (C0, DEL, C1), the marks that
# turn the direction of writing, and halves of surrogate pairs, which stand for bytes that are no text.
_IN_A_LINE = "\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_OBEYED, _OBEYED_IN_LINES = re.compile(f"[\n{_IN_A_LINE}]"), re.compile(f"[{_IN_A_LINE}]")


def visible(text: str, but: str = "") -> str:
    """`text` with such characters written out, `\\x1b` for an escape; those in `but` stay as they are."""
    if text.isprintable():  # as almost every text is, and none of these characters
        return text
    return _OBEYED.sub(lambda found: found[0] if found[0] in but else _written_out(found[0]), text)


def _written_out(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"


def visible_in_json(text: str) -> str:
    """JSON text with such characters, which can only stand within its strings, in JSON's own spelling."""
    return _OBEYED_IN_LINES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
