"""What tells networks apart of which one stands in a file, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.analysis.compare.across import (
    Across,
    Conversion,
    Difference,
    Differs,
    InputSize,
    Left,
    Part,
    Single,
    across,
)
from cnncli.analysis.compare.changes import WIDTHS
from cnncli.analysis.compare.comparison import Entry, crosses, incomparable
from cnncli.document.numbers import grouped, shape
from cnncli.document.prose import enumerated
from cnncli.views.changes import phrase

MOST_NAMED = 4
"""More single layers than these are counted, and left to --diff."""


def across_lines(one: Entry, other: Entry) -> list[str]:
    """Sentences on two networks; none where both are of the registry."""
    if not crosses(one, other):
        return []
    if incomparable(one, other):
        alone = [each.reference for each in (one, other) if each.only_weights]
        hold, their = ("hold", "their") if len(alone) > 1 else ("holds", "its")
        told = f"{hold} weights alone, not how layers are connected: {their} layers are not compared."
        return [f"{enumerated(alone)} {told}"]
    return sentences(one.reference, other.reference, across(one, other))


def sentences(before: str, after: str, found: Across) -> list[str]:
    """What tells two networks apart, and what only their kinds of files do."""
    return [_verdict(before, after, found), *map(_conversion, found.conversions)]


def differences(found: Across) -> list[str]:
    """What tells two networks apart, a phrase each."""
    return list(map(_difference, found.differences))


def _verdict(before: str, after: str, found: Across) -> str:
    both = f"{before} and {after}"
    if found.same:
        return f"{both} have no structural difference."
    if not found.differences:
        return f"{both} have the same layers, but wire them differently."
    if not found.akin:
        return f"{both} are different networks: of {found.units:,} layers {found.alike:,} are alike."
    named = [each for each in found.differences if isinstance(each, (InputSize, Differs))]
    single = [each for each in found.differences if isinstance(each, Single)]
    words = [_difference(each) for each in named]
    whose = _whose(single)
    if len(single) > MOST_NAMED:
        widths = all(map(_is_width, single))
        layers = f"{'the widths of ' if widths else ''}{len(single)} layers{whose and f' that {whose}'}"
        words.append(f"{layers}, which --diff names")
        if not (whose or widths):
            return f"{both} have {found.alike:,} of {found.units:,} layers alike, and differ in {enumerated(words)}."
    elif whose:
        words.append(f"{enumerated([each.before or each.after for each in single])}, which {whose}")
    else:
        words += [_difference(each) for each in single]
    return f"{both} are identical but for {enumerated(words)}."


def _is_width(difference: Single) -> bool:
    """Whether nothing but a layer's number of filters or units differs."""
    return bool(difference.facts) and all(fact.what in WIDTHS for fact in difference.facts)


def _whose(single: Sequence[Single]) -> str:
    """Which of two networks has layers, where they are all further ones of the same."""
    if not single:
        return ""
    if all(not each.before for each in single):
        return "only the second has"
    return "only the first has" if all(not each.after for each in single) else ""


def _difference(difference: Difference) -> str:
    if isinstance(difference, InputSize):
        return f"the input's size ({shape(difference.before)} → {shape(difference.after)})"
    if isinstance(difference, Differs):
        return _part(difference)
    name = difference.before or difference.after
    if not (difference.before and difference.after):
        return f"{name}, which only the {'first' if difference.before else 'second'} has"
    return f"{name} ({', '.join(map(phrase, difference.facts))})"


def _part(difference: Differs) -> str:
    before, after = difference.before, difference.after
    if difference.part is Part.HEAD:
        return f"the head ({shape(before)} → {shape(after)})" if before != after else "the head"
    if difference.part is Part.PADDING:
        return "how " + ("a kernel pads its map" if difference.count == 1 else f"{difference.count} kernels pad")
    return f"the last activation ({before or 'none'} → {after or 'none'})"


def _conversion(conversion: Conversion) -> str:
    reference = conversion.reference
    if conversion.what is Left.FOLDED:
        fewer = "" if conversion.params is None else f": {grouped(conversion.params)} parameters fewer"
        return f"Batch normalization is folded into the kernels in {reference}{fewer}."
    if conversion.what is Left.TRAINING:
        return f"What acts in training only, such as dropout, is left out of {reference}."
    if conversion.what is Left.SCALING:
        return f"The scaling of the input is left out of {reference}, or folded into its first kernel."
    return f"Quantization of {reference}: {conversion.detail}."


def conversions(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Of each network that stands in another kind of source than the first, what tells them apart."""
    base, *others = entries
    return [_data(base, other) for other in others if crosses(base, other)]


def _data(base: Entry, other: Entry) -> dict[str, Any]:
    if incomparable(base, other):
        nothing = dict.fromkeys(("same_structure", "layers", "layers_alike"))
        return {"model": other.reference, **nothing, "but_for": [], "conversions": []}
    found = across(base, other)
    return {
        "model": other.reference,
        "same_structure": found.same,
        "layers": found.units,
        "layers_alike": found.alike,
        "but_for": differences(found),
        "conversions": conversions_data(found),
    }


def conversions_data(found: Across) -> list[dict[str, Any]]:
    return [
        {"what": each.what.value, "model": each.reference, "detail": each.detail, "params": each.params}
        for each in found.conversions
    ]
