"""TensorFlow.js's `model.json`: a Keras 2 configuration, and a manifest of weights with their shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cnncli.errors import UsageError
from cnncli.graph import Weight
from cnncli.readers.keras.config import has_layers
from cnncli.readers.keras.file import configuration, reading
from cnncli.readers.keras.stores import Flat, flat_weight
from cnncli.readers.reading import Reading, Settings
from cnncli.readers.source import Source


def read(source: Source, path: Path, settings: Settings) -> Reading:
    written = configuration(source.read(0, source.size), source)
    topology = written.get("modelTopology")
    if not isinstance(topology, Mapping):
        raise UsageError(f"{source.name} is JSON, but no TensorFlow.js model: it has no modelTopology")
    if "node" in topology or written.get("format") == "graph-model":
        raise UsageError(
            f"{source.name} is a TensorFlow.js graph model, a TensorFlow graph in JSON, which is not read; name the "
            "SavedModel or the Keras file that it was converted from, or convert it to format tfjs_layers_model"
        )
    described = topology.get("model_config", topology)
    if not has_layers(described):
        raise UsageError(f"{source.name} says nothing of the layers of its model")
    stored = list(_weights(written.get("weightsManifest") or ()))
    return reading(described, Flat(stored), _producer(written, topology), settings, source)


def _weights(manifest: Any) -> Iterator[tuple[str, Weight]]:
    """Path, shape and dtype of each weight: one that is quantized says what its numbers stand for."""
    for group in manifest:
        for each in group["weights"]:
            packed = each.get("quantization") or {}
            yield flat_weight(
                str(each["name"]), tuple(map(int, each["shape"])), str(packed.get("dtype", each["dtype"]))
            )


def _producer(written: Mapping[str, Any], topology: Mapping[str, Any]) -> str:
    said = written.get("generatedBy") or (f"Keras {topology['keras_version']}" if "keras_version" in topology else "")
    return " to ".join(str(each) for each in (said, written.get("convertedBy")) if each)
