"""What torch and onnxruntime write, against what torch itself computes: each module's kernel and positions."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch

from cnncli.amounts import AtLeast
from cnncli.analysis.metrics import Totals
from cnncli.analysis.structure import structural_hash
from cnncli.graph import Graph
from cnncli.graph.normal import normal
from cnncli.readers.folding import folded
from cnncli.readers.opening import read_file
from cnncli.readers.reading import Settings

nn, functional = torch.nn, torch.nn.functional

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")]


def block(channels: int, filters: int, stride: int) -> Any:
    return nn.Sequential(
        nn.Conv2d(channels, 4 * channels, 1, bias=False), nn.BatchNorm2d(4 * channels), nn.Hardswish(),
        nn.Conv2d(4 * channels, 4 * channels, 3, stride, 1, groups=4 * channels, bias=False),
        nn.BatchNorm2d(4 * channels), nn.SiLU(), nn.Conv2d(4 * channels, filters, 1),
    )  # fmt: skip


class Mobile(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.one, self.two = nn.Conv2d(3, 8, 3, 2, 1), block(8, 16, 2), block(16, 16, 1)
        self.head = nn.Linear(16, 10)

    def forward(self, image: Any) -> Any:
        x = self.one(functional.relu6(self.stem(image)))
        x = x + self.two(x)
        return self.head(functional.adaptive_avg_pool2d(x, 1).flatten(1)).softmax(1)


class Segmenting(nn.Module):
    """Upsampling by the size of another map, grouped and transposed convolutions, a head per pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1, groups=4)
        self.up, self.last = nn.ConvTranspose2d(24, 6, 4, 2, 1), nn.Conv2d(6, 4, 1)

    def forward(self, image: Any) -> Any:
        one = self.one(image)
        two = functional.interpolate(self.two(one), size=one.shape[2:], mode="bilinear", align_corners=True)
        x = self.last(self.up(torch.cat([one, two], 1)))
        return x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, 4).sigmoid()


class Shuffled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(8, 8, 1, groups=2), nn.Conv2d(4, 4, 3, padding=1, groups=4)

    def forward(self, image: Any) -> Any:
        x = self.one(image)
        count, channels, height, width = x.shape
        x = x.view(count, 2, channels // 2, height, width).transpose(1, 2).reshape(count, channels, height, width)
        return torch.cat([x[:, :4], self.two(x[:, 4:])], 1)


class Sound(nn.Module):
    """Along time: convolutions, then two recurrent layers and a linear one for each step."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv1d(1, 16, 9, 4, 4), nn.Conv1d(16, 16, 3, padding=1, groups=16)
        self.gates, self.last = nn.GRU(16, 12, batch_first=True, bidirectional=True), nn.Linear(24, 3)

    def forward(self, sound: Any) -> Any:
        x = functional.max_pool1d(functional.leaky_relu(self.two(self.one(sound))), 2).transpose(1, 2)
        return self.last(self.gates(x)[0])


class Volume(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.norm, self.up = nn.Conv3d(3, 8, 3, padding=1), nn.BatchNorm3d(8), nn.ConvTranspose3d(8, 4, 2, 2)

    def forward(self, volume: Any) -> Any:
        return self.up(functional.max_pool3d(functional.elu(self.norm(self.one(volume))), 2)).mean((2, 3, 4))


NETWORKS: list[tuple[str, type[Any], tuple[int, ...], tuple[str, ...]]] = [
    ("mobile", Mobile, (3, 64, 64), ()),
    ("segmenting", Segmenting, (3, 32, 48), ()),
    ("shuffled", Shuffled, (8, 16, 16), ()),
    ("sound", Sound, (1, 256), ("GRU",)),
    ("volume", Volume, (3, 8, 16, 16), ()),
]


def exported(model: Any, shape: tuple[int, ...], batch: int, dynamic: bool, path: Path) -> None:
    axes = {0: "N"} | {axis: f"size{axis}" for axis in range(2, len(shape) + 1)} if dynamic else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stream = io.BytesIO()
        torch.onnx.export(
            model.eval(), (torch.ones(batch, *shape),), stream, dynamo=False, input_names=["x"],
            dynamic_axes={"x": axes} if axes else None, opset_version=17,
        )  # fmt: skip
    path.write_bytes(stream.getvalue())


def counted(model: Any, shape: tuple[int, ...]) -> int:
    """Each module's kernel once a position of its output, of a transposed convolution once one of its input."""
    found = []

    def count(module: Any, given: Any, put_out: Any) -> None:
        if isinstance(module, nn.Linear):
            found.append(module.weight.numel() * given[0].shape[:-1].numel())
        elif "Transpose" in type(module).__name__:
            found.append(module.weight.numel() * given[0].shape[2:].numel())
        elif "Conv" in type(module).__name__:
            found.append(module.weight.numel() * put_out.shape[2:].numel())

    hooks = [module.register_forward_hook(count) for module in model.modules()]
    model(torch.ones(1, *shape))
    for hook in hooks:
        hook.remove()
    return sum(found)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[Path, int]]:
    """Each network for one example, for three, and with open sizes; with what torch counts."""
    folder = tmp_path_factory.mktemp("torch")
    found = {}
    for name, make, shape, _ in NETWORKS:
        model = make()
        for module in model.modules():
            if "BatchNorm" in type(module).__name__:
                module.running_mean.uniform_()  # else torch writes equal biases once, which the quantizer cannot read
        for form, batch, dynamic in (("one", 1, False), ("three", 3, False), ("open", 2, True)):
            path = folder / f"{name}_{form}.onnx"
            exported(model, shape, batch, dynamic, path)
            found[name, form] = path, counted(model, shape)
    return found


