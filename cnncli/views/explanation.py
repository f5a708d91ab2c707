"""Why a model costs more than the baseline: a sentence, a table of the parts, and data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.compare.attribution import EXPLAINED, Attribution, Factor, Growth, Obstacle, attribute
from cnncli.analysis.compare.comparison import Entry
from cnncli.analysis.compare.makeup import contrast
from cnncli.analysis.metrics import metric
from cnncli.document.document import Paragraphs, Section
from cnncli.document.numbers import times
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Table, least_width
from cnncli.network import Network
from cnncli.views.changes import sides
from cnncli.views.compare_data import explanation_data
from cnncli.views.fitting import giving_way
from cnncli.views.makeup import Pair, descent, makeup_data, makeup_rows, makeup_table
from cnncli.views.makeup import sentences as makeup_sentences

OBSTACLES = {
    Obstacle.FOREIGN: "{before} and {after} are not both architectures, whose options are known",
    Obstacle.ARCHITECTURES: "{before} and {after} are different architectures, not one with different options",
    Obstacle.NOTHING_DIFFERS: "no option differs",
    Obstacle.NO_WAY: "no way from one to the other can be built: {failure}",
}


class Explanation(NamedTuple):
    """The attribution of the growth from one network to another; of different architectures what they are made of."""

    before: Network
    after: Network
    attribution: Attribution
    pair: Pair | None = None

    @property
    def by_deviation(self) -> bool:
        """Whether the parts are a flavor's deviations, which are told by what they add rather than multiply."""
        return any(share.factor.kind == "deviation" for share in self.attribution.shares)

    @property
    def why_not(self) -> str:
        """Why nothing can be attributed; empty where something is."""
        obstacle, names = self.attribution.obstacle, (self.before.name, self.after.name)
        if obstacle is None:
            return ""
        return OBSTACLES[obstacle].format(before=names[0], after=names[1], failure=self.attribution.failure)


def explanations(entries: Sequence[Entry]) -> list[Explanation]:
    """Why each other model costs more or less than the first."""
    base, *others = entries
    return [
        Explanation(
            base.network,
            other.network,
            attribute(base.network, other.network),
            Pair(base, other, found) if (found := contrast(base, other)) else None,
        )
        for other in others
    ]


def explanation_sections(explanation: Explanation, width: int) -> Iterator[Section]:
    """The sentences, then the table of the parts where there are any, or of what the networks are made of."""
    yield Paragraphs(sentences(explanation))
    table = makeup_table(explanation.pair, width) if explanation.pair else readable_table(explanation, width)
    if table:
        yield table


def sentences(explanation: Explanation) -> list[str]:
    """How MACs and parameters grew, with each factor's part; then the factors that changed no cost."""
    before, after, attribution, pair = explanation
    ends = f"From {before.reference} to {after.reference}"
    told = [f"{ends} the {_grew(explanation, 'macs')}.", f"The {_grew(explanation, 'params')}."]
    if pair:
        lead = f"{explanation.why_not}, so they are compared by what they are made of."
        return [*told, lead, *makeup_sentences(pair)]
    if explanation.why_not:
        return [*told, f"This is no matter of options: {explanation.why_not}."]
    if before.model and after.model and before.model.spec.introduced != after.model.spec.introduced:
        told += descent(before, after)
    idle = [share.factor for share in attribution.shares if share.idle]
    if explanation.by_deviation:
        return told + ([f"These change neither: {', '.join(_name(factor) for factor in idle)}."] if idle else [])
    return told + [
        f"{_name(factor).capitalize()}{_change(factor)} changes neither{f': {factor.remark}' if factor.remark else ''}."
        for factor in idle
    ]


def _grew(explanation: Explanation, key: str) -> str:
    """`MACs grow x11.39: x2.919 by resolution (224 → 380), x2.026 by depth (1 → 1.8)`, the largest part first."""
    growth, words = explanation.attribution.growth[key], metric(key).words
    if not is_known(growth.difference):
        return f"{words} change by what is not known"
    if growth.difference == 0:
        return f"{words} stay the same (x1.00)"
    verb = "grow" if growth.difference > 0 else "shrink to" if growth.ratio else "shrink"
    by_addition = explanation.by_deviation or growth.ratio is None
    whole = [times(growth.ratio)] if growth.ratio else []
    whole += [f"by {growth.difference:+,}"] if by_addition else []
    shares = [share for share in explanation.attribution.shares if share.growth[key].difference]
    shares.sort(key=lambda share: -abs(share.growth[key].difference))
    parts = [f"{_part(share.growth[key], by_addition)} by {_named(share.factor, key)}" for share in shares]
    return f"{words} {verb} {', '.join(whole)}" + (f": {enumerated(parts)}" if parts else "")


