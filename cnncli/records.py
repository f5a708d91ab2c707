"""Records: classes of named fields, as frozen dataclasses are, which take hardly any time to define.

What a dataclass generates and compiles for each class is written here once for all: Python takes ten times as long to
generate it, which was a tenth of the time of a short command. `dataclasses.fields`, `replace` and `asdict` take records
for the dataclasses that they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda decorator: decorator


__all__ = ["Distinct", "Record", "dataclass_transform", "record"]


class Record:
    """Base of all records; a class of them is made by `record`. Those of one class with equal fields are equal."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    _fields: ClassVar[dict[str, None]] = {}
    """The names of the fields in order."""
    _defaults: ClassVar[dict[str, Any]] = {}
    _made: ClassVar[dict[str, Callable[[], Any]]] = {}
    """What makes the default of a field anew for each record."""

    def __init__(self, *values: Any, **named: Any) -> None:
        """Take the fields' values as a dataclass does. Raises TypeError for others."""
        own, names = self.__dict__, self._fields
        own.update(self._defaults)
        for name, make in self._made.items():
            own[name] = make()
        own.update(zip(names, values))  # noqa: B905 (a shorter one leaves the defaults)
        own.update(named)
        twice = values and not named.keys().isdisjoint(tuple(names)[: len(values)])
        if twice or len(values) > len(names) or own.keys() != names.keys():
            raise TypeError(f"{type(self).__name__} takes {', '.join(names) or 'nothing'}, was given {values} {named}")
        self.__post_init__()

    def __post_init__(self) -> None:
        """Check the fields and bring them into one form."""

    def __setattr__(self, name: str, value: Any) -> None:
        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise FrozenInstanceError(f"cannot delete field {name!r}")

    def _values(self) -> list[Any]:
        own = self.__dict__
        return [own[name] for name in self._fields]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), *self._values()))

    def __repr__(self) -> str:
        told = zip(self._fields, self._values(), strict=True)
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in told)})"


class Distinct(Record):
    """Base of records of which each is equal to itself alone."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


_R = TypeVar("_R", bound=type[Record])


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(made: _R) -> _R:
    """A class of records whose annotated names are its fields, as those of a frozen dataclass."""
    dataclass(init=False, eq=False, repr=False)(made)
    made._fields = dict.fromkeys(each.name for each in fields(made))
    made._defaults = {each.name: each.default for each in fields(made) if each.default is not MISSING}
    made._made = {each.name: each.default_factory for each in fields(made) if each.default_factory is not MISSING}
    return made
