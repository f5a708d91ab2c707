"""What networks of different architectures are made of, in sentences, as a table and as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN, is_known
from cnncli.analysis.compare.comparison import Entry
from cnncli.analysis.compare.design import Feature, Trait
from cnncli.analysis.compare.makeup import Contrast, Makeup
from cnncli.analysis.compare.work import Work
from cnncli.analysis.metrics import metric
from cnncli.document import READABLE
from cnncli.document.numbers import grouped, in_words, scaled, share
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Heading, Table, natural_width
from cnncli.network import Network, lineage

WORKS = {
    Work.DENSE: "dense layers",
    Work.CONVOLUTION: "full convolutions",
    Work.POINTWISE: "1x1 convolutions",
    Work.GROUPED: "grouped convolutions",
    Work.DEPTHWISE: "depthwise convolutions",
    Work.GATE: "squeeze-and-excitation",
    Work.NORMALIZATION: "normalization",
    Work.OTHER: "other layers",
}
"""What does the work, in words."""

FEATURES = {
    Feature.RESIDUAL: "residual additions",
    Feature.SUM: "sums of branches",
    Feature.DENSE_CONNECTION: "dense connections",
    Feature.BRANCHES: "concatenations of branches",
    Feature.BOTTLENECK: "1x1 bottlenecks",
    Feature.INVERTED: "inverted bottlenecks",
    Feature.FUSED: "fused inverted bottlenecks",
    Feature.SEPARABLE: "depthwise separable convolutions",
    Feature.GROUPED: "grouped convolutions",
    Feature.SHUFFLE: "channel shuffles",
    Feature.GATE: "squeeze-and-excitation gates",
    Feature.KERNEL: "kernels of {which}",
    Feature.DILATED: "dilated convolutions",
    Feature.STRIDED: "strided convolutions",
    Feature.POOLING: "strided pooling layers",
    Feature.ENLARGING: "layers that enlarge the map",
    Feature.NORMALIZATION: "{which} layers",
    Feature.ACTIVATION: "{which} activations",
    Feature.GLOBAL_POOLING: "{which} layers",
    Feature.FLATTENED: "flattened maps",
    Feature.DENSE: "dense layers",
}
"""What networks take up, in words, of several."""

ROWS = {
    Feature.SEPARABLE: "depthwise separable",
    Feature.FUSED: "fused inverted",
    Feature.BRANCHES: "concatenated branches",
    Feature.GATE: "squeeze-and-excitation",
    Feature.ENLARGING: "enlarging layers",
    Feature.NORMALIZATION: "{which}",
    Feature.GLOBAL_POOLING: "{which}",
}
"""Shorter ones, of a table's rows."""


def trait_name(trait: Trait) -> str:
    """`residual additions`, `kernels of 5x5`."""
    return FEATURES[trait.feature].format(which=trait.which)


def _row_name(trait: Trait) -> str:
    return ROWS.get(trait.feature, FEATURES[trait.feature]).format(which=trait.which)


def _counted(trait: Trait, count: int) -> str:
    """`10 residual additions`, `1 flattened map`."""
    name = trait_name(trait)
    if count == 1:
        first, of, rest = name.partition(" of ")
        words = {"layers that enlarge the map": "layer that enlarges the map"}
        name = words.get(name, first.removesuffix("s") + of + rest)
    return f"{count:,} {name}"


def has(found: Makeup, traits: Sequence[Trait]) -> str:
    """What a network has of these traits; nothing of none."""
    return enumerated([_counted(trait, found.traits[trait]) for trait in traits]) if traits else ""


class Pair(NamedTuple):
    """Two networks that are told by what they are made of."""

    before: Entry
    after: Entry
    contrast: Contrast

    @property
    def names(self) -> tuple[str, str]:
        return self.before.reference, self.after.reference


def sentences(pair: Pair) -> list[str]:
    """Where the costs sit, then what each has that the other lacks."""
    return [
        *descent(pair.before.network, pair.after.network),
        *_costs(pair, "params", "holds"),
        *_costs(pair, "macs", "does"),
        *_lacking(pair),
        *unknowns(pair),
    ]


