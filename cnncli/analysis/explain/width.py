"""Where the number of a layer's channels comes from: what holds of it by what the layer is, or at every width tried.

A rule is only told where it gives the channels of this network and of the same one at other width multipliers, rebuilt
for it. Where none does, or nothing can be tried, nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from fractions import Fraction
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.explain.arithmetic import (
    Larger,
    Product,
    Quotient,
    Rounded,
    Rounding,
    Sum,
    agreeing,
    value_of,
)
from cnncli.analysis.explain.fact import Fact, Subject
from cnncli.analysis.explain.samples import Sample, Variants, gate_samples, sample, samples, variants_of
from cnncli.graph import Graph, Node, Role
from cnncli.graph.gates import gated
from cnncli.graph.roles import KERNELS
from cnncli.network import Network


class Rule(str, Enum):
    """How a width becomes a whole number; the simplest first."""

    EXACT = "exact"
    CUT = "int"
    EIGHTS = "multiple of 8, not below 0.9 of it"
    EIGHTS_OF_CUT = "multiple of 8 of what int() leaves, not below 0.9 of it"
    NEAREST_EIGHTS = "multiple of 8"
    FOURS = "multiple of 4, not below 0.9 of it"

    __str__ = str.__str__

    @property
    def divisor(self) -> int:
        """Of what it makes a multiple; 0 where it makes none."""
        return {Rule.EXACT: 0, Rule.CUT: 0, Rule.FOURS: 4}.get(self, 8)


class Origin(str, Enum):
    """What a width is made of."""

    CLASSES = "classes"
    """As many as there are classes to tell apart."""
    MATCHED = "matched"
    """As many as what it is multiplied with, or added to."""
    EXPANDED = "expanded"
    """The channels that the block reads, times its expansion."""
    WIDENED = "widened"
    """A multiple of the channels that the layer reads."""
    UNSCALED = "unscaled"
    """The same at every width multiplier."""
    SCALED = "scaled"
    """That of the network at multiplier 1, times the multiplier."""
    SCALED_UP = "scaled up"
    """The same, but never narrower than at multiplier 1."""
    SQUEEZED = "squeezed"
    """A part of the channels that a gate scales."""
    SQUEEZED_OF_BLOCK = "squeezed of the block's"
    """A part of the channels that the block reads."""

    __str__ = str.__str__


SQUEEZES = (2, 3, 4, 6, 8, 12, 16, 32)
"""By how much gates narrow."""
FEWEST = 3
"""Different widths that a squeeze must be seen at: one would fit by chance."""
ENOUGH = 6
"""Multipliers at which a network must be there: of ShuffleNetV2's, whose widths are a table of four, too few are."""


def channel_facts(network: Network, node: Node) -> Iterator[Fact]:
    """Of a layer with an input the origin of its channels, if it is sure."""
    if not node.inputs or not node.shape or not node.input_shapes[0]:
        return
    read, width = node.input_shapes[0][-1], node.shape[-1]
    if not (is_known(read) and is_known(width)):
        return
    if node.role not in KERNELS:
        yield from _kept(node, read, width)
    elif node.role is Role.DEPTHWISE:
        times = Quotient(width, read).value
        reckoned = Product((read, times)) if times != 1 and isinstance(times, int) else None
        yield _fact("depthwise", width, reckoned, times=times, read=read)
    elif found := _origin(network, node):
        yield found


def _fact(key: str, width: Any, reckoned: Any = None, **about: Any) -> Fact:
    return Fact(Subject.CHANNELS, key, width, "channels", reckoned, about)


def _kept(node: Node, read: Any, width: Any) -> Iterator[Fact]:
    if len(node.inputs) == 1 and read == width and len(node.shape) > 1 and not node.layer.free:
        yield _fact("kept", width)


def _origin(network: Network, node: Node) -> Fact | None:
    """The first of what a width may be made of that is sure."""
    variants = variants_of(network)
    ways: list[Callable[[Variants, Node], Fact | None]] = [
        _classes, _gating, _squeezed, _expanded, _unscaled, _scaled, _widened, _added,
    ]  # fmt: skip
    return next((found for way in ways if (found := way(variants, node)) is not None), None)


