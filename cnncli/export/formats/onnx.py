"""ONNX files: written of the graph and its weights, without TensorFlow's exporters, and run by onnxruntime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from cnncli import __version__
from cnncli.errors import CheckFailed
from cnncli.export.format import (
    CHANNELS_FIRST,
    INPUT_NAME,
    LAYOUTS,
    Description,
    Format,
    Kind,
    Limits,
    Overhead,
    Source,
    Tensor,
    by_batch,
    in_batches,
)

if TYPE_CHECKING:
    from cnncli.onnx_model.running import Runner

# Right files of networks at 64x64 with fresh weights (V1, V2, V3, B0, B7, MnasNet, ResNet-50, DenseNet-121; V2, B0 at
# 224x224) have at worst, as relative difference and cosine: float32 9e-6 and 1.0000000, over 150,000 classes 3e-5;
# float16 0.009 and 0.99997. Damaged ones: a twentieth of one kernel zero 0.04 to 1.4 and 0.52 to 0.998, in gates of
# squeeze-and-excitation 0.014 to 0.07 and 0.998 to 0.99996; epsilon tenfold in one batch norm of fifty 0.0016 to 0.5,
# of MnasNet 0.0002, which no limit would find; in all of them 0.2 to 1 and at most 0.991; pictures in BGR at least 0.9
# and at most 0.24.
#
# int8, of logits on 64 to 96 pictures, and the share of clear ones with the same class: right files have at worst
# 0.34 (V2 at 224x224), 0.981 (B7) and 83% (V2, B7). Those whose ranges were measured on pictures of half the contrast
# 0.45 to 1.5, 0.43 to 0.87 and 9 to 43%, of a quarter at most 0.64 and 15%, of three quarters 0.90 to 0.974 and 48 to
# 84%; pictures in BGR, mirrored or a pixel lower at most 0.83 (DenseNet; else 0.66) and 36%; half of one kernel zero
# 0.09 to 0.98, a gate's up to 0.992.
_FLOAT32, _FLOAT16, _INT8 = Limits(5e-4, 0.99999), Limits(0.03, 0.9995), Limits(0.5, 0.95, 0.75, 0.4)
_ADVICE = (
    "if the activations were measured on other pictures than it sees, give --representative-data; else take float16"
)


class ONNX(Format):
    """Of any batch unless one is given; the weights of a file that would be over 2 GB stand beside it."""

    name = "onnx"
    label = "ONNX"
    suffix = ".onnx"
    kinds = (
        Kind("none", "float32", _FLOAT32, Overhead(10_000, 300), also="float32"),
        Kind("float16", "float16", _FLOAT16, Overhead(5_000, 500, 6)),
        Kind(
            "int8",
            "int8",
            _INT8,
            Overhead(0, 720, 16),
            quantizes_activations=True,
            compares_logits=True,
            advice=_ADVICE,
        ),
    )
    of_keras = False
    written_with = ("onnx",)
    run_with = ("onnxruntime",)
    layouts = LAYOUTS

    def beside(self, path: Path, weight_bytes: int) -> tuple[Path, ...]:
        from cnncli.onnx_model.external import beside, fits

        return () if fits(weight_bytes) else (beside(path),)

    def write(self, source: Source, kind: Kind, path: Path) -> None:
        if kind.quantizes_activations:
            self._quantize(source, kind, path)
        else:
            _write(source, kind, path)

    def _quantize(self, source: Source, kind: Kind, path: Path) -> None:
        from cnncli.onnx_model.quantizing import quantized

        if self.beside(path, kind.weight_bytes(source.graph)):
            raise CheckFailed(f"{kind.name} is not possible: its weights are over 2 GB")
        with TemporaryDirectory(dir=path.parent) as folder:
            model = Path(folder) / "model.onnx"
            _write(source, self.kinds[0], model)
            made = quantized(model, _fed(source), Path(folder))
        path.write_bytes(made.SerializeToString())

    def run(self, path: Path, inputs: Any) -> Any:
        from cnncli.onnx_model.checking import check_file
        from cnncli.onnx_model.running import Runner

        check_file(path)
        return _run(Runner(str(path)), inputs)

    def logits(self, path: Path, inputs: Any) -> Any | None:
        from cnncli.onnx_model.running import Runner, before_softmax

        model = before_softmax(path)
        return None if model is None else _run(Runner(model), inputs)

    def describe(self, path: Path) -> Description:
        from cnncli.onnx_model.describing import contents

        found = contents(path)
        inputs, outputs = (tuple(Tensor(*value) for value in values) for values in (found.inputs, found.outputs))
        return Description(inputs, outputs, None, found.ops, found.weight_bytes)

    def shortcomings(self, description: Description | None, kernel_bytes: int, output_name: str) -> Iterator[str]:
        from cnncli.onnx_model.describing import foreign

        assert description is not None  # by what `describe` returns
        others = list(foreign(description.ops))
        if others:
            yield f"it needs operations that are not ONNX's: {', '.join(others)}"
        if description.buffer_bytes < kernel_bytes:
            yield f"its weights are {description.buffer_bytes:,} bytes, the kernels alone are {kernel_bytes:,}"
        if [output.name for output in description.outputs] != [output_name]:
            yield f"its output is not {output_name}"


def _run(runner: Runner, inputs: Any) -> Any:
    return by_batch(lambda part, size: in_batches(runner.run, part, size), inputs, runner.batch)


def _write(source: Source, kind: Kind, path: Path) -> None:
    """Write a file that computes in floats, and what it cannot hold of the weights beside it."""
    from cnncli.onnx_model import Ends
    from cnncli.onnx_model.external import fits, outside
    from cnncli.onnx_model.halving import halve
    from cnncli.onnx_model.model import assembled, lower
    from cnncli.onnx_model.streaming import write_model

    first = source.layout == CHANNELS_FIRST
    ends = Ends(INPUT_NAME, source.output_name, channels_first=first, batch=source.batch or None)
    lowering = lower(source.graph, source.arrays(source), ends)
    if kind.weight_dtype == "float16":
        halve(lowering)
    model = assembled(source.graph, lowering, ends, source.metadata)
    whole = fits(kind.weight_bytes(source.graph))
    if not whole:
        outside(model, lowering.initializers, path)
    _describe(model, source)
    write_model(model, lowering.initializers if whole else {}, path)


def _describe(model: Any, source: Source) -> None:
    """Say in words, which viewers show, what is to be fed and what comes out."""
    told = source.metadata
    axes = "channels, height, width" if source.layout == CHANNELS_FIRST else "height, width, channels"
    (image,), (output,) = model.graph.input, model.graph.output
    model.doc_string = f"{told.get('reference', source.graph.name)}, written by cnncli {__version__}"
    image.doc_string = f"pictures (batch, {axes}) in values of {told.get('input_range', 'the network')}"
    output.doc_string = OUTPUTS.get(source.output_name, "what the network gives of each picture")


OUTPUTS = {
    "probabilities": "a probability a class of each picture",
    "logits": "what a softmax would make probabilities of, a class",
    "features": "what a classifier would read of each picture",
}


def _fed(source: Source) -> Iterator[Mapping[str, Any]]:
    """The representative pictures as the file takes them."""
    import numpy

    for batch in source.representative.batches(source.batch or 1):
        yield {INPUT_NAME: numpy.moveaxis(batch, -1, 1) if source.layout == CHANNELS_FIRST else batch}
