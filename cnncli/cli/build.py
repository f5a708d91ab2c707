"""`cnncli build`: a network as a Keras model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, architecture_options
from cnncli.cli.output import FORCE, Report, report_options
from cnncli.errors import CheckFailed


@architecture_options
@report_options(output=None, force=False)
def build(
    model: args.Architecture,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Save the model here (.keras), or its weights alone (.weights.h5).",
            metavar="FILE",
            autocompletion=complete.suffixes(".keras", ".weights.h5"),
            show_default=False,
        ),
    ] = None,
    weights: args.Weights = None,
    seed: args.Seed = None,
    run: Annotated[bool, typer.Option("--run", help="Pass a random picture through; all outputs must be finite.")] = (
        False
    ),
    force: FORCE = False,
    *,
    report: Report,
    choice: Choice,
) -> None:
    """Build a network in Keras, prove that each layer is as `cnncli summary` tells, and save it.

    The saved model is of stock Keras layers: `keras.models.load_model` loads it anywhere, without cnncli.

    Example: cnncli build mobilenet_v2 --alpha 0.5 --classes 10 -o model.keras
    """
    from cnncli.keras_model import build_apart
    from cnncli.render.progress import progress
    from cnncli.views.build import build_document

    number = args.whole_number("--seed", seed, least=0)
    found = choice.architecture(model, "build")
    with progress() as tell:
        built = build_apart(found.graph, output, weights=weights, seed=number, smoke=run, force=force, tell=tell)
    if built.loaded:
        args.warn(built.loaded.notes)
    report.deliver(build_document(found, built))
    if built.differences:
        raise CheckFailed(f"{found.reference}: Keras and the graph differ in {len(built.differences)} facts")
