"""From what a person types to a model: names, flavors, options."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cnncli.document.numbers import setting, shape
from cnncli.errors import LayerError, UsageError, plain, suggestion
from cnncli.graph import Graph
from cnncli.graph.roles import CONVOLUTIONS
from cnncli.models.catalogue import find
from cnncli.models.spec import Deviations, Flavor, ModelSpec, Published, Range
from cnncli.records import Record, record


@record
class Model(Record):
    """A model reference, read: which architecture, in which flavor, with which options (all of them, by name)."""

    spec: ModelSpec
    flavor: str
    options: Mapping[str, Any]

    @property
    def reference(self) -> str:
        """The shortest reference that gives this model again, options in the builder's order."""
        given = [f"{name}={setting(value)}" for name, value in self.given.items()]
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
        if self.definition.gives:
            return self.definition.gives
        return "probabilities" if self._activation else "logits"

    @property
    def published(self) -> Published | None:
        """The published accuracy of just these options, in the first flavor."""
        return self.spec.accuracy(self.given) if self.flavor == self.spec.flavors[0].name else None

    @property
    def given(self) -> dict[str, Any]:
        """The options that are not the defaults."""
        defaults = self.spec.options(self.flavor)
        return {name: value for name, value in self.options.items() if value != defaults[name]}

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
        for warning in self._of_small_input(graph):
            graph.warn(warning)
        if self._include_top and self.options.get("classes") == 1 and self._activation == "softmax":
            graph.warn("classes=1 with softmax gives 1 for every picture; take classifier_activation=sigmoid")
        return graph

    def _of_small_input(self, graph: Graph) -> Iterator[str]:
        """What a picture is too small for: the original, and the kernels."""
        written, original = setting(self.options["input_shape"]), self.spec.flavors[0]
        least = original.minimum_size
        if min(self.options["input_shape"][:2]) < least:
            yield f"input_shape={written} is smaller than flavor {original.name} takes, {least}x{least}"
        for name, kernel in _wasted_kernels(graph)[:1]:
            yield (
                f"maps are 1x1 from {name} on, where kernels of {shape(kernel)} do the work of 1x1; "
                f"input_shape={written} is small for this network"
            )

    def layer_names(self, graph: Graph) -> list[str] | None:
        """What the flavor's original calls the layers of `graph`, which is this model's; None where it says nothing."""
        names = self.definition.layer_names
        return None if names is None else names.of(graph)

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
        names = ("pooling",) if self._include_top else ("classes", "classifier_activation", "dropout", "auxiliary")
        defaults = self.spec.options(self.flavor)
        return [name for name in names if name in defaults and self.options[name] != defaults[name]]


def _wasted_kernels(graph: Graph) -> list[tuple[str, tuple[int, int]]]:
    """The convolutions whose kernel, larger than 1x1, sees one cell of a map and zeros around it."""
    found = []
    for node in graph.nodes:
        window = node.window if node.role in CONVOLUTIONS else None
        if window and max(window.extent) > 1:
            (seen,) = node.inputs
            (seen,) = seen.inputs if seen.layer.pads else (seen,)
            if seen.shape[:2] == (1, 1):
                found.append((node.name, window.extent))
    return found


def parse(reference: str, overrides: Mapping[str, str] | None = None, flavor: str | None = None) -> Model:
    """Read NAME[@FLAVOR][:option=value,...]. `overrides` are further options, `flavor` a further flavor.

    The name may be one that sets options itself, as those of published weights do. Raises UsageError, naming what
    cannot be read or is given twice with different values.
    """
    head, _, tail = reference.partition(":")
    model_name, at, written_flavor = head.partition("@")
    spec, settled, meant = find(model_name.strip())
    written = written_flavor if at else None
    if meant and written is not None and plain(written) != meant:
        raise UsageError(f"{reference}: flavor {written!r} contradicts the name, which says {meant}")
    chosen = _flavor(spec, meant or written, flavor, reference)
    options = spec.options(chosen)
    given: dict[str, Any] = {}
    for name, text in (*settled.items(), *_pairs(reference, tail), *(overrides or {}).items()):
        key = _key(spec, chosen, options, name)
        value = _read(spec, key, text.strip())
        if given.get(key, value) != value:
            raise UsageError(f"{reference}: {key} is given twice: {setting(given[key])} and {setting(value)}")
        given[key] = value
    model = Model(spec, chosen, options | given)
    _check_size(model)
    return model


def _flavor(spec: ModelSpec, written: str | None, flag: str | None, reference: str) -> str:
    """The flavor that the reference or --flavor names, in any case, or the architecture's first. Raises UsageError."""
    if written is not None and flag and plain(written) != plain(flag):
        raise UsageError(f"{reference}: flavor {written!r} contradicts --flavor {flag}")
    asked = written if written is not None else flag or spec.flavors[0].name
    found = {plain(name): name for name in spec.flavor_names}.get(plain(asked))
    if found is None:
        near = suggestion(asked, spec.flavor_names)
        raise UsageError(f"unknown flavor {asked!r} of {spec.name}{near}; it has {' and '.join(spec.flavor_names)}")
    return found


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


GOES_ON = r"\s*([0-9]+|[Nn]one)?\s*[)\]]?\s*"
"""What stands behind a comma within a size, as in (96, 96, 3)."""


def _pairs(reference: str, tail: str) -> Iterable[tuple[str, str]]:
    """Option and text of each option=value; the commas within a size, (96, 96, 3) or 96,96,3, separate no options."""
    pairs: list[list[str]] = []
    for piece in tail.split(",") if tail else ():
        if pairs and piece.strip() and re.fullmatch(GOES_ON, piece):
            pairs[-1].append(piece)
        else:
            pairs.append([piece])
    for pair in map(",".join, pairs):
        key, equals, text = pair.partition("=")
        if not equals:
            raise UsageError(f"{reference}: {pair!r} is not option=value")
        yield key, text


def _key(spec: ModelSpec, flavor: str, options: Mapping[str, Any], name: str) -> str:
    """The option that a text names, which may be another library's word for it. Raises UsageError."""
    known = {plain(also): key for key in options for also in spec.option(key).also}
    known |= {plain(key): key for key in options}
    if plain(name) in known:
        return known[plain(name)]
    owner = spec.name if flavor == spec.flavors[0].name else f"{spec.name}@{flavor}"
    written = name.strip()
    raise UsageError(
        f"{owner} has no option {written!r}{suggestion(written, tuple(options))}; it has {', '.join(options)}"
    )


def _read(spec: ModelSpec, key: str, text: str) -> Any:
    try:
        return spec.option(key).read(text)
    except ValueError as error:
        raise UsageError(f"{key}={text}: expected {error}") from None
