"""What a renderer's file lacks or has too much of: a title, a date that does not change, a PNG's resolution.

They are written into the finished bytes; a file that is built otherwise than expected stays as it is.
"""

from __future__ import annotations

import os
import re
import zlib
from datetime import datetime, timezone

from cnncli.errors import UsageError
from cnncli.words import visible

VARIABLE = "SOURCE_DATE_EPOCH"
"""Seconds since 1970 that builds use instead of the clock (https://reproducible-builds.org/specs/source-date-epoch)."""
FIXED = 1_577_836_800
"""The date of files where nobody asks for one: 2020-01-01."""
LATEST = 253_402_300_799
"""The last second of the year 9999, the last that a PDF can tell."""

METRE = 39.3701
"""In inches: PNGs have their pixels by the metre."""


def source_date() -> int:
    """The date to write, in seconds since 1970. Raises UsageError where the variable holds none."""
    text = os.environ.get(VARIABLE, "")
    if not text:
        return FIXED
    if text.isascii() and text.isdecimal() and len(text) <= len(str(LATEST)) and int(text) <= LATEST:
        return int(text)
    raise UsageError(f"{VARIABLE}={text[:40]!r}: expected seconds since 1970")


def stamped_pdf(data: bytes, title: str, moment: int) -> bytes:
    """With a title and this date: in place of the renderer's, and in an update at the file's end (ISO 32000-1, 7.5.6).

    The update brings a new document information, and a table of objects in the kind that the file already has.
    """
    date = b"(D:%sZ)" % datetime.fromtimestamp(moment, timezone.utc).strftime("%Y%m%d%H%M%S").encode()
    data = re.sub(
        rb"(?<=/CreationDate )\(D:\d{14}[^)]*\)", lambda found: date.ljust(len(found[0]))[: len(found[0])], data
    )
    end = re.search(rb"startxref\s+(\d+)\s+%%EOF\s*$", data)
    if not end:
        return data
    before = int(end[1])
    classic = data.startswith(b"xref", before)
    facts = data[data.rindex(b"trailer") :] if classic else data[before:].partition(b"stream")[0]
    root, size = re.search(rb"/Root (\d+ \d+ R)", facts), re.search(rb"/Size (\d+)", facts)
    if not root or not size:
        return data
    number, start = int(size[1]), len(data)
    information = b"<< /Title <%s> /Creator (cnncli) /Producer (Graphviz) /CreationDate %s >>" % (_text(title), date)
    added = b"%d 0 obj\n%s\nendobj\n" % (number, information)
    trailer = b"/Root %s /Info %d 0 R /Prev %d" % (root[1], number, before)
    table = start + len(added)
    objects = _table(number, start, trailer) if classic else _stream(number, start, table, trailer)
    return b"%s%s%sstartxref\n%d\n%%%%EOF\n" % (data, added, objects, table)


def stamped_eps(data: bytes, title: str, moment: int) -> bytes:
    """With a title and this date in place of the renderer's (Adobe's Document Structuring Conventions 3.0, 5.2)."""
    date = datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = "".join(character if character.isascii() else "?" for character in visible(title))[:200]
    comments = f"%%Title: {told}\n%%CreationDate: {date}\n".encode()
    return re.sub(rb"(?m)^%%CreationDate: .*\n", lambda _: comments, data, count=1)


def _table(number: int, start: int, trailer: bytes) -> bytes:
    """Where the one new object begins."""
    return b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size %d %s >>\n" % (number, start, number + 1, trailer)


def _stream(number: int, start: int, table: int, trailer: bytes) -> bytes:
    """The same as an object of its own, which holds its own place too: kind, offset and generation of each."""
    places = b"".join(b"\x01" + offset.to_bytes(8, "big") + b"\0\0" for offset in (start, table))
    kind = b"/Type /XRef /W [1 8 2] /Index [%d 2] /Length %d" % (number, len(places))
    facts = b"<< %s /Size %d %s >>" % (kind, number + 2, trailer)
    return b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (number + 1, facts, places)


def _text(title: str) -> bytes:
    """A PDF's string in hexadecimal: any script, and nothing that ends it."""
    return b"FEFF" + visible(title).encode("utf-16-be").hex().upper().encode()


def stamped_png(data: bytes, dpi: int) -> bytes:
    """With its resolution, behind the header, in place of any that the renderer wrote."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    pixels = round(dpi * METRE).to_bytes(4, "big")
    chunks = [data[:8]]
    place = 8
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        kind = data[place + 4 : place + 8]
        if kind == b"IDAT":  # what follows is the picture
            return b"".join([*chunks, data[place:]])
        if kind != b"pHYs":
            chunks.append(data[place:end])
        if kind == b"IHDR":
            chunks.append(_chunk(b"pHYs", pixels + pixels + b"\x01"))
        place = end
    return data


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content).to_bytes(4, "big")
    return len(content).to_bytes(4, "big") + kind + content + check
