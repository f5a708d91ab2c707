"""Networks of ONNX files as Keras models: with the file's weights, and what onnxruntime gives for the same examples."""

from __future__ import annotations

import io
import json
import random as pyrandom
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import refused
from hypothesis import given
from hypothesis import strategies as st

from cnncli.cloning.comparing import compared, scale_of
from cnncli.cloning.examples import examples
from cnncli.cloning.messages import Job
from cnncli.cloning.plan import keras_layer_name, planned
from cnncli.errors import CnncliError, UsageError
from cnncli.export.messages import Comparison
from cnncli.graph.names import Names
from cnncli.network import network

numpy, onnx, torch = (pytest.importorskip(name) for name in ("numpy", "onnx", "torch"))
FILES = Path(__file__).parent / "files"
nn, functional = torch.nn, torch.nn.functional

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")]


def cloned(path: Path, **options: Any) -> tuple[Any, list[Comparison]]:
    """The Keras model of a file, and how far its outputs are from onnxruntime's, an output; all in this process."""
    from cnncli.cloning import of_onnx, worker
    from cnncli.keras_model.building import build

    found = network(str(path), {"exact": True, **options})
    plan = planned(found.graph, str(path))
    job = Job(plan, path, "onnx", None, None, False, (-1.0, 1.0), True, None, None, None)
    built = build(plan.graph, fill=worker._fill(job))
    assert not built.differences
    inputs = examples(plan.graph.inputs, job.values)
    reading = found.origin.reading
    assert reading
    theirs = of_onnx.run(path, inputs, reading.channels_first, reading.settings.batch or 1)
    outputs = built.model(inputs if len(inputs) > 1 else inputs[0], training=False)
    arrays = [numpy.asarray(each) for each in (outputs if isinstance(outputs, list) else [outputs])]
    scales = [scale_of(node) for node in plan.graph.outputs]
    return built.model, [compared(*each) for each in zip(arrays, theirs, scales, strict=True)]


def agrees(path: Path, limit: float = 1e-5, **options: Any) -> Any:
    model, comparisons = cloned(path, **options)
    for each in comparisons:
        assert not each.blind
        assert each.max_relative_difference is not None
        assert each.max_relative_difference < limit
    return model


def exported(model: Any, shape: tuple[int, ...], path: Path, opset: int = 17) -> Path:
    """By torch, in evaluation, with statistics of batches that are not the initial ones."""
    for module in model.modules():
        if "BatchNorm" in type(module).__name__:
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream = io.BytesIO()
        torch.onnx.export(
            model.eval(), (torch.ones(1, *shape),), stream, dynamo=False, input_names=["x"], opset_version=opset
        )
    path.write_bytes(stream.getvalue())
    return path


class Applied(nn.Module):
    """A function of a map, behind a convolution so that its cells are of either sign."""

    def __init__(self, function: Callable[[Any], Any], channels: int = 4) -> None:
        super().__init__()
        self.conv, self.function = nn.Conv2d(3, channels, 3, padding=1), function

    def forward(self, x: Any) -> Any:
        return self.function(self.conv(x))


class Inverted(nn.Module):
    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        wide, self.adds = 4 * channels, stride == 1 and channels == filters
        self.layers = nn.Sequential(
            nn.Conv2d(channels, wide, 1, bias=False), nn.BatchNorm2d(wide), nn.ReLU6(),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False), nn.BatchNorm2d(wide), nn.Hardswish(),
            nn.Conv2d(wide, filters, 1, bias=False), nn.BatchNorm2d(filters),
        )  # fmt: skip

    def forward(self, x: Any) -> Any:
        return x + self.layers(x) if self.adds else self.layers(x)


def mobile() -> Any:
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6(), Inverted(8, 12, 2), Inverted(12, 12, 1),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(12, 10), nn.Softmax(1),
    )  # fmt: skip


class Residual(nn.Module):
    def __init__(self, channels: int, filters: int, stride: int) -> None:
        super().__init__()
        self.one = nn.Sequential(nn.Conv2d(channels, filters, 3, stride, 1, bias=False), nn.BatchNorm2d(filters))
        self.two = nn.Sequential(nn.Conv2d(filters, filters, 3, 1, 1, bias=False), nn.BatchNorm2d(filters))
        self.short = nn.Sequential(
            nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False), nn.Conv2d(channels, filters, 1)
        )

    def forward(self, x: Any) -> Any:
        return functional.relu(self.short(x) + self.two(functional.relu(self.one(x))))


