"""`cnncli list`: the architectures there are, or a row for each of some models."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from cnncli.cli import complete
from cnncli.cli.choice import Choice, Flavor, list_options
from cnncli.cli.output import Report, report_options
from cnncli.errors import UsageError

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL",
        help="Model files and other models, a row each, instead of the architectures: models/*.tflite, "
        "train.py:build, mobilenet_v2. - reads them from the standard input, one a line.",
        autocompletion=complete.reference,
        show_default=False,
    ),
]


@list_options
@report_options()
def list_models(
    models: Models = None,
    *,
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
    report: Report,
    choice: Choice,
) -> None:
    """List the architectures by family and year, with their input, costs, aliases and options; or models of your own.

    Example: cnncli list models/*.onnx models/*.tflite
    """
    if models:
        from cnncli.views.listed import models_document

        if family is not None:
            raise UsageError(f"--family {family} chooses among the architectures; it does not go with {models[0]}")
        report.deliver(models_document(replace(choice, flavor=flavor).networks(models)))
        return
    if choice.made:
        raise UsageError("options of models are for those named on the command line: name one")
    from cnncli.views.list import listing_document

    report.deliver(listing_document(family, flavor))
