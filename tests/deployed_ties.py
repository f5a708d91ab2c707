"""Small functions of a picture of 8x8x4 whose operations tie ranges together, and what the converter makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

SIZE = (1, 8, 8, 4)


class Kit:
    """What the functions are made of; its kernels are drawn anew for each."""

    def __init__(self) -> None:
        import numpy
        import tensorflow

        self.tf: Any = tensorflow
        self._generator = numpy.random.default_rng(0)

    def numbers(self, *shape: int) -> Any:
        """A constant, none of whose numbers are 0 or 1."""
        return self.tf.constant(self._generator.uniform(0.5, 0.9, shape).astype("float32"))

    def conv(self, x: Any, channels: int = 4) -> Any:
        kernel = self._generator.normal(size=(3, 3, x.shape[-1], channels)).astype("float32")
        return self.tf.nn.bias_add(self.tf.nn.conv2d(x, kernel, 1, "SAME"), self.numbers(channels))

    def join(self, *parts: Any) -> Any:
        return self.tf.concat(parts, -1)

    def pool(self, x: Any) -> Any:
        return self.tf.nn.max_pool2d(x, 2, 1, "SAME")

    def elu(self, x: Any) -> Any:
        """Which has no kernel of integers."""
        return self.tf.nn.elu(x)


Function = Callable[[Kit, Any], Any]


def in_two_joins(make: Function) -> Function:
    def function(kit: Kit, x: Any) -> Any:
        both = make(kit, kit.conv(x))
        one, other = kit.join(both, kit.conv(x)), kit.join(both, kit.conv(kit.conv(x)))
        return kit.conv(one) + kit.conv(other)

    return function


def _joined(make: Function, *, read_besides: bool = False) -> Function:
    def function(kit: Kit, x: Any) -> Any:
        made = make(kit, kit.conv(x))
        joined = kit.conv(kit.join(made, kit.conv(x)))
        return joined + kit.conv(made) if read_besides else joined

    return function


def _between(make: Function) -> Function:
    return lambda kit, x: kit.conv(make(kit, kit.conv(x)))


FUNCTIONS: dict[str, Function] = {
    "in two joins": in_two_joins(lambda kit, x: x),
    "floats in two joins": in_two_joins(Kit.elu),
    "a pool in two joins": in_two_joins(Kit.pool),
    "a fixed range joined": _joined(lambda kit, x: kit.tf.tanh(x)),
    "a fixed range joined and read": _joined(lambda kit, x: kit.tf.tanh(x), read_besides=True),
    "a pooled fixed range joined": _joined(lambda kit, x: kit.pool(kit.tf.sigmoid(x))),
    "fixed ranges joined": lambda kit, x: kit.conv(kit.join(kit.tf.tanh(kit.conv(x)), kit.tf.sigmoid(kit.conv(x)))),
    "floats joined": _joined(Kit.elu),
    "floats joined and read": _joined(Kit.elu, read_besides=True),
    "pooled floats joined": _joined(lambda kit, x: kit.pool(kit.elu(x))),
    "a join joined": _joined(lambda kit, x: kit.join(x, kit.conv(x)), read_besides=True),
    "a join pooled and joined": _joined(lambda kit, x: kit.pool(kit.join(x, kit.conv(x)))),
    "a maximum joined": _joined(lambda kit, x: kit.tf.maximum(x, kit.numbers(4))),
    "a resized map joined": _joined(lambda kit, x: kit.tf.image.resize(x[:, ::2], (8, 8))),
    "the input joined": lambda kit, x: kit.conv(kit.join(x, kit.conv(x))),
    "the input in two joins": lambda kit, x: kit.conv(kit.join(x, kit.conv(x))) + kit.conv(kit.join(kit.conv(x), x)),
    "the input pooled": lambda kit, x: kit.conv(kit.pool(x)),
    "the input in floats": lambda kit, x: kit.conv(kit.elu(x)),
    "the input in floats too": lambda kit, x: kit.conv(kit.elu(x)) + kit.conv(x),
    "nothing but floats": lambda kit, x: kit.elu(x),
    "nothing but a pool": lambda kit, x: kit.pool(x),
    "an end of floats": lambda kit, x: kit.elu(kit.conv(x)),
    "an end of pooled floats": lambda kit, x: kit.pool(kit.elu(kit.conv(x))),
    "an end of a join": lambda kit, x: kit.join(kit.tf.tanh(kit.conv(x)), kit.conv(kit.conv(x))),
    "an end of a fixed range": lambda kit, x: kit.tf.reshape(kit.tf.nn.softmax(kit.conv(x)), (1, -1)),
    "floats twice": _between(lambda kit, x: kit.elu(kit.elu(x))),
    "floats read as integers and floats": _between(lambda kit, x: kit.elu(kit.elu(x)) + kit.elu(x)),
    "integers read as integers and floats": _between(lambda kit, x: kit.elu(x) + kit.tf.square(x) + x),
    "a pool of floats": _between(lambda kit, x: kit.elu(kit.pool(kit.elu(x)))),
    "clipped": _between(lambda kit, x: kit.tf.clip_by_value(x, -0.5, 0.7)),
    "padded with a number": _between(
        lambda kit, x: kit.tf.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-1)
    ),
    "a maximum of two": _between(lambda kit, x: kit.tf.maximum(x, kit.conv(x))),
    "a choice": _between(lambda kit, x: kit.tf.where(x > 0, x, x * 0.5)),
    "truths as numbers": _between(lambda kit, x: kit.tf.cast(x > 0, kit.tf.float32)),
    "times itself": _between(lambda kit, x: x * x),
    "joined with itself": _between(lambda kit, x: kit.join(x, x)),
    "split": _between(lambda kit, x: kit.join(*kit.tf.split(x, 2, -1)[::-1])),
    "shuffled": _between(
        lambda kit, x: kit.tf.reshape(kit.tf.transpose(kit.tf.reshape(x, (1, 8, 8, 2, 2)), (0, 1, 2, 4, 3)), SIZE)
    ),
    "the largest": _between(lambda kit, x: kit.tf.math.top_k(x, 4)[0]),
    "gated": _between(lambda kit, x: x * kit.tf.sigmoid(kit.tf.reduce_mean(x, (1, 2), keepdims=True))),
    "normalized": _between(
        lambda kit, x: x * kit.tf.math.rsqrt(kit.tf.reduce_mean(x * x, -1, keepdims=True) + kit.numbers(1))
    ),
    "large kernels": lambda kit, x: kit.tf.nn.conv2d_transpose(
        kit.conv(x, 64), kit.numbers(3, 3, 8, 64), (1, 16, 16, 8), 2
    ),
    "large tables": lambda kit, x: kit.tf.gather(kit.numbers(64, 32), kit.tf.argmax(x, -1)) * kit.numbers(32),
    "a large constant": lambda kit, x: kit.tf.reshape(x, (1, 256, 1)) * kit.numbers(1, 256, 8),
    "a kernel in three dimensions": lambda kit, x: kit.tf.nn.conv3d(
        x[:, None], kit.numbers(3, 3, 3, 4, 16), (1,) * 5, "SAME"
    ),
    "a product of matrices": lambda kit, x: kit.tf.matmul(kit.tf.reshape(x, (1, 4, 64)), kit.numbers(1, 64, 32)),
    "dense layers": lambda kit, x: kit.tf.matmul(
        kit.tf.nn.relu(kit.tf.matmul(kit.tf.reshape(x, (1, 256)), kit.numbers(256, 32)) + kit.numbers(32)),
        kit.numbers(32, 10),
    ),
    "depthwise": lambda kit, x: kit.tf.nn.depthwise_conv2d(
        kit.conv(x, 128), kit.numbers(3, 3, 128, 1), (1,) * 4, "SAME"
    ),
}  # fmt: skip


def files(function: Function, kinds: Iterable[str]) -> Iterator[bytes]:
    """What the converter makes of a function, of kinds of --quantize."""
    import numpy
    import tensorflow

    from cnncli.export.formats.conversion import convert

    kit = Kit()
    given = tensorflow.TensorSpec(SIZE, tensorflow.float32, name="image")
    traced = tensorflow.function(lambda image: function(kit, image), autograph=False).get_concrete_function(given)
    pictures = numpy.random.default_rng(1).uniform(-1, 1, (2, *SIZE)).astype("float32")
    for kind in kinds:
        yield convert(traced, kind, lambda: iter(pictures))
