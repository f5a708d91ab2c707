"""`cnncli compare`: which network, and why it differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, model_options
from cnncli.cli.columns import joined
from cnncli.cli.output import PICTURES, Report, report_options
from cnncli.errors import UsageError

if TYPE_CHECKING:
    from cnncli.network import Network

OUTPUT = typer.Option(
    "--output",
    "-o",
    help="Draw parameters against MACs to a .pdf, .png or .svg; or write the report.",
    metavar="FILE",
    autocompletion=complete.suffixes(*PICTURES),
    show_default=False,
)

Baseline = Annotated[
    str | None,
    typer.Option(
        help="Compare with this model instead of the first.",
        metavar="MODEL",
        autocompletion=complete.reference,
        show_default=False,
    ),
]
Sort = Annotated[
    str | None,
    typer.Option(
        help="A row a model, ordered by this figure, numbers from the largest.",
        metavar="COLUMN",
        autocompletion=complete.figures,
        show_default=False,
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        help="Which figures, separated by commas: params, macs, top1, ...",
        metavar="KEYS",
        autocompletion=complete.figures,
        show_default=False,
    ),
]


@model_options
@report_options(output=OUTPUT, pictures=True)
def compare(
    models: args.References,
    baseline: Baseline = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what changes, block by block.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Share the growth out among the options that differ.")
    ] = False,
    totals: Annotated[bool, typer.Option("--totals", help="Only the totals, without the stages.")] = False,
    sort: Sort = None,
    columns: Columns = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where the networks differ.")] = False,
    *,
    report: Report,
    choice: Choice,
) -> None:
    """Compare networks: totals and stages side by side, what changes, and why the costs differ.

    Example: cnncli compare b0 b4 --explain
    """
    from cnncli.analysis.compare.comparison import entry, identical
    from cnncli.views.compare import Asked, comparison_document
    from cnncli.views.comparison import Shown

    found = choice.networks([*models, *([baseline] if baseline is not None else [])])
    if baseline is not None:
        found = _led_by(found.pop(), found)
    if len(found) < 2:
        raise UsageError(f"compare takes two models or more, was given only {found[0].reference}")
    drawn = report.picture()
    report.check_target()
    entries = list(map(entry, found))
    document = comparison_document(entries, Asked(diff, explain, not totals, Shown(joined(columns), sort)))
    if drawn:
        from cnncli.draw.chart import write_chart
        from cnncli.views.chart import chart

        write_chart(chart(entries), drawn, force=report.force)
        report = replace(report, output=None)
    report.deliver(document)
    if exit_code and not all(identical(entries[0], each) for each in entries):
        raise typer.Exit(1)


def _led_by(base: Network, networks: Sequence[Network]) -> list[Network]:
    """The baseline first, whether it is one of the others or not."""
    references = [each.reference for each in networks]
    place = references.index(base.reference) if base.reference in references else len(networks)
    return [base, *networks[:place], *networks[place + 1 :]]
