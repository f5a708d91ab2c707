"""Files of protocol buffers as they lie on the disk: read through a window, without the values of large tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from cnncli.readers.protobuf import BYTES, FIXED32, FIXED64, VARINT, BadMessage, Message, varint
from cnncli.readers.source import MOST_STRUCTURE, Source

MOST_FIELDS = 300_000
"""Fields that are stepped over on the way to them; EfficientNet-B7's SavedModel by Keras 2 has 40,000."""


_WINDOW = 1 << 15


_LARGE = 1 << 16
"""A message of more bytes is looked through for tensors, whose values are left in the file."""


# Where tensors lie in a node: NodeDef.attr (5) > value (2) > AttrValue.tensor (8), or AttrValue.list (1) > tensor (8).
_TENSOR: dict[int, object] = {1: None, 2: None, 3: None}


_NODE: dict[int, object] = {5: {2: {8: _TENSOR, 1: {8: _TENSOR}}}}


class Part(NamedTuple):
    """A field of a message in the file: its number, and where its bytes are; of a number the value as `size`."""

    number: int
    kind: int
    place: int
    size: int


class Pieces:
    """A file of protocol buffers, read through a window. What is kept of it is bounded, whatever sizes it declares."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._start, self._data = 0, memoryview(b"")
        self._kept = self._fields = 0

    @property
    def size(self) -> int:
        return self._source.size

    def parts(self, place: int, end: int) -> Iterator[Part]:
        """The fields of the message from `place` to `end`, each where it lies. Raises BadMessage."""
        while place < end:
            if not self._start <= place <= self._start + len(self._data) - 32:
                self._read(place)
            data, start = self._data, self._start
            self._fields += 1
            if self._fields > MOST_FIELDS:
                raise BadMessage(f"it has more than {MOST_FIELDS:,} parts, which no network has")
            key, here = varint(data, place - start)
            number, kind = key >> 3, key & 7
            if kind == VARINT:
                size, here = varint(data, here)
                yield Part(number, kind, here + start, size)
                place = here + start
                continue
            if kind == BYTES:
                size, here = varint(data, here)
            elif kind in (FIXED32, FIXED64):
                size = 4 if kind == FIXED32 else 8
            else:
                raise BadMessage(f"field {number} has wire type {kind}, which no model file uses")
            place = here + start
            if not number or place + size > end:
                raise BadMessage(f"field {number} of {size:,} bytes does not fit at byte {place:,}")
            yield Part(number, kind, place, size)
            place += size

    def content(self, part: Part) -> memoryview:
        """A field's bytes. Raises Damaged where more is asked for than any structure takes."""
        self._kept += part.size
        if self._kept > MOST_STRUCTURE:
            self._source.fail(f"has a structure of more than {MOST_STRUCTURE:,} bytes, which no network has")
        return self._peek(part.place, part.size)

    def head(self, part: Part, count: int) -> memoryview:
        """The first bytes of a field, as many as it has of so many; they are not kept."""
        return self._peek(part.place, min(part.size, count))

    def first_text(self, part: Part) -> str:
        """A message's field 1, its name, which stands first."""
        for inner in self.parts(part.place, part.place + part.size):
            if inner.number == 1:
                return str(self.head(inner, 4096), "utf-8", "replace")
        return ""

    def message(self, part: Part) -> Message:
        return Message(self.content(part))

    def node(self, part: Part) -> bytes:
        """A node's bytes without the values of large tensors."""
        return bytes(self.content(part)) if part.size <= _LARGE else self._without(part, _NODE)

    def _without(self, part: Part, tensors: Mapping[int, object]) -> bytes:
        """A message's bytes without the large fields, but those that `tensors` leads to; of a tensor only its type."""
        found = bytearray()
        for each in self.parts(part.place, part.place + part.size):
            inner = tensors.get(each.number)
            if each.kind == VARINT:
                found += _varint(each.number << 3) + _varint(each.size)
                continue
            if each.size > _LARGE:
                content = self._without(each, inner) if isinstance(inner, dict) else b""
            elif isinstance(inner, dict) or tensors is not _TENSOR or each.number in _TENSOR:
                content = bytes(self.content(each))
            else:
                content = b""
            if content or each.size == 0:
                found += _tagged(each, content)
        return bytes(found)

    def _peek(self, place: int, count: int) -> memoryview:
        if not (self._start <= place and place + count <= self._start + len(self._data)):
            if count > _WINDOW // 2:
                return memoryview(self._source.read(place, count))
            self._read(place)
        return self._data[place - self._start : place - self._start + count]

    def _read(self, place: int) -> None:
        """Move the window. What was handed out of the old one stays as it is."""
        count = min(_WINDOW, self._source.size - place)
        self._start, self._data = place, memoryview(self._source.read(place, count))


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _tagged(part: Part, content: bytes) -> bytes:
    head = _varint(part.number << 3 | part.kind)
    return head + _varint(len(content)) + content if part.kind == BYTES else head + content
