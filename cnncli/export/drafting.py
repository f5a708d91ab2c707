"""What the children that write files have in common, with a Keras model or without one."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cnncli.child import peak_memory
from cnncli.errors import CheckFailed, MachineError
from cnncli.export.format import Description, Source
from cnncli.export.formats import BY_KIND
from cnncli.export.messages import Draft, FileAnswer
from cnncli.export.pictures import random_pictures, scaled
from cnncli.export.representative import Representative
from cnncli.graph import Shape

LEAST_SAMPLES, MOST_SAMPLES = 4, 32
LEAST_TRIED = 3
"""Where nothing is compared: one picture alone, and several at once."""
SAMPLED_PIXELS = 8 * 224 * 224
"""In the pictures that the verification compares: few would leave it to chance what a cosine of few outputs is."""
FOR_CLASSES, MOST_FOR_CLASSES = 8, 96
"""So many times more pictures where it is counted on how many the class is the same, and the most that they become.

About half of them are clear. Of 10 clear ones a right file of MobileNet V1 has lost 3, of 49 only 5.
"""


def samples(given: Representative, shape: Shape, drafts: Iterable[Draft], *, compared: bool = True) -> Any:
    """Pictures as the network takes them, on which the drafts are to be verified.

    They are the representative ones; random ones where those are too few, or random. More where classes are compared.
    """
    height, width, _ = shape
    count = max(LEAST_SAMPLES if compared else LEAST_TRIED, SAMPLED_PIXELS // (height * width))
    of_classes = compared and any(BY_KIND[draft.format, draft.kind][1].limits.agreement for draft in drafts)
    most, times = (MOST_FOR_CLASSES, FOR_CLASSES) if of_classes else (MOST_SAMPLES, 1)
    count = min(most, times * count)
    if len(given) < (count if given.is_random else LEAST_SAMPLES):
        return scaled(random_pictures(count, shape), given.values)
    return given.taken(range(min(count, len(given))))


def written(source: Source, drafts: Sequence[Draft], tell: Callable[[str], None]) -> tuple[FileAnswer, ...]:
    """Write all drafts. A kind that cannot be made is an `error` in its place.

    Raises MachineError where the system refuses.
    """
    return tuple(_written(source, draft, tell) for draft in drafts)


def _written(source: Source, draft: Draft, tell: Callable[[str], None]) -> FileAnswer:
    started = time.perf_counter()
    error = description = None
    try:
        description = _write(source, draft, tell)
    except CheckFailed as failure:
        error = str(failure)
    except OSError as failure:
        if failure.errno is None:  # of a library that cannot be loaded: the file is not to blame
            raise
        raise MachineError(f"{draft.target} cannot be written: {failure.strerror or failure}") from failure
    return FileAnswer(round(time.perf_counter() - started, 3), peak_memory(), error, description)


def _write(source: Source, draft: Draft, tell: Callable[[str], None]) -> Description | None:
    """Write a file; what is known of it without running it."""
    format, kind = BY_KIND[draft.format, draft.kind]
    tell(f"Writing {format.label_of(kind)}")
    format.write(source, kind, draft.path)
    return format.describe(draft.path)


def sha256(weights: Iterable[Any]) -> str:
    """Of all weights' bytes, in Keras's order."""
    import numpy

    digest = hashlib.sha256()
    for weight in weights:
        digest.update(numpy.ascontiguousarray(weight).data)
    return digest.hexdigest()
