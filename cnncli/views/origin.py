"""Where a network came from, in words: of files what they are, who wrote them, and what else they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cnncli.document.numbers import scaled
from cnncli.document.prose import enumerated
from cnncli.network import Network, Source
from cnncli.words import visible

MOST_NAMED = 5
"""Functions and graphs of a file that are named beside the one that was read."""
USUAL_SIGNATURE = "serving_default"
"""It goes without saying where there is no other."""
ONLY_WEIGHTS = (
    "The file holds weights alone, and does not say what reads them: a table of them, no network. Save the whole model "
    "for its layers."
)


def heading(network: Network) -> list[str]:
    """The lines above a network that is no architecture's."""
    layers = f"{len(network.graph.nodes)} layer{'s' if len(network.graph.nodes) != 1 else ''}"
    reading = network.origin.reading
    raw = ", every operation" if reading and reading.settings.raw else ""
    lines = [f"{network.reference}  ({kind(network)}; {layers}{raw})"]
    if reading is None:
        return lines
    facts = [f"written by {visible(reading.producer)}"] if reading.producer else []
    facts += _chosen("signature", reading.signature, reading.signatures)
    facts += _chosen("subgraph", reading.subgraph, reading.subgraphs)
    return [*lines, *(["; ".join(facts)] if facts else []), *([ONLY_WEIGHTS] if reading.only_weights else [])]


def kind(network: Network) -> str:
    """`TFLite, 53.9 kB, int8`; of what is no file where it is from."""
    file, reading = network.origin.file, network.origin.reading
    if file is None:
        return "from a function in Python" if network.origin.kind is Source.CALLABLE else "from Python"
    quantized = [visible(reading.quantization)] if reading and reading.quantization else []
    return ", ".join([file.format.title, scaled(file.bytes, "B"), *quantized])


def _chosen(what: str, name: str, every: Sequence[str]) -> list[str]:
    """`signature serving_default, not train or infer`; nothing where there is no choice and no name that tells."""
    others = [visible(each) for each in every if each != name]
    if not others:
        return [f"{what} {visible(name)}"] if name and name != USUAL_SIGNATURE else []
    more = len(others) - MOST_NAMED
    told = [*others[:MOST_NAMED], f"{more} more"] if more > 0 else others
    return [f"{what} {visible(name) or '?'}, not {enumerated(told, 'or')}"]


def shortly(networks: Sequence[Network]) -> list[Network]:
    """The networks as they are called side by side: files without the folders in which all alike lie."""
    paths = [network.origin.file.path if network.origin.file else None for network in networks]
    files = {path for path in paths if path is not None}
    taken = {network.reference for network, path in zip(networks, paths, strict=True) if path is None}
    return [
        network if path is None else replace(network, reference=visible(_shortest(path, files, taken)))
        for network, path in zip(networks, paths, strict=True)
    ]


def _shortest(path: Path, files: set[Path], taken: set[str]) -> str:
    """The end of a path that is no other's."""
    for count in range(1, len(path.parts)):
        end = str(Path(*path.parts[-count:]))
        alike = [other for other in files if other.parts[-count:] == path.parts[-count:]]
        if len(alike) == 1 and end not in taken:
            return end
    return str(path)


def lineage(network: Network) -> list[str]:
    """`EfficientNet (2019)` and `flavor keras`, of an architecture of the registry."""
    about = network.about
    return [f"{about.family} ({about.year})", f"flavor {about.flavor}"] if about else []
