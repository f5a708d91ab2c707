"""SavedModels that hold each weight once."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

from cnncli.export.format import EXACT, INPUT_NAME, SIGNATURE, Format, Kind, Overhead, Source, in_batches

GRAPHS = ("saved_model.pb", "saved_model.pbtxt")
OTHERS = ("fingerprint.pb", "keras_metadata.pb", "variables", "assets", "assets.extra", "debug")
VARIABLES = os.path.join("variables", "variables.")  # noqa: PTH118
"""What TensorFlow and Keras write into the directory of a SavedModel: the graph, what else it may have beside it, and
how the names of the files in `variables` begin."""


class SavedModel(Format):
    """A directory, of any batch unless one is given."""

    name = "saved_model"
    label = "SavedModel"
    suffix = ""
    kinds = (Kind("saved_model", "float32", EXACT, Overhead(100_000, 8000)),)

    def foreign(self, path: Path) -> str | None:
        """All of a directory without a graph of its own: its `assets` may be anybody's."""
        own = {*GRAPHS, *OTHERS} if any((path / name).is_file() for name in GRAPHS) else set()
        members = [str(member.relative_to(path)) for member in (*path.iterdir(), *path.glob("variables/*"))]
        strange = (name for name in members if name not in own and not name.startswith(VARIABLES))
        return min(strange, default=None)

    def write(self, source: Source, kind: Kind, path: Path) -> None:
        """Write a directory with the signature `serving_default`: `image` to the output, of a free batch unless given.

        Keras's own `model.export` keeps its bookkeeping in the file and with it every weight twice.
        """
        import tensorflow

        (image,) = source.model.inputs
        module = tensorflow.Module()
        module.weights = [weight.value for weight in source.model.weights]
        shape = (source.batch or None, *image.shape[1:])
        module.serve = tensorflow.function(
            lambda image: {source.output_name: source.model(image, training=False)},
            input_signature=[tensorflow.TensorSpec(shape, tensorflow.float32, name=INPUT_NAME)],
        )
        signatures = {SIGNATURE: module.serve.get_concrete_function()}
        try:
            tensorflow.saved_model.save(module, str(path), signatures=signatures)
        except tensorflow.errors.OpError as error:
            reason = error.message.rpartition("; ")[2].partition(" [Op:")[0]
            raise OSError(errno.EIO, reason) from error

    def run(self, path: Path, inputs: Any) -> Any:
        import tensorflow

        signature = tensorflow.saved_model.load(str(path)).signatures[SIGNATURE]
        (taken,) = signature.structured_input_signature[1].values()

        def run(batch: Any) -> Any:
            (output,) = signature(**{INPUT_NAME: tensorflow.constant(batch)}).values()
            return output.numpy()

        return in_batches(run, inputs, taken.shape[0] or 1)
