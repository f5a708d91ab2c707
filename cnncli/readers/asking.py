"""What a person asks of a model file, read and held against the file's own inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import UsageError, suggestion
from cnncli.graph import Node, Shape
from cnncli.readers.formats import Format
from cnncli.readers.opening import read_file
from cnncli.readers.reading import Reading, Settings
from cnncli.written import read_sizes, read_truth, read_whole

Shapes = Mapping[str, Shape]
COLOURS = 3
"""Channels of a picture of which only height and width are said, where the file does not say how many it takes."""


def read_asked(path: Path, options: Mapping[str, Any]) -> tuple[Format, Reading]:
    """Read a model file as the options ask, which are texts or values by the names of Settings, and `input_shape`.

    A shape may leave out what the file says of it: 224 is 224x224x3 to a network of pictures.
    Raises UsageError for what the file has not, and as read_file.
    """
    settings = _settings(path, options)
    if not settings.input_shapes:
        format_, reading = read_file(path, settings)
        return format_, replace(reading, settings=settings)
    _, found = read_file(path, settings._replace(input_shapes={}))
    shapes = _fitting(path, found.graph.inputs, settings.input_shapes)
    format_, reading = read_file(path, settings._replace(input_shapes=shapes))
    _check_taken(path, reading.graph.inputs, shapes)
    return format_, replace(reading, settings=settings._replace(input_shapes=shapes))


def _settings(path: Path, options: Mapping[str, Any]) -> Settings:
    """Raises UsageError for options that only the registry's networks have, and for values that cannot be read."""
    known = ("input_shape", *Settings._fields[1:])
    for name in options:
        if name not in known:
            near = suggestion(name, known)
            raise UsageError(f"{path} is a file, which has no option {name!r}{near}; it has {', '.join(known)}")
    return Settings(
        _shapes(options.get("input_shape")),
        _batch(options.get("batch")),
        options.get("signature"),
        None if options.get("subgraph") is None else str(options["subgraph"]),
        _truth(options.get("raw", False)),
        _truth(options.get("exact", False)),
    )


def _truth(value: Any) -> bool:
    try:
        return value if isinstance(value, bool) else read_truth(str(value))
    except ValueError as error:
        raise UsageError(f"raw={value}: expected {error}") from None


def _batch(value: Any) -> int | None:
    number = None if value is None else read_whole(str(value))
    if value is not None and not number:
        raise UsageError(f"batch={value}: expected a whole number from 1")
    return number


def _shapes(value: Any) -> Shapes:
    """By the inputs' names, "" for the only one: of sizes, of a text, of [NAME=]SHAPE texts, or of either by name."""
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {str(name): _shape(each) for name, each in value.items()}
    texts = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(each, str) for each in texts):
        return {"": _shape(value)}
    found: dict[str, Shape] = {}
    for text in texts:
        name, _, sizes = text.rpartition("=")
        shape = _shape(sizes)
        if found.get(name, shape) != shape:
            raise UsageError(
                f"input_shape is given twice{f' of {name}' if name else ''}: {_x(found[name])} and {sizes}"
            )
        found[name] = shape
    return found


def _shape(value: Any) -> Shape:
    """Sizes from a text or a sequence. Raises UsageError."""
    parts = read_sizes(value) if isinstance(value, str) else [str(size) for size in value]
    sizes = [read_whole(part) for part in parts]
    if not all(sizes):
        written = value if isinstance(value, str) else _x(value)
        raise UsageError(
            f"input_shape={written}: expected sizes without the batch, such as 224x224x3, 16000 or 49x10x1"
        )
    return tuple(size for size in sizes if size)


def _fitting(path: Path, inputs: Sequence[Node], asked: Shapes) -> Shapes:
    """The shapes asked for, whole, by the names that readers know: "" for the only input. Raises UsageError."""
    named = {node.name: node for node in inputs}
    told = ", ".join(f"{node.name} ({_x(node.shape)})" for node in inputs)
    found: dict[str, Shape] = {}
    for name, sizes in asked.items():
        written = f"input_shape={name}={_x(sizes)}" if name else f"input_shape={_x(sizes)}"
        if not inputs:
            raise UsageError(f"{written}: {path} has no input")
        if not name and len(inputs) > 1:
            raise UsageError(f"{written}: {path} has several inputs, {told}; name the one that is meant: NAME=SHAPE")
        if name and name not in named:
            raise UsageError(f"{written}: {path} has no input {name!r}{suggestion(name, tuple(named))}; it has {told}")
        node = named[name] if name else inputs[0]
        found[node.name if len(inputs) > 1 else ""] = _whole(written, node.shape, sizes)
    return found


def _whole(written: str, known: Shape, sizes: Shape) -> Shape:
    """Sizes with those that the file knows in place of what was left out. Raises UsageError where they do not fit."""
    if known == (UNKNOWN,):  # of unknown rank, too
        return sizes
    if len(known) == 3 and len(sizes) < 3:
        height, width = (sizes * 2)[:2]
        return (height, width, COLOURS if known[2] is UNKNOWN else known[2])
    if len(sizes) == len(known) + 1:
        raise UsageError(f"{written}: expected no axis for the batch: {_x(sizes[1:])}")
    if len(sizes) != len(known):
        raise UsageError(f"{written}: the input is {_x(known)}, with {len(known)} sizes and not {len(sizes)}")
    if len(known) == 3 and sizes[0] == known[2] != sizes[2]:
        raise UsageError(f"{written}: expected the channels last: {_x((*sizes[1:], sizes[0]))}")
    return sizes


def _check_taken(path: Path, inputs: Sequence[Node], shapes: Shapes) -> None:
    """Raise UsageError where the network that was read has other inputs than were asked for."""
    for node in inputs:
        asked = shapes.get(node.name if len(inputs) > 1 else "", node.shape)
        if node.shape != asked:
            raise UsageError(
                f"input_shape={_x(asked)}: {path} fixes its input {node.name} as {_x(node.shape)}; only sizes that it "
                "leaves open can be settled"
            )


def _x(shape: Sequence[Any]) -> str:
    return "x".join(map(str, shape))
