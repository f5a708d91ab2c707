"""References to networks as texts: what they name, and how they are spelt from elsewhere."""

from __future__ import annotations

import os
import re
from enum import Enum
from pathlib import Path

from cnncli.errors import UsageError
from cnncli.models import catalogue
from cnncli.models.reference import parse
from cnncli.readers.formats import (
    PYTHON_FILE,
    SEPARATORS,
    exists,
    is_callable,
    is_pattern,
    looks_like_path,
    matching,
    near_names,
)


class Source(str, Enum):
    """What a network may come from."""

    REGISTRY = "registry"
    FILE = "file"
    CALLABLE = "callable"
    PYTHON = "python"


def expanded(text: str, folder: Path = Path()) -> list[str]:
    """A reference by itself, or the model files that a pattern such as models/*.tflite stands for, from `folder` on.

    Raises UsageError where there are none.
    """
    if not is_pattern(text):
        return [text]
    found = [from_here(path, folder) for path in matching(text, folder)]
    if not found:
        raise UsageError(f"{text}: no model file is called so")
    return found


def source_of(text: str, folder: Path = Path()) -> Source:
    """What a reference names; files are named as seen from `folder`.

    Raises UsageError for one that is two things at once, as a file with options is. An architecture's name is no
    file's, whatever lies there.
    """
    if _exists(text, folder):
        known = not looks_like_path(text) and _is_registered(text)
        return Source.REGISTRY if known else Source.FILE
    head = re.split("[:@]", text, maxsplit=1)[0]
    if is_callable(text) and not _is_registered(head):
        return Source.CALLABLE
    if head != text and (_exists(head, folder) or looks_like_path(head)) and not _is_registered(head):
        _refuse_tail(head, text[len(head) :], folder)
    # google/mobilenet_v2_1.0_224 is a network's name elsewhere; mobilenet_v2.tflite can only be a file.
    named = text[0:1] not in (".", "~", *SEPARATORS) and not looks_like_path(Path(text).name)
    elsewhere = named and _is_registered(head)
    return Source.FILE if looks_like_path(text) and not elsewhere else Source.REGISTRY


def _exists(text: str, folder: Path) -> bool:
    return bool(text) and exists(str(folder / text))


def _refuse_tail(head: str, tail: str, folder: Path) -> None:
    """Raise UsageError for a file's name with something behind it that only other references have."""
    if tail.startswith(("://", ":/")):  # an address
        return
    if Path(head).suffix == PYTHON_FILE:
        raise UsageError(f"{head}{tail}: expected FILE.py:FUNCTION")
    if not _exists(head, folder):
        raise UsageError(f"{head}: no such file{near_names(folder / head)}")
    raise UsageError(f"{head} is a file, which has no flavors and no options: leave out {tail!r}")


ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


def refuse_address(text: str) -> None:
    """Raise UsageError for what would have to be fetched, or names a file in a way that no shell knows."""
    address = ADDRESS.match(text)
    if address and not exists(text):
        known = address[1].lower() == "file"
        advice = "name a file by its path, without file://" if known else "nothing is fetched: name a file that is here"
        raise UsageError(f"{text}: {advice}")


def _is_registered(name: str) -> bool:
    """Whether an architecture is called so; a name in which something stands behind it is none."""
    try:
        catalogue.find(name)
    except UsageError:
        return False
    return True


def canonical(text: str, folder: Path = Path()) -> str:
    """The shortest reference that names the same network; files are named as seen from `folder`.

    Raises UsageError for one that cannot be read.
    """
    found = source_of(text, folder)
    if found is Source.REGISTRY:
        return parse(text).reference
    file, colon, name = text.rpartition(":") if found is Source.CALLABLE else (text, "", "")
    if found is Source.CALLABLE and not file.endswith(PYTHON_FILE):
        return text
    return from_here(folder / file) + colon + name


def relative(reference: str, folder: Path) -> str:
    """A reference from here, as `canonical` gives it, as a text in `folder` has it: files as seen from there."""
    found = source_of(reference)
    file, colon, name = reference.rpartition(":") if found is Source.CALLABLE else (reference, "", "")
    if found is Source.REGISTRY or (found is Source.CALLABLE and not file.endswith(PYTHON_FILE)):
        return reference
    return from_here(Path(file), folder) + colon + name


def spelt(path: Path) -> str:
    """A path as a reference that names it again: ./b0 for a file called as an architecture is."""
    text = str(path)
    return text if looks_like_path(text) or not _is_registered(text) else f".{os.sep}{text}"


def from_here(path: Path, folder: Path = Path()) -> str:
    """A path as seen from the working directory or another one, with `/`; of a bare name ./NAME."""
    text = Path(os.path.relpath(path, folder)).as_posix()
    return text if looks_like_path(text) else f"./{text}"
