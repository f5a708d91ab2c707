"""The proof: a written file, run by the runtime that users deploy, against the Keras model's outputs.

`python -m cnncli.export.verification`, a child that knows nothing of how the file was made.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from cnncli.child import Tell
from cnncli.child.inside import serve
from cnncli.export.formats import BY_KIND
from cnncli.export.messages import Comparison, Trial, VerificationJob
from cnncli.keras_model.backend import without_matplotlib

BLIND = 1e-3
"""Outputs that the pictures change by less than this share of the largest one would agree whatever the file does."""
CLEAR = 0.2
"""A picture is clear whose first class leads the second by so many standard deviations of all logits.

Of fresh weights a thousand classes lie close: on a third of the pictures a right int8 file swaps the first two.
"""


def verify(job: VerificationJob, tell: Tell) -> dict[str, Any]:
    """Run the file of a job on its samples; the Comparison's data, or the Trial's where nothing is expected."""
    import numpy

    format, kind = BY_KIND[job.format, job.kind]
    with numpy.load(job.samples) as samples:
        inputs, expected = samples["inputs"], samples.get("expected")
    tell(f"Verifying {format.label_of(kind)}")
    outputs = format.run(job.path, inputs)
    if expected is None:
        return tried(outputs).data()
    comparison = compare(outputs, expected)
    logits = format.logits(job.path, inputs) if kind.compares_logits else None
    if logits is not None:
        actual, expected = centred(logits.reshape(expected.shape)), centred(logarithm(expected))
        comparison = compare(actual, expected, "logits")
    else:
        actual = outputs
    comparison = replace(comparison, pictures=len(inputs))
    if job.classifies:
        comparison = replace(comparison, top1_agreement=top1_agreement(actual, expected))
    if job.classifies and kind.limits.agreement is not None:
        comparison = replace(comparison, **_of_the_clear(actual, expected))
    return comparison.data()


def _of_the_clear(actual: Any, expected: Any) -> dict[str, Any]:
    sure = clear(expected)
    agreement = top1_agreement(actual[sure], expected[sure]) if sure.any() else None
    return {"clear_agreement": agreement, "clear_pictures": int(sure.sum())}


def clear(logits: Any) -> Any:
    """Of each example whether its largest output leads the second by CLEAR."""
    import numpy

    if logits.shape[-1] < 2:
        return numpy.zeros(len(logits), bool)
    *_, second, first = numpy.moveaxis(numpy.sort(logits.reshape(len(logits), -1)), -1, 0)
    return first - second >= CLEAR * centred(logits).std()


def top1_agreement(actual: Any, expected: Any) -> float | None:
    """On which share of the examples the largest output is the same; None for a single one, or where shapes differ."""
    if actual.shape != expected.shape or expected.shape[-1] < 2:
        return None
    return float((actual.argmax(-1) == expected.argmax(-1)).mean())


def logarithm(probabilities: Any) -> Any:
    """What softmax read, but for a constant an example."""
    import numpy

    return numpy.log(numpy.maximum(probabilities, numpy.finfo("float32").tiny))


def centred(logits: Any) -> Any:
    """Logits without what softmax ignores: the mean of each example."""
    return logits - logits.mean(-1, keepdims=True)


def tried(outputs: Any) -> Trial:
    """What can be said of outputs (examples first) that are held against no others."""
    import numpy

    not_finite = int((~numpy.isfinite(outputs)).sum())
    blind = not not_finite and is_blind(outputs.astype("float64"))
    return Trial(len(outputs), outputs.shape[1:], not_finite, blind)


def is_blind(outputs: Any) -> bool:
    """Whether the examples change next to nothing in the outputs."""
    import numpy

    return not float(numpy.abs(outputs - outputs.mean(0)).max()) > BLIND * float(numpy.abs(outputs).max())


def compare(actual: Any, expected: Any, compared: str = "outputs") -> Comparison:
    """How far outputs (examples first) are from the expected ones.

    `max_abs_difference`; `max_relative_difference`, over the largest expected magnitude; `cosine` between what the
    examples change in the two (the outputs less the mean of the expected ones over the examples): 1 where they agree,
    about 0 where the file ignores the picture. All None where an output is not finite or the shapes differ.
    `blind` says that the examples change next to nothing in the expected outputs.
    """
    import numpy

    expected = expected.astype("float64")
    largest = float(numpy.abs(expected).max())
    signal = expected - expected.mean(0)
    blind = is_blind(expected)
    if actual.shape != expected.shape or not numpy.isfinite(actual).all():
        return Comparison(compared, None, None, None, blind)
    difference = float(numpy.abs(actual - expected).max())
    relative = difference / largest if largest else math.inf
    return Comparison(compared, difference, relative, cosine(actual - expected.mean(0), signal), blind)


def cosine(one: Any, other: Any) -> float:
    import numpy

    norms = float(numpy.linalg.norm(one) * numpy.linalg.norm(other))
    return float((one * other).sum()) / norms if norms else 0.0


if __name__ == "__main__":
    without_matplotlib()
    serve(verify)
