"""TFLite files: written by TensorFlow's converter, run by LiteRT alone, as on a phone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from cnncli.export.format import (
    ANY_BATCH,
    EXACT,
    INPUT_NAME,
    SIGNATURE,
    Description,
    Format,
    Kind,
    Limits,
    Overhead,
    Source,
    by_batch,
    in_batches,
)
from cnncli.export.formats.conversion import concrete_function, convert
from cnncli.export.formats.editing import ending_before_softmax, finished, with_integer_ends
from cnncli.export.formats.flatbuffer import FREE, describe

# Right files of networks at 64x64 with fresh weights have at worst, as cosine and relative difference: float16 0.9999
# and 0.003, dynamic 0.995 and 0.11, int8 0.9745 (B7; 0.981 to B4) and, of one of 96 pictures, 0.32 (V3 at 96x96),
# int16x8 0.996 and 0.08. Damaged ones: ranges of activations measured on pictures of half the contrast 0.76 (V1) to
# 0.93 (B0), of a quarter 0.51 to 0.63, on black ones 0 to 0.51. Wrong ones: pictures mirrored or in BGR below 0.23, one
# pixel lower 0.23 to 0.65, half of one kernel zero 0.12 to 0.66, but where a residual bridges it up to 0.98: what is
# left of that is a small part of the network.
#
# The class is the same on at least 75% of the clear pictures: of those among 64 to 96 random ones right int8 files
# reach 88% (B0, B7) to 100% (V1, V2, V3, B2, MnasNet, ShuffleNet V2); those of ranges of half the contrast 24 to 36%
# (V1, V2, V3) and 61 to 69% (B0, B2, B7), of three quarters 60 to 88%, of a quarter 4 to 31%; pictures in BGR, mirrored
# or a pixel lower 0 to 16%. At 224x224 fresh weights suffer more: of V2, V3 and B0 right files reach 56% (29 of 52, one
# of two B0) to 89% and a relative difference of 0.41, those of half the values 0 to 25% and at least 0.63. They have
# learned no class, so that less is asked of them.
_FLOAT16, _DYNAMIC, _INT16X8 = Limits(0.05, 0.999), Limits(0.2, 0.98), Limits(0.2, 0.98)
_INT8 = Limits(0.5, 0.95, 0.75, 0.4)

_ADVICE = (
    "if the activations were measured on other pictures than it sees, give --representative-data; "
    "else take float16 or dynamic"
)
_FINER = "take float16 or none"

INTEGER_ENDS = {"int8-io": "int8", "uint8-io": "uint8"}
"""Kinds made of an int8 file, and what they take and give."""


class TFLite(Format):
    """Of one picture unless a batch is given, and of a batch that can be resized; the kinds of --quantize."""

    name = "tflite"
    label = "TFLite"
    suffix = ".tflite"
    batch = 1
    kinds = (
        Kind("none", "float32", EXACT, plan="float32", also="float32"),
        Kind("float16", "float16", _FLOAT16, plan="float16"),
        Kind("dynamic", "int8", _DYNAMIC, plan="dynamic", compares_logits=True, advice=_FINER),
        *(
            Kind(
                name,
                "int8",
                _INT8,
                plan="int8-io" if name == "int8-io" else "int8",
                quantizes_activations=True,
                compares_logits=True,
                advice=_ADVICE,
            )
            for name in ("int8", *INTEGER_ENDS)
        ),
        Kind(
            "int16x8",
            "int8",
            _INT16X8,
            Overhead(10_000, 500, 32),
            quantizes_activations=True,
            compares_logits=True,
            advice=_ADVICE,
        ),
    )

    def write(self, source: Source, kind: Kind, path: Path) -> None:
        path.write_bytes(_file(source, kind.name))

    def run(self, path: Path, inputs: Any) -> Any:
        return _run(path.read_bytes(), inputs, SIGNATURE)

    def logits(self, path: Path, inputs: Any) -> Any | None:
        data = ending_before_softmax(path.read_bytes())
        return None if data is None else _run(data, inputs)

    def describe(self, path: Path) -> Description:
        return describe(path.read_bytes())

    def shortcomings(self, description: Description | None, kernel_bytes: int, output_name: str) -> Iterator[str]:
        assert description is not None  # by what `describe` returns
        foreign = [name for name in description.ops if name.startswith(("CUSTOM", "Flex"))]
        if foreign:
            yield f"it needs operations that the runtime lacks: {', '.join(foreign)}"
        if description.buffer_bytes < kernel_bytes:
            yield f"its buffers hold {description.buffer_bytes:,} bytes, the kernels alone are {kernel_bytes:,}"
        signature = description.signature
        if signature is None or signature.outputs != (output_name,):
            yield f"its signature does not give {output_name}"


def _file(source: Source, quantize: str) -> bytes:
    if quantize in INTEGER_ENDS:
        return with_integer_ends(source.kept(_int8), INTEGER_ENDS[quantize])
    return source.kept(_int8) if quantize == "int8" else _converted(source, quantize)


def _int8(source: Source) -> bytes:
    """What several kinds are made of: measuring the activations takes most of the time."""
    return _converted(source, "int8")


def _converted(source: Source, quantize: str) -> bytes:
    examples = partial(source.representative.batches, _batch(source))
    data = convert(source.kept(_function), quantize, examples)
    return finished(data, INPUT_NAME, source.output_name, free_batch=source.batch == ANY_BATCH)


def _function(source: Source) -> Any:
    """Traced once for all kinds."""
    return concrete_function(source.model, _batch(source))


def _batch(source: Source) -> int:
    return source.batch or TFLite.batch


def _run(data: bytes, inputs: Any, signature: str | None = None) -> Any:
    """The outputs of a TFLite file, by its signature where one is named, as float32."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=data, num_threads=os.cpu_count())
    (taken,) = interpreter.get_input_details()
    fixed = None if taken["shape_signature"][0] == FREE else int(taken["shape"][0])
    return by_batch(lambda part, size: _in_batches(interpreter, part, size, signature), inputs, fixed)


def _in_batches(interpreter: Any, inputs: Any, size: int, signature: str | None) -> Any:
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(taken["index"], [size, *taken["shape"][1:]])
    interpreter.allocate_tensors()
    run = _signature_run(interpreter, signature) if signature else _plain_run(interpreter, taken, given)
    return in_batches(lambda batch: _real(run(_stored(batch, taken)), given), inputs, size)


def _signature_run(interpreter: Any, signature: str) -> Callable[[Any], Any]:
    runner = interpreter.get_signature_runner(signature)
    return lambda batch: next(iter(runner(**{INPUT_NAME: batch}).values()))


def _plain_run(interpreter: Any, taken: Any, given: Any) -> Callable[[Any], Any]:
    def run(batch: Any) -> Any:
        interpreter.set_tensor(taken["index"], batch)
        interpreter.invoke()
        return interpreter.get_tensor(given["index"])

    return run


def _stored(values: Any, tensor: Any) -> Any:
    """Real values as the tensor's type stores them."""
    import numpy

    scale, zero_point = tensor["quantization"]
    if not scale:
        return values
    limits = numpy.iinfo(tensor["dtype"])
    return numpy.clip(numpy.round(values / scale) + zero_point, limits.min, limits.max).astype(tensor["dtype"])


def _real(values: Any, tensor: Any) -> Any:
    scale, zero_point = tensor["quantization"]
    return (values.astype("float32") - zero_point) * scale if scale else values
