"""The formats of artefacts, a file each. What --to, suffixes, writing and verification know is read off here."""

from cnncli.export.format import Format, Kind
from cnncli.export.formats.keras import Keras
from cnncli.export.formats.saved_model import SavedModel
from cnncli.export.formats.tflite import TFLite

FORMATS: tuple[Format, ...] = (
    TFLite(),
    SavedModel(),
    Keras(),
)

BY_KIND: dict[str, tuple[Format, Kind]] = {kind.name: (format, kind) for format in FORMATS for kind in format.kinds}
"""Each kind's name -> its format and itself."""
