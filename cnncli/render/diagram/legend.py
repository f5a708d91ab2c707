"""What the colours and signs of a diagram mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnncli.render.diagram.chain import Chain
from cnncli.render.diagram.parts import Detail, Heat, Part
from cnncli.render.diagram.sheet import Legend, Sample
from cnncli.render.numbers import share

KINDS = {
    "depthwise": "depthwise convolution",
    "merging": "merge of branches",
    "other": "padding, reshape, dropout",
}
"""Kinds that their own names do not tell."""

SWATCH = (18.0, 10.0)
SCALE = (126.0, 10.0)

MEASURES: Mapping[Heat, str] = {"params": "parameters", "macs": "MACs", "activations": "activations"}


def legend(chain: Chain, detail: Detail, heat: Heat | None, totals: Mapping[Heat, int]) -> Legend:
    found = [item.part for item in chain.items if item.part]
    samples = [_scale(found, heat, totals)] if heat else _kinds(found)
    if any(item.symbol == "sum" for item in chain.items):
        samples.append(Sample("sum", (12, 12), "residual: the input is added to the output"))
    if detail != "layer" and any(part.row.details.get("squeeze_excite") for part in found):
        samples.append(Sample("SE", (20, 11), "squeeze-and-excitation"))
    if detail == "stage" and any(part.residual for part in found):
        samples.append(Sample("+", (15, 11), "with blocks that add their input"))
    if any(part.blocks > 1 for part in found):
        samples.append(Sample("stack", (20, 12), "blocks alike in a row" if detail == "block" else "blocks in a row"))
    return Legend(samples, _note(detail, found))


def highest(parts: Sequence[Part], heat: Heat) -> int:
    """The largest cost of a box: the end of the scale."""
    return max((part.cost(heat) for part in parts), default=0)


def _kinds(parts: Sequence[Part]) -> list[Sample]:
    return [Sample(kind, SWATCH, KINDS.get(kind, kind)) for kind in dict.fromkeys(part.kind for part in parts)]


def _scale(parts: Sequence[Part], heat: Heat, totals: Mapping[Heat, int]) -> Sample:
    end = share(highest(parts, heat), totals[heat])
    return Sample("heat", SCALE, f"0 to {end} of all {MEASURES[heat]}")


def _note(detail: Detail, parts: Sequence[Part]) -> str:
    words = ["Shapes are height x width x channels.", "s2: stride 2."]
    if detail != "layer" and any("kernel_size" in part.row.details for part in parts):
        words.insert(1, "k3x3: kernel of the depthwise convolution.")
    return " ".join(words)
