"""`cnncli identify`: which known network one is, told by its structure."""

from __future__ import annotations

import typer

from cnncli.cli import arguments as args
from cnncli.cli.choice import Choice, model_options
from cnncli.cli.output import Report, report_options


@model_options
@report_options()
def identify(models: args.References, *, report: Report, choice: Choice) -> None:
    """Tell which known network one is by its structure: architecture, options, and what differs.

    Names do not matter, nor what converters do: folded batch normalization, fused activations, layout, quantization.
    Exits with 1 where one of the models is no known network; the nearest is told.

    Example: cnncli identify mobilenet_v2 --alpha 0.5
    """
    from cnncli.analysis.identify.identity import identified
    from cnncli.document.document import together
    from cnncli.views.identify import identity_document

    found = list(map(identified, choice.networks(models)))
    report.deliver(together(list(map(identity_document, found))))
    if not all(each.known for each in found):
        raise typer.Exit(1)
