"""Files as pipelines name them."""

from __future__ import annotations

import os
from pathlib import Path


def in_repository(path: str, variable: str) -> str:
    """The path from the repository's root on, which a pipeline tells by a variable; of what lies elsewhere as it is."""
    root = os.environ.get(variable)
    within = os.path.relpath(path, root) if root else path
    return Path(path if within.startswith("..") else within).as_posix()
