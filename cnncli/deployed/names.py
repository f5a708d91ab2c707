"""How long the names are that TFLite's converter gives to tensors.

They are those of the layers that an operation computes, with what each is within TensorFlow, `MODEL_1/pool_1/Mean`. Of
a convolution with all that is fused into it they are `MODEL_1/activation_1/Relu;MODEL_1/bn_1/batchnorm/add_1;
MODEL_1/conv_1/convolution;MODEL_1/bn_1/batchnorm/sub` for its bias, and one more character for its output.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

from cnncli.deployed.plan import Operation, Plan
from cnncli.graph import Graph, Node
from cnncli.graph.roles import KERNELS, Role

# What an operation is within a layer, where TensorFlow's word is of another length.
_WORDS = {
    "ADD": ("Add",), "AVERAGE_POOL_2D": ("AvgPool",), "CONCATENATION": ("concat",),
    "GELU": ("Gelu/mul_2", "Gelu/mul", "Gelu/Neg", "Gelu/mul_1", "Gelu/Erfc"),
    "HARD_SWISH": ("mul", "Relu6", "add", "truediv"), "LEAKY_RELU": ("LeakyRelu",), "LOGISTIC": ("Sigmoid",),
    "MAX_POOL_2D": ("MaxPool2d",), "MUL": ("mul_1",), "SQUARED_DIFFERENCE": ("moments/SquaredDifference",),
    "RSQRT": ("Rsqrt",),
}  # fmt: skip
_FUNCTIONS = {
    "relu": ("Relu",), "relu6": ("Relu6",), "hard_sigmoid": ("Relu6", "add"), "hard_tanh": ("clip_by_value",),
}  # fmt: skip
_DEPTHWISE, _DENSE = "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"
_KERNEL = {"CONV_2D": "convolution", _DEPTHWISE: "depthwise", _DENSE: "MatMul"}
_OF_CONSTANT, _OF_CONVERSION, _OF_INPUT = len("arith.constant1"), len("tfl.quantize"), len("image")


class Named(NamedTuple):
    """How long the names are of what an operation gives, and of its constants as far as these have own ones."""

    output: int
    constants: list[int]
    is_biased: bool
    """Whether its bias is a layer's; else it is zeros, of which no layer knows."""


def namer(graph: Graph) -> Namer:
    """Of the operations of all plans of a graph: most are in each of its kinds."""
    return _NAMERS.setdefault(graph, Namer(graph))


def name_bytes(plan: Plan, graph: Graph) -> int:
    """Bytes of the names of all tensors and constants; each ends with a zero and is filled up to a whole word."""
    named = namer(graph).named
    unpacked = {each.writes[0]: each.constants[0] for each in plan.operations if _unpacks(each)}
    held = dict.fromkeys(range(len(plan.constants)), _OF_CONSTANT)
    computed = [_OF_INPUT] * len(plan.inputs)
    for operation in plan.operations:
        if not _unpacks(operation):
            constants = [unpacked[each] for each in operation.reads if each in unpacked] + [*operation.constants]
            found = named(operation, len(constants))
            computed += [found.output] * len(operation.writes)
            held.update(zip(constants, found.constants, strict=False))
    return sum(map(_filled, (*computed, *held.values(), *(held[constant] + 1 for constant in unpacked.values()))))


def _unpacks(operation: Operation) -> bool:
    """Whether it makes a constant of float16 one of float32."""
    return operation.type == "DEQUANTIZE" and bool(operation.constants)


