"""TFLite files without any framework: structure, sizes that are open, graphs and signatures, what is damaged."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import types

from cnncli.amounts import UNKNOWN, AtLeast
from cnncli.analysis.metrics import Totals
from cnncli.errors import CnncliError, UsageError
from cnncli.graph import Graph
from cnncli.readers.opening import read_file
from cnncli.readers.reading import AS_IT_IS, Reading, Settings
from cnncli.readers.source import Damaged, in_memory
from cnncli.readers.tflite.file import ModelFile, Operation
from cnncli.readers.tflite.moves import reshaped
from cnncli.readers.tflite.schema import OPERATIONS, TYPES
from cnncli.readers.tflite.shapes import shapes
from cnncli.readers.tflite.values import values

FILES = Path(__file__).parent / "files"
SEPARABLE, OPEN, RECURRENT = (FILES / f"{name}.tflite" for name in ("separable_int8", "open_size", "recurrent"))


def reading(path: Path, settings: Settings = AS_IT_IS) -> Reading:
    return read_file(path, settings)[1]


def figures(graph: Graph) -> tuple[Any, Any]:
    totals = Totals(graph)
    return totals.macs, totals.params


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    """Edit a file through the schema's object API: as other converters write, or as nobody should."""
    from ai_edge_litert import schema_py_generated as schema

    def edited(path: Path, change: Callable[[Any], object]) -> Path:
        import flatbuffers

        model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(path.read_bytes(), 0))
        change(model)
        builder = flatbuffers.Builder(2**16)
        builder.Finish(model.Pack(builder), b"TFL3")
        written = tmp_path / "edited.tflite"
        written.write_bytes(builder.Output())
        return written

    return edited


def kind(model: Any, code: int, custom: str = "") -> int:
    """The number of an operation's code, which is added."""
    from ai_edge_litert import schema_py_generated as schema

    added = schema.OperatorCodeT()
    added.builtinCode, added.deprecatedBuiltinCode = code, min(code, 127)
    added.customCode = custom or None
    model.operatorCodes.append(added)
    return len(model.operatorCodes) - 1


# A quantized network.


def test_a_quantized_network() -> None:
    found = reading(SEPARABLE)
    graph = found.graph
    assert types(graph) == [
        "InputLayer", "Conv2D", "DepthwiseConv2D", "Conv2D", "GlobalAveragePooling2D", "Dense", "Softmax",
    ]  # fmt: skip
    assert [node.name for node in graph.nodes] == [
        "image",
        "stem",
        "depthwise",
        "pointwise",
        "pool",
        "classes",
        "softmax",
    ]
    stem, depthwise, pointwise = graph.nodes[1:4]
    assert [node.layer.function for node in (stem, depthwise, pointwise)] == ["relu6", "linear", "relu"]
    assert [weight.shape for weight in stem.weights] == [(3, 3, 3, 8), (8,)]
    assert [weight.dtype for weight in stem.weights] == ["int8", "int32"]
    assert [weight.shape for weight in depthwise.weights] == [(3, 3, 8, 1), (8,)]
    # 8x8 positions of 3x3x3x8, 3x3x8 and 1x1x8x12, and 12x4; a bias a channel, the batch norm's in the kernel
    assert figures(graph) == (64 * (216 + 72 + 96) + 48, 216 + 8 + 72 + 8 + 96 + 12 + 48 + 4)
    assert (found.quantization, found.signature, found.signatures) == ("int8", "serving_default", ("serving_default",))
    assert found.producer.startswith("TFLite's converter of TensorFlow 2.21")
    low, high = found.input_range or (0, 0)
    assert low == pytest.approx(0, abs=0.01)
    assert high == pytest.approx(1, abs=0.01)


def test_raw_shows_the_same_work() -> None:
    assert figures(reading(SEPARABLE, Settings(raw=True)).graph) == figures(reading(SEPARABLE).graph)


