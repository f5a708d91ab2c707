"""The report of `verify`: published figures beside those that are computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.metrics import conventions, metric
from cnncli.analysis.published import Claim, Verdict
from cnncli.document.document import Check, Document, Paragraphs, Section
from cnncli.document.numbers import grouped
from cnncli.document.table import Column, Heading, Table, natural_width
from cnncli.views.data import number, versioned
from cnncli.views.published import spaced

MARKS = {Verdict.AGREES: "✓", Verdict.CUT: "✓", Verdict.ERRATUM: "~", Verdict.DIFFERS: "✗"}
RULE = {
    Verdict.AGREES: "the computed figure rounds to it; at most half a unit of its last digit lies between them",
    Verdict.CUT: "the computed figure begins with its digits, and the others are left off",
    Verdict.ERRATUM: "another figure, of which it is known why",
    Verdict.DIFFERS: "another figure, of which nothing says why",
}
COUNTED = ("params", "params_without_bn", "macs")
"""The figures that are published, by the keys under which it is said what they count."""
MEANING = (
    "Trainable are the params that training changes, Without BN those but batch normalization's, Params all, as the "
    "source counts. MACs are those of convolutions and dense layers, which papers also call FLOPs; 13 G/2 counted two "
    "operations in each. Accuracies cannot be computed: none is checked."
)


def _percent(claim: Claim) -> str:
    """How much more is computed, in percent of what was published."""
    if claim.difference is None:
        return "?"
    return f"{float(100 * claim.difference / claim.figure.value):+.2f}%" if claim.difference else "="


def _verdict(claim: Claim) -> str:
    return f"{MARKS[claim.verdict]} {claim.verdict.value}"


def _source(claim: Claim) -> str:
    """Where it was published and, where it is another figure, why."""
    told = claim.verdict is not Verdict.AGREES and claim.published.erratum
    return f"{claim.published.source}: {told}" if told else claim.published.source


COLUMNS = (
    Column("figure", "Figure", lambda claim: metric(claim.key).title),
    Column("published", "Published", lambda claim: spaced(claim.written), True),
    Column("computed", "Computed", lambda claim: claim.computed, True, grouped),
    Column("difference", "Off", _percent, True),
    Column("verdict", "Verdict", _verdict),
    Column("source", "Source", _source),
)


def _difference(claim: Claim) -> int | float | None:
    return None if claim.difference is None else number(claim.difference)


SHEET = (
    Column("model", "Model", lambda claim: claim.model.reference),
    Column("paper", "Paper", lambda claim: claim.model.spec.paper.title),
    Column("source", "Source", lambda claim: claim.published.source),
    Column("figure", "Figure", lambda claim: claim.key),
    Column("written", "Written", lambda claim: claim.written),
    Column("published", "Published", lambda claim: number(claim.figure.value)),
    Column("computed", "Computed", lambda claim: claim.computed),
    Column("difference", "Difference", _difference),
    Column("verdict", "Verdict", lambda claim: claim.verdict.value),
    Column("erratum", "Erratum", lambda claim: claim.published.erratum),
)


def verify_document(claims: Sequence[Claim], only: Sequence[Verdict] = tuple(Verdict)) -> Document:
    """Published figures in their order, of some verdicts or of all; the conclusion counts them all."""
    shown = [claim for claim in claims if claim.verdict in only]
    return Document(
        title="cnncli verify",
        sections=lambda width: [*([_fitting(shown, width)] if shown else []), _rule(shown)],
        data=lambda: _report(claims, shown),
        sheet=lambda: Table(SHEET, shown),
        checks=lambda: list(map(_check, shown)),
        conclusion=outcome(claims),
    )


def differing(claims: Sequence[Claim]) -> list[Claim]:
    """Those that nothing explains."""
    return [claim for claim in claims if claim.verdict is Verdict.DIFFERS]


def outcome(claims: Sequence[Claim]) -> str:
    """`587 published figures: 470 agree, 33 with digits cut, 84 with a known erratum, 0 differ`."""
    count = Counter(claim.verdict for claim in claims)
    agree, differ = (count[each] for each in (Verdict.AGREES, Verdict.DIFFERS))
    told = (
        f"{agree} agree{'s' if agree == 1 else ''}",
        f"{count[Verdict.CUT]} with digits cut",
        f"{count[Verdict.ERRATUM]} with a known erratum",
        f"{differ} differ{'s' if differ == 1 else ''}",
    )
    return f"{len(claims)} published figure{'s' if len(claims) != 1 else ''}: {', '.join(told)}"


def _rule(claims: Sequence[Claim]) -> Paragraphs:
    """What the verdicts that were reached say, and what is counted."""
    reached = {claim.verdict for claim in claims}
    return Paragraphs([*(f"{verdict.value}: {text}." for verdict, text in RULE.items() if verdict in reached), MEANING])


def _fitting(claims: Sequence[Claim], width: int) -> Section:
    """A row a figure below its network or, where a terminal is too narrow, two lines."""
    table = Table(COLUMNS, _below_networks(claims), alarming=_alarms)
    if natural_width(table) <= width:
        return table
    column = Column("figure", "Figure", lambda line: line)
    rows = [line for row in table.rows for line in _lines(row)]
    return Table((column,), rows, alarming=lambda line: line.startswith(MARKS[Verdict.DIFFERS]))


def _below_networks(claims: Sequence[Claim]) -> list[Claim | Heading]:
    rows: list[Claim | Heading] = []
    for model, members in groupby(claims, key=lambda claim: claim.model.reference):
        rows += [Heading({"figure": model}), *members]
    return rows


def _lines(row: Claim | Heading) -> list[Heading | str]:
    if isinstance(row, Heading):
        return [row]
    title, written = metric(row.key).title, spaced(row.written)
    return [
        f"{_verdict(row)}: {title} {written}, computed {grouped(row.computed)} ({_percent(row)})",
        f"    {_source(row)}",
    ]


def _alarms(claim: Claim) -> bool:
    return claim.verdict is Verdict.DIFFERS


def _check(claim: Claim) -> Check:
    name = f"{claim.key} of {claim.published.source}"
    message = f"{claim.model.reference}: {name}: {claim.written}, computed {grouped(claim.computed)}"
    why = f": {claim.published.erratum}" if claim.verdict is Verdict.ERRATUM else ""
    passed = claim.verdict is not Verdict.DIFFERS
    return Check(claim.model.reference, name, passed, f"{message}, {claim.verdict.value}{why}")


def _report(claims: Sequence[Claim], shown: Sequence[Claim]) -> dict[str, Any]:
    return versioned(
        {
            "passed": not differing(claims),
            "figures": list(map(_data, shown)),
            "rule": {verdict.value: text for verdict, text in RULE.items()},
            "conventions": {key: text for key, text in conventions().items() if key in COUNTED},
        }
    )


def _data(claim: Claim) -> dict[str, Any]:
    paper = claim.model.spec.paper
    return {
        "model": claim.model.reference,
        "paper": paper._asdict(),
        "source": claim.published.source,
        "figure": claim.key,
        "written": claim.written,
        "published": number(claim.figure.value),
        "half_unit": number(claim.figure.unit / 2),
        "computed": claim.computed if is_known(claim.computed) else None,
        "difference": _difference(claim),
        "verdict": claim.verdict.value,
        "erratum": claim.published.erratum,
    }
