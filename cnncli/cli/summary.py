"""`cnncli summary`: a network layer by layer, block by block or stage by stage."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, model_options
from cnncli.cli.output import Report, report_options
from cnncli.errors import UsageError

COLUMNS = (
    "model", "name", "type", "scope", "inputs", "input_shape", "output_shape", "params", "trainable_params",
    "non_trainable_params", "params_share", "macs", "macs_share", "flops", "layers_folded",
)  # fmt: skip


@model_options
@report_options()
def summary(
    models: args.References,
    by: Annotated[
        str,
        typer.Option(
            help="layer, block, stage, or a scope depth such as 3.", metavar="LEVEL", autocompletion=complete.level
        ),
    ] = "layer",
    columns: Annotated[
        str | None,
        typer.Option(
            help=f"Columns, separated by commas: {', '.join(COLUMNS)}.",
            metavar="KEYS",
            autocompletion=complete.listed(COLUMNS),
            show_default=False,
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            help="Order rows by this column, numbers from the largest.",
            metavar="COLUMN",
            autocompletion=complete.listed(COLUMNS),
            show_default=False,
        ),
    ] = None,
    top: Annotated[
        str | None, typer.Option(help="Show only the first N rows.", metavar="N", show_default=False)
    ] = None,
    *,
    report: Report,
    choice: Choice,
) -> None:
    """Show the layers of a network with their shapes, parameters and costs.

    Several models in JSON are written a line each.

    Example: cnncli summary mobilenet_v3_large --alpha 0.75 --by block
    """
    from cnncli.document.document import together
    from cnncli.views.summary import Wanted, summary_document

    wanted = Wanted(_depth(by), columns, sort, args.whole_number("--top", top), named=len(models) > 1)
    documents = []
    for model in choice.models(models):
        graph = model.graph()
        args.warn(graph.warnings)
        documents.append(summary_document(model, graph, wanted))
    report.deliver(together(documents))


def _depth(by: str) -> int | None:
    levels = {"layer": None, "stage": 1, "block": 2}
    if by in levels:
        return levels[by]
    if by.isdecimal() and 1 <= int(by[:9]) <= 99:
        return int(by)
    raise UsageError(f"--by {by}: expected layer, block, stage or a depth from 1 to 99")
