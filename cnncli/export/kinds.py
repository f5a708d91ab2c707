"""What --to, --quantize and the suffix of a file may be, read off the formats, and as a sentence lists them."""

from __future__ import annotations

from cnncli.document.prose import enumerated
from cnncli.export.formats import FORMATS

BY_NAME = {format.name: format for format in FORMATS}
"""What --to names."""
SUFFIXES = {format.suffix: format for format in FORMATS}
QUANTIZE = tuple(dict.fromkeys(kind.name for format in FORMATS if format.quantizes for kind in format.kinds))
"""What --quantize names."""


def names() -> str:
    """What --to takes, as a sentence has it."""
    return enumerated(list(BY_NAME), "or")


def endings(stem: str = "") -> list[str]:
    """What the name of a file may end in: the suffixes of the formats that are files."""
    return [stem + format.suffix for format in FORMATS if not format.directory]


def directories() -> str:
    """What a name without a suffix is, as a sentence has it."""
    return enumerated([f"a directory for a {format.label}" for format in FORMATS if format.directory], "or")
