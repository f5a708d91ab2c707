"""The figures of a network: one table.

Columns, footers, JSON, comparisons, budgets and their options, locks, labels and heat are read from it. A new figure is
an entry here and the function that computes it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from math import prod
from operator import attrgetter
from typing import Any

from cnncli.amounts import is_known, total
from cnncli.analysis.deployment import deployment
from cnncli.analysis.depth import convolution_depth
from cnncli.analysis.metric import AS_DEPLOYED, EVERYWHERE, About, Budget, Metric, Place, Unit
from cnncli.analysis.receptive_field import receptive_field
from cnncli.deployed.plan import FLOAT32, INT8, INT8_IO, KINDS
from cnncli.graph import Graph, Node
from cnncli.graph.dtypes import FULL, in_bytes
from cnncli.graph.roles import KERNELS


def _activations(node: Node) -> Any:
    return prod(node.shape) if node.role in KERNELS else 0


BYTES_PER_WEIGHT = {FULL: 4, "float16": 2, "int8": 1}


def tflite_bytes(graph: Graph, kind: str = FLOAT32) -> Any:
    return deployment(graph, kind).tflite_bytes(graph)


def peak_activation_bytes(graph: Graph, kind: str = FLOAT32) -> Any:
    """Largest sum of live tensors in bytes, for one example; AtLeast where a size is unknown."""
    return deployment(graph, kind).peak.bytes


def arena_bytes(graph: Graph, kind: str = INT8_IO) -> Any:
    """UNKNOWN of what TensorFlow Lite Micro does not run."""
    return deployment(graph, kind).arena_bytes


def weight_bytes(graph: Graph) -> dict[str, Any]:
    params = total(node.params for node in graph.nodes)
    return {dtype: params * size for dtype, size in BYTES_PER_WEIGHT.items()}


def stored_weight_bytes(graph: Graph) -> dict[str, Any]:
    """By type, the largest first; what is of no known size is UNKNOWN."""
    if all(node.given is None for node in graph.nodes):  # as the registry's, which are float32
        return {FULL: 4 * total(node.params for node in graph.nodes)}
    sizes: dict[str, list[Any]] = {}
    for node in graph.nodes:
        for weight in node.own_weights:
            sizes.setdefault(weight.dtype, []).append(weight.size)
    found = {dtype: in_bytes(total(counts), dtype) for dtype, counts in sizes.items()}
    return dict(sorted(found.items(), key=lambda item: is_known(item[1]) and -item[1]))


METRICS: tuple[Metric, ...] = (
    Metric(
        "params",
        "Params",
        About.WEIGHTS,
        "all weights; trainable_params are those that training changes, non_trainable_params the statistics of "
        "batch normalization and of Normalization",
        layer=attrgetter("params"),
        share_behind="non_trainable_params",
        main=True,
        noun="parameters",
        behind="params",
        parts=("trainable_params", "non_trainable_params"),
        budget=Budget("max-params", "All weights, such as 5M.", "params"),
    ),
    Metric(
        "trainable_params",
        "Trainable",
        About.WEIGHTS,
        layer=attrgetter("trainable_params"),
        budget=Budget("max-trainable-params", "Weights that training changes.", "trainable params"),
        places=EVERYWHERE - {Place.HEAT, Place.LINE},
    ),
    Metric(
        "non_trainable_params",
        "Non-trainable",
        About.WEIGHTS,
        layer=lambda node: node.params - node.trainable_params,
        budget=Budget("max-non-trainable-params", "Weights that training does not change.", "non-trainable params"),
        places=frozenset({Place.COLUMN, Place.DATA, Place.COMPARISON}),
    ),
    Metric(
        "params_without_bn",
        "Without BN",
        About.WEIGHTS,
        "all weights but those of batch normalization, which runtimes fold into the kernels; MobileNetV2's paper and "
        "slim's tables quote these, EfficientNet's paper the trainable ones, Keras all",
        layer=lambda node: 0 if node.layer.normalizes_batches else node.params,
        budget=Budget(
            "max-params-without-bn",
            "Weights but those of batch normalization, as MobileNetV2's paper counts.",
            "params without batch normalization",
        ),
        places=frozenset({Place.COLUMN, Place.DATA, Place.LINE, Place.BUDGET}),
    ),
    Metric(
        "macs",
        "MACs",
        About.WORK,
        "multiply-accumulates of one example at inference in convolutions and dense layers, without bias, "
        "normalization, activation, pooling and elementwise operations",
        layer=attrgetter("macs"),
        share_behind="macs",
        main=True,
        budget=Budget("max-macs", "Multiply-accumulates of one image, such as 300M.", "MACs"),
    ),
    Metric(
        "flops",
        "FLOPs",
        About.WORK,
        "float operations of one example that TensorFlow's profiler counts in the frozen inference graph",
        layer=attrgetter("flops"),
        budget=Budget("max-flops", "Float operations of one image.", "FLOPs"),
        places=EVERYWHERE - {Place.HEAT},
    ),
    Metric(
        "activations",
        "Activations",
        About.MEMORY,
        layer=_activations,
        behind="activations",
        noun="activations, what convolutions and dense layers put out",
        budget=Budget("max-activations", "Numbers that convolutions and dense layers put out.", "activations"),
        places=frozenset({Place.LABEL, Place.HEAT, Place.BUDGET}),
    ),
    Metric(
        "weight_bytes",
        "Weights",
        About.WEIGHTS,
        "all weights at 4, 2 or 1 bytes each",
        Unit.BYTES,
        network=weight_bytes,
        figure=lambda value: value[FULL],
        stored="stored_weight_bytes",
        budget=Budget(
            "max-weight-bytes",
            "All weights, such as 20MB: in float32, of a file in the types that they have there.",
            "bytes of weights",
        ),
        places=EVERYWHERE - {Place.LOCK},
    ),
    Metric(
        "stored_weight_bytes",
        "Stored",
        About.WEIGHTS,
        "all weights in the types that they have, in a quantized file those of its integers",
        Unit.BYTES,
        network=stored_weight_bytes,
        figure=lambda value: total(value.values()),
        places=frozenset(),
    ),
    Metric(
        "tflite_bytes",
        "TFLite file",
        About.WEIGHTS,
        "the .tflite file that `export` writes, predicted: weights with batch normalization folded into the kernels, "
        "and what it says of operations, tensors and scales; in float32 unless another kind is named, of a .tflite "
        "file the size that it has",
        Unit.BYTES,
        by_kind=tflite_bytes,
        kinds=(FLOAT32, INT8),
        budget=Budget("max-tflite-bytes", "The .tflite file, such as 6MB, of the kind of --dtype.", "bytes of file"),
        places=AS_DEPLOYED,
    ),
    Metric(
        "peak_activation_bytes",
        "Peak activation",
        About.MEMORY,
        "largest sum of live tensors at any operation of inference, batch 1, in the order of the file, as TFLite "
        "computes the network: batch normalization, relu and relu6 are within their convolution; every other "
        "activation writes a tensor, silu a further one (x, sigmoid(x) and their product), and so does padding that "
        "padding='same' would not make; in float32 unless another kind is named, of a .tflite file as it is",
        Unit.BYTES,
        by_kind=peak_activation_bytes,
        kinds=(FLOAT32,),
        main=True,
        budget=Budget(
            "max-peak-activation",
            "Most memory of tensors at once, such as 4MiB, of the kind of --dtype.",
            "bytes of activations",
        ),
        places=AS_DEPLOYED,
    ),
    Metric(
        "arena_bytes",
        "Arena",
        About.MEMORY,
        "where TensorFlow Lite Micro lays out these tensors, each at a multiple of 16 bytes (its greedy memory "
        "planner), without what it keeps behind them for as long as the network is loaded; in int8 with int8 ends "
        "(int8-io) unless another kind is named, of a .tflite file as it is",
        Unit.BYTES,
        by_kind=arena_bytes,
        kinds=(INT8_IO,),
        budget=Budget(
            "max-arena",
            "TensorFlow Lite Micro's memory for tensors, such as 256KiB, of the kind of --dtype, else int8-io.",
            "bytes of arena",
        ),
        places=AS_DEPLOYED,
    ),
    Metric(
        "receptive_field",
        "Receptive field",
        About.VIEW,
        "pixels of the input (height, width) that one cell of the last feature map sees through "
        "convolutions and pooling windows; squeeze-and-excitation, which sees all, is left out",
        Unit.PIXELS,
        network=receptive_field,
        better=0,
        places=frozenset({Place.LINE, Place.DATA, Place.COMPARISON}),
    ),
    Metric(
        "layers",
        "Layers",
        About.STRUCTURE,
        layer=lambda _: 1,
        better=0,
        noun="layers",
        budget=Budget("max-layers", "Layers of the network, as `summary` counts them.", "layers"),
        places=EVERYWHERE - {Place.HEAT, Place.CHANGE, Place.LINE},
        row_key="layers_folded",
    ),
    Metric(
        "depth",
        "Depth",
        About.STRUCTURE,
        network=convolution_depth,
        better=0,
        budget=Budget("max-depth", "Convolutions in a row.", "convolutions in a row"),
        places=frozenset({Place.COMPARISON, Place.BUDGET}),
    ),
)


_COUNTS = {each.key: each.layer for each in METRICS if each.layer is not None}
"""What a layer adds to the figures that add up."""

OF_PAPERS = "Papers' FLOPS and Mult-Adds are the MACs here; FLOPs count every operation."
"""What two words that stand side by side mean elsewhere."""


def metrics(place: Place, *, additive: bool | None = None) -> list[Metric]:
    """The metrics that are told at a place, in the table's order; only those that add up, or not, if asked for."""
    return [*_told(place, additive)]


