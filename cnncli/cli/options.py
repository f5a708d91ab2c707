"""How a command gets options that others have too: they are declared once, and reach it as one object."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

Command = Callable[..., None]


def option(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    """An option as Typer reads it from a signature."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def adding(
    name: str, options: Sequence[inspect.Parameter], gather: Callable[..., Any]
) -> Callable[[Callable[..., None]], Command]:
    """A decorator that puts options in the place of a command's parameter `name`: what `gather` makes of them."""

    def decorate(command: Callable[..., None]) -> Command:
        def called(**values: Any) -> None:
            gathered = gather(**{option.name: values.pop(option.name) for option in options})
            command(**values, **{name: gathered})

        signature = inspect.signature(command, eval_str=True)
        shown = [each for own in signature.parameters.values() for each in (options if own.name == name else [own])]
        called.__name__, called.__doc__, called.__module__ = command.__name__, command.__doc__, command.__module__
        called.__annotations__ = {}  # Typer reads the signature
        called.__signature__ = signature.replace(parameters=shown)  # type: ignore[attr-defined]
        return called

    return decorate
