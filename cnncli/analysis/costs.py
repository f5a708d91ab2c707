"""The totals of a network, and the conventions by which they are counted."""

from __future__ import annotations

from dataclasses import dataclass

from cnncli.analysis.memory import peak_activation_bytes
from cnncli.analysis.receptive_field import receptive_field
from cnncli.graph import Graph

BYTES_PER_WEIGHT = {"float32": 4, "float16": 2, "int8": 1}

CONVENTIONS = {
    "params": "all weights; trainable_params are those that training changes, non_trainable_params the statistics of "
    "batch normalization and of Normalization",
    "macs": "multiply-accumulates of one example at inference in convolutions and dense layers, without bias, "
    "normalization, activation, pooling and elementwise operations",
    "flops": "float operations of one example that TensorFlow's profiler counts in the frozen inference graph",
    "weight_bytes": "all weights at 4, 2 or 1 bytes each",
    "peak_activation_bytes": "largest sum of live tensors at any step of inference, float32, batch 1, in graph order; "
    "batch normalization, activation and padding are folded into their convolution, reshapes and dropout are free",
    "receptive_field": "pixels of the input (height, width) that one cell of the last feature map sees through "
    "convolutions and pooling windows; squeeze-and-excitation, which sees all, is left out",
}


@dataclass(frozen=True)
class Totals:
    """Sums over a graph, each counted as CONVENTIONS says. `receptive_field` is None where there is no feature map."""

    layers: int
    params: int
    trainable_params: int
    macs: int
    flops: int
    peak_activation_bytes: int
    receptive_field: tuple[int, int] | None

    @property
    def non_trainable_params(self) -> int:
        return self.params - self.trainable_params

    @property
    def weight_bytes(self) -> dict[str, int]:
        return {dtype: self.params * size for dtype, size in BYTES_PER_WEIGHT.items()}


def totals(graph: Graph) -> Totals:
    nodes = graph.nodes
    return Totals(
        layers=len(nodes),
        params=sum(node.params for node in nodes),
        trainable_params=sum(node.trainable_params for node in nodes),
        macs=sum(node.macs for node in nodes),
        flops=sum(node.flops for node in nodes),
        peak_activation_bytes=peak_activation_bytes(graph),
        receptive_field=receptive_field(graph),
    )
