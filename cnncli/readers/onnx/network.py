"""ONNX files: a ModelProto's graph to a graph of layers, shown with the channels last.

What follows from the file and from shapes alone is computed while reading (constants that are transposed or cast,
shapes that are taken apart and put together); every other operation becomes a layer. Nothing is executed, and weights
are not read, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from pathlib import Path

from cnncli.amounts import UNKNOWN
from cnncli.graph import Weight
from cnncli.graph.layers import Opaque
from cnncli.readers.assembly import Assembly, Tensor
from cnncli.readers.onnx.constants import filling, roots_of, stated
from cnncli.readers.onnx.inputs import Entered, entered
from cnncli.readers.onnx.layouts import MOST_DEPTH, wanted_layouts
from cnncli.readers.onnx.model import (
    ROUNDING,
    Attributes,
    GraphProto,
    Info,
    ModelProto,
    NodeProto,
    Operation,
    Value,
    counts,
)
from cnncli.readers.onnx.operations import translate
from cnncli.readers.onnx.operations.translator import Translator
from cnncli.readers.onnx.own import neutral, own
from cnncli.readers.onnx.shapes import inferred
from cnncli.readers.onnx.shapes.bodies import of_repetition
from cnncli.readers.onnx.values import evaluated, shape_of, size_of
from cnncli.readers.onnx.weights import held_by
from cnncli.readers.protobuf import Message, Piece
from cnncli.readers.reading import ChannelsFirst, Reading, Settings
from cnncli.readers.source import MOST_OPERATIONS, Source
from cnncli.words import visible

MOST_COMPUTED = 2_000_000
"""Elements of constants that are computed in all."""


def read(source: Source, path: Path, settings: Settings) -> Reading:
    """Raises UsageError for a file that is damaged or an input's shape that does not fit."""
    model = ModelProto(Message(Piece(source, 0, source.size)))
    if not model.graph.nodes and not model.graph.outputs:
        source.fail("has no graph: it is no ONNX model")
    held = {each.name for each in model.graph.constants}
    layouts = wanted_layouts(model.graph.nodes)
    told = own(model)
    if told is not None and settings.exact:  # other numbers than weights have a say in what is computed
        told = replace(told, constants=told.constants & neutral(model.graph))
    if told is not None:
        told.settle(model.graph.constants)
    named = [each for each in model.graph.inputs if each.name not in held]
    if told is not None and told.channels_first is not None:
        layouts = {**dict.fromkeys((each.name for each in named), told.channels_first), **layouts}
    inputs = entered(named, layouts, settings)
    walker = _Walker(source, model, inputs, settings, path.stem)
    walker.translator.numbers = None if told is None or settings.exact else {}
    walker.walk_model(layouts)
    translator, outputs, graph = walker.translator, model.graph.outputs, walker.assembly.graph
    if told is not None:
        told.place(graph)
    return Reading(
        graph,
        producer=model.producer,
        quantization=translator.quantization,
        input_range=told.input_range if told else None,
        output_name=visible(outputs[0].name) if len(outputs) == 1 else "",
        own_numbers=translator.numbers,
        channels_first=walker.ends,
    )


class _Assembly(Assembly):
    """An assembly whose constants are made of several of the file's."""

    def held(self, tensor: Tensor) -> tuple[Weight, ...]:
        return held_by(tensor)


class _Scope:
    """Tensors by name; those of an outer graph are seen from within."""

    def __init__(self, outer: _Scope | None = None) -> None:
        self.values: dict[str, Value] = {}
        self.outer = outer

    def find(self, name: str) -> Value | None:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.outer
        return None


class _Context:
    """Of the nodes that are being walked: what the file says of their outputs, opsets, a function's call."""

    def __init__(
        self, infos: Mapping[str, Info], opsets: Mapping[str, int], call: Attributes | None = None, prefix: str = ""
    ) -> None:
        self.infos, self.opsets, self.call, self.prefix = infos, opsets, call, prefix


