"""SavedModels of TensorFlow 1 and 2 and of Keras, and frozen graphs.

Of a SavedModel's directory saved_model.pb alone is read: it says the shapes of all variables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.errors import UsageError
from cnncli.graph import Graph, Shape
from cnncli.readers.protobuf import BYTES, BadMessage, Message
from cnncli.readers.reading import Reading, Settings, warn_of_open
from cnncli.readers.saved_model.control import CONTROL, VARIABLES
from cnncli.readers.saved_model.file import Function, GraphFile, MetaGraph, Objects
from cnncli.readers.saved_model.frame import OPEN_BATCH, BatchAnywhere, FileShape, Frame, Value, numbered
from cnncli.readers.saved_model.names import rename
from cnncli.readers.saved_model.nodes import NodeDef, dtype, entries, shape
from cnncli.readers.saved_model.operations import HANDLERS
from cnncli.readers.saved_model.pieces import Pieces
from cnncli.readers.saved_model.values import tensor_of
from cnncli.readers.saved_model.walk import Walk
from cnncli.readers.source import Source
from cnncli.words import visible

DEFAULT = "serving_default"


class Entrance(NamedTuple):
    """An input: its name for people, the tensor's in the graph, what the file says of it."""

    name: str
    tensor: str
    shape: FileShape
    dtype: str


def read(source: Source, path: Path, settings: Settings) -> Reading:
    """A SavedModel or a graph definition: which of them the first bytes tell."""
    pieces = Pieces(source)
    if bytes(source.read(0, min(3, source.size))) == b"\x08\x01\x12":
        return _saved_model(pieces, path, settings)
    return _frozen(pieces, path, settings)


def _saved_model(pieces: Pieces, path: Path, settings: Settings) -> Reading:
    graphs = [MetaGraph(pieces, part) for part in pieces.parts(0, pieces.size) if part[:2] == (2, BYTES)]
    if not graphs:
        raise UsageError(f"{path} holds no graph")
    chosen = _by_tags(graphs)
    objects = chosen.objects
    signatures = {visible(name): each for name, each in chosen.signatures.items()}
    functions = {} if signatures else {visible(name): each for name, each in objects.functions_of_root().items()}
    names = tuple(sorted(signatures or functions))
    name = _signature(names, settings.signature, path)
    graph_name = path.name if path.is_dir() or path.name != "saved_model.pb" else path.absolute().parent.name
    file = chosen.graph
    frozen = not any(node.operation in VARIABLES for node in file.nodes.values())
    reader = _Reader(file, graph_name, settings, frozen=frozen, trainable=chosen.trainable())
    graph = reader.signature(signatures[name], objects) if signatures else reader.function(functions[name], objects)
    _tell_choice(graph, name, names, graphs, chosen, settings)
    producer = f"TensorFlow {visible(chosen.version)}" if chosen.version else "TensorFlow"
    return Reading(graph, producer, signature=name, signatures=names)


def _by_tags(graphs: Sequence[MetaGraph]) -> MetaGraph:
    """The graph that is for serving, the fewer other tags the better."""
    return min(graphs, key=lambda graph: ("serve" not in graph.tags, len(graph.tags)))


def _signature(names: Sequence[str], wanted: str | None, path: Path) -> str:
    there = ", ".join(names)
    if wanted is not None and wanted not in names:
        raise UsageError(f"--signature {visible(wanted)}: {path} has no such signature; it has {there or 'none'}")
    if wanted is not None:
        return wanted
    if not names:
        raise UsageError(
            f"{path} has no signature, and no function that says its inputs; save it with signatures=, or call the "
            "model once before it is saved"
        )
    for usual in (DEFAULT, "__call__", "serve"):
        if usual in names:
            return usual
    return names[0]


def _tell_choice(
    graph: Graph, name: str, names: Sequence[str], graphs: Sequence[MetaGraph], chosen: MetaGraph, settings: Settings
) -> None:
    if settings.signature is None and len(names) > 1 and name != DEFAULT:
        others = ", ".join(each for each in names if each != name)
        graph.warn(f"of several signatures {name} is read; --signature chooses another: {others}")
    if len(graphs) > 1:
        own, *tags = [", ".join(map(visible, each.tags)) or "no tags" for each in (chosen, *graphs)]
        graph.warn(f"of several graphs the one for {own} is read; there are {'; '.join(tags)}")


