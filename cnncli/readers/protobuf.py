"""The wire format of protocol buffers: fields by number, without any schema (protobuf.dev, "Encoding")."""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from

from cnncli.errors import UsageError

VARINT, FIXED64, BYTES, GROUP, GROUP_END, FIXED32 = range(6)


class BadMessage(UsageError):
    """Bytes that are no message."""


def varint(data: memoryview, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, and the place behind it. Raises BadMessage."""
    value = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise BadMessage(f"a number at byte {place:,} does not end")
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def fields(data: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """Number, wire type and value of each field of a message; 32 and 64 bits as they are. Raises BadMessage."""
    place, end = 0, len(data)
    while place < end:
        key, place = varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, place = varint(data, place)
            yield number, kind, value
            continue
        if kind == BYTES:
            size, place = varint(data, place)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise BadMessage(f"field {number} has wire type {kind}, which no model file uses")
        if not number or place + size > end:
            raise BadMessage(f"field {number} of {size:,} bytes does not fit at byte {place:,}")
        yield number, kind, data[place : place + size]
        place += size


class Message:
    """A message's fields, by number: numbers, texts, messages, of each the last or all."""

    __slots__ = ("_fields", "data")

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self._fields: dict[int, list[int | memoryview]] = {}
        for number, _, value in fields(data):
            self._fields.setdefault(number, []).append(value)

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    def number(self, field: int, default: int = 0) -> int:
        """A whole number; negative ones are stored as 64 bits."""
        found = self._last(field)
        return default if not isinstance(found, int) else found - (1 << 64) if found >> 63 else found

    def real(self, field: int, default: float = 0.0) -> float:
        found = self._last(field)
        if not isinstance(found, memoryview) or len(found) not in (4, 8):
            return default
        value: float = unpack_from("<f" if len(found) == 4 else "<d", found)[0]
        return value

    def text(self, field: int) -> str:
        found = self._last(field)
        return bytes(found).decode("utf-8", "replace") if isinstance(found, memoryview) else ""

    def texts(self, field: int) -> list[str]:
        return [bytes(each).decode("utf-8", "replace") for each in self.all(field)]

    def bytes(self, field: int) -> memoryview:
        found = self._last(field)
        return found if isinstance(found, memoryview) else memoryview(b"")

    def message(self, field: int) -> Message:
        """Empty where it is missing."""
        return Message(self.bytes(field))

    def messages(self, field: int) -> list[Message]:
        return [Message(each) for each in self.all(field)]

    def all(self, field: int) -> list[memoryview]:
        return [each for each in self._fields.get(field, ()) if isinstance(each, memoryview)]

    def numbers(self, field: int) -> list[int]:
        """Whole numbers, each by itself or packed."""
        found: list[int] = []
        for each in self._fields.get(field, ()):
            if isinstance(each, int):
                found.append(each)
                continue
            place = 0
            while place < len(each):
                value, place = varint(each, place)
                found.append(value)
        return [each - (1 << 64) if each >> 63 else each for each in found]

    def reals(self, field: int) -> list[float]:
        """Numbers of 32 bits, each by itself or packed."""
        return [value for each in self.all(field) for value in unpack_from(f"<{len(each) // 4}f", each)]

    def _last(self, field: int) -> int | memoryview | None:
        return self._fields[field][-1] if field in self._fields else None
