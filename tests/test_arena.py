"""The arena is what TensorFlow Lite Micro itself allocates, to the byte; where it cannot run a network, why."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import calls_of

from cnncli.amounts import UNKNOWN
from cnncli.deployed import deployed
from cnncli.deployed.arena import ALIGNMENT, arena_bytes, arrangement, why_no_arena
from cnncli.deployed.micro import scratch, tail_bytes
from cnncli.deployed.plan import Constant, Operation, Plan, Tensor
from cnncli.network import network

DATA = Path(__file__).parent / "data"
MEASURED = json.loads((DATA / "arena.json").read_text())["networks"]
FILES = json.loads((DATA / "tflite_plans.json").read_text())["files"]
INTEGER = [file for file in FILES if file["kind"] == "int8-io" and file["reference"] in MEASURED]


def plan_of(file: dict[str, Any], nodes: dict[str, int] | None = None) -> Plan:
    """The plan that a file's structure is; `nodes` are indices by the layers' names."""
    return Plan(
        file["kind"],
        [Tensor(str(number), tuple(shape), dtype) for number, (shape, dtype) in enumerate(file["tensors"])],
        [Constant("", tuple(shape), dtype, scales) for shape, dtype, scales in file["constants"]],
        [
            Operation(name, tuple(reads), tuple(writes), tuple(held), tuple((nodes or {}).get(each, 0) for each in of))
            for name, reads, writes, held, of in file["operations"]
        ],
        tuple(file["inputs"]),
        tuple(file["outputs"]),
    )


def chain(*sizes: int, dtype: str = "int8", name: str = "RELU") -> Plan:
    """Operations one behind the other, between tensors of so many elements."""
    count = len(sizes)
    tensors = [Tensor(str(number), (1, size), dtype) for number, size in enumerate(sizes)]
    operations = [Operation(name, (number,), (number + 1,)) for number in range(count - 1)]
    return Plan("int8-io", tensors, [], operations, (0,), (count - 1,))


@pytest.mark.parametrize("file", INTEGER, ids=lambda file: file["reference"])
def test_head_and_tail_of_files(file: dict[str, Any]) -> None:
    head, tail = MEASURED[file["reference"]]
    plan = plan_of(file)
    low, high = tail_bytes(plan)
    assert arena_bytes(plan) == head
    assert low < tail < high < 3 * low


TRUTHS = {
    "v1:alpha=0.25,input_shape=96x96x1,classes=2": 55_296, "v1:input_shape=97": 313_664,
    "v1:input_shape=225": 1_648_960, "v2:alpha=0.35,input_shape=96": 138_240, "v2": 1_505_280,
    "v3_large:input_shape=96": 184_320, "v3_small:input_shape=96": 73_728, "v3_small": 401_408,
    "b0:input_shape=96": 663_552,
}  # fmt: skip
"""Heads that tflite-micro reported of files of int8-io."""


@pytest.mark.parametrize("reference", TRUTHS)
def test_heads_of_what_is_predicted(reference: str) -> None:
    assert arena_bytes(deployed(network(reference).graph, "int8-io")) == TRUTHS[reference]


def predicted(reference: str) -> None:
    head, tail = MEASURED[reference]
    plan = deployed(network(reference).graph, "int8-io")
    low, high = tail_bytes(plan)
    assert arena_bytes(plan) == head
    assert low < tail < high


@pytest.mark.parametrize("reference", sorted(MEASURED)[::6])
def test_head_and_tail_of_some_networks(reference: str) -> None:
    predicted(reference)


@pytest.mark.exhaustive
@pytest.mark.parametrize("reference", sorted(MEASURED))
def test_head_and_tail_of_all_networks(reference: str) -> None:
    predicted(reference)


def test_tensors_that_live_together_do_not_overlap() -> None:
    for file in INTEGER:
        placed = arrangement(plan_of(file))
        assert placed is not None
        for number, one in enumerate(placed):
            assert one.offset % ALIGNMENT == one.size % ALIGNMENT == 0
            for other in placed[:number]:
                if one.lives.first <= other.lives.last and other.lives.first <= one.lives.last:
                    assert one.offset + one.size <= other.offset or other.offset + other.size <= one.offset


def test_of_equal_tensors_the_later_is_placed_first() -> None:
    placed = arrangement(chain(64, 64, 64))
    assert placed is not None
    assert [(each.tensor, each.offset) for each in placed] == [(2, 0), (1, 64), (0, 0)]


def test_sizes_are_rounded_up_and_what_nothing_reads_lives_alone() -> None:
    plan = chain(17, 1)
    assert arena_bytes(plan) == 32 + 16
    with_more = [replace(plan, tensors=[*plan.tensors, Tensor("of no use", (1, size), "int8")]) for size in (40, 400)]
    assert arena_bytes(with_more[0]) == 48  # as the 48 of it are rounded up, and nothing else lives then
    assert arena_bytes(with_more[1]) == 400


def test_kernels_that_compute_with_more_than_tensors() -> None:
    mean = Plan("int8-io", [Tensor("x", (1, 8, 8, 20), "int8"), Tensor("y", (1, 20), "int8")])
    mean.constants = [Constant("axes", (2,), "int32")]
    mean.operations, mean.inputs, mean.outputs = [Operation("MEAN", (0,), (1,), (0,))], (0,), (1,)
    assert scratch(mean, mean.operations[0]) == (80, 16, 8)
    assert arena_bytes(mean) == 1280 + 80 + 32 + 16 + 16
    placed = arrangement(mean)
    assert placed is not None
    assert sorted(each.size for each in placed if each.tensor is None) == [16, 16, 80]
    mean.tensors = [tensor._replace(dtype="float32") for tensor in mean.tensors]
    assert scratch(mean, mean.operations[0]) == (16, 8)


def test_why_there_is_no_arena() -> None:
    assert arena_bytes(chain(8, 8, name="POW")) is UNKNOWN
    assert why_no_arena(chain(8, 8, name="POW")) == "TFLite Micro has no POW"
    assert why_no_arena(chain(8, 8, name="SQRT")) == "TFLite Micro's SQRT computes with float32 only"
    assert why_no_arena(chain(8, 8, name="SQRT", dtype="float32")) == ""
    joined = chain(8, 8)
    joined.operations = [Operation("CONCATENATION", (0,) * 11, (1,))]
    assert why_no_arena(joined) == "TFLite Micro's CONCATENATION takes at most 10 inputs, not 11"
    joined.operations = [Operation("CONCATENATION", (0,) * 10, (1,))]
    assert arena_bytes(joined) == 32
    hybrid = chain(8, 8, name="CONV_2D", dtype="float32")
    hybrid.constants = [Constant("kernel", (8, 1, 1, 8), "int8", 8)]
    hybrid.operations = [Operation("CONV_2D", (0,), (1,), (0,))]
    assert why_no_arena(hybrid) == "TFLite Micro's CONV_2D takes no kernel of int8 with activations of float32"
    opened = chain(8, UNKNOWN)
    assert (arena_bytes(opened), why_no_arena(opened)) == (UNKNOWN, "the sizes of some tensors are not known")


def test_the_work_grows_with_the_operations_not_with_their_square() -> None:
    """The planner of the sources takes time with the square of them."""

    def work(count: int) -> int:
        plan = chain(*(1000 + 16 * (number % 37) for number in range(count)))
        return calls_of(lambda: arena_bytes(plan))

    assert work(3000) < 2.2 * work(1500)


def test_tensors_that_all_live_at_once_are_refused() -> None:
    """As a file that was made to do harm may have them."""
    count = 10_000
    plan = chain(*[16] * count)
    plan.operations = [Operation("RELU", (0,), (number,)) for number in range(1, count)]
    plan.operations.append(Operation("ADD_N", tuple(range(1, count)), (0,)))
    assert why_no_arena(plan) == "too many tensors live at the same time to lay them out"


# What TensorFlow Lite Micro says itself.


def residual(inputs: Any) -> Any:
    from keras import layers

    x = layers.Conv2D(16, 3, strides=2, padding="same", use_bias=False)(inputs)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    y = layers.Conv2D(16, 1)(layers.DepthwiseConv2D(3, padding="same")(x))
    return layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling2D()(layers.Add()([x, y])))


def gated(inputs: Any) -> Any:
    from keras import layers

    x = layers.Conv2D(24, 3, strides=2, padding="same", activation="silu")(inputs)
    x = layers.Activation("hard_silu")(x)
    gate = layers.Conv2D(6, 1, activation="relu")(layers.GlobalAveragePooling2D(keepdims=True)(x))
    x = layers.Multiply()([x, layers.Conv2D(24, 1, activation="sigmoid")(gate)])
    return layers.Dense(4, activation="softmax")(layers.GlobalMaxPooling2D()(x))


def branches(inputs: Any) -> Any:
    from keras import layers

    x = layers.ZeroPadding2D(2)(inputs)
    pools = [layers.MaxPooling2D(3, 1, padding="same")(x), layers.AveragePooling2D(3, 1, padding="same")(x)]
    kernels = [layers.Conv2D(8, 1)(x), layers.Conv2D(12, 3, padding="same", activation="relu")(x)]
    x = layers.Conv2D(7, 3, strides=2, activation="tanh")(layers.Concatenate()([*kernels, *pools]))
    return layers.Dense(3, activation="softmax")(layers.Flatten()(x))


def decoder(inputs: Any) -> Any:
    from keras import layers, ops

    wide = layers.Conv2D(6, 3, padding="same", activation="relu")(inputs)
    deep = layers.Conv2D(12, 3, padding="same", activation="relu")(layers.MaxPooling2D(2)(wide))
    x = layers.Concatenate()([wide, layers.Conv2DTranspose(6, 2, strides=2)(deep)])
    x = ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    return layers.Conv2D(2, 1, activation="sigmoid")(layers.UpSampling2D(2, interpolation="bilinear")(x))


def repeated(inputs: Any) -> Any:
    from keras import layers

    return layers.Conv2D(2, 1, activation="sigmoid")(layers.UpSampling2D(2)(inputs))


def files_of(build: Callable[[Any], Any], size: int, batch: int) -> Iterator[tuple[str, bytes]]:
    """A network as files of float32, int8 and int8-io."""
    import keras
    import numpy as np

    from cnncli.export.formats.conversion import concrete_function, convert
    from cnncli.export.formats.editing import finished, with_integer_ends

    inputs = keras.Input((size, size, 3))
    function = concrete_function(keras.Model(inputs, build(inputs)), batch)
    random = np.random.default_rng(0)

    def examples() -> Iterator[Any]:
        return iter([random.random((batch, size, size, 3), dtype="float32") for _ in range(2)])

    for kind in ("none", "int8"):
        data = finished(convert(function, kind, examples), "image", "out", free_batch=False)
        yield kind, data
    yield "int8-io", with_integer_ends(data, "int8")


def allocations(path: Path) -> tuple[int, int] | None:
    """Head and tail of the arena, as the runtime's recording allocator prints them; None where it cannot run a file."""
    from tflite_micro.python.tflite_micro import runtime

    try:
        interpreter = runtime.Interpreter.from_file(str(path), arena_size=2**26)
    except RuntimeError:
        return None
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            interpreter.print_allocations()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        text = file.read().decode()
    head, tail = (int(re.findall(rf"Arena allocation {part} (\d+)", text)[0]) for part in ("head", "tail"))
    return head, tail


@pytest.mark.tf
@pytest.mark.skipif(
    sys.platform != "linux" or platform.machine() != "x86_64", reason="tflite-micro has no wheels for this machine"
)
@pytest.mark.filterwarnings("ignore:Statistics for quantized inputs")
@pytest.mark.parametrize(
    ("build", "size", "batch"),
    [(residual, 33, 1), (residual, 32, 3), (gated, 20, 1), (branches, 17, 1), (decoder, 16, 1), (repeated, 8, 1)],
)
def test_as_tflite_micro_says(build: Callable[[Any], Any], size: int, batch: int, tmp_path: Path) -> None:
    for kind, data in files_of(build, size, batch):
        path = tmp_path / f"{kind}.tflite"
        path.write_bytes(data)
        plan = network(str(path)).graph.file_plan
        assert plan is not None
        assert plan.kind == ("float32" if kind == "none" else kind)
        found = allocations(path)
        if build is repeated:
            assert (found, arena_bytes(plan), why_no_arena(plan)) == (None, UNKNOWN, "TFLite Micro has no TILE")
            continue
        assert found is not None
        low, high = tail_bytes(plan)
        assert arena_bytes(plan) == found[0]
        assert low < found[1] < high
