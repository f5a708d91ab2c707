"""From TensorFlow's nodes to a graph: in the order in which they are computed, functions in the place of their calls.

Variables, and what is computed of them and of constants alone, are constants here; shapes are computed too. What only
trains, and branches that are not taken at inference, are not followed: only what the outputs need is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph import Layer, Weight
from cnncli.graph.layers import Elementwise, Opaque, TimeDistributed
from cnncli.readers.assembly import lone
from cnncli.readers.protobuf import BadMessage
from cnncli.readers.saved_model.constants import constant_shape
from cnncli.readers.saved_model.file import Function, GraphFile, Variable
from cnncli.readers.saved_model.frame import (
    OPEN_BATCH,
    BatchAnywhere,
    Call,
    FileShape,
    Frame,
    Value,
    in_order,
    numbered,
    pivots,
)
from cnncli.readers.saved_model.nodes import NodeDef
from cnncli.readers.saved_model.values import computed, tensor_of
from cnncli.words import visible

MOST_CALLS = 50
"""Functions within functions; more is a file that calls in a circle."""


MOST_OUTPUTS = 4096


MOST_LEAVES = 256


MOST_OPERATIONS = 30_000
"""Operations of a graph whose functions stand in the place of their calls."""


Handler = Callable[["Walk", Call], list[Value]]


Steering = Callable[["Walk", Frame, Call], list[Value]]


class Walk:
    """Goes through a file's nodes and appends what they compute to a graph."""

    def __init__(
        self, file: GraphFile, assembly: BatchAnywhere, handlers: Mapping[str, Handler],
        control: Mapping[str, Steering], *, frozen: bool, trainable: set[str] | None, overridden: bool = False,
    ) -> None:  # fmt: skip
        """`handlers` append what operations are, `control` are those that steer.

        `frozen` is whether constants are the weights; `trainable` are TF 1's variables that are trained.

        `overridden` is whether sizes are settled that the file leaves open.
        """
        self.file, self.assembly, self._handlers, self._control = file, assembly, handlers, control
        self._frozen, self._trainable, self._overridden = frozen, trainable, overridden
        self.inputs: dict[str, Value] = {}
        self.variables: dict[str, Variable] = {}
        self.assumed: dict[str, None] = {}
        self.taken: dict[str, None] = {}
        self.looped: set[str] = set()
        self.named: dict[str, None] = {}
        self._operations = 0

    # Going through the nodes.

    def results(self, frame: Frame, wanted: Iterable[str]) -> list[Value]:
        """The tensors of these names, and all that they need."""
        names = list(wanted)
        order = in_order(frame, names)
        for reference in (*names, *(each for name in order for each in frame.nodes[name].inputs)):
            source, number = numbered(reference)
            frame.read.setdefault(source, set()).add(number)
        for name in order:
            self._operations += 1
            if self._operations > MOST_OPERATIONS:
                raise BadMessage(f"its graph has more than {MOST_OPERATIONS:,} operations")
            frame.values[name] = self._step(frame, frame.nodes[name])
        return [self._value(frame, name) for name in names]

    def _value(self, frame: Frame, reference: str) -> Value:
        """The tensor that `name:0`, `name:output:0` or an argument's name stands for."""
        name, number = numbered(reference)
        if name in frame.arguments:
            return frame.arguments[name]
        found = frame.values.get(name)
        if found is None or number >= len(found):
            raise BadMessage(f"nothing computes {visible(reference)}, which is read")
        return found[number]

    def _step(self, frame: Frame, node: NodeDef) -> list[Value]:
        references = [each for each in node.inputs if each[:1] != "^"]
        if node.operation == "Merge":
            references = [each for each in references if each.split(":")[0] in {*frame.values, *frame.arguments}]
        inputs = [self._value(frame, each) for each in references]
        shapes = node.output_shapes
        read = frozenset(frame.read.get(node.name, (0,)))  # what a loop reads is read by none of these nodes
        outputs = max(len(shapes), max(read) + 1)
        if outputs > MOST_OUTPUTS:
            raise BadMessage(f"{visible(node.name)} has {outputs:,} outputs")
        call = Call(node, inputs, frame.prefix + node.name, shapes, outputs, read)
        if any(value.dead for each in pivots(frame, node) for value in frame.values[each]):
            return [self.output(call, 0, dead=True)]
        if node.operation in self._control:
            return self._control[node.operation](self, frame, call)
        if any(value.dead for value in inputs):
            return [self.output(call, 0, dead=True) for _ in range(call.outputs)]
        if inputs and all(value.constant for value in inputs) and node.operation not in _NEVER_CONSTANT:
            return self._constants(call)
        return self._handlers.get(node.operation, opaque)(self, call)

    def enter(self, name: str, shape: FileShape, dtype: str, title: str = "") -> Value:
        """An input of the network; a single truth value is no input, but what tells training from inference."""
        sizes = None if shape is None else tuple(UNKNOWN if size < 0 else size for size in shape)
        if sizes and sizes[0] is UNKNOWN:
            sizes = (OPEN_BATCH if self.assembly.batch == OPEN_BATCH else self.assembly.batch, *sizes[1:])
        value = Value(name, sizes, dtype or "float32")
        self.inputs[name] = value
        if dtype == "bool" and not sizes:
            value.constant, value.values = True, (False,)
            self.assumed[title or name] = None
        elif dtype not in ("resource", "variant"):
            self.assembly.enter(value, title or name)
        return value

    # What nodes put out.

    def output(self, call: Call, number: int, shape: FileShape = None, **more: Any) -> Value:
        """An output of a node: its shape is the given one where it is known, else what the file says."""
        name = call.name if not number else f"{call.name}:{number}"
        return Value(name, self._settled(call, number, shape), _dtype(call), **more)

    def _settled(self, call: Call, number: int, found: FileShape) -> FileShape:
        said = call.shapes[number] if number < len(call.shapes) else None
        if said is None:
            return found
        if found is None or len(found) != len(said):
            first = (OPEN_BATCH if said[:1] == (-1,) else said[0],) if said else ()
            return (*first, *(UNKNOWN if size < 0 else size for size in said[1:]))
        believed = all(one is UNKNOWN or other < 0 or one == other for one, other in zip(found, said, strict=True))
        if not (believed or self._overridden):
            return self._settled(call, number, None)
        return tuple(
            UNKNOWN if one is UNKNOWN and other < 0 else other if one is UNKNOWN else one
            for one, other in zip(found, said, strict=True)
        )

    def append(
        self, call: Call, layer: Layer, inputs: Sequence[Value], *, weights: Sequence[Weight] = (),
        shape: FileShape = None, channels_first: bool | None = None,
    ) -> list[Value]:  # fmt: skip
        """Append a layer; its output has the shape that is given, or that the layer makes of the inputs."""
        inputs = [self.tensor(value) for value in inputs]
        first = any(each.channels_first for each in inputs) if channels_first is None else channels_first
        if shape is None:
            shape = self._made(layer, inputs, first)
        output = self.output(call, 0, shape)
        self.assembly.apply(
            layer, inputs, output, name=output.name, weights=weights, channels_first=first and output.rank >= 3
        )
        return [output]

    def _made(self, layer: Layer, inputs: Sequence[Value], channels_first: bool) -> FileShape:
        """The shape in the file's terms of what a layer makes of inputs; None where they are open or do not fit."""
        if any(value.shape is None for value in inputs):
            return None
        shapes = [self.assembly.node(value).shape for value in inputs]
        for each in (layer, TimeDistributed(layer)):
            try:
                shape = each.output_shape(*shapes)
                break
            except LayerError:
                continue
        else:
            return None
        if channels_first and len(shape) >= 3:
            shape = (shape[-1], *shape[:-1])
        for like in inputs:
            place = 0 if self.assembly.is_batched(like) else self.assembly.place(like)
            if place is not None and like.shape and place <= len(shape):
                return (*shape[:place], like.shape[place], *shape[place:])
        first = inputs[0].shape[0] if inputs and inputs[0].shape else 1
        batch = self.assembly.batch
        if batch > 1 and first is not UNKNOWN and first % batch == 0 and shape and not inputs[0].constant:
            return (shape[0] * batch, *shape[1:])
        return shape

    def same(self, output: Value, source: Value) -> list[Value]:
        """The output of an operation that changes nothing."""
        self.assembly.alias(output, source)
        return [output]

    def tensor(self, value: Value) -> Value:
        """The value, as a node of the graph where it is computed: a product that waited, a constant of weights."""
        if value.scaled is not None and not self.assembly.has(value):
            source, factor = value.scaled
            value.scaled = None
            constant = self.assembly.operand(factor, source)
            layer = Elementwise("Multiply", constant, only(factor))
            self.assembly.apply(
                layer, [self.tensor(source)], value, name=value.name, weights=factor.leaves,
                channels_first=source.channels_first,
            )  # fmt: skip
        elif value.constant and not self.assembly.has(value):
            self.assembly.hold(value, weights=short(value.leaves))
        elif not self.assembly.has(value):
            raise LayerError(f"{visible(value.name)} is read as a tensor, and is none")
        return value

    # Constants.

    def _constants(self, call: Call) -> list[Value]:
        """What is computed of constants alone, which is no layer."""
        leaves = {each.identity: each for value in call.inputs for each in value.leaves}
        if len(leaves) > MOST_LEAVES:
            raise BadMessage(f"{visible(call.name)} is computed of more than {MOST_LEAVES} weights")
        values = computed(call.node, [(value.values, value.rank) for value in call.inputs])
        shape = constant_shape(call, values)
        of_sizes = any(value.of_sizes for value in call.inputs)
        more: dict[str, Any] = {"constant": True, "leaves": tuple(leaves.values()), "of_sizes": of_sizes}
        if leaves:
            more |= {"operation": call.operation, "parts": tuple(call.inputs)}
        found = [self.output(call, 0, shape, values=values, **more)]
        return found + [self.output(call, number, **more) for number in range(1, call.outputs)]

    def constant(self, call: Call) -> list[Value]:
        """A constant of the file. It counts as weights in a frozen graph, else where a kernel is read of it."""
        shape, dtype, values = tensor_of(call.node.attribute("value").message(8))
        found = Value(call.name, shape, dtype, constant=True, values=values)
        if self._frozen and shape and dtype.startswith(("float", "bfloat")):
            found.leaves = (Weight(call.name, shape, True, dtype, f"constant {call.name}"),)
        return [found]

    def handle(self, call: Call) -> list[Value]:
        """A variable that stands among the nodes."""
        node, saved = call.node, self.variables.get(call.name)
        name = saved.name if saved else node.text("shared_name") or call.name
        trainable = saved.trainable if saved else self._trainable is None or node.name in self._trainable
        variable = Variable(f"variable {call.name}", name, node.shape("shape"), node.dtype("dtype"), trainable)
        return [self.read(Value(call.name, variable.shape, variable.dtype, variable=variable))]

    def read(self, handle: Value) -> Value:
        """A handle as the constant that is read of it, which it may be as well."""
        variable = handle.variable
        if variable is None:
            return handle
        shape = None if variable.shape is None else tuple(UNKNOWN if size < 0 else size for size in variable.shape)
        self.named[variable.name] = None
        weight = Weight(variable.name, shape or (), variable.trainable, variable.dtype, variable.identity)
        real = variable.dtype.startswith(("float", "bfloat"))
        return Value(handle.name, shape, variable.dtype, True, leaves=(weight,) if real else (), variable=variable)

    def weights(self, value: Value, name: str) -> tuple[Weight, ...]:
        """A constant as a layer's weight of this name, and what else it is made of.

        A constant of the file that is used as a kernel is a weight, whatever others are.
        """
        shape = value.shape or ()
        leaves = value.leaves
        if not leaves and value.dtype.startswith(("float", "bfloat")):
            leaves = (Weight(value.name, shape, True, value.dtype, f"constant {value.name}"),)
        first = max(leaves, key=lambda each: 0 if each.size is UNKNOWN else each.size, default=None)
        return tuple(
            each._replace(name=name, shape=shape if each.size == prod(shape) else each.shape)
            if each is first
            else each._replace(name=each.name.rpartition("/")[2])
            for each in leaves
        )

    # Calls.

    def called(self, function: Function, call: Call, frame: Frame, inputs: Sequence[Value]) -> list[Value]:
        """What a function gives, its nodes in the place of the call."""
        if frame.depth >= MOST_CALLS:
            raise BadMessage(f"{visible(call.name)} calls functions within functions more than {MOST_CALLS} deep")
        within = call.node.name.rpartition("/")[0]
        prefix = f"{frame.prefix}{within}/" if within else frame.prefix
        inner = Frame(function.nodes, dict(zip(function.arguments, inputs, strict=False)), prefix, frame.depth + 1)
        read = sorted(number for number in call.read if number < len(function.outputs))
        references = {number: function.returns[function.outputs[number]] for number in read}
        found = dict(zip(read, self.results(inner, references.values()), strict=True))
        nothing = self.output(call, 0, dead=True)
        return [found.get(number, nothing) for number in range(len(function.outputs))]