@cache
def _told(place: Place, additive: bool | None) -> tuple[Metric, ...]:
    return tuple(each for each in METRICS if place in each.places and (additive is None or each.additive is additive))


def figures(place: Place) -> list[Metric]:
    """As `metrics`, a figure for each kind of those that differ by what a network is deployed as."""
    return [figure for each in metrics(place) for figure in each.told]


@cache
def _by_key() -> dict[str, Metric]:
    """Every figure, of those that differ by kind each kind's too."""
    of_kinds = [each.of(kind) for each in METRICS if each.by_kind for kind in KINDS]
    return {each.key: each for each in (*of_kinds, *METRICS)}


def metric(key: str) -> Metric:
    """Raises KeyError for a key that no figure has."""
    return _by_key()[key]


def stored(told: Metric) -> Metric:
    """What is really held, of bytes that are counted in a type which a file may have replaced."""
    return metric(told.stored) if told.stored else told


def conventions() -> dict[str, str]:
    """What each figure counts, by its key."""
    return {each.key: each.convention for each in metrics(Place.DATA) if each.convention}


class Totals(Mapping[str, Any]):
    """Every figure of a graph by its key, also as an attribute; each is computed when it is first asked for."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._values: dict[str, Any] = {}

    def __getitem__(self, key: str) -> Any:
        if key not in self._values:
            self._values[key] = metric(key).total(self._graph)
        return self._values[key]

    def __getattr__(self, key: str) -> Any:
        if key.startswith("_"):
            raise AttributeError(key)
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None

    def __iter__(self) -> Iterator[str]:
        return iter([each.key for each in METRICS])

    def __len__(self) -> int:
        return len(METRICS)

    @property
    def graph(self) -> Graph:
        return self._graph

    def uncounted(self) -> list[Node]:
        """The layers of which some figure is unknown, in order."""
        counts = [each.layer for each in METRICS if each.layer is not None and not is_known(self[each.key])]
        return [node for node in self._graph.nodes if not all(is_known(count(node)) for count in counts)]


def amounts(nodes: Sequence[Node], place: Place | None = None) -> dict[str, Any]:
    """The figures that add up, over some layers, by their keys; only those that are told at a place, if one is given.

    UNKNOWN or AtLeast where some layer's is unknown.
    """
    told = _COUNTS if place is None else {each.key: each.layer for each in metrics(place) if each.layer is not None}
    return {key: total(map(count, nodes)) for key, count in told.items()}
