"""Shapes of transforms of signals, of pictures as files hold them, and of texts."""

from __future__ import annotations

from cnncli.amounts import UNKNOWN
from cnncli.readers.onnx.model import DTYPES, Operation
from cnncli.readers.onnx.shapes.basics import Inference, Output, axis_of, broadcast, dtype_of, number_at, ranked


def _transformed(operation: Operation) -> list[Output]:
    """DFT: along an axis (an attribute until opset 19, an input since), complex numbers along the last one."""
    shape = list(ranked(operation))
    given = number_at(operation, 2) if operation.input(2) is not None else operation.attributes.number("axis", 1)
    if operation.version >= 20 and operation.input(2) is None:
        given = -2
    axis = axis_of(given, len(shape))
    if operation.input(1) is not None:
        shape[axis] = number_at(operation, 1)
    inverse = bool(operation.attributes.number("inverse"))
    if operation.attributes.number("onesided"):
        shape[axis] = 2 * (shape[axis] - 1) if inverse and operation.input(1) is None else shape[axis]
        shape[axis] = shape[axis] if inverse else shape[axis] // 2 + 1
        return [((*shape[:-1], 1 if inverse else 2), dtype_of(operation))]
    return [((*shape[:-1], 2), dtype_of(operation))]


def _short_time(operation: Operation) -> list[Output]:
    """STFT: (batch, frames, bins, 2)."""
    batch, length, *_ = ranked(operation)
    window, step = operation.shape(2), number_at(operation, 1)
    frame = number_at(operation, 3) if operation.input(3) is not None else window[0] if window else UNKNOWN
    bins = frame // 2 + 1 if operation.attributes.number("onesided", 1) else frame
    return [((batch, (length - frame) // step + 1, bins, 2), dtype_of(operation))]


def _window(operation: Operation) -> list[Output]:
    return [((number_at(operation, 0),), _said(operation, "output_datatype"))]


def _said(operation: Operation, name: str) -> str:
    return DTYPES.get(operation.attributes.number(name, 1), "float32")


def _mel(operation: Operation) -> list[Output]:
    bins, length = number_at(operation, 0), number_at(operation, 1)
    return [((length // 2 + 1, bins), _said(operation, "output_datatype"))]


def _picture(operation: Operation) -> list[Output]:
    grey = operation.attributes.text("pixel_format", "RGB") == "Grayscale"
    return [((UNKNOWN, UNKNOWN, 1 if grey else 3), "uint8")]


def _joined(operation: Operation) -> list[Output]:
    return [(broadcast([operation.shape(0), operation.shape(1)]), "string")]


def _parted(operation: Operation) -> list[Output]:
    return [((*ranked(operation), UNKNOWN), "string"), (operation.shape(), "int64")]


def _normal(operation: Operation) -> list[Output]:
    """StringNormalizer may leave words out."""
    return [((*ranked(operation)[:-1], UNKNOWN), "string")]


def _matched(operation: Operation) -> list[Output]:
    return [(operation.shape(), "bool")]


def _frequencies(operation: Operation) -> list[Output]:
    """TfIdfVectorizer: a number of each sequence of words."""
    indexes = operation.attributes.numbers("ngram_indexes") or []
    return [((*ranked(operation)[:-1], max(indexes) + 1), "float32")]


STANDARD: dict[str, Inference] = {
    "DFT": _transformed, "STFT": _short_time, "MelWeightMatrix": _mel, "ImageDecoder": _picture,
    **dict.fromkeys(("BlackmanWindow", "HammingWindow", "HannWindow"), _window),
    "StringConcat": _joined, "StringSplit": _parted, "StringNormalizer": _normal, "RegexFullMatch": _matched,
    "TfIdfVectorizer": _frequencies,
}  # fmt: skip
