"""What is done to converted TFLite files, shown on small ones that are made by hand."""

from __future__ import annotations

from typing import Any

import numpy
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from cnncli.amounts import UNKNOWN
from cnncli.errors import CheckFailed
from cnncli.export.formats import editing
from cnncli.export.formats.flatbuffer import describe, read, write

OPERATORS = schema.BuiltinOperator
FLOAT, INT8, INT32 = schema.TensorType.FLOAT32, schema.TensorType.INT8, schema.TensorType.INT32


class Hand:
    """A model with one graph, made tensor by tensor and operation by operation."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(self, shape: tuple[int, ...], type: int = FLOAT, values: Any = None, scale: float | None = None) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = f"t{len(self.graph.tensors)}", shape, type, 0
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = numpy.asarray(values).view("uint8").ravel()
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        if scale:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [-3]
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def operation(self, code: int, inputs: list[int], outputs: list[int], options: Any = None) -> None:
        operator, named = schema.OperatorT(), schema.OperatorCodeT()
        named.builtinCode = named.deprecatedBuiltinCode = code
        named.version = 1
        operator.opcodeIndex, operator.inputs, operator.outputs = len(self.model.operatorCodes), inputs, outputs
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self.model.operatorCodes.append(named)
        self.graph.operators.append(operator)

    def file(self, inputs: list[int], outputs: list[int]) -> bytes:
        self.graph.inputs, self.graph.outputs = inputs, outputs
        return write(self.model)


def reshaped(before: tuple[int, ...], after: tuple[int, ...], then_scaled: tuple[int, ...] | None = None) -> bytes:
    """image -> RESHAPE, as the converter writes it -> NEG; or -> MUL with the image, which broadcasts."""
    hand = Hand()
    image, end = hand.tensor(before), hand.tensor(then_scaled or after)
    shape, middle = hand.tensor((len(after),), INT32, numpy.array(after, "int32")), hand.tensor(after)
    options = schema.ReshapeOptionsT()
    options.newShape = list(after)
    hand.operation(OPERATORS.RESHAPE, [image, shape], [middle], options)
    if then_scaled:
        hand.operation(OPERATORS.MUL, [image, middle], [end], schema.MulOptionsT())
    else:
        hand.operation(OPERATORS.NEG, [middle], [end], schema.NegOptionsT())
    return hand.file([image], [end])


def run(data: bytes, pictures: Any) -> Any:
    """Outputs of a batch of pictures of any number."""
    interpreter = Interpreter(model_content=data)
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(taken["index"], pictures.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(taken["index"], pictures)
    interpreter.invoke()
    return interpreter.get_tensor(given["index"])


@pytest.mark.parametrize(
    ("before", "after", "then_scaled"),
    [
        ((1, 1, 1, 6), (1, 6), None),  # the head of MobileNet V1
        ((1, 2, 3, 2), (1, 12), None),  # Flatten
        ((1, 2, 3, 2), (1, 6, 2), None),  # Reshape
        ((1, 2, 3, 2), (6, 2), None),  # a dense layer along the channels
        ((1, 6), (1, 1, 1, 6), None),
        ((1, 1, 1, 6), (6,), (1, 1, 1, 6)),  # squeeze-and-excitation on a map of one cell
    ],
)
@pytest.mark.parametrize("free_batch", [False, True])
def test_a_batch_can_be_resized(
    before: tuple[int, ...], after: tuple[int, ...], then_scaled: tuple[int, ...] | None, free_batch: bool
) -> None:
    data = editing.finished(reshaped(before, after, then_scaled), "image", "features", free_batch=free_batch)
    pictures = numpy.random.default_rng(1).normal(size=(4, *before[1:])).astype("float32")
    outputs = run(data, pictures)
    alone = numpy.concatenate([run(data, picture[None]) for picture in pictures])
    assert outputs.shape == alone.shape
    assert outputs.reshape(4, -1) == pytest.approx(alone.reshape(4, -1))
    assert run(reshaped(before, after, then_scaled), pictures[:1]).ravel() == pytest.approx(outputs.reshape(4, -1)[0])
    description = describe(data)
    assert description.inputs[0].shape == (UNKNOWN if free_batch else 1, *before[1:])
    assert Interpreter(model_content=data).get_input_details()[0]["shape"].tolist() == list(before)


def test_a_shape_that_is_something_else_too() -> None:
    """A head of two classes: the shape 1x2 is the constant of the axes 1 and 2, along which MEAN goes."""
    hand = Hand()
    image, pooled, end = hand.tensor((1, 3, 3, 2)), hand.tensor((1, 1, 1, 2)), hand.tensor((1, 2))
    both = hand.tensor((2,), INT32, numpy.array([1, 2], "int32"))
    mean = schema.ReducerOptionsT()
    mean.keepDims = True
    hand.operation(OPERATORS.MEAN, [image, both], [pooled], mean)
    hand.operation(OPERATORS.RESHAPE, [pooled, both], [end])
    data = editing.finished(hand.file([image], [end]), "image", "features", free_batch=True)
    pictures = numpy.random.default_rng(1).normal(size=(3, 3, 3, 2)).astype("float32")
    assert run(data, pictures) == pytest.approx(pictures.mean((1, 2)), abs=1e-6)


def integers(last: int = OPERATORS.DEQUANTIZE, read_too: str = "") -> bytes:
    """image -> QUANTIZE -> RELU -> DEQUANTIZE -> end, in int8 between; an ELU may read one of its ends too."""
    hand = Hand()
    image, end = hand.tensor((1, 5)), hand.tensor((1, 5))
    first, second = hand.tensor((1, 5), INT8, scale=0.5), hand.tensor((1, 5), INT8, scale=0.5)
    hand.operation(OPERATORS.QUANTIZE, [image], [first], schema.QuantizeOptionsT())
    hand.operation(OPERATORS.RELU, [first], [second])
    hand.operation(last, [second], [end], schema.DequantizeOptionsT() if last == OPERATORS.DEQUANTIZE else None)
    if read_too:
        hand.operation(OPERATORS.ELU, [image if read_too == "image" else end], [hand.tensor((1, 5))])
    return editing.finished(hand.file([image], [end]), "image", "features", free_batch=False)


def test_int8_ends() -> None:
    data = editing.with_integer_ends(integers(), "int8")
    assert run(data, numpy.array([[-128, -4, -3, -2, 127]], "int8")).tolist() == [[-3, -3, -3, -2, 127]]
    assert describe(data).ops == {"RELU": 1}
    assert len(read(data).subgraphs[0].tensors) == 2


def test_uint8_ends() -> None:
    """The same real numbers as in int8: 128 more, and so is the zero point."""
    data = editing.with_integer_ends(integers(), "uint8")
    assert run(data, numpy.array([[0, 124, 125, 126, 255]], "uint8")).tolist() == [[125, 125, 125, 126, 255]]
    description = describe(data)
    for tensor, name in zip((*description.inputs, *description.outputs), ("image", "features"), strict=True):
        assert (tensor.name, tensor.dtype, tensor.scale, tensor.zero_point) == (name, "uint8", 0.5, 125)
    assert description.ops == {"QUANTIZE": 2, "RELU": 1}


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_other_ends_are_refused(dtype: str) -> None:
    with pytest.raises(CheckFailed, match=f"{dtype}-io is not possible: ABS at its ends computes with floats"):
        editing.with_integer_ends(integers(OPERATORS.ABS), dtype)


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("read", ["image", "end"])
def test_ends_that_floats_read_too_are_refused(read: str, dtype: str) -> None:
    """As the input of conv(elu(x)) + conv(x): the file without floats at its ends would lack what ELU reads."""
    with pytest.raises(CheckFailed, match=f"{dtype}-io is not possible: ELU at its ends computes with floats"):
        editing.with_integer_ends(integers(read_too=read), dtype)


def test_what_nothing_refers_to_is_left_out() -> None:
    """Tensors, buffers, codes; what stays is found under its new number, an input that is left out stays so."""
    hand = Hand()
    hand.tensor((7,), values=numpy.zeros(7, "float32"))  # read by nothing
    image, end = hand.tensor((1, 2)), hand.tensor((1, 3))
    weights = hand.tensor((3, 2), values=numpy.array([[1, 0], [0, 1], [1, 1]], "float32"))
    hand.operation(OPERATORS.TANH, [image], [end])
    hand.operation(OPERATORS.FULLY_CONNECTED, [image, weights, -1], [end], schema.FullyConnectedOptionsT())
    del hand.graph.operators[0]
    metadata, text = schema.MetadataT(), schema.BufferT()
    metadata.name, metadata.buffer, text.data = "version", len(hand.model.buffers), numpy.frombuffer(b"1.2", "uint8")
    hand.model.metadata = [metadata]
    hand.model.buffers += [text, schema.BufferT()]
    model = read(editing.finished(hand.file([image], [end]), "image", "features", free_batch=False))
    (graph,) = model.subgraphs
    assert [tensor.name for tensor in graph.tensors] == [b"image", b"features", b"t3"]
    assert [list(operator.inputs) for operator in graph.operators] == [[0, 2, -1]]
    assert len(model.buffers) == 3
    assert bytes(model.buffers[model.metadata[0].buffer].data) == b"1.2"
    assert [code.builtinCode for code in model.operatorCodes] == [OPERATORS.FULLY_CONNECTED]
    assert run(write(model), numpy.array([[2, 5]], "float32")).tolist() == [[2, 5, 7]]
