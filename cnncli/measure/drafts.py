"""The files that are run: a person's own as they are, those of architectures written for it and gone afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cnncli.child import Tell
from cnncli.errors import CheckFailed, UsageError, suggestion
from cnncli.export.exporting import Request, Target, export
from cnncli.export.kinds import BY_NAME
from cnncli.files import size_and_hash
from cnncli.measure.measuring import Model
from cnncli.network import Network
from cnncli.temporary import temporary_folder
from cnncli.written import read_choice

FORMAT = BY_NAME["tflite"]
KINDS = {kind.also or kind.name: kind for kind in FORMAT.kinds}
"""By what they are: what quantizes nothing is float32, and none only where --quantize asks for what is done."""


def kinds_of(names: Sequence[str]) -> list[str]:
    """The kinds that are named, each once; the first where none is. Raises UsageError for an unknown one."""
    spelt = {each: name for name, kind in KINDS.items() for each in (name, kind.name)}
    found = []
    for name in names or list(KINDS)[:1]:
        kind = read_choice(name, spelt)
        if kind is None:
            raise UsageError(
                f"--kind {name}: unknown kind{suggestion(name, tuple(KINDS))}; there are {', '.join(KINDS)}"
            )
        found.append(spelt[kind])
    return list(dict.fromkeys(found))


def refuse_others(network: Network) -> None:
    """Raise UsageError for a network that is neither an architecture nor a file that the runtime runs."""
    file = network.origin.file
    if network.model is None and (file is None or file.format.key != FORMAT.name):
        what = f"a {file.format.called} file" if file else "a function's network"
        raise UsageError(
            f"{network.reference} is {what}; measure runs {FORMAT.suffix} files, and architectures, which it converts: "
            f"convert it to {FORMAT.suffix} and measure that"
        )


@contextmanager
def drafts(networks: Sequence[Network], kinds: Sequence[str], tell: Tell) -> Iterator[list[Model]]:
    """The models to be run, of each architecture one a kind, of each file one; what is written vanishes at the end.

    Weights are fresh and nothing is verified: neither changes how long a run takes. What is named twice is written
    once. Raises as export, and CheckFailed where a kind cannot be made.
    """
    with temporary_folder() as folder:
        written: dict[str, list[Model]] = {}
        for network in networks:
            if network.reference not in written:
                place = folder / str(len(written))
                written[network.reference] = _models(network, kinds, place, tell)
        yield [model for network in networks for model in written[network.reference]]


def _models(network: Network, kinds: Sequence[str], place: Path, tell: Tell) -> list[Model]:
    if network.origin.file:
        return [_model(network, None, network.origin.file.path)]
    place.mkdir()
    targets = [Target(FORMAT, KINDS[name], place / f"{name}{FORMAT.suffix}") for name in kinds]
    request = Request(
        graph=network.graph,
        reference=network.reference,
        input_range=network.input_range,
        output_name=network.output_name,
        targets=targets,
        seed=0,
        verify=False,
    )
    exported = export(request, lambda activity: tell(f"{network.reference}: {activity}"))
    if exported.problems:
        problems = [f"{network.reference}: {problem}" for file in exported.files for problem in file.problems]
        raise CheckFailed("; ".join(problems))
    return [_model(network, name, target.path) for name, target in zip(kinds, targets, strict=True)]


def _model(network: Network, kind: str | None, path: Path) -> Model:
    size, sha256 = size_and_hash(path)
    return Model(network, kind, path, size, sha256)
