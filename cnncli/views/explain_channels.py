"""Where the number of a layer's channels comes from, as a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.analysis.explain.fact import Fact
from cnncli.analysis.explain.width import Origin, Rule
from cnncli.views.board import equation, number, reckoned


def of_depthwise(fact: Fact) -> str:
    if fact.about["times"] == 1:
        return f"{number(fact.value)}: one kernel for each channel that it reads"
    return f"{reckoned(fact)}: {number(fact.about['times'])} kernels for each channel that it reads"


def of_width(fact: Fact) -> str:
    about, value = fact.about, number(fact.value)
    origin = about["origin"]
    if origin is Origin.CLASSES:
        return f"{value}: the classes that are told apart"
    if origin is Origin.MATCHED:
        joined = "which it scales" if about["combines"] == "product" else "to which it is added"
        return f"{value}: as many as {about['other']}, {joined}"
    if origin is Origin.UNSCALED:
        return f"{value} at every {about['option']}: it is not scaled"
    return f"{_made_whole(fact)}: {_made_of(about)}{_rounding(fact)}"


def _made_whole(fact: Fact) -> str:
    """`64*0.7 = 44.8 → 48`."""
    first = equation(fact.about["reckoned_exact"])
    return first if fact.about["rule"] is Rule.EXACT else f"{first} → {number(fact.value)}"


def _made_of(about: Mapping[str, Any]) -> str:
    origin = about["origin"]
    if origin is Origin.EXPANDED:
        return f"the {about['block']} channels that the block reads, times its expansion"
    if origin in (Origin.SCALED, Origin.SCALED_UP):
        bound = "" if origin is Origin.SCALED else ", which never narrows it"
        if about["multiplier"] == 1:
            return f"scaled by {about['option']}{bound}"
        return f"{number(about['base'])} at {about['option']} 1, times {about['option']}{bound}"
    if origin is Origin.WIDENED:
        return f"{about['times']} times the channels that it reads"
    return f"1/{about['divisor']} of the channels that {'it' if origin is Origin.SQUEEZED else 'the block'} reads"


def _rounding(fact: Fact) -> str:
    """How the number became a whole one, step by step."""
    rule, about = fact.about["rule"], fact.about
    if rule is Rule.EXACT:
        return ""
    if rule is Rule.CUT:
        return f"; cut: {equation(fact.reckoned)}"
    cut = f", cut to {int(about['exact'])}" if rule is Rule.EIGHTS_OF_CUT else ""
    rounded = f"{cut}; rounded to a multiple of {rule.divisor}"
    if about["guard"] is None:
        return f"{rounded}: {equation(fact.reckoned)}"
    if about["nearest"].value == fact.value:
        return f"{rounded}: {equation(about['nearest'])}, not below {equation(about['guard'])}"
    below = f"{equation(about['nearest'])} is below {equation(about['guard'])}"
    return f"{rounded}: {below}, so {number(about['nearest'].value)} + {rule.divisor} = {number(fact.value)}"