class _Walker:
    """Goes through a model's nodes in order."""

    def __init__(self, source: Source, model: ModelProto, inputs: Entered, settings: Settings, name: str) -> None:
        self._source, self._model, self._inputs, self._raw = source, model, inputs, settings.raw
        self.assembly = _Assembly(name, batch=inputs.batch, raw=settings.raw)
        self.translator = Translator(self.assembly, raw=settings.raw, exact=settings.exact)
        self._left, self._depth, self._computed = MOST_OPERATIONS, 0, MOST_COMPUTED
        self.ends = ChannelsFirst()

    def walk_model(self, layouts: Mapping[str, bool]) -> None:
        graph, scope = self._model.graph, _Scope()
        self.translator.layouts = dict(layouts)
        for warning in self._inputs.warnings:
            self.assembly.graph.warn(warning)
        for value in self._inputs.values:
            scope.values[value.name] = value
            self.assembly.enter(value)
        outputs = self._graph(graph, scope, _Context(graph.infos(), self._model.opsets))
        if not outputs:
            self._source.fail("says of no tensor that it is the output")
        self.assembly.give(outputs)
        self.ends = ChannelsFirst(
            *(tuple(each.channels_first for each in ends) for ends in (self._inputs.values, outputs))
        )

    def _graph(self, graph: GraphProto, scope: _Scope, context: _Context) -> list[Value]:
        """Walk a graph and find its outputs."""
        for each in graph.constants:
            scope.values[each.name] = each
        self._nodes(graph.nodes, scope, context)
        return [self._find(each.name, scope, "the graph's output") for each in graph.outputs]

    def _find(self, name: str, scope: _Scope, whose: str) -> Value:
        found = scope.find(name)
        if found is None:
            self._source.fail(f"{visible(whose)} reads {visible(name)}, which nothing before it computes")
        return found

    def _nodes(self, nodes: Sequence[NodeProto], scope: _Scope, context: _Context) -> None:
        for node in nodes:
            self._left -= 1
            if self._left < 0:
                self._source.fail(f"has more than {MOST_OPERATIONS:,} nodes, those of functions counted at each call")
            self._node(node, scope, context)

    @contextmanager
    def _deeper(self, what: str) -> Iterator[None]:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            self._source.fail(f"{visible(what)} lies in more than {MOST_DEPTH} graphs and functions within each other")
        yield
        self._depth -= 1

    def _node(self, node: NodeProto, scope: _Scope, context: _Context) -> None:
        whose = node.name or node.kind
        inputs = [self._find(name, scope, whose) if name else None for name in node.inputs]
        operation = Operation(
            node.kind, node.domain, node.name and context.prefix + node.name, inputs, node.attributes(context.call),
            context.opsets.get(node.domain, 1),
        )  # fmt: skip
        key = (node.domain, node.kind, node.overload)
        found: Sequence[Value]
        if key in self._model.functions:
            found = self._call(operation, key)
        elif node.kind == "If" and not node.domain:
            found = self._if(operation, node, scope, context)
        else:
            found = self._operation(operation, node, scope, context)
        for name, value in zip(node.outputs, found, strict=False):
            if name:
                scope.values[name] = value

    # Operations.

    def _operation(self, operation: Operation, node: NodeProto, scope: _Scope, context: _Context) -> Sequence[Value]:
        if node.kind == "Constant" and not node.domain:
            return [stated(operation, context.prefix + node.outputs[0])]
        operation.outputs = [Value(context.prefix + name, None) for name in node.outputs]
        self._infer(operation, node, context)
        if self._is_computed(operation, node):
            self._compute(operation)
            if self._raw:
                self.translator.show_constant(operation)
            return operation.outputs
        bodies = list(node.graphs.values())
        captured = self._captured(bodies, scope, operation) if bodies else ()
        translate(self.translator, operation, captured)
        return operation.outputs

    def _infer(self, operation: Operation, node: NodeProto, context: _Context) -> None:
        """Shapes as they are inferred; as the file says them where that is not known."""
        found = inferred(operation)
        if node.kind in ("Loop", "Scan") and not node.domain and node.graphs:
            found = of_repetition(operation, node.graphs, self._inputs)
        for output, (shape, dtype) in zip(operation.outputs, found, strict=True):
            output.shape, output.dtype = shape, dtype
            info = context.infos.get(output.name) if output.name else None
            if info is None or info.shape is None or self._inputs.overridden:
                continue
            said = self._inputs.sizes(info)
            if shape is None:
                output.shape, output.dtype = said, info.dtype
            elif len(shape) == len(said):
                output.shape = tuple(told if size is UNKNOWN else size for size, told in zip(shape, said, strict=True))

    def _is_computed(self, operation: Operation, node: NodeProto) -> bool:
        """Whether it follows from the file and from shapes: constants in, or sizes of a tensor."""
        if node.domain or node.kind.startswith("Random"):
            recodes = node.kind in ("DequantizeLinear", "QuantizeLinear") or (node.domain, node.kind) in ROUNDING
            return recodes and all(value is None or value.constant for value in operation.inputs)
        if node.kind in ("Shape", "Size"):
            return bool(operation.inputs)
        known = bool(operation.outputs) and operation.outputs[0].shape is not None
        return known and bool(operation.inputs) and all(value is None or value.constant for value in operation.inputs)

    def _compute(self, operation: Operation) -> None:
        """Make the outputs constants, with their values where they are small."""
        roots = roots_of(operation)
        for output in operation.outputs:
            output.constant, output.roots = True, roots
            output.quantized = any(value.quantized for value in operation.inputs if value is not None)
        if operation.kind in ("Shape", "Size"):
            found = (shape_of if operation.kind == "Shape" else size_of)(operation)
        elif operation.kind == "ConstantOfShape":
            found = [filling(operation)]
        elif self._computed > 0:
            self._computed -= sum(len(value.known() or ()) for value in operation.inputs if value is not None)
            found = evaluated(operation)
        else:
            return
        for output, values in zip(operation.outputs, found, strict=False):
            output.values = values
            self._computed -= len(values or ())

    # Graphs within graphs.

    def _call(self, operation: Operation, key: tuple[str, str, str]) -> list[Value]:
        """A function of the file, written out at its call."""
        function = self._model.functions[key]
        with self._deeper(operation.kind):
            scope = _Scope()
            for name, value in zip(function.inputs, operation.inputs, strict=False):
                if value is not None:
                    scope.values[name] = value
            prefix = f"{operation.name or operation.kind}/"
            call = operation.attributes.with_defaults(function.defaults)
            left_out = set(function.inputs) - set(scope.values)
            nodes = [_without(node, left_out) for node in function.nodes]
            self.translator.layouts |= wanted_layouts(nodes)
            self._nodes(nodes, scope, _Context({}, function.opsets, call, prefix))
            return [self._find(name, scope, operation.kind) for name in function.outputs]

    def _if(self, operation: Operation, node: NodeProto, scope: _Scope, context: _Context) -> Sequence[Value]:
        """The branch that is taken where that is known; else one of them, within an operation whose work is not."""
        branches = [node.graphs.get(name) for name in ("then_branch", "else_branch")]
        condition = operation.input(0)
        chosen = condition.scalar() if condition is not None and condition.constant else None
        if chosen is not None and chosen is not UNKNOWN:
            taken = branches[0 if chosen else 1]
            with self._deeper("If"):
                return [] if taken is None else self._graph(taken, _Scope(scope), self._within(taken, context))
        return self._undecided(operation, node, branches, scope, context)

    def _undecided(
        self, operation: Operation, node: NodeProto, branches: Sequence[GraphProto | None], scope: _Scope,
        context: _Context,
    ) -> Sequence[Value]:  # fmt: skip
        """The branch with the larger kernels is walked; then_branch where they are alike. The other one is weighed."""
        held = [self._captured([each] if each else [], scope, operation) for each in branches]
        sizes = [sum(prod(value.shape or ()) for value in each if _is_kernel(value)) for each in held]
        number = 1 if sizes[1] > sizes[0] else 0
        taken = branches[number]
        if taken is None:
            self._source.fail(f"{visible(node.name or node.kind)} has no branch")
        with self._deeper("If"):
            found = self._graph(taken, _Scope(scope), self._within(taken, context))
        outputs = [
            Value(context.prefix + name, value.shape, value.dtype)
            for name, value in zip(node.outputs, found, strict=False)
        ]
        operation.outputs = outputs
        weights = [each for value in held[1 - number] for each in held_by(value)]
        layer = Opaque("If", self.assembly.shape(outputs[0]) if outputs else ())
        self.translator.join(operation, layer, [value for value in found if not value.constant], outputs, weights)
        if sizes[number]:
            which = ("then_branch", "else_branch")[number]
            self.assembly.graph.warn(
                f"{visible(self.translator.name(operation))} decides while running: its {which} is shown and counted, "
                "of the other one only the weights are"
            )
        return outputs

    def _within(self, graph: GraphProto, context: _Context) -> _Context:
        return _Context(graph.infos(), context.opsets, context.call, context.prefix)

    def _captured(self, bodies: Sequence[GraphProto], scope: _Scope, operation: Operation) -> Sequence[Value]:
        """What graphs within an operation read from outside, and the constants that they hold."""
        found: dict[str, Value] = {}
        for body in bodies:
            for value in _constants(body):
                found[value.name] = value
            for name in _read_names(body):
                outer = scope.find(name)
                if outer is not None and outer not in operation.inputs:
                    found[name] = outer
        return list(found.values())


