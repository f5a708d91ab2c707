"""`cnncli history`: what each paper brought, year by year, and a picture of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from cnncli.cli import complete
from cnncli.cli.arguments import whole_number
from cnncli.cli.columns import Columns, column_options
from cnncli.cli.output import PICTURES, Report, report_options

OUTPUT = typer.Option(
    "--output",
    "-o",
    help="Draw accuracy against year and against MACs to a .pdf, .png or .svg; or write the report.",
    metavar="FILE",
    autocompletion=complete.suffixes(*PICTURES),
    show_default=False,
)


def _keys() -> list[str]:
    from cnncli.views.history import column_keys

    return column_keys()


def _year(says: str) -> typer.models.OptionInfo:
    found: typer.models.OptionInfo = typer.Option(help=says, metavar="YEAR", show_default=False)
    return found


@report_options(output=OUTPUT, pictures=True)
@column_options(_keys)
def history(
    family: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this family, such as MobileNet; may be given several times.",
            metavar="NAME",
            autocompletion=complete.family,
            show_default=False,
        ),
    ] = None,
    since: Annotated[str | None, _year("Only papers of this year and later.")] = None,
    until: Annotated[str | None, _year("Only papers of this year and before.")] = None,
    every: Annotated[bool, typer.Option("--all", help="A row a network, not a paper.")] = False,
    *,
    columns: Columns,
    report: Report,
) -> None:
    """Tell the history of convolutional networks: year by year what each paper introduced, what its best network costs
    and how accurate it is; and draw it, with what descends from what.

    Example: cnncli history --family MobileNet
    """
    from cnncli.views.history import Past, history_chart, history_document

    drawn = report.picture()
    years = whole_number("--since", since), whole_number("--until", until)
    past = replace(Past.of(family or [], *years), every=every, columns=columns.shown, sort=columns.sort)
    report.check_target()
    document = history_document(past)
    if drawn:
        from cnncli.draw.chart import write_chart

        write_chart(history_chart(past), drawn, force=report.force)
        report = replace(report, output=None)
    report.deliver(document)