def _classes(variants: Variants, node: Node) -> Fact | None:
    """With another number of classes it is another layer that has as many."""
    model, width = variants.model, node.shape[-1]
    if model is None or model.arguments.get("classes") != width:
        return None
    graph = variants.at("classes", width + 1)
    other = next((each for each in graph.nodes if each.name == node.name), None) if graph else None
    if other is None or other.shape[-1] != width + 1:
        return None
    return _fact("width", width, None, origin=Origin.CLASSES)


def _gating(variants: Variants, node: Node) -> Fact | None:
    return _matched(variants.graph, node, "product")


def _added(variants: Variants, node: Node) -> Fact | None:
    return _matched(variants.graph, node, "sum")


def _matched(graph: Graph, node: Node, combines: str) -> Fact | None:
    """Through layers that keep the channels to one that joins it cell by cell with something else as wide."""
    readers = graph.readers()
    here = node
    while len(readers[here.index]) == 1:
        (reader,) = readers[here.index]
        if reader.layer.combines == combines and len(reader.inputs) > 1:
            other = next(each for each in reader.inputs if each is not here)
            if other.shape[-1:] == node.shape[-1:] and other.index < node.index:
                about = {"origin": Origin.MATCHED, "combines": combines, "other": other.name, "by": reader.name}
                return _fact("width", node.shape[-1], None, **about)
            return None
        if len(reader.inputs) != 1 or reader.shape[-1:] != node.shape[-1:] or reader.role in KERNELS:
            return None
        here = reader
    return None


def _expanded(variants: Variants, node: Node) -> Fact | None:
    found = sample(1.0, variants.graph, node)
    if found.expansion in (None, 1) or found.block is None:
        return None
    tried = samples(variants.scaled(node.shape[-1]), node.name)
    rule = _rule(tried, lambda each: None if each.expansion is None else each.block * each.expansion)
    if rule is None:
        return None
    times = Fraction(found.expansion or 1).limit_denominator(1000)
    over = [] if times.denominator == 1 else [times.denominator]
    exact: Any = Product((found.block, times.numerator))
    exact = Quotient(exact, *over) if over else exact
    return _by_rule(Origin.EXPANDED, node, exact, rule, tried, block=found.block, expansion=found.expansion)


def _unscaled(variants: Variants, node: Node) -> Fact | None:
    tried = samples(variants.scaled(node.shape[-1]), node.name)
    if variants.multiplier is None or len(tried) < ENOUGH or len({each.width for each in tried}) > 1:
        return None
    about = {"origin": Origin.UNSCALED, "option": variants.multiplier.name, "tried": len(tried)}
    return _fact("width", node.shape[-1], None, **about)


def _scaled(variants: Variants, node: Node) -> Fact | None:
    base = next((each for each in variants.base.nodes if each.name == node.name), None) if variants.base else None
    if base is None or variants.multiplier is None:
        return None
    width = base.shape[-1]
    tried = samples(variants.scaled(width), node.name)
    if len(tried) < ENOUGH:
        return None
    name, value = variants.multiplier
    about = {"base": width, "option": name, "multiplier": value}
    if rule := _rule(tried, lambda each: width * each.multiplier):
        return _by_rule(Origin.SCALED, node, Product((width, value)), rule, tried, **about)
    if rule := _rule(tried, lambda each: width * max(each.multiplier, 1)):
        exact = Product((width, Larger(value, 1)))
        return _by_rule(Origin.SCALED_UP, node, exact, rule, tried, **about)
    return None


def _widened(variants: Variants, node: Node) -> Fact | None:
    """A whole number of times what the layer reads, at all widths."""
    base = next((each for each in variants.base.nodes if each.name == node.name), None) if variants.base else None
    if base is None:
        return None
    times, rest = divmod(base.shape[-1], base.input_shapes[0][-1])
    tried = samples(variants.scaled(base.shape[-1]), node.name)
    if times < 2 or rest or len(tried) < ENOUGH or len({each.width for each in tried}) < FEWEST:
        return None
    read = node.input_shapes[0][-1]
    rule = _rule(tried, lambda each: times * each.read)
    exact = Product((read, times))
    return _by_rule(Origin.WIDENED, node, exact, rule, tried, read=read, times=times) if rule else None


