"""`cnncli build`: a network as a Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, build_options
from cnncli.cli.output import FORCE, Report, report_options
from cnncli.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from cnncli.cloning.cloning import Request


@build_options
@report_options(output=None, force=False)
def build(
    model: args.Built,
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
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Of a file: run it too, and compare what the two give.")
    ] = True,
    keep_unverified: Annotated[
        bool, typer.Option("--keep-unverified", help="Keep a model that does not compute what its file does.")
    ] = False,
    force: FORCE = False,
    *,
    report: Report,
    choice: Choice,
) -> None:
    """Build a network in Keras, prove that each layer is as `cnncli summary` tells, and save it.

    The saved model is of stock Keras layers: `keras.models.load_model` loads it anywhere, without cnncli. Of an ONNX or
    TFLite file it has the file's weights, and is compared with what the file's own runtime gives.

    Example: cnncli build mobilenet_v2 --alpha 0.5 --classes 10 -o model.keras
    """
    from cnncli.render.progress import progress
    from cnncli.views.build import build_document

    number = args.whole_number("--seed", seed, least=0)
    found = choice.built(model)
    if found.model is None:
        from cnncli.cloning.cloning import Request

        _of_file(Request(found, output, weights, number, run, verify, keep_unverified, force), report)
        return
    if not verify or keep_unverified:
        raise UsageError(f"--{'keep-unverified' if verify else 'no-verify'} is for model files, and {model} is none")
    from cnncli.keras_model import build_apart

    with progress() as tell:
        built = build_apart(found.graph, output, weights=weights, seed=number, smoke=run, force=force, tell=tell)
    if built.loaded:
        args.warn(built.loaded.notes)
    report.deliver(build_document(found, built))
    _check(found.reference, built.differences)


def _of_file(request: Request, report: Report) -> None:
    from cnncli.cloning.cloning import clone
    from cnncli.render.progress import progress
    from cnncli.views.build import build_document

    with progress() as tell:
        cloned = clone(request, tell)
    args.warn(cloned.warnings)
    reference = request.network.reference
    report.deliver(build_document(request.network, cloned.build, cloned))
    _check(reference, cloned.build.differences)
    if cloned.problems:
        raise CheckFailed(f"{reference}: {'; '.join(cloned.problems)}")


def _check(reference: str, differences: Sequence[object]) -> None:
    """Raise CheckFailed where Keras's model is not the graph."""
    if differences:
        raise CheckFailed(f"{reference}: Keras and the graph differ in {len(differences)} facts")
