"""`cnncli memory`: what a network holds in memory where it is deployed, operation by operation, or in training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, deployed_options
from cnncli.cli.columns import Columns, column_options
from cnncli.cli.output import Report, report_options
from cnncli.errors import UsageError

if TYPE_CHECKING:
    from cnncli.document.document import Document
    from cnncli.network import Network

_TRAINING = "Training"


def _keys() -> list[str]:
    from cnncli.views.memory import column_keys

    return column_keys()


@deployed_options
@report_options()
@column_options(_keys)
def memory(
    models: args.References,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="What the network is deployed as: float32, float16, dynamic, int8 or int8-io; float32 unless given, "
            "and of a .tflite file what it is.",
            metavar="KIND",
            autocompletion=complete.kind,
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        str | None, typer.Option(help="Examples at once; one, unless told.", metavar="N", show_default=False)
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            help="operation, layer, block, stage, or a scope depth such as 3.",
            metavar="LEVEL",
            autocompletion=complete.one_of(("operation", *complete.level())),
        ),
    ] = "operation",
    *,
    columns: Columns,
    top: Annotated[
        str | None,
        typer.Option(help="Show only the N largest rows, in order of size.", metavar="N", show_default=False),
    ] = None,
    training: Annotated[
        bool,
        typer.Option(
            "--training", help="What training takes instead, at least, in float32.", rich_help_panel=_TRAINING
        ),
    ] = False,
    optimizer: Annotated[
        Literal["sgd", "momentum", "adam"] | None,
        typer.Option(
            help="Which keeps no copy of the weights (sgd, the default), one (momentum) or two (adam).",
            rich_help_panel=_TRAINING,
            show_default=False,
        ),
    ] = None,
    report: Report,
    choice: Choice,
) -> None:
    """Show what a network holds in memory while it runs, where most is held, and which tensors that is.

    Operations are those of the TensorFlow Lite file that `cnncli export` would write, or of a .tflite file that is
    read.

    Example: cnncli memory mobilenet_v2 --dtype int8 --by block
    """
    from cnncli.document.document import together

    few, count = args.whole_number("--top", top), args.whole_number("--batch", batch)
    if optimizer and not training:
        raise UsageError(f"--optimizer {optimizer} is for --training")
    if dtype and training:
        raise UsageError(f"--dtype {dtype}: training is counted in float32")
    networks = choice.networks(models, lambda _: {"batch": count} if count else {})
    shown = columns, few, len(networks) > 1
    if training:
        documents = [_trained(each, by, optimizer or "sgd", count or 1, *shown) for each in networks]
    else:
        documents = [_run(each, by, args.kind(dtype), count, *shown) for each in networks]
    report.deliver(together(documents))


def _run(
    network: Network, by: str, kind: str | None, batch: int | None, columns: Columns, top: int | None, named: bool
) -> Document:
    from cnncli.views.memory import Wanted, level_of, memory_document

    return memory_document(network, Wanted(kind, batch, level_of(by), columns.shown, columns.sort, top, named))


def _trained(
    network: Network, by: str, optimizer: str, batch: int, columns: Columns, top: int | None, named: bool
) -> Document:
    from cnncli.views.summary import depth_of
    from cnncli.views.training import Wanted, training_document

    depth = None if by == "operation" else depth_of(by)
    return training_document(network, Wanted(optimizer, batch, depth, columns.shown, columns.sort, top, named))
