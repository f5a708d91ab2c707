"""Flatbuffers: tables of fields by number, read where they lie (flatbuffers.dev, "Internals").

A table begins with the distance back to its vtable, which holds where each field lies; a field that is missing there
has its default. What lies between the tables, such as weights, is never read: pages of the file are, as tables need
them.
"""

from __future__ import annotations

from struct import Struct, unpack
from typing import Any

from cnncli.readers.source import Source

WHOLE = 2**20
"""Files of at most so many bytes are read at once."""
PAGE = 2**12
MOST_PAGES = 2**12
MOST_FIELDS = 64
"""Of a table: no schema of a model has half as many."""
MOST_TEXT = 2**12
MOST_ELEMENTS = 2**21
"""How many elements of vectors are read of one file: a model of ten thousand operations has a tenth of it."""

_FORMATS = {code: Struct("<" + code) for code in "bBhHiIqQf?"}
_U16, _I32, _U32 = _FORMATS["H"], _FORMATS["i"], _FORMATS["I"]


class Pages:
    """The bytes of a file, by pages, of which a bounded number is kept."""

    def __init__(self, source: Source) -> None:
        self.source, self.size = source, source.size
        self._page = self.size if self.size <= WHOLE else PAGE
        self._pages: dict[int, bytes] = {}
        self._vtables: dict[int, tuple[int, ...]] = {}
        self._left = min(self.size, MOST_ELEMENTS)

    def unpack(self, form: Struct, place: int) -> Any:
        """The one value of a format at a place. Raises Damaged outside of the file."""
        number, start = divmod(place, self._page)
        if start + form.size <= self._page:
            page = self._pages.get(number) or self._load(number)
            if 0 <= place <= self.size - form.size:
                return form.unpack_from(page, start)[0]
        return form.unpack(self.source.read(place, form.size))[0]

    def read(self, place: int, count: int) -> bytes:
        """Bytes that lie at a place."""
        number, start = divmod(place, self._page)
        if 0 <= place <= self.size - count and start + count <= self._page:
            page = self._pages.get(number) or self._load(number)
            return page[start : start + count]
        return self.source.read(place, count)

    def vtable(self, place: int) -> tuple[int, ...]:
        """Where each field lies in tables of a kind: one vtable is many tables'. Raises Damaged."""
        found = self._vtables.get(place)
        if found is None:
            count = min((self.unpack(_U16, place) - 4) // 2, MOST_FIELDS)
            found = unpack(f"<{count}H", self.read(place + 4, 2 * count)) if count > 0 else ()
            if len(self._vtables) < MOST_PAGES:
                self._vtables[place] = found
        return found

    def spend(self, elements: int) -> None:
        """Note that so many elements are read. Raises Damaged where these are more than the file can hold.

        Of a file as programs write it each vector has one owner; one that many tables share would make it endless.
        """
        self._left -= elements
        if self._left < 0:
            self.source.fail("is damaged: its tables hold more than the file does")

    def _load(self, number: int) -> bytes:
        start = number * self._page
        if not 0 <= start < self.size:
            self.source.fail(f"is damaged: it points to byte {start:,}, but has {self.size:,}")
        if len(self._pages) >= MOST_PAGES:
            self._pages.clear()
        found = self._pages[number] = self.source.read(start, min(self._page, self.size - start))
        return found


class Table:
    """A table; fields are asked for by their number in the schema, counted from 0."""

    __slots__ = ("_fields", "_pages", "place")

    def __init__(self, pages: Pages, place: int) -> None:
        self._pages, self.place = pages, place
        self._fields = pages.vtable(place - pages.unpack(_I32, place))

    def __contains__(self, field: int) -> bool:
        return bool(self._at(field))

    def number(self, field: int, form: str, default: Any = 0) -> Any:
        """A number of a format of `struct`, or a truth (`?`)."""
        place = self._at(field)
        return self._pages.unpack(_FORMATS[form], place) if place else default

    def table(self, field: int) -> Table | None:
        place = self._at(field)
        return Table(self._pages, self._follow(place)) if place else None

    def tables(self, field: int) -> list[Table]:
        start, count = self.vector(field)
        self._pages.spend(count)
        return [Table(self._pages, self._follow(start + 4 * each)) for each in range(count)]

    def numbers(self, field: int, form: str) -> tuple[Any, ...] | None:
        """A vector of numbers; None where it is missing."""
        if field not in self:
            return None
        start, count = self.vector(field, _FORMATS[form].size)
        self._pages.spend(count)
        return Struct(f"<{count}{form}").unpack(self._pages.read(start, count * _FORMATS[form].size))

    def text(self, field: int) -> str:
        """A string, or the beginning of one that is no name."""
        start, count = self.vector(field, 1)
        count = min(count, MOST_TEXT)
        self._pages.spend(count // 4)
        return self._pages.read(start, count).decode("utf-8", "replace")

    def vector(self, field: int, size: int = 4) -> tuple[int, int]:
        """Where a vector's first element of `size` bytes lies, and how many it has. Raises Damaged."""
        place = self._at(field)
        if not place:
            return 0, 0
        start = self._follow(place)
        count = self._pages.unpack(_U32, start)
        if start + 4 + count * size > self._pages.size:
            self._pages.source.fail(f"is damaged: {count:,} elements at byte {start:,} reach beyond its end")
        return start + 4, count

    def _at(self, field: int) -> int:
        """Where a field's value lies; 0 where the table lacks it."""
        offset = self._fields[field] if field < len(self._fields) else 0
        return self.place + offset if offset else 0

    def _follow(self, place: int) -> int:
        """What an offset points to."""
        offset: int = self._pages.unpack(_U32, place)
        return place + offset


def root(source: Source) -> Table:
    """A flatbuffer's first table."""
    pages = Pages(source)
    return Table(pages, pages.unpack(_U32, 0))
