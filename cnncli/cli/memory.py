"""`cnncli memory`: what a network holds in memory where it is deployed, operation by operation, or in training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, deployed_options
from cnncli.cli.columns import Columns, column_options
from cnncli.cli.output import PICTURES, Report, report_options
from cnncli.errors import UsageError

if TYPE_CHECKING:
    from cnncli.document.document import Document
    from cnncli.network import Network

_TRAINING = "Training"
DRAWN = (*PICTURES, ".eps")
OUTPUT = typer.Option(
    "--output",
    "-o",
    help="Draw live tensors and the arena to a .pdf, .png, .svg or .eps; or write the report.",
    metavar="FILE",
    autocompletion=complete.suffixes(*DRAWN),
    show_default=False,
)

Batch = Annotated[str | None, typer.Option(help="Examples at once; one, unless told.", metavar="N", show_default=False)]
Level = Annotated[
    str,
    typer.Option(
        help="operation, layer, block, stage, or a scope depth such as 3.",
        metavar="LEVEL",
        autocompletion=complete.one_of(("operation", *complete.level())),
    ),
]
Top = Annotated[
    str | None,
    typer.Option(help="Show only the N largest rows, in order of size.", metavar="N", show_default=False),
]
Reorder = Annotated[
    bool,
    typer.Option("--reorder", help="In the order that takes least, and how much that saves."),
]
Training = Annotated[
    bool,
    typer.Option("--training", help="What training takes instead, at least, in float32.", rich_help_panel=_TRAINING),
]
Optimizer = Annotated[
    Literal["sgd", "momentum", "adam"] | None,
    typer.Option(
        help="Which keeps no copy of the weights (sgd, the default), one (momentum) or two (adam).",
        rich_help_panel=_TRAINING,
        show_default=False,
    ),
]


def _keys() -> list[str]:
    from cnncli.views.memory import column_keys

    return column_keys()


@deployed_options
@report_options(output=OUTPUT, pictures=True)
@column_options(_keys)
def memory(
    models: args.References,
    dtype: args.Dtype = None,
    batch: Batch = None,
    by: Level = "operation",
    *,
    columns: Columns,
    top: Top = None,
    reorder: Reorder = False,
    training: Training = False,
    optimizer: Optimizer = None,
    report: Report,
    choice: Choice,
) -> None:
    """Show what a network holds in memory while it runs, where most is held, and which tensors that is.

    Operations are those of the TensorFlow Lite file that `cnncli export` would write, or of a .tflite file that is
    read.

    Example: cnncli memory mobilenet_v2 --dtype int8 --by block
    """
    from cnncli.document.document import together

    few, count, kind = args.whole_number("--top", top), args.whole_number("--batch", batch), args.kind(dtype)
    if optimizer and not training:
        raise UsageError(f"--optimizer {optimizer} is for --training")
    drawn = report.picture(DRAWN)
    if training and (reorder or drawn):
        raise UsageError(f"{drawn or '--reorder'} is for what runs where it is deployed, not for --training")
    if kind and training:
        raise UsageError(f"--dtype {kind}: training is counted in float32")
    networks = choice.networks(models, lambda _: {"batch": count} if count else {})
    if drawn and len(networks) > 1:
        raise UsageError(f"{drawn}: a picture shows one network, was given {len(networks)}")
    report.check_target()
    shown = columns, few, len(networks) > 1
    if training:
        documents = [_trained(each, by, optimizer or "sgd", count or 1, *shown) for each in networks]
    else:
        documents = [_run(each, by, kind, count, reorder, *shown) for each in networks]
    if drawn:
        _draw(networks[0], kind, count, reorder, drawn, force=report.force)
        report = replace(report, output=None)
    report.deliver(together(documents))


def _run(
    network: Network, by: str, kind: str | None, batch: int | None, reorder: bool,
    columns: Columns, top: int | None, named: bool,
) -> Document:  # fmt: skip
    from cnncli.views.memory import Wanted, level_of, memory_document

    return memory_document(network, Wanted(kind, batch, level_of(by), columns.shown, columns.sort, top, named, reorder))


def _draw(network: Network, kind: str | None, batch: int | None, reorder: bool, path: Path, *, force: bool) -> None:
    from cnncli.draw.canvas import easel, write_picture
    from cnncli.views.memory import Wanted
    from cnncli.views.memory_sheet import memory_sheet

    with easel(path) as pen:
        write_picture(memory_sheet(network, Wanted(kind, batch, reorder=reorder)), path, pen=pen, force=force)


def _trained(
    network: Network, by: str, optimizer: str, batch: int, columns: Columns, top: int | None, named: bool
) -> Document:
    from cnncli.views.summary import depth_of
    from cnncli.views.training import Wanted, training_document

    depth = None if by == "operation" else depth_of(by)
    return training_document(network, Wanted(optimizer, batch, depth, columns.shown, columns.sort, top, named))
