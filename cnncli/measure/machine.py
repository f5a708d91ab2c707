"""What is measured on, and with."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

RUNTIME = "ai-edge-litert"


class Machine(NamedTuple):
    """`usable` of `cpus` may be used by this process; `runtime` is the version of RUNTIME, None where it is not there.

    `system` and `python` are their names with versions.
    """

    processor: str
    architecture: str
    cpus: int
    usable: int
    system: str
    python: str
    runtime: str | None


def machine() -> Machine:
    cpus = os.cpu_count() or 1
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it
    return Machine(
        processor=_processor(),
        architecture=platform.machine(),
        cpus=cpus,
        usable=len(affinity(0)) if affinity else cpus,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        runtime=_runtime(),
    )


def _processor() -> str:
    """The model's name: Linux tells it in a file, others to Python, some nobody."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    pairs = [line.partition(":") for line in lines]
    named = [text.strip() for key, _, text in pairs if key.strip() in ("model name", "Model")]
    return next(iter(named), "") or platform.processor() or platform.machine()


def _runtime() -> str | None:
    try:
        return version(RUNTIME)
    except PackageNotFoundError:
        return None
