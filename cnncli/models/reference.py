"""From what a person types to a model: names, flavors, options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cnncli.document.numbers import setting
from cnncli.errors import LayerError, UsageError, suggestion
from cnncli.graph import Graph
from cnncli.models.catalogue import find_spec
from cnncli.models.spec import Deviations, Flavor, ModelSpec, Published, Range


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
        given = [f"{name}={setting(value)}" for name, value in self.options.items() if value != defaults[name]]
        flavor = "" if self.flavor == self.spec.flavors[0].name else f"@{self.flavor}"
        return self.spec.name + flavor + (":" + ",".join(given) if given else "")

    @property
    def definition(self) -> Flavor:
        """The flavor with all that is known of it."""
        return self.spec.flavor(self.flavor)

    @property
    def input_range(self) -> Range:
        """Lowest and highest value of the input."""
        found = self.definition.input_range
        return found(self.options) if callable(found) else found

    @property
    def output_name(self) -> str:
        """What it gives: probabilities; logits where they have no activation; features without a classifier."""
        if not self._include_top:
            return "features"
        return "probabilities" if self._activation else "logits"

    @property
    def published(self) -> Published | None:
        """The published accuracy: a model's with its own options only, for nobody measured the others."""
        return self.spec.top1 if self.reference == self.spec.name else None

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
            graph.warn(
                f"{name}={setting(self.options[name])} has no effect with include_top={setting(self._include_top)}"
            )
        if self._include_top and self.options.get("classes") == 1 and self._activation == "softmax":
            graph.warn("classes=1 with softmax gives 1 for every picture; take classifier_activation=sigmoid")
        return graph

    @property
    def _include_top(self) -> bool:
        return bool(self.options.get("include_top", True))

    @property
    def _activation(self) -> str | None:
        """Of the classifier, if it has one."""
        found: str | None = self.options.get("classifier_activation", "softmax")
        return found

    def _idle_options(self) -> list[str]:
        """The options given that the network does not read, for being with or without its classifier."""
        names = ("pooling",) if self._include_top else ("classes", "classifier_activation", "dropout")
        defaults = self.spec.options(self.flavor)
        return [name for name in names if name in defaults and self.options[name] != defaults[name]]


def parse(reference: str, overrides: Mapping[str, str] | None = None, flavor: str | None = None) -> Model:
    """Read NAME[@FLAVOR][:option=value,...]. `overrides` are further options, `flavor` a further flavor.

    Raises UsageError, naming what cannot be read or is given twice with different values.
    """
    head, _, tail = reference.partition(":")
    model_name, at, written_flavor = head.partition("@")
    spec = find_spec(model_name)
    if at and flavor and written_flavor != flavor:
        raise UsageError(f"{reference}: flavor {written_flavor!r} contradicts --flavor {flavor}")
    flavor = written_flavor if at else flavor or spec.flavors[0].name
    if flavor not in spec.flavor_names:
        raise UsageError(f"unknown flavor {flavor!r} of {spec.name}; it has {' and '.join(spec.flavor_names)}")
    options = spec.options(flavor)
    given: dict[str, Any] = {}
    for name, text in (*_pairs(reference, tail), *(overrides or {}).items()):
        key = name.strip().lower().replace("-", "_")
        value = _read(spec, flavor, options, key, text.strip())
        if given.get(key, value) != value:
            raise UsageError(f"{reference}: {key} is given twice: {setting(given[key])} and {setting(value)}")
        given[key] = value
    model = Model(spec, flavor, options | given)
    _check_size(model)
    return model


def _check_size(model: Model) -> None:
    """Raise UsageError for an input smaller than the flavor's original takes."""
    least = model.definition.minimum_size
    sizes = model.options.get("input_shape", (least, least))[:2]
    if min(sizes) < least:
        smaller = [flavor.name for flavor in model.spec.flavors if flavor.minimum_size <= min(sizes)]
        advice = f"; {model.spec.name}@{smaller[0]} takes less" if smaller else ""
        written = setting(model.options["input_shape"])
        raise UsageError(
            f"{model.spec.name}: input_shape={written}: flavor {model.flavor} takes at least {least}x{least}{advice}"
        )


def _pairs(reference: str, tail: str) -> Iterable[tuple[str, str]]:
    for pair in tail.split(",") if tail else ():
        key, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"{reference}: {pair!r} is not option=value")
        yield key, text


def _read(spec: ModelSpec, flavor: str, options: Mapping[str, Any], key: str, text: str) -> Any:
    if key not in options:
        owner = spec.name if flavor == spec.flavors[0].name else f"{spec.name}@{flavor}"
        near = suggestion(key, {name: name for name in options})
        raise UsageError(f"{owner} has no option {key!r}{near}; it has {', '.join(options)}")
    try:
        return spec.option(key).read(text)
    except ValueError as error:
        raise UsageError(f"{key}={text}: expected {error}") from None
