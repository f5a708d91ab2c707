"""Where a report goes."""

from __future__ import annotations

from pathlib import Path

from cnncli.files import write_text
from cnncli.render.console import emit


def deliver(text: str, output: Path | None, *, force: bool) -> None:
    """To the standard output, or (not for `-`) to a file, whole or not at all; raises as files.replacing."""
    if output is None or str(output) == "-":
        emit(text)
    else:
        write_text(output, text, force=force)
