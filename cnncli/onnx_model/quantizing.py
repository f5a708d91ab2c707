"""int8 by onnxruntime's static quantization: QuantizeLinear and DequantizeLinear around each operation (QDQ).

Kernels are int8, with a scale a channel, activations uint8. Of EfficientNet-B0, MobileNet V1, V2 and V3 at 64x64 int8
activations differ from float32 as much (cosines of the logits the same to 1e-4), but run 1 to 6.5 times as long with
onnxruntime 1.32 on an x86 CPU, whose instructions multiply uint8 by int8 (VNNI); on ARM, uint8 serves as well. A final
softmax stays in float32: in 8 bits its steps are 1/256.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnncli.onnx_model.model import LISTS
from cnncli.onnx_model.running import ERRORS

FOLDED = ("ConvBnFusion_W_", "ConvBnFusion_BN_B_")
"""How onnxruntime begins the names of kernels and biases into which it has folded a batch norm."""
QUANTIZED = "_quantized"
"""How it ends the names of constants that it has quantized."""
WEIGHTS_BESIDE = "session.optimized_model_external_initializers_file_name"
"""What onnxruntime calls the file beside the one that it writes."""


def quantized(model: Path, batches: Iterable[Any], folder: Path) -> Any:
    """The ModelProto of a float32 file in int8; its activations are measured on batches as its input takes them.

    `folder` is for what is written on the way.
    """
    import onnx

    folded, written = folder / "folded.onnx", folder / "quantized.onnx"
    with _silent():
        final = _fold(model, folded)
        _quantize(folded, written, batches, final)
    made = onnx.load(written)
    _tidy(made, onnx.load(model, load_external_data=False))
    return made


def _fold(model: Path, folded: Path) -> list[str]:
    """Have onnxruntime fold batch norm and padding into convolutions, and what is constant; the final softmaxes.

    What it folds into becomes one whose weights stand beside it, which holds for more than 2 GB too.
    """
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(folded)
    options.add_session_config_entry(WEIGHTS_BESIDE, f"{folded.name}.data")
    options.log_severity_level = ERRORS
    onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    made = onnx.load(folded, load_external_data=False)
    _rename(made.graph)
    folded.write_bytes(made.SerializeToString())
    outputs = {output.name for output in made.graph.output}
    return [node.name for node in made.graph.node if node.op_type == "Softmax" and outputs & {*node.output}]


def _rename(graph: Any) -> None:
    """Give folded kernels and biases the names of the weights that they were."""

    def plain(name: str) -> str:
        return next((name.removeprefix(prefix) for prefix in FOLDED if name.startswith(prefix)), name)

    for tensor in graph.initializer:
        tensor.name = plain(tensor.name)
    for node in graph.node:
        node.input[:] = [plain(name) for name in node.input]


def _quantize(folded: Path, written: Path, batches: Iterable[Any], in_floats: list[str]) -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Pictures(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(batches)

        def get_next(self) -> Any:
            return next(self.left, None)

    quantize_static(
        folded,
        written,
        Pictures(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=in_floats,
        use_external_data_format=True,
    )


def _tidy(made: Any, model: Any) -> None:
    """Let the file say of itself what the float32 one does: who wrote it, what it is of, how it is fed."""
    for field in ("producer_name", "producer_version", "doc_string"):
        setattr(made, field, getattr(model, field))
    made.graph.name = model.graph.name
    for ours, theirs in ((made, model), (made.graph, model.graph)):
        for field in ("metadata_props", "opset_import", "input", "output"):
            if field in theirs.DESCRIPTOR.fields_by_name:
                ours.ClearField(field)
                getattr(ours, field).extend(getattr(theirs, field))
    _list_anew(made)


def _list_anew(made: Any) -> None:
    """Name initializers that the metadata list as they are called now, those that are left."""
    held = {tensor.name for tensor in made.graph.initializer}
    for each in made.metadata_props:
        if each.key in LISTS:
            names = [name if name in held else f"{name}{QUANTIZED}" for name in json.loads(each.value)]
            each.value = json.dumps([name for name in names if name in held])


@contextmanager
def _silent() -> Iterator[None]:
    """onnxruntime's quantizer advises by Python's root logger what has been done here by other means."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
