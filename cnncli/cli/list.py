"""`cnncli list`: the architectures there are, those of a family with all that is known of it, or models of your own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, Flavor, list_options
from cnncli.cli.columns import Columns, column_options
from cnncli.cli.output import Report, report_options
from cnncli.errors import UsageError
from cnncli.readers.formats import exists

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FAMILY|MODEL",
        help="A family, such as efficientnet: what its models introduced, their papers and options. Or model files and "
        "other models, a row each: models/*.tflite, train.py:build, mobilenet_v2. - reads them from the standard "
        "input, one a line.",
        autocompletion=complete.family_or_reference,
        show_default=False,
    ),
]


def _keys() -> list[str]:
    from cnncli.views.list import column_keys

    return column_keys()


@list_options
@report_options()
@column_options(_keys)
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
    dtype: args.DtypeOfFigures = None,
    columns: Columns,
    report: Report,
    choice: Choice,
) -> None:
    """List the architectures by family and year, with their input, costs and aliases; or all that is known of a family;
    or models of your own.

    Example: cnncli list --sort top1
    """
    if models and family is not None:
        raise UsageError(f"--family {family} chooses among the architectures; it does not go with {models[0]}")
    kind = args.kind(dtype)
    if models and not _are_families(models, choice):
        from cnncli.views.listed import models_document

        found = replace(choice, flavor=flavor).networks(models)
        report.deliver(models_document(found, columns.shown, columns.sort, kind))
        return
    if choice.made:
        raise UsageError("options of models are for those named on the command line: name one")
    from cnncli.views.list import Listing, listing_document

    families = models or ([] if family is None else [family])
    listing = Listing.of(families, flavor, columns.shown, columns.sort, kind)
    if models:
        from cnncli.views.family import family_document

        report.deliver(family_document(listing))
    else:
        report.deliver(listing_document(listing))


_BARE = re.compile(r"\w[\w\s-]*")
"""What neither a path nor a reference with options is."""


def _are_families(words: Sequence[str], choice: Choice) -> bool:
    """Whether each word is a family's name, and no file's; with options of models none is."""
    from cnncli.views.list import is_family

    return not choice.made and all(_BARE.fullmatch(word) and not exists(word) and is_family(word) for word in words)
