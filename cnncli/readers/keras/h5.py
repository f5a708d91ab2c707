"""`.h5`: a model of either generation of Keras with its configuration as an attribute, or weights alone."""

from __future__ import annotations

from pathlib import Path

from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.readers.keras.file import configuration, quantization, reading
from cnncli.readers.keras.hdf5 import File, Object
from cnncli.readers.keras.stores import Legacy, Saved, texts
from cnncli.readers.keras.tables import legacy_table, saved_table
from cnncli.readers.reading import Reading, Settings
from cnncli.readers.source import Source


def read(source: Source, path: Path, settings: Settings) -> Reading:
    root = File(source).root
    written = _configuration(root)
    weights = root.children.get("model_weights")
    producer = _producer(root, weights or root)
    if written:
        described = configuration(written.encode(), source)
        return reading(described, Legacy(weights or root), producer, settings, source)
    graph = _table(path.name.split(".")[0], root, weights or root)
    if not graph.nodes:
        raise UsageError(f"{source.name} is an HDF5 file without a Keras model: it has no model_config and no weights")
    graph.warn("the file holds weights alone, not how the layers are connected; save the whole model to see that")
    return Reading(graph, producer, quantization(graph), only_weights=True)


def _configuration(root: Object) -> str:
    """The attribute `model_config`; one too long for an attribute is spread over model_config0, model_config1, ..."""
    whole = root.attributes.get("model_config")
    if isinstance(whole, str):
        return whole
    if isinstance(whole, list):
        return "".join(whole)
    return "".join(texts(root, "model_config") or [])


def _table(name: str, root: Object, weights: Object) -> Graph:
    legacy = Legacy(weights)
    return legacy_table(name, legacy) if legacy.names else saved_table(name, Saved(root))


def _producer(*places: Object) -> str:
    versions = (place.attributes.get("keras_version") for place in places)
    version = next((each for each in versions if isinstance(each, str) and each), "")
    return f"Keras {version}" if version else "Keras"
