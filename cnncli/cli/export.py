"""`cnncli export`: a network as a file that a runtime deploys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, model_options
from cnncli.cli.output import Report, check_file, report_options
from cnncli.errors import CheckFailed, UsageError

Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        help="NAME.tflite, NAME.keras, or a directory for a SavedModel.",
        metavar="PATH",
        autocompletion=complete.suffixes(".tflite", ".keras", "/"),
        show_default=False,
    ),
]
To = Annotated[
    Literal["tflite", "saved_model", "keras"] | None,
    typer.Option(
        help="What to write, where the name does not tell: tflite, saved_model or keras.",
        metavar="KIND",
        show_default=False,
    ),
]
Quantize = Annotated[
    list[str] | None,
    typer.Option(
        "--quantize",
        "-q",
        help="For TFLite: none (float32), float16 (half the size), dynamic (int8 weights), int8 (activations too: the "
        "fastest on a CPU, at some loss), int8-io (int8 at input and output too), int16x8 (int16 activations: near to "
        "float32, very slow on a CPU, not for MobileNet V3's h-swish). Several need a directory for -o.",
        metavar="KIND",
        autocompletion=complete.quantize,
        show_default=False,
    ),
]
Batch = Annotated[
    str | None,
    typer.Option(
        help="Pictures in a batch: 1 in TFLite files unless given, any number in SavedModels.",
        metavar="NUMBER",
        show_default=False,
    ),
]
RepresentativeData = Annotated[
    Path | None,
    typer.Option(
        help="Pictures on which the int8 kinds measure activations: a directory of images, or an .npy or .npz file "
        "of uint8 pixels or of float32 as the network takes it. Random ones unless given.",
        metavar="PATH",
        show_default=False,
    ),
]
Verify = Annotated[
    bool, typer.Option("--verify/--no-verify", help="Run what was written and compare it with the Keras model.")
]
KeepUnverified = Annotated[
    bool, typer.Option("--keep-unverified", help="Keep a file that does not compute what the Keras model does.")
]
Manifest = Annotated[
    Path | None, typer.Option(help="Write the report as JSON to this file too.", metavar="FILE", show_default=False)
]


@model_options
@report_options(output=None)
def export(
    model: args.Reference,
    output: Output,
    to: To = None,
    quantize: Quantize = None,
    batch: Batch = None,
    weights: args.Weights = None,
    seed: args.Seed = None,
    representative_data: RepresentativeData = None,
    verify: Verify = True,
    keep_unverified: KeepUnverified = False,
    manifest: Manifest = None,
    *,
    report: Report,
    choice: Choice,
) -> None:
    """Write a network as TFLite, SavedModel or Keras file, and prove that the file computes what the network does.

    The file is run by its own runtime, in a process of its own, and compared with the Keras model; one that differs is
    not kept. Without --weights the weights are fresh ones, with batch normalization calibrated on random pictures.

    Example: cnncli export mobilenet_v2 --alpha 0.5 -o model.tflite --quantize int8
    """
    from cnncli.export.exporting import Request
    from cnncli.export.exporting import export as export_model
    from cnncli.export.targets import targets
    from cnncli.render.progress import progress
    from cnncli.views.export import export_document

    found = choice.model(model)
    request = Request(
        model=found,
        targets=targets(found, output, to, quantize or ()),
        batch=args.whole_number("--batch", batch),
        weights=weights,
        seed=args.whole_number("--seed", seed, least=0),
        representative_data=representative_data,
        verify=verify,
        keep_unverified=keep_unverified,
        force=report.force,
    )
    if manifest is not None:
        if str(manifest) == "-" or any(manifest.resolve() == target.path.resolve() for target in request.targets):
            raise UsageError(f"--manifest {manifest}: name a file of its own; --format json prints the same")
        check_file(manifest, force=report.force)
    with progress() as tell:
        exported = export_model(request, tell)
    args.warn(exported.warnings)
    document = export_document(exported)
    report.deliver(document)
    if manifest is not None:
        Report("json", manifest, report.force).deliver(document)
    if exported.problems:
        raise CheckFailed("; ".join(exported.problems))
