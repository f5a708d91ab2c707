"""Operations that choose, move or repeat cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.graph import Layer
from cnncli.graph.layers import (
    Concatenate,
    Cropping1D,
    Cropping2D,
    DepthToSpace,
    Flatten,
    Moving,
    Pad,
    Reshape,
    Resizing,
    Slice,
    SpaceToDepth,
    UpSampling1D,
    UpSampling2D,
    ZeroPadding1D,
    ZeroPadding2D,
)
from cnncli.readers.torch_export.layout import TorchNetwork
from cnncli.readers.torch_export.operations.arguments import Writer, mover
from cnncli.readers.torch_export.program import Operation


def concatenation(network: TorchNetwork, operation: Operation) -> None:
    tensors, output = operation.get("tensors"), operation.outputs[0]
    model = next((value for value in tensors if not value.constant and value.rank == output.rank), tensors[0])
    values = [network.computed(value, model) for value in tensors if value.rank == output.rank]
    values = network.alike(values, operation)
    if len(values) == 1:
        network.alias(operation, values[0])
        return
    output.channels_first = values[0].channels_first
    dim = operation.get("dim", default=0)
    axis = network.axis(output, dim)
    last = axis == len(network.shape(output))
    layer = Concatenate(-1 if last else axis) if axis else None
    network.move(operation, layer, values, title="Concatenate", channels_first=output.channels_first)


def reshape(network: TorchNetwork, operation: Operation) -> None:
    """The same cells in another shape: no layer where the graph's shape stays."""
    source, output = operation.tensors[0], operation.outputs[0]
    kept = source.channels_first and output.rank >= 3 and output.sizes[:2] == source.sizes[:2]
    first = network.is_spatial(output) or kept or network.joins_pixels(source, output)
    output.channels_first = first
    target = network.shape(output)
    same_rank = source.rank == output.rank and source.channels_first == first
    if target == network.shape(source) and (same_rank or len(target) == 1) and source.shape == output.shape:
        network.alias(operation, source, layout=first)
        return
    layer: Layer = Flatten() if len(target) == 1 else Reshape(target)
    network.move(operation, layer, [source], title="Reshape", channels_first=first)


def permutation(network: TorchNetwork, operation: Operation) -> None:
    source = operation.get("self")
    rank = source.rank
    order = list(range(rank))
    if operation.name == "permute":
        order = [dim % rank for dim in operation.get("dims")]
    elif operation.name in ("t", "numpy_T", "mT", "mH"):
        order[-2:] = reversed(order[-2:])
    elif operation.name == "movedim":
        return network.move(operation, None, [source], title="Transpose", channels_first=False)
    else:
        one, other = (operation.get(name) % rank for name in ("dim0", "dim1"))
        order[one], order[other] = order[other], order[one]
    network.transpose(operation, source, order)
    return None


def cut(network: TorchNetwork, operation: Operation) -> None:
    """slice and narrow: a part along one axis; all of it is no layer."""
    source, output = operation.tensors[0], operation.outputs[0]
    if source.shape == output.shape and UNKNOWN not in source.sizes:
        network.alias(operation, source)
        return
    output.channels_first = source.channels_first
    axis = network.axis(source, operation.get("dim", default=0))
    begin, step = operation.get("start", default=0), operation.get("step", default=1)
    rank = len(network.shape(source))
    if axis < 1 or not isinstance(begin, int):
        network.move(operation, None, [source], title="Slice")
        return
    begins, steps = [0] * rank, [1] * rank
    begins[axis - 1], steps[axis - 1] = begin, step
    layer = Slice(shape=network.shape(output), begin=tuple(begins), strides=tuple(steps))
    network.move(operation, layer, [source])


def several_parts(network: TorchNetwork, operation: Operation) -> None:
    """split, chunk, unbind: parts of a tensor, each an output."""
    source = operation.tensors[0]
    for output in operation.outputs:
        output.channels_first = source.channels_first and output.rank == source.rank
    network.several(operation, Moving("Split", network.shape(operation.outputs[0])), [source])


def repetition(network: TorchNetwork, operation: Operation) -> None:
    """expand and repeat; no layer where nothing is repeated."""
    source, output = operation.tensors[0], operation.outputs[0]
    if source.shape == output.shape:
        network.alias(operation, source)
        return
    network.move(operation, None, [source], title="BroadcastTo" if operation.name == "expand" else "Tile")