def unknowns(pair: Pair) -> Iterator[str]:
    """Of which network more may be to be said."""
    for name, found in zip(pair.names, (pair.contrast.before, pair.contrast.after), strict=True):
        if found.unknown:
            layers = "a layer" if found.unknown == 1 else f"{found.unknown:,} layers"
            yield f"The work of {layers} of {name} is unknown: it may have more than is told."


def _lacking(pair: Pair) -> list[str]:
    """What each has that the other lacks, a sentence each."""
    contrast, (before, after) = pair.contrast, pair.names
    told = []
    if contrast.only_before:
        told.append(f"{before} has what {after} lacks: {has(contrast.before, contrast.only_before)}.")
    if contrast.only_after:
        told.append(f"{after} has what {before} lacks: {has(contrast.after, contrast.only_after)}.")
    return told or ["Neither has what the other lacks."]


def descent(before: Network, after: Network) -> Iterator[str]:
    """What the papers brought, and whether one takes the other's up; nothing of what is no architecture."""
    one, other = before.model, after.model
    if one is None or other is None:
        return
    for later, earlier in ((other, one), (one, other)):
        way = lineage(later, earlier)
        if way is not None:
            spec, old = later.spec, earlier.spec
            older = f"{old.name} ({old.year})"
            bond = f"descends from {older} by way of {', '.join(way)}" if way else f"takes up {older}"
            yield f"{spec.name} ({spec.year}) {bond}; it introduced {spec.introduced}."
            return
    specs = sorted((one.spec, other.spec), key=lambda spec: spec.year)
    yield "; ".join(f"{spec.name} ({spec.year}) introduced {spec.introduced}" for spec in specs) + "."


def _costs(pair: Pair, key: str, verb: str) -> Iterator[str]:
    """Of a metric where the most of it sits in each, and how much of the other's sits there."""
    before, after = pair.contrast.before, pair.contrast.after
    works = before.largest(key), after.largest(key)
    (one, other) = pair.names
    if works[0]:
        yield _cost((one, before), (other, after), works[0], key, verb)
    if works[1] and works[1] is not works[0]:
        yield _cost((other, after), (one, before), works[1], key, verb)


Named = tuple[str, Makeup]


def _cost(subject: Named, other: Named, work: Work, key: str, verb: str) -> str:
    """`vgg16 holds 89.4% of its params in dense layers (123.64 M of 138.36 M), mobilenet_v2 36.2% (...).`"""
    (name, found), (second, beside) = subject, other
    lead = f"{name} {verb} {_part(found, work, key, f' of its {metric(key).counted} in {WORKS[work]}')}"
    return f"{lead}, {second} {_part(beside, work, key, '')}."


def _part(found: Makeup, work: Work, key: str, what: str) -> str:
    part, whole = found.amounts[key].get(work, 0), found.whole(key)
    if part is UNKNOWN:
        return f"an unknown part{what}"
    if not part:
        return f"none{what}"
    amounts = f"{in_words(part, scaled)} of {in_words(whole, scaled)}"
    return f"{share(part, whole)}{what} ({amounts})" if is_known(whole) else f"{amounts}{what}"


# The table.


class Row(NamedTuple):
    """A kind of layer or a trait, with the amounts of both networks and, where they are parts, of what."""

    name: str
    amounts: tuple[Any, Any]
    wholes: tuple[Any, Any] = (None, None)

    @property
    def difference(self) -> Any:
        return self.amounts[1] - self.amounts[0]


def _work_rows(contrast: Contrast, key: str) -> list[Row]:
    sides = contrast.before, contrast.after
    wholes = sides[0].whole(key), sides[1].whole(key)
    return [
        Row(WORKS[work], (sides[0].amounts[key].get(work, 0), sides[1].amounts[key].get(work, 0)), wholes)
        for work in contrast.works(key)
    ]


def _trait_rows(contrast: Contrast) -> list[Row]:
    return [
        Row(_row_name(trait), (contrast.before.count(trait), contrast.after.count(trait))) for trait in contrast.traits
    ]


