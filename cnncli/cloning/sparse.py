"""Tensors of which a TFLite file stores some cells only (SparsityParameters of tensorflow/lite/schema/schema.fbs).

A tensor is walked along its axes in a stored order, blocks of cells last. Along an axis all places are there ("dense"),
or those that indices name, between segments' ends a place before ("CSR"). What is reached so are the stored cells, one
after the other.
"""

from __future__ import annotations

from math import prod
from typing import Any

from cnncli.graph import Shape
from cnncli.readers.source import Source
from cnncli.readers.tflite.flatbuffer import Table

ORDER, BLOCKS, LEVELS = 0, 1, 2
FORMAT, SIZE, SEGMENTS_TYPE, SEGMENTS, INDICES_TYPE, INDICES = range(6)
"""Fields of SparsityParameters and of DimensionMetadata."""
CSR = 1
FORMS = {1: "i", 2: "H", 3: "B"}
"""Of the values of a SparseIndexVector, by its kind: numbers of 4, 2 and 1 bytes."""
MOST_TIMES = 256
"""How many times more cells than stored ones a tensor may have."""


def dense(source: Source, sparsity: Table, shape: Shape, stored: Any) -> Any:
    """All cells of a tensor of which some are stored. Raises Damaged where these are not those that are told of."""
    import numpy

    order, blocks = sparsity.numbers(ORDER, "i") or (), sparsity.numbers(BLOCKS, "i") or ()
    levels = sparsity.tables(LEVELS)
    rank = len(shape)
    fits = sorted(order) == list(range(rank + len(blocks))) and len(levels) == len(order)
    if not fits or any(not 0 <= axis < rank for axis in blocks) or prod(shape) > MOST_TIMES * max(len(stored), 1):
        source.fail("is damaged: what it says of a sparse tensor fits none")
    places = _places(source, levels, len(stored), prod(shape))
    along = dict(zip(order, places, strict=True))
    sizes = dict(zip(order, (level.number(SIZE, "i") for level in levels), strict=True))
    axes = []
    for axis in range(rank):
        place = along[axis]
        for number, blocked in enumerate(blocks):
            if blocked == axis:
                place = place * sizes[rank + number] + along[rank + number]
        axes.append(place)
    if any(len(place) and not 0 <= place.min() <= place.max() < size for place, size in zip(axes, shape, strict=True)):
        source.fail("is damaged: a sparse tensor has cells outside of it")
    found = numpy.zeros(shape, stored.dtype)
    found[tuple(axes)] = stored
    return found


def _places(source: Source, levels: list[Table], count: int, cells: int) -> list[Any]:
    """Of each stored cell its place along each level, in the levels' order; `cells` are all that there are."""
    import numpy

    found: list[Any] = []
    reached = numpy.zeros(1, "int64")
    for level in levels:
        if level.number(FORMAT, "b") == CSR:
            parents, here = _named(source, level, len(reached))
        else:
            size = level.number(SIZE, "i")
            if not 0 <= size * len(reached) <= cells:
                source.fail("is damaged: a sparse tensor has more cells than its shape")
            parents = numpy.repeat(numpy.arange(len(reached)), size)
            here = numpy.tile(numpy.arange(size), len(reached))
        found = [*(each[parents] for each in found), here]
        reached = here
    if len(reached) != count:
        source.fail(f"is damaged: a sparse tensor has {count:,} cells stored and {len(reached):,} places for them")
    return found


def _named(source: Source, level: Table, parents: int) -> tuple[Any, Any]:
    """The places that indices name: of each the parent, and itself."""
    import numpy

    segments = _numbers(level, SEGMENTS_TYPE, SEGMENTS)
    indices = _numbers(level, INDICES_TYPE, INDICES)
    counts = numpy.diff(segments)
    if (
        len(segments) != parents + 1
        or segments[0]
        or segments[-1] != len(indices)
        or (len(counts) and counts.min() < 0)
    ):
        source.fail("is damaged: the segments of a sparse tensor are not those of its indices")
    return numpy.repeat(numpy.arange(parents), counts), indices


def _numbers(level: Table, kind: int, field: int) -> Any:
    import numpy

    table = level.table(field)
    form = FORMS.get(level.number(kind, "B"))
    return numpy.asarray((table.numbers(0, form) if table and form else None) or (), "int64")