def padding(network: TorchNetwork, operation: Operation) -> None:
    """Cells at both ends, written from the last axis to the first."""
    source, output = operation.get("self"), operation.outputs[0]
    cells = list(operation.get("pad", "padding"))
    mode, value = operation.get("mode", default="constant"), operation.get("value", default=0)
    mode = "reflect" if "reflection" in operation.name else "replicate" if "replication" in operation.name else mode
    ends: Any = [tuple(cells[place : place + 2]) for place in range(0, len(cells), 2)][::-1]
    output.channels_first = source.channels_first
    is_map = source.channels_first and len(ends) <= source.rank - 2
    ends = [(0, 0)] * (source.rank - 2 - len(ends)) + ends if is_map else ends
    layer: Layer | None = None
    is_constant = mode == "constant" and not value and all(isinstance(cell, int) for end in ends for cell in end)
    if is_map and is_constant and len(ends) in (1, 2):
        if all(cell >= 0 for end in ends for cell in end):
            layer = ZeroPadding2D(tuple(ends)) if len(ends) == 2 else ZeroPadding1D(ends[0])
        elif all(cell <= 0 for end in ends for cell in end):
            cut_off: Any = tuple((-before, -after) for before, after in ends)
            layer = Cropping2D(cut_off) if len(ends) == 2 else Cropping1D(cut_off[0])
    if layer is None:
        around = (*ends, (0, 0)) if is_map else tuple(ends)
        layer = Pad(shape=network.shape(output), paddings=around, mode=mode)
    network.move(operation, layer, [source], title="Pad")


def resizing(network: TorchNetwork, operation: Operation) -> None:
    source, output = operation.tensors[0], operation.outputs[0]
    source = network.in_layout(source, True, operation)
    name = operation.name
    method = "nearest" if "nearest" in name else "bicubic" if "bicubic" in name else "bilinear"
    before, after = source.sizes[2:], output.sizes[2:]
    scales = operation.get("scale_factors") or [operation.get("scales_h", "scales"), operation.get("scales_w")]
    factors: list[Any] = []
    for number, (small, large) in enumerate(zip(before, after, strict=True)):
        if small is UNKNOWN or large is UNKNOWN:
            found = scales[number] if number < len(scales) else None
            factors.append(int(found) if found and float(found).is_integer() else None)
        else:
            factors.append(large // small if large % small == 0 else None)
    if len(factors) == 1 and factors[0] and method == "nearest":
        layer: Layer | None = UpSampling1D(factors[0])
    elif len(factors) != 2:
        layer = None
    elif all(factors):
        layer = UpSampling2D(tuple(factors), method)
    else:
        layer = Resizing(after[0], after[1], method)
    network.move(operation, layer, [source], title="Resize", channels_first=True)


def _block(make: Callable[[int, str], Layer], argument: str) -> Callable[[TorchNetwork, Operation], Layer]:
    return lambda _, operation: make(operation.get(argument), "CRD")


def _movements() -> dict[str, Writer]:
    return {
        **dict.fromkeys(("cat", "concat", "concatenate"), concatenation),
        **dict.fromkeys((
            "flatten", "view", "reshape", "_unsafe_view", "unsqueeze", "squeeze", "unflatten", "view_copy",
            "_reshape_alias", "reshape_as", "view_as", "unsqueeze_copy", "squeeze_copy",
        ), reshape),
        **dict.fromkeys(("permute", "transpose", "t", "numpy_T", "mT", "movedim", "swapaxes"), permutation),
        **dict.fromkeys(("slice", "narrow", "slice_copy"), cut),
        "select": mover("Slice"), "select_copy": mover("Slice"),
        **dict.fromkeys(("split", "split_with_sizes", "chunk", "unbind", "tensor_split", "unsafe_chunk",
                         "unsafe_split", "split_with_sizes_copy"), several_parts),
        **dict.fromkeys(("expand", "repeat", "tile", "expand_as", "repeat_interleave", "expand_copy"), repetition),
        **dict.fromkeys(("index", "index_select", "gather", "take_along_dim", "index_put", "scatter", "slice_scatter",
                         "select_scatter", "masked_select"), mover("Gather")),
        "stack": mover("Stack"), "roll": mover("Roll"), "flip": mover("Reverse"), "im2col": mover("Unfold"),
        "unfold": mover("Unfold"), "tril": mover("BandPart"), "triu": mover("BandPart"),
        "diagonal": mover("DiagPart"), "channel_shuffle": mover("ChannelShuffle"),
        "pixel_shuffle": mover("DepthToSpace", _block(DepthToSpace, "upscale_factor")),
        "pixel_unshuffle": mover("SpaceToDepth", _block(SpaceToDepth, "downscale_factor")),
        **dict.fromkeys(("pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "replication_pad1d",
                         "replication_pad2d"), padding),
        **dict.fromkeys((
            "upsample_nearest1d", "upsample_nearest2d", "_upsample_nearest_exact2d", "upsample_bilinear2d",
            "upsample_bicubic2d", "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa", "upsample_linear1d",
        ), resizing),
        **dict.fromkeys(("zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full"),
                        mover("Fill")),
        **dict.fromkeys(("topk", "sort", "argsort"), mover("Sort")),
    }  # fmt: skip


WRITERS = _movements()
