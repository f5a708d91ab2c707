"""`cnncli summary`: a network layer by layer, block by block or stage by stage."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, model_options
from cnncli.cli.columns import Columns, column_options
from cnncli.cli.output import Report, report_options


def _keys() -> list[str]:
    from cnncli.views.columns import column_keys

    return column_keys()


def _roof(text: str) -> Any:
    from cnncli.views.roofline import read_roof  # with decimal numbers, which take a while to load

    return read_roof(text)


By = Annotated[
    str,
    typer.Option(
        help="layer, block, stage, or a scope depth such as 3.", metavar="LEVEL", autocompletion=complete.level
    ),
]
Top = Annotated[str | None, typer.Option(help="Show only the first N rows.", metavar="N", show_default=False)]
Type = Annotated[
    str | None,
    typer.Option(help="Only layers of these classes, such as Conv2D,Dense.", metavar="NAMES", show_default=False),
]
At = Annotated[
    str | None,
    typer.Option(
        help="Only what puts out maps of this size, such as 19x19: where a detector taps.",
        metavar="SIZE",
        show_default=False,
    ),
]
FreezeBefore = Annotated[
    str | None,
    typer.Option(
        help="Count as frozen what is before this layer: its number as in Keras's model.layers, or its name.",
        metavar="N|NAME",
        show_default=False,
    ),
]
Roofline = Annotated[
    str | None,
    typer.Option(
        help="What the machine can do at most, as MACs and bytes a second, such as 10G,5GB: tell what holds each row "
        "back, compute or memory, and the least time that this allows; a bound, not a forecast.",
        metavar="MACS,BYTES",
        show_default=False,
    ),
]


@model_options
@report_options()
@column_options(_keys)
def summary(
    models: args.References,
    by: By = "layer",
    *,
    columns: Columns,
    top: Top = None,
    type: Type = None,
    at: At = None,
    freeze_before: FreezeBefore = None,
    roofline: Roofline = None,
    dtype: args.Dtype = None,
    report: Report,
    choice: Choice,
) -> None:
    """Show the layers of a network with their shapes, parameters and costs.

    Several models in JSON are written a line each.

    Example: cnncli summary mobilenet_v3_large --alpha 0.75 --by block
    """
    from cnncli.document.document import together
    from cnncli.views.summary import Wanted, depth_of, summary_document

    first = args.whole_number("--top", top)
    depth, networks = depth_of(by), choice.networks(models)
    roof = None if roofline is None else _roof(roofline)
    wanted = Wanted(
        depth,
        columns.shown,
        columns.sort,
        first,
        len(networks) > 1,
        type,
        at,
        freeze_before,
        roof,
        args.kind(dtype),
        bars=report.on_screen,
    )
    report.deliver(together([summary_document(network, wanted) for network in networks]))
