"""The models that a command line names: their options, declared once, and what they resolve to."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cnncli.cli import complete, standard_input
from cnncli.cli.options import adding, option
from cnncli.errors import UsageError

if TYPE_CHECKING:
    from cnncli.network import Network


@dataclass(frozen=True)
class Choice:
    """The flavor and the options, by name and as text, that hold for every model named."""

    flavor: str | None
    options: Mapping[str, str]

    @property
    def made(self) -> bool:
        """Whether any option was given."""
        return bool(self.flavor or self.options)

    def network(self, reference: str) -> Network:
        """The network of one reference; as `networks`, but for `-`."""
        return self._built([reference])[0]

    def networks(self, references: Sequence[str]) -> list[Network]:
        """Read references; `-` stands for those on the standard input, one a line (blank lines, # comments aside).

        Raises UsageError.
        """
        given: list[str] = []
        for reference in references:
            given.extend(standard_input.references() if reference == "-" else [reference])
        return self._built(given)

    def _built(self, references: Sequence[str]) -> list[Network]:
        """The networks, with their warnings said once all are built. The registry is loaded for it only now."""
        from cnncli.cli.arguments import warn
        from cnncli.network import network

        found = [network(reference, self.options, self.flavor) for reference in references]
        for each in found:
            warn(each.warnings)
        return found


def _shown(*names: str, help: str, metavar: str | None = None, values: Any = None) -> Any:
    panel = "Model options (for all models named)"
    return typer.Option(
        *names, help=help, metavar=metavar, autocompletion=values, rich_help_panel=panel, show_default=False
    )


def _valued(name: str, help: str, metavar: str) -> Any:
    return Annotated[str | None, _shown(help=help, metavar=metavar, values=complete.option_values(name))]


Flavor = Annotated[
    str | None,
    _shown(
        help="Whose definition: `keras` is keras.applications', `article` the article's that this tool began with.",
        metavar="keras|article",
        values=complete.flavor,
    ),
]


OPTIONS = {
    "flavor": Flavor,
    "alpha": _valued("alpha", "Width multiplier of the MobileNets.", "NUMBER"),
    "input_shape": _valued("input_shape", "Input: 192, 160x224 or 28x28x1 (height, width, channels).", "SHAPE"),
    "classes": _valued("classes", "How many classes are told apart.", "NUMBER"),
    "include_top": Annotated[
        bool | None, _shown("--include-top/--no-include-top", help="With or without the classifier.")
    ],
    "set": Annotated[
        list[str] | None,
        _shown("--set", help="Any further option of the model.", metavar="KEY=VALUE", values=complete.setting),
    ],
}


def _choice(flavor: str | None, include_top: bool | None, set: Sequence[str] | None, **named: str | None) -> Choice:
    """Raises UsageError where --set has no `=`, or says otherwise than an option of that name."""
    given = {name: text for name, text in named.items() if text is not None}
    if include_top is not None:
        given["include_top"] = str(include_top).lower()
    for key, text in map(_setting, set or ()):
        if given.get(key, text) != text:
            raise UsageError(f"--set {key}={text}: {key} is given twice: {given[key]} and {text}")
        given[key] = text
    return Choice(flavor, given)


def _setting(written: str) -> tuple[str, str]:
    key, equals, text = written.partition("=")
    if not equals:
        raise UsageError(f"--set {written}: expected KEY=VALUE")
    return key.strip().lower().replace("-", "_"), text


def _options() -> list[inspect.Parameter]:
    return [option(name, annotation, None) for name, annotation in OPTIONS.items()]


model_options = adding("choice", _options, _choice)
"""Gives a command the six model options; it takes what they say as `choice`."""
