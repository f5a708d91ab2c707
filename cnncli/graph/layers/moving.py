"""Operations of files that move, choose or summarize cells. Their output's shape is said by the file."""

from __future__ import annotations

from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.graph.layer import POINT, Layer, Shape, Weight, Window, layer_class
from cnncli.graph.layers.opaque import Said
from cnncli.graph.roles import Role


@layer_class
class Moving(Said):
    """An operation by its name that computes nothing: it only says which cell stands where, as Slice or Tile."""

    role = Role.SHAPING

    def window(self, *inputs: Shape) -> Window | None:
        return None


@layer_class
class Slice(Moving):
    """A part of the input, from `begin` on along each axis, every `strides`-th cell."""

    operation: str = "Slice"
    shape: Shape = ()
    begin: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()

    def window(self, *inputs: Shape) -> Window | None:
        return POINT if len(self.shape) == 3 else None


@layer_class
class Pad(Moving):
    """Cells around the input that are no zeros, or along other axes than height and width: (before, after) an axis.

    `value` is what they hold where the mode is "constant"; None where the reader does not say.
    """

    operation: str = "Pad"
    shape: Shape = ()
    paddings: tuple[tuple[int, int], ...] = ()
    mode: str = "constant"
    value: float | None = None

    def window(self, *inputs: Shape) -> Window | None:
        return POINT if len(self.shape) == 3 else None


@layer_class
class DepthToSpace(Layer):
    """Channels laid out as `block_size` x `block_size` cells.

    `mode` is ONNX's word for their order: "DCR" where the channels of one cell lie together, as TensorFlow has it,
    "CRD" where the cells of one channel do, as PyTorch has it; "" where the reader does not say.
    """

    block_size: int
    mode: str = ""

    role = Role.SHAPING

    def output_shape(self, *inputs: Shape) -> Shape:
        height, width, channels = self.feature_map(inputs)
        if channels % self.block_size**2:
            self.fail(f"block_size={self.block_size} does not divide {channels} channels twice")
        return height * self.block_size, width * self.block_size, channels // self.block_size**2

    def window(self, *inputs: Shape) -> Window:
        return Window((1, 1), (1 / self.block_size, 1 / self.block_size))


@layer_class
class SpaceToDepth(Layer):
    """Blocks of `block_size` x `block_size` cells laid behind each other as channels, in the order of DepthToSpace."""

    block_size: int
    mode: str = ""

    role = Role.SHAPING

    def output_shape(self, *inputs: Shape) -> Shape:
        height, width, channels = self.feature_map(inputs)
        return height // self.block_size, width // self.block_size, channels * self.block_size**2

    def window(self, *inputs: Shape) -> Window:
        return Window((self.block_size, self.block_size), (self.block_size, self.block_size))


@layer_class
class Resizing(Layer):
    """The map at another size, by interpolation; Keras's layer goes by the centres of cells."""

    height: int
    width: int
    interpolation: str = "bilinear"

    role = Role.SHAPING

    def output_shape(self, *inputs: Shape) -> Shape:
        *_, channels = self.feature_map(inputs)
        return self.height, self.width, channels

    def window(self, *inputs: Shape) -> Window:
        return Window((UNKNOWN, UNKNOWN), (UNKNOWN, UNKNOWN))


@layer_class
class PlacedResizing(Resizing):
    """The same by other coordinates, as a reader says that tells just what a file computes.

    "asymmetric": cells stand on each other by their upper left corners, "align_corners": the outermost ones by their
    centres. The nearest is the one that is cut off to, or with aligned corners rounded to, halves up.
    """

    coordinates: str = "asymmetric"

    @property
    def type(self) -> str:
        return Resizing.__name__


@layer_class
class CenterCrop(Layer):
    """The middle of the map; a smaller one is enlarged first."""

    height: int
    width: int

    role = Role.SHAPING

    def __post_init__(self) -> None:
        self.require_positive("height", "width")

    def output_shape(self, *inputs: Shape) -> Shape:
        *_, channels = self.feature_map(inputs)
        return self.height, self.width, channels


@layer_class
class Reduce(Layer):
    """One value of all along `axes` (Keras counts the batch as axis 0): `operation` is Mean, Sum, Max, ArgMax, ..."""

    operation: str
    axes: tuple[int, ...]
    keepdims: bool = False

    role = Role.POOLING

    @property
    def type(self) -> str:
        return self.operation

    def output_shape(self, *inputs: Shape) -> Shape:
        shape = self.one(inputs)
        if any(not 1 <= axis <= len(shape) for axis in self.axes):
            self.fail(f"axes={self.axes} are not axes of an input of shape {shape}, counted from 1")
        kept = [(1 if axis in self.axes else size) for axis, size in enumerate(shape, 1)]
        return tuple(size for axis, size in enumerate(kept, 1) if self.keepdims or axis not in self.axes)

    def flops(self, *inputs: Shape) -> int:
        """One a cell of the input; the profiler counts no maxima, which this does as any comparison."""
        return prod(self.one(inputs))

    def window(self, *inputs: Shape) -> Window | None:
        return POINT if self.axes == (3,) and self.keepdims else None


@layer_class
class _Recoded(Layer):
    """The same values in another dtype."""

    dtype: str

    role = Role.SHAPING
    idle = True


@layer_class
class Cast(_Recoded):
    """To `dtype`."""


@layer_class
class Quantize(_Recoded):
    """Real values as integers of `dtype` with a scale, or from one scale to another."""


@layer_class
class Dequantize(_Recoded):
    """Integers with a scale as real values of `dtype`."""


@layer_class
class Embedding(Layer):
    """Each number of the input looked up in a table: (...,) to (..., output_dim). A lookup multiplies nothing."""

    input_dim: int
    output_dim: int

    role = Role.OTHER

    def output_shape(self, *inputs: Shape) -> Shape:
        return (*self.one(inputs), self.output_dim)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("embeddings", (self.input_dim, self.output_dim)),)

    def flops(self, *inputs: Shape) -> int:
        """Keras compares each number with 0: those below it count from the end."""
        return prod(self.one(inputs))


@layer_class
class Constant(Layer):
    """A tensor that a file holds, where it is read as if it were computed: (height, width, channels) or as it is."""

    shape: Shape

    role = Role.OTHER

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        return (Weight("constant", self.shape),)


@layer_class
class MatMul(Layer):
    """The product of two matrices that are both computed. How it is counted no convention says: its work is unknown."""

    shape: Shape

    role = Role.OTHER

    def output_shape(self, *inputs: Shape) -> Shape:
        return self.shape

    def macs(self, *inputs: Shape) -> Any:
        return UNKNOWN

    def flops(self, *inputs: Shape) -> Any:
        return UNKNOWN
