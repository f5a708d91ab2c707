"""What every layer is: two primary facts, its output shape and its weights, from which its costs follow."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import Field, field, fields
from functools import lru_cache, wraps
from inspect import get_annotations
from math import prod
from typing import Any, ClassVar, NamedTuple, NoReturn, TypeVar

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph.roles import Role
from cnncli.records import Record, dataclass_transform, record

Shape = tuple[int, ...]
"""Sizes without the batch axis: (height, width, channels) of a feature map, (features,) of a vector.

A size that a file leaves open is amounts.UNKNOWN.
"""

Size = int | tuple[int, int]
"""An extent in space as Keras takes it: one number for both axes, or (height, width)."""


class Weight(NamedTuple):
    """One weight tensor of a layer, named and shaped as Keras's variable."""

    name: str
    shape: Shape
    trainable: bool = True
    dtype: str = "float32"
    identity: str = ""
    """What tells it from all others of its network: two layers that read one tensor of a file hold it once."""
    tensor: str = ""
    """The file's tensor that has its values; "" where the reader does not say."""
    axes: tuple[int, ...] = ()
    """Which of that tensor's axes come first, second, ... in `shape`, which may join or split them; () for as it is."""

    @property
    def size(self) -> int:
        return prod(self.shape)


class Window(NamedTuple):
    """What one output cell of a layer sees of its input, per axis (height, width), in input cells.

    `extent` is how many cells it sees, `stride` how far the next cell's view is moved: below 1 where a layer enlarges.
    """

    extent: tuple[int, int]
    stride: tuple[float, float]


POINT = Window((1, 1), (1, 1))


class Layer(Record):
    """Base of all layers. Class and field names are Keras's; methods take the shapes of the inputs.

    A class is made by `layer_class`. `__post_init__` checks the arguments, and raises LayerError.
    """

    written: ClassVar[tuple[str, ...]] = ()
    """Its arguments, but for those that say how its weights begin."""

    role: ClassVar[Role] = Role.OTHER
    """What it is for; every class says so."""

    folds: ClassVar[bool] = False
    """Whether it belongs to the convolution that feeds it, as people draw networks: normalization, activation."""

    pads: ClassVar[bool] = False
    """Whether it surrounds the map with cells for the convolution that reads it, as `padding="same"` would."""

    free: ClassVar[bool] = False
    """Whether the output is the input's memory, perhaps in another shape: reshapes, and dropout at inference."""

    idle: ClassVar[bool] = False
    """Whether at inference the output is the input, as it is: dropout, identity."""

    combines: ClassVar[str] = ""
    """Of a layer that merges its inputs cell by cell, what it makes of them: "sum", "product", ..."""

    commutative: ClassVar[bool] = False
    """Whether the order of the inputs makes no difference."""

    def __init_subclass__(cls) -> None:
        """A class that adds no field need not be decorated."""
        if not hasattr(cls, "__dataclass_fields__") and not get_annotations(cls):
            layer_class(cls)

    def output_shape(self, *inputs: Shape) -> Shape:
        """Shape of the output. Raises LayerError where the inputs do not fit."""
        return self.one(inputs)

    def weights(self, *inputs: Shape) -> tuple[Weight, ...]:
        """The weights in Keras's order."""
        return ()

    def kernel_positions(self, *inputs: Shape) -> int:
        """How often each kernel weight is used for one example: once per output cell, unless a layer says otherwise."""
        return prod(self.output_shape(*inputs)[:-1])

    def macs(self, *inputs: Shape) -> int:
        """Multiply-accumulates of one example: each kernel weight is used once per position. No bias."""
        kernels = [weight.size for weight in self.weights(*inputs) if weight.name.endswith("kernel")]
        return sum(kernels) * self.kernel_positions(*inputs) if kernels else 0

    def flops(self, *inputs: Shape) -> int:
        """Float operations of one example as TensorFlow's profiler counts them in the frozen inference graph.

        The profiler counts an add, subtract, multiply, divide, minimum, maximum, negation, square, comparison as 1 a
        cell, rsqrt as 2, softmax as 5, and a rectifier, sigmoid, exponential, copy or resize as 0
        (tensorflow/python/profiler/internal/flops_registry.py). The tests compare every layer with it.
        """
        return 0

    def window(self, *inputs: Shape) -> Window | None:
        """What one output cell sees of the input; None where it sees all of it, or where there is no grid of cells.

        Without the shapes of the inputs it is what the layer's arguments alone tell.
        """
        return POINT

    def between(self, *inputs: Shape) -> Shape | None:
        """Of a layer that is two operations one after the other, the shape of what the first one puts out."""
        return None

    @property
    def type(self) -> str:
        """Keras's class name."""
        return type(self).__name__

    @property
    def function(self) -> str:
        """The activation function that it applies to what it computes, by Keras's name or its own class's."""
        return "linear"

    @property
    def normalizes_batches(self) -> bool:
        """Whether it is batch normalization, which at inference is a part of the kernel before it."""
        return self.role is Role.NORMALIZATION and self.folds

    @property
    def pools_globally(self) -> bool:
        """Whether each channel becomes one value."""
        return self.role is Role.POOLING and self.window() is None

    def config(self) -> dict[str, Any]:
        """The fields as keyword arguments of Keras's layer of the same name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def fail(self, why: str) -> NoReturn:
        raise LayerError(f"{type(self).__name__}: {why}")

    def one(self, inputs: tuple[Shape, ...]) -> Shape:
        """The only input's shape."""
        if len(inputs) != 1:
            self.fail(f"takes one input, was given {len(inputs)}")
        return inputs[0]

    def feature_map(self, inputs: tuple[Shape, ...]) -> tuple[int, int, int]:
        """The only input's height, width and channels."""
        shape = self.one(inputs)
        if len(shape) != 3:
            self.fail(f"needs a feature map of (height, width, channels), was given shape {shape}")
        height, width, channels = shape
        return height, width, channels

    def require_positive(self, *names: str) -> None:
        """Raise unless each of these fields is a whole number of at least 1, or a pair of such."""
        for name in names:
            value = getattr(self, name)
            for number in value if isinstance(value, tuple) else (value,):
                if (type(number) is not int or number < 1) and number is not UNKNOWN:
                    self.fail(f"{name}={value} must be a whole number of at least 1")

    def set(self, **values: Any) -> None:
        """Store normalized field values; only for __post_init__, while the layer is being made."""
        self.__dict__.update(values)


