"""What a person typed, as the value of a parameter, where that takes no library to tell.

Typer has pydantic make each value, and to load that takes longer than most answers. A word, a whole choice, the name of
a file: these are what they are. All else, and every mistake, is left to Typer.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from typer.models import ParameterInfo

TRIED = ("0.29.",)
"""The versions of Typer that keep what makes a parameter's values where this puts it; it is no part of their API."""


def take_plain_values(params: Iterable[Any]) -> None:
    """Have parameters ask Typer only about what is not plain; all of it in a Typer that was not tried with this."""
    if not typer.__version__.startswith(TRIED):
        return
    for param in params:
        if getattr(param, "_runtime_param", ...) is None:
            param._runtime_param = _Plain()


class _Plain:
    """Stands where Typer keeps what makes a parameter's values."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        about = param.type_descriptor
        try:
            return _plain(value, about.annotation, about.parameter_info)
        except ValueError:
            param._runtime_param = None  # which Typer makes then
            return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


def _plain(value: Any, kind: Any, told: ParameterInfo) -> Any:
    """Raises ValueError for what is not plain."""
    if told.parser is not None or told.exists or told.resolve_path or told.writable or told.path_type:
        raise ValueError
    if get_origin(kind) is list and isinstance(value, (list, tuple)):
        return [_plain(each, get_args(kind)[0], told) for each in value]
    if isinstance(value, str):
        if kind is str or (get_origin(kind) is Literal and value in get_args(kind)):
            return value
        if kind is Path and (os.access(value, os.R_OK) or not os.path.lexists(value)):
            return Path(value)
    raise ValueError
