"""What the colours and signs of a diagram mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.labels import FusedLabel, Label, LayerLabel, PartsLabel, Traits, once_if_alike
from cnncli.analysis.metrics import metric
from cnncli.diagram.chain import Chain
from cnncli.diagram.measures import Measures, Paper
from cnncli.diagram.parts import Detail, Heat, Part
from cnncli.diagram.runs import Runs
from cnncli.diagram.sheet import Legend, Sample
from cnncli.diagram.wording import Said, typeset
from cnncli.document.numbers import shape, share
from cnncli.graph import Role

KINDS = {
    "depthwise": "depthwise convolution",
    "merging": "merge of branches",
    "other": "padding, reshape, dropout",
}
"""Kinds that their own names do not tell."""
UNKNOWN_OPERATION, KNOWN_OPERATION = "operation that is not known", "other operation"

BRANCHES = {"squeeze_excite": "squeeze-and-excitation"}
"""Scopes within a block, in words."""


class Phrases(NamedTuple):
    """What the legend says, with gaps for what is drawn."""

    sum: str
    plus: str
    repeats: Mapping[str, str]
    costs: str
    shade: str
    adding: str
    shapes: str
    expanding: str
    kernel: str
    strides: str
    of_stage: str
    groups: str
    end: str


FULL = Phrases(
    sum="residual: the input is added to the output",
    plus="with blocks that add their input",
    repeats={"stage": "xN: blocks in a row", "block": "xN: blocks alike in a row"},
    costs=", their costs together",
    shade=", their costs and their shade together",
    adding=", each adding its own input where there is a +",
    shapes="Shapes are height x width x channels",
    expanding="{}: channels expanded {:.3g} times",
    kernel="k{}: kernel of the {}convolution",
    strides="s{0}: stride {0}{1}",
    of_stage=", of a stage its first block's",
    groups="g{0}: convolution in {0} groups",
    end=".",
)
BRIEF = Phrases(
    sum="residual sum",
    plus="residual blocks",
    repeats={"stage": "×N: N blocks", "block": "×N: N blocks alike"},
    costs=", costs of all",
    shade=", costs and shade of all",
    adding="",
    shapes="sizes: height × width × channels",
    expanding="{}: channels ×{:.3g}",
    kernel="k{}: {}kernel",
    strides="s{0}: stride {0}",
    of_stage="",
    groups="g{0}: {0} groups",
    end="",
)
"""For print."""


SHAPES = FULL.shapes + FULL.end


def legend(
    chain: Chain, detail: Detail, template: str | None, heat: Heat | None, totals: Mapping[Heat, int],
    measures: Measures, said: Said,
) -> Legend:  # fmt: skip
    """What is drawn and needs a word; of what boxes say only what the template lets them say."""
    paper, phrases = measures.paper, BRIEF if measures.brief else FULL
    found = [item.part for item in chain.items if item.part]
    samples = colours(found, heat, totals, paper)
    samples += _signs(chain, detail, found, paper, phrases)
    if template is None and detail != "layer" and _gated(found):
        samples.append(Sample("SE", paper.chip, "squeeze-and-excitation"))
    if any(part.blocks > 1 for part in found):
        costs = (phrases.shade if heat else phrases.costs) if said.costs else ""
        adding = phrases.adding if detail == "block" and any(item.symbol == "sum" for item in chain.items) else ""
        samples.append(Sample("stack", paper.stack, phrases.repeats[detail] + costs + adding))
    labels = [part.label for part in found] if template is None or "{label" in template else []
    labels += [frame.label for item in chain.items for frame in item.frames if frame.label]
    plain = template is not None or detail == "layer"
    told = notes(labels, of_stages=detail == "stage", plain=plain, phrases=phrases)
    if said.shapes:
        told.insert(0, phrases.shapes + phrases.end)
    samples = [sample._replace(text=typeset(sample.text, measures.times)) for sample in samples]
    return Legend(samples, [typeset(note, measures.times) for note in told])


def highest(parts: Sequence[Part], heat: Heat) -> Any:
    """The largest cost of a box: the end of the scale."""
    return max((cost for part in parts if is_known(cost := part.cost(heat))), default=0)


def colours(parts: Sequence[Part], heat: Heat | None, totals: Mapping[Heat, int], paper: Paper) -> list[Sample]:
    """What the boxes' colours mean."""
    return [_scale(parts, heat, totals, paper)] if heat else _kinds(parts, paper)


def _kinds(parts: Sequence[Part], paper: Paper) -> list[Sample]:
    return [Sample(kind, paper.swatch, _kind(kind, parts)) for kind in dict.fromkeys(part.kind for part in parts)]


def _kind(kind: str, parts: Sequence[Part]) -> str:
    """A kind in words; operations that compute are told apart from what does not, and those that nobody here knows."""
    words = [_other(part) if kind == "other" else KINDS.get(kind, kind) for part in parts if part.kind == kind]
    return ", ".join(sorted(set(words), key=[KINDS["other"], KNOWN_OPERATION, UNKNOWN_OPERATION, *words].index))


