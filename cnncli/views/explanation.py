"""Why a model costs more than the baseline: a sentence, a table of the parts, and data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cnncli.analysis.compare.attribution import METRICS, Attribution, Factor, Growth, attribute
from cnncli.analysis.compare.comparison import Entry
from cnncli.document.document import Paragraphs, Section
from cnncli.document.numbers import times
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Table
from cnncli.views.data import explanation_data

WORDS = {"params": "parameters", "macs": "MACs"}


class Explanation(NamedTuple):
    """The attribution of the growth from one model to another, by their references."""

    before: str
    after: str
    attribution: Attribution

    @property
    def by_deviation(self) -> bool:
        """Whether the parts are a flavor's deviations, which are told by what they add rather than multiply."""
        return any(share.factor.deviations and share.factor.name != "flavor" for share in self.attribution.shares)


def explanations(entries: Sequence[Entry]) -> list[Explanation]:
    """Why each other model costs more or less than the first."""
    base, *others = entries
    return [
        Explanation(base.reference, other.reference, attribute(base.model, other.model, (base.graph, other.graph)))
        for other in others
    ]


def explanation_sections(explanation: Explanation) -> Iterator[Section]:
    """The sentences, then the table of the parts where there are any."""
    yield Paragraphs(sentences(explanation))
    if table := readable_table(explanation):
        yield table


def sentences(explanation: Explanation) -> list[str]:
    """How MACs and parameters grew, with each factor's part; then the factors that changed no cost."""
    before, after, attribution = explanation
    told = [f"From {before} to {after} the {_grew(explanation, 'macs')}.", f"The {_grew(explanation, 'params')}."]
    if attribution.why_not:
        return [*told, f"This is no matter of options: {attribution.why_not}."]
    idle = [share.factor for share in attribution.shares if share.idle]
    if explanation.by_deviation:
        return told + ([f"These change neither: {', '.join(_name(factor) for factor in idle)}."] if idle else [])
    return told + [
        f"{_name(factor).capitalize()}{_change(factor)} changes neither{f': {factor.remark}' if factor.remark else ''}."
        for factor in idle
    ]


def _grew(explanation: Explanation, metric: str) -> str:
    """`MACs grow x11.39: x2.919 by resolution (224 → 380), x2.026 by depth (1 → 1.8)`, the largest part first."""
    growth = explanation.attribution.growth[metric]
    if growth.difference == 0:
        return f"{WORDS[metric]} stay the same (x1.00)"
    verb = "grow" if growth.difference > 0 else "shrink"
    by_addition = explanation.by_deviation or growth.ratio is None
    whole = [times(growth.ratio)] if growth.ratio else []
    whole += [f"by {growth.difference:+,}"] if by_addition else []
    shares = [share for share in explanation.attribution.shares if share.growth[metric].difference]
    shares.sort(key=lambda share: -abs(share.growth[metric].difference))
    parts = [f"{_part(share.growth[metric], by_addition)} by {_named(share.factor, metric)}" for share in shares]
    return f"{WORDS[metric]} {verb} {', '.join(whole)}" + (f": {enumerated(parts)}" if parts else "")


def _part(growth: Growth, by_addition: bool) -> str:
    return f"{growth.difference:+,}" if by_addition or growth.ratio is None else times(growth.ratio, 3)


def _named(factor: Factor, metric: str) -> str:
    """A factor with its values, where it is named first."""
    is_deviation = factor.deviations and factor.name != "flavor"
    return _name(factor) + ("" if is_deviation or metric != METRICS[-1] else _change(factor))


def _change(factor: Factor) -> str:
    return f" ({factor.before} → {factor.after})"


def _name(factor: Factor) -> str:
    """The papers call the input's size resolution, which its channels are no part of."""
    if factor.name == "input_shape":
        return "resolution" if _channels(factor.before) == _channels(factor.after) else "input shape"
    return factor.name.replace("_", " ")


def _channels(input_shape: str) -> str:
    """Of an input as references spell it: 28x28x1 has 1, 224 and 160x224 the usual 3."""
    return input_shape.split("x")[2] if input_shape.count("x") == 2 else "3"


def share_table(explanations: Sequence[Explanation]) -> Table:
    """A row a factor of each model: what it adds and what it multiplies by, of the parameters and of the MACs."""
    rows = [(explanation, share) for explanation in explanations for share in explanation.attribution.shares]
    columns = [
        Column("model", "Model", lambda row: row[0].after),
        Column("factor", "Factor", lambda row: row[1].factor.name),
        Column("before", "From", lambda row: row[1].factor.before),
        Column("after", "To", lambda row: row[1].factor.after),
    ]
    for metric in METRICS:
        header = "MACs" if metric == "macs" else "Params"
        columns.append(Column(f"{metric}_difference", header, _difference(metric), True, _signed))
        columns.append(Column(f"{metric}_ratio", "Ratio", _ratio(metric), True, _ratio_text))
    return Table([*columns, Column("remark", "In the article", lambda row: row[1].factor.remark)], rows)


def _signed(difference: int) -> str:
    return f"{difference:+,}" if difference else "="


def _difference(metric: str) -> Any:
    return lambda row: row[1].growth[metric].difference


def _ratio(metric: str) -> Any:
    return lambda row: row[1].growth[metric].ratio


def _ratio_text(ratio: float | None) -> str:
    return "" if ratio is None else times(ratio, 3)


def readable_table(explanation: Explanation) -> Table | None:
    """The factors that cost something, under their growth; None where there are none."""
    table = share_table([explanation])
    rows = [row for row in table.rows if not row[1].idle]
    if not rows:
        return None
    same = explanation.by_deviation
    hidden = {"model", "before", "after"} if same else {"model", "remark"}
    footer = {"factor": "Together"}
    for metric, growth in explanation.attribution.growth.items():
        footer |= {f"{metric}_difference": _signed(growth.difference), f"{metric}_ratio": _ratio_text(growth.ratio)}
    return Table([column for column in table.columns if column.key not in hidden], rows, footer=footer)


def told(explanation: Explanation) -> dict[str, Any]:
    """An explanation as JSON has it."""
    return explanation_data(explanation.after, sentences(explanation), explanation.attribution)
