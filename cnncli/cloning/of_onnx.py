"""ONNX files: the values of their constants, and what onnxruntime makes of inputs.

Constants that are computed of others are computed by onnx's own reference, on just the nodes that lead to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnncli.errors import UsageError
from cnncli.keras_model.weight_files import bounded
from cnncli.readers.reading import ChannelsFirst
from cnncli.words import visible

RUNTIME = "onnxruntime"
COMPUTES_IN_HALVES = True
LARGEST_FILE = 2**31
"""Bytes of a message that protobuf takes."""
EXTERNAL = 1
"""TensorProto.DataLocation of values that are in another file."""
EVALUATED = frozenset({
    "Abs", "Add", "Cast", "CastLike", "Ceil", "Concat", "Constant", "ConstantOfShape", "Div", "Dropout", "Exp",
    "Expand", "Flatten", "Floor", "Gather", "Identity", "Max", "Min", "Mul", "Neg", "Pow", "Reciprocal", "ReduceMean",
    "ReduceSum", "Reshape", "Shape", "Slice", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tile", "Transpose",
    "Unsqueeze", "Where",
})  # fmt: skip
"""Operations that constants may be computed by: of arithmetic and of moving cells."""


def values(path: Path, wanted: Mapping[str, int]) -> dict[str, Any]:
    """The arrays of these tensors, of which each has so many cells, as they are in the file or computed of it.

    Only in a child process, for the file may be anything. Raises UsageError.
    """
    size = path.stat().st_size
    with _reading(path, size + sum(4 * cells for cells in wanted.values())):
        known = _Constants(_parsed(_bytes(path), path), path)
        return {name: known.array(name) for name in wanted}


@contextmanager
def _reading(path: Path, size: int) -> Iterator[None]:
    """What goes wrong within is the file's fault. The libraries are loaded before, which is not."""
    import onnx.numpy_helper
    import onnx.reference  # noqa: F401

    cannot = f"the weights of {path} cannot be read"
    try:
        with bounded(cannot, size):
            yield
    except (UsageError, MemoryError):
        raise
    except Exception as error:  # there is hardly one that damaged bytes do not bring about in onnx and numpy
        raise UsageError(f"{cannot}: {visible(' '.join(str(error).split())[:200])}") from error


def _bytes(path: Path) -> bytes:
    if path.stat().st_size >= LARGEST_FILE:
        raise UsageError(f"{path} has over 2 GB, which onnx does not read")
    return path.read_bytes()


def _parsed(data: bytes, path: Path) -> Any:
    """The model; values in other files are not read. Raises UsageError for one that has such."""
    import onnx

    model = onnx.ModelProto.FromString(data)
    for tensor in _tensors(model):
        if tensor.data_location == EXTERNAL:
            raise UsageError(
                f"{path} keeps {visible(tensor.name) or 'a tensor'} in another file, which is never opened; save it as "
                "one file, by onnx.save_model(onnx.load(PATH), PATH)"
            )
    return model


def _graphs(nodes: Sequence[Any]) -> Iterator[Any]:
    """The graphs within nodes, however deep."""
    for node in nodes:
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs) if attribute.HasField("g") else attribute.graphs:
                yield graph
                yield from _graphs(graph.node)


def _tensors(model: Any) -> Iterator[Any]:
    """All that a file holds, wherever it stands."""
    bodies = [model.graph.node, *(function.node for function in model.functions)]
    graphs = [model.graph, *(graph for nodes in bodies for graph in _graphs(nodes))]
    for graph in graphs:
        yield from graph.initializer
        for sparse in graph.sparse_initializer:
            yield from (sparse.values, sparse.indices)
    for nodes in (*bodies, *(graph.node for graph in graphs)):
        for node in nodes:
            for attribute in node.attribute:
                yield from (attribute.t, *attribute.tensors)
                for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
                    yield from (sparse.values, sparse.indices)


