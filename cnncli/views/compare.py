"""The whole of what `compare` says. Changes and reasons are loaded only where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from cnncli.analysis.compare.comparison import Entry, crosses, identical, stages
from cnncli.document.document import Document, Paragraphs, Section
from cnncli.document.table import Table
from cnncli.errors import UsageError
from cnncli.views.compare_data import entry_data, stage_data
from cnncli.views.comparison import EVERYTHING, Shown, stage_name, stage_table, totals_sheet, totals_table
from cnncli.views.data import versioned
from cnncli.views.origin import shortly


class Asked(NamedTuple):
    """What a comparison is to tell beside the totals (`stages` unless something else), and what of these."""

    diff: bool = False
    explain: bool = False
    stages: bool = True
    shown: Shown = EVERYTHING


def comparison_document(entries: Sequence[Entry], asked: Asked = Asked()) -> Document:
    """The report on models of which the first is the baseline. Raises UsageError for unknown columns."""
    if asked.shown != EVERYTHING:
        totals_sheet(entries, asked.shown)  # what cannot be read is refused before anything is written
    called = [
        replace(each, network=name) for each, name in zip(entries, shortly([e.network for e in entries]), strict=True)
    ]
    return Document(
        title=" and ".join(entry.reference for entry in called),
        sections=lambda width: list(_sections(called, asked, width)),
        data=lambda: versioned(_data(entries, asked)),
        sheet=lambda: _sheet(entries, asked),
    )


def _sections(entries: Sequence[Entry], asked: Asked, width: int) -> Iterator[Section]:
    yield totals_table(entries, width, asked.shown)
    if _crossing(entries):
        from cnncli.views.across import across_lines

        yield Paragraphs([line for other in entries[1:] for line in across_lines(entries[0], other)])
    if asked.explain:
        from cnncli.views.explanation import explanation_sections, explanations

        for explanation in explanations(entries):
            yield from explanation_sections(explanation, width)
    if asked.diff:
        from cnncli.views.difference import contrasted, diff_listing

        yield from map(diff_listing, contrasted(entries))
    if asked.stages and not (asked.diff or asked.explain):
        yield from stage_table(entries, stages(entries), width)


def _crossing(entries: Sequence[Entry]) -> bool:
    """Whether some network is compared with the first across kinds of files."""
    return any(crosses(entries[0], other) for other in entries[1:])


def _sheet(entries: Sequence[Entry], asked: Asked) -> Table:
    """One table of what was asked for. Raises UsageError where that is two."""
    if asked.diff and asked.explain:
        raise UsageError("CSV and TSV hold one table: --diff or --explain, not both")
    if asked.diff:
        from cnncli.views.difference import change_sheet, diffs

        return change_sheet(diffs(entries))
    if asked.explain:
        from cnncli.views.explanation import explanation_sheet, explanations

        return explanation_sheet(explanations(entries))
    return totals_sheet(entries, asked.shown)


def _data(entries: Sequence[Entry], asked: Asked) -> dict[str, Any]:
    from cnncli.views.difference import changes, contrasted, contrasts, diffs

    between = contrasted(entries) if asked.diff else diffs(entries)
    found: dict[str, Any] = {
        "baseline": entries[0].reference,
        "models": [entry_data(each, identical(entries[0], each)) for each in entries],
        "stages": [
            {"stage": stage_name(row), "models": [stage and stage_data(stage) for stage in row]}
            for row in stages(entries)
        ],
        "changes": changes(between),
    }
    if unlike := contrasts(between):
        found["contrasts"] = unlike
    if _crossing(entries):
        from cnncli.views.across import conversions

        found["conversion"] = conversions(entries)
    if asked.explain:
        from cnncli.views.explanation import explanations, told

        found["explanations"] = [told(each) for each in explanations(entries)]
    return found
