"""TensorFlow's operations as layers: by the names and attributes of tensorflow/core/ops."""

from __future__ import annotations

from cnncli.errors import LayerError
from cnncli.readers.saved_model.cellwise import CELLWISE
from cnncli.readers.saved_model.frame import Call, Value
from cnncli.readers.saved_model.kernels import KERNELS
from cnncli.readers.saved_model.normalization import NORMALIZATIONS
from cnncli.readers.saved_model.parts import PARTS
from cnncli.readers.saved_model.shaping import SHAPING
from cnncli.readers.saved_model.summaries import SUMMARIES
from cnncli.readers.saved_model.walk import Handler, Walk, opaque


def _safe(handler: Handler) -> Handler:
    """An operation that its layer does not fit is an opaque one."""

    def handle(walk: Walk, call: Call) -> list[Value]:
        try:
            return handler(walk, call)
        except (LayerError, ValueError, IndexError, ZeroDivisionError):
            return opaque(walk, call)

    return handle


HANDLERS: dict[str, Handler] = {
    name: _safe(handler)
    for table in (KERNELS, NORMALIZATIONS, CELLWISE, SUMMARIES, SHAPING, PARTS)
    for name, handler in table.items()
}
"""What each operation is; all others are opaque."""
