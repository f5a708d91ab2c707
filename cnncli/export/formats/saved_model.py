"""SavedModels that hold each weight once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnncli.export.kinds import INPUT_NAME


def write(model: Any, path: Path, batch: int | None, output_name: str) -> None:
    """Write a directory with the signature `serving_default`: `image` to `output_name`, of a free batch unless given.

    Keras's own `model.export` keeps its bookkeeping in the file and with it every weight twice. Raises OSError where
    the file system refuses.
    """
    import tensorflow

    (image,) = model.inputs
    module = tensorflow.Module()
    module.weights = [weight.value for weight in model.weights]
    module.serve = tensorflow.function(
        lambda image: {output_name: model(image, training=False)},
        input_signature=[tensorflow.TensorSpec((batch, *image.shape[1:]), tensorflow.float32, name=INPUT_NAME)],
    )
    try:
        tensorflow.saved_model.save(
            module, str(path), signatures={"serving_default": module.serve.get_concrete_function()}
        )
    except tensorflow.errors.OpError as error:
        reason = error.message.rpartition("; ")[2].partition(" [Op:")[0]
        raise OSError(reason) from error
