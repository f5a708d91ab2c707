"""What a figure of a network is: how it is computed, told and limited, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Any

from cnncli.amounts import total
from cnncli.deployed.plan import FLOAT32
from cnncli.graph import Graph, Node
from cnncli.records import Distinct, Record, record


class Unit(str, Enum):
    """What a figure counts; it decides how it is written and how a limit on it is read."""

    COUNT = "count"
    BYTES = "bytes"
    PIXELS = "pixels"
    """Height and width."""


class Place(str, Enum):
    """Where a figure is told."""

    COLUMN = "column of summary, and its footer"
    LINE = "line below summary's table"
    DEPLOYED = "summary's table of what the network is as deployed"
    DATA = "totals in JSON"
    ROW = "rows in JSON"
    COMPARISON = "row of compare"
    CHANGE = "what a change of a block costs"
    BUDGET = "limit of check"
    LOCK = "lock file"
    LABEL = "field of plot --label"
    HEAT = "plot --heat"


EVERYWHERE = frozenset(Place) - {Place.DEPLOYED}
AS_DEPLOYED = frozenset({Place.DEPLOYED, Place.DATA, Place.COMPARISON, Place.BUDGET, Place.LOCK})


class About(str, Enum):
    """What a figure is of: compare's rows stand in this order."""

    WEIGHTS = "weights"
    WORK = "work"
    MEMORY = "memory"
    VIEW = "view"
    STRUCTURE = "structure"


@record
class Budget(Record):
    """How a figure is limited: the option's name without `--`, the help of that option, the noun of its messages."""

    name: str
    help: str
    noun: str


@record
class Metric(Distinct):
    """A figure. `convention` is the sentence that says what is counted.

    Either `layer` says what a layer adds, and a network's figure is the sum, or `network` computes it of the graph.
    Of a figure that differs by what the network is deployed as `by_kind` computes it of the graph and one of
    the kinds: of `kind` or, where none is asked for, of that of a .tflite file, else of the first of `kinds`, of
    which a row each is told.
    `better` is -1 where less is better, 1 where more is, 0 where neither. `share_behind` asks for a column of shares
    behind the column of that key, `main` says that it is worth its room where that is scarce. `noun` is what it is in a
    sentence, `behind` what stands behind its number; `parts` are the keys of what it is made of.
    """

    key: str
    title: str
    about: About
    convention: str = ""
    unit: Unit = Unit.COUNT
    layer: Callable[[Node], Any] | None = None
    network: Callable[[Graph], Any] | None = None
    by_kind: Callable[[Graph, str], Any] | None = None
    kinds: tuple[str, ...] = ()
    kind: str = ""
    figure: Callable[[Any], Any] = lambda value: value
    """Of a value that is several figures the one that is compared and limited."""
    better: int = -1
    share_behind: str = ""
    main: bool = False
    noun: str = ""
    behind: str = ""
    parts: tuple[str, ...] = ()
    detail: str = ""
    """What else the title needs where one of several figures stands alone, as `float32`."""
    stored: str = ""
    """Of bytes that are counted in a type which a file may have replaced: the key of what is really stored."""
    budget: Budget | None = None
    places: frozenset[Place] = EVERYWHERE
    row_key: str = ""
    """Its key in rows and columns, where that is not the key of the total."""

    @property
    def additive(self) -> bool:
        """Whether a network's figure is the sum of its layers'."""
        return self.layer is not None

    @property
    def column(self) -> str:
        return self.row_key or self.key

    @property
    def words(self) -> str:
        return self.noun or self.title

    @property
    def counted(self) -> str:
        """What is counted, as it stands behind a number."""
        return self.behind or self.title

    @property
    def limit(self) -> Budget:
        """How it is limited; as its names say, unless something else is written."""
        name = "max-" + self.key.replace("_", "-")
        return self.budget or Budget(name, f"{self.title}.", self.words)

    def of(self, kind: str) -> Metric:
        """The figure of one kind. Its key and title say which, but for float32 where that is the usual one."""
        if kind == FLOAT32 == self.kinds[0]:
            return replace(self, kind=kind)
        return replace(self, key=f"{self.key}_{kind.replace('-', '_')}", kind=kind, detail=kind)

    @property
    def told(self) -> list[Metric]:
        """The figures that are told each in a row: of several kinds, or itself."""
        return [self if kind == FLOAT32 else self.of(kind) for kind in self.kinds] or [self]

    def kind_of(self, graph: Graph) -> str:
        """The kind that is meant of a graph."""
        return self.kind or (graph.file_plan.kind if graph.file_plan else self.kinds[0])

    @property
    def header(self) -> str:
        """The title of one of several figures: `Weights float32`."""
        return f"{self.title} {self.detail}".rstrip()

    def total(self, graph: Graph) -> Any:
        """The network's figure: UNKNOWN or AtLeast where some layer's is unknown."""
        if self.layer is not None:
            return total(map(self.layer, graph.nodes))
        if self.by_kind is not None:
            return self.by_kind(graph, self.kind_of(graph))
        assert self.network is not None
        return self.network(graph)
