"""Plans of the other kinds than float32: the rules on plans of a few operations, and the networks against their files.

Each rule was seen in files of TensorFlow 2.21's converter, of the same operations written in TensorFlow. The facts of
the networks' files are in data/deployed_kinds.json: how often each operation occurs, the peak of the live tensors, and
how many scales the constants have.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import at_small_size, calls_of, graph_of, networks
from deployed_ties import FUNCTIONS, files, in_two_joins

from cnncli.amounts import UNKNOWN
from cnncli.deployed import FLOAT32, KINDS, Constant, Operation, Plan, Tensor, deployed
from cnncli.deployed.arena import arena_bytes
from cnncli.deployed.converter import float_plan
from cnncli.deployed.kinds import as_kind
from cnncli.deployed.lifetimes import peak
from cnncli.deployed.plan import INT8_IO
from cnncli.deployed.size import file_bytes
from cnncli.errors import CheckFailed
from cnncli.network import network

TRUTH: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "deployed_kinds.json").read_text(encoding="utf-8"))

SHAPE = (1, 8, 8, 4)
CONSTANTS = {
    "kernel": (4, 3, 3, 4),
    "bias": (4,),
    "large": (64, 3, 3, 4),
    "largest": (1, 3, 3, 128),
    "dense": (10, 256),
    "table": (64, 32),
    "volume": (3, 3, 3, 4, 16),
    "half": (),
    "AXES": (2,),  # of int32
    "SIZE": (4,),
}


def plan(*operations: str, inputs: str = "x") -> Plan:
    """Of operations as "CONV_2D x kernel bias > y": what CONSTANTS lacks are tensors; the last gives the outputs."""
    made = Plan(FLOAT32)
    tensors: dict[str, int] = {}
    constants: dict[str, int] = {}

    def place(name: str) -> int:
        if name not in tensors:
            tensors[name] = len(made.tensors)
            made.tensors.append(Tensor(name, SHAPE, "bool" if name.startswith("is_") else FLOAT32))
        return tensors[name]

    def hold(name: str) -> int:
        if name not in constants:
            constants[name] = len(made.constants)
            made.constants.append(Constant(name, CONSTANTS[name], "int32" if name.isupper() else FLOAT32))
        return constants[name]

    made.inputs = tuple(place(name) for name in inputs.split())
    for node, text in enumerate(operations):
        type, *read = text.partition(" > ")[0].split()
        writes = tuple(place(name) for name in text.partition(" > ")[2].split())
        reads = tuple(place(name) for name in read if name not in CONSTANTS)
        held = tuple(hold(name) for name in read if name in CONSTANTS)
        made.operations.append(Operation(type, reads, writes, held, (node,), "RELU" if type == "CONV_2D" else ""))
    made.outputs = tuple(place(name) for name in text.partition(" > ")[2].split())
    return made


def told(made: Plan) -> list[str]:
    """The operations of a plan in the same way: `a:8` is of int8, `kernel:8*4` has 4 scales besides."""

    def name(each: Tensor | Constant) -> str:
        bits = {"float16": ":f16", "int8": ":8", "int32": ":32"}.get(each.dtype, "")
        scales = getattr(each, "scales", 0)
        return each.name + (bits if not each.name.isupper() else "") + (f"*{scales}" if scales else "")

    def line(each: Operation) -> str:
        read = [*(made.tensors[at] for at in each.reads), *(made.constants[at] for at in each.constants)]
        return f"{each.type} {' '.join(map(name, read))} > {' '.join(name(made.tensors[at]) for at in each.writes)}"

    return [line(each) for each in made.operations]


def int8(*operations: str) -> list[str]:
    """What becomes of operations, without the usual conversions at the beginning and the end; `y` is the output."""
    lines = told(as_kind(plan(*operations), "int8"))
    first, last = lines[0] == "QUANTIZE x > x1:8", lines[-1] == "DEQUANTIZE y1:8 > y"
    return [line.replace("> y1:8", "> y:8") for line in lines[first : len(lines) - last]]


def test_float32_is_what_it_was() -> None:
    before = plan("CONV_2D x kernel bias > y")
    made = as_kind(before, "float32")
    assert made == before
    assert made is not before


# float16.


def test_float16_has_a_conversion_of_each_constant_in_front() -> None:
    made = as_kind(plan("CONV_2D x kernel bias > a", "MEAN a AXES > b", "MUL b half > y"), "float16")
    assert told(made) == [
        "DEQUANTIZE half:f16 > half1",
        "DEQUANTIZE bias:f16 > bias1",
        "DEQUANTIZE kernel:f16 > kernel1",
        "CONV_2D x kernel1 bias1 > a",
        "MEAN a AXES > b",
        "MUL b half1 > y",
    ]
    assert [made.tensors[tensor].name for tensor in (*made.inputs, *made.outputs)] == ["x", "y"]


def test_float16_converts_what_several_read_once() -> None:
    made = as_kind(plan("CONV_2D x kernel bias > a", "CONV_2D a kernel bias > y"), "float16")
    assert Counter(each.type for each in made.operations) == {"DEQUANTIZE": 2, "CONV_2D": 2}


def test_the_peak_in_float16_has_all_constants_in_floats() -> None:
    before = plan("CONV_2D x kernel bias > a", "CONV_2D a kernel bias > y")
    constants = sum(constant.bytes for constant in before.constants)
    assert peak(as_kind(before, "float16")).bytes == peak(before).bytes + constants


# dynamic.


@pytest.mark.parametrize(
    ("operation", "becomes"),
    [
        ("CONV_2D x large bias > y", "CONV_2D x large:8*64 bias > y"),
        ("DEPTHWISE_CONV_2D x largest bias > y", "DEPTHWISE_CONV_2D x largest:8*128 bias > y"),
        ("FULLY_CONNECTED x dense bias > y", "FULLY_CONNECTED x dense:8*10 bias > y"),
        ("TRANSPOSE_CONV x SIZE large bias > y", "TRANSPOSE_CONV x SIZE large:8*64 bias > y"),
        ("BATCH_MATMUL x table > y", "BATCH_MATMUL x table:8*1 > y"),
        ("CONV_3D x volume bias > y", "CONV_3D x volume bias > y"),
        ("MUL x table > y", "MUL x table > y"),
        ("CONV_2D x kernel bias > y", "CONV_2D x kernel bias > y"),
    ],
)
def test_dynamic_quantizes_large_kernels(operation: str, becomes: str) -> None:
    assert told(as_kind(plan(operation), "dynamic")) == [becomes]


@pytest.mark.parametrize(("elements", "dtype"), [(1023, FLOAT32), (1024, "int8")])
def test_dynamic_has_a_least_size(elements: int, dtype: str) -> None:
    before = plan("FULLY_CONNECTED x dense bias > y")
    before.constants[0] = Constant("dense", (1, elements))
    assert as_kind(before, "dynamic").constants[0].dtype == dtype


def test_dynamic_reads_a_table_as_floats() -> None:
    lines = told(as_kind(plan("GATHER x table > y"), "dynamic"))
    assert lines == ["DEQUANTIZE table:8*1 > table1", "GATHER x table1 > y"]


def test_dynamic_keeps_a_kernel_in_floats_too_where_it_is_read_so() -> None:
    made = as_kind(plan("CONV_2D x large bias > a", "MUL a large > y"), "dynamic")
    assert told(made) == ["CONV_2D x large:8*64 bias > a", "MUL a large > y"]


# int8: what is computed with integers.


def test_int8_has_conversions_at_its_ends() -> None:
    made = as_kind(plan("CONV_2D x kernel bias > y"), "int8")
    assert told(made) == [
        "QUANTIZE x > x1:8",
        "CONV_2D x1:8 kernel:8*4 bias:32*4 > y1:8",
        "DEQUANTIZE y1:8 > y",
    ]
    assert [made.tensors[tensor].dtype for tensor in (*made.inputs, *made.outputs)] == [FLOAT32, FLOAT32]
    assert made.operations[1].nodes == (0,)
    assert made.operations[1].function == "RELU"
    assert made.kind == "int8"


@pytest.mark.parametrize(
    ("operation", "becomes"),
    [
        ("DEPTHWISE_CONV_2D x largest bias > y", "DEPTHWISE_CONV_2D x1:8 largest:8*128 bias:32*4 > y:8"),
        ("FULLY_CONNECTED x dense bias > y", "FULLY_CONNECTED x1:8 dense:8*10 bias:32*4 > y:8"),
        ("FULLY_CONNECTED x dense > y", "FULLY_CONNECTED x1:8 dense:8*10 > y:8"),
        ("TRANSPOSE_CONV x SIZE kernel bias > y", "TRANSPOSE_CONV x1:8 SIZE kernel:8*4 bias:32*4 > y:8"),
        ("BATCH_MATMUL x table > y", "BATCH_MATMUL x1:8 table:8*1 > y:8"),
        ("ADD x half > y", "ADD x1:8 half:8*1 > y:8"),
        ("ADD x bias > y", "ADD x1:8 bias:8*1 > y:8"),
        ("MEAN x AXES > y", "MEAN x1:8 AXES > y:8"),
        ("MUL x x > y", "MUL x1:8 x1:8 > y:8"),
    ],
)
def test_constants_in_int8(operation: str, becomes: str) -> None:
    assert int8(operation) == [becomes]


def test_a_bias_is_held_for_each_kernel_and_other_constants_once() -> None:
    made = as_kind(
        plan("CONV_2D x kernel bias > a", "CONV_2D a kernel bias > b", "MUL b half > c", "MUL c half > y"), "int8"
    )
    assert Counter(constant.name for constant in made.constants) == {"bias": 2, "kernel": 1, "half": 1}


@pytest.mark.parametrize("type", ["ELU", "SQUARE", "NEG", "POW", "FLOOR", "LOCAL_RESPONSE_NORMALIZATION"])
def test_what_lacks_a_kernel_of_integers_is_computed_with_floats(type: str) -> None:
    assert int8("CONV_2D x kernel bias > a", f"{type} a > b", "CONV_2D b kernel bias > y") == [
        "CONV_2D x1:8 kernel:8*4 bias:32*4 > a:8",
        "DEQUANTIZE a:8 > a1",
        f"{type} a1 > b",
        "QUANTIZE b > b1:8",
        "CONV_2D b1:8 kernel:8*4 bias:32*4 > y:8",
    ]


@pytest.mark.parametrize("type", ["LEAKY_RELU", "HARD_SWISH", "GELU", "EXP", "RSQRT", "SUM", "ABS"])
def test_what_has_a_kernel_of_integers(type: str) -> None:
    assert int8(f"{type} x > y") == [f"{type} x1:8 > y:8"]


def test_constants_of_what_is_computed_with_floats_stay() -> None:
    lines = int8("POW x half > a", "MUL a half > y")
    assert lines == ["POW x half > a", "QUANTIZE a > a1:8", "MUL a1:8 half:8*1 > y:8"]


def test_floats_are_read_as_they_are_computed() -> None:
    """Not converted there and back between two operations of floats, nor where an input or an output is one."""
    assert int8("ELU x > a", "ELU a > y") == ["ELU x > a", "ELU a > y"]


def test_one_conversion_for_all_that_read_floats() -> None:
    lines = int8("CONV_2D x kernel bias > a", "ELU a > b", "SQUARE a > c", "ADD b c > y")
    assert [line for line in lines if line.startswith("DEQUANTIZE a")] == ["DEQUANTIZE a:8 > a1"]
    assert lines[-1] == "ADD b1:8 c1:8 > y:8"


def test_truths_are_no_numbers() -> None:
    lines = int8("GREATER x half > is_more", "CAST is_more > a", "SELECT is_more x a > y")
    assert lines == [
        "GREATER x1:8 half:8*1 > is_more",
        "CAST is_more > a",
        "SELECT is_more x a > y",
    ]


def test_of_what_is_split_all_must_be_read() -> None:
    """Measured: what is unpacked in vain makes the whole one of floats."""
    assert int8("UNPACK x > a b", "ADD a b > y") == ["UNPACK x1:8 > a:8 b:8", "ADD a:8 b:8 > y:8"]
    assert int8("UNPACK x > a b", "MUL a a > y") == ["UNPACK x > a b", "QUANTIZE a > a1:8", "MUL a1:8 a1:8 > y:8"]


# int8: ranges.


def test_a_join_of_two_gives_them_its_range() -> None:
    """No conversion: the convolutions compute in the range of the join."""
    lines = int8("CONV_2D x kernel bias > a", "CONV_2D x kernel bias > b", "CONCATENATION a b > y")
    assert lines[-1] == "CONCATENATION a:8 b:8 > y:8"


def test_a_fixed_range_is_converted_for_a_join() -> None:
    lines = int8(
        "TANH x > a", "CONV_2D x kernel bias > b", "CONCATENATION a b > c", "CONV_2D a kernel bias > d", "ADD c d > y"
    )
    assert lines[:2] == ["TANH x1:8 > a:8", "QUANTIZE a:8 > a1:8"]
    assert lines[3:5] == ["CONCATENATION a1:8 b:8 > c:8", "CONV_2D a1:8 kernel:8*4 bias:32*4 > d:8"]


def test_what_two_joins_read_is_converted_for_one() -> None:
    lines = int8(
        "CONV_2D x kernel bias > v",
        "CONV_2D x kernel bias > a",
        "CONCATENATION v a > b",
        "CONV_2D v kernel bias > c",
        "CONCATENATION v c > d",
        "ADD b d > y",
    )
    assert lines[:2] == ["CONV_2D x1:8 kernel:8*4 bias:32*4 > v:8", "QUANTIZE v:8 > v1:8"]
    assert "CONCATENATION v1:8 a:8 > b:8" in lines
    assert "CONCATENATION v:8 c:8 > d:8" in lines


def test_joins_of_the_same_have_one_range() -> None:
    """As the maps of LeNet-5 that are joined in several ways."""
    lines = int8(
        "CONV_2D x kernel bias > a",
        "CONV_2D x kernel bias > b",
        "CONCATENATION a b a > c",
        "CONCATENATION b a > d",
        "ADD c d > y",
    )
    assert not [line for line in lines if line.startswith("QUANTIZE")]


def test_a_range_goes_through_what_only_moves_numbers() -> None:
    lines = int8(
        "LOGISTIC x > a", "MAX_POOL_2D a > b", "PAD b AXES > c", "CONV_2D x kernel bias > d", "CONCATENATION c d > y"
    )
    assert lines[:2] == ["LOGISTIC x1:8 > a:8", "QUANTIZE a:8 > a1:8"]
    assert lines[2:4] == ["MAX_POOL_2D a1:8 > b:8", "PAD b:8 AXES > c:8"]


def test_joined_floats_are_joined_as_floats() -> None:
    """Measured: nobody gives the result of an operation of floats the range of a join."""
    lines = int8("CONV_2D x kernel bias > a", "ELU a > b", "CONCATENATION a b > c", "CONV_2D c kernel bias > y")
    assert lines[1:5] == ["DEQUANTIZE a:8 > a1", "ELU a1 > b", "CONCATENATION a1 b > c", "QUANTIZE c > c1:8"]


def test_constants_that_share_a_range_are_held_for_each() -> None:
    made = as_kind(plan("MAXIMUM x bias > a", "CONV_2D a kernel > b", "MAXIMUM b bias > y"), "int8")
    assert Counter(constant.name for constant in made.constants) == {"bias": 2, "kernel": 1}
    assert {constant.dtype for constant in made.constants} == {"int8"}


def test_a_table_has_a_range() -> None:
    before = plan("GATHER INDEX table > a", "MUL a half > y", inputs="INDEX")
    before.tensors[0] = Tensor("INDEX", (1, 8), "int64")
    assert told(as_kind(before, "int8"))[0] == "GATHER INDEX table:8*1 > a:8"


def test_the_converter_fails_at_a_fixed_range_in_two_joins() -> None:
    lines = ["TANH x > a", "CONCATENATION a x > b", "ABS x > c", "CONCATENATION a c > d", "ADD b d > y"]
    for kind in ("int8", "int8-io"):
        made = as_kind(plan(*lines), kind)
        assert "converter fails" in made.impossible
        assert made.kind == kind


# int8-io.


def test_without_ends() -> None:
    made = as_kind(plan("CONV_2D x kernel bias > a", "ELU a > b", "CONV_2D b kernel bias > y"), "int8-io")
    assert told(made) == [
        "CONV_2D x:8 kernel:8*4 bias:32*4 > a:8",
        "DEQUANTIZE a:8 > a1",
        "ELU a1 > b",
        "QUANTIZE b > b1:8",
        "CONV_2D b1:8 kernel:8*4 bias:32*4 > y:8",
    ]
    assert [made.tensors[tensor] for tensor in (*made.inputs, *made.outputs)] == [
        Tensor("x", SHAPE, "int8"),
        Tensor("y", SHAPE, "int8"),
    ]
    assert len(made.tensors) == 6  # the floats at the ends are gone


@pytest.mark.parametrize(
    ("operations", "types"),
    [
        (["CONV_2D x kernel bias > a", "ELU a > y"], "ELU"),
        (["SQUARE x > a", "CONV_2D a kernel bias > y"], "SQUARE"),
        (["ELU x > a", "ADD a x > y"], "ELU"),
        (["ELU x > a", "ABS a > b", "SQUARE b > y"], "ELU and SQUARE"),
    ],
)
def test_no_integers_at_ends_of_floats(operations: list[str], types: str) -> None:
    made = as_kind(plan(*operations), "int8-io")
    assert made.impossible == f"{types} at its ends computes with floats"
    assert peak(made).bytes is UNKNOWN
    assert arena_bytes(made) is UNKNOWN
    assert file_bytes(made, graph_of("v1")) is UNKNOWN


def test_no_integers_at_an_end_that_floats_read_too() -> None:
    before = plan("ABS x > y", "ELU y > z")
    before.outputs = (*before.operations[0].writes, *before.outputs)
    assert as_kind(before, "int8-io").impossible == "ELU at its ends computes with floats"


def test_conversions_are_of_the_layers_that_read_what_they_make() -> None:
    """The last is of that which computes what it converts."""
    before = plan("CONV_2D x kernel bias > a", "ELU a > b", "CONV_2D b kernel > y")
    made = as_kind(before, "int8")
    assert [(each.type, each.nodes) for each in made.operations if each.type.endswith("QUANTIZE")] == [
        ("QUANTIZE", (0,)),
        ("DEQUANTIZE", (1,)),
        ("QUANTIZE", (2,)),
        ("DEQUANTIZE", (2,)),
    ]
    halves = as_kind(before, "float16").operations
    assert [each.nodes for each in halves if each.type == "DEQUANTIZE"] == [(0,), (0,)]


# What the converter makes.

QUANTIZE = {"float32": "none", "float16": "float16", "dynamic": "dynamic", "int8": "int8", "int8-io": "int8"}
"""The kinds of --quantize."""


def read(path: Path, data: bytes) -> Plan:
    path.write_bytes(data)
    found = network(str(path)).graph.file_plan
    assert found is not None
    return found


def same(made: Plan, file: Plan) -> None:
    """Which operation computes which tensor of which, and what it holds; tensors in their order.

    Of float16 not in which order the constants are converted, of which the float32 plan tells nothing.
    """
    conversions = sum(not each.reads for each in made.operations)
    assert _operations(made)[conversions:] == _operations(file)[conversions:]
    assert Counter(_operations(made)[:conversions]) == Counter(_operations(file)[:conversions])
    assert Counter(_types(made.constants)) == Counter(_types(file.constants))
    if not conversions:
        assert _types(made.tensors) == _types(file.tensors)
        assert [(sorted(each.reads), each.writes) for each in made.operations] == [
            (sorted(each.reads), each.writes) for each in file.operations
        ]


def _operations(made: Plan) -> list[Any]:
    """Each by its type and the shapes and types of what it reads, holds and writes."""
    return [
        (
            each.type,
            *(
                tuple(sorted(_types([made.tensors[at] for at in tensors]), key=str))
                for tensors in (each.reads, each.writes)
            ),
            tuple(_types([made.constants[at] for at in each.constants])),
        )
        for each in made.operations
    ]


def _types(of: Iterable[Tensor | Constant]) -> list[Any]:
    return [(each.shape, each.dtype, getattr(each, "scales", 0)) for each in of]


@pytest.mark.tf
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.exhaustive if at % 4 else ()) for at, name in enumerate(FUNCTIONS)]
)
def test_ties_are_as_the_converter_makes_them(name: str, tmp_path: Path) -> None:
    """Of the plan that the float32 file is."""
    kinds = KINDS[:-1]
    made = files(FUNCTIONS[name], [QUANTIZE[kind] for kind in kinds])
    plans = [read(tmp_path / "x.tflite", data) for data in made]
    for kind, file in zip(kinds, plans, strict=True):
        same(as_kind(plans[0], kind), file)


@pytest.mark.tf
def test_the_converter_itself_fails() -> None:
    function = in_two_joins(lambda kit, x: kit.tf.tanh(x))
    assert len(list(files(function, ["none"]))) == 1
    with pytest.raises(CheckFailed, match="int8 is not possible: TensorFlow's converter fails: it does not say why"):
        list(files(function, ["int8"]))


def converted(reference: str, path: Path) -> Iterator[tuple[str, Plan]]:
    """A network's files of all kinds, as export finishes them, of random weights.

    Kernels stay as they are made: of larger ones activations grow beyond all floats in deep networks, and the
    converter's quantizer crashes.
    """
    import numpy

    from cnncli.export.formats.conversion import concrete_function, convert
    from cnncli.export.formats.editing import finished, with_integer_ends
    from cnncli.keras_model import lower

    graph = graph_of(reference)
    generator = numpy.random.default_rng(0)
    model = lower(graph)
    for weight in model.weights:
        random = len(weight.shape) > 1 and numpy.any(weight)
        if not random and weight.name not in ("count", "mean", "variance"):
            weight.assign((weight.name in ("gamma", "moving_variance")) + 0.1 * generator.random(weight.shape))
    pictures = generator.uniform(-1, 1, (2, 1, *graph.inputs[0].shape)).astype("float32")
    function = concrete_function(model, 1)
    for kind in KINDS[1:]:
        try:
            data = convert(function, QUANTIZE[kind], lambda: iter(pictures))
            data = finished(data, "image", "given", free_batch=False)
            yield kind, read(path, with_integer_ends(data, "int8") if kind == INT8_IO else data)
        except CheckFailed:
            assert deployed(graph, kind).impossible


@pytest.mark.tf
@pytest.mark.parametrize(
    "reference",
    ["v1:alpha=0.25,input_shape=96x96x1,classes=2", "v3_small:input_shape=65", "lenet5@paper"],
)
def test_kinds_of_networks_are_as_the_converter_makes_them(reference: str, tmp_path: Path) -> None:
    for kind, file in converted(reference, tmp_path / "x.tflite"):
        same(deployed(graph_of(reference), kind), file)


@pytest.mark.tf
@pytest.mark.exhaustive
@pytest.mark.parametrize("reference", [each.values[0] for each in networks()])
def test_kinds_of_every_network_are_as_the_converter_makes_them(reference: str, tmp_path: Path) -> None:
    name, _, flavor = reference.partition("@")
    test_kinds_of_networks_are_as_the_converter_makes_them(at_small_size(name, flavor), tmp_path)


# Networks.


def facts(made: Plan) -> dict[str, Any]:
    return {
        "operations": dict(sorted(Counter(each.type for each in made.operations).items())),
        "peak": peak(made).bytes,
        "scales": sum(constant.scales for constant in made.constants),
    }


@pytest.mark.parametrize("reference", TRUTH["networks"])
def test_networks_have_what_their_files_have(reference: str) -> None:
    graph = graph_of(reference)
    measured = TRUTH["networks"][reference]
    assert {kind: facts(deployed(graph, kind)) for kind in measured} == measured


def test_every_kind_was_measured() -> None:
    assert {kind for each in TRUTH["networks"].values() for kind in each} == {*KINDS} - {FLOAT32}


@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_is_not_changed(kind: str) -> None:
    before = float_plan(graph_of("v3_small"))
    again = float_plan(graph_of("v3_small"))
    assert as_kind(before, kind).kind == kind
    assert before == again


def test_the_work_of_integers_grows_with_the_operations() -> None:
    """Not with their square: B7 has more than three times B0's."""
    small, large = (float_plan(graph_of(name)) for name in ("efficientnet_b0", "efficientnet_b7"))
    calls = [calls_of(lambda plan=plan: as_kind(plan, "int8")) for plan in (small, large)]
    assert calls[1] / calls[0] < 1.2 * len(large.operations) / len(small.operations)
