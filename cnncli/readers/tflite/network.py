"""TFLite files of schema 3, of all versions: float and quantized, sparse, with several graphs and signatures."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError, UsageError
from cnncli.graph import Shape, Weight
from cnncli.graph.roles import KERNELS as KERNEL_ROLES
from cnncli.readers.assembly import Assembly
from cnncli.readers.reading import Reading, Settings, open_sizes, other_sizes
from cnncli.readers.source import Damaged, Source
from cnncli.readers.tflite.exact import append_exactly
from cnncli.readers.tflite.file import FileGraph, FileTensor, ModelFile, Operation, Signature, converter_version
from cnncli.readers.tflite.names import KERNELS, names, plain, says_nothing
from cnncli.readers.tflite.operators import append, opaque
from cnncli.readers.tflite.plan import Planning
from cnncli.readers.tflite.schema import GRAPH_FIELDS
from cnncli.readers.tflite.shapes import shapes
from cnncli.readers.tflite.values import values


def read(source: Source, path: Path, settings: Settings) -> Reading:
    """Read a file. Raises UsageError for what is settled of it and does not fit."""
    file = ModelFile(source)
    signature = _signature(file, settings)
    number = _graph_number(file, signature, settings)
    signature = signature or next((each for each in file.signatures if each.graph == number), None)
    found = file.graph(number)
    ends = _Ends(found, signature)
    sizes = _Sizes(found, ends, settings)
    planning = Planning(source, found)
    assembly = _assembled(file, found, ends, sizes, path.stem, settings, planning)
    stored = quantization(found)
    assembly.graph.file_plan = planning.plan(stored)
    return Reading(
        graph=assembly.graph,
        producer=_producer(file),
        quantization=stored,
        signature=signature.key if signature else "",
        signatures=tuple(each.key for each in file.signatures),
        subgraph=found.name or str(number) if len(file.graph_names) > 1 else "",
        subgraphs=_graph_titles(file) if len(file.graph_names) > 1 else (),
        input_range=found.inputs[0].range() if len(found.inputs) == 1 else None,
    )


# Which of the file's graphs.


def _signature(file: ModelFile, settings: Settings) -> Signature | None:
    if settings.signature is None:
        return None
    found = next((each for each in file.signatures if each.key == settings.signature), None)
    if found is None:
        there = ", ".join(each.key for each in file.signatures) or "none"
        raise UsageError(f"--signature {settings.signature}: {file.source.name} has no such signature; it has {there}")
    return found


def _graph_titles(file: ModelFile) -> tuple[str, ...]:
    return tuple(name or str(number) for number, name in enumerate(file.graph_names))


def _graph_number(file: ModelFile, signature: Signature | None, settings: Settings) -> int:
    """The graph that was asked for; else the signature's, else the first, which is the main one."""
    of_signature = signature.graph if signature else 0
    if settings.subgraph is None:
        return of_signature
    names = file.graph_names
    number = next((number for number, name in enumerate(names) if name == settings.subgraph), None)
    if number is None and settings.subgraph.isdecimal() and len(settings.subgraph) < 9:
        number = int(settings.subgraph) if int(settings.subgraph) < len(names) else None
    if number is None:
        there = ", ".join(_graph_titles(file)[:20])
        raise UsageError(f"--subgraph {settings.subgraph}: {file.source.name} has no such subgraph; it has {there}")
    if signature and signature.graph != number:
        raise UsageError(f"--subgraph {settings.subgraph}: signature {signature.key} is of graph {of_signature}")
    return number


class _Ends:
    """What inputs and outputs are called: as the signature says, else as their tensors."""

    def __init__(self, graph: FileGraph, signature: Signature | None) -> None:
        self.inputs = [_end(tensor, signature.inputs if signature else {}) for tensor in graph.inputs]
        self.outputs = {id(tensor): _end(tensor, signature.outputs if signature else {}) for tensor in graph.outputs}


def _end(tensor: FileTensor, named: dict[int, str]) -> str:
    return named.get(tensor.number) or plain(tensor.name) or f"tensor{tensor.number}"


# Sizes.


