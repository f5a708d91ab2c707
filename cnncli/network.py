"""A network: what a person named, read. Everything above works on it, wherever it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

from cnncli.document.numbers import setting
from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.models import catalogue
from cnncli.models.options import size
from cnncli.models.reference import Model, parse
from cnncli.models.spec import UNIT, Paper, Published, Range


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


@dataclass(frozen=True)
class Origin:
    """Where a network came from.

    `kind` is "registry" (then `model` is the architecture with its flavor and options) or "python", a graph that a
    program made.
    """

    kind: Literal["registry", "python"]
    model: Model | None = None


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
    told = {name: value if isinstance(value, str) else setting(value) for name, value in (options or {}).items()}
    return of_model(parse(text, told, flavor))


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
