"""The models that a command line names: their options, declared once, and what they resolve to."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnncli.cli import complete, standard_input
from cnncli.cli.options import OF_FILES, OF_MODELS, Command, adding, option
from cnncli.errors import UsageError
from cnncli.records import Record, record

if TYPE_CHECKING:
    from cnncli.network import Network, Source


Settled = Callable[[str], Mapping[str, Any]]
"""Options of a file by its reference."""


@record
class Choice(Record):
    """The flavor and the options, by name and as text, that hold for every model named.

    `shapes` are inputs as [NAME=]SHAPE, which both architectures and files may have; `file_options` and `call_options`
    are those that only files and only callables have.
    """

    flavor: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    shapes: Sequence[str] = ()
    file_options: Mapping[str, Any] = field(default_factory=dict)
    call_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def made(self) -> bool:
        """Whether any option was given."""
        return bool(self.flavor or self.options or self.shapes or self.file_options or self.call_options)

    def architecture(self, reference: str, doing: str) -> Network:
        """The network of one reference to an architecture. Raises UsageError for other references."""
        from cnncli.network import Source, source_of

        if source_of(reference) is not Source.REGISTRY:
            raise _only(f"{doing} takes the architectures that `cnncli list` shows", reference)
        return self.network(reference)

    def built(self, reference: str) -> Network:
        """The network of one reference to what `build` builds: an architecture, or a file as it is to be run.

        What a file's reader warns of is not said yet. Raises UsageError for other references.
        """
        from cnncli.cloning.cloning import takes

        found = self._as_run(reference)
        if found is None or not (found.model or takes(found)):
            taken = "build takes the architectures that `cnncli list` shows, and .onnx, .tflite, .keras and .h5 files"
            raise _only(taken, reference)
        return found

    def exported(self, reference: str) -> Network:
        """The network of one reference to what `export` writes: an architecture, or a Keras file.

        Raises UsageError for other references.
        """
        from cnncli.cloning.cloning import takes
        from cnncli.cloning.own import exportable, is_keras

        found = self._as_run(reference)
        if found is None or not (found.model or takes(found)):
            taken = "export takes the architectures that `cnncli list` shows, and .keras and .h5 files"
            raise _only(taken, reference)
        if found.model:
            return found
        if not is_keras(found):
            raise UsageError(
                f"{reference}: of files, export takes those of Keras; `cnncli build {reference} -o model.keras` "
                "makes it one"
            )
        return exportable(found)

    def _as_run(self, reference: str) -> Network | None:
        """An architecture, or a file read as it is to be run, whose warnings are not said; None for a callable."""
        from cnncli.network import Source, source_of

        source = source_of(reference)
        if source is Source.REGISTRY:
            return self.network(reference)
        if source is not Source.FILE:
            return None
        asked = replace(self, file_options={**self.file_options, "exact": True})
        return asked.network(reference, warned=False)

    def network(self, reference: str, *, warned: bool = True) -> Network:
        """The network of one reference; as `networks`, but for `-`."""
        found = self._built([reference], warned=warned)
        if len(found) != 1:
            raise UsageError(f"{reference} stands for {len(found)} files; name one")
        return found[0]

    def networks(self, references: Sequence[str], settled: Settled = lambda _: {}) -> list[Network]:
        """Read references; `-` stands for those on the standard input, one a line (blank lines, # comments aside).

        `settled` gives what is said of a file elsewhere, where the command line does not say it.
        Raises UsageError.
        """
        return self._built(brought(references), settled)

    def _built(
        self, references: Sequence[str], settled: Settled = lambda _: {}, *, warned: bool = True
    ) -> list[Network]:
        """The networks, with their warnings said once all are built. The registry is loaded for it only now."""
        from cnncli.cli.arguments import warn
        from cnncli.network import expanded, network, source_of

        sources = {each: source_of(each) for reference in references for each in expanded(reference)}
        self._check(sources)
        with _telling(sources.values()) as tell:
            found = [
                network(
                    each,
                    {**(settled(each) if sources[each].value == "file" else {}), **self._of(sources[each], tell)},
                    self.flavor,
                )
                for reference in references for each in expanded(reference)
            ]  # fmt: skip
        for each in found if warned else ():
            whose = f"{each.reference}: " if len(found) > 1 and each.model is None else ""
            warn([whose + message for message in each.warnings])
        return found

    def _of(self, source: Source, tell: Callable[[str], None]) -> Mapping[str, Any]:
        """The options that a network of this origin takes."""
        if source.value == "callable":
            return {**self.call_options, "tell": tell}
        if source.value == "file":
            return {**({"input_shape": self.shapes} if self.shapes else {}), **self.file_options}
        return {**self.options, **({"input_shape": self.shapes[0]} if self.shapes else {})}

    def _check(self, sources: Mapping[str, Source]) -> None:
        """Raise UsageError for an option that some model named cannot have, or that is for none of them."""
        others = [name for name, source in sources.items() if source.value != "registry"]
        given = [f"--{name.replace('_', '-')}" for name in (["flavor"] if self.flavor else []) + list(self.options)]
        if others and given:
            raise UsageError(
                f"{given[0]}: {others[0]} is no architecture and has no such option; options of an architecture may "
                "stand in its reference, as mobilenet_v2:alpha=0.5"
            )
        _check_used(self.file_options, "model files", sources, "file")
        _check_used(self.call_options, "module:callable", sources, "callable")
        named = [shape for shape in self.shapes if "=" in shape]
        for name, source in sources.items() if self.shapes else ():
            if source.value == "callable":
                raise UsageError(f"--input-shape: {name} gives a network with its input; --call-with passes it a value")
            if source.value == "registry" and named:
                raise UsageError(f"--input-shape {named[0]}: {name} has one input; give its size alone")


def brought(references: Sequence[str]) -> list[str]:
    """References, with those on the standard input in the place of `-`. Raises UsageError."""
    return [
        each for reference in references for each in (standard_input.references() if reference == "-" else [reference])
    ]


def _only(taken: str, reference: str) -> UsageError:
    """What a command says that takes only some kinds of models."""
    return UsageError(
        f"{taken}, and {reference} is none; summary, list, compare, check, plot, explain, identify and memory read "
        "models of other origin"
    )


def _check_used(options: Mapping[str, Any], of: str, sources: Mapping[str, Source], source: str) -> None:
    if options and source not in [each.value for each in sources.values()]:
        name = next(iter(options)).replace("_", "-")
        raise UsageError(f"--{name} is for {of}, and {next(iter(sources), 'nothing')} is none")


@contextmanager
def _telling(sources: Iterable[Source]) -> Iterator[Callable[[str], None]]:
    """What shows a person what a callable is busy with; where there is none, nothing is loaded for it."""
    if all(source.value != "callable" for source in sources):
        yield lambda _: None
        return
    from cnncli.render.progress import progress

    with progress() as tell:
        yield tell


def _shown(*names: str, help: str, metavar: str | None = None, values: Any = None, panel: str = OF_MODELS) -> Any:
    return typer.Option(
        *names, help=help, metavar=metavar, autocompletion=values, rich_help_panel=panel, show_default=False
    )


def _valued(name: str, help: str, metavar: str) -> Any:
    return Annotated[str | None, _shown(help=help, metavar=metavar, values=complete.option_values(name))]


def _of_files(help: str, metavar: str) -> Any:
    return Annotated[str | None, _shown(help=help, metavar=metavar, panel=OF_FILES)]


Flavor = Annotated[
    str | None,
    _shown(
        help="Whose definition, where there are several, as `cnncli list FAMILY` tells: keras is "
        "keras.applications', paper the paper's, article that of a much-read article's code.",
        metavar="NAME",
        values=complete.flavor,
    ),
]
InputShape = Annotated[
    list[str] | None,
    _shown(
        help="Input: 192, 160x224 or 28x28x1 (height, width, channels); of a file that leaves sizes open those, as "
        "NAME=SHAPE where it has several inputs.",
        metavar="SHAPE",
        values=complete.option_values("input_shape"),
    ),
]


OPTIONS = {
    "flavor": Flavor,
    "alpha": _valued("alpha", "Width multiplier, as of the MobileNets.", "NUMBER"),
    "input_shape": InputShape,
    "classes": _valued("classes", "How many classes are told apart.", "NUMBER"),
    "include_top": Annotated[
        bool | None, _shown("--include-top/--no-include-top", help="With or without the classifier.")
    ],
    "set": Annotated[
        list[str] | None,
        _shown("--set", help="Any further option of the model.", metavar="KEY=VALUE", values=complete.setting),
    ],
}
FILE_OPTIONS = {
    "batch": _of_files("Examples in a batch, where the file leaves that open.", "N"),
    "signature": _of_files("Which of the file's functions; else serving_default, or the first.", "NAME"),
    "subgraph": _of_files("Which of the file's graphs, by number or name; else the first.", "N|NAME"),
    "raw": Annotated[
        bool,
        _shown(
            "--raw",
            help="Every operation as it is in the file, those too that a runtime folds or inserts.",
            panel=OF_FILES,
        ),
    ],
}
CALL_OPTIONS = {
    "call_with": Annotated[
        list[str] | None,
        _shown(
            "--call-with",
            help="An argument for the function of module:callable.",
            metavar="KEY=VALUE",
            panel=OF_FILES,
        ),
    ],
    "traceback": Annotated[
        bool, _shown("--traceback", help="Show the whole of an error within that function.", panel=OF_FILES)
    ],
}


def _choice(
    flavor: str | None = None,
    include_top: bool | None = None,
    set: Sequence[str] | None = None,
    input_shape: Sequence[str] | None = None,
    call_with: Sequence[str] | None = None,
    traceback: bool = False,
    **named: str | bool | None,
) -> Choice:
    """Raises UsageError where KEY=VALUE has no `=`, or says otherwise than an option of that name."""
    files = {name: named.pop(name) for name in FILE_OPTIONS if name in named}
    given = {name: str(text) for name, text in named.items() if text is not None}
    if include_top is not None:
        given["include_top"] = str(include_top).lower()
    shapes = _shapes(input_shape or ())
    for spelt, text in (_setting("--set", written) for written in set or ()):
        key = spelt.lower().replace("-", "_")
        before = given.get(key, text) if key != "input_shape" else next(iter(shapes), text)
        if before != text:
            raise UsageError(f"--set {key}={text}: {key} is given twice: {before} and {text}")
        if key == "input_shape":
            shapes = [text]
        else:
            given[key] = text
    called: dict[str, Any] = {"call_with": _arguments(call_with)} if call_with else {}
    called |= {"traceback": True} if traceback else {}
    return Choice(flavor, given, shapes, {name: value for name, value in files.items() if value}, called)


def _shapes(given: Sequence[str]) -> list[str]:
    """The inputs' shapes, each once. Raises UsageError for two of the same input."""
    found: dict[str, str] = {}
    for text in given:
        name = text.rpartition("=")[0]
        if found.get(name, text) != text:
            raise UsageError(f"--input-shape is given twice: {found[name]} and {text}")
        found[name] = text
    return list(found.values())


def _arguments(given: Sequence[str]) -> dict[str, str]:
    """The arguments of a callable by name. Raises UsageError for two of the same name."""
    found: dict[str, str] = {}
    for key, text in (_setting("--call-with", written) for written in given):
        if found.get(key, text) != text:
            raise UsageError(f"--call-with {key}={text}: {key} is given twice: {found[key]} and {text}")
        found[key] = text
    return found


def _setting(option: str, written: str) -> tuple[str, str]:
    key, equals, text = written.partition("=")
    if not equals:
        raise UsageError(f"{option} {written}: expected KEY=VALUE")
    return key.strip(), text


def _offering(*names: str) -> Callable[[Callable[..., None]], Command]:
    """Gives a command the options of these names, for its parameter `choice`."""
    every = {**OPTIONS, **FILE_OPTIONS, **CALL_OPTIONS}
    flags = {"raw", "traceback"}

    def options() -> list[inspect.Parameter]:
        return [option(name, every[name], False if name in flags else None) for name in names]

    return adding("choice", options, _choice)


architecture_options = _offering(*OPTIONS)
"""Gives a command the options of architectures; it takes what they say as `choice`."""
model_options = _offering(*OPTIONS, *FILE_OPTIONS, *CALL_OPTIONS)
"""Gives a command those of architectures, model files and callables."""
gate_options = _offering(*OPTIONS, *(name for name in FILE_OPTIONS if name != "raw"), *CALL_OPTIONS)
"""The same without --raw: what is held to a budget is a network, not how a file spells it."""
deployed_options = _offering(*OPTIONS, "signature", "subgraph", *CALL_OPTIONS)
"""Those of a command that says itself how many examples are in a batch, whatever the network comes from."""
list_options = _offering("input_shape", *(name for name in FILE_OPTIONS if name != "raw"), *CALL_OPTIONS)
"""Those that a list of models of every kind may have."""
build_options = _offering(*OPTIONS, *(name for name in FILE_OPTIONS if name != "raw"))
"""Those of architectures and of files, which are read as they are run."""
measure_options = _offering(*OPTIONS, "batch")
"""Those of what the deployed runtime runs: architectures, and files whose open sizes can be settled."""
