"""Which files an export makes: from -o, --to and --quantize to formats, kinds and paths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cnncli.document.prose import enumerated
from cnncli.errors import UsageError, suggestion
from cnncli.export.exporting import Target
from cnncli.export.format import Format, Kind
from cnncli.export.formats import FORMATS
from cnncli.export.kinds import BY_NAME, SUFFIXES, directories, endings, names
from cnncli.written import read_choice


def targets(name: str, output: str, to: str | None, quantize: Sequence[str]) -> tuple[Target, ...]:
    """The files to write. Raises UsageError where the arguments contradict each other.

    Several kinds of a format, or one with an `output` that is a directory, become `output`/`name`-KIND.
    """
    path = Path(output)
    format = _format(path, to, quantize)
    if not format.quantizes:
        if quantize:
            able = enumerated([other.label for other in FORMATS if other.quantizes], "or")
            raise UsageError(f"--quantize is for {able} files; {output} is to be a {format.label}")
        return (Target(format, format.kinds[0], path),)
    kinds = list(dict.fromkeys(_kind(word, format) for word in quantize or [format.kinds[0].name]))
    if len(kinds) == 1 and not (output.endswith("/") or path.is_dir()):
        return (Target(format, kinds[0], path),)
    if path.suffix and path.suffix in SUFFIXES and not path.is_dir():
        raise UsageError(f"{output} is one file, and {len(kinds)} kinds are asked for; name a directory")
    return tuple(Target(format, kind, path / f"{name}-{kind.name}{format.suffix}") for kind in kinds)


def _format(path: Path, to: str | None, quantize: Sequence[str]) -> Format:
    """By --to, else by the suffix; a name without one is of several quantized files where --quantize is given."""
    if to is not None:
        name = read_choice(to, BY_NAME)
        if name is None:
            raise UsageError(
                f"--to {to}: unknown format{suggestion(to, tuple(BY_NAME))}; there are {', '.join(BY_NAME)}"
            )
        return BY_NAME[name]
    suffix = path.suffix.lower()
    if suffix == "" and quantize:
        able = [format for format in FORMATS if format.quantizes]
        return next(
            (format for format in able if read_choice(quantize[0], [kind.name for kind in format.kinds])), able[0]
        )
    if suffix not in SUFFIXES:
        ends = enumerated(endings(), "or")
        raise UsageError(f"{path}: expected a name that ends in {ends}, or {directories()}; or add --to {names()}")
    return SUFFIXES[suffix]


def _kind(name: str, format: Format) -> Kind:
    known = {kind.name: kind for kind in format.kinds}
    known |= {kind.also: kind for kind in format.kinds if kind.also}
    found = read_choice(name, known)
    if found is None:
        near = suggestion(name, tuple(known))
        raise UsageError(f"--quantize {name}: unknown kind{near}; there are {', '.join(known)}")
    return known[found]
