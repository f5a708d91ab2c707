"""cnncli: inspect, draw, compare and export convolutional networks by name.

`load("mobilenet_v2", alpha=0.5)` is the layer graph of a model, `to_keras(graph)` the keras.Model of a graph.
"""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["load", "to_keras"]

TYPE_CHECKING = False  # `typing` itself is not imported: nothing is, before __main__ has seen to the path
if TYPE_CHECKING:
    from typing import Any

    from cnncli.keras_model import lower as to_keras
    from cnncli.models.reference import load


def __getattr__(name: str) -> Any:
    """Load what is asked for only then: `import cnncli` alone stays free of cost."""
    if name == "load":
        from cnncli.models.reference import load

        return load
    if name == "to_keras":
        from cnncli.keras_model import lower

        return lower
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
