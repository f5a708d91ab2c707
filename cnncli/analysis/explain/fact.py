"""What is told of a layer: a value, how it was reckoned, and what it is about. Words are the views'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Subject(str, Enum):
    """What facts are about, in the order in which they are told."""

    SHAPE = "shape"
    CHANNELS = "channels"
    WEIGHTS = "weights"
    WORK = "work"
    MEMORY = "memory"
    PLACE = "place"

    __str__ = str.__str__


@dataclass(frozen=True)
class Fact:
    """`key` says which fact it is; `reckoned` is the expression that comes to `value`, None where none can be shown.

    `about` is what the sentence needs besides, by name.
    """

    subject: Subject
    key: str
    value: Any
    unit: str = ""
    reckoned: Any = None
    about: Mapping[str, Any] = field(default_factory=dict)
