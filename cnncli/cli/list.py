"""`cnncli list`: the models there are."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncli.cli import complete
from cnncli.cli.choice import Flavor
from cnncli.cli.output import Report, report_options


@report_options()
def list_models(
    family: Annotated[
        str | None,
        typer.Option(
            help="Only this family, such as MobileNet.",
            metavar="NAME",
            autocompletion=complete.family,
            show_default=False,
        ),
    ] = None,
    flavor: Flavor = None,
    *,
    report: Report,
) -> None:
    """List the models by family and year, with their input, costs, aliases and options.

    Example: cnncli list --family MobileNet
    """
    from cnncli.views.list import listing_document

    report.deliver(listing_document(family, flavor))
