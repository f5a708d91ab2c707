"""The door to all model files: which reader a file is for is told by its first bytes, whatever it is called."""

from __future__ import annotations

import importlib
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from pathlib import Path

from cnncli.amounts import LARGEST, known_part
from cnncli.errors import CnncliError, MachineError, UsageError
from cnncli.graph import Graph
from cnncli.graph.names import Names
from cnncli.readers.formats import FORMATS, MAIN_FILES, PYTHON_FILE, Format, near_names
from cnncli.readers.protobuf import BadMessage
from cnncli.readers.reading import AS_IT_IS, Reading, Settings
from cnncli.readers.source import Archive, Damaged, Source, opened
from cnncli.words import visible

# What a file says in the words of whoever damaged it: raised by code that believes an offset, a size or a type.
_OF_DAMAGE = (
    struct.error, IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError,
    ZeroDivisionError, MemoryError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError,
)  # fmt: skip


def read_file(path: Path, settings: Settings = AS_IT_IS) -> tuple[Format, Reading]:
    """Read a model file, or the folder of a SavedModel or of TensorFlow.js.

    Raises UsageError for a file that is missing, damaged, of no known format, or has not what is asked of it, and
    MachineError for one that may not be read.
    """
    with one_line(path), opened(_main_file(path)) as source:
        found = recognized(source, path)
        _check(found, settings, path)
        reading = _reader(found)(source, path, settings)
        if found.operations and not settings.raw:
            from cnncli.readers.folding import folded  # its tables of patterns are for files only

            own = None if settings.exact else reading.own_numbers
            reading = replace(reading, graph=folded(reading.graph, own, exact=settings.exact))
        _check_sizes(reading.graph, source)
    return found, harmless(reading)


def _reader(found: Format) -> Callable[[Source, Path, Settings], Reading]:
    """`read(source, path, settings)` of a format's module; loaded when it is needed."""
    module = importlib.import_module(f"cnncli.readers.{found.module}")
    read: Callable[[Source, Path, Settings], Reading] = module.read
    return read


@contextmanager
def one_line(path: Path) -> Iterator[None]:
    """Whatever goes wrong is one line with the file's name, and harmless whatever names the file holds."""
    try:
        yield
    except BadMessage as error:
        raise Damaged(f"{path} is damaged: {error}") from None
    except CnncliError as error:
        told = str(error) if _names(str(error), path) else f"{path}: {error}"
        raise type(error)(visible(told)) from None
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file{near_names(path)}") from None
    except OSError as error:
        raise MachineError(f"{path}: {error.strerror or error}") from None
    except _OF_DAMAGE as error:
        told = " ".join(str(error).split())[:200]
        raise Damaged(f"{path} is damaged, or of a kind that is not known: {type(error).__name__}: {told}") from None


def _names(message: str, path: Path) -> bool:
    """Whether a message says which file it is about."""
    return re.search(rf"(?<![\w./-]){re.escape(str(path))}(?![\w/-])", message) is not None


def _main_file(path: Path) -> Path:
    """The file itself; of a folder the one that describes the model. Raises UsageError for other folders."""
    if not path.is_dir():
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is no regular file")
        return path
    for name in MAIN_FILES:
        if (path / name).is_file():
            return path / name
    if (path / "saved_model.pbtxt").is_file():
        raise UsageError(f"{path} is a SavedModel in text form (saved_model.pbtxt); save it in the binary form")
    inside = sorted(each.name for each in path.iterdir())[:3]
    there = f"; it holds {', '.join(inside)}, ..." if inside else ""
    raise UsageError(f"{path} is a directory, but no SavedModel: it has no saved_model.pb{there}")


GIT_LFS = b"version https://git-lfs"
"""How the text begins that Git keeps in place of a large file (git-lfs.com, "pointer file")."""


def by_key(key: str) -> Format:
    return next(each for each in FORMATS if each.key == key)