def _without(node: NodeProto, left_out: set[str]) -> NodeProto:
    """A function's node, where the call leaves an optional input out."""
    if left_out.intersection(node.inputs):
        node.inputs = ["" if name in left_out else name for name in node.inputs]
    return node


def _subgraphs(graph: GraphProto | None, depth: int = 0) -> Iterator[GraphProto]:
    """A graph and those within it."""
    if graph is None or depth > MOST_DEPTH:
        return
    yield graph
    for node in graph.nodes:
        for inner in node.graphs.values():
            yield from _subgraphs(inner, depth + 1)


def _constants(graph: GraphProto | None) -> Iterator[Value]:
    """The constants that a graph and those within it hold."""
    for each in _subgraphs(graph):
        yield from each.constants
        for node in each.nodes:
            if node.kind == "Constant" and node.outputs:
                operation = Operation(node.kind, "", node.name, [], node.attributes(), 1)
                yield stated(operation, node.outputs[0])


def _read_names(graph: GraphProto) -> Iterator[str]:
    for each in _subgraphs(graph):
        for node in each.nodes:
            yield from node.inputs


def _is_kernel(value: Value) -> bool:
    """Whether it is a constant that something may be multiplied with: of real numbers along several axes."""
    return value.constant and len(value.shape or ()) > 1 and counts(value.dtype)
