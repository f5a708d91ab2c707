"""`.keras`: a zip archive of a configuration, of who wrote it, and of weights as an HDF5 file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnncli.errors import LayerError, UsageError
from cnncli.graph import Graph, Weight
from cnncli.readers.keras.config import class_name, has_layers, model_config
from cnncli.readers.keras.graph import graph_of
from cnncli.readers.keras.hdf5 import File
from cnncli.readers.keras.stores import NOWHERE, Saved, Store
from cnncli.readers.keras.tables import saved_table
from cnncli.readers.reading import Reading, Settings, warn_of_open
from cnncli.readers.source import Archive, Damaged, Source, parsed_json

WEIGHTS = "model.weights.h5"
MOST_CONFIG = 2**24
"""Bytes of a configuration; EfficientNetB7's has 1.3 million."""
MOST_PARTS = 2**20
"""Lists and objects in it."""


def read(source: Source, path: Path, settings: Settings) -> Reading:
    archive = Archive(source)
    described = configuration(archive.content("config.json"), source)
    about = parsed_json(archive.content("metadata.json"), source) if "metadata.json" in archive.names else {}
    return reading(described, _store(archive), _producer(about), settings, source)


def configuration(content: bytes, source: Source) -> Any:
    """A configuration that is no larger than any model's. Raises Damaged."""
    parts = content.count(b"[") + content.count(b"{")
    if len(content) > MOST_CONFIG or parts > MOST_PARTS:
        source.fail(f"has a configuration of {len(content):,} bytes and {parts:,} parts, far more than any model's")
    found = parsed_json(content, source)
    if not isinstance(found, dict):
        source.fail("has a configuration that is no JSON object")
    return found


def reading(described: Any, store: Store, producer: str, settings: Settings, source: Source) -> Reading:
    """A model by its configuration and weights; one that says nothing of its layers is a table of its weights."""
    if has_layers(described):
        with told_of(source):
            graph = graph_of(model_config(described), store, settings)
        warn_of_open(graph)
        return Reading(graph, producer, quantization(graph))
    name = described.get("config", {}).get("name") if isinstance(described.get("config"), dict) else ""
    graph = saved_table(str(name or class_name(described)), store)
    graph.warn(
        f"{class_name(described)} is a subclassed model: how its layers are connected is in its code alone; "
        "these are its weights"
    )
    return Reading(graph, producer, quantization(graph), only_weights=True)


@contextmanager
def told_of(source: Source) -> Iterator[None]:
    """What is wrong with a model is told with the file's name."""
    try:
        yield
    except Damaged:
        raise
    except (UsageError, LayerError) as error:
        raise UsageError(f"{source.name}: {error}") from None


def _store(archive: Archive) -> Store:
    if WEIGHTS in archive.names:
        return Saved(File(archive.part(WEIGHTS)).root)
    return NOWHERE


def _producer(about: Any) -> str:
    version = about.get("keras_version") if isinstance(about, dict) else None
    return f"Keras {version}" if version else "Keras"


def quantization(graph: Graph) -> str:
    """In a word how the larger weights are stored, where that is not as float32."""
    weights: Sequence[Weight] = [weight for node in graph.nodes for weight in node.weights if len(weight.shape) > 1]
    dtypes = {weight.dtype for weight in weights}
    if dtypes & {"int8", "uint8", "int4"}:
        return "int8 weights"
    return next((dtype for dtype in ("float16", "bfloat16") if dtypes == {dtype}), "")
