"""Layers that go through a sequence step by step. ONNX has the steps before the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.graph import Layer
from cnncli.graph.layers import GRU, LSTM, SimpleRNN
from cnncli.onnx_model.lowering import Laid
from cnncli.onnx_model.place import Lowered, Place

GATES = {"RNN": (0,), "LSTM": (0, 3, 1, 2), "GRU": (0, 1, 2)}
"""Which of Keras's gates ONNX has first, second, ...: input, output, forget, cell of an LSTM."""


def _recurrent(operation: str, **attributes: Any) -> Lowered:
    def lowered(place: Place) -> Laid:
        return _run(place, operation, **attributes)

    return lowered


def _gru(place: Place) -> Laid:
    return _run(place, "GRU", linear_before_reset=int(place.layer.reset_after))


def _run(place: Place, operation: str, **attributes: Any) -> Laid:
    """One direction, whose axis is dropped again, with a gate behind the other in the rows of the kernels."""
    name, order = place.source()
    steps_first = place.add("Transpose", [name], "steps", perm=[order.index(1) + 1, 0, order.index(2) + 1])
    gates, units = GATES[operation], place.layer.units
    kernels = [place.weight(each, _by_gate(place.array(each), gates)) for each in ("kernel", "recurrent_kernel")]
    given = [steps_first, *kernels, *_bias(place, gates)]
    every = place.layer.return_sequences
    outputs = [place.named("sequence"), ""] if every else ["", place.named("state")]
    found = place.lowering.add_several(operation, given, outputs, hidden_size=units, **attributes)
    direction = place.whole("direction", [1 if every else 0])
    if not every:
        return Laid(place.add("Squeeze", [found, direction]), place.last)
    squeezed = place.add("Squeeze", [found, direction], "squeezed")
    return Laid(place.add("Transpose", [squeezed], perm=[1, 0, 2]), place.last)


def _by_gate(kernel: Any, gates: Sequence[int]) -> Any:
    """(features, gates * units) as (1, gates * units, features), the gates in ONNX's order."""
    features = kernel.shape[0]
    return kernel.reshape(features, len(gates), -1)[:, gates].reshape(1, features, -1).transpose(0, 2, 1)


def _bias(place: Place, gates: Sequence[int]) -> list[str]:
    """Of the kernel, and of the recurrent kernel, which only a GRU that resets afterwards has in Keras."""
    import numpy

    bias = place.array("bias")
    if bias is None:
        return []
    ordered = bias.reshape(-1, len(gates), place.layer.units)[:, gates]
    both = ordered if len(ordered) == 2 else numpy.concatenate([ordered, numpy.zeros_like(ordered)])
    return [place.weight("bias", both.reshape(1, -1))]


RECURRENT: dict[type[Layer], Lowered] = {
    GRU: _gru,
    LSTM: _recurrent("LSTM"),
    SimpleRNN: _recurrent("RNN"),
}