def test_weights_with_a_scale_a_block(edited: Callable[..., Path]) -> None:
    """Their scales stand in a tensor of their own; they stand for real numbers all the same."""
    from ai_edge_litert import schema_py_generated as schema

    def change(model: Any) -> None:
        tensors = model.subgraphs[0].tensors
        for operator in model.subgraphs[0].operators:
            for number in operator.inputs[1:2]:
                quantization = tensors[number].quantization
                if quantization is not None:
                    quantization.scale = quantization.zeroPoint = None
                    quantization.detailsType = schema.QuantizationDetails.BlockwiseQuantization
                    quantization.details = schema.BlockwiseQuantizationT()

    assert reading(edited(SEPARABLE, change)).quantization == "int8"


def test_a_constant_that_repeats_its_operand_counts_whole(edited: Callable[..., Path]) -> None:
    """What is added has more cells than what it is added to."""

    def change(model: Any) -> None:
        import numpy as np

        graph = model.subgraphs[0]
        (output,) = graph.outputs
        constant, larger = copy.deepcopy(graph.tensors[output]), copy.deepcopy(graph.tensors[output])
        for tensor, name in ((constant, "constant"), (larger, "larger")):
            tensor.name, tensor.shape, tensor.shapeSignature, tensor.type = name, [9, 1, 4], None, 0
            tensor.quantization = None
        buffer = copy.deepcopy(model.buffers[0])
        buffer.data = np.arange(36, dtype=np.float32).view(np.uint8)
        model.buffers.append(buffer)
        constant.buffer, larger.buffer = len(model.buffers) - 1, 0
        graph.tensors += [constant, larger]
        added = copy.deepcopy(graph.operators[0])
        added.opcodeIndex, added.builtinOptions, added.builtinOptionsType = kind(model, 0), None, 0
        added.inputs, added.outputs = [output, len(graph.tensors) - 2], [len(graph.tensors) - 1]
        graph.operators.append(added)
        graph.outputs = [len(graph.tensors) - 1]

    before, after = (reading(path).graph for path in (SEPARABLE, edited(SEPARABLE, change)))
    assert figures(after)[1] == figures(before)[1] + 36


# Sizes.


def test_a_size_that_is_open_is_unknown_and_said() -> None:
    graph = reading(OPEN).graph
    assert graph.inputs[0].shape == (UNKNOWN, UNKNOWN, 3)
    assert figures(graph) == (UNKNOWN, 224 + 584 + 8 + 18)
    assert len(graph.warnings) == 1
    assert "--input-shape 224x224x3" in graph.warnings[0]


