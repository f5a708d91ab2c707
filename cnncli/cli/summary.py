"""`cnncli summary`: a network layer by layer, block by block or stage by stage."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.errors import UsageError

COLUMNS = (
    "model", "name", "type", "scope", "inputs", "input_shape", "output_shape", "params", "trainable_params",
    "non_trainable_params", "params_share", "macs", "macs_share", "flops", "layers_folded",
)  # fmt: skip


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
    format: args.ReportFormat = None,
    output: args.Output = None,
    force: args.Force = False,
    flavor: args.Flavor = None,
    alpha: args.Alpha = None,
    input_shape: args.InputShape = None,
    classes: args.Classes = None,
    include_top: args.IncludeTop = None,
    set: args.Set = None,
) -> None:
    """Show the layers of a network with their shapes, parameters and costs.

    Several models in JSON are written a line each.

    Example: cnncli summary mobilenet_v3_large --alpha 0.75 --by block
    """
    from cnncli.cli.output import deliver
    from cnncli.views.summary import DEFAULT, summary_text

    depth, how = _depth(by), args.how(format, output)
    first = args.whole_number("--top", top)
    options = args.overrides(alpha, input_shape, classes, include_top, set)
    found = args.resolve_all(models, options, flavor)
    if columns is None and how == "csv" and len(found) > 1:
        columns = ",".join(("model", *DEFAULT))  # else nobody could tell whose rows they are
    texts = []
    for model in found:
        graph = model.graph()
        args.warn(graph.warnings)
        texts.append(summary_text(model, graph, depth, how, columns, sort, first))
    deliver(_joined(texts, how), output, force=force)


def _depth(by: str) -> int | None:
    levels = {"layer": None, "stage": 1, "block": 2}
    if by in levels:
        return levels[by]
    if by.isdecimal() and 1 <= int(by[:9]) <= 99:
        return int(by)
    raise UsageError(f"--by {by}: expected layer, block, stage or a depth from 1 to 99")


def _joined(texts: Sequence[str], format: str) -> str:
    """Several reports as one text: JSON as JSON lines, CSV with one header, others with a blank line between them."""
    if len(texts) > 1 and format == "json":
        return "".join(json.dumps(json.loads(text), ensure_ascii=False) + "\n" for text in texts)
    if format == "csv":
        return "".join([texts[0], *(text.partition("\n")[2] for text in texts[1:])])
    return "\n".join(texts)
