"""Layers that move cells: parts of a tensor, cells around it, blocks of cells as channels."""

from __future__ import annotations

from typing import Any

from cnncli.graph import UNKNOWN, Node
from cnncli.keras_model.composed.making import Choose, Composed, is_known, named, options


def _of_slice(node: Node) -> Composed | None:
    """Of some channels a cropping; of any other part with known ends a slice along each axis."""
    layer, (before, *_) = options(node), node.input_shapes
    strides = layer.strides or (1,) * len(layer.begin)
    if not len(layer.begin) == len(strides) == len(before) == len(node.shape):
        return None
    if _is_of_channels(node, strides):
        return _channels
    along = zip(layer.begin, strides, node.shape, before, strict=True)
    return _part if all(_has_ends(*each) for each in along) else None


def _is_of_channels(node: Node, strides: tuple[int, ...]) -> bool:
    """Whether height and width stay whole, whatever they are, and neighbouring channels are taken."""
    begin, before = options(node).begin, node.input_shapes[0]
    whole = len(node.shape) == 3 and node.shape[:2] == before[:2] and is_known(before[-1:], node.shape[-1:])
    return whole and all(stride == 1 for stride in strides) and not any(begin[:-1])


def _has_ends(begin: Any, stride: Any, count: Any, size: Any) -> bool:
    """Whether it is known which cells are taken along an axis; all of an open size are."""
    if UNKNOWN in (begin, stride) or begin < 0 or stride < 1:
        return False
    return is_known((count,)) or (size is UNKNOWN and not begin and stride == 1)


def _channels(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """The last axis is cropped as the width of a map whose rows pass as the channels."""
    first, channels = options(node).begin[-1], node.input_shapes[0][-1]
    cropping = ((0, 0), (first, channels - first - node.shape[-1]))
    return keras.layers.Cropping2D(cropping, data_format="channels_first", name=node.name)(inputs[0])


def _part(keras: Any, node: Node, inputs: list[Any]) -> Any:
    layer = options(node)
    strides = layer.strides or (1,) * len(layer.begin)
    along = zip(layer.begin, strides, node.shape, strict=True)
    taken = [_taken(begin, stride, count) for begin, stride, count in along]
    whole: Any = (slice(None), *taken)
    return named(keras, node, inputs[0][whole])


def _taken(begin: int, stride: int, count: Any) -> slice:
    return slice(None) if count is UNKNOWN else slice(begin, begin + (count - 1) * stride + 1, stride)


_MODES = ("constant", "reflect", "symmetric")


def _of_pad(node: Node) -> Composed | None:
    layer = options(node)
    sides = layer.paddings
    fits = len(sides) == len(node.shape) == len(node.input_shapes[0]) and is_known(*sides)
    if not fits or layer.mode not in _MODES or any(cells < 0 for side in sides for cells in side):
        return None
    return None if layer.mode == "constant" and layer.value is None else _padded


def _padded(keras: Any, node: Node, inputs: list[Any]) -> Any:
    layer, (x,) = options(node), inputs
    sides = [(0, 0), *layer.paddings]
    value = {}
    if layer.mode == "constant":
        before, behind = sides.pop()
        x, value = _with_channels(keras, x, before, behind, layer.value), {"constant_values": layer.value}
        sides.append((0, 0))
    if any(map(any, sides)):
        x = keras.ops.pad(x, sides, layer.mode, **value)
    return named(keras, node, x)


def _with_channels(keras: Any, x: Any, before: int, behind: int, value: float) -> Any:
    """Channels of one value before and behind a tensor's own, put beside these.

    TensorFlow 2.21 with oneDNN crashes where a padded tensor is added to what a convolution gives.
    """
    ops = keras.ops
    one = ops.full_like(x[..., :1], value)
    beside = [ops.repeat(one, count, axis=-1) for count in (before, behind) if count]
    if not beside:
        return x
    return ops.concatenate([*(beside[:1] if before else ()), x, *(beside[-1:] if behind else ())], axis=-1)


def _of_blocks(make: Composed) -> Choose:
    """Where the order of the channels is known; DCR is TensorFlow's own."""

    def choose(node: Node) -> Composed | None:
        return make if options(node).mode in ("DCR", "CRD") and is_known(node.shape) else None

    return choose


def _depth_to_space(keras: Any, node: Node, inputs: list[Any]) -> Any:
    """Channels are cut into a block's rows, its columns and what is left, which are put beside the map's."""
    block, (height, width, channels) = options(node).block_size, node.input_shapes[0]
    left = channels // block**2
    first = options(node).mode == "DCR"
    cut = (-1, height, width, *((block, block, left) if first else (left, block, block)))
    order = (0, 1, 3, 2, 4, 5) if first else (0, 1, 4, 2, 5, 3)
    turned = keras.ops.transpose(keras.ops.reshape(inputs[0], cut), order)
    return keras.layers.Reshape(node.shape, name=node.name)(turned)


def _space_to_depth(keras: Any, node: Node, inputs: list[Any]) -> Any:
    block, (height, width, channels) = options(node).block_size, node.shape
    cut = keras.ops.reshape(inputs[0], (-1, height, block, width, block, channels // block**2))
    order = (0, 1, 3, 2, 4, 5) if options(node).mode == "DCR" else (0, 1, 3, 5, 2, 4)
    return keras.layers.Reshape(node.shape, name=node.name)(keras.ops.transpose(cut, order))


COMPOSED: dict[str, Choose] = {
    "DepthToSpace": _of_blocks(_depth_to_space),
    "Pad": _of_pad,
    "Slice": _of_slice,
    "SpaceToDepth": _of_blocks(_space_to_depth),
}
