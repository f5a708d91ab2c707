"""Which tensors of a program are maps whose channels stand behind the batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.readers.torch_export.operations.activations import WRITERS as ACTIVATIONS
from cnncli.readers.torch_export.operations.cells import BINARY, UNARY

# Operations before which a tensor of three or more axes has its channels behind the batch, and those that leave the
_ON_MAPS = frozenset({
    "conv1d", "conv2d", "conv3d", "convolution", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "batch_norm", "instance_norm", "_native_batch_norm_legit_no_training", "_native_batch_norm_legit", "group_norm",
    "native_group_norm", "max_pool1d", "max_pool2d", "max_pool3d", "max_pool2d_with_indices",
    "max_pool3d_with_indices", "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
    "_adaptive_avg_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d", "pixel_shuffle", "pixel_unshuffle",
    "upsample_nearest1d", "upsample_nearest2d", "_upsample_nearest_exact2d", "upsample_bilinear2d",
    "upsample_bicubic2d", "channel_shuffle", "prelu", "im2col", "grid_sampler", "grid_sampler_2d",
})  # fmt: skip


_KEEPING = frozenset({
    *ACTIVATIONS, *UNARY, *BINARY, "cat", "slice", "narrow", "split", "split_with_sizes", "chunk", "pad",
    "constant_pad_nd", "clone", "contiguous", "detach", "alias", "dropout", "to", "_to_copy", "where", "roll", "flip",
    "quantize_per_tensor", "dequantize_per_tensor", "quantize_per_channel", "dequantize_per_channel", "expand",
    "lift_fresh_copy", "reflection_pad2d", "replication_pad2d", "addcmul", "feature_dropout", "native_dropout",
}) - {"prelu", "softmax", "_softmax", "log_softmax", "_log_softmax"}  # fmt: skip


def spatial_tensors(graph: Mapping[str, Any]) -> frozenset[str]:
    """The tensors that reach an operation on maps through operations that keep the layout."""
    found: set[str] = set()
    for node in reversed(graph["nodes"]):
        name = _short(str(node["target"]))
        names = [each for argument in node["inputs"] for each in _tensors(argument["arg"])]
        if name in _ON_MAPS:
            found.update(names[:1])
        elif name in _KEEPING and any(each in found for output in node["outputs"] for each in _tensors(output)):
            found.update(names)
        elif "higher_order.wrap_" in str(node["target"]):
            found.update(_through(node, found))
    return frozenset(found)


def _through(node: Mapping[str, Any], found: set[str]) -> list[str]:
    """The inputs of a function that is read as if it stood there, which are maps within."""
    graphs = [each["arg"]["as_graph"]["graph"] for each in node["inputs"] if "as_graph" in each["arg"]]
    passed = [name for each in node["inputs"] for name in _tensors(each["arg"])]
    if len(graphs) != 1:
        return []
    inner = spatial_tensors(graphs[0])
    found.update(inner)
    wanted = [name for each in graphs[0]["inputs"] for name in _tensors(each)]
    return [outer for outer, name in zip(passed, wanted, strict=False) if name in inner]


def _tensors(argument: Mapping[str, Any]) -> list[str]:
    if "as_tensor" in argument:
        return [argument["as_tensor"]["name"]]
    return [each["name"] for each in argument.get("as_tensors", ())]


def _short(target: str) -> str:
    parts = target.split(".")
    name = parts[3] if parts[:2] == ["torch", "ops"] and len(parts) > 3 else parts[-1]
    return name.rstrip("_") if not name.endswith("__") and len(name) > 1 else name
