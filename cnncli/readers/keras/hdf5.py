"""The structure of an HDF5 file: its groups, their attributes, and shape and type of its datasets; never their data.

Read is what h5py writes unless it is told otherwise (format specification 3.0: superblocks 0 to 3, object headers 1 and
2, groups as symbol tables or compact links). Soft and external links are not followed; nothing outside the file is
read. All that the file declares is bounded: each piece that is read costs one of MOST_PIECES.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from struct import Struct
from typing import Any, NamedTuple, NoReturn

from cnncli.readers.source import Source

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MOST_PIECES = 400_000
"""How many headers, messages, entries and strings are read of one file; EfficientNetB7 has about 30,000."""
MOST_PAGES = 64
"""Pages of a file that are kept."""
PAGE = 2**14

# Types of messages in object headers (specification IV.A.2).
DATASPACE, LINK_INFO, DATATYPE, LINK, ATTRIBUTE, CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = (
    0x01, 0x02, 0x03, 0x06, 0x0C, 0x10, 0x11, 0x15,
)  # fmt: skip
SHARED = 0x02  # a message's flag: its content stands elsewhere
INTEGER, FLOAT, STRING, OPAQUE, ENUMERATION, VARIABLE_LENGTH = 0, 1, 3, 5, 8, 9  # classes of datatypes

_MESSAGE_1, _MESSAGE_2 = Struct("<HHB"), Struct("<BHB")  # type, size and flags of a message, by the header's version


class Dataset(NamedTuple):
    """Shape and type of an array."""

    shape: tuple[int, ...]
    dtype: str


class Object:
    """A group or a dataset by its header."""

    def __init__(self, file: File, address: int) -> None:
        self._file, self.address = file, address

    @cached_property
    def _messages(self) -> list[tuple[int, int, bytes]]:
        return list(self._file.messages(self.address))

    def _of(self, kind: int) -> Iterator[tuple[int, bytes]]:
        return ((flags, content) for found, flags, content in self._messages if found == kind)

    @cached_property
    def dataset(self) -> Dataset | None:
        """What it is as a dataset; None for a group."""
        spaces, types = list(self._of(DATASPACE)), list(self._of(DATATYPE))
        if not spaces or not types:
            return None
        flags, content = types[0]
        dtype = "unknown" if flags & SHARED else datatype(content).name
        return Dataset(self._file.extents(spaces[0][1]), dtype)

    @cached_property
    def children(self) -> dict[str, Object]:
        """The members of a group by name; links that lead elsewhere are left out."""
        found: dict[str, Object] = {}
        for _, content in self._of(SYMBOL_TABLE):
            found |= {name: Object(self._file, address) for name, address in self._file.symbols(content)}
        for _, content in self._of(LINK):
            found |= {name: Object(self._file, address) for name, address in self._file.link(content)}
        for _, content in self._of(LINK_INFO):
            self._file.refuse_dense(content, 8, "links")
        return found

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """Texts, numbers as bytes, and lists of them by name."""
        for _, content in self._of(ATTRIBUTE_INFO):
            self._file.refuse_dense(content, 2, "attributes")
        found = {}
        for flags, content in self._of(ATTRIBUTE):
            if not flags & SHARED:
                name, value = self._file.attribute(content)
                found[name] = value
        return found

    def at(self, path: str) -> Object | None:
        """What a path of names leads to, if anything."""
        place: Object | None = self
        for name in filter(None, path.split("/")):
            place = place and place.children.get(name)
        return place


class Datatype(NamedTuple):
    kind: int
    size: int
    name: str
    text: bool


def datatype(content: bytes) -> Datatype:
    """A type by its message (IV.A.2.d): class and version, 24 bits of flags, size, and what the class says further."""
    kind, size = content[0] & 0x0F, int.from_bytes(content[4:8], "little")
    text = kind == STRING or (kind == VARIABLE_LENGTH and content[1] & 0x0F == 1)
    name = {
        INTEGER: f"{'' if content[1] & 0x08 else 'u'}int{8 * size}", FLOAT: _float(content, size), STRING: "string",
        OPAQUE: "bfloat16" if size == 2 else "opaque", ENUMERATION: "bool" if size == 1 else f"int{8 * size}",
        VARIABLE_LENGTH: "string" if text else "list",
    }.get(kind, "unknown")  # fmt: skip
    return Datatype(kind, size, name, text)


def _float(content: bytes, size: int) -> str:
    """Of two bytes it is bfloat16 where its exponent has eight bits (byte 13 of the message)."""
    return "bfloat16" if size == 2 and content[13:14] == b"\x08" else f"float{8 * size}"


class File:
    """An HDF5 file. Raises Damaged for what is none, UsageError for what is stored in a way that is not read."""

    def __init__(self, source: Source) -> None:
        start = 0 if source.read(0, 8) == SIGNATURE else 512
        if source.read(start, 8) != SIGNATURE:
            source.fail("is no HDF5 file")
        self.source = source.part(start, source.size - start, "HDF5") if start else source
        self._left = MOST_PIECES
        self._pages: dict[int, bytes] = {}
        self._heaps: dict[int, dict[int, tuple[int, int]]] = {}
        self.root = Object(self, self._superblock())

    def _superblock(self) -> int:
        """The address of the root group's header (III.A)."""
        version = self._read(8, 1)[0]
        if version in (0, 1):
            self._offset, self._length = self._read(13, 2)
            entry = 24 + 4 * version + 4 * self._offset  # behind four addresses: the root group's symbol table entry
            return self._number(entry + self._offset, self._offset)
        if version not in (2, 3):
            self.fail(f"has a superblock of version {version}; known are 0 to 3")
        self._offset, self._length = self._read(9, 2)
        return self._number(12 + 3 * self._offset, self._offset)

    def fail(self, why: str) -> NoReturn:
        self.source.fail(why)

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            self.fail(f"has more than {MOST_PIECES:,} pieces, or pieces that contain themselves")

    def _read(self, offset: int, count: int) -> bytes:
        """Bytes at a place; small ones from pages that are kept, for structure lies close together."""
        self._spend()
        number, within = divmod(offset, PAGE)
        if within + count > PAGE or offset < 0 or count < 0:
            return self.source.read(offset, count)
        page = self._pages.get(number)
        if page is None:
            if len(self._pages) >= MOST_PAGES:
                del self._pages[next(iter(self._pages))]
            start = number * PAGE
            page = self._pages[number] = self.source.read(start, max(min(PAGE, self.source.size - start), 0))
        if within + count > len(page):
            return self.source.read(offset, count)  # which says that the file ends before
        return page[within : within + count]

    def _number(self, offset: int, size: int) -> int:
        return int.from_bytes(self._read(offset, size), "little")

    def _address(self, content: bytes, place: int) -> int:
        return int.from_bytes(content[place : place + self._offset], "little")

    def _undefined(self, address: int) -> bool:
        """All bits set stand for nowhere."""
        return address == (1 << 8 * self._offset) - 1

    # Object headers (IV.A.1).

    def messages(self, address: int) -> Iterator[tuple[int, int, bytes]]:
        """Type, flags and content of the messages of a header, those of its continuation blocks too."""
        head = self._read(address, 16)
        if head[:4] == b"OHDR":
            yield from self._messages_2(address, head[5])
            return
        if head[0] != 1:
            self.fail(f"has no object header at {address:,}")
        count = int.from_bytes(head[2:4], "little")
        blocks = [(address + 16, int.from_bytes(head[8:12], "little"))]
        while blocks and count > 0:
            block = self._read(*blocks.pop(0))
            place = 0
            while place + 8 <= len(block) and count > 0:
                kind, length, flags = _MESSAGE_1.unpack_from(block, place)
                content = block[place + 8 : place + 8 + length]
                place, count = place + 8 + length, count - 1
                self._spend()
                if kind == CONTINUATION:
                    blocks.append(self._block(content))
                yield kind, flags, content

    def _messages_2(self, address: int, flags: int) -> Iterator[tuple[int, int, bytes]]:
        place = address + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        blocks = [(place + width, self._number(place, width))]
        order = 2 if flags & 0x04 else 0
        while blocks:
            block = self._read(*blocks.pop(0))
            place = 0
            while place + 4 + order <= len(block):
                kind, length, flag = _MESSAGE_2.unpack_from(block, place)
                content = block[place + 4 + order : place + 4 + order + length]
                place += 4 + order + length
                self._spend()
                if kind == CONTINUATION:
                    start, whole = self._block(content)
                    blocks.append((start + 4, whole - 8))  # between a signature and a checksum
                yield kind, flag, content

    def _block(self, content: bytes) -> tuple[int, int]:
        start = self._address(content, 0)
        return start, int.from_bytes(content[self._offset : self._offset + self._length], "little")

    # Groups.

    def symbols(self, content: bytes) -> Iterator[tuple[str, int]]:
        """Names and addresses of a group's members: a B-tree of nodes whose names are in a heap (III.A, B, D)."""
        heap = self._address(content, self._offset)
        head = self._read(heap, 8 + 2 * self._length + self._offset)
        if head[:4] != b"HEAP":
            self.fail(f"has no heap of names at {heap:,}")
        size = int.from_bytes(head[8 : 8 + self._length], "little")
        names = self._read(self._address(head, 8 + 2 * self._length), size)
        seen: set[int] = set()
        nodes = [self._address(content, 0)]
        while nodes:
            node = nodes.pop()
            if node in seen:
                self.fail(f"has a B-tree with a loop at {node:,}")
            seen.add(node)
            head = self._read(node, 8)
            count = int.from_bytes(head[6:8], "little")
            if head[:4] == b"SNOD":
                yield from self._leaf(node + 8, count, names)
            elif head[:5] == b"TREE\0":
                nodes += reversed(self._branches(node + 8 + 2 * self._offset, count))
            else:
                self.fail(f"has no B-tree of a group at {node:,}")

    def _branches(self, start: int, count: int) -> list[int]:
        step = self._length + self._offset
        entries = self._read(start, count * step)
        return [self._address(entries, place + self._length) for place in range(0, count * step, step)]

    def _leaf(self, start: int, count: int, names: bytes) -> Iterator[tuple[str, int]]:
        step = 2 * self._offset + 24
        entries = self._read(start, count * step)
        for place in range(0, count * step, step):
            self._spend()
            name = self._address(entries, place)
            if name >= len(names):
                self.fail("has a name outside of its heap")
            if entries[place + 2 * self._offset] != 2:  # a symbolic link
                text = names[name : names.find(b"\0", name)]
                yield text.decode(errors="replace"), self._address(entries, place + self._offset)

    def link(self, content: bytes) -> Iterator[tuple[str, int]]:
        """Name and address of a link message, if it is a hard link (IV.A.2.g)."""
        flags, place = content[1], 2
        kind = content[place] if flags & 0x08 else 0
        place += (1 if flags & 0x08 else 0) + (8 if flags & 0x04 else 0) + (1 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        length = int.from_bytes(content[place : place + width], "little")
        place += width
        if kind == 0:
            yield content[place : place + length].decode(errors="replace"), self._address(content, place + length)

    def refuse_dense(self, content: bytes, index: int, what: str) -> None:
        """Raise Damaged where links or attributes lie in a fractal heap, as HDF5's newest format has them."""
        place = 2 + (index if content[1] & 1 else 0)
        if not self._undefined(self._address(content, place)):
            self.fail(f"stores {what} densely (h5py's libver='latest'), which is not read; save it without libver")

    # Attributes.

    def attribute(self, content: bytes) -> tuple[str, Any]:
        """Name and value of an attribute message (IV.A.2.m); in version 1 each part is padded to 8 bytes."""
        version, sizes = content[0], content[2:8]
        lengths = [int.from_bytes(sizes[place : place + 2], "little") for place in (0, 2, 4)]
        place, parts = 9 if version == 3 else 8, []
        for length in lengths:
            parts.append(content[place : place + length])
            place += -(-length // 8) * 8 if version == 1 else length
        name = parts[0].split(b"\0")[0].decode(errors="replace")
        if (version > 1 and content[1] & 1) or not parts[1]:  # its type is elsewhere
            return name, None
        return name, self._value(datatype(parts[1]), parts[2], content[place:])

    def _value(self, kind: Datatype, space: bytes, data: bytes) -> Any:
        """A text, or a list of texts; other values as their bytes."""
        if not kind.text or not kind.size:
            return data
        shape = self.extents(space)
        count = len(data) // kind.size
        texts = [self._text(kind, data[place * kind.size : (place + 1) * kind.size]) for place in range(count)]
        return texts if shape else texts[0] if texts else ""

    def _text(self, kind: Datatype, data: bytes) -> str:
        self._spend()
        if kind.kind == STRING:
            return data.split(b"\0")[0].decode(errors="replace")
        return self._in_heap(self._address(data, 4), int.from_bytes(data[4 + self._offset :], "little")).decode(
            errors="replace"
        )

    def _in_heap(self, address: int, index: int) -> bytes:
        """An object of a global heap (III.E)."""
        if self._undefined(address) or not address:
            return b""
        if address not in self._heaps:
            self._heaps[address] = dict(self._heap_objects(address))
        place, size = self._heaps[address].get(index, (0, 0))
        return self._read(place, size).rstrip(b"\0") if size else b""

    def _heap_objects(self, address: int) -> Iterator[tuple[int, tuple[int, int]]]:
        if self._read(address, 4) != b"GCOL":
            self.fail(f"has no heap of texts at {address:,}")
        end = address + self._number(address + 8, self._length)
        place = address + 8 + self._length
        while place + 8 + self._length <= end:
            head = self._read(place, 8 + self._length)
            index, size = int.from_bytes(head[:2], "little"), int.from_bytes(head[8:], "little")
            if not index:  # the free space at the end
                return
            yield index, (place + 8 + self._length, size)
            place += 8 + self._length + -(-size // 8) * 8

    def extents(self, content: bytes) -> tuple[int, ...]:
        """The sizes of a dataspace message (IV.A.2.b); none for a scalar."""
        version, rank = content[0], content[1]
        place = 8 if version == 1 else 4
        sizes = content[place : place + rank * self._length]
        if len(sizes) < rank * self._length:
            self.fail("has an array without its sizes")
        return tuple(
            int.from_bytes(sizes[at : at + self._length], "little") for at in range(0, len(sizes), self._length)
        )
