"""Inputs, and layers that move cells without computing."""

from __future__ import annotations

from math import prod
from typing import Any

from cnncli.graph.layer import POINT, Layer, Shape, Size, Window, as_pair, layer_class, pair
from cnncli.graph.roles import Role

Sides = int | tuple[int, int] | tuple[tuple[int, int], tuple[int, int]]
"""Cells at the edges as Keras takes them: n everywhere, (vertical, horizontal), or ((top, bottom), (left, right))."""


@layer_class
class InputLayer(Layer):
    """Where the graph begins."""

    shape: Shape

    role = Role.INPUT

    def __post_init__(self) -> None:
        self.set(shape=tuple(self.shape))
        self.require_positive("shape")

    def output_shape(self, *inputs: Shape) -> Shape:
        if inputs:
            self.fail(f"takes no input, was given {len(inputs)}")
        return self.shape


@layer_class
class Identity(Layer):
    """The input."""

    role = Role.SHAPING
    free = True
    idle = True


def _as_sides(layer: Layer, name: str, value: Any) -> None:
    """Store `value` as ((top, bottom), (left, right))."""
    vertical, horizontal = (value, value) if isinstance(value, int) else value
    sides = tuple((side, side) if isinstance(side, int) else tuple(side) for side in (vertical, horizontal))
    if any(cells < 0 for side in sides for cells in side):
        layer.fail(f"{name}={value} must not be negative")
    layer.set(**{name: sides})


@layer_class
class ZeroPadding2D(Layer):
    """Zeros around the map."""

    padding: Sides = (1, 1)

    role = Role.SHAPING
    pads = True

    def __post_init__(self) -> None:
        _as_sides(self, "padding", self.padding)

    def output_shape(self, *inputs: Shape) -> Shape:
        height, width, channels = self.feature_map(inputs)
        sides: Any = self.padding
        return height + sum(sides[0]), width + sum(sides[1]), channels


@layer_class
class Cropping2D(Layer):
    """The map without its edges."""

    cropping: Sides = ((0, 0), (0, 0))

    role = Role.SHAPING

    def __post_init__(self) -> None:
        _as_sides(self, "cropping", self.cropping)

    def output_shape(self, *inputs: Shape) -> Shape:
        height, width, channels = self.feature_map(inputs)
        sides: Any = self.cropping
        left = height - sum(sides[0]), width - sum(sides[1])
        if min(left) < 1:
            self.fail(f"cropping={self.cropping} leaves nothing of an input of {height}x{width}")
        return (*left, channels)


@layer_class
class UpSampling2D(Layer):
    """Each cell `size` times along height and width, repeated or interpolated."""

    size: Size = (2, 2)
    interpolation: str = "nearest"

    role = Role.SHAPING

    def __post_init__(self) -> None:
        as_pair(self, size=self.size)
        self.require_positive("size")
        known = ("bicubic", "bilinear", "lanczos3", "lanczos5", "nearest")
        if self.interpolation not in known:
            self.fail(f"interpolation={self.interpolation!r} must be one of {', '.join(known)}")

    def output_shape(self, *inputs: Shape) -> Shape:
        height, width, channels = self.feature_map(inputs)
        rows, columns = pair(self.size)
        return height * rows, width * columns, channels

    def flops(self, *inputs: Shape) -> int:
        """Resizing is not counted; lanczos has it scaled by two quotients."""
        return 2 if self.interpolation.startswith("lanczos") else 0

    def window(self, *inputs: Shape) -> Window:
        rows, columns = pair(self.size)
        support = {"nearest": 1, "bilinear": 2, "bicubic": 4, "lanczos3": 6, "lanczos5": 10}[self.interpolation]
        return Window((support, support), (1 / rows, 1 / columns))


@layer_class
class Flatten(Layer):
    """All cells in a row."""

    role = Role.SHAPING
    free = True

    def output_shape(self, *inputs: Shape) -> Shape:
        return (prod(self.one(inputs)),)

    def window(self, *inputs: Shape) -> None:
        return None


@layer_class
class Reshape(Layer):
    """The same cells in another shape; one axis may be -1, for what remains."""

    target_shape: Shape

    role = Role.SHAPING
    free = True

    def __post_init__(self) -> None:
        self.set(target_shape=tuple(self.target_shape))
        if self.target_shape.count(-1) > 1 or any(size < -1 or size == 0 for size in self.target_shape):
            self.fail(f"target_shape={self.target_shape} must be positive sizes, at most one of them -1")

    def output_shape(self, *inputs: Shape) -> Shape:
        cells, known = prod(self.one(inputs)), prod(size for size in self.target_shape if size != -1)
        if (cells % known) if -1 in self.target_shape else (cells - known):
            self.fail(f"target_shape={self.target_shape} does not hold the {cells} cells of shape {inputs[0]}")
        return tuple(cells // known if size == -1 else size for size in self.target_shape)

    def window(self, *inputs: Shape) -> Window | None:
        """Cells stay where they are while height and width stay the first axes: channels laid out in groups."""
        if not inputs or min(len(self.target_shape), len(inputs[0])) < 3:
            return None
        return POINT if self.output_shape(*inputs)[:2] == inputs[0][:2] else None


@layer_class
class RepeatVector(Layer):
    """A vector `n` times: (features,) to (n, features)."""

    n: int

    role = Role.SHAPING

    def __post_init__(self) -> None:
        self.require_positive("n")

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = self.one(inputs)
        if len(shape) != 1:
            self.fail(f"needs a vector, was given shape {shape}")
        return (self.n, *shape)

    def window(self, *inputs: Shape) -> None:
        return None


@layer_class
class Permute(Layer):
    """The axes in another order, counted from 1."""

    dims: tuple[int, ...]

    role = Role.SHAPING

    def __post_init__(self) -> None:
        self.set(dims=tuple(self.dims))
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            self.fail(f"dims={self.dims} must be the axes 1 to {len(self.dims)}, each once")

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = self.one(inputs)
        if len(shape) != len(self.dims):
            self.fail(f"dims={self.dims} does not order an input of shape {shape}")
        return tuple(shape[axis - 1] for axis in self.dims)

    def window(self, *inputs: Shape) -> Window | None:
        return POINT if self.dims[:2] == (1, 2) and len(self.dims) > 2 else None