class _Sizes:
    """What the sizes of the inputs are, and whether the stored shapes behind them hold.

    A size that the file leaves open is stored as 1, the batch's too, which a dilated convolution multiplies. Where one
    is open anywhere, or where a person settles another size, shapes are those that follow from the inputs'.
    """

    def __init__(self, graph: FileGraph, ends: _Ends, settings: Settings) -> None:
        self.batch = _batch(graph, settings)
        self.settled: list[str] = []
        self.resized = False
        meant = _meant(ends, graph, settings)
        for name, tensor in zip(ends.inputs, graph.inputs, strict=True):
            tensor.shape = self._input(name, tensor, _given(name, tensor, meant, settings))
        self.inferred = bool(self.settled) or settings.batch is not None
        self.inferred |= any(UNKNOWN in (tensor.declared or ()) for tensor in graph.tensors)

    def _input(self, name: str, tensor: FileTensor, given: Shape | None) -> Shape | None:
        declared = tensor.declared
        if not declared:
            return tensor.shape
        batch = self.batch if declared[0] is UNKNOWN else declared[0]
        if given is None:
            return (batch, *declared[1:])
        if len(given) != len(declared) - 1:
            shown = "x".join(map(str, declared[1:]))
            raise UsageError(f"--input-shape: {name} has shape {shown}, which {'x'.join(map(str, given))} is none of")
        self.settled.append(f"{name} of {'x'.join(map(str, given))}")
        self.resized |= any(old is not UNKNOWN and old != new for old, new in zip(declared[1:], given, strict=True))
        return (batch, *given)

    def set(self, operation: Operation) -> None:
        """Give the outputs of an operation their shapes. Raises UsageError where settled inputs do not fit it."""
        if not self.inferred and all(output.shape is not None for output in operation.outputs):
            return
        try:
            found = shapes(operation)
        except LayerError as error:
            if self.resized or self.settled:
                raise UsageError(f"--input-shape: {', '.join(self.settled)} does not fit: {error}") from None
            found = None
        for number, output in enumerate(operation.outputs):
            output.shape = self._behind(output, found[number] if found else None)

    def _behind(self, output: FileTensor, found: Shape | None) -> Shape | None:
        """What follows from the inputs, with what else the file is sure of."""
        declared = output.declared
        if not self.inferred:
            return found if output.shape is None else output.shape
        if declared is None or (found is not None and len(found) != len(declared)):
            return found
        first = self.batch if declared[:1] == (UNKNOWN,) else None
        sure = (*declared[:1], *(UNKNOWN if self.resized else size for size in declared[1:]))
        if found is None:
            return (first or declared[0], *sure[1:]) if declared else declared
        return tuple(old if new is UNKNOWN else new for old, new in zip(sure, found, strict=True))


def _batch(graph: FileGraph, settings: Settings) -> int:
    """The size of the batch: the first of all inputs and outputs; 1, or what is settled, where it is open."""
    ends = [tensor.declared for tensor in (*graph.inputs, *graph.outputs) if tensor.declared]
    firsts = {declared[0] for declared in ends}
    if UNKNOWN in firsts:
        return settings.batch or 1
    return firsts.pop() or 1 if len(firsts) == 1 else 1


def _meant(ends: _Ends, graph: FileGraph, settings: Settings) -> FileTensor | None:
    """The input that a shape without a name is for: the only one, or the only open one.

    Raises UsageError where that is not said, and for a shape of an input that is not there.
    """
    known = {*ends.inputs, *(tensor.name for tensor in graph.inputs), *(plain(tensor.name) for tensor in graph.inputs)}
    for name in settings.input_shapes:
        if name and name not in known:
            raise UsageError(f"--input-shape {name}: there is no such input; there are {', '.join(ends.inputs)}")
    candidates = [tensor for tensor in graph.inputs if tensor.is_open] or graph.inputs
    if "" not in settings.input_shapes:
        return None
    if len(candidates) != 1:
        raise UsageError(f"--input-shape: which input is meant? NAME=SHAPE, with one of {', '.join(ends.inputs)}")
    return candidates[0]


def _given(name: str, tensor: FileTensor, meant: FileTensor | None, settings: Settings) -> Shape | None:
    """The shape that was settled for an input."""
    for known in (name, tensor.name, plain(tensor.name)):
        if known and known in settings.input_shapes:
            return settings.input_shapes[known]
    return settings.input_shapes[""] if tensor is meant else None


