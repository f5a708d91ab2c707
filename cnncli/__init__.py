"""cnncli: inspect, draw, compare and export convolutional networks by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["load"]

if TYPE_CHECKING:
    from cnncli.models.registry import load


def __getattr__(name: str) -> Any:
    """Load the registry when it is first asked for: `import cnncli` alone stays free of cost."""
    if name == "load":
        from cnncli.models.registry import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
