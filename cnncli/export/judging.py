"""What a verification says of a file, judged: in sentences, of which there is none where nothing is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from cnncli.export.format import FEWEST_CLEAR, Kind, Limits
from cnncli.export.messages import Comparison, Trial
from cnncli.graph import Shape


def differences(kind: Kind, comparison: Comparison) -> Iterator[str]:
    """Why a comparison does not prove a file right; nothing where it does."""
    what, relative, cosine = comparison.compared, comparison.max_relative_difference, comparison.cosine
    if comparison.blind:
        yield (
            "the check cannot see: the pictures hardly change the Keras model's outputs; "
            "take other pictures, trained weights, or none for calibrated ones, or --no-verify"
        )
    elif relative is None or cosine is None:
        yield f"its {what} are not finite, or not of the Keras model's shape"
    elif not (relative <= kind.limits.relative_difference and cosine >= kind.limits.cosine):
        yield (
            f"its {what} are not the Keras model's: relative difference {relative:.2g} "
            f"(at most {kind.limits.relative_difference:g}), cosine {cosine:.4f} (at least {kind.limits.cosine:g})"
            f"{_agreement(comparison)}{f'; {kind.advice}' if kind.advice else ''}"
        )


def flaws(trial: Trial, shape: Shape) -> Iterator[str]:
    """What is wrong with what a file gave, whatever the network computes; nothing where nothing is seen."""
    if trial.output_shape != shape:
        found, wanted = ("x".join(map(str, each)) for each in (trial.output_shape, shape))
        yield f"its outputs are of shape {found}, the network's {wanted}"
    elif trial.not_finite:
        yield f"{trial.not_finite:,} of its outputs on {trial.pictures} pictures are not finite"


def loss(kind: Kind, limits: Limits, comparison: Comparison) -> str | None:
    """Whether a right file finds other classes than the Keras model more often than it may."""
    least, found, pictures = limits.agreement, comparison.clear_agreement, comparison.clear_pictures
    if least is None or found is None or pictures < FEWEST_CLEAR or found >= least:
        return None
    return (
        f"differs: quantization: the same class on {found:.0%} of {pictures} clear pictures (at least {least:.0%}); "
        f"{kind.advice}; or --accept-loss"
    )


def _agreement(comparison: Comparison) -> str:
    agreement = comparison.top1_agreement
    return "" if agreement is None else f", the same class on {agreement:.0%} of the pictures"