def residual() -> Any:
    return nn.Sequential(
        nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(3, 2, 1), Residual(8, 8, 1),
        Residual(8, 16, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10),
    )  # fmt: skip


def flat() -> Any:
    """Cells are flattened with the channels first, before a dense layer that tells them apart."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4 * 7 * 5, 6), nn.Tanh())


def shuffled(x: Any) -> Any:
    count, channels, height, width = x.shape
    return x.view(count, 2, channels // 2, height, width).transpose(1, 2).reshape(count, channels, height, width)


WHOLE: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "mobile": (mobile, (3, 32, 32)), "residual": (residual, (3, 37, 37)), "flat": (flat, (3, 16, 13)),
}  # fmt: skip
APPLIED: dict[str, Any] = {
    "max_pad": nn.MaxPool2d(3, 2, 1),
    "max_ceil": nn.MaxPool2d(3, 2, 0, ceil_mode=True),
    "max_pad_ceil": nn.MaxPool2d((3, 2), 2, (1, 0), ceil_mode=True),
    "average_pad": nn.AvgPool2d(3, 2, 1),
    "average_of_cells": nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "average_ceil": nn.AvgPool2d(3, 2, 0, ceil_mode=True),
    "average_pad_ceil": nn.AvgPool2d(3, 2, 1, ceil_mode=True),
    "average_of_cells_ceil": nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False),
    "up_4_2_1": nn.ConvTranspose2d(4, 3, 4, 2, 1),
    "up_3_2_1_1": nn.ConvTranspose2d(4, 3, 3, 2, 1, 1),
    "up_2_3_0_1": nn.ConvTranspose2d(4, 3, 2, 3, 0, 1, bias=False),
    "up_5_1_2": nn.ConvTranspose2d(4, 3, 5, 1, 2),
    "groups": nn.Conv2d(4, 6, 3, groups=2),
    "depthwise": nn.Conv2d(4, 8, 3, 2, 1, groups=4),
    "depthwise_of_two_strides": nn.Conv2d(4, 8, 3, (2, 1), 1, groups=4),
    "dilated": nn.Conv2d(4, 6, 3, dilation=2, padding=2),
    "nearest": nn.Upsample(scale_factor=2),
    "nearest_odd": lambda x: functional.interpolate(x, size=(23, 20)),
    "bilinear": nn.Upsample(scale_factor=2, mode="bilinear"),
    "aligned": nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
    "reflect": nn.ReflectionPad2d((1, 2, 2, 1)),
    "pad": lambda x: functional.pad(x, (1, 0, 2, 3), value=0.5),
    "shuffle": shuffled,
    "pixels": nn.PixelShuffle(2),
    "chunks": lambda x: torch.cat([x.chunk(2, 1)[1] * 2, x[:, :1]], 1)[:, 1:, ::2, 3:],
    "sides": lambda x: torch.cat([1 - x, 2 / (x + 3)], 1),
    "functions": lambda x: torch.cat([functional.gelu(x), functional.silu(x), functional.elu(x)], 1),
    "bounds": lambda x: torch.cat([x.clamp(-0.3, 0.4), functional.hardsigmoid(x), functional.leaky_relu(x, 0.2)], 1),
    "prelu": nn.PReLU(4),
    "mish": nn.Mish(),
    "gelu_by_tanh": nn.GELU("tanh"),
    "group_norm": nn.GroupNorm(2, 4),
    "instance_norm": nn.InstanceNorm2d(4, affine=True),
    "layer_norm": lambda x: functional.layer_norm(x.permute(0, 2, 3, 1), (4,), torch.arange(4.0), torch.ones(4)),
    "mean": lambda x: torch.cat([x.mean((2, 3)), x.amax((2, 3)), x.norm(dim=1).flatten(1)], 1),
    "per_cell": lambda x: x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, 4).softmax(-1),
    "gate": lambda x: x * x.mean((2, 3), keepdim=True).sigmoid(),
    "product": lambda x: (x.flatten(2).transpose(1, 2) @ x.flatten(2)).softmax(-1),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_networks_of_torch(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    make, shape = WHOLE[name]
    model = agrees(exported(make(), shape, tmp_path / "x.onnx"))
    assert not any("/" in layer.name for layer in model.layers)


@pytest.mark.parametrize("name", APPLIED)
def test_operations_of_torch(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    agrees(exported(Applied(APPLIED[name]), (3, 16, 13), tmp_path / "x.onnx"))


REFUSED: dict[str, tuple[Any, str]] = {
    "cubic": (nn.Upsample(scale_factor=2, mode="bicubic"), "/Resize (Resize)"),
    "cumulative": (lambda x: x.cumsum(2), "/CumSum (CumSum)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_the_layer_in_the_way_is_named(name: str, tmp_path: Path) -> None:
    function, named = REFUSED[name]
    path = exported(Applied(function), (3, 8, 8), tmp_path / "x.onnx")
    with pytest.raises(UsageError, match=re.escape(named)):
        planned(network(str(path), {"exact": True}).graph, str(path))


# Files that are made here, node by node.


def saved(path: Path, nodes: list[Any], held: dict[str, Any], shape: tuple[Any, ...] = (1, 3, 8, 8)) -> Path:
    """A file of these nodes, whose input is x and whose output is y."""
    helper, to = onnx.helper, onnx.numpy_helper.from_array
    given, found = (helper.make_tensor_value_info(name, 1, sizes) for name, sizes in (("x", shape), ("y", None)))
    graph = helper.make_graph(nodes, "g", [given], [found], [to(values, name) for name, values in held.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def node(kind: str, inputs: str, output: str, **attributes: Any) -> Any:
    return onnx.helper.make_node(kind, inputs.split(), [output], **attributes)


def random(*shape: int, dtype: str = "float32") -> Any:
    return numpy.random.default_rng(sum(shape)).normal(0, 0.5, shape).astype(dtype)


def whole(*numbers: int) -> Any:
    return numpy.array(numbers, "int64")


KERNEL = random(4, 3, 3, 3)
COMPUTED: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "transposed": ([node("Transpose", "t", "k", perm=[3, 2, 0, 1])], {"t": KERNEL.transpose(2, 3, 1, 0)}),
    "reshaped": ([node("Reshape", "t s", "k")], {"t": KERNEL.reshape(4, 27), "s": whole(4, 3, 3, 3)}),
    "cast": ([node("Cast", "t", "k", to=1)], {"t": KERNEL.astype("float16")}),
    "joined": ([node("Concat", "t u", "k", axis=0)], {"t": KERNEL[:1], "u": KERNEL[1:]}),
    "scaled": ([node("Mul", "t u", "k")], {"t": KERNEL, "u": random(4, 1, 1, 1)}),
    "constant": ([onnx.helper.make_node("Constant", [], ["k"], value=onnx.numpy_helper.from_array(KERNEL))], {}),
    "cut": (
        [node("Unsqueeze", "t a", "u"), node("Squeeze", "u a", "v"), node("Slice", "v b e", "k")],
        {"t": random(6, 3, 3, 3), "a": whole(0), "b": whole(1), "e": whole(5)},
    ),
    "filled": (
        [
            onnx.helper.make_node(
                "ConstantOfShape", ["s"], ["o"], value=onnx.numpy_helper.from_array(numpy.array([0.5], "float32"))
            ),
            node("Mul", "o t", "k"),
        ],
        {"s": whole(4, 3, 3, 3), "t": KERNEL},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPUTED)
def test_kernels_that_are_computed_of_constants(name: str, tmp_path: Path) -> None:
    nodes, held = COMPUTED[name]
    agrees(saved(tmp_path / "x.onnx", [*nodes, node("Conv", "x k", "y")], held))


ARITHMETIC: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "normalization": (
        [node("Conv", "x k", "c"), node("Mul", "c g", "m"), node("Add", "m b", "y")],
        {"k": KERNEL, "g": random(4, 1, 1), "b": random(1, 4, 1, 1)},
    ),
    "centred": (
        [node("Relu", "x", "c"), node("Sub", "c m", "d"), node("Mul", "d g", "e"), node("Add", "e b", "y")],
        {"m": random(3, 1, 1), "g": random(3, 1, 1), "b": random(3, 1, 1)},
    ),
    "sides": (
        [node("Sub", "c x", "d"), node("Div", "k d", "e"), node("Mul", "m e", "y")],
        {"c": numpy.array(9, "float32"), "k": random(3, 1, 1), "m": random(3, 8, 8)},
    ),
    "matrix": (
        [node("GlobalAveragePool", "x", "p"), node("Flatten", "p", "f"), node("MatMul", "f k", "m"),
         node("Add", "m b", "n"), node("Gemm", "n l c", "y", transB=1)],
        {"k": random(3, 5), "b": random(5), "l": random(2, 5), "c": random(1, 2)},
    ),
    "half": ([node("Conv", "x h", "y")], {"h": KERNEL}),
    "twice": ([node("Conv", "x k", "c"), node("Conv", "x k", "d"), node("Sub", "c d", "e"), node("Add", "e c", "y")],
              {"k": KERNEL}),
}  # fmt: skip


@pytest.mark.parametrize("name", ARITHMETIC)
def test_what_is_written_out_in_arithmetic(name: str, tmp_path: Path) -> None:
    agrees(saved(tmp_path / "x.onnx", *ARITHMETIC[name]))


def test_outputs_of_several_examples_and_inputs_of_a_fixed_batch(tmp_path: Path) -> None:
    agrees(saved(tmp_path / "x.onnx", [node("Conv", "x k", "y")], {"k": KERNEL}, (3, 3, 8, 8)))


def refused_with(path: Path, says: str, **options: Any) -> None:
    with pytest.raises(UsageError) as found:
        cloned(path, **options)
    assert says in str(found.value)
    assert str(path) in str(found.value)
    assert "\n" not in str(found.value)


def test_a_scaled_product_has_no_weights_of_its_own(tmp_path: Path) -> None:
    nodes = [node("GlobalAveragePool", "x", "p"), node("Flatten", "p", "f"), node("Gemm", "f k", "y", alpha=0.5)]
    refused_with(
        saved(tmp_path / "x.onnx", nodes, {"k": random(3, 5)}), "(Dense) takes a kernel that the file does not"
    )


def test_open_sizes_are_to_be_settled(tmp_path: Path) -> None:
    path = saved(tmp_path / "x.onnx", [node("Conv", "x k", "y")], {"k": KERNEL}, ("n", 3, "h", "w"))
    refused_with(path, "--input-shape 224x224x3")
    agrees(path, input_shape="9x7")


def edited(path: Path, edit: Callable[[Any], None]) -> Path:
    """The file with its kernel changed, as nobody would write it."""
    model = onnx.ModelProto.FromString(path.read_bytes())
    edit(model.graph.initializer[0])
    path.write_bytes(model.SerializeToString())
    return path


def _external(tensor: Any) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = 1
    tensor.external_data.add(key="location", value="/etc/passwd")


def _short(tensor: Any) -> None:
    tensor.raw_data = tensor.raw_data[:-4]


@pytest.mark.parametrize(("edit", "says"), [(_external, "never opened"), (_short, "cannot be read")])
def test_hostile_values(edit: Callable[[Any], None], says: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "x.onnx", [node("Conv", "x k", "y")], {"k": KERNEL})
    refused_with(edited(path, edit), says)


def test_damaged_files_are_one_line(tmp_path: Path) -> None:
    """Some bytes are others: what is read is read, or refused."""
    from cnncli.cloning import of_onnx

    whole, path, chosen = (FILES / "inverted_residuals.onnx").read_bytes(), tmp_path / "x.onnx", pyrandom.Random(5)
    refusals: list[str] = []
    for _ in range(100):
        data = bytearray(whole)
        for _ in range(chosen.choice([1, 2, 8])):
            data[chosen.randrange(len(data))] = chosen.randrange(256)
        path.write_bytes(data)
        try:
            plan = planned(network(str(path), {"exact": True, "input_shape": "32"}).graph, str(path))
            of_onnx.values(path, {each.tensor: 1 for held in plan.held.values() for each in held})
        except CnncliError as error:
            refusals.append(str(error))
    assert 10 < len(refusals) < 90
    assert not any("\n" in each for each in refusals)


def test_a_constant_that_is_computed_by_something_else(tmp_path: Path) -> None:
    nodes = [node("Erf", "t", "k"), node("Conv", "x k", "y")]
    refused_with(saved(tmp_path / "x.onnx", nodes, {"t": KERNEL}), "computed by a Erf")


# Names.


@given(st.lists(st.text(max_size=12), min_size=1, max_size=12))
def test_layers_have_names_that_keras_takes(names: list[str]) -> None:
    taken = Names(between="_")
    found = [taken.free(keras_layer_name(name)) for name in names]
    assert len(set(found)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) for name in found)


def test_names_stay_readable() -> None:
    assert keras_layer_name("/features/features.0/Conv") == "features_features_0_Conv"


# The command.


@pytest.mark.slow
def test_the_command(run: Any, tmp_path: Path) -> None:
    target = tmp_path / "x.keras"
    done = run("build", FILES / "inverted_residuals.onnx", "-o", target, "--input-shape", "32", "--format", "json")
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert (found["tensors"], found["verified"], found["comparison"]["runtime"]) == (16, True, "onnxruntime")
    assert found["model"]["origin"]["format"] == "onnx"
    assert 0 <= found["comparison"]["max_relative_difference"] < 1e-5
    import keras

    assert keras.models.load_model(target).count_params() == found["totals"]["params"]


@pytest.mark.usefixtures("one_process")
def test_a_quantized_file_gives_its_structure(run: Any, tmp_path: Path) -> None:
    done = run("build", FILES / "quantized.onnx", "-o", tmp_path / "x.keras")
    assert done.code == 0
    assert "only its structure is built, with fresh weights" in done.err
    assert "random" in done.out
    assert (tmp_path / "x.keras").exists()


@pytest.mark.usefixtures("one_process")
def test_a_clone_that_cannot_be_proved_is_not_kept(run: Any, tmp_path: Path) -> None:
    blind = saved(tmp_path / "x.onnx", [node("Conv", "x k", "y")], {"k": numpy.zeros((4, 3, 3, 3), "float32")})
    target = tmp_path / "x.keras"
    done = run("build", blind, "-o", target)
    assert done.code == 1
    assert "the check cannot see" in done.err
    assert not target.exists()
    assert run("build", blind, "-o", target, "--keep-unverified").code == 1
    assert target.exists()
    assert run("build", blind, "-o", target, "--no-verify", "--force").code == 0


@pytest.mark.usefixtures("one_process")
def test_a_clone_that_differs_is_not_kept(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cnncli.cloning import of_onnx

    honest = of_onnx.values
    monkeypatch.setattr(of_onnx, "values", lambda *given: {name: each * 1.01 for name, each in honest(*given).items()})
    path = saved(tmp_path / "x.onnx", [node("Conv", "x k", "y")], {"k": KERNEL})
    done = run("build", path, "-o", tmp_path / "x.keras")
    assert done.code == 1
    assert "its outputs are not the file's by onnxruntime: relative difference 0.01 (at most 0.0001)" in done.err
    assert not (tmp_path / "x.keras").exists()


@pytest.mark.usefixtures("one_process")
def test_weights_of_another_file_are_taken_instead(run: Any, tmp_path: Path) -> None:
    path = saved(tmp_path / "x.onnx", [node("Conv", "x k", "y")], {"k": KERNEL})
    assert run("build", path, "-o", tmp_path / "x.weights.h5").code == 0
    done = run("build", path, "--weights", tmp_path / "x.weights.h5", "-o", tmp_path / "y.keras", "--format", "json")
    found = json.loads(done.out)
    assert (done.code, found["tensors"], found["verified"]) == (0, None, None)
    assert found["weights"]["path"] == str(tmp_path / "x.weights.h5")


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize("name", ["plain_keras2.h5", "nested.keras"])
def test_files_of_keras_are_built_anew(name: str, run: Any, tmp_path: Path) -> None:
    done = run("build", FILES / name, "-o", tmp_path / "x.keras", "--run", "--format", "json")
    assert (done.code, done.err) == (0, "")
    import keras

    count = keras.models.load_model(tmp_path / "x.keras").count_params()
    assert count == json.loads(done.out)["totals"]["params"]


def test_what_is_not_built(run: Any) -> None:
    refused(run("build", FILES / "separable.pt2"), 2, "takes the architectures that `cnncli list` shows, and .onnx,")
    refused(run("build", FILES / "alone.weights.h5"), 2, "holds weights alone")
    refused(
        run("build", FILES / "branches.onnx"), 2, "heard (If), mean (GlobalAveragePooling1D), summed (Loop) have no"
    )
    refused(run("build", "v1", "--no-verify"), 2, "--no-verify is for model files")
    refused(run("build", FILES / "inverted_residuals.onnx"), 2, "--input-shape 224x224x3")
