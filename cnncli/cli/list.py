"""`cnncli list`: the models there are."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete


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
    flavor: args.Flavor = None,
    format: args.ReportFormat = None,
    output: args.Output = None,
    force: args.Force = False,
) -> None:
    """List the models by family and year, with their input, costs, aliases and options.

    Example: cnncli list --family MobileNet
    """
    from cnncli.cli.output import deliver
    from cnncli.views.listing import listing_text

    deliver(listing_text(family, flavor or "keras", args.how(format, output)), output, force=force)
