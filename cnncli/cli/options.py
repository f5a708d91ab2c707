"""How a command gets options that others have too: they are declared once, and reach it as one object."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

Parameters = Sequence[inspect.Parameter]
OF_MODELS, OF_FILES = "Architectures", "Files and functions"
"""The panels of options that most commands have."""


def option(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """An option as Typer reads it from a signature."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


class Command:
    """A command that takes some of its options gathered into one object.

    Its signature is made when Typer asks for it: where commands are only listed, nothing that the options are read from
    is loaded.
    """

    def __init__(
        self,
        command: Callable[..., None],
        name: str,
        options: Callable[[], Parameters],
        gather: Callable[..., Any],
    ) -> None:
        self._command, self._name, self._options, self._gather = command, name, options, gather
        self.__name__, self.__doc__, self.__module__ = command.__name__, command.__doc__, command.__module__
        self.__annotations__: dict[str, Any] = {}  # Typer reads the signature

    @property
    def __signature__(self) -> inspect.Signature:
        own = inspect.signature(self._command, eval_str=True).parameters.values()
        shown = [each for one in own for each in (self._options() if one.name == self._name else [one])]
        return inspect.Signature([each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in shown])

    def __call__(self, **values: Any) -> None:
        gathered = self._gather(**{option.name: values.pop(option.name) for option in self._options()})
        self._command(**values, **{self._name: gathered})


def adding(
    name: str, options: Callable[[], Parameters], gather: Callable[..., Any]
) -> Callable[[Callable[..., None]], Command]:
    """A decorator that puts options in the place of a command's parameter `name`: what `gather` makes of them."""
    return lambda command: Command(command, name, options, gather)
