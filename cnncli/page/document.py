"""The page itself: what is written around the data, and the policy by which a browser holds it to itself."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from cnncli.page.colours import Colours
from cnncli.words import visible

SCRIPTS = ("values", "warp", "drawing", "pane", "boxes", "panel", "table", "search", "printing", "main")
"""The parts of the script, in the order in which each finds what it uses."""


def document(title: str, data: Mapping[str, Any], colours: Colours) -> str:
    """One file of HTML. Nothing in it asks for anything: what may run or give style is named by its hash."""
    style = f"\n{colours.style()}\n{_read('page.css')}"
    parts = "\n".join(_read(f"{name}.js") for name in SCRIPTS)
    script = f'\n"use strict";\n(() => {{\n{parts}}})();\n'
    filled = {
        "TITLE": escape(visible(title)),
        "POLICY": policy(script, style),
        "STYLE": style,
        "DATA": written(data),
        "SCRIPT": script,
    }
    page = _read("page.html")
    before, *pieces = page.split("{{")
    named = (piece.partition("}}") for piece in pieces)
    return before + "".join(filled[name] + rest for name, _, rest in named)


def policy(script: str, style: str) -> str:
    """A Content Security Policy (https://www.w3.org/TR/CSP3) that allows this script and this style, and no request.

    The empty icon is written as data: so that no browser asks for one.
    """
    return (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode()


def written(data: Any) -> str:
    """JSON that can stand in a script element: nothing in it ends one, or begins anything else."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _read(name: str) -> str:
    return files("cnncli.page").joinpath(name).read_text(encoding="utf-8")
