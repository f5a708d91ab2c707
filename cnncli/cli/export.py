"""`cnncli export`: a network as a file that a runtime deploys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from cnncli.graph import Graph
    from cnncli.models.reference import Model

_QUANTIZE = (
    "For TFLite: none (float32), float16 (half the size), dynamic (int8 weights), int8 (activations too: the fastest "
    "on a CPU, at some loss), int8-io (int8 at input and output too), int16x8 (int16 activations: near to float32, "
    "very slow on a CPU, not for MobileNet V3's h-swish). Several need a directory for -o."
)

PIXELS = (0.0, 255.0)
"""What a network takes that rescales by itself: the EfficientNets, MobileNet V3 with its preprocessing."""

INPUT_RANGES = {
    "keras": (-1.0, 1.0),  # keras.applications' preprocess_input for the MobileNets: x / 127.5 - 1
    "article": (0.0, 1.0),  # the article feeds x / 255 to all its networks
}
"""By flavor, for the networks that do not."""


def input_range(model: Model, graph: Graph) -> tuple[float, float]:
    """Lowest and highest value of the network's input: what black and white become."""
    reads_pixels = any(node.type == "Rescaling" for node in graph.readers()[0])
    return PIXELS if reads_pixels else INPUT_RANGES[model.flavor]


def output_name(model: Model) -> str:
    """What the network gives: probabilities; logits where they have no activation; features without a classifier."""
    if not model.options.get("include_top", True):
        return "features"
    return "probabilities" if model.options.get("classifier_activation", "softmax") else "logits"


def _output_help() -> str:
    from cnncli.export.kinds import directories, endings

    return f"{', '.join(endings('NAME'))}, or {directories()}."


def _endings() -> list[str]:
    from cnncli.export.kinds import endings

    return endings()


def _to_help() -> str:
    from cnncli.export.kinds import names

    return f"What to write, where the name does not tell: {names()}."


def _formats() -> list[str]:
    from cnncli.export.kinds import BY_NAME

    return list(BY_NAME)


def export(
    model: args.Reference,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            help=_output_help(),
            metavar="PATH",
            autocompletion=complete.suffixes(*_endings(), "/"),
            show_default=False,
        ),
    ],
    to: Annotated[
        str | None,
        typer.Option(
            help=_to_help(),
            metavar="KIND",
            autocompletion=_formats,
            show_default=False,
        ),
    ] = None,
    quantize: Annotated[
        list[str] | None,
        typer.Option(
            "--quantize",
            "-q",
            help=_QUANTIZE,
            metavar="KIND",
            autocompletion=complete.quantize,
            show_default=False,
        ),
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option(
            help="Pictures in a batch: 1 in TFLite files unless given, any number in SavedModels.",
            metavar="NUMBER",
            show_default=False,
        ),
    ] = None,
    weights: args.Weights = None,
    seed: args.Seed = None,
    representative_data: Annotated[
        Path | None,
        typer.Option(
            help="Pictures on which the int8 kinds measure activations: a directory of images, or an .npy or .npz file "
            "of uint8 pixels or of float32 as the network takes it. Random ones unless given.",
            metavar="PATH",
            show_default=False,
        ),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Run what was written and compare it with the Keras model.")
    ] = True,
    keep_unverified: Annotated[
        bool, typer.Option("--keep-unverified", help="Keep a file that does not compute what the Keras model does.")
    ] = False,
    manifest: Annotated[
        Path | None,
        typer.Option(help="Write the report as JSON to this file too.", metavar="FILE", show_default=False),
    ] = None,
    format: args.Format = "table",
    force: args.Force = False,
    flavor: args.Flavor = None,
    alpha: args.Alpha = None,
    input_shape: args.InputShape = None,
    classes: args.Classes = None,
    include_top: args.IncludeTop = None,
    set: args.Set = None,
) -> None:
    """Write a network as TFLite, SavedModel or Keras file, and prove that the file computes what the network does.

    The file is run by its own runtime, in a process of its own, and compared with the Keras model; one that differs is
    not kept. Without --weights the weights are fresh ones, with batch normalization calibrated on random pictures.

    Example: cnncli export mobilenet_v2 --alpha 0.5 -o model.tflite --quantize int8
    """
    from cnncli.export.exporting import Request
    from cnncli.export.exporting import export as export_model
    from cnncli.export.targets import targets
    from cnncli.files import check_target, write_text
    from cnncli.render.console import emit
    from cnncli.render.progress import progress
    from cnncli.views.export import export_text

    found = args.resolve(model, args.overrides(alpha, input_shape, classes, include_top, set), flavor)
    graph = found.graph()
    request = Request(
        graph=graph,
        reference=found.reference,
        input_range=input_range(found, graph),
        output_name=output_name(found),
        targets=targets(found.spec.name, output, to, quantize or ()),
        batch=args.whole_number("--batch", batch),
        weights=weights,
        seed=args.whole_number("--seed", seed, least=0),
        representative_data=representative_data,
        verify=verify,
        keep_unverified=keep_unverified,
        force=force,
    )
    if manifest is not None:
        if str(manifest) == "-" or any(manifest.resolve() == target.path.resolve() for target in request.targets):
            raise UsageError(f"--manifest {manifest}: name a file of its own; --format json prints the same")
        check_target(manifest, force=force)
    with progress() as tell:
        exported = export_model(request, tell)
    args.warn(exported.warnings)
    emit(export_text(exported, format, found))
    if manifest is not None:
        write_text(manifest, export_text(exported, "json", found), force=force)
    if exported.problems:
        raise CheckFailed("; ".join(exported.problems))