def _squeezed(variants: Variants, node: Node) -> Fact | None:
    """By one divisor in all blocks, at all widths."""
    graph = variants.graph
    if node.index not in gated(graph.nodes):
        return None
    tried = list(gate_samples(variants.scaled(None), node.short_name))
    if len({each.width for each in tried}) < FEWEST:
        return None
    own = sample(1.0, graph, node)
    for divisor in SQUEEZES:
        for origin, read in ((Origin.SQUEEZED, _read), (Origin.SQUEEZED_OF_BLOCK, _block)):
            if rule := _rule(tried, _part(read, divisor)):
                return _by_rule(origin, node, Quotient(read(own), divisor), rule, tried, of=read(own), divisor=divisor)
    return None


def _part(read: Callable[[Sample], Any], divisor: int) -> Callable[[Sample], Any]:
    return lambda each: None if read(each) is None else read(each) / divisor


def _read(found: Sample) -> Any:
    return found.read


def _block(found: Sample) -> Any:
    return found.block


def _rule(tried: Sequence[Sample], exact: Callable[[Sample], Any]) -> Rule | None:
    """The simplest rule that makes every width of what is exact."""
    widths = [(exact(each), each.width) for each in tried]
    if not widths or any(number is None for number, _ in widths):
        return None
    return next((rule for rule in Rule if all(_applied(rule, number) == width for number, width in widths)), None)


def _applied(rule: Rule, number: float) -> Any:
    return value_of(rounded(rule, number))


def rounded(rule: Rule, number: Any) -> Any:
    """A number, which may be an expression, as the rule makes it whole: the multiple that is nearest, at least one; or
    the next above, where the nearest is below 0.9 of the number (MobileNetV2's published code).
    """
    if rule is Rule.EXACT:
        return number
    if rule is Rule.CUT:
        return Rounded(Rounding.CUT, number)
    if rule is Rule.EIGHTS_OF_CUT:
        number = Rounded(Rounding.CUT, number)
    nearest = _nearest(number, rule.divisor)
    guarded = rule is not Rule.NEAREST_EIGHTS and value_of(nearest) < 0.9 * value_of(number)
    return Sum((nearest, rule.divisor)) if guarded else nearest


def _nearest(number: Any, divisor: int) -> Any:
    found = Product((divisor, Rounded(Rounding.DOWN, Quotient(Sum((number, divisor // 2)), divisor))))
    return found if value_of(found) >= divisor else Larger(divisor, found)


def _by_rule(origin: Origin, node: Node, exact: Any, rule: Rule, tried: Sequence[Sample], **about: Any) -> Fact | None:
    """A width with the number that it is made of and, where that is not it already, how it was rounded.

    The steps are of what the number comes to, as one writes them: 64*0.7 = 44.8, and then that.
    """
    number, width = value_of(exact), node.shape[-1]
    whole = number == width
    reckoned = exact if whole else rounded(rule, number)
    if agreeing(reckoned, width) is None:
        return None
    told = {"origin": origin, "exact": number, "rule": Rule.EXACT if whole else rule, "rule_tried": rule}
    multiples = rule.divisor and not whole and rule is not Rule.NEAREST_EIGHTS
    guard = Product((0.9, _before(rule, number))) if multiples else None
    steps = {"reckoned_exact": exact, "guard": guard, "nearest": _nearest_of(rule, number) if multiples else None}
    return _fact("width", width, reckoned, **told, **steps, tried=len(tried), **about)


def _before(rule: Rule, number: Any) -> Any:
    """What is made a multiple."""
    return int(number) if rule is Rule.EIGHTS_OF_CUT else number


def _nearest_of(rule: Rule, number: Any) -> Any:
    return _nearest(_before(rule, number), rule.divisor)
