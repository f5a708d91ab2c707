"""Which files a Keras model is built of with their own weights: a module a format.

It has `values(path, wanted)`, the arrays of the tensors that are wanted, each of so many cells; `run(path, inputs,
ends, batch)`, what the format's own runtime gives for examples; `RUNTIME`, what that is called, and
`COMPUTES_IN_HALVES`, whether it computes with weights of half precision as they are, or unpacks them before. The
functions are for child processes, and raise UsageError for what is the file's fault.
"""

from __future__ import annotations

import importlib
from typing import Any

MODULES = {"onnx": "cnncli.cloning.of_onnx", "tflite": "cnncli.cloning.of_tflite"}
"""By the key of the format (readers.formats)."""


def module_of(key: str) -> Any:
    """The module of a format, loaded when it is needed."""
    return importlib.import_module(MODULES[key])
