"""The wire format of protocol buffers: fields by number, without any schema (protobuf.dev, "Encoding")."""

from __future__ import annotations

from collections.abc import Iterator
from struct import unpack_from
from typing import NamedTuple

from cnncli.errors import UsageError
from cnncli.readers.source import MOST_STRUCTURE, Source

VARINT, FIXED64, BYTES, GROUP, GROUP_END, FIXED32 = range(6)


class BadMessage(UsageError):
    """Bytes that are no message."""


def varint(data: memoryview | bytes, place: int) -> tuple[int, int]:
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
    while place < end:  # most numbers are of one byte, for which varint() need not be called
        key = data[place]
        key, place = (key, place + 1) if key < 0x80 else varint(data, place)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, place = varint(data, place)
            yield number, kind, value
            continue
        if kind == BYTES:
            size = data[place] if place < end else 0x80
            size, place = (size, place + 1) if size < 0x80 else varint(data, place)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise BadMessage(f"field {number} has wire type {kind}, which no model file uses")
        if not number or place + size > end:
            raise BadMessage(f"field {number} of {size:,} bytes does not fit at byte {place:,}")
        yield number, kind, data[place : place + size]
        place += size


class Piece(NamedTuple):
    """Bytes of a file that have not been read."""

    source: Source
    start: int
    size: int

    def content(self) -> memoryview:
        """Raises Damaged where they are more than may be held."""
        return memoryview(self.source.read(self.start, self.size))


SMALL = 4096
"""Bytes of a field up to which walked() reads it; larger are weights, or messages to be walked in turn."""
_AT_ONCE = 32768
MOST_FIELDS = 60_000
"""Of one message that is walked: more have no graph's nodes and weights together."""


def walked(piece: Piece) -> Iterator[tuple[int, int, int | memoryview | Piece]]:
    """As fields(), of a message that may be too large to be held: fields above SMALL are pieces, left where they are.

    Raises BadMessage, and Damaged for a message that holds more small fields than may be held.
    """
    source, end = piece.source, piece.start + piece.size
    block = _Block(piece)
    place, total = piece.start, 0
    for _ in range(MOST_FIELDS):
        if place >= end:
            return
        number, kind, value, at = _header(block.at(place, LONGEST_HEADER), 0)
        place += at
        if kind == VARINT:
            yield number, kind, value
            continue
        if not number or place + value > end:
            raise BadMessage(f"field {number} of {value:,} bytes does not fit at byte {place:,}")
        if value > SMALL:
            yield number, kind, Piece(source, place, value)
        else:
            total += value
            if total > MOST_STRUCTURE:
                source.fail(f"has a structure of more than {MOST_STRUCTURE:,} bytes")
            yield number, kind, block.at(place, value)[:value]
        place += value
    source.fail(f"has more than {MOST_FIELDS:,} fields in one message at byte {piece.start:,}")


LONGEST_HEADER = 20
"""Bytes of a field's number and size at most."""


class _Block:
    """The part of a message that is held: small at first, for of a tensor only the beginning is looked at."""

    def __init__(self, piece: Piece) -> None:
        self._piece, self._begin, self._held, self._size = piece, piece.start, memoryview(b""), 512

    def at(self, place: int, count: int) -> memoryview:
        """The bytes from a place on, at least so many where the message has them."""
        piece, end = self._piece, self._piece.start + self._piece.size
        if min(place + count, end) > self._begin + len(self._held) or place < self._begin:
            wanted = min(max(self._size, count), end - place)
            self._begin, self._held = place, memoryview(piece.source.read(place, wanted))
            self._size = min(4 * self._size, _AT_ONCE)
        return self._held[place - self._begin :]


MOST_NUMBERS = 65536
"""Bytes of numbers in one field that are looked at: shapes and settings are shorter, weights are not asked for."""


def held(piece: memoryview | Piece, field: int) -> memoryview:
    """The bytes of a field of numbers. Raises BadMessage where they are too many."""
    if isinstance(piece, memoryview):
        return piece
    if piece.size > MOST_NUMBERS:
        raise BadMessage(f"field {field} at byte {piece.start:,} has {piece.size:,} bytes of numbers")
    return piece.content()


def _header(block: memoryview, at: int) -> tuple[int, int, int, int]:
    """A field's number and wire type, its value or how many bytes it has, and the place behind."""
    key, at = varint(block, at)
    number, kind = key >> 3, key & 7
    if kind in (VARINT, BYTES):
        value, at = varint(block, at)
        return number, kind, value, at
    if kind not in (FIXED32, FIXED64):
        raise BadMessage(f"field {number} has wire type {kind}, which no model file uses")
    return number, kind, 4 if kind == FIXED32 else 8, at


class Message:
    """A message's fields, by number: numbers, texts, messages, of each the last or all."""

    __slots__ = ("_fields", "data")

    def __init__(self, data: memoryview | Piece) -> None:
        """Of a piece of a file only what is small is read, as walked() says."""
        self.data = data if isinstance(data, memoryview) else memoryview(b"")
        found: dict[int, list[int | memoryview | Piece]] = {}
        for number, _, value in fields(data) if isinstance(data, memoryview) else walked(data):
            if number in found:
                found[number].append(value)
            else:
                found[number] = [value]
        self._fields = found

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

    def long_text(self, field: int, most: int) -> str:
        """As text(), of a field that may have been left in the file; nothing where it has more bytes than `most`."""
        found = self._last(field)
        if isinstance(found, Piece):
            found = found.content() if found.size <= most else None
        return bytes(found).decode("utf-8", "replace") if isinstance(found, memoryview) else ""

    def texts(self, field: int) -> list[str]:
        return [bytes(each).decode("utf-8", "replace") for each in self.all(field)]

    def bytes(self, field: int) -> memoryview:
        found = self._last(field)
        return found if isinstance(found, memoryview) else memoryview(b"")

    def message(self, field: int) -> Message:
        """Empty where it is missing."""
        found = self._last(field)
        return Message(memoryview(b"") if not found or isinstance(found, int) else found)

    def messages(self, field: int) -> list[Message]:
        return list(self.each(field))

    def each(self, field: int) -> Iterator[Message]:
        """As messages(), one by one, for who may have enough before the last."""
        return (Message(each) for each in self._fields.get(field, ()) if not isinstance(each, int))

    def piece(self, field: int) -> memoryview | Piece | None:
        """Bytes that may not have been read; None where they are missing."""
        found = self._last(field)
        return None if isinstance(found, int) else found

    def all(self, field: int) -> list[memoryview]:
        return [each for each in self._fields.get(field, ()) if isinstance(each, memoryview)]

    def numbers(self, field: int) -> list[int]:
        """Whole numbers, each by itself or packed."""
        found: list[int] = []
        for each in self._fields.get(field, ()):
            if isinstance(each, int):
                found.append(each)
                continue
            packed, place = bytes(held(each, field)), 0
            if packed.isascii():  # each of one byte
                found += packed
                continue
            while place < len(packed):
                value, place = varint(packed, place)
                found.append(value)
        return [each - (1 << 64) if each >> 63 else each for each in found]

    def reals(self, field: int) -> list[float]:
        """Numbers of 32 bits, each by itself or packed."""
        parts = [held(each, field) for each in self._fields.get(field, ()) if not isinstance(each, int)]
        return [value for each in parts for value in unpack_from(f"<{len(each) // 4}f", each)]

    def _last(self, field: int) -> int | memoryview | Piece | None:
        return self._fields[field][-1] if field in self._fields else None
