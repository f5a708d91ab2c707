"""Shapes of what training adds, and of the classical models of the domain ai.onnx.ml."""

from __future__ import annotations

from cnncli.amounts import UNKNOWN
from cnncli.readers.onnx.model import DTYPES, Operation
from cnncli.readers.onnx.shapes.basics import Inference, Output, dtype_of, ranked


def _loss(operation: Operation) -> list[Output]:
    """One number, or one of each target; SoftmaxCrossEntropyLoss gives the logarithms of the scores too."""
    whole = operation.attributes.text("reduction", "mean") == "none"
    shape = operation.shape(1) if whole else ()
    return [(shape, dtype_of(operation)), (operation.shape(0), dtype_of(operation))]


def _trained(operation: Operation) -> list[Output]:
    """Adagrad, Adam, Momentum: rate and count, then the tensors, their gradients, and what is kept of each.

    The tensors come out, and then what is kept of them.
    """
    count = len(operation.outputs)
    kept = {"Adam": 2}.get(operation.kind, 1)
    tensors = count // (kept + 1)
    given = operation.inputs[2:]
    read = [*given[:tensors], *given[2 * tensors :]]
    return [(None if value is None else value.shape, "float32" if value is None else value.dtype) for value in read]


def _same(operation: Operation) -> list[Output]:
    return [(operation.shape(), "float32")]


def _kept(operation: Operation) -> list[Output]:
    return [(operation.shape(), dtype_of(operation))]


def _chosen(operation: Operation) -> list[Output]:
    """ArrayFeatureExtractor: columns."""
    shape, columns = ranked(operation), operation.shape(1)
    size = UNKNOWN if columns is None else columns[-1] if columns else 1
    return [((*(shape[:-1] or (1,)), size), dtype_of(operation))]


def _regression(operation: Operation) -> list[Output]:
    count = operation.attributes.number("n_targets") or operation.attributes.number("targets", 1)
    return [((ranked(operation)[0], count), "float32")]


def _classification(operation: Operation) -> list[Output]:
    """A label of each row, and a score of each class; the classes are numbers or texts."""
    rows = ranked(operation)[0]
    count, dtype = UNKNOWN, "int64"
    for name in ("classlabels_strings", "classlabels_int64s", "classlabels_ints"):
        found = operation.attributes.message(name)
        labels = found and (found.texts(9) or found.numbers(8))
        if labels:
            count, dtype = len(labels), "string" if name.endswith("strings") else "int64"
    return [((rows,), dtype), ((rows, max(count, 2) if count is not UNKNOWN else UNKNOWN), "float32")]


_LABELS = {"values_strings": "string", "values_int64s": "int64", "values_floats": "float32"}


def _labels(operation: Operation) -> list[Output]:
    tensor = operation.attributes.message("values_tensor")
    if tensor is not None:
        return [(operation.shape(), DTYPES.get(tensor.message(5).number(2), "float32"))]
    dtype = next((dtype for name, dtype in _LABELS.items() if name in operation.attributes), "string")
    if "classes_strings" in operation.attributes:
        dtype = "string" if dtype_of(operation) == "int64" else "int64"
    return [(operation.shape(), dtype)]


def _one_hot(operation: Operation) -> list[Output]:
    counts = [
        len(found.texts(9) or found.numbers(8))
        for name in ("cats_int64s", "cats_strings")
        if (found := operation.attributes.message(name)) is not None
    ]
    return [((*ranked(operation), max(counts)), "float32")]


STANDARD: dict[str, Inference] = dict.fromkeys(("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"), _loss)
TRAINING: dict[str, Inference] = dict.fromkeys(("Adagrad", "Adam", "Momentum"), _trained)
CLASSICAL: dict[str, Inference] = {
    **dict.fromkeys(("Scaler", "Normalizer"), _same), **dict.fromkeys(("Binarizer", "Imputer"), _kept),
    "ArrayFeatureExtractor": _chosen, "LabelEncoder": _labels, "OneHotEncoder": _one_hot,
    **dict.fromkeys(("TreeEnsemble", "TreeEnsembleRegressor", "LinearRegressor", "SVMRegressor"), _regression),
    **dict.fromkeys(("TreeEnsembleClassifier", "LinearClassifier", "SVMClassifier"), _classification),
}  # fmt: skip
