"""What the registry knows of an architecture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Deviations = frozenset[str]
"""Names of the places where the article's code differs from keras.applications; empty is the `keras` flavor."""

Builder = Callable[..., None]
"""`builder(graph, deviations, *, option=default, ...)` appends the network; its keyword arguments are its options."""

FLAVORS = ("keras", "article")


class Paper(NamedTuple):
    title: str
    arxiv: str


class Published(NamedTuple):
    """Figures that somebody published, with where. MACs are multiply-accumulates; top-1 is ImageNet's, in percent."""

    source: str
    params: float | None = None
    macs: float | None = None
    top1: float | None = None


@dataclass(frozen=True)
class ModelSpec:
    """An architecture: how to build it in each flavor, and what a person wants to know before choosing it."""

    name: str
    family: str
    year: int
    paper: Paper
    introduced: str
    build: Builder
    aliases: tuple[str, ...] = ()
    deviations: Mapping[str, str] = field(default_factory=dict)
    """What the article's code does otherwise: name -> one line on it."""
    article_options: tuple[str, ...] = ()
    """The options that the article's code has too; none where the article has no such network."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the builder that this name settles, such as EfficientNet-B4's width and depth."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of this name where they differ from the builder's."""
    published: tuple[Published, ...] = ()

    @property
    def flavors(self) -> tuple[str, ...]:
        return FLAVORS if self.article_options else FLAVORS[:1]

    def options(self, flavor: str) -> dict[str, Any]:
        """The options of a flavor with their defaults, in the order in which the builder declares them."""
        declared: dict[str, Any] = {**(self.build.__kwdefaults__ or {}), **self.defaults}
        allowed = self.article_options if flavor == "article" else tuple(declared)
        return {name: value for name, value in declared.items() if name in allowed and name not in self.fixed}

    def deviating(self, flavor: str) -> Deviations:
        return frozenset(self.deviations) if flavor == "article" else frozenset()

    @property
    def top1(self) -> Published | None:
        """The first published accuracy, with its source."""
        return next((figures for figures in self.published if figures.top1 is not None), None)