def makeup_table(pair: Pair, width: int) -> Table:
    """The kinds of layers by what they hold and do, then the traits; exact where that fits."""
    rows: list[Row | Heading] = []
    for key in ("params", "macs"):
        rows += [Heading({"kind": metric(key).title}), *_work_rows(pair.contrast, key)]
    if pair.contrast.traits:
        rows += [Heading({"kind": "Structure"}), *_trait_rows(pair.contrast)]
    for layout in LAYOUTS:
        table = Table(_columns(pair, layout), rows)
        if natural_width(table) <= min(width, READABLE):
            break
    return table


class Layout(NamedTuple):
    """How an amount is written, and whether shares and differences stand beside it."""

    write: Callable[[Any], str]
    shares: bool
    difference: bool


LAYOUTS = (
    Layout(grouped, True, True), Layout(scaled, True, True), Layout(scaled, True, False), Layout(scaled, False, False),
)  # fmt: skip
"""From the most detailed on."""


def _columns(pair: Pair, layout: Layout) -> list[Column]:
    columns = [Column("kind", "", lambda row: f"  {row.name}")]
    for side, (key, name) in enumerate(zip(("before", "after"), pair.names, strict=True)):
        columns.append(Column(key, name, _amount(side), True, _written(layout.write)))
        if layout.shares:
            columns.append(Column(f"{key}_share", "%", _percent(side), True))
    if layout.difference:
        write = _signed(layout.write)
        columns.append(Column("difference", "Difference", lambda row: row.difference, True, write))
    return columns


def _amount(side: int) -> Callable[[Row], Any]:
    return lambda row: row.amounts[side]


def _written(write: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda amount: "-" if is_known(amount) and not amount else write(amount)


def _percent(side: int) -> Callable[[Row], str]:
    def percent(row: Row) -> str:
        part, whole = row.amounts[side], row.wholes[side]
        return share(part, whole) if whole is not None and (part or not is_known(part)) else ""

    return percent


def _signed(write: Callable[[Any], str]) -> Callable[[Any], str]:
    def signed(difference: Any) -> str:
        if not is_known(difference):
            return str(difference)
        sign = "+" if difference > 0 else "-" if difference < 0 else ""
        return sign + write(abs(difference)) if sign else "="

    return signed


# For programs.


def makeup_rows(pair: Pair) -> Iterator[dict[str, Any]]:
    """As a sheet has it: a row a kind of layer with what it holds and does, then a row a trait with its counts."""
    contrast = pair.contrast
    sides = {"before": contrast.before, "after": contrast.after}
    for work in Work:
        if any(work in contrast.works(key) for key in ("params", "macs")):
            row: dict[str, Any] = {"model": pair.after.reference, "factor": work.value}
            for key in ("params", "macs"):
                before, after = (found.amounts[key].get(work, 0) for found in sides.values())
                known = is_known(before) and is_known(after)
                row |= {f"before_{key}": before, f"after_{key}": after, f"{key}_difference": after - before}
                row[f"{key}_ratio"] = after / before if known and before and after else None
            yield row
    for trait in contrast.traits:
        counts = {side: found.count(trait) for side, found in sides.items()}
        yield {
            "model": pair.after.reference,
            "factor": " ".join(filter(None, (trait.feature.value, trait.which))),
            **counts,
        }


def makeup_data(pair: Pair) -> dict[str, Any]:
    """Both networks' parameters and MACs by what holds and does them, their traits, and which only one of them has."""
    contrast = pair.contrast
    return {
        "before": _makeup_data(pair.before.reference, contrast.before),
        "after": _makeup_data(pair.after.reference, contrast.after),
        "only_before": [_trait_data(trait, contrast.before.traits[trait]) for trait in contrast.only_before],
        "only_after": [_trait_data(trait, contrast.after.traits[trait]) for trait in contrast.only_after],
    }


def _makeup_data(reference: str, found: Makeup) -> dict[str, Any]:
    amounts: Mapping[str, Mapping[Work, Any]] = found.amounts
    return {
        "model": reference,
        **{key: {work.value: amount for work, amount in parts.items()} for key, parts in amounts.items()},
        "traits": [_trait_data(trait, count) for trait, count in found.traits.items()],
        "layers_of_unknown_work": found.unknown,
    }


def _trait_data(trait: Trait, count: int) -> dict[str, Any]:
    return {"feature": trait.feature.value, "which": trait.which or None, "count": count}