@pytest.mark.parametrize(("height", "width"), [(32, 32), (30, 52)])
def test_a_size_that_is_settled(height: int, width: int) -> None:
    """The kernel of the dilated convolution works on 2x2 maps of every second cell, filled up to equal sizes."""
    graph = reading(OPEN, Settings(input_shapes={"": (height, width, 3)})).graph
    rows, columns = -(-height // 2), -(-width // 2)
    filled = 4 * -(-rows // 2) * -(-columns // 2)
    assert graph.outputs[0].shape == (rows, columns, 2)
    assert figures(graph)[0] == rows * columns * (216 + 16) + filled * 576
    assert graph.warnings == []


def test_another_size_than_the_stored_one() -> None:
    graph = reading(SEPARABLE, Settings(input_shapes={"image": (32, 24, 3)})).graph
    assert figures(graph)[0] == 16 * 12 * (216 + 72 + 96) + 48
    assert graph.nodes[4].shape == (12,)
    assert graph.warnings == ["image is 16x16x3 in the file; what is told holds for 32x24x3"]


@pytest.mark.parametrize(
    ("path", "settings", "says"),
    [
        (SEPARABLE, Settings(input_shapes={"": (16, 16, 4)}), "a kernel of 3 channels does not fit an input of 4"),
        (SEPARABLE, Settings(input_shapes={"": (16, 16)}), "image has shape 16x16x3, which 16x16 is none of"),
        (SEPARABLE, Settings(input_shapes={"picture": (16, 16, 3)}), "no such input; there are image"),
        (RECURRENT, Settings(input_shapes={"": (10, 6)}), "with one of steps, meta"),
        (RECURRENT, Settings(subgraph="9"), "it has main, "),
        (SEPARABLE, Settings(signature="other"), "it has serving_default"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_line(path: Path, settings: Settings, says: str) -> None:
    with pytest.raises(UsageError, match=says) as told:
        reading(path, settings)
    assert "\n" not in str(told.value)


def test_a_shape_that_the_file_holds_forbids_other_sizes(edited: Callable[..., Path]) -> None:
    from ai_edge_litert import schema_py_generated as schema

    def reshape(model: Any) -> None:
        """Before the first operation, into the shape that is there: as converters fix what they were told."""
        graph = model.subgraphs[0]
        operation, options = schema.OperatorT(), schema.ReshapeOptionsT()
        copied = schema.TensorT()
        copied.name, copied.type, copied.shape, copied.buffer = "copied", graph.tensors[0].type, [1, 16, 16, 3], 0
        graph.tensors.append(copied)
        options.newShape = [1, 16, 16, 3]
        operation.opcodeIndex = kind(model, OPERATIONS.index("RESHAPE"))
        operation.inputs, operation.outputs = graph.inputs, [len(graph.tensors) - 1]
        operation.builtinOptionsType, operation.builtinOptions = schema.BuiltinOptions.ReshapeOptions, options
        graph.operators[0].inputs = [len(graph.tensors) - 1, *graph.operators[0].inputs[1:]]
        graph.operators.insert(0, operation)

    path = edited(SEPARABLE, reshape)
    assert figures(reading(path).graph) == figures(reading(SEPARABLE).graph)
    with pytest.raises(UsageError, match="does not hold the 3,072 cells"):
        reading(path, Settings(input_shapes={"": (32, 32, 3)}))


def test_a_batch_is_divided_out(edited: Callable[..., Path]) -> None:
    def four(model: Any) -> None:
        for tensor in model.subgraphs[0].tensors:
            if tensor.shapeSignature is not None:
                tensor.shape, tensor.shapeSignature = [4, *tensor.shape[1:]], None

    graph = reading(edited(SEPARABLE, four)).graph
    assert figures(graph) == figures(reading(SEPARABLE).graph)
    assert graph.inputs[0].shape == (16, 16, 3)


# Graphs, signatures, inputs and outputs.


def test_several_inputs_outputs_and_graphs() -> None:
    found = reading(RECURRENT)
    assert [node.name for node in found.graph.inputs] == ["steps", "meta"]
    assert [node.shape for node in found.graph.outputs] == [(3,), (2,)]
    assert found.subgraph == "main"
    assert len(found.subgraphs) == 3
    uncounted = [node.type for node in Totals(found.graph).uncounted()]
    assert uncounted == ["WHILE"]
    macs, params = figures(found.graph)
    assert isinstance(macs, AtLeast)
    assert macs.known == 12 * 3 + 5 * 2
    assert params >= 4 * 5 * (6 + 5 + 1) + 13 * 3 + 6 * 2  # the loop's own constants are within its graphs


def test_a_graph_that_was_asked_for() -> None:
    names = reading(RECURRENT).subgraphs
    found = reading(RECURRENT, Settings(subgraph="2"))
    assert found.subgraph == names[2]
    assert figures(found.graph)[0] == 4 * 5 * (6 + 5)  # the loop's body: one step of the LSTM
    by_name = reading(RECURRENT, Settings(subgraph=names[2]))
    assert types(by_name.graph) == types(found.graph)


def test_a_signature_names_the_ends(edited: Callable[..., Path]) -> None:
    def rename(model: Any) -> None:
        (signature,) = model.signatureDefs
        signature.signatureKey = "predict"
        signature.inputs[0].name, signature.outputs[0].name = "photo", "verdict"
        model.subgraphs[0].tensors[signature.outputs[0].tensorIndex].name = "StatefulPartitionedCall:0"

    path = edited(SEPARABLE, rename)
    found = reading(path, Settings(signature="predict"))
    assert (found.graph.inputs[0].name, found.graph.outputs[0].name) == ("photo", "verdict")
    assert found.signature == "predict"


# What is not known, and what is damaged.


@pytest.mark.parametrize(
    ("code", "custom", "name"),
    [(32, "Mystery", "Mystery"), (131, "", "RFFT2D"), (500, "", "BUILTIN_500")],
)  # fmt: skip
def test_an_operation_without_a_layer_is_opaque(edited: Callable[..., Path], code: int, custom: str, name: str) -> None:
    """Codes above 127 stand in a newer field than those below."""

    def replace(model: Any) -> None:
        model.subgraphs[0].operators[2].opcodeIndex = kind(model, code, custom)

    graph = reading(edited(SEPARABLE, replace)).graph
    macs, params = figures(graph)
    assert [node.type for node in Totals(graph).uncounted()] == [name]
    assert macs.known == 64 * (216 + 72) + 48
    assert params == 464  # what it holds is counted


def test_weights_behind_the_flatbuffer(edited: Callable[..., Path], tmp_path: Path) -> None:
    """Files over 2 GB keep their weights so: a buffer has an offset and a size in the file."""
    moved: list[bytes] = []

    def move(model: Any) -> None:
        for buffer in model.buffers[1:]:
            if buffer.data is not None and len(buffer.data) > 64:
                moved.append(bytes(buffer.data))
                buffer.data, buffer.offset, buffer.size = None, 2**20, len(moved[-1])

    path = edited(SEPARABLE, move)
    content = path.read_bytes()
    path.write_bytes(content + bytes(2**20 - len(content)) + bytes(4096))
    assert moved
    assert figures(reading(path).graph) == figures(reading(SEPARABLE).graph)
    path.write_bytes(content)
    with pytest.raises(Damaged, match="reaches to byte"):
        reading(path)


@pytest.mark.parametrize("size", [9, 100, 2000, 4000])
def test_a_file_that_ends_early(tmp_path: Path, size: int) -> None:
    path = tmp_path / "cut.tflite"
    path.write_bytes(SEPARABLE.read_bytes()[:size])
    with pytest.raises(CnncliError) as told:
        reading(path)
    assert "\n" not in str(told.value)


def test_one_table_that_stands_for_many(tmp_path: Path) -> None:
    """A small file may not say endlessly much: what its tables hold is bounded by its size."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    builder = flatbuffers.Builder(2**16)
    builder.StartVector(4, 16, 4)
    for _ in range(16):
        builder.PrependInt32(1)
    shape = builder.EndVector()
    schema.TensorStart(builder)
    schema.TensorAddShape(builder, shape)
    tensor = schema.TensorEnd(builder)
    builder.StartVector(4, 4000, 4)
    for _ in range(4000):
        builder.PrependUOffsetTRelative(tensor)
    tensors = builder.EndVector()
    schema.SubGraphStart(builder)
    schema.SubGraphAddTensors(builder, tensors)
    graph = schema.SubGraphEnd(builder)
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(graph)
    graphs = builder.EndVector()
    schema.BufferStart(builder)
    buffer = schema.BufferEnd(builder)
    builder.StartVector(4, 1, 4)
    builder.PrependUOffsetTRelative(buffer)
    buffers = builder.EndVector()
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddBuffers(builder, buffers)
    schema.ModelAddSubgraphs(builder, graphs)
    builder.Finish(schema.ModelEnd(builder), b"TFL3")
    path = tmp_path / "shared.tflite"
    path.write_bytes(builder.Output())
    with pytest.raises(Damaged, match="its tables hold more than the file does"):
        reading(path)


def test_a_shape_of_too_many_axes(edited: Callable[..., Path]) -> None:
    def endless(model: Any) -> None:
        model.subgraphs[0].tensors[0].shape = [1] * 17

    with pytest.raises(Damaged, match="17 axes"):
        reading(edited(SEPARABLE, endless))


def test_an_empty_graph_is_refused(edited: Callable[..., Path]) -> None:
    with pytest.raises(Damaged, match="holds no graph"):
        reading(edited(SEPARABLE, lambda model: setattr(model, "subgraphs", [])))


def test_graphs_that_compute_each_other(edited: Callable[..., Path]) -> None:
    """A loop's body that is the loop's own graph ends all the same."""

    def cyclic(model: Any) -> None:
        loop = next(each for each in model.subgraphs[0].operators if hasattr(each.builtinOptions, "bodySubgraphIndex"))
        loop.builtinOptions.bodySubgraphIndex = loop.builtinOptions.condSubgraphIndex = 0

    assert "WHILE" in types(reading(edited(RECURRENT, cyclic)).graph)


# Tables and rules.


def test_names_of_operations_and_types_are_the_schema_s() -> None:
    import tflite

    def known(enumeration: type) -> dict[int, str]:
        return {number: name for name, number in vars(enumeration).items() if isinstance(number, int)}

    for code, name in known(tflite.BuiltinOperator).items():
        assert OPERATIONS[code] == name
    for code, name in known(tflite.TensorType).items():
        assert TYPES[code] == name.lower()


@pytest.mark.parametrize("path", [SEPARABLE, RECURRENT], ids=["separable", "recurrent"])
def test_shapes_that_follow_are_the_stored_ones(path: Path) -> None:
    """The converter stores what TensorFlow's own shape inference found: the rules here find the same."""
    file = ModelFile(in_memory(path.read_bytes(), "file"))
    followed = 0
    for number in range(len(file.graph_names)):
        for operation in file.graph(number).operations:
            for output, known in zip(operation.outputs, values(operation) or (), strict=False):
                output.values = known
            found = shapes(operation)
            for output, shape in zip(operation.outputs, found or (), strict=False):
                assert shape == output.shape, operation.name
                followed += 1
    assert followed >= 6


@pytest.mark.parametrize(
    ("shape", "target", "becomes"),
    [
        ((1, 4, 4, 8), (-1, 16), (8, 16)),
        ((1, UNKNOWN, 8), (-1, 8), (UNKNOWN, 8)),
        ((2, 6), (3, 4), (3, 4)),
        ((1, 12), (UNKNOWN, 4), (3, 4)),
    ],
)  # fmt: skip
def test_reshaping(shape: tuple[Any, ...], target: tuple[Any, ...], becomes: tuple[Any, ...]) -> None:
    assert reshaped("RESHAPE", shape, target) == becomes


def operation(name: str, *inputs: Any, outputs: int = 1) -> Operation:
    """An operation without options on tensors of (shape, values)."""
    from cnncli.readers.tflite.file import FileTensor

    tensors = [FileTensor(str(number), shape, "int32", values=known) for number, (shape, known) in enumerate(inputs)]
    return Operation(name, list(tensors), [FileTensor("y", None, "int32") for _ in range(outputs)], None)


@pytest.mark.parametrize(
    ("told", "known", "shape"),
    [
        (operation("SHAPE", ((1, UNKNOWN, 3), None)), (1, UNKNOWN, 3), (3,)),
        (operation("ADD", ((2,), (1, UNKNOWN)), ((), (5,))), (6, UNKNOWN), (2,)),
        (operation("FLOOR_MOD", ((1,), (-7,)), ((1,), (4,))), (1,), (1,)),
        (operation("DIV", ((1,), (-7,)), ((1,), (4,))), (-1,), (1,)),
        (operation("DIV", ((1,), (7,)), ((1,), (0,))), (UNKNOWN,), (1,)),
        (operation("STRIDED_SLICE", ((4,), (1, 20, 30, 3)), ((1,), (1,)), ((1,), (3,)), ((1,), (1,))), (20, 30), (2,)),
        (
            operation("STRIDED_SLICE", ((2, 2), (1, 2, 3, 4)), ((2,), (0, 1)), ((2,), (2, 2)), ((2,), (1, 1))),
            (2, 4),
            (2, 1),
        ),
        (operation("CONCATENATION", ((2,), (1, 2)), ((1,), (9,))), (1, 2, 9), (3,)),
        (operation("PACK", ((), (4,)), ((), (5,))), (4, 5), (2,)),
        (operation("GATHER", ((3,), (7, 8, 9)), ((2,), (2, 0))), (9, 7), (2,)),
        (operation("RANGE", ((), (1,)), ((), (7,)), ((), (2,))), (1, 3, 5), (3,)),
        (operation("FILL", ((1,), (3,)), ((), (8,))), (8, 8, 8), (3,)),
        (operation("REDUCE_PROD", ((3,), (2, 3, 4)), ((1,), (0,))), (24,), ()),
    ],
    ids=lambda told: told.name if isinstance(told, Operation) else "",
)  # fmt: skip
def test_what_is_computed_of_shapes(told: Operation, known: tuple[Any, ...], shape: tuple[Any, ...]) -> None:
    assert values(told) == [known]
    assert shapes(told) == [shape]