def _filled(length: int) -> int:
    return -(-(length + 1) // 4) * 4


def kernel_of(nodes: Sequence[Node]) -> Node | None:
    """The layer whose kernel an operation computes with."""
    return next((node for node in nodes if node.role in KERNELS), None)


def _is_biased(operation: str, nodes: Sequence[Node]) -> bool:
    """Whether the bias of an operation with a kernel is a layer's.

    Of a separable convolution the first operation has none.
    """
    kernel = kernel_of(nodes)
    if kernel is None or (operation == _DEPTHWISE and _is_separable(kernel)):
        return kernel is None
    return getattr(kernel.layer, "use_bias", True) or any(node.role is Role.NORMALIZATION for node in nodes)


def _is_separable(node: Node) -> bool:
    """Whether it is two operations: one with a kernel for each channel, and one without a window."""
    return node.layer.between(*node.input_shapes) is not None


def _one_a_role(nodes: Sequence[Node]) -> list[Node]:
    """Of layers that were alike, and became one operation, the first names it."""
    if len(nodes) == 1:
        return [*nodes]
    first: dict[Role, Node] = {}
    for node in nodes:
        first.setdefault(node.role, node)
    return list(first.values())


class Namer:
    """What is worked out once of operations that are alike."""

    def __init__(self, graph: Graph) -> None:
        self._nodes = graph.nodes
        self._prefix = len(graph.name) + len("_1/")
        self._found: dict[tuple[str, tuple[int, ...], int], Named] = {}

    def named(self, operation: Operation, constants: int) -> Named:
        """The names of an operation that has so many constants."""
        key = operation.type, operation.nodes, constants
        found = self._found.get(key)
        if found is None:
            nodes = _one_a_role([self._nodes[number] for number in operation.nodes])
            is_biased = _is_biased(operation.type, nodes)
            found = self._found[key] = Named(*self._lengths(operation.type, nodes, constants, is_biased), is_biased)
        return found

    def _lengths(self, name: str, nodes: list[Node], constants: int, is_biased: bool) -> tuple[int, list[int]]:
        if name == "QUANTIZE" or not nodes:
            return _OF_CONVERSION, []
        if name not in _KERNEL:
            return self._of_layer(name, nodes, constants)
        kernel = kernel_of(nodes) or nodes[-1]
        own = self._kernel(name, kernel)
        if name == _DENSE:
            added = [self._in(kernel, "BiasAdd"), *self._functions(nodes)]
            return _joined([own, *added]), [own, _joined(added[-2:])][:constants]
        fused = [node for node in nodes if node.role is Role.NORMALIZATION]
        added = [self._in(kernel, word) for word in _BIAS] if is_biased and constants > 1 and not fused else []
        whole = _joined([own, *self._fused(name, nodes), *added, *self._functions(nodes)])
        if name == _DEPTHWISE:
            own = _joined([own, *(self._in(node, word) for node in fused for word in _SCALED)])
        return whole + 1, [own, whole][: constants if is_biased else 1]

    def _of_layer(self, name: str, nodes: list[Node], constants: int) -> tuple[int, list[int]]:
        """Of an operation without a kernel: it is within a layer, or all of it."""
        words = _WORDS.get(name, (name,))
        normal = next((node for node in nodes if node.role is Role.NORMALIZATION), None)
        if normal is None:
            parts = [self._in(node, word) for node in nodes for word in words]
            return _joined([*parts, *(part for node in nodes for part in self._spread(node))]), []
        within, held = ("batchnorm/", "batchnorm/sub") if normal.layer.folds else ("", "Reshape")
        if name == "MEAN":
            return self._in(normal, "moments/variance"), []
        parts = [self._in(node, within + word if node is normal else word) for node in nodes for word in words]
        named = normal.layer.folds or name == "MUL"
        return _joined(parts), [self._in(normal, held)] * constants if named else []

    def _spread(self, node: Node) -> list[int]:
        """The parts of what brings a vector to the rank of the map that it is merged with; TFLite does without."""
        parts = []
        for source, shape in zip(node.inputs, node.input_shapes, strict=True) if node.role is Role.MERGING else ():
            if len(shape) < len(node.shape):
                parts += [self._in(node, "ExpandDims_1"), self._in(node, "ExpandDims")]
            elif source.role is Role.SHAPING and shape != node.shape:
                parts.append(self._in(source, "Reshape"))
        return parts

    def _fused(self, name: str, nodes: list[Node]) -> list[int]:
        """The parts of what is folded into a convolution."""
        parts = []
        for node in nodes:
            if node.role is Role.NORMALIZATION:
                words = (*_SHIFTED, *_SCALED) if name == _DEPTHWISE else _SHIFTED
                parts += [self._in(node, word) for word in words]
            elif node.layer.pads:
                parts.append(self._in(node, "Pad"))
        return parts

    def _functions(self, nodes: list[Node]) -> list[int]:
        """The parts of the activation functions that are fused."""
        return [self._in(node, word) for node in nodes for word in _FUNCTIONS.get(node.layer.function, ())]

    def _kernel(self, name: str, kernel: Node) -> int:
        if getattr(kernel.layer, "groups", 1) > 1:
            return len("convolution")
        word = _KERNEL[name]
        if _is_separable(kernel):
            word = "separable_conv2d/depthwise" if name == _DEPTHWISE else "separable_conv2d"
        return self._in(kernel, word)

    def _in(self, node: Node, word: str) -> int:
        return self._prefix + len(node.name) + len("_1/") + len(word)


_NAMERS: WeakKeyDictionary[Graph, Namer] = WeakKeyDictionary()

_SCALED, _SHIFTED = ("batchnorm/mul_1", "batchnorm/mul"), ("batchnorm/add_1", "batchnorm/sub")
_BIAS = ("BiasAdd", "Squeeze")


def _joined(parts: list[int]) -> int:
    return sum(parts) + len(parts) - 1
