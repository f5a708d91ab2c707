"""`cnncli export`: a network as a file that a runtime deploys."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, architecture_options
from cnncli.cli.options import adding, option
from cnncli.cli.output import Report, check_file, report_options
from cnncli.errors import CheckFailed, UsageError
from cnncli.render.formats import of_file
from cnncli.written import read_choice

if TYPE_CHECKING:
    from cnncli.export.exporting import Request
    from cnncli.network import Network

Batch = Annotated[
    str | None,
    typer.Option(
        help="Pictures in a batch: 1 in TFLite files unless given, any number in others; none for any number.",
        metavar="N|none",
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
    bool | None,
    typer.Option(
        "--verify/--no-verify",
        help="Run what was written and compare it with the Keras model; on by default. Without TensorFlow an ONNX file "
        "of --weights is only checked and run.",
        show_default=False,
    ),
]
KeepUnverified = Annotated[
    bool, typer.Option("--keep-unverified", help="Keep a file that does not compute what the Keras model does.")
]
AcceptLoss = Annotated[
    bool,
    typer.Option(
        "--accept-loss", help="Take an int8 file as it is that finds other classes than the Keras model too often."
    ),
]
Manifest = Annotated[
    Path | None, typer.Option(help="Write the report as JSON to this file too.", metavar="FILE", show_default=False)
]


_QUANTIZE = (
    "How numbers are stored. TFLite: none or float32, float16 (half the size), dynamic (int8 weights), int8 "
    "(activations too: the fastest on a CPU, at some loss), int8-io and uint8-io (integers at input and output too), "
    "int16x8 (int16 activations: near to float32, very slow on a CPU, not for MobileNet V3's h-swish). ONNX: none or "
    "float32, float16 (kernels at half the size, of which float32 is made on loading), int8 (kernels, and uint8 "
    "activations, but for input and output). Several need a directory for -o, of TFLite files unless --to says onnx."
)


class Target(NamedTuple):
    """Where to, as what: the options that the formats of artefacts have a say in."""

    output: str
    to: str | None
    quantize: Sequence[str]
    layout: str


def _target_options() -> list[inspect.Parameter]:
    from cnncli.export.format import LAYOUTS
    from cnncli.export.kinds import BY_NAME, QUANTIZE, directories, endings, names

    output = typer.Option(
        "--output", "-o", help=f"{', '.join(endings('NAME'))}, or {directories()}.", metavar="PATH",
        autocompletion=complete.suffixes(*endings(), "/"), show_default=False,
    )  # fmt: skip
    to = typer.Option(
        help=f"What to write, where the name does not tell: {names()}.", metavar="KIND",
        autocompletion=lambda: list(BY_NAME), show_default=False,
    )  # fmt: skip
    quantize = typer.Option(
        "--quantize", "-q", help=_QUANTIZE, metavar="KIND", autocompletion=lambda: list(QUANTIZE), show_default=False
    )
    layout = typer.Option(
        help="Of an ONNX file's input and output: nhwc, as the Keras model has them, or nchw, channels first.",
        metavar="LAYOUT", autocompletion=lambda: list(LAYOUTS), show_default=False,
    )  # fmt: skip
    return [
        option("output", Annotated[str, output], inspect.Parameter.empty),
        option("to", Annotated[str | None, to], None),
        option("quantize", Annotated[list[str] | None, quantize], None),
        option("layout", Annotated[str | None, layout], None),
    ]


def _target(output: str, to: str | None, quantize: Sequence[str] | None, layout: str | None) -> Target:
    """Raises UsageError for a layout that there is not."""
    from cnncli.export.format import LAYOUTS

    found = read_choice(layout or LAYOUTS[0], LAYOUTS)
    if found is None:
        raise UsageError(f"--layout {layout}: unknown layout; there are {', '.join(LAYOUTS)}")
    return Target(output, to, quantize or (), found)


def _batch(text: str | None) -> int | None:
    """A number of pictures, ANY_BATCH for `none`; None where nothing is asked for."""
    from cnncli.export.format import ANY_BATCH

    if text is None:
        return None
    if text.lower() == "none":
        return ANY_BATCH
    if not text.isdecimal():
        raise UsageError(f"--batch {text}: expected a whole number from 1, or none for any number")
    return args.whole_number("--batch", text)


def _of_range(network: Network, request: Request) -> list[str]:
    """What to say where activations are measured on pictures whose values are guessed."""
    measures = any(target.kind.quantizes_activations for target in request.targets)
    if not measures or request.representative_data or network.model or network.known_range:
        return []
    low, high = request.input_range
    return [
        f"{network.reference} does not say what its input's values are: {low:g} to {high:g} is taken; give "
        "--representative-data, on which ranges are measured"
    ]


def _check_manifest(path: Path, request: Request) -> None:
    """Raise where the manifest could not be written in the end."""
    if str(path) == "-" or any(path.resolve() == target.path.resolve() for target in request.targets):
        raise UsageError(f"--manifest {path}: name a file of its own; --format json prints the same")
    check_file(path, force=request.force)
    if of_file(path, ["json"]) != "json":
        raise UsageError(f"--manifest {path}: it is JSON: end the name in .json")


@architecture_options
@report_options(output=None)
@adding("target", _target_options, _target)
def export(
    model: args.Exported,
    *,
    target: Target,
    batch: Batch = None,
    weights: args.Weights = None,
    seed: args.Seed = None,
    representative_data: RepresentativeData = None,
    verify: Verify = None,
    keep_unverified: KeepUnverified = False,
    accept_loss: AcceptLoss = False,
    manifest: Manifest = None,
    report: Report,
    choice: Choice,
) -> None:
    """Write a network as TFLite, SavedModel, Keras or ONNX file, and prove that it computes what the network does.

    The file is run by its own runtime, in a process of its own, and compared with the Keras model; one that differs is
    not kept. Of an architecture without --weights they are fresh ones, with batch normalization calibrated on random
    pictures; a Keras file has its own.

    Example: cnncli export mobilenet_v2 --alpha 0.5 -o model.tflite --quantize int8
    """
    from cnncli.export.exporting import Request
    from cnncli.export.exporting import export as export_model
    from cnncli.export.targets import targets
    from cnncli.render.progress import progress
    from cnncli.views.export import export_document

    found = choice.exported(model)
    own = found.origin.file.path if found.origin.file else None
    request = Request(
        graph=found.graph,
        reference=found.reference,
        input_range=found.input_range,
        output_name=found.output_name,
        targets=targets(found.name, target.output, target.to, target.quantize),
        layout=target.layout,
        batch=_batch(batch),
        weights=weights or own,
        seed=args.whole_number("--seed", seed, least=0),
        representative_data=representative_data,
        verify=verify,
        keep_unverified=keep_unverified,
        accept_loss=accept_loss,
        force=report.force,
    )
    if manifest is not None:
        _check_manifest(manifest, request)
    with progress() as tell:
        exported = export_model(request, tell)
    args.warn([*_of_range(found, request), *exported.notes])
    document = export_document(exported, found)
    report.deliver(document)
    if manifest is not None:
        Report("json", manifest, report.force).deliver(document)
    if exported.problems:
        raise CheckFailed("; ".join(exported.problems))
