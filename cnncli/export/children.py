"""Which child writes what is asked for, and what must be installed for it: found out before anything slow begins."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

from cnncli.errors import MachineError, installing, lacking

if TYPE_CHECKING:
    from cnncli.export.exporting import Request

WITH_KERAS, WITHOUT_KERAS = "cnncli.export.worker", "cnncli.export.direct"
EXTRA = "onnx"
"""The one of ours with which all comes that is needed without Keras."""


def writer(request: Request) -> str:
    """The module of the child that writes: by the Keras model, or without where that is possible and enough.

    Raises MachineError for what is not installed.
    """
    _require(_besides_tensorflow(request))
    if goes_without_keras(request):
        _require(("numpy", "h5py"), EXTRA)
        return WITHOUT_KERAS
    if not has_keras() and not any(target.format.of_keras for target in request.targets):
        raise MachineError(_keras_needed(request))
    _require(("tensorflow", "keras"))
    return WITH_KERAS


def goes_without_keras(request: Request) -> bool:
    """Whether the files can be written of the graph and a file of weights, and nothing is to be compared with Keras."""
    if request.weights is None or any(target.format.of_keras for target in request.targets):
        return False
    return request.verify is False or (request.verify is None and not has_keras())


def _keras_needed(request: Request) -> str:
    """Why it does not go without."""
    if request.weights is None:
        return (
            "fresh weights are Keras's, and tensorflow is not installed: name a file of weights by --weights, "
            f"or {installing('tensorflow')}"
        )
    return (
        f"--verify compares with the Keras model, and tensorflow is not installed: {installing('tensorflow')}, "
        "or leave --verify out, for the file to be checked and run alone"
    )


def _besides_tensorflow(request: Request) -> Iterator[str]:
    for format, kind, _ in request.targets:
        yield from format.written_with
        if request.verify is not False or kind.quantizes_activations:
            yield from format.run_with


def _require(modules: Iterable[str], extra: str = "") -> None:
    for name in modules:
        if not is_installed(name):
            raise lacking(ModuleNotFoundError(name=name), extra)


def has_keras() -> bool:
    return is_installed("tensorflow") and is_installed("keras")


def is_installed(module: str) -> bool:
    """Whether it would be found: it is not imported. Children look for nothing in the working directory."""
    if module in sys.modules:
        return sys.modules[module] is not None
    return PathFinder.find_spec(module, [place for place in sys.path if place]) is not None
