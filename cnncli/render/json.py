"""A document as JSON; several reports as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cnncli.amounts import UNKNOWN, AtLeast
from cnncli.document.document import Document
from cnncli.words import visible_in_json


def write(document: Document) -> str:
    data = document.data()
    if isinstance(data, Mapping):
        return _line(data, indent=2)
    return "".join(map(_line, data))


def _line(data: Any, indent: int | None = None) -> str:
    return visible_in_json(json.dumps(data, indent=indent, ensure_ascii=False, default=_amount)) + "\n"


def _amount(value: Any) -> Any:
    """What is unknown is null; of what is known in part, that part. Where figures are incomplete, `uncounted` says."""
    if value is UNKNOWN:
        return None
    if isinstance(value, AtLeast):
        return value.known
    raise TypeError(f"{value!r} has no place in JSON")
