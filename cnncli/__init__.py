"""cnncli: inspect, draw, compare and export convolutional networks.

`load("mobilenet_v2", alpha=0.5)` is a network with its graph, totals, table, picture and checks, `from_keras(model)`
the network of a keras.Model, `to_keras(network)` a keras.Model again. Importing cnncli alone costs nothing.
"""

__version__ = "0.1.0"

__all__ = ["from_graph", "from_keras", "load", "to_keras"]

# Not `typing`, not even `__future__`: nothing is imported before __main__ has seen to the path.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from cnncli.library import from_graph, from_keras, load, to_keras


def __getattr__(name: str) -> "Any":
    """Load what is asked for only then."""
    if name in __all__:
        import cnncli.library

        return getattr(cnncli.library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
