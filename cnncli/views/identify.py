"""Which known network one is, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cnncli.amounts import is_known
from cnncli.analysis.compare.across import Across
from cnncli.analysis.identify.identity import Identity, Kinship
from cnncli.analysis.identify.retold import Activations, Retold
from cnncli.document.document import Document, Paragraphs
from cnncli.document.numbers import setting, shape
from cnncli.document.prose import enumerated
from cnncli.document.table import Column, Table
from cnncli.graph import Shape
from cnncli.network import Network
from cnncli.views.data import model_data, versioned
from cnncli.views.origin import heading

LIKENESS = (
    "Likeness is the share of kernels, poolings and joins that both networks have in the same order, by type, window "
    "and stride; of a known network by width too."
)


def identity_document(found: Identity) -> Document:
    """Which known network one is, how sure that is, and what differs."""
    return Document(
        title=found.subject.reference,
        sections=lambda width: [Paragraphs(list(_lines(found)))],
        data=lambda: versioned(
            {
                "model": model_data(found.subject),
                "identified": {**(identity_data(found) or {}), **difference_data(found)},
            }
        ),
        sheet=lambda: Table(SHEET, [found]),
    )


SHEET = (
    Column("model", "Model", lambda found: found.subject.reference),
    Column("kinship", "Kinship", lambda found: found.kinship.value),
    Column("reference", "Known network", lambda found: found.reference or None),
    Column("likeness", "Likeness", lambda found: found.likeness, True),
)


def _lines(found: Identity) -> Iterator[str]:
    yield _called(found.subject)
    yield verdict(found)
    if found.known and found.across:
        yield from _differences(found, found.across)
    if found.also:
        yield f"The very same structure: {enumerated(found.also)}."
    if found.interval and found.interval[1] > WIDE * found.interval[0]:
        low, high = found.interval
        yield f"Any {found.scale} from about {low:.4g} to {high:.4g} gives these widths."
    if found.untold:
        yield f"Not told by the structure: {enumerated(found.untold)}."
    if found.network and found.likeness < 1:
        yield LIKENESS


WIDE = 1.01
"""How many times its beginning an interval's end is where it is worth telling."""


def _differences(found: Identity, across: Across) -> Iterator[str]:
    from cnncli.views.across import sentences

    first, *rest = sentences(found.reference, found.called, across)
    phrases = _retold(found.retold) if found.retold else []
    if phrases and not across.akin:
        yield f"What differs: {enumerated(phrases)}."
    elif found.kinship is not Kinship.IDENTICAL:
        yield first
    yield from rest


def _retold(found: Retold) -> list[str]:
    """What is not the same though the body is, a phrase each."""
    told = list(map(_activations, found.activations))
    told += [f"how {_kernels(found.padded)} pad"] if found.padded else []
    if found.head:
        before, after = (" and ".join(map(shape, ends)) for ends in found.head)
        told.append("the head" if before == after or _is_vague(found.head[1]) else f"the head ({before} → {after})")
    return told


def _activations(each: Activations) -> str:
    behind = f"behind {_kernels(each.kernels)}"
    if each.after == "linear":
        return f"no {each.before} {behind}, unless the ranges of a quantization stand for it"
    return f"{each.after} instead of {'none' if each.before == 'linear' else each.before} {behind}"


def _is_vague(ends: Sequence[Shape]) -> bool:
    return len(ends) > 2 or not all(is_known(size) for end in ends for size in end)


def _kernels(count: int) -> str:
    return f"{count} kernel{'s' if count != 1 else ''}"


def _called(network: Network) -> str:
    return network.reference if network.about else heading(network)[0]


def verdict(found: Identity) -> str:
    """The answer in a sentence."""
    if found.network is None:
        return "No known network, and none that is near."
    percent = _percent(found.likeness)
    if found.kinship is Kinship.IDENTICAL:
        return f"Structure: {found.reference} (identical)"
    if found.kinship is Kinship.BODY:
        return f"Structure: the body of {found.reference}" + (f"; likeness {percent}" if found.likeness < 1 else "")
    if found.kinship is Kinship.CHANGED:
        return f"Structure: {found.reference}, changed; likeness {percent}"
    return f"No known network; nearest: {found.reference}, likeness {percent}"


def _percent(share: float) -> str:
    """Never 100% of what is not the same."""
    return "over 99%" if 0.99 < share < 1 else f"{100 * share:.0f}%"


def structure_lines(found: Identity | None) -> list[str]:
    """What the heading of a network says of it, in a line; nothing where it is not known."""
    if found is None:
        return []
    same = found.kinship is Kinship.IDENTICAL
    return [verdict(found) if same else f"Structure: the body of {found.reference}; `cnncli identify` says more"]


def identity_data(found: Identity | None) -> dict[str, Any] | None:
    """The known network, or the nearest one; null where nothing is known of it."""
    if found is None:
        return None
    known = found.network.model if found.network else None
    data: dict[str, Any] = {
        "kinship": found.kinship.value,
        "reference": found.reference or None,
        "architecture": known.spec.name if known else None,
        "flavor": known.flavor if known else None,
        "options": {name: setting(value) for name, value in known.options.items()} if known else {},
        "likeness": found.likeness,
        "also": found.also,
        "untold": found.untold,
    }
    return data


def _data(found: Identity) -> dict[str, Any]:
    return {**(identity_data(found) or {}), **difference_data(found)}


def difference_data(found: Identity) -> dict[str, Any]:
    """What tells the known network and the one at hand apart, and what only their kinds of files do."""
    from cnncli.views.across import conversions_data, differences

    if not found.known or found.across is None:
        return {}
    phrases = _retold(found.retold) if found.retold and not found.across.akin else differences(found.across)
    return {"but_for": phrases, "conversions": conversions_data(found.across)}
