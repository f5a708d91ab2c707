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
from cnncli.errors import CnncliError, MachineError, bringing, lacking
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


@contextmanager
def memory_errors() -> Iterator[None]:
    """TensorFlow has an exception of its own for want of memory, and counts cells in 64 bits: both are MemoryError."""
    try:
        yield
    except Exception as error:
        words = str(error)
        if type(error).__name__ == "ResourceExhaustedError" or any(told in words for told in _TOO_MANY_CELLS):
            raise MemoryError(words) from error
        raise


_NO_ROOM_FOR_A_LIBRARY = ("failed to map segment from shared object", "Cannot allocate memory")
"""What glibc's loader says where memory runs out, which Python tells of as of an ImportError; where a place may not be
executed from it says the first one too."""
_TOO_MANY_CELLS = ("more than 2**63 - 1 entries", "overflow")


def without_matplotlib() -> None:
    """Let Keras do without matplotlib in this process, which takes half a second to load for pictures nobody draws.

    It would read a matplotlibrc in the working directory, before all others, and fail of one that is damaged.
    """
    sys.modules["matplotlib"] = None  # type: ignore[assignment]


@uncollected()
def import_keras() -> Any:
    """The module `keras`, on TensorFlow. Raises MachineError where it cannot be imported or runs on something else."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    try:
        import keras
    except Exception as error:  # of any kind, for what KERAS_BACKEND and keras.json say, and of what TensorFlow lacks
        if isinstance(error, MemoryError):
            raise
        if any(told in str(error) for told in _NO_ROOM_FOR_A_LIBRARY) and "not permitted" not in str(error):
            raise MemoryError(str(error)) from None
        if isinstance(error, ModuleNotFoundError) and bringing(error.name or ""):
            raise lacking(error) from None
        advice = "see whether Python imports tensorflow, unset KERAS_BACKEND, and see what ~/.keras/keras.json says"
        raise MachineError(f"Keras cannot be imported: {error}; {advice}") from error
    if keras.backend.backend() != "tensorflow":
        raise MachineError(f"Keras runs on {keras.backend.backend()}; unset KERAS_BACKEND to let it run on TensorFlow")
    return keras