_L = TypeVar("_L", bound=type[Layer])
_Answer = TypeVar("_Answer")


def kept(method: Callable[..., _Answer]) -> Callable[..., _Answer]:
    """Of a method that is asked of the same shapes by others, what it answered last, while the shapes are those."""
    key = f"_{method.__name__}"

    @wraps(method)
    def answered(layer: Layer, *inputs: Shape) -> _Answer:
        last: tuple[tuple[Shape, ...], _Answer] | None = layer.__dict__.get(key)
        if last is None or last[0] != inputs:
            last = layer.__dict__[key] = inputs, method(layer, *inputs)
        return last[1]

    return answered


def training(default: Any) -> Any:
    """A field whose value acts in training only, such as how statistics are gathered."""
    return field(default=default, metadata=TRAINING)


def initial(default: Any) -> Any:
    """A field that says how weights begin: what training starts from."""
    return field(default=default, metadata=INITIAL)


@dataclass_transform(frozen_default=True, eq_default=False, field_specifiers=(field,))
def layer_class(made: _L) -> _L:
    """A class of layers whose annotated names are its fields, as those of a frozen dataclass."""
    made = record(made)
    made.written = tuple(each.name for each in fields(made) if each.metadata != INITIAL)
    return made


TRAINING = {"acts in": "training"}
INITIAL = {"acts in": "initialization"}


def acts_at_inference(argument: Field[Any]) -> bool:
    """Whether a layer's field has a say in what the layer computes."""
    return argument.metadata not in (TRAINING, INITIAL)


def written_arguments(layer: Layer) -> dict[str, Any]:
    """A layer's arguments but for how its weights begin; a layer among them, which it applies, by its own."""
    values = {name: getattr(layer, name) for name in layer.written}
    return {
        name: {"type": value.type, **written_arguments(value)} if isinstance(value, Layer) else value
        for name, value in values.items()
    }


def pair(size: Size) -> tuple[int, int]:
    """Keras's `3` and `(3, 3)` alike as (height, width)."""
    if isinstance(size, int):
        return size, size
    height, width = size
    return height, width


def as_pair(layer: Layer, **sizes: Any) -> None:
    """Store int, list or tuple fields as pairs, or raise naming the one that is neither."""
    for name, value in sizes.items():
        if not isinstance(value, int) and not (isinstance(value, (list, tuple)) and len(value) == 2):
            layer.fail(f"{name}={value!r} must be one whole number or two (height, width)")
        sizes[name] = (value, value) if isinstance(value, int) else tuple(value)
    layer.set(**sizes)


def sliding(
    layer: Layer, size: tuple[int, int], extent: tuple[int, int], stride: tuple[int, int], padding: str
) -> tuple[int, int]:
    """Height and width that a sliding window leaves: ceil(n / s) for "same", floor((n - k) / s) + 1 for "valid"."""
    if padding == "same":
        return -(-size[0] // stride[0]), -(-size[1] // stride[1])
    height = (size[0] - extent[0]) // stride[0] + 1
    width = (size[1] - extent[1]) // stride[1] + 1
    if height < 1 or width < 1:
        layer.fail(
            f"its window of {extent[0]}x{extent[1]} does not fit into an input of {size[0]}x{size[1]}; enlarge it"
        )
    return height, width


def same_pads(size: int, extent: int, stride: int, lower: bool = False) -> tuple[int, int]:
    """Cells before and behind a side of this size that `padding="same"` adds (tf.nn's own rule: the odd one behind).

    With `lower` the odd one stands before, as ONNX's SAME_LOWER has it. UNKNOWN both where the size is.
    """
    if size is UNKNOWN:
        return (UNKNOWN, UNKNOWN)
    cells = max((-(-size // stride) - 1) * stride + extent - size, 0)
    less = cells // 2
    return (cells - less, less) if lower else (less, cells - less)


@lru_cache  # of a network's kernels most are alike
def dilated(kernel_size: Size, dilation_rate: Size) -> tuple[int, int]:
    """Extent of a kernel with its gaps: d (k - 1) + 1."""
    kernel, dilation = pair(kernel_size), pair(dilation_rate)
    return dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1


def check_padding(layer: Layer, padding: str) -> None:
    if padding not in ("valid", "same"):
        layer.fail(f'padding={padding!r} must be "valid" or "same"')


def snake_case(name: str) -> str:
    """A class's name as Keras 3 spells it in layers' names: DepthwiseConv2D as depthwise_conv2d, PReLU as p_re_lu."""
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
