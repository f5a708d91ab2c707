"""The formats of artefacts, a file each. What --to, suffixes, writing and verification know is read off here."""

from cnncli.export.format import Format, Kind
from cnncli.export.formats.keras import Keras
from cnncli.export.formats.onnx import ONNX
from cnncli.export.formats.saved_model import SavedModel
from cnncli.export.formats.tflite import TFLite

FORMATS: tuple[Format, ...] = (
    TFLite(),
    SavedModel(),
    Keras(),
    ONNX(),
)

BY_KIND: dict[tuple[str, str], tuple[Format, Kind]] = {
    (format.name, kind.name): (format, kind) for format in FORMATS for kind in format.kinds
}
"""A format's name and that of one of its kinds -> both."""