# The graph.


def _assembled(
    file: ModelFile, found: FileGraph, ends: _Ends, sizes: _Sizes, name: str, settings: Settings, planning: Planning
) -> Assembly:
    assembly = Assembly(name, batch=sizes.batch, raw=settings.raw)
    for tensor, input_name in zip(found.inputs, ends.inputs, strict=True):
        if not assembly.has(tensor):
            is_real = settings.exact and tensor.quantized  # what its integers stand for
            assembly.enter(tensor, input_name, "float32" if is_real else "")
    state, opened = _state(found), {0}
    for operation, own_name in zip(found.operations, names(found.operations), strict=True):
        sizes.set(operation)
        before = len(assembly.graph.nodes)
        if not _settled_before(operation, assembly, state):
            called = _output_name(operation, ends, own_name)
            _append(file, assembly, operation, called, opened, exact=settings.exact)
        planning.nodes.append(assembly.layers_of(operation.outputs, since=before))
    assembly.give(found.outputs)
    _warn(assembly, found, ends)
    return assembly


def _output_name(operation: Operation, ends: _Ends, own_name: str) -> str:
    """What gives an output of the network is called as that, where the file has no name for the layer."""
    for output in operation.outputs[:1]:
        if id(output) in ends.outputs and says_nothing(output.name) and not says_nothing(ends.outputs[id(output)]):
            return ends.outputs[id(output)]
    return own_name


OF_CONSTANTS = frozenset(
    {"DEQUANTIZE", "DENSIFY", "CAST", "QUANTIZE", "FAKE_QUANT", "TRANSPOSE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS"}
)
"""Operations that leave a constant the constant that it is, in another type or order."""


def _state(graph: FileGraph) -> set[int]:
    """The variables that the network itself writes: they are no weights."""
    return {id(each.input(0)) for each in graph.operations if each.name == "ASSIGN_VARIABLE"}


def _settled_before(operation: Operation, assembly: Assembly, state: set[int]) -> bool:
    """Whether what an operation computes is settled before any input is there; then it is no layer, unless all are.

    Sparse and half-precision weights are unpacked so, and shapes computed of shapes.
    """
    known = values(operation)
    if known is not None:
        for output, each in zip(operation.outputs, known, strict=True):
            output.values, output.constant = each, not assembly.raw
        return not assembly.raw
    if operation.name == "CALL_ONCE":  # sets variables and tables up, before the first example
        return not assembly.raw
    first = operation.input(0)
    if operation.name in ("VAR_HANDLE", "READ_VARIABLE") and operation.outputs:
        return _is_weight(operation, assembly, state)
    if operation.name not in OF_CONSTANTS or first is None or not operation.outputs:
        return False
    if not first.constant and not first.unpacked:
        return False
    output = operation.output
    output.dtype, output.quantized, output.identity = first.dtype, first.quantized, first.identity
    output.real = first.real
    output.constant, output.unpacked = not assembly.raw, True
    return not assembly.raw


def _is_weight(operation: Operation, assembly: Assembly, state: set[int]) -> bool:
    """Whether a variable is one that only the first call of the file sets; then it is a constant.

    Of another one the handle, which holds nothing, is no layer either.
    """
    handle = operation.output if operation.name == "VAR_HANDLE" else operation.source
    if assembly.raw or id(handle) in state:
        return not assembly.raw and operation.name == "VAR_HANDLE"
    operation.output.constant, operation.output.identity = True, f"variable {handle.number}"
    operation.output.stored = ""  # a call of the file sets it
    return True


def _append(
    file: ModelFile, assembly: Assembly, operation: Operation, name: str, opened: set[int], *, exact: bool
) -> None:
    if operation.name in GRAPH_FIELDS and operation.name != "CALL_ONCE":
        opaque(assembly, operation, name, _weights_within(file, assembly, operation, opened))
    elif exact:
        append_exactly(assembly, operation, name)
    else:
        append(assembly, operation, name)


