"""From a layer graph to a Keras model. Together with `export`, the only room that knows TensorFlow."""

from cnncli.keras_model.agreement import Difference, differences
from cnncli.keras_model.apart import build_apart
from cnncli.keras_model.backend import import_keras, quiet, uncollected
from cnncli.keras_model.building import SUFFIXES, Build, build
from cnncli.keras_model.lowering import keras_name, lower
from cnncli.keras_model.weights import load_weights

__all__ = [
    "SUFFIXES",
    "Build",
    "Difference",
    "build",
    "build_apart",
    "differences",
    "import_keras",
    "keras_name",
    "load_weights",
    "lower",
    "quiet",
    "uncollected",
]