def only(constant: Value) -> float | None:
    """The value of a constant of one cell, where it is known."""
    return lone(constant.values)


_TYPED = {"Cast": "DstT", "Shape": "out_type", "ArgMax": "output_type", "ArgMin": "output_type", "Size": "out_type"}


def _dtype(call: Call) -> str:
    node = call.node
    found = node.dtype(_TYPED.get(node.operation, "T")) or node.dtype("dtype") or node.dtype("Tparams")
    return found or (call.inputs[0].dtype if call.inputs else "float32")


BY_CHANCE = ("RandomUniform", "RandomStandardNormal", "TruncatedNormal", "StatelessRandomUniform",
             "StatelessRandomUniformV2", "StatelessRandomNormal", "StatelessRandomNormalV2")  # fmt: skip
"""Operations that draw numbers; their first input is the shape."""
_NEVER_CONSTANT = frozenset(
    {
        "Shape",
        "Size",
        "Rank",
        "StatelessWhile",
        "While",
        "LookupTableFindV2",
        "ParseExample",
        "ParseExampleV2",
        *BY_CHANCE,
    }
)


# What any operation can be.


def opaque(walk: Walk, call: Call, operation: str = "", within: Iterable[Weight] = ()) -> list[Value]:
    """An operation that is not known here: its name, shapes and weights are; its work is not.

    `within` are weights of what it consists of.
    """
    outputs = [walk.output(call, number) for number in range(call.outputs)]
    weights = (*within, *(weight for value in call.inputs for weight in value.leaves))
    inputs = [walk.tensor(value) for value in call.inputs if value.scaled or walk.assembly.has(value)]
    layer = Opaque(operation or call.operation or "Unknown", walk.assembly.shape(outputs[min(call.read)]))
    read = [outputs[number] for number in sorted(call.read)]
    walk.assembly.several(layer, inputs, read, name=call.name, weights=short(weights))
    return outputs


def short(weights: Sequence[Weight]) -> tuple[Weight, ...]:
    """Weights by the last part of their names, each once."""
    found = {each.identity: each._replace(name=each.name.rpartition("/")[2] or "weight") for each in weights}
    return tuple(found.values())
