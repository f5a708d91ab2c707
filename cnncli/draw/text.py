"""How wide a text is in DejaVu Sans, the font of the pictures, without loading it."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate, takewhile

FAMILY = "DejaVu Sans,Verdana,sans-serif"
"""Verdana, for a browser that lacks the first, is drawn on the same widths."""

SCALE = 4
"""Graphviz sets letters on a grid of 1/96 inch. Diagrams are written so many times larger and brought back to their
size as a whole: the grid is that much finer, and letters are spaced as the font's designer meant.
"""

LINE_HEIGHT = 1.17
"""Of the font size: its ascent and descent."""
ASCENT = 0.93
"""Of the font size: from a line's upper edge to its baseline."""
CAPITALS = 0.73
"""Of the font size: how high they are."""

_EM = 2048
_REGULAR = {
    563: "'", 569: "ijl", 604: "IJ", 651: " ,.·", 690: "/:;\\|", 721: "f", 739: "-", 799: "()[]", 803: "t", 821: "!",
    842: "r", 942: '"', 1024: "*_`–", 1067: "s", 1075: "z", 1087: "?", 1126: "c", 1141: "L", 1178: "F", 1186: "k",
    1212: "vxy", 1235: "P", 1251: "TY", 1253: "o", 1255: "a", 1260: "e", 1294: "E", 1298: "hnu", 1300: "Sbdgpq",
    1303: "$0123456789{}", 1343: "K", 1401: "AV", 1403: "XZ", 1405: "B", 1423: "R", 1430: "C", 1499: "U", 1532: "N",
    1540: "H", 1577: "D", 1587: "G", 1597: "&", 1612: "OQ", 1675: "w", 1716: "#+<=>^~×→", 1767: "M", 1946: "%",
    1995: "m", 2025: "W", 2048: "@…",
}  # fmt: skip
_BOLD = {
    627: "'", 702: "ijl", 713: " ", 748: "/\\|", 762: "IJ", 778: ",.·", 819: ":;", 850: "-", 891: "f", 934: "!",
    936: "()[]", 979: "t", 1010: "r", 1024: "_`–", 1067: '"', 1071: "*", 1188: "?", 1192: "z", 1214: "c", 1219: "s",
    1305: "L", 1321: "x", 1335: "vy", 1362: "k", 1382: "a", 1389: "e", 1397: "T", 1399: "EF", 1407: "o",
    1425: "$0123456789", 1458: "hnu{}", 1466: "bdgpq", 1475: "S", 1483: "Y", 1485: "Z", 1501: "P", 1503: "C",
    1561: "B", 1577: "R", 1579: "X", 1585: "AV", 1587: "K", 1663: "U", 1681: "G", 1700: "D", 1714: "HN",
    1716: "#+<=>^~×→", 1741: "OQ", 1786: "&", 1892: "w", 2038: "M", 2048: "@…", 2052: "%", 2134: "m", 2259: "W",
}  # fmt: skip
_ADVANCES = {
    bold: {character: units for units, characters in table.items() for character in characters}
    for bold, table in ((False, _REGULAR), (True, _BOLD))
}


@lru_cache(maxsize=4096)
def width(text: str, size: float, bold: bool = False) -> float:
    """Points that a line of text takes at a font size in points. A character of another script counts as a square."""
    advances = _ADVANCES[bold]
    return sum(advances.get(character, _EM) for character in text) * size / _EM


def measured(text: str) -> bool:
    """Whether every character is one whose width is known, so one that the font has."""
    return all(character in _ADVANCES[False] or character == "\n" for character in text)


def wrapped(words: str, size: float, limit: float, between: str = " ") -> list[str]:
    """Words, or what else `between` separates, in as many lines as a width in points makes of them."""
    lines: list[str] = []
    for word in words.split(between):
        if lines and width(f"{lines[-1]}{between}{word}", size) <= limit:
            lines[-1] += between + word
        else:
            lines.append(word)
    return lines


def fitting(text: str, size: float, limit: float, bold: bool = False) -> str:
    """A text as far as it fits a width, with … where it is cut."""
    if len(text) <= limit and width(text, size, bold) <= limit:
        return text
    room = limit * _EM / size - _EM
    ends = accumulate(_ADVANCES[bold].get(character, _EM) for character in text)
    return text[: sum(1 for _ in takewhile(lambda end: end <= room, ends))] + "…"
