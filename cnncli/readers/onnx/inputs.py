"""The inputs of an ONNX graph: their sizes as the file says them and as a person settles them, and the batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cnncli.amounts import UNKNOWN
from cnncli.errors import UsageError
from cnncli.graph import Shape
from cnncli.readers.onnx.model import Info, Value
from cnncli.readers.reading import Settings, open_sizes, other_sizes
from cnncli.words import visible

PICTURE_CHANNELS = (1, 3, 4)


@dataclass(eq=False)
class Entered:
    """The inputs as tensors. `overridden` is whether a size that the file fixes was settled otherwise."""

    values: list[Value]
    batch: int
    symbols: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    overridden: bool = False

    def sizes(self, info: Info) -> tuple[int, ...]:
        """A shape that the file says, with what is known of its symbols."""
        return tuple(
            size if isinstance(size, int) else self.symbols.get(size, UNKNOWN) if size else UNKNOWN
            for size in info.shape or ()
        )


def entered(inputs: Sequence[Info], layouts: Mapping[str, bool], settings: Settings) -> Entered:
    """Raises UsageError for a shape that is settled of no input, or does not fit one."""
    batch = _batch(inputs, settings)
    found = Entered([], batch)
    given = _by_name(inputs, settings.input_shapes)
    for info in inputs:
        if info.shape and isinstance(info.shape[0], str) and len(info.shape) > 1:
            found.symbols.setdefault(info.shape[0], batch)
    for info in inputs:
        shape = _declared(info, batch, found.symbols)
        first = _is_channels_first(info, layouts)
        value = Value(info.name, shape, info.dtype, channels_first=first)
        if info.name in given and shape is not None:
            value.shape = _settled(value, given[info.name], found)
            for said, size in zip(info.shape or (), value.shape, strict=True):
                if isinstance(said, str):
                    found.symbols.setdefault(said, size)
        found.values.append(value)
    for value, info in zip(found.values, inputs, strict=True):
        if value.shape is not None:
            value.shape = tuple(
                found.symbols.get(said, size) if size is UNKNOWN and isinstance(said, str) else size
                for size, said in zip(value.shape, info.shape or (), strict=True)
            )
        _warn_of_open(value, info, len(inputs), found)
    return found


def _batch(inputs: Sequence[Info], settings: Settings) -> int:
    """The size of the first axis of the first input that has most axes; 1 where it is open."""
    ranked = sorted((info for info in inputs if info.shape), key=lambda info: -len(info.shape or ()))
    if not ranked or not ranked[0].shape:
        return settings.batch or 1
    size = ranked[0].shape[0]
    return size if isinstance(size, int) else settings.batch or 1


def _by_name(inputs: Sequence[Info], given: Mapping[str, Shape]) -> dict[str, Shape]:
    """The settled shapes; "" is the only input, or the only one that has three or four axes."""
    names = [info.name for info in inputs]
    found: dict[str, Shape] = {}
    for name, shape in given.items():
        if name:
            if name not in names:
                raise UsageError(f"--input-shape {name}: there is no such input; there is {visible(', '.join(names))}")
            found[name] = shape
            continue
        fitting = (
            names if len(names) == 1 else [each.name for each in inputs if len(each.shape or ()) == len(shape) + 1]
        )
        if len(fitting) != 1:
            raise UsageError(
                f"--input-shape: say of which input as NAME=SHAPE; there is {visible(', '.join(names)) or 'none'}"
            )
        found[fitting[0]] = shape
    return found


def _declared(info: Info, batch: int, symbols: Mapping[str, int]) -> tuple[int, ...] | None:
    """Sizes as the file says them; an open first axis is the batch's."""
    if info.shape is None:
        return None
    return tuple(
        size if isinstance(size, int) else batch if not axis else symbols.get(size or "", UNKNOWN)
        for axis, size in enumerate(info.shape)
    )


def _is_channels_first(info: Info, layouts: Mapping[str, bool]) -> bool:
    """As its readers say; else maps are channels first unless only the last axis may be a picture's channels."""
    shape = info.shape or ()
    if len(shape) < 3:
        return False
    if info.name in layouts:
        return layouts[info.name]
    return len(shape) > 3 and not (shape[-1] in PICTURE_CHANNELS and shape[1] not in PICTURE_CHANNELS)


def _settled(value: Value, given: Shape, found: Entered) -> tuple[int, ...]:
    """A shape (height, width, channels) in the file's order; one with all axes of the file is taken as it is."""
    declared = value.shape or ()
    if len(given) == len(declared) - 1:
        ordered = (given[-1], *given[:-1]) if value.channels_first else tuple(given)
        whole = (declared[0], *ordered)
    elif len(given) == len(declared):
        whole = tuple(given)
    else:
        raise UsageError(
            f"--input-shape {_written(given)}: the input {visible(value.name)} has {len(declared) - 1} axes beside the "
            f"batch: {_written(declared[1:])}"
        )
    axis = (1 if value.channels_first else len(declared) - 1) if len(declared) > 2 else None
    for place, (size, said) in enumerate(zip(whole, declared, strict=True)):
        if said is UNKNOWN or size == said:
            continue
        if place == axis:
            raise UsageError(
                f"--input-shape {_written(given)}: the input {visible(value.name)} has {said} channels, not {size}"
            )
        found.overridden = True
    if found.overridden:
        found.warnings.append(other_sizes(value.name, declared, whole))
    return whole


def _written(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "a number"


def _warn_of_open(value: Value, info: Info, count: int, found: Entered) -> None:
    """Say what to type where the file leaves sizes open."""
    shape = value.shape or ()
    if not any(size is UNKNOWN for size in shape[1:]):
        return
    inner = (*shape[2:], shape[1]) if value.channels_first else shape[1:]
    found.warnings.append(open_sizes(value.name, inner, several=count > 1))
