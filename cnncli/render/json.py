"""A document as JSON; several reports as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Mapping

from cnncli.document.document import Document
from cnncli.words import visible_in_json


def write(document: Document) -> str:
    data = document.data()
    if isinstance(data, Mapping):
        return visible_in_json(json.dumps(data, indent=2, ensure_ascii=False)) + "\n"
    return "".join(visible_in_json(json.dumps(each, ensure_ascii=False)) + "\n" for each in data)
