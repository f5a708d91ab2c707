"""From a layer graph to a Keras model. Together with `export`, the only room that knows TensorFlow."""

from cnncli.keras_model.backend import import_keras, quiet
from cnncli.keras_model.lowering import keras_name, lower

__all__ = ["import_keras", "keras_name", "lower", "quiet"]
