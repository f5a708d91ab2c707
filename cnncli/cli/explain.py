"""`cnncli explain`: the arithmetic of a layer, or what a network is made of and what that saves."""

from __future__ import annotations

from typing import Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, model_options
from cnncli.cli.output import Report, report_options

Layer = Annotated[
    str | None,
    typer.Argument(
        metavar="LAYER",
        help="A layer by its name or the end of it, its name in Keras, or its number as in Keras's model.layers.",
        autocompletion=complete.layer,
        show_default=False,
    ),
]


@model_options
@report_options()
def explain(
    model: args.Reference,
    layer: Layer = None,
    *,
    report: Report,
    choice: Choice,
) -> None:
    """Explain a layer as one would on a board: how its shape, channels, weights, work and memory are reckoned.

    Without a layer: what the network introduced, its blocks, and what they save.

    Example: cnncli explain mobilenet_v1 conv_dw_7
    """
    network = choice.network(model)
    if layer is None:
        from cnncli.views.explain_network import network_document

        report.deliver(network_document(network))
        return
    from cnncli.views.explain_layer import layer_document
    from cnncli.views.selection import layer_named

    report.deliver(layer_document(network, layer_named(network, layer)))
