"""A network: what a person named, read. Everything above works on it, wherever it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cnncli.graph import Graph
from cnncli.models.reference import Model, parse
from cnncli.models.spec import UNIT, Published, Range


@dataclass(frozen=True)
class Origin:
    """Where a network came from.

    `kind` is "registry" (then `model` is the architecture with its flavor and options) or "python", a graph that a
    program made.
    """

    kind: str
    model: Model | None = None


PYTHON = Origin("python")


@dataclass(frozen=True, eq=False)
class Network:
    """A graph with what is known of it besides.

    `reference` names it to people and to files, `name` shortly; `published` is its accuracy where somebody measured
    it; `input_range` is the lowest and highest value of its input, `output_name` what its first output is.
    """

    reference: str
    graph: Graph
    origin: Origin = PYTHON
    name: str = ""
    published: Published | None = None
    input_range: Range = UNIT
    output_name: str = "output"
    warnings: tuple[str, ...] = field(default=())

    @property
    def model(self) -> Model | None:
        """The architecture of the registry that it is, if it is one."""
        return self.origin.model


def network(text: str, overrides: Mapping[str, str] | None = None, flavor: str | None = None) -> Network:
    """Read a reference and build the network that it names; `overrides` are further options, `flavor` its flavor.

    Raises UsageError, naming what cannot be read or built.
    """
    return of_model(parse(text, overrides, flavor))


def of_model(model: Model) -> Network:
    """The network of an architecture. Raises UsageError where its options make one that cannot exist."""
    graph = model.graph()
    return Network(
        reference=model.reference,
        graph=graph,
        origin=Origin("registry", model),
        name=model.spec.name,
        published=model.published,
        input_range=model.input_range,
        output_name=model.output_name,
        warnings=tuple(graph.warnings),
    )


def of_graph(graph: Graph) -> Network:
    """The network of a graph that a program made."""
    return Network(graph.name, graph, name=graph.name, warnings=tuple(graph.warnings))
