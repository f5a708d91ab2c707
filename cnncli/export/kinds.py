"""The kinds of files that can be written, and what each is allowed: how large, how far from the Keras model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cnncli.analysis.costs import BYTES_PER_WEIGHT
from cnncli.graph import Graph

Format = Literal["tflite", "saved_model", "keras"]

INPUT_NAME = "image"


@dataclass(frozen=True)
class Overhead:
    """Bytes that a file needs besides the weights: in all, a layer of the graph, and a channel of its convolutions."""

    fixed: int
    layer: int
    channel: int = 0


@dataclass(frozen=True)
class Limits:
    """What a file's outputs may differ by: see verification.compare for the two figures."""

    relative_difference: float
    cosine: float


@dataclass(frozen=True)
class Kind:
    """A kind of file; `name` is that of the format, or for TFLite that of --quantize."""

    name: str
    format: Format
    weight_dtype: str
    limits: Limits
    overhead: Overhead
    integer_outputs: bool = False
    """Whether a softmax has outputs in steps of 1/256, so that what it reads is compared instead."""

    @property
    def label(self) -> str:
        """What people call it: `TFLite int8`, `SavedModel`."""
        return {"tflite": f"TFLite {self.name}", "keras": "Keras file", "saved_model": "SavedModel"}[self.format]

    @property
    def suffix(self) -> str:
        return {"tflite": ".tflite", "keras": ".keras", "saved_model": ""}[self.format]

    @property
    def quantizes_activations(self) -> bool:
        return self.name in ("int8", "int8-io", "int16x8")

    def weight_bytes(self, graph: Graph) -> int:
        """All weights at this kind's width."""
        return BYTES_PER_WEIGHT[self.weight_dtype] * sum(node.params for node in graph.nodes)

    def kernel_bytes(self, graph: Graph) -> int:
        """What no file of this kind can do without: the kernels. Other weights may be folded into them."""
        kernels = sum(weight.size for node in graph.nodes for weight in node.weights if len(weight.shape) > 1)
        return BYTES_PER_WEIGHT[self.weight_dtype] * kernels

    def overhead_bytes(self, graph: Graph) -> int:
        channels = sum(node.shape[-1] for node in graph.nodes if node.macs)
        return self.overhead.fixed + self.overhead.layer * len(graph.nodes) + self.overhead.channel * channels


# Limits are set between right files and wrong ones, whose outputs have nothing to do with the Keras model's: a cosine
# about 0. They are no measure of accuracy. Worst of all networks at 64x64 with fresh weights, mostly of MobileNet V1,
# where nothing bridges the layers and an error grows with each: float32 4e-5 and 1.0000, float16 0.05 and 0.996,
# dynamic 0.3 and 0.83, int8 0.8 and 0.59, int16x8 0.5 and 0.72.
_EXACT = Limits(5e-3, 0.9999)
_INT8 = Limits(2, 0.3)

# Overheads fit the files written by TensorFlow 2.21 within 5% of their size. A channel of an int8 file has a bias of 4
# bytes and, for weights and bias each, a scale of 4 and a zero point of 8.
KINDS = (
    Kind("saved_model", "saved_model", "float32", _EXACT, Overhead(100_000, 8000)),
    Kind("keras", "keras", "float32", _EXACT, Overhead(100_000, 2000)),
    Kind("none", "tflite", "float32", _EXACT, Overhead(10_000, 200)),
    Kind("float16", "tflite", "float16", Limits(0.3, 0.97), Overhead(10_000, 300)),
    Kind("dynamic", "tflite", "int8", Limits(1, 0.6), Overhead(10_000, 300, 16)),
    Kind("int8", "tflite", "int8", _INT8, Overhead(10_000, 300, 28), integer_outputs=True),
    Kind("int8-io", "tflite", "int8", _INT8, Overhead(10_000, 300, 28), integer_outputs=True),
    Kind("int16x8", "tflite", "int8", Limits(1, 0.6), Overhead(10_000, 500, 32)),
)

BY_NAME = {kind.name: kind for kind in KINDS}
QUANTIZE = tuple(kind.name for kind in KINDS if kind.format == "tflite")