def _part(growth: Growth, by_addition: bool) -> str:
    return f"{growth.difference:+,}" if by_addition or growth.ratio is None else times(growth.ratio, 3)


def _named(factor: Factor, key: str) -> str:
    """A factor with its values, where it is named first."""
    return _name(factor) + ("" if factor.kind == "deviation" or key != EXPLAINED[-1] else _change(factor))


def _change(factor: Factor) -> str:
    """` (1 → 1.8)`; nothing of tables of blocks that are equally long."""
    before, after = sides(factor.before, factor.after)
    return f" ({before} → {after})" if before else ""


def _name(factor: Factor) -> str:
    """The papers call the input's size resolution, which its channels are no part of."""
    if factor.name == "input_shape":
        return "resolution" if factor.before[2] == factor.after[2] else "input shape"
    return factor.name.replace("_", " ")


def share_table(explanations: Sequence[Explanation]) -> Table:
    """A row a factor of each model: what it adds and what it multiplies by, of the parameters and of the MACs."""
    rows = [(explanation, share) for explanation in explanations for share in explanation.attribution.shares]
    columns = [
        Column("model", "Model", lambda row: row[0].after.reference),
        Column("factor", "Factor", lambda row: row[1].factor.name),
        Column("before", "From", lambda row: sides(row[1].factor.before, row[1].factor.after)[0]),
        Column("after", "To", lambda row: sides(row[1].factor.before, row[1].factor.after)[1]),
    ]
    for key in EXPLAINED:
        columns.append(Column(f"{key}_difference", metric(key).title, _difference(key), True, _signed))
        columns.append(Column(f"{key}_ratio", "Ratio", _ratio(key), True, _ratio_text))
    return Table([*columns, Column("remark", _whose(explanations), lambda row: row[1].factor.remark)], rows)


def _whose(explanations: Sequence[Explanation]) -> str:
    """The heading above what flavors do otherwise than those that they are compared with."""
    models = [network.model for each in explanations for network in (each.before, each.after)]
    flavors = {model.flavor: None for model in models if model and model.definition.deviations}
    names = ["torchvision" if flavor == "torchvision" else f"the {flavor}" for flavor in flavors]
    return f"In {enumerated(names)}" if names else "Remark"


def _signed(difference: int) -> str:
    return f"{difference:+,}" if difference else "="


def _difference(key: str) -> Any:
    return lambda row: row[1].growth[key].difference


def _ratio(key: str) -> Any:
    return lambda row: row[1].growth[key].ratio


def _ratio_text(ratio: float | None) -> str:
    return "" if ratio is None else times(ratio, 3)


def explanation_sheet(explanations: Sequence[Explanation]) -> Table:
    """The parts as one table; with the amounts of both networks where some are told by what they are made of."""
    table = share_table(explanations)
    pairs = [explanation.pair for explanation in explanations if explanation.pair]
    if not pairs:
        return table
    rows = [{column.key: column.value(row) for column in table.columns} for row in table.rows]
    amounts = [f"{side}_{key}" for key in EXPLAINED for side in ("before", "after")]
    columns = [*table.columns, *(Column(key, key, lambda _: None) for key in amounts)]
    by_key = [column._replace(value=_of_key(column.key)) for column in columns]
    return Table(by_key, [*rows, *(row for pair in pairs for row in makeup_rows(pair))])


def _of_key(key: str) -> Any:
    return lambda row: row.get(key)


def readable_table(explanation: Explanation, width: int) -> Table | None:
    """The factors that cost something, under their growth; None where there are none.

    Where a terminal is narrow the sentences above tell what is left out.
    """
    table = share_table([explanation])
    rows = [row for row in table.rows if not row[1].idle]
    if not rows:
        return None
    same = explanation.by_deviation
    hidden = {"model", "before", "after"} if same else {"model", "remark"}
    footer = {"factor": "Together"}
    for key, growth in explanation.attribution.growth.items():
        footer |= {f"{key}_difference": _signed(growth.difference), f"{key}_ratio": _ratio_text(growth.ratio)}
    shown = Table([column for column in table.columns if column.key not in hidden], rows, footer=footer)
    return giving_way(shown, width, SCARCE, least_width)[0]


SCARCE = ("before", "after", "params_ratio", "macs_ratio", "params_difference")
"""What gives way where a terminal is narrow, these first."""


def told(explanation: Explanation) -> dict[str, Any]:
    """An explanation as JSON has it."""
    found = explanation_data(
        explanation.after.reference, sentences(explanation), explanation.attribution, explanation.why_not
    )
    return found if explanation.pair is None else {**found, "makeup": makeup_data(explanation.pair)}