def _other(part: Part) -> str:
    """What a box computes that has no kind of its own."""
    computing = [is_known(node.macs) for node in part.nodes if node.role is Role.OTHER]
    return KINDS["other"] if not computing else KNOWN_OPERATION if all(computing) else UNKNOWN_OPERATION


def _scale(parts: Sequence[Part], heat: Heat, totals: Mapping[Heat, int], paper: Paper) -> Sample:
    end = share(highest(parts, heat), totals[heat])
    return Sample("heat", paper.scale, f"0 to {end} of all {metric(heat).words}")


def _signs(chain: Chain, detail: Detail, parts: Sequence[Part], paper: Paper, phrases: Phrases) -> Iterator[Sample]:
    """Symbols, lines and grounds."""
    if any(item.symbol == "sum" for item in chain.items):
        yield Sample("sum", paper.sum, phrases.sum)
    if detail == "stage" and any(part.residual for part in parts):
        yield Sample("+", paper.plus, phrases.plus)
    if any(chain.items[target].symbol != "sum" for _, target in Runs(*chain).skips):  # a sum has its own words
        yield Sample("skip", paper.skip, f"leads past {detail}s")
    frames = (frame for item in chain.items for frame in item.frames)
    branches = dict.fromkeys(frame.name for frame in frames if frame.level == "branch")
    if branches:
        yield Sample("branch", paper.swatch, ", ".join(BRANCHES.get(name, name.replace("_", " ")) for name in branches))


def _gated(parts: Sequence[Part]) -> bool:
    return any(part.traits and part.traits.squeeze_excite for part in parts)


def notes(labels: Sequence[Label], of_stages: bool, plain: bool, phrases: Phrases = FULL) -> list[str]:
    """What words and numbers of the labels mean, as far as they are there; `plain` where SE is written as a word."""
    return [f"{note}{phrases.end}" for note in _notes(labels, of_stages, plain, phrases)]


def _notes(labels: Sequence[Label], of_stages: bool, plain: bool, phrases: Phrases) -> Iterator[str]:
    blocks = [label for label in labels if isinstance(label, Traits)]
    layers = [layer for label in labels for layer in _layers(label)]
    expanding = [block.kind for block in blocks if block.kind.expansion not in (None, 1)]
    if expanding:
        yield phrases.expanding.format(expanding[0], expanding[0].expansion)
    if blocks:
        depthwise = "depthwise " if all(block.depthwise for block in blocks) else ""
        yield phrases.kernel.format(shape(min(block.kernel_size for block in blocks)), depthwise)
    if plain and any(block.squeeze_excite for block in blocks):
        yield "SE: squeeze-and-excitation"
    of_blocks = [strides for strides in map(_said_strides, blocks) if max(strides) > 1]
    strides = [*of_blocks, *(layer.strides for layer in layers if max(layer.strides) > 1)]
    if strides:
        of_stage = phrases.of_stage if of_stages and of_blocks else ""
        yield phrases.strides.format(once_if_alike(strides[0]), of_stage)
    groups = [*(block.groups for block in blocks), *(layer.groups for layer in layers)]
    several = next((number for number in groups if number > 1), 1)
    if several > 1:
        yield phrases.groups.format(several)
    words = {layer.short() for label in labels if isinstance(label, FusedLabel) for layer in label.others}
    if "BN" in words:
        yield "BN: batch normalization"
    if "pad" in words:
        yield "pad: zero padding"


def _said_strides(block: Traits) -> Sequence[int]:
    """What a block is said to stride by, or the layer that makes its map smaller instead."""
    return next((layer.strides for layer in block.resizing), (1,)) if block.resizing else block.strides


def _layers(label: Label) -> list[LayerLabel]:
    if isinstance(label, LayerLabel):
        return [label]
    if isinstance(label, FusedLabel):
        return [label.leader, *label.others]
    return [layer for layer, _ in label.parts] if isinstance(label, PartsLabel) else []


def shared_legend(
    drawn: Sequence[tuple[Chain, Detail]], coloured: Sequence[Part], measures: Measures, said: Said
) -> Legend:
    """Of several diagrams on one page. `coloured` are the parts whose colours tell of what kind they are."""
    paper, phrases = measures.paper, BRIEF if measures.brief else FULL
    samples, labels = _kinds(coloured, paper), list[Label]()
    for chain, detail in drawn:
        found = [item.part for item in chain.items if item.part]
        samples += _signs(chain, detail, found, paper, phrases)
        labels += [part.label for part in found]
        labels += [frame.label for item in chain.items for frame in item.frames if frame.label]
        if detail != "layer" and _gated(found):
            samples.append(Sample("SE", paper.chip, "squeeze-and-excitation"))
        if any(part.blocks > 1 for part in found):
            costs = phrases.costs if said.costs else ""
            samples.append(Sample("stack", paper.stack, phrases.repeats[detail] + costs))
    details = {detail for _, detail in drawn}
    told = [phrases.shapes + phrases.end] if said.shapes else []
    told += notes(labels, of_stages="stage" in details, plain=details == {"layer"}, phrases=phrases)
    samples = [sample._replace(text=typeset(sample.text, measures.times)) for sample in samples]
    return Legend(list(dict.fromkeys(samples)), [typeset(note, measures.times) for note in told])