class _Constants:
    """The tensors of a model that follow from the file, by name. A name that several graphs use is none."""

    def __init__(self, model: Any, path: Path) -> None:
        self._model, self._path = model, path
        self._held: dict[str, Any] = {}
        self._makers: dict[str, Any] = {}
        self._twice: set[str] = set()
        for graph in (model.graph, *_graphs(model.graph.node)):
            for tensor in graph.initializer:
                self._note(self._held, tensor.name, tensor)
            for node in graph.node:
                for output in node.output:
                    self._note(self._makers, output, node)

    def _note(self, table: dict[str, Any], name: str, found: Any) -> None:
        if name in self._held or name in self._makers:
            self._twice.add(name)
        table[name] = found

    def array(self, name: str) -> Any:
        from onnx.numpy_helper import to_array

        if name in self._twice:
            self._refuse(name, "there are several of this name")
        if name in self._held:
            return to_array(self._held[name])
        return self._computed(name)

    def _refuse(self, name: str, why: str) -> None:
        raise UsageError(f"{self._path}: the values of {visible(name)} are not to be had: {why}")

    def _computed(self, name: str) -> Any:
        """By onnx's reference implementation."""
        from onnx import helper
        from onnx.reference import ReferenceEvaluator

        nodes, read = self._leading_to(name)
        graph = helper.make_graph(
            nodes, "constant", [], [helper.make_empty_tensor_value_info(name)], [self._held[each] for each in read]
        )
        opsets = [each for each in self._model.opset_import if each.domain in ("", "ai.onnx")]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=self._model.ir_version)
        return ReferenceEvaluator(model).run(None, {})[0]

    def _leading_to(self, name: str) -> tuple[list[Any], list[str]]:
        """The nodes that a tensor is computed by, in order, and the constants that they read. Raises UsageError."""
        nodes: dict[int, Any] = {}
        read: dict[str, None] = {}
        waiting: list[tuple[str, bool]] = [(name, False)]
        while waiting:
            each, are_inputs_done = waiting.pop()
            node = self._makers.get(each)
            if not each or (node is not None and id(node) in nodes):
                continue
            if each in self._held:
                read[each] = None
            elif node is None or each in self._twice:
                self._refuse(name, f"it is computed of {visible(each)}, which is no constant of the file")
            elif node.domain not in ("", "ai.onnx") or node.op_type not in EVALUATED:
                self._refuse(name, f"it is computed by a {visible(node.op_type)}")
            elif are_inputs_done:
                nodes[id(node)] = node
            else:
                waiting += [(each, True), *((source, False) for source in node.input)]
        return list(nodes.values()), list(read)


# Running.

MOST_FED = 2**30
"""Bytes of inputs that are fed at once: a file may fix its batch as 789,444."""


def run(path: Path, inputs: Sequence[Any], ends: ChannelsFirst, batch: int) -> list[Any]:
    """What onnxruntime gives for inputs, examples and channels last, as the graph's outputs; `batch` where it is open.

    Raises UsageError for a file that it does not take, or whose inputs have no axis of examples.
    """
    import numpy

    session = _session(path)
    taken = session.get_inputs()
    fed = [_as_taken(each, given, first) for each, given, first in zip(taken, inputs, ends.inputs, strict=True)]
    _check_sizes(path, taken, fed)
    size = next((each.shape[0] for each in taken if isinstance(each.shape[0], int)), batch)
    if size * sum(values[:1].nbytes for values in fed) > MOST_FED:
        raise UsageError(f"{path} takes {size:,} examples at once, which is not tried; --no-verify goes without it")
    parts = []
    for start in range(0, len(inputs[0]), size):
        chosen = [numpy.take(each, range(start, start + size), axis=0, mode="wrap") for each in fed]
        parts.append(_given(session, path, {each.name: values for each, values in zip(taken, chosen, strict=True)}))
    outputs = []
    for number, first in enumerate(ends.outputs):
        whole = numpy.concatenate([_counted(part[number], size) for part in parts])[: len(inputs[0])]
        outputs.append(numpy.moveaxis(whole, 1, -1) if first and whole.ndim > 2 else whole)
    return outputs


def _session(path: Path) -> Any:
    import onnxruntime

    data = _bytes(path)
    with _reading(path, len(data)):
        _parsed(data, path)
    onnxruntime.set_default_logger_severity(4)  # it warns of what makes a file slow
    with _running(path):
        return onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])


def _given(session: Any, path: Path, named: Mapping[str, Any]) -> list[Any]:
    with _running(path):
        outputs: list[Any] = session.run(None, named)
        return outputs


@contextmanager
def _running(path: Path) -> Iterator[None]:
    """What onnxruntime refuses, it says by exceptions of its own."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        told = " ".join(str(error).split())[:300]
        raise UsageError(f"onnxruntime does not run {path}: {told}; --no-verify goes without it") from error


def _check_sizes(path: Path, taken: Sequence[Any], fed: Sequence[Any]) -> None:
    """Raise UsageError where the file's inputs are of other sizes than the examples."""
    for each, values in zip(taken, fed, strict=True):
        told = f"its input {visible(each.name)} is {'x'.join(map(str, each.shape)) or 'a number'}"
        if len(each.shape) != values.ndim or not values.ndim:
            raise UsageError(f"{path} cannot be run on examples: {told}; --no-verify goes without it")
        sizes = zip(each.shape[1:], values.shape[1:], strict=True)
        if any(isinstance(said, int) and said != size for said, size in sizes):
            raise UsageError(f"{path} runs at its own sizes alone: {told}; leave out --input-shape, or --no-verify")


def _counted(output: Any, size: int) -> Any:
    """With the axis of examples, which an output of a batch of one may lack."""
    if output.ndim and len(output) == size:
        return output
    return output[None] if size == 1 else output


def _as_taken(taken: Any, values: Any, channels_first: bool) -> Any:
    """Examples in a file's layout and type, which is told as tensor(float16)."""
    import numpy

    kind = taken.type.removeprefix("tensor(").removesuffix(")")
    dtype = {"float": "float32", "double": "float64"}.get(kind, kind)
    ordered = numpy.moveaxis(values, -1, 1) if channels_first and values.ndim > 2 else values
    return numpy.ascontiguousarray(ordered.astype(dtype))
