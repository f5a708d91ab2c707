"""A network: what a person named, read. Everything above works on it, wherever it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cnncli.document.numbers import setting
from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.models import catalogue
from cnncli.models.options import size
from cnncli.models.reference import Model, parse
from cnncli.models.spec import UNIT, Paper, Published, Range
from cnncli.readers.opening import Format, is_path, read_file, size_of
from cnncli.readers.reading import Reading, Settings


class About(NamedTuple):
    """What is known of an architecture: options as references spell them, all and those that are not the default."""

    family: str
    year: int
    flavor: str
    paper: Paper
    options: Mapping[str, str]
    given: Mapping[str, str]
    architecture: str
    """What the networks of its paper are called together."""


@dataclass(frozen=True, eq=False)
class ModelFile:
    """A file that a network was read from; `bytes` is its size, of a folder that of all files in it."""

    path: Path
    format: Format
    bytes: int
    reading: Reading


@dataclass(frozen=True)
class Origin:
    """Where a network came from.

    `kind` is "registry" (then `model` is the architecture with its flavor and options), "file" (then `file` tells of
    it) or "python", a graph that a program made.
    """

    kind: Literal["registry", "file", "python"]
    model: Model | None = None
    file: ModelFile | None = None


PYTHON = Origin("python")


@dataclass(frozen=True, eq=False)
class Network:
    """A graph with what is known of it besides.

    `reference` names it to people and to files, `name` shortly; `about` is there for an architecture of the registry;
    `published` is its accuracy where somebody measured it; `input_range` is the lowest and highest value of its input,
    `output_name` what its first output is.
    """

    reference: str
    graph: Graph
    origin: Origin = PYTHON
    name: str = ""
    about: About | None = None
    published: Published | None = None
    input_range: Range = UNIT
    output_name: str = "output"
    warnings: tuple[str, ...] = ()

    @cached_property
    def layer_names(self) -> list[str] | None:
        """What keras.applications, or whose network it else is, calls the layers; None where that is not known."""
        return None if self.model is None else self.model.layer_names(self.graph)

    @property
    def model(self) -> Model | None:
        """The architecture of the registry that it is, if it is one."""
        return self.origin.model


def network(text: str, options: Mapping[str, Any] | None = None, flavor: str | None = None) -> Network:
    """Read a reference and build the network that it names; `options` are further ones, as text or as they are.

    Raises UsageError, naming what cannot be read or built.
    """
    if is_path(text):
        return of_file(Path(text), _settled(options or {}))
    told = {name: value if isinstance(value, str) else setting(value) for name, value in (options or {}).items()}
    return of_model(parse(text, told, flavor))


def of_file(path: Path, settings: Settings) -> Network:
    """The network of a model file. Raises UsageError for one that cannot be read."""
    format_, reading = read_file(path, settings)
    return Network(
        reference=str(path),
        graph=reading.graph,
        origin=Origin("file", file=ModelFile(path, format_, size_of(path), reading)),
        name=path.stem,
        warnings=tuple(reading.graph.warnings),
    )


def _settled(options: Mapping[str, Any]) -> Settings:
    """What options settle of a file. Raises UsageError for those that only the registry's networks have."""
    from cnncli.models.options import shape

    others = sorted(set(options) - {"input_shape"})
    if others:
        raise UsageError(f"{others[0]} is an option of the registry's networks, which a model file has not")
    given = options.get("input_shape")
    return Settings({"": shape(given) if isinstance(given, str) else tuple(given)}) if given else Settings()


def of_model(model: Model) -> Network:
    """The network of an architecture. Raises UsageError where its options make one that cannot exist."""
    graph = model.graph()
    return Network(
        reference=model.reference,
        graph=graph,
        origin=Origin("registry", model),
        name=model.spec.name,
        about=_about(model),
        published=model.published,
        input_range=model.input_range,
        output_name=model.output_name,
        warnings=tuple(graph.warnings),
    )


def _about(model: Model) -> About:
    spec, shown = model.spec, {name: setting(value) for name, value in model.options.items()}
    defaults = spec.options(model.flavor)
    given = {name: text for name, text in shown.items() if model.options[name] != defaults[name]}
    architecture = spec.architecture or spec.name
    return About(spec.family, spec.year, model.flavor, spec.paper, shown, given, architecture)


def canonical(text: str) -> str:
    """The shortest reference that names the same network. Raises UsageError for one that cannot be read."""
    return parse(text).reference


def read_size(name: str, text: str) -> tuple[int, int]:
    """A height and a width as people write them: 19x19, or 19 for it. Raises UsageError, which `name` begins."""
    try:
        return size(text)
    except ValueError as error:
        raise UsageError(f"{name}: expected {error}") from None


def option_named(text: str) -> tuple[str, bool] | None:
    """The option of some architecture that a text names, and whether it is one of yes and no; None for other texts."""
    return catalogue.option_named(text)


def of_graph(graph: Graph) -> Network:
    """The network of a graph that a program made."""
    return Network(graph.name, graph, name=graph.name, warnings=tuple(graph.warnings))
