"""From a reference to the network that it names: built of the registry, or read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.document.numbers import setting
from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.models.reference import Model, parse
from cnncli.models.spec import UNIT
from cnncli.network.facts import About, ModelFile, Network, Origin
from cnncli.network.spelling import Source, refuse_address, source_of, spelt
from cnncli.words import visible

if TYPE_CHECKING:
    from cnncli.readers.reading import Reading


def network(text: str, options: Mapping[str, Any] | None = None, flavor: str | None = None) -> Network:
    """Read a reference and build or read the network that it names.

    `options` are further ones, as text or as they are: an architecture's own; of a file `input_shape`, `batch`,
    `signature`, `subgraph` and `raw`; of a callable `call_with`, `traceback` and `tell`.
    Raises UsageError, naming what cannot be read or built.
    """
    found = source_of(text)
    if found is Source.FILE:
        refuse_address(text)
        return of_file(Path(text), _without(flavor, text, options))
    if found is Source.CALLABLE:
        return of_callable(text, **_without(flavor, text, options))
    told = {name: value if isinstance(value, str) else setting(value) for name, value in (options or {}).items()}
    return of_model(parse(text, told, flavor))


def _without(flavor: str | None, text: str, options: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if flavor:
        raise UsageError(f"flavor {flavor}: {text} is no architecture, which alone have flavors")
    return options or {}


def of_file(path: Path, options: Mapping[str, Any]) -> Network:
    """The network of a model file. Raises UsageError for one that cannot be read."""
    from cnncli.readers.asking import read_asked
    from cnncli.readers.opening import size_of

    format_, reading = read_asked(path, options)
    return Network(
        reference=visible(spelt(path)),
        graph=_found(reading),
        origin=Origin(Source.FILE, file=ModelFile(path, format_, size_of(path)), reading=reading),
        name=visible(path.resolve().stem if path.name in ("", "..") else path.stem),
        warnings=tuple(reading.graph.warnings),
        input_range=reading.input_range or UNIT,
        output_name=reading.output_name or Network.output_name,
    )


def of_callable(
    text: str,
    *,
    call_with: Mapping[str, str] | None = None,
    traceback: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Network:
    """The network that a function of a Python file or module gives, called with the arguments in a child process.

    `tell` hears what it is busy with. Raises UsageError where it cannot be called or gives something else.
    """
    from cnncli.readers.python.call import read_callable

    reading = read_callable(text, call_with or {}, traceback=traceback, tell=tell)
    return Network(
        reference=visible(text),
        graph=_found(reading),
        origin=Origin(Source.CALLABLE, reading=reading),
        name=visible(text.rpartition(":")[2].rpartition(".")[2]),
        warnings=tuple(reading.graph.warnings),
        input_range=reading.input_range or UNIT,
    )


def _found(reading: Reading) -> Graph:
    """The graph of a reading, with blocks and stages where nobody has said which layers belong together."""
    from cnncli.grouping import grouped

    graph = reading.graph
    return graph if graph.kinds or any(node.scope for node in graph.nodes) else grouped(graph)


def of_model(model: Model) -> Network:
    """The network of an architecture. Raises UsageError where its options make one that cannot exist."""
    graph = model.graph()
    return Network(
        reference=model.reference,
        graph=graph,
        origin=Origin(Source.REGISTRY, model),
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


def of_graph(graph: Graph) -> Network:
    """The network of a graph that a program made."""
    return Network(graph.name, graph, name=graph.name, warnings=tuple(graph.warnings))
