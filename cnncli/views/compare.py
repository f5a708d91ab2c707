"""The whole of what `compare` says. Changes and reasons are loaded only where they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnncli.analysis.compare.comparison import Entry, identical, stages
from cnncli.document.document import Document, Section
from cnncli.document.table import Table
from cnncli.errors import UsageError
from cnncli.views.comparison import stage_name, stage_table, totals_sheet, totals_table
from cnncli.views.data import entry_data, stage_data, versioned


def comparison_document(entries: Sequence[Entry], *, diff: bool = False, explain: bool = False) -> Document:
    """The report on models of which the first is the baseline: totals, and stages or what is asked for instead."""
    return Document(
        title=" and ".join(entry.reference for entry in entries),
        sections=lambda width: list(_sections(entries, diff, explain, width)),
        data=lambda: versioned(_data(entries, explain)),
        sheet=lambda: _sheet(entries, diff, explain),
    )


def _sections(entries: Sequence[Entry], diff: bool, explain: bool, width: int) -> Iterator[Section]:
    yield totals_table(entries, width)
    if explain:
        from cnncli.views.explanation import explanation_sections, explanations

        for explanation in explanations(entries):
            yield from explanation_sections(explanation)
    if diff:
        from cnncli.views.difference import diff_listing, diffs

        yield from map(diff_listing, diffs(entries))
    if not (diff or explain):
        yield stage_table(entries, stages(entries), width)


def _sheet(entries: Sequence[Entry], diff: bool, explain: bool) -> Table:
    """One table of what was asked for. Raises UsageError where that is two."""
    if diff and explain:
        raise UsageError("CSV and TSV hold one table: --diff or --explain, not both")
    if diff:
        from cnncli.views.difference import change_sheet, diffs

        return change_sheet(diffs(entries))
    if explain:
        from cnncli.views.explanation import explanations, share_table

        return share_table(explanations(entries))
    return totals_sheet(entries)


def _data(entries: Sequence[Entry], explain: bool) -> dict[str, Any]:
    from cnncli.views.difference import changes, diffs

    found: dict[str, Any] = {
        "baseline": entries[0].reference,
        "models": [entry_data(each, identical(entries[0], each)) for each in entries],
        "stages": [
            {"stage": stage_name(row), "models": [stage and stage_data(stage) for stage in row]}
            for row in stages(entries)
        ],
        "changes": changes(diffs(entries)),
    }
    if explain:
        from cnncli.views.explanation import explanations, told

        found["explanations"] = [told(each) for each in explanations(entries)]
    return found
