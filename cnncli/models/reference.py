"""From what a person types to a graph: names, flavors, options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cnncli.errors import LayerError, UsageError, suggestion
from cnncli.graph import Graph
from cnncli.models.families import efficientnet, mobilenet_v1, mobilenet_v2, mobilenet_v3
from cnncli.models.options import OPTIONS, show
from cnncli.models.spec import FLAVORS, Deviations, ModelSpec

MODELS: tuple[ModelSpec, ...] = (
    *mobilenet_v1.MODELS,
    *mobilenet_v2.MODELS,
    *mobilenet_v3.MODELS,
    *efficientnet.MODELS,
)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


_BY_NAME = {_plain(name): spec for spec in MODELS for name in (spec.name, *spec.aliases)}


@dataclass(frozen=True)
class Model:
    """A model reference, read: which architecture, in which flavor, with which options (all of them, by name)."""

    spec: ModelSpec
    flavor: str
    options: Mapping[str, Any]

    @property
    def reference(self) -> str:
        """The shortest reference that gives this model again, options in the builder's order."""
        defaults = self.spec.options(self.flavor)
        given = [f"{name}={show(value)}" for name, value in self.options.items() if value != defaults[name]]
        flavor = "" if self.flavor == FLAVORS[0] else f"@{self.flavor}"
        return self.spec.name + flavor + (":" + ",".join(given) if given else "")

    @property
    def arguments(self) -> dict[str, Any]:
        """All of the builder's keyword arguments: its defaults, what the name settles, and the options."""
        return {**(self.spec.build.__kwdefaults__ or {}), **self.spec.defaults, **self.spec.fixed, **self.options}

    def graph(self, deviations: Deviations | None = None) -> Graph:
        """Build the layer graph; `deviations` other than the flavor's give the networks between the flavors.

        Raises UsageError where the options make a network that cannot exist.
        """
        graph = Graph(self.reference)
        taken = self.spec.deviating(self.flavor) if deviations is None else deviations
        try:
            self.spec.build(graph, taken, **self.arguments)
        except LayerError as error:
            wider = next((name for name in ("alpha", "width") if name in self.options), "")
            advice = f"; take a larger {wider}" if wider and "filters=0" in str(error) else ""
            raise UsageError(f"{self.reference} cannot be built: {error}{advice}") from None
        for name in self._idle_options():
            graph.warn(f"{name}={show(self.options[name])} has no effect with include_top={show(self._include_top)}")
        return graph

    @property
    def _include_top(self) -> bool:
        return bool(self.options.get("include_top", True))

    def _idle_options(self) -> list[str]:
        """The options given that the network does not read, for being with or without its classifier."""
        names = ("pooling",) if self._include_top else ("classes", "classifier_activation", "dropout")
        defaults = self.spec.options(self.flavor)
        return [name for name in names if name in defaults and self.options[name] != defaults[name]]


def find_spec(name: str) -> ModelSpec:
    """Look a model up by name or alias, whatever the case, with or without - and _. Raises UsageError."""
    try:
        return _BY_NAME[_plain(name)]
    except KeyError:
        spelled = {_plain(known): known for spec in MODELS for known in (*spec.aliases, spec.name)}
        near = suggestion(_plain(name), spelled)
        raise UsageError(f"unknown model {name!r}{near}; `cnncli list` shows all") from None


def parse(reference: str, overrides: Mapping[str, str] | None = None, flavor: str | None = None) -> Model:
    """Read NAME[@FLAVOR][:option=value,...]. `overrides` are further options, `flavor` a further flavor.

    Raises UsageError, naming what cannot be read or is given twice with different values.
    """
    head, _, tail = reference.partition(":")
    model_name, at, written_flavor = head.partition("@")
    spec = find_spec(model_name)
    if at and flavor and written_flavor != flavor:
        raise UsageError(f"{reference}: flavor {written_flavor!r} contradicts --flavor {flavor}")
    flavor = written_flavor if at else flavor or FLAVORS[0]
    if flavor not in spec.flavors:
        raise UsageError(f"unknown flavor {flavor!r} of {spec.name}; it has {' and '.join(spec.flavors)}")
    options = spec.options(flavor)
    given: dict[str, Any] = {}
    for name, text in (*_pairs(reference, tail), *(overrides or {}).items()):
        key = name.strip().lower().replace("-", "_")
        value = _read(spec, flavor, options, key, text.strip())
        if given.get(key, value) != value:
            raise UsageError(f"{reference}: {key} is given twice: {show(given[key])} and {show(value)}")
        given[key] = value
    return Model(spec, flavor, options | given)


def _pairs(reference: str, tail: str) -> Iterable[tuple[str, str]]:
    for pair in tail.split(",") if tail else ():
        key, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"{reference}: {pair!r} is not option=value")
        yield key, text


def _read(spec: ModelSpec, flavor: str, options: Mapping[str, Any], key: str, text: str) -> Any:
    if key not in options:
        owner = spec.name if flavor == FLAVORS[0] else f"{spec.name}@{flavor}"
        near = suggestion(key, {name: name for name in options})
        raise UsageError(f"{owner} has no option {key!r}{near}; it has {', '.join(options)}")
    try:
        return OPTIONS[key].read(text)
    except ValueError as error:
        raise UsageError(f"{key}={text}: expected {error}") from None


def load(reference: str, **options: Any) -> Graph:
    """The layer graph of a model reference: `load("mobilenet_v2", alpha=0.5)`. Raises UsageError."""
    flavor = options.pop("flavor", None)
    return parse(reference, {name: show(value) for name, value in options.items()}, flavor).graph()
