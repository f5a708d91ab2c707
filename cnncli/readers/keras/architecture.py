"""What `model.to_json()` of Keras gives: a configuration alone, of which the weights follow.

Also what `model.get_config()` gives, and a text of JSON within JSON, as `json.dump(model.to_json(), file)` writes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnncli.errors import UsageError
from cnncli.readers.keras.config import has_layers
from cnncli.readers.keras.file import configuration, reading
from cnncli.readers.keras.stores import NOWHERE
from cnncli.readers.reading import Reading, Settings
from cnncli.readers.source import Source, parsed_json


def read(source: Source, path: Path, settings: Settings) -> Reading:
    written = _described(configuration(_unquoted(source), source))
    if not has_layers(written):
        raise UsageError(f"{source.name} is the JSON of a layer or of a subclassed model, which says no layers")
    version = written.get("keras_version")
    return reading(written, NOWHERE, f"Keras {version}" if version else "Keras", settings, source)


def _unquoted(source: Source) -> bytes:
    content = source.read(0, source.size)
    within = parsed_json(content, source) if content.lstrip()[:1] == b'"' else None
    return within.encode() if isinstance(within, str) else content


def _described(written: Any) -> Any:
    """A model's configuration with its class, which what `get_config` gives has not."""
    if "class_name" in written or "layers" not in written:
        return written
    return {"class_name": "Functional" if "output_layers" in written else "Sequential", "config": written}