def _frozen(pieces: Pieces, path: Path, settings: Settings) -> Reading:
    file = GraphFile(pieces, 0, pieces.size)
    if not len(file.nodes):
        raise UsageError(f"{path} is no graph definition of TensorFlow: it has no nodes")
    reader = _Reader(file, path.stem, settings, frozen=True, trainable=None)
    return Reading(reader.whole(), "TensorFlow")


class _Reader:
    """Reads one graph: by a signature, by a function, or whole."""

    def __init__(
        self, file: GraphFile, name: str, settings: Settings, *, frozen: bool, trainable: set[str] | None
    ) -> None:
        self._file, self._name, self._settings = file, name, settings
        self._frozen, self._trainable = frozen, trainable
        self._nodes = file.nodes

    def signature(self, signature: Message, objects: Objects) -> Graph:
        """SignatureDef: inputs (1) and outputs (2), maps of names to TensorInfo: name (1), dtype (2), shape (3)."""
        inputs = [
            Entrance(name, each.text(1), shape(each.message(3)), dtype(each.number(2)))
            for name, each in _entries(signature, 1).items()
            if each.text(1)
        ]
        outputs = [each.text(1) for each in _entries(signature, 2).values() if each.text(1)]
        walk = self._walk(inputs)
        for reference in outputs:
            self._name_variables(walk, numbered(reference)[0], objects)
        frame = Frame(self._nodes, self._enter(walk, inputs))
        return self._given(walk, walk.results(frame, outputs))

    def _name_variables(self, walk: Walk, name: str, objects: Objects) -> None:
        """What the saved objects say of the variables that a call is given: these are its last inputs."""
        if name not in self._nodes:
            return
        node = self._nodes[name]
        bound = objects.bound(node.function) if node.function else []
        given = [each for each in node.inputs if each[:1] != "^"]
        for reference, number in zip(given[len(given) - len(bound) :], bound, strict=False):
            variable = objects.variable(number)
            if variable is not None:
                walk.variables[reference.partition(":")[0]] = variable

    def function(self, name: str, objects: Objects) -> Graph:
        """A concrete function of the saved object: what it captured are its last arguments."""
        function = self._file.function(name)
        if function is None:
            raise BadMessage(f"no function has the name {visible(name)}")
        bound = objects.bound(name)
        own = len(function.arguments) - len(bound)
        inputs = [
            Entrance(each, each, function.shapes.get(place), function.dtypes[place])
            for place, each in enumerate(function.arguments[:own])
        ]
        walk = self._walk(inputs)
        arguments = self._enter(walk, inputs)
        main = Frame(self._nodes, {})
        for argument, number in zip(function.arguments[own:], bound, strict=False):
            constant, variable = objects.constant(number), objects.variable(number)
            handle = Value(argument, (), "resource", variable=variable)
            arguments[argument] = walk.results(main, [constant])[0] if constant else walk.read(handle)
        return self._given(walk, self._results(walk, function, arguments))

    def _results(self, walk: Walk, function: Function, arguments: dict[str, Value]) -> list[Value]:
        frame = Frame(function.nodes, arguments)
        return walk.results(frame, [function.returns[output] for output in function.outputs])

    def whole(self) -> Graph:
        """All of a graph that says no inputs and outputs: its placeholders, and what nobody reads."""
        nodes = self._nodes
        read = {numbered(each)[0].lstrip("^") for node in nodes.values() for each in node.inputs}
        outputs = [name for name, node in nodes.items() if name not in read and not _is_no_output(node.operation)]
        if not outputs:
            raise UsageError(f"{self._name} has no output: every node is read by another")
        inputs = []
        for name, node in nodes.items():
            if node.operation == "Placeholder":
                said = node.output_shapes
                own = node.shape("shape")
                if not own:  # a single value, or of a rank that is open
                    own = (said[0] if said else None) or _as_read(nodes, name) or own
                inputs.append(Entrance(name, name, own, node.dtype("dtype")))
        walk = self._walk(inputs)
        return self._given(walk, walk.results(Frame(nodes, self._enter(walk, inputs)), outputs))

    def _walk(self, inputs: Sequence[Entrance]) -> Walk:
        firsts = [each.shape[0] for each in inputs if each.shape]
        open_ = not firsts or any(size < 0 for size in firsts)
        assembly = BatchAnywhere(self._name, batch=OPEN_BATCH if open_ else firsts[0] or 1, raw=self._settings.raw)
        return Walk(
            self._file, assembly, HANDLERS, CONTROL, frozen=self._frozen, trainable=self._trainable,
            overridden=bool(self._settings.input_shapes),
        )  # fmt: skip

    def _enter(self, walk: Walk, inputs: Sequence[Entrance]) -> dict[str, Value]:
        """The inputs as arguments of the graph, by their tensors' nodes."""
        found = {}
        for each in inputs:
            sizes = _settled(each, inputs, self._settings)
            tensor = numbered(each.tensor)[0]
            found[tensor] = walk.enter(tensor, sizes, each.dtype, each.name)
        return found

    def _given(self, walk: Walk, outputs: Iterable[Value]) -> Graph:
        graph = walk.assembly.graph
        walk.assembly.give([walk.tensor(value) for value in outputs if value.dtype not in ("resource", "variant")])
        if walk.assumed:
            names = ", ".join(map(visible, walk.assumed))
            graph.warn(f"{names} is taken as false: what acts in training only is left out")
        if walk.taken:
            names = ", ".join(map(visible, walk.taken))
            graph.warn(f"{names} is taken as true, for it depends on the input: what is computed otherwise is left out")
        warn_of_open(graph)
        rename(graph, walk.named)
        return graph


