"""Which files an export makes: from -o, --to and --quantize to kinds and paths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cnncli.errors import UsageError, suggestion
from cnncli.export.exporting import Target
from cnncli.export.kinds import BY_NAME, QUANTIZE, Kind
from cnncli.models.reference import Model

SUFFIXES = {".tflite": "tflite", ".keras": "keras", "": "saved_model"}


def targets(model: Model, output: str, to: str | None, quantize: Sequence[str]) -> tuple[Target, ...]:
    """The files to write. Raises UsageError where the arguments contradict each other.

    Several kinds of TFLite, or one with an `output` that is a directory, become `output`/NAME-KIND.tflite.
    """
    path = Path(output)
    format = to or _format(path, quantize)
    if format != "tflite":
        if quantize:
            raise UsageError(f"--quantize is for TFLite files; {output} is to be a {BY_NAME[format].label}")
        return (Target(BY_NAME[format], path),)
    kinds = [_kind(name) for name in dict.fromkeys(quantize or ["none"])]
    if len(kinds) == 1 and not (output.endswith("/") or path.is_dir()):
        return (Target(kinds[0], path),)
    if path.suffix in SUFFIXES and path.suffix and not path.is_dir():
        raise UsageError(f"{output} is one file, and {len(kinds)} kinds are asked for; name a directory")
    return tuple(Target(kind, path / f"{model.spec.name}-{kind.name}.tflite") for kind in kinds)


def _format(path: Path, quantize: Sequence[str]) -> str:
    suffix = path.suffix.lower()
    if suffix == "" and quantize:
        return "tflite"
    if suffix not in SUFFIXES:
        raise UsageError(
            f"{path}: expected a name that ends in .tflite or .keras, or a directory for a SavedModel; "
            "or add --to tflite, saved_model or keras"
        )
    return SUFFIXES[suffix]


def _kind(name: str) -> Kind:
    if name not in QUANTIZE:
        near = suggestion(name, {known: known for known in QUANTIZE})
        raise UsageError(f"--quantize {name}: unknown kind{near}; there are {', '.join(QUANTIZE)}")
    return BY_NAME[name]