def recognized(source: Source, path: Path) -> Format:
    """The format of a file by its first bytes. Raises UsageError for one that no reader is for."""
    head = source.read(0, min(source.size, 2048))
    if not head:
        source.fail("is empty")
    if head[:4] == b"PK\x03\x04":
        return _of_archive(source)
    for each in FORMATS:
        if any(head.startswith(mark, place) for place, mark in each.marks):
            return each
    if _is_safetensors(head, source.size):
        return by_key("safetensors")
    if head.lstrip()[:1] in (b"{", b'"'):
        return by_key(_of_json(head))
    if _is_pickle(head):
        raise UsageError(_of_pickle(source.name))
    if head.startswith(GIT_LFS):
        raise UsageError(f"{source.name} is a pointer of Git LFS, not the file itself; `git lfs pull` fetches that")
    if path.suffix.lower() == PYTHON_FILE:
        raise UsageError(f"{source.name} is a Python file; name what gives the model: {source.name}:FUNCTION")
    key = _of_protobuf(head, path)
    if key:
        return by_key(key)
    known = ", ".join(each.title for each in FORMATS)
    raise UsageError(f"{source.name} is no model file that is known here; known are {known}")


def _of_json(head: bytes) -> str:
    """Keras's own begins with the class of the model; TensorFlow.js's stands within its topology."""
    return "kerasjson" if b"class_name" in head and b"modelTopology" not in head else "tfjs"


def _of_archive(source: Source) -> Format:
    names = Archive(source).names
    if "config.json" in names:
        return by_key("keras")
    if _is_pt2(names):
        return by_key("pt2")
    if any("/code/" in name for name in names):
        raise UsageError(f"{source.name} is a TorchScript archive, whose constants are a pickle; {_WAY_OUT}")
    if any(name.endswith(".pkl") for name in names):
        raise UsageError(_of_pickle(source.name))
    if any("data/aotinductor/" in name for name in names):
        raise UsageError(f"{source.name} holds compiled code alone (AOTInductor), which says no layers; {_WAY_OUT}")
    inside = ", ".join(visible(name) for name in names[:3])
    raise UsageError(
        f"{source.name} is a zip archive, but of no model that is known here: it holds {inside or 'nothing'}"
    )


def _is_pt2(names: list[str]) -> bool:
    """Whether torch.export.save wrote them: `models/<name>.json`, or the one program of its older layout."""
    return any(
        name.endswith("serialized_exported_program.json") or ("models/" in name and name.endswith(".json"))
        for name in names
    )


def _is_safetensors(head: bytes, size: int) -> bool:
    """8 bytes that say how long a text of JSON is, and the text."""
    return head[8:9] == b"{" and 2 <= int.from_bytes(head[:8], "little") <= size - 8


def _is_pickle(head: bytes) -> bool:
    """A pickle of protocol 2 to 5 begins so; torch's old files do."""
    return head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")


_WAY_OUT = (
    "write the model as torch.export.save(torch.export.export(model, (example,)), 'model.pt2') or by "
    "torch.onnx.export, and name that"
)


def _of_pickle(name: str) -> str:
    return f"{name} holds a pickle, and reading one runs what is in it; {_WAY_OUT}"


def _of_protobuf(head: bytes, path: Path) -> str:
    """Of files that are protocol buffers: SavedModel's first fields are 1 and 2, ONNX's a version, a graph's a node."""
    suffix = path.suffix.lower()
    if head[:3] == b"\x08\x01\x12" and (path.is_dir() or path.name == "saved_model.pb"):
        return "savedmodel"
    if suffix == ".onnx" or (head[:1] == b"\x08" and suffix not in (".pb",)):
        return "onnx"
    if head[:3] == b"\x08\x01\x12":
        return "savedmodel"
    return "graphdef" if head[:1] == b"\x0a" else ""


def _check(found: Format, settings: Settings, path: Path) -> None:
    """Raise UsageError for what is settled of a file that has no such thing."""
    for name in ("batch", "signature", "subgraph"):
        if getattr(settings, name) is not None and name not in found.settles:
            raise UsageError(f"--{name}: {path} is of format {found.title}, which has no {name} to choose")


def _check_sizes(graph: Graph, source: Source) -> None:
    """Raise Damaged for a layer whose output or costs are beyond all machines."""
    for node in graph.nodes:
        if max(map(known_part, (*node.shape, prod(node.shape), *node.costs, node.flops))) > LARGEST:
            source.fail(f"{node.name} would take more than any machine has: its output or its cost is above 2^100")


def harmless(reading: Reading) -> Reading:
    """Names that a terminal, a page or a DOT file may show: what they would obey is written out."""
    graph = reading.graph
    graph.name = visible(graph.name)
    names = Names()
    for node in graph.nodes:
        node.name = names.free(visible(node.name))
        node.scope = tuple(map(visible, node.scope))
    return reading


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if path.is_file():
        return path.stat().st_size
    return sum(each.stat().st_size for each in path.rglob("*") if each.is_file() and not each.is_symlink())
