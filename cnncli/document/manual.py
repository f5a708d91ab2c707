"""A page of help as facts, before it is what a terminal shows or a manual's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Entry(NamedTuple):
    """What may be typed, and what it means."""

    name: str
    text: str


class Chapter(NamedTuple):
    """Paragraphs and then entries under a title; with `below` each text stands below its name, never beside it."""

    title: str
    entries: Sequence[Entry] = ()
    paragraphs: Sequence[str] = ()
    below: bool = False


class Manual(NamedTuple):
    """The help of a command or a topic: its name, how a command is called, its first words, and the rest."""

    name: str
    synopsis: str
    paragraphs: Sequence[str]
    chapters: Sequence[Chapter]
