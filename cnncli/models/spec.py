"""What the registry knows of an architecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import Any, NamedTuple

from cnncli.models.layer_names import LayerNames
from cnncli.models.options import Option, declared
from cnncli.records import Record, record

Deviations = frozenset[str]
"""Names of the places where a flavor's network differs from the first flavor's."""

Builder = Callable[..., None]
"""`builder(graph, deviations, *, option=default, ...)` appends the network.

Its keyword arguments that are annotated with an Option are its options; the others are settled by the names.
"""

Range = tuple[float, float]
"""Lowest and highest value of a network's input: what black and white become."""

PIXELS: Range = (0.0, 255.0)
SYMMETRIC: Range = (-1.0, 1.0)
UNIT: Range = (0.0, 1.0)
CENTERED: Range = (-123.68, 151.061)
"""Pixels less ImageNet's mean of each channel (keras.applications' mode "caffe": 123.68, 116.779, 103.939)."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's of each channel, black being 0 and white 1."""
STANDARDIZED: Range = (-2.118, 2.64)
"""Of 0 to 1 less the mean, by the deviation (mode "torch")."""


@record
class Flavor(Record):
    """Whose network it is: keras.applications', an article's, the paper's.

    `deviations` says what it does otherwise than the first flavor, name -> one line on it; `options` are those that it
    has of the builder's (None: all); `input_range` may depend on the options; inputs with a side below `minimum_size`
    are refused, as the original refuses them; `layer_names` are those of the original.
    """

    name: str
    says: str
    deviations: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] | None = None
    input_range: Range | Callable[[Mapping[str, Any]], Range] = UNIT
    minimum_size: int = 1
    layer_names: LayerNames | None = None
    gives: str = ""
    """What it puts out, where that is no figure a class that is largest for the likeliest."""


FLAVORS = {
    "keras": "as keras.applications has it",
    "paper": "as the paper has it",
    "torchvision": "as torchvision has it",
    "textbook": "as textbooks have it",
    "article": "as the article writes it",
}
"""Whose networks there are, by the flavor's name."""


def paper(input_range: Range = STANDARDIZED, deviations: Mapping[str, str] | None = None) -> Flavor:
    """The network of the paper, or where that says too little of its authors' code."""
    return Flavor("paper", FLAVORS["paper"], deviations or {}, input_range=input_range)


PAPER = paper()


def keras(
    input_range: Range | Callable[[Mapping[str, Any]], Range], layer_names: LayerNames, minimum_size: int = 32
) -> Flavor:
    """keras.applications' network, which refuses smaller inputs (imagenet_utils.obtain_input_shape)."""
    says = FLAVORS["keras"]
    return Flavor("keras", says, input_range=input_range, minimum_size=minimum_size, layer_names=layer_names)


def torchvision(deviations: Mapping[str, str]) -> Flavor:
    """torchvision's network, where it is another than the paper's."""
    return Flavor("torchvision", FLAVORS["torchvision"], deviations, input_range=STANDARDIZED)


def article(deviations: Mapping[str, str], options: tuple[str, ...]) -> Flavor:
    """The network of the article that this tool began with, which feeds x / 255 to all of its networks."""
    return Flavor("article", FLAVORS["article"], deviations, options)


class Paper(NamedTuple):
    """`arxiv` is empty where the paper is not there."""

    title: str
    arxiv: str = ""


TRAINABLE, ALL, WITHOUT_BATCH_NORM = "trainable_params", "params", "params_without_bn"
"""What papers count as parameters, by the key of the figure: most those that are trained, Keras all, MobileNetV2's
paper and slim's tables those without batch normalization."""


class Published(NamedTuple):
    """Figures that somebody published, with where: parameters and multiply-accumulates with the digits that were given,
    as `read_figure` takes them; top-1 is ImageNet's, in percent. Where there are none, weights were published.

    `counted` is what the parameters are. `erratum` says why a figure is not what its network computes, where it is not.
    `options` are those that the network had, where they are not the architecture's defaults; `flavor` is whose
    definition it was, where it is not the architecture's first.
    """

    source: str
    params: str | None = None
    macs: str | None = None
    top1: float | None = None
    erratum: str = ""
    options: Mapping[str, Any] = MappingProxyType({})
    counted: str = TRAINABLE
    flavor: str = ""

    @property
    def figures(self) -> dict[str, str]:
        """What can be computed of it, by the figure's key."""
        found = {self.counted: self.params, "macs": self.macs}
        return {key: text for key, text in found.items() if text is not None}


@record
class ModelSpec(Record):
    """An architecture: how to build it in each flavor, and what a person wants to know before choosing it."""

    name: str
    family: str
    year: int
    paper: Paper
    introduced: str
    build: Builder
    aliases: tuple[str, ...] = ()
    flavors: tuple[Flavor, ...] = (PAPER,)
    """The first is the one that is meant where none is named."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the builder that this name settles, such as EfficientNet-B4's width and depth."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of this name where they differ from the builder's."""
    published: tuple[Published, ...] = ()
    descends_from: tuple[str, ...] = ()
    """The architectures whose ideas it takes up, by name: those of `architecture`, or of the registry."""
    architecture: str = ""
    """What the networks of one paper are called together, such as mobilenet_v3; its own name where that is all."""

    @property
    def flavor_names(self) -> tuple[str, ...]:
        return tuple(flavor.name for flavor in self.flavors)

    def flavor(self, name: str) -> Flavor:
        """Raises KeyError for a flavor that the architecture lacks."""
        return {flavor.name: flavor for flavor in self.flavors}[name]

    def option(self, name: str) -> Option:
        """How an option is read. Raises KeyError for one that the builder lacks."""
        return declared(self.build)[name]

    def options(self, flavor: str) -> dict[str, Any]:
        """The options of a flavor with their defaults, in the order in which the builder declares them."""
        defaults = {**(self.build.__kwdefaults__ or {}), **self.defaults}
        allowed = self.flavor(flavor).options
        return {
            name: defaults[name]
            for name in declared(self.build)
            if name not in self.fixed and (allowed is None or name in allowed)
        }

    @property
    def settable(self) -> Mapping[str, Option]:
        """Every option that the architecture has in some flavor, by name."""
        return {name: option for name, option in declared(self.build).items() if name not in self.fixed}

    def deviating(self, flavor: str) -> Deviations:
        return frozenset(self.flavor(flavor).deviations)

    @property
    def top1(self) -> Published | None:
        """The first published accuracy of the architecture with its defaults, with its source."""
        return self.accuracy({})

    def accuracy(self, options: Mapping[str, Any]) -> Published | None:
        """The first published accuracy of these options, which are those that are not the defaults."""
        return next((each for each in self.published if each.top1 is not None and each.options == options), None)

    @property
    def variants(self) -> list[Mapping[str, Any]]:
        """The options of the networks that somebody published figures or weights of, the defaults (none) first."""
        found: list[Mapping[str, Any]] = [{}]
        for each in self.published:
            found += [each.options] if each.options not in found else []
        return found