@pytest.mark.parametrize("form", ["one", "three", "open"])
@pytest.mark.parametrize(("name", "make", "shape", "uncounted"), NETWORKS)
def test_macs_of_what_torch_exports(
    made: Any, name: str, make: type[Any], shape: tuple[int, ...], uncounted: tuple[str, ...], form: str
) -> None:
    path, macs = made[name, form]
    settings = Settings({"": (*shape[1:], shape[0])} if form == "open" else {})
    graph = read_file(path, settings)[1].graph
    found = Totals(graph).macs
    assert (found.known if isinstance(found, AtLeast) else found) == macs
    assert tuple(node.type for node in Totals(graph).uncounted()) == uncounted
    assert not any(node.name.endswith(".layout") for node in graph.nodes)  # no map had to be turned


def shapes_said(path: Path) -> dict[str, tuple[int, ...]]:
    """What onnx's own inference says of each node's first output, by the node's name."""
    model = onnx.shape_inference.infer_shapes(onnx.load(path), data_prop=True)
    infos = {each.name: each for each in (*model.graph.value_info, *model.graph.output)}
    return {
        node.name: tuple(size.dim_value for size in infos[node.output[0]].type.tensor_type.shape.dim)
        for node in model.graph.node
        if node.output[0] in infos
    }


def cells(graph: Graph) -> dict[str, int]:
    found = {}
    for node in graph.nodes:
        size = 1
        for each in node.shape:
            size *= each
        found[node.name] = size
    return found


@pytest.mark.parametrize("name", ["mobile", "segmenting", "shuffled", "volume"])
def test_every_map_is_as_large_as_onnx_says(made: Any, name: str) -> None:
    path, _ = made[name, "one"]
    said, mine = shapes_said(path), cells(read_file(path)[1].graph)
    both = [each for each in mine if each in said and 0 not in said[each]]
    assert len(both) >= 4
    for each in both:
        size = 1
        for along in said[each]:
            size *= along
        assert mine[each] == size, each


class Pictures:
    """One picture for onnxruntime's calibration."""

    def __init__(self) -> None:
        self._left = [{"x": torch.rand(1, 3, 64, 64).numpy()}]

    def get_next(self) -> Any:
        return self._left.pop() if self._left else None


@pytest.mark.parametrize("form", ["QDQ", "QOperator", "dynamic"])
def test_quantized_by_onnxruntime(made: Any, tmp_path: Path, form: str) -> None:
    """The same work and weights; a scale a channel is a parameter of the file besides."""
    from onnxruntime import quantization

    path, macs = made["mobile", "one"]
    out = tmp_path / "quantized.onnx"
    if form == "dynamic":
        quantization.quantize_dynamic(path, out)
    else:
        way = getattr(quantization.QuantFormat, form)
        quantization.quantize_static(path, out, Pictures(), quant_format=way, per_channel=False)
    found = read_file(out)[1]
    assert Totals(found.graph).macs == macs
    assert found.quantization == "int8"
    assert not Totals(found.graph).uncounted()
    assert Totals(found.graph).params == Totals(read_file(path)[1].graph).params


def test_optimized_by_onnxruntime(made: Any, tmp_path: Path) -> None:
    """Fused convolutions of its own domain."""
    import onnxruntime

    path, macs = made["mobile", "one"]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    assert "com.microsoft" in {node.domain for node in onnx.load(options.optimized_model_filepath).graph.node}
    graph = read_file(tmp_path / "optimized.onnx")[1].graph
    assert Totals(graph).macs == macs
    assert not Totals(graph).uncounted()
    assert structural_hash(normal(graph)) == structural_hash(normal(read_file(path)[1].graph))


@pytest.mark.parametrize("name", ["mobile", "segmenting", "shuffled"])
def test_what_torch_exports_in_two_formats_is_one_network(made: Any, tmp_path: Path, name: str) -> None:
    make, shape = next((make, shape) for known, make, shape, _ in NETWORKS if known == name)
    torch.export.save(torch.export.export(make().eval(), (torch.ones(1, *shape),)), str(tmp_path / "model.pt2"))
    one, other = (normal(folded(read_file(path)[1].graph)) for path in (made[name, "one"][0], tmp_path / "model.pt2"))
    assert structural_hash(one) == structural_hash(other)
