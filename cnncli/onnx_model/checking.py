"""Whether a file is right by ONNX's own rules, whatever it computes."""

from __future__ import annotations

from pathlib import Path

from cnncli.errors import CheckFailed


def check_file(path: Path) -> None:
    """Raise CheckFailed where onnx.checker finds a fault, by path, as it takes files of any size.

    With full_check it infers all shapes, strictly, and holds them against those that the file declares.
    """
    import onnx
    from onnx.shape_inference import InferenceError

    try:
        onnx.checker.check_model(str(path), full_check=True)
    except (onnx.checker.ValidationError, InferenceError) as error:
        raise CheckFailed(f"onnx.checker refuses it: {_line(error)}") from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
