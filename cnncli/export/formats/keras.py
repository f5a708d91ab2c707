"""Keras files: the model as Keras itself stores and loads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnncli.export.format import EXACT, Format, Kind, Overhead, Source, in_batches


class Keras(Format):
    """One kind, of any batch."""

    name = "keras"
    label = "Keras file"
    suffix = ".keras"
    kinds = (Kind("keras", "float32", EXACT, Overhead(100_000, 2000)),)
    takes_batch = False

    def write(self, source: Source, kind: Kind, path: Path) -> None:
        source.model.save(path)

    def run(self, path: Path, inputs: Any) -> Any:
        from cnncli.keras_model import import_keras

        model = import_keras().models.load_model(path)
        return in_batches(lambda batch: model(batch, training=False).numpy(), inputs, 1)