def _entries(message: Message, field: int) -> Mapping[str, Message]:
    return entries(message.all(field))


_NO_OUTPUTS = ("NoOp", "Assert", "Const", "Placeholder", "SaveV2", "RestoreV2", "VarHandleOp", "VariableV2")


def _as_read(nodes: Mapping[str, NodeDef], name: str) -> FileShape:
    """What a convolution or a product that reads an input says of its shape, where the file leaves its rank open."""
    for node in nodes.values():
        if node.inputs[1:] and numbered(node.inputs[0])[0] == name and node.operation in _READERS:
            kernel = _constant_of(nodes, node.inputs[1])
            if kernel is None or len(kernel) != _READERS[node.operation] or node.whole("transpose_a"):
                continue
            if len(kernel) == 2:
                return (-1, kernel[1 if node.whole("transpose_b") else 0])
            channels = kernel[2]
            return (-1, channels, -1, -1) if node.text("data_format").startswith("NC") else (-1, -1, -1, channels)
    return None


_READERS = {"Conv2D": 4, "DepthwiseConv2dNative": 4, "MatMul": 2}
"""Operations that say how many axes their first input has, and how many their kernel has."""


def _constant_of(nodes: Mapping[str, NodeDef], reference: str) -> FileShape:
    """The shape of the constant that a node is, or hands on."""
    for _ in range(4):
        name = numbered(reference)[0]
        if name not in nodes or nodes[name].operation != "Identity" or not nodes[name].inputs:
            break
        reference = nodes[name].inputs[0]
    node = nodes.get(numbered(reference)[0])
    return tensor_of(node.attribute("value").message(8))[0] if node and node.operation == "Const" else None


def _is_no_output(operation: str) -> bool:
    """Whether a node that nobody reads is none of the outputs: it steers, saves or trains."""
    return operation in _NO_OUTPUTS or operation.startswith(("Assign", "Apply", "Resource")) or "Summary" in operation


def _settled(each: Entrance, inputs: Sequence[Entrance], settings: Settings) -> FileShape:
    """An input's shape with the sizes that a person settles. Raises UsageError where the file says others."""
    said = each.shape
    given = settings.input_shapes.get(each.name)
    if given is None and len([one for one in inputs if one.shape is None or len(one.shape) > 1]) == 1:
        given = settings.input_shapes.get("") if said is None or len(said) > 1 else None
    if given is None:
        return said
    rest = None if said is None else said[1:]
    if rest is not None and not (
        len(rest) == len(given) and all(own < 0 or own == size for own, size in zip(rest, given, strict=True))
    ):
        raise UsageError(f"--input-shape {_told(given)}: {visible(each.name)} is {_told(rest)} in the file")
    return (said[0] if said else -1, *given)


def _told(sizes: Shape) -> str:
    return "x".join("?" if size is UNKNOWN or size < 0 else str(size) for size in sizes) or "a single value"
