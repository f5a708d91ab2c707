"""What the roof of a machine says of a network: see analysis.movement."""

from __future__ import annotations

from collections.abc import Sequence

from cnncli.amounts import is_known
from cnncli.analysis.check.amounts import read_bytes, read_count
from cnncli.analysis.movement import Bound, Movement, Roof
from cnncli.document.numbers import duration, scaled, share
from cnncli.errors import UsageError


def read_roof(text: str) -> Roof:
    """`10G,5GB`, also with /s, as MACs and bytes a second. Raises UsageError."""
    parts = [part.strip().removesuffix("/s") for part in text.split(",")]
    if len(parts) != 2:
        raise UsageError(f"--roofline {text}: expected MACs and bytes a second, such as 10G,5GB")
    roof = Roof(*(_read(text, part, what) for part, what in zip(parts, ("MACs", "bytes"), strict=True)))
    if not all(roof):
        raise UsageError(f"--roofline {text}: expected more than 0 of each a second")
    return roof


def _read(text: str, part: str, what: str) -> int:
    """One side of a roof. Raises UsageError that says which of them is wrong."""
    try:
        return read_count(part) if what == "MACs" else read_bytes(part)
    except ValueError as error:
        raise UsageError(f"--roofline {text}: {error}, for {what} a second, not '{part}'") from None


def roof_line(roof: Roof, parts: Sequence[Movement], kind: str) -> str:
    """How fast the whole can be at most, and how much of that time is memory's."""
    machine = f"{kind} at {scaled(roof.macs)} MACs and {scaled(roof.bandwidth, 'B')} a second"
    seconds = roof.seconds(parts)
    if seconds is None:
        unknown = sum(not (is_known(part.macs) and is_known(part.moved)) for part in parts)
        return f"unknown for {machine}: {unknown} layer{'s' if unknown > 1 else ''} uncounted"
    bound = [part for part in parts if roof.bound([part]) is Bound.MEMORY]
    in_memory = share(roof.seconds(bound), seconds) if bound else "none"
    return f"{duration(seconds)} or more, {in_memory} of it bound by memory ({machine}; a bound, not a forecast)"