def _weights_within(file: ModelFile, assembly: Assembly, operation: Operation, seen: set[int]) -> list[Weight]:
    """The constants of the graphs that an operation computes, and of those that these compute.

    Those of graphs that were `seen` are an earlier operation's.
    """
    found, left = [], list(operation.graphs)
    while left:
        number = left.pop()
        if number in seen or not 0 <= number < len(file.graph_names):
            continue
        seen.add(number)
        graph = file.graph(number)
        found += [assembly.weight("constant", tensor) for tensor in graph.tensors if tensor.is_weight]
        left += [each for inner in graph.operations for each in inner.graphs]
        if any(inner.name == "READ_VARIABLE" for inner in graph.operations):  # of a variable that is passed to it
            found.append(Weight("variables", (UNKNOWN,)))
    return found


def _warn(assembly: Assembly, found: FileGraph, ends: _Ends) -> None:
    """Say what is open, and what to type, and what is settled otherwise than the file says."""
    for name, tensor in zip(ends.inputs, found.inputs, strict=True):
        sizes = (tensor.shape or ())[1:]
        if any(size is UNKNOWN for size in sizes):
            assembly.graph.warn(open_sizes(name, sizes, several=len(found.inputs) > 1))
    unknown = [node for node in assembly.graph.nodes if node.role in KERNEL_ROLES and node.macs is UNKNOWN]
    if unknown and not assembly.graph.warnings:
        count = f"{len(unknown)} layers" if len(unknown) > 1 else "a layer"
        assembly.graph.warn(f"the sizes of {count} do not follow from the file, first of {unknown[0].name}")
    for name, tensor in zip(ends.inputs, found.inputs, strict=True):
        stored, settled = (tensor.declared or ())[1:], (tensor.shape or ())[1:]
        if any(old is not UNKNOWN and old != new for old, new in zip(stored, settled, strict=True)):
            assembly.graph.warn(other_sizes(name, stored, settled))


# What the file says of itself.


CONVERTERS = {"MLIR Converted": "TFLite's converter", "TOCO Converted": "TFLite's first converter, TOCO"}
"""What converters describe their files as, and what they are."""


def _producer(file: ModelFile) -> str:
    """Which converter, of which TensorFlow, or its own words; and the runtime that the file needs."""
    described = file.description.rstrip(". ")
    described = CONVERTERS.get(described, described)
    try:
        version = converter_version(file.metadata("CONVERSION_METADATA"))
    except Damaged:
        version = ""
    needs = file.metadata("min_runtime_version").split(b"\0")[0].decode("ascii", "replace")
    by = " of ".join(filter(None, [described or "a converter", f"TensorFlow {version}" if version else ""]))
    return ", ".join(filter(None, [by if described or version else "", f"needs TensorFlow {needs}" if needs else ""]))


def quantization(graph: FileGraph) -> str:
    """In a word or two how weights and activations of the operations with kernels are stored."""
    held = _stored(graph)
    kinds = Counter(
        _kind(held.get(id(operation.inputs[1]), operation.inputs[1]), operation.output)
        for operation in graph.operations
        if operation.name in KERNELS and len(operation.inputs) > 1 and operation.inputs[1] and operation.outputs
    )
    words = set(kinds) - {""}
    if len(words) > 1 or ("" in kinds and words & {"int8", "uint8", "int16x8"}):
        return "mixed"
    return words.pop() if words else ""


def _stored(graph: FileGraph) -> dict[int, FileTensor]:
    """What tensors are stored as that only unpack a constant."""
    found: dict[int, FileTensor] = {}
    for operation in graph.operations:
        source = operation.input(0)
        if operation.name in OF_CONSTANTS and source is not None and operation.outputs:
            stored = found.get(id(source), source)
            if stored.constant:
                found[id(operation.output)] = stored
    return found


def _kind(kernel: FileTensor, output: FileTensor) -> str:
    """Of one operation: "int8" where it computes with integers, "int8 weights" where only these are."""
    if kernel.dtype in ("float16", "bfloat16"):
        return kernel.dtype
    if not kernel.quantized:
        return ""
    if not output.quantized or output.dtype.startswith("float"):
        return f"{kernel.dtype} weights"
    return {"int16": "int16x8"}.get(output.dtype, kernel.dtype)
