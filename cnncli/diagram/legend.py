"""What the colours and signs of a diagram mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cnncli.diagram.chain import Chain
from cnncli.diagram.parts import Detail, Heat, Part
from cnncli.diagram.sheet import Legend, Sample
from cnncli.document.numbers import share

KINDS = {
    "depthwise": "depthwise convolution",
    "merging": "merge of branches",
    "other": "padding, reshape, dropout",
}
"""Kinds that their own names do not tell."""

BRANCHES = {"squeeze_excite": "squeeze-and-excitation"}
"""Scopes within a block, in words."""

SWATCH = (18.0, 10.0)
SCALE = (126.0, 10.0)

MEASURES: Mapping[Heat, str] = {
    "params": "parameters",
    "macs": "MACs",
    "activations": "activations, the cells that convolutions and dense layers put out",
}


def legend(chain: Chain, detail: Detail, template: str | None, heat: Heat | None, totals: Mapping[Heat, int]) -> Legend:
    """What is drawn and needs a word; of what boxes say only what the template lets them say."""
    found = [item.part for item in chain.items if item.part]
    samples = [_scale(found, heat, totals)] if heat else _kinds(found)
    samples += _signs(chain, detail, found)
    if template is None and detail != "layer" and _gated(found):
        samples.append(Sample("SE", (20, 11), "squeeze-and-excitation"))
    if any(part.blocks > 1 for part in found):
        samples.append(Sample("stack", (20, 12), STACKS[detail]))
    said = [part.label for part in found] if template is None or "{label" in template else []
    said += [frame.right for item in chain.items for frame in item.frames if frame.level == "block"]
    plain = template is not None or detail == "layer"
    return Legend(samples, " ".join(_notes(said, of_stages=detail == "stage", plain=plain)))


STACKS: Mapping[Detail, str] = {
    "stage": "xN: blocks in a row, their costs together",
    "block": "xN: blocks alike in a row, their costs together, each adding its own input where there is a +",
}


def highest(parts: Sequence[Part], heat: Heat) -> int:
    """The largest cost of a box: the end of the scale."""
    return max((part.cost(heat) for part in parts), default=0)


def _kinds(parts: Sequence[Part]) -> list[Sample]:
    return [Sample(kind, SWATCH, KINDS.get(kind, kind)) for kind in dict.fromkeys(part.kind for part in parts)]


def _scale(parts: Sequence[Part], heat: Heat, totals: Mapping[Heat, int]) -> Sample:
    end = share(highest(parts, heat), totals[heat])
    return Sample("heat", SCALE, f"0 to {end} of all {MEASURES[heat]}")


def _signs(chain: Chain, detail: Detail, parts: Sequence[Part]) -> Iterator[Sample]:
    """Symbols, lines and grounds."""
    if any(item.symbol == "sum" for item in chain.items):
        yield Sample("sum", (12, 12), "residual: the input is added to the output")
    if detail == "stage" and any(part.residual for part in parts):
        yield Sample("+", (15, 11), "with blocks that add their input")
    if detail == "layer" and any(target - source > 1 for source, target in chain.links):
        yield Sample("skip", (18, 1.2), "leads past layers")
    branches = dict.fromkeys(
        frame.key.rpartition(".")[2] for item in chain.items for frame in item.frames if frame.level == "branch"
    )
    if branches:
        yield Sample("branch", SWATCH, ", ".join(BRANCHES.get(name, name.replace("_", " ")) for name in branches))


def _gated(parts: Sequence[Part]) -> bool:
    return any(part.row.details.get("squeeze_excite") for part in parts)


def _notes(labels: Sequence[str], of_stages: bool, plain: bool) -> Iterator[str]:
    """What words and numbers of the labels mean, as far as they are there; `plain` where SE is written as a word."""
    kinds = [label.partition(" ")[0] for label in labels if " k" in label]
    yield "Shapes are height x width x channels."
    numbered = [kind for kind in kinds if kind[-1].isdecimal() and not kind.endswith("1")]
    if numbered:
        stem = numbered[0].rstrip("0123456789.")
        yield f"{numbered[0]}: channels expanded {numbered[0].removeprefix(stem)} times."
    if kinds:
        yield "k3x3: kernel of the depthwise convolution."
    if plain and any(" SE" in label for label in labels):
        yield "SE: squeeze-and-excitation."
    if any(" s2" in label for label in labels):
        yield "s2: stride 2, of a stage its first block's." if of_stages else "s2: stride 2."
    if any(" BN" in label for label in labels):
        yield "BN: batch normalization."
    if any(" pad" in label for label in labels):
        yield "pad: zero padding."
