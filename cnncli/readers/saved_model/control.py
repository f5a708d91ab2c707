"""TensorFlow's operations that steer: which nodes and functions are followed, and where constants and inputs stand."""

from __future__ import annotations

import re

from cnncli.amounts import UNKNOWN
from cnncli.graph import Layer
from cnncli.graph.layers import GRU, LSTM, Identity
from cnncli.readers.saved_model.frame import Call, Frame, Value, read_within
from cnncli.readers.saved_model.walk import Steering, Walk, opaque

_RECURRENT = re.compile(r"(standard|gpu|cudnn|defun)\w*_(lstm|gru)")


def _same(walk: Walk, _: Frame, call: Call) -> list[Value]:
    if walk.assembly.raw and call.operation == "Identity" and walk.assembly.has(call.inputs[0]):
        return walk.append(call, Identity(), call.inputs, shape=call.inputs[0].shape)
    return [walk.read(value) if value.variable and not value.constant else value for value in call.inputs] or [
        walk.output(call, 0)
    ]


def _call(walk: Walk, frame: Frame, call: Call) -> list[Value]:
    name = call.node.function if "f" in call.node.attributes else call.operation
    recurrent = _RECURRENT.search(name)
    if recurrent:
        return recurrence(walk, call, recurrent[2].upper())
    function = walk.file.function(name)
    if function is None:
        return opaque(walk, call)
    return walk.called(function, call, frame, call.inputs)


def known(condition: Value) -> bool | None:
    """The condition that a branch hangs on, as far as it is known."""
    values = condition.values
    return None if not values or values[0] is UNKNOWN else bool(values[0])


def _if(walk: Walk, frame: Frame, call: Call) -> list[Value]:
    condition = known(call.inputs[0])
    if condition is None:
        return opaque(walk, call)
    name = call.node.function_named("then_branch" if condition else "else_branch")
    function = walk.file.function(name)
    return opaque(walk, call) if function is None else walk.called(function, call, frame, call.inputs[1:])


def _switch(walk: Walk, frame: Frame, call: Call) -> list[Value]:
    """TF 1's fork: the data comes out at 0 where the condition does not hold, at 1 where it does.

    A condition that is not known is taken not to hold, as one of training, but to hold where it is computed of the
    inputs or their sizes; either is said. That of a loop, which is not counted, is open.
    """
    data, condition = call.inputs[0], call.inputs[1]
    holds = known(condition)
    source = call.node.inputs[1].partition(":")[0]
    if source in frame.nodes and frame.nodes[source].operation == "LoopCond":
        return [data, data]
    if holds is None:
        holds = not condition.constant or condition.of_sizes
        (walk.taken if holds else walk.assumed)[condition.name] = None
    nothing = walk.output(call, 0, dead=True)
    return [nothing, data] if holds else [data, nothing]


def _merge(walk: Walk, _: Frame, call: Call) -> list[Value]:
    living = [value for value in call.inputs if not value.dead]
    index = Value(f"{call.name}:1", (), "int32", constant=True)
    return [living[0] if living else walk.output(call, 0, dead=True), index]


def _exit(walk: Walk, frame: Frame, call: Call) -> list[Value]:
    """TF 1's end of a loop. What a loop computes is not counted, but its weights are, at the first of its ends."""
    within = [frame.values[each][0] for each in read_within(frame, call.node.name) if frame.values.get(each)]
    new = {weight.identity: weight for value in within for weight in value.leaves if weight.identity not in walk.looped}
    walk.looped |= set(new)
    return opaque(walk, call, "While", new.values())


def _default(walk: Walk, _: Frame, call: Call) -> list[Value]:
    """PlaceholderWithDefault: the default, where it is none of the inputs."""
    return [walk.inputs[call.name]] if call.name in walk.inputs else call.inputs


def _placeholder(walk: Walk, _: Frame, call: Call) -> list[Value]:
    """An input, whether a signature names it or not."""
    found = walk.inputs.get(call.name)
    if found is None:
        said = call.node.shape("shape")
        shape = call.shapes[0] if call.shapes else None
        walk.enter(call.name, said if shape is None else shape, call.node.dtype("dtype"))
        found = walk.inputs[call.name]
    return [found]


VARIABLES = ("VarHandleOp", "VariableV2", "Variable", "TemporaryVariable")

CONTROL: dict[str, Steering] = {
    **dict.fromkeys(
        ("Identity", "IdentityN", "StopGradient", "PreventGradient", "CheckNumerics", "Snapshot", "ReadVariableOp",
         "EnsureShape", "Enter", "RefEnter", "RefIdentity", "LoopCond"),
        _same,
    ),
    **dict.fromkeys(("PartitionedCall", "StatefulPartitionedCall", "RemoteCall", "TPUPartitionedCall"), _call),
    **dict.fromkeys(("If", "StatelessIf"), _if),
    **dict.fromkeys(("Switch", "RefSwitch"), _switch),
    **dict.fromkeys(("Merge", "RefMerge"), _merge),
    **dict.fromkeys(("Exit", "RefExit"), _exit),
    "PlaceholderWithDefault": _default,
    "Placeholder": _placeholder,
    "Const": lambda walk, _, call: walk.constant(call),
    **dict.fromkeys(VARIABLES, lambda walk, _, call: walk.handle(call)),
}  # fmt: skip


def recurrence(walk: Walk, call: Call, operation: str) -> list[Value]:
    """A function of Keras 2 that goes through a sequence step by step: the layer that it is of, or as large as that.

    It puts out the last step's output, those of all steps, and the states; it is given the kernel, the recurrent kernel
    and the bias at the end.
    """
    kernels = [value for value in call.inputs if value.leaves]
    if len(kernels) != 3 or len(call.read) != 1 or not call.read <= {0, 1}:
        return opaque(walk, call, operation)
    named = zip(("kernel", "recurrent_kernel", "bias"), kernels, strict=True)
    weights = [weight for name, value in named for weight in walk.weights(value, name)]
    units = (kernels[1].shape or (UNKNOWN,))[0]
    layer: Layer = LSTM(units, 1 in call.read) if operation == "LSTM" else GRU(units, 1 in call.read)
    outputs = [walk.output(call, number) for number in range(call.outputs)]
    (number,) = call.read
    walk.assembly.apply(layer, [walk.tensor(call.inputs[0])], outputs[number], name=call.name, weights=weights)
    return outputs
