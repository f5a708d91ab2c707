"""SavedModels that hold each weight once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnncli.export.format import EXACT, INPUT_NAME, SIGNATURE, Format, Kind, Overhead, Source, in_batches


class SavedModel(Format):
    """A directory, of any batch unless one is given."""

    name = "saved_model"
    label = "SavedModel"
    suffix = ""
    kinds = (Kind("saved_model", "float32", EXACT, Overhead(100_000, 8000)),)

    def owns(self, path: Path) -> bool:
        return (path / "saved_model.pb").is_file()

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
            raise OSError(reason) from error

    def run(self, path: Path, inputs: Any) -> Any:
        import tensorflow

        signature = tensorflow.saved_model.load(str(path)).signatures[SIGNATURE]
        (taken,) = signature.structured_input_signature[1].values()

        def run(batch: Any) -> Any:
            (output,) = signature(**{INPUT_NAME: tensorflow.constant(batch)}).values()
            return output.numpy()

        return in_batches(run, inputs, taken.shape[0] or 1)
