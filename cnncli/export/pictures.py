"""Pictures in the values that a network takes, and some made up where there are none."""

from __future__ import annotations

from typing import Any

from cnncli.graph import Shape

Range = tuple[float, float]
"""Lowest and highest value of a network's input: what black and white become."""


def scaled(pixels: Any, values: Range) -> Any:
    """Pixels of 0..255 as float32 in a network's range."""
    low, high = values
    return (pixels.astype("float32") / 255 * (high - low) + low).astype("float32")


PATCHES = (112, 56, 28, 14, 7)
"""Sides in pixels of the patches of colour that random pictures are made of."""


def random_pictures(count: int, shape: Shape) -> Any:
    """An array (count, height, width, channels) of uint8: patches of random colour, small ones upon large ones.

    Unlike plain noise, which a network averages away, each picture has edges and areas of its own, and black and white
    among them. They are the same each time, and more of them begin with fewer.
    """
    import numpy

    return numpy.stack([_random_picture(shape, seed) for seed in range(count)])


def _random_picture(shape: Shape, seed: int) -> Any:
    import numpy

    height, width, channels = shape
    random = numpy.random.default_rng(seed)
    picture = numpy.zeros(shape, "float32")
    for side in PATCHES:
        rows, columns = numpy.arange(height) // side, numpy.arange(width) // side
        colours = random.normal(0, 1, (rows[-1] + 1, columns[-1] + 1, channels)).astype("float32")
        picture += colours[rows][:, columns]
    # All have one mean and contrast: a deep network with fresh weights inflates what differs from its batch norms'.
    picture -= picture.mean((0, 1))
    picture /= picture.std((0, 1)) + 1e-3
    return numpy.clip(127.5 + 64 * picture, 0, 255).round().astype("uint8")
