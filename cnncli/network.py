"""A network: what a person named, read. Everything above works on it, wherever it came from."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncli.document.numbers import setting
from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.models import catalogue
from cnncli.models.options import size
from cnncli.models.reference import Model, parse
from cnncli.models.spec import UNIT, ModelSpec, Paper, Published, Range
from cnncli.readers.formats import (
    PYTHON_FILE,
    SEPARATORS,
    Format,
    exists,
    is_callable,
    is_pattern,
    looks_like_path,
    matching,
    near_names,
)
from cnncli.records import Distinct, Record, record
from cnncli.words import visible

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


class Source(str, Enum):
    """What a network may come from."""

    REGISTRY = "registry"
    FILE = "file"
    CALLABLE = "callable"
    PYTHON = "python"


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
        return _from_here(self.origin.file.path) if self.origin.file else canonical(self.reference)

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


def network(text: str, options: Mapping[str, Any] | None = None, flavor: str | None = None) -> Network:
    """Read a reference and build or read the network that it names.

    `options` are further ones, as text or as they are: an architecture's own; of a file `input_shape`, `batch`,
    `signature`, `subgraph` and `raw`; of a callable `call_with`, `traceback` and `tell`.
    Raises UsageError, naming what cannot be read or built.
    """
    found = source_of(text)
    if found is Source.FILE:
        _refuse_address(text)
        return of_file(Path(text), _without(flavor, text, options))
    if found is Source.CALLABLE:
        return of_callable(text, **_without(flavor, text, options))
    told = {name: value if isinstance(value, str) else setting(value) for name, value in (options or {}).items()}
    return of_model(parse(text, told, flavor))


def _without(flavor: str | None, text: str, options: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if flavor:
        raise UsageError(f"flavor {flavor}: {text} is no architecture, which alone have flavors")
    return options or {}


def expanded(text: str, folder: Path = Path()) -> list[str]:
    """A reference by itself, or the model files that a pattern such as models/*.tflite stands for, from `folder` on.

    Raises UsageError where there are none.
    """
    if not is_pattern(text):
        return [text]
    found = [_from_here(path, folder) for path in matching(text, folder)]
    if not found:
        raise UsageError(f"{text}: no model file is called so")
    return found


def source_of(text: str, folder: Path = Path()) -> Source:
    """What a reference names; files are named as seen from `folder`.

    Raises UsageError for one that is two things at once, as a file with options is. An architecture's name is no
    file's, whatever lies there.
    """
    if _exists(text, folder):
        known = not looks_like_path(text) and _is_registered(text)
        return Source.REGISTRY if known else Source.FILE
    head = re.split("[:@]", text, maxsplit=1)[0]
    if is_callable(text) and not _is_registered(head):
        return Source.CALLABLE
    if head != text and (_exists(head, folder) or looks_like_path(head)) and not _is_registered(head):
        _refuse_tail(head, text[len(head) :], folder)
    # google/mobilenet_v2_1.0_224 is a network's name elsewhere; mobilenet_v2.tflite can only be a file.
    named = text[0:1] not in (".", "~", *SEPARATORS) and not looks_like_path(Path(text).name)
    elsewhere = named and _is_registered(head)
    return Source.FILE if looks_like_path(text) and not elsewhere else Source.REGISTRY


def _exists(text: str, folder: Path) -> bool:
    return bool(text) and exists(str(folder / text))


def _refuse_tail(head: str, tail: str, folder: Path) -> None:
    """Raise UsageError for a file's name with something behind it that only other references have."""
    if tail.startswith(("://", ":/")):  # an address
        return
    if Path(head).suffix == PYTHON_FILE:
        raise UsageError(f"{head}{tail}: expected FILE.py:FUNCTION")
    if not _exists(head, folder):
        raise UsageError(f"{head}: no such file{near_names(folder / head)}")
    raise UsageError(f"{head} is a file, which has no flavors and no options: leave out {tail!r}")


ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


def _refuse_address(text: str) -> None:
    """Raise UsageError for what would have to be fetched, or names a file in a way that no shell knows."""
    address = ADDRESS.match(text)
    if address and not exists(text):
        known = address[1].lower() == "file"
        advice = "name a file by its path, without file://" if known else "nothing is fetched: name a file that is here"
        raise UsageError(f"{text}: {advice}")


def _is_registered(name: str) -> bool:
    """Whether an architecture is called so; a name in which something stands behind it is none."""
    try:
        catalogue.find(name)
    except UsageError:
        return False
    return True


def of_file(path: Path, options: Mapping[str, Any]) -> Network:
    """The network of a model file. Raises UsageError for one that cannot be read."""
    from cnncli.readers.asking import read_asked
    from cnncli.readers.opening import size_of

    format_, reading = read_asked(path, options)
    return Network(
        reference=visible(_spelt(path)),
        graph=_found(reading),
        origin=Origin(Source.FILE, file=ModelFile(path, format_, size_of(path)), reading=reading),
        name=visible(path.resolve().stem if path.name in ("", "..") else path.stem),
        warnings=tuple(reading.graph.warnings),
        input_range=reading.input_range or UNIT,
        output_name=reading.output_name or Network.output_name,
    )


def _spelt(path: Path) -> str:
    """A path as a reference that names it again: ./b0 for a file called as an architecture is."""
    text = str(path)
    return text if looks_like_path(text) or not _is_registered(text) else f".{os.sep}{text}"


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


def canonical(text: str, folder: Path = Path()) -> str:
    """The shortest reference that names the same network; files are named as seen from `folder`.

    Raises UsageError for one that cannot be read.
    """
    found = source_of(text, folder)
    if found is Source.REGISTRY:
        return parse(text).reference
    file, colon, name = text.rpartition(":") if found is Source.CALLABLE else (text, "", "")
    if found is Source.CALLABLE and not file.endswith(PYTHON_FILE):
        return text
    return _from_here(folder / file) + colon + name


def relative(reference: str, folder: Path) -> str:
    """A reference from here, as `canonical` gives it, as a text in `folder` has it: files as seen from there."""
    found = source_of(reference)
    file, colon, name = reference.rpartition(":") if found is Source.CALLABLE else (reference, "", "")
    if found is Source.REGISTRY or (found is Source.CALLABLE and not file.endswith(PYTHON_FILE)):
        return reference
    return _from_here(Path(file), folder) + colon + name


def _from_here(path: Path, folder: Path = Path()) -> str:
    """A path as seen from the working directory or another one, with `/`; of a bare name ./NAME."""
    text = Path(os.path.relpath(path, folder)).as_posix()
    return text if looks_like_path(text) else f"./{text}"


def read_size(name: str, text: str) -> tuple[int, int]:
    """A height and a width as people write them: 19x19, or 19 for it. Raises UsageError, which `name` begins."""
    try:
        return size(text)
    except ValueError as error:
        raise UsageError(f"{name}: expected {error}") from None


def architectures() -> tuple[ModelSpec, ...]:
    """All architectures of the registry, in its order: every family is loaded."""
    return catalogue.models()


def model_of(reference: str) -> Model:
    """The architecture that a reference names, with its flavor and options; only its family is loaded.

    Raises UsageError for one that cannot be read.
    """
    return parse(reference)


def variants(spec: ModelSpec) -> list[Model]:
    """An architecture with its defaults, and with the options of which figures or weights were published."""
    return [_with(spec, spec.flavors[0].name, options) for options in spec.variants]


def _with(spec: ModelSpec, flavor: str, options: Mapping[str, Any]) -> Model:
    """An architecture with options that need not be the defaults."""
    return Model(spec, flavor, spec.options(flavor) | dict(options))


def named(text: str) -> list[Model]:
    """What a name stands for among others to choose from: all variants of an architecture that is named alone; of one
    with a flavor or options just that. Raises UsageError.
    """
    found = parse(text)
    alone = found.reference == found.spec.name
    return variants(found.spec) if alone else [found]


def of_published(spec: ModelSpec, published: Published) -> Model:
    """The architecture as it was when its figures were published: with those options, in that flavor."""
    return _with(spec, published.flavor or spec.flavors[0].name, published.options)


def option_named(text: str) -> tuple[str, bool] | None:
    """The option of some architecture that a text names, and whether it is one of yes and no; None for other texts."""
    return catalogue.option_named(text)


def lineage(later: Model, earlier: Model) -> tuple[str, ...] | None:
    """By way of which architectures one takes up another's ideas, the latest first: none for a child of it.

    None where it does not, as far as the registry knows.
    """
    called = {earlier.spec.name, earlier.spec.architecture}
    if called & {*later.spec.descends_from}:
        return ()
    parents: dict[str, list[str]] = {}
    for spec in catalogue.models():
        for name in {spec.name, spec.architecture}:
            parents.setdefault(name, []).extend(spec.descends_from)
    ways: list[tuple[str, ...]] = [(name,) for name in later.spec.descends_from]
    seen = {*later.spec.descends_from, later.spec.name, later.spec.architecture}
    for way in ways:  # the shortest ways first: it grows while it is gone through
        further = dict.fromkeys(parents.get(way[-1], ()))
        if called & further.keys():
            return way
        ways += [(*way, name) for name in further if name not in seen]
        seen |= further.keys()
    return None


def of_graph(graph: Graph) -> Network:
    """The network of a graph that a program made."""
    return Network(graph.name, graph, name=graph.name, warnings=tuple(graph.warnings))
