"""A network: a graph with what is known of it besides, wherever it came from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cnncli.graph import Graph
from cnncli.models.reference import Model
from cnncli.models.spec import UNIT, Paper, Published, Range
from cnncli.network.spelling import Source, canonical, from_here
from cnncli.readers.formats import (
    Format,
)
from cnncli.records import Distinct, Record, record

if TYPE_CHECKING:
    from cnncli.readers.reading import Reading


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


@record
class ModelFile(Distinct):
    """A file that a network was read from; `bytes` is its size, of a folder that of all files in it."""

    path: Path
    format: Format
    bytes: int

    @cached_property
    def sha256(self) -> str:
        """Of its content; of a folder's that of all files by name, as `build` and `export` tell it."""
        from cnncli.files import size_and_hash

        return size_and_hash(self.path)[1]


@record
class Origin(Record):
    """Where a network came from.

    Of the registry's `model` is the architecture with its flavor and options, of a file's `file` and `reading` are what
    is known of it, of a callable's `reading`; of a graph that a program made there is nothing.
    """

    kind: Source
    model: Model | None = None
    file: ModelFile | None = None
    reading: Reading | None = None


PYTHON = Origin(Source.PYTHON)


@record
class Network(Distinct):
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

    @cached_property
    def key(self) -> str:
        """The shortest reference that names the same network from here, as `canonical` gives it."""
        return from_here(self.origin.file.path) if self.origin.file else canonical(self.reference)

    @property
    def known_range(self) -> Range | None:
        """The input's range; None where nobody has said it, as in most files."""
        if self.model:
            return self.input_range
        return self.origin.reading.input_range if self.origin.reading else None

    @property
    def model(self) -> Model | None:
        """The architecture of the registry that it is, if it is one."""
        return self.origin.model
