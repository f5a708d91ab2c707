"""Keras on TensorFlow: how it is imported, and how it is kept quiet."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import IO, Any

from cnncli.descriptors import redirected
from cnncli.errors import CnncliError, MachineError
from cnncli.words import visible


@contextmanager
def quiet() -> Iterator[None]:
    """Keep everything written to the standard output and error from within, by Python or by C, from both.

    TensorFlow logs to the descriptors 1 and 2 past Python's streams. Where an unexpected exception leaves the block,
    all that was held back is written to the standard error; the expected ones say all that there is to say. What should
    be seen meanwhile must go to a duplicate of the descriptor made before (as render.progress does).
    """
    with tempfile.TemporaryFile() as noise:
        try:
            with ExitStack() as stack:
                for descriptor in (1, 2):
                    stack.enter_context(redirected(descriptor, noise))
                yield
        except (CnncliError, OSError, MemoryError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException:
            _replay(noise)
            raise


def _replay(noise: IO[bytes]) -> None:
    noise.seek(0)
    if sys.stderr is not None:
        sys.stderr.write(visible(noise.read().decode(errors="replace"), "\n"))


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the garbage collector: where objects are made by the hundred thousand and all stay, it only costs time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@uncollected()
def import_keras() -> Any:
    """The module `keras`, on TensorFlow. Raises MachineError where it cannot be imported or runs on something else."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        import keras
    except (ImportError, ValueError) as error:  # ValueError of what KERAS_BACKEND or keras.json says
        advice = "install tensorflow, unset KERAS_BACKEND, and see what ~/.keras/keras.json says"
        raise MachineError(f"Keras cannot be imported: {error}; {advice}") from error
    if keras.backend.backend() != "tensorflow":
        raise MachineError(f"Keras runs on {keras.backend.backend()}; unset KERAS_BACKEND to let it run on TensorFlow")
    return keras
