"""Programs of torch.export, and tables of weights in safetensors.

The fast tests read small stored files (tests/files); those with PyTorch count each network's work by its own modules.
"""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import pytest

from cnncli.analysis.metrics import Totals
from cnncli.errors import UsageError
from cnncli.graph import UNKNOWN, Graph
from cnncli.readers.assembly import Assembly, Tensor
from cnncli.readers.opening import read_file
from cnncli.readers.reading import AS_IT_IS, Reading, Settings
from cnncli.readers.torch_export.program import evaluated, module_calls

FILES = Path(__file__).parent / "files"
OLD = FILES / "open_size_old.pt2"
SMALL = FILES / "separable.pt2"


def reading(path: Path, settings: Settings = AS_IT_IS) -> Reading:
    return read_file(path, settings)[1]


def node(graph: Graph, name: str) -> Any:
    return next(each for each in graph.nodes if each.name == name)


# The stored files.


def test_a_small_program() -> None:
    found = reading(SMALL)
    graph = found.graph
    assert found.producer.startswith("PyTorch 2.")
    assert [each.name for each in graph.nodes][:4] == ["image", "stem.pad", "stem", "block.depthwise"]
    assert node(graph, "stem").shape == (4, 4, 4)
    assert node(graph, "block.depthwise").type == "DepthwiseConv2D"
    assert node(graph, "block.add").type == "Add"
    # stem 3x3x3x4 + 4; depthwise 9x4; batch norm 4x4; point 4x4 + 4; dense 4x5 + 5
    totals = Totals(graph)
    assert totals.params == 108 + 4 + 36 + 16 + 20 + 25
    assert totals.params - totals.trainable_params == 8  # the moving statistics
    assert totals.macs == 16 * (108 + 36 + 16) + 20


def test_the_padding_of_torch_is_its_own_layer_where_it_is_not_keras_s() -> None:
    graph = reading(SMALL).graph
    assert node(graph, "stem").layer.padding == "valid"  # stride 2: Keras's `same` would pad behind alone
    assert node(graph, "block.depthwise").layer.padding == "same"


def test_all_operations_as_they_are() -> None:
    raw = reading(SMALL, Settings(raw=True)).graph
    assert Totals(raw).macs == Totals(reading(SMALL).graph).macs


def test_the_older_layout_leaves_sizes_open() -> None:
    graph = reading(OLD).graph
    assert graph.inputs[0].shape == (UNKNOWN, UNKNOWN, 3)
    assert graph.outputs[0].shape == (5,)
    assert any(warning.endswith("--input-shape 16x16x3") for warning in graph.warnings)
    settled = reading(OLD, Settings({"image": (8, 8, 3)})).graph
    assert Totals(settled).macs == Totals(reading(SMALL).graph).macs


@pytest.mark.parametrize(
    ("path", "shape", "said"),
    [
        (SMALL, (16, 16, 3), "with 8 where"),
        (SMALL, (8, 8), "has 3 axes beside the batch"),
        (OLD, (1, 1, 3), "takes 2 to any size, not 1"),
    ],
)
def test_shapes_that_a_program_does_not_take(path: Path, shape: tuple[int, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        reading(path, Settings({"": shape}))


def test_an_input_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="no input 'imag'; it has image"):
        reading(SMALL, Settings({"imag": (8, 8, 3)}))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2*s0 + 1", 21),
        ("((s0 - 1)//2) + 1", 5),
        ("Add(FloorDiv(Add(Symbol('s0', positive=True, integer=True), Integer(-1)), Integer(2)), Integer(1))", 5),
        ("Mul(Integer(2), Pow(Symbol('s0', integer=True), Integer(2)))", 200),
        ("CeilDiv(s0, 3)", 4),
        ("Max(1, s0 % 4)", 2),
        ("s1 + 1", UNKNOWN),
        ("9**9**9", UNKNOWN),
        ("s0 // 0", UNKNOWN),
        ("__import__('os')", UNKNOWN),
        ("-s0", UNKNOWN),
        ("(" * 900 + "s0" + ")" * 900, UNKNOWN),
    ],
)
def test_sizes_that_are_expressions(text: str, value: Any) -> None:
    assert evaluated(text, {"s0": 10}) is value if value is UNKNOWN else evaluated(text, {"s0": 10}) == value


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("L__self__features.0,features.0,torch.nn.modules.conv.Conv2d", "features.0"),
        ("L__self___layer1,L['self'].layer1[0].conv1,torch.nn.modules.conv.Conv2d", "layer1.0.conv1"),
        ("x,getattr(L['self'].layer1, '0').conv1,torch.nn.modules.conv.Conv2d", "layer1.0.conv1"),
        ("x,features.0@1,torch.nn.modules.conv.Conv2d", "features.0"),
        ("L__self__,,__main__.Net", ""),
    ],
)
def test_paths_of_modules_as_versions_write_them(written: str, path: str) -> None:
    assert [each for each, _ in module_calls({"nn_module_stack": written})] == [path]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((4, 9, 8), (9, 8)),
        ((9, 4, 8), (9, 1, 8)),
        ((8, 4, 16), (8, 1, 16)),  # steps that are a multiple of the batch
        ((36, 4), (9, 4)),  # the batch within the first axis, and as many channels
        ((9, 12, 8), (9, 3, 8)),
        ((9, 8), (UNKNOWN, 8)),
    ],
)
def test_what_of_a_tensor_belongs_to_one_example(shape: tuple[int, ...], expected: tuple[Any, ...]) -> None:
    assert Assembly("of four", batch=4).shape(Tensor("x", shape)) == expected


# Files that are edited, or of other kinds.


def edited(path: Path, folder: Path, change: Callable[[Any], object]) -> Path:
    """A copy of a program in which `change` has changed the JSON."""
    target = folder / path.name
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(("models/model.json", "serialized_exported_program.json")):
                program = json.loads(content)
                change(program)
                content = json.dumps(program).encode()
            new.writestr(name, content)
    return target


def test_an_operation_that_nobody_knows_is_uncounted(tmp_path: Path) -> None:
    def change(program: Any) -> None:
        program["graph_module"]["graph"]["nodes"][0]["target"] = "torch.ops.mine.swirl.default"

    graph = reading(edited(SMALL, tmp_path, change)).graph
    found = node(graph, "stem")
    assert (found.type, found.macs) == ("mine.swirl", UNKNOWN)
    assert found.params == 112


def call(target: str, output: str, **arguments: Any) -> dict[str, Any]:
    """A node of a program: tensors by their names, other arguments as the schema has them."""
    inputs = [
        {"name": name, "arg": {"as_tensor": {"name": value}} if isinstance(value, str) else value}
        for name, value in arguments.items()
    ]
    outputs = [{"as_tensor": {"name": output}}]
    return {"target": f"torch.ops.{target}", "inputs": inputs, "outputs": outputs, "metadata": {}}


def test_a_quantized_program(tmp_path: Path) -> None:
    """As torch's pt2e quantization writes it: weights of int8 with a scale a channel, maps quantized and back."""

    def change(program: Any) -> None:
        graph = program["graph_module"]["graph"]
        nodes, metas = graph["nodes"], graph["tensor_values"]
        stem = nodes[0]
        kernel, output = "p_stem_weight", stem["outputs"][0]["as_tensor"]["name"]
        metas["real"], metas[kernel] = metas[kernel], {**metas[kernel], "dtype": 2}
        metas["small"], metas["large"] = {**metas[output], "dtype": 2}, metas[output]
        stem["inputs"][1]["arg"]["as_tensor"]["name"] = "real"
        for argument in nodes[1]["inputs"][:1]:
            argument["arg"]["as_tensor"]["name"] = "large"
        scaled = call("quantized_decomposed.dequantize_per_channel.default", "real", input=kernel, scales="p_stem_bias")
        down = call("quantized_decomposed.quantize_per_tensor.default", "small", input=output, scale={"as_float": 0.1})
        up = call("quantized_decomposed.dequantize_per_tensor.default", "large", input="small")
        graph["nodes"] = [scaled, stem, down, up, *nodes[1:]]

    found = reading(edited(SMALL, tmp_path, change), Settings(raw=True))
    assert found.quantization == "int8"
    assert [each.type for each in found.graph.nodes][2:5] == ["Conv2D", "Quantize", "Dequantize"]
    stem = node(found.graph, "stem")
    assert [(each.name, each.shape, each.dtype) for each in stem.weights] == [
        ("kernel", (3, 3, 3, 4), "int8"), ("bias", (4,), "float32"),
    ]  # fmt: skip
    assert stem.macs == 1728


def test_what_moves_the_batch_and_what_computes_in_place(tmp_path: Path) -> None:
    """A function that changes its input changes it for all that read it later."""

    def change(program: Any) -> None:
        graph = program["graph_module"]["graph"]
        stem = graph["nodes"][0]["outputs"][0]["as_tensor"]["name"]
        graph["tensor_values"]["changed"] = graph["tensor_values"][stem]
        graph["nodes"].insert(1, call("aten.relu_.default", "changed", self=stem))

    graph = reading(edited(SMALL, tmp_path, change)).graph
    changed = node(graph, "changed")
    assert changed.type == "ReLU"
    assert [each.name for each in node(graph, "block.depthwise").inputs] == ["changed"]


def test_more_operations_than_are_read(tmp_path: Path) -> None:
    def change(program: Any) -> None:
        program["graph_module"]["graph"]["nodes"] *= 3000

    with pytest.raises(UsageError, match="has 24,000 operations; at most 12,000"):
        reading(edited(SMALL, tmp_path, change))


@pytest.mark.parametrize("size", [-1, 2**63, "8", True, None])
def test_a_size_that_no_tensor_has(tmp_path: Path, size: Any) -> None:
    def change(program: Any) -> None:
        program["graph_module"]["graph"]["tensor_values"]["image"]["sizes"][2] = {"as_int": size}

    with pytest.raises(UsageError, match="is damaged"):
        reading(edited(SMALL, tmp_path, change))


def test_several_programs_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "two.pt2"
    with zipfile.ZipFile(SMALL) as old, zipfile.ZipFile(path, "w") as new:
        content = next(old.read(name) for name in old.namelist() if name.endswith("models/model.json"))
        for name in ("encoder", "decoder"):
            new.writestr(f"two/models/{name}.json", content)
    found = reading(path)
    assert (found.subgraph, found.subgraphs) == ("encoder", ("encoder", "decoder"))
    assert reading(path, Settings(subgraph="1")).subgraph == "decoder"
    with pytest.raises(UsageError, match="did you mean decoder"):
        reading(path, Settings(subgraph="decodr"))


def archive(folder: Path, *names: str) -> Path:
    path = folder / "model.pt"
    with zipfile.ZipFile(path, "w") as new:
        for name in names:
            new.writestr(name, b"\x80\x02.")
    return path


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("model/data.pkl", "model/version"), "holds a pickle"),
        (("model/constants.pkl", "model/code/__torch__.py"), "TorchScript"),
        (("data/aotinductor/model/x.so", "archive_format"), "compiled code"),
    ],
)
def test_what_is_refused_names_the_way_out(tmp_path: Path, names: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        reading(archive(tmp_path, *names))
    assert "torch.export.save" in str(raised.value)


def test_a_table_of_weights() -> None:
    found = reading(FILES / "weights.safetensors")
    assert found.only_weights
    assert [(each.name, each.params) for each in found.graph.nodes] == [("stem", 112), ("norm", 8)]
    assert node(found.graph, "norm").trainable_params == 4


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"dtype": "F32", "shape": [2**20], "data_offsets": [0, 16]}, "in 16 bytes"),
        ({"dtype": "F32", "shape": [4], "data_offsets": [0, 2**40]}, "holds 16 bytes"),
        ({"dtype": "F32", "shape": [-4], "data_offsets": [0, 16]}, "is damaged"),
        ([], "is damaged"),
    ],
)
def test_damaged_tables_of_weights(tmp_path: Path, entry: Any, said: str) -> None:
    text = json.dumps({"a.weight": entry}).encode()
    path = tmp_path / "x.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(16))
    with pytest.raises(UsageError, match=said):
        reading(path)


# With PyTorch.


@pytest.fixture(scope="module")
def torch() -> Any:
    import torch

    return torch


def exported(torch: Any, model: Any, example: Any, path: Path, *, core: bool = False) -> Path:
    program = torch.export.export(model, (example,))
    torch.export.save(program.run_decompositions() if core else program, str(path))
    return path


def work(torch: Any, model: Any, example: Any) -> int:
    """Multiply-accumulates of a model's convolutions and linear layers, by what its modules see."""
    found = 0

    def count(module: Any, inputs: Any, output: Any) -> None:
        nonlocal found
        if isinstance(module, torch.nn.Linear):
            found += module.weight.numel() * prod(output.shape[1:-1])
        else:
            found += module.weight.numel() * prod((inputs[0] if module.transposed else output).shape[2:])

    hooks = [
        each.register_forward_hook(count)
        for each in model.modules()
        if hasattr(each, "weight") and each.weight.dim() > 1
    ]
    model(example)
    for hook in hooks:
        hook.remove()
    return found


def networks(torch: Any) -> dict[str, tuple[Any, Any]]:
    """Networks whose operations move channels, and an example for each."""
    nn, functional = torch.nn, torch.nn.functional

    class Shuffled(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.groups = nn.Conv2d(3, 16, 3, 2, 1), nn.Conv2d(16, 16, 1, groups=4)
            self.branch, self.classes = nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.Linear(16, 5)

        def forward(self, x: Any) -> Any:
            x = self.groups(functional.relu(self.stem(x)))
            n, c, h, w = x.shape
            x = x.view(n, 4, c // 4, h, w).transpose(1, 2).contiguous().view(n, c, h, w)
            one, other = x.chunk(2, 1)
            return self.classes(torch.cat([one, self.branch(other)], 1).mean([2, 3]))

    class ChannelsLast(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.depthwise = nn.Conv2d(3, 8, 4, 4), nn.Conv2d(8, 8, 7, 1, 3, groups=8)
            self.norm, self.up, self.down = nn.LayerNorm(8), nn.Linear(8, 32), nn.Linear(32, 8)
            self.scale = nn.Parameter(torch.ones(8))

        def forward(self, x: Any) -> Any:
            x = self.stem(x)
            y = self.norm(self.depthwise(x).permute(0, 2, 3, 1))
            y = self.down(functional.gelu(self.up(y))) * self.scale
            return x + y.permute(0, 3, 1, 2)

    class Mixed(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.patches, self.tokens = nn.Conv2d(3, 8, 8, 8), nn.Linear(16, 16)

        def forward(self, x: Any) -> Any:
            x = self.patches(x).flatten(2).transpose(1, 2)
            return x + self.tokens(x.transpose(1, 2)).transpose(1, 2)

    class Upwards(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.down, self.two = nn.Conv2d(3, 8, 3, 2, 1), nn.ConvTranspose2d(8, 4, 2, 2)
            self.three, self.four = nn.ConvTranspose2d(8, 4, 3, 2, 1, 1), nn.ConvTranspose2d(8, 4, 4, 2, 1)
            self.five = nn.ConvTranspose2d(8, 4, 5, 1, 1)

        def forward(self, x: Any) -> Any:
            x = self.down(x)
            return torch.cat([self.two(x), self.three(x), self.four(x)], 1), self.five(x)

    picture = torch.zeros(1, 3, 32, 32)
    found = {"shuffled": Shuffled(), "channels_last": ChannelsLast(), "mixed": Mixed(), "upwards": Upwards()}
    sound = nn.Sequential(nn.Conv1d(1, 4, 9, 4, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Conv1d(4, 4, 3, dilation=2))
    volumes = nn.Sequential(nn.Conv3d(1, 4, 3, 1, 1), nn.MaxPool3d(2), nn.ReLU(), nn.ConvTranspose3d(4, 2, 2, 2))
    wider = nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.MaxPool2d(3, 2, dilation=2), nn.ConvTranspose2d(8, 8, 4, 2, 1, groups=8),
        nn.ConvTranspose2d(8, 4, 3, groups=2),
    )  # fmt: skip
    return {
        **{name: (each.eval(), picture) for name, each in found.items()},
        "sound": (sound.eval(), torch.zeros(1, 1, 64)),
        "volumes": (volumes.eval(), torch.zeros(1, 1, 8, 8, 8)),
        "wider": (wider.eval(), picture),
    }


@pytest.mark.tf
@pytest.mark.filterwarnings("ignore")  # PyTorch's own, of what it will change
@pytest.mark.parametrize("name", ["shuffled", "channels_last", "mixed", "upwards", "sound", "volumes", "wider"])
def test_networks_as_pytorch_counts_them(torch: Any, tmp_path: Path, name: str) -> None:
    model, example = networks(torch)[name]
    for core in (False, True):
        graph = reading(exported(torch, model, example, tmp_path / f"{core}.pt2", core=core)).graph
        totals = Totals(graph)
        assert totals.macs == work(torch, model, example)
        assert totals.trainable_params == sum(each.numel() for each in model.parameters())


@pytest.mark.tf
@pytest.mark.filterwarnings("ignore")
def test_weights_that_are_shared_frozen_and_never_read(torch: Any, tmp_path: Path) -> None:
    nn = torch.nn

    class Tied(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.table, self.out, self.idle = nn.Embedding(20, 8), nn.Linear(8, 20, bias=False), nn.Linear(3, 3)
            self.out.weight = self.table.weight
            self.frozen = nn.Linear(8, 8).requires_grad_(False)
            self.steps = nn.LSTM(8, 8, batch_first=True)

        def forward(self, x: Any) -> Any:
            with torch.no_grad():
                x = self.frozen(self.table(x))
            return self.out(self.steps(x)[0])

    path = exported(torch, Tied().eval(), torch.zeros(1, 5, dtype=torch.long), tmp_path / "tied.pt2")
    graph = reading(path).graph
    steps = 4 * 8 * (8 + 8) + 2 * 4 * 8  # two kernels, and torch's two biases
    assert Totals(graph).params == 160 + 72 + steps
    assert Totals(graph).trainable_params == 160 + steps
    assert node(graph, "steps").type == "LSTM"
    assert node(graph, "frozen").macs == 5 * 64  # read through the function that no_grad wraps it in
    assert "idle.weight, idle.bias" in graph.warnings[0]


@pytest.mark.tf
@pytest.mark.filterwarnings("ignore")
def test_numbers_of_a_program_are_read_by_their_values(torch: Any, tmp_path: Path) -> None:
    class Gated(torch.nn.Module):  # type: ignore[misc,name-defined]
        def forward(self, x: Any) -> Any:
            x = x * (torch.nn.functional.relu6(x + 3) / 6)
            x = x * (torch.nn.functional.relu6(x + 1) / 6)
            return torch.add(x, 2, alpha=1.5)

    graph = reading(exported(torch, Gated().eval(), torch.zeros(1, 4, 4, 4), tmp_path / "gated.pt2")).graph
    told = [each.layer.value if each.type in ("Add", "Divide") else each.layer.function for each in graph.nodes[1:]]
    assert told == ["hard_silu", 1.0, "relu6", 6.0, "linear", 3.0]


@pytest.mark.tf
@pytest.mark.filterwarnings("ignore")
def test_torch_s_decompositions_are_the_network_that_they_are_made_of(torch: Any, tmp_path: Path) -> None:
    nn = torch.nn

    class Gated(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two, self.rows = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1), nn.Linear(8, 4)
            self.wider = nn.Conv2d(8, 8, 1)

        def forward(self, x: Any) -> Any:
            x = nn.functional.hardswish(self.one(x))
            x = x * nn.functional.hardsigmoid(self.two(x))
            rows = self.rows(torch.nn.functional.silu(x).permute(0, 2, 3, 1))
            return rows, nn.functional.pixel_shuffle(self.wider(x), 2)

    model, example = Gated().eval(), torch.zeros(1, 3, 8, 8)
    whole, core = (
        reading(exported(torch, model, example, tmp_path / f"{core}.pt2", core=core)).graph for core in (False, True)
    )
    assert [each.layer for each in core.nodes] == [each.layer for each in whole.nodes]
    assert node(whole, "rows").macs == 6 * 6 * 8 * 4
    assert core.outputs[1].shape == (12, 12, 2)


@pytest.mark.tf
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("batch_first", [True, False])
def test_attention_is_counted_for_one_example(torch: Any, tmp_path: Path, batch_first: bool) -> None:
    """torch projects (steps, batch, channels) however it is called; nine steps are no multiple of the batch."""
    nn = torch.nn

    class Attending(nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.patches, self.last = nn.Conv2d(3, 16, 8, 8), nn.Linear(16, 5)
            self.attention = nn.MultiheadAttention(16, 4, batch_first=batch_first)

        def forward(self, x: Any) -> Any:
            x = self.patches(x).flatten(2).permute(*((0, 2, 1) if batch_first else (2, 0, 1)))
            x = self.attention(x, x, x, need_weights=False)[0]
            return self.last(x.mean(1 if batch_first else 0))

    known = 9 * 3 * 8 * 8 * 16 + 9 * (16 * 48 + 16 * 16) + 16 * 5
    for batch in (1, 2, 9):
        path = exported(torch, Attending().eval(), torch.zeros(batch, 3, 24, 24), tmp_path / f"{batch}.pt2")
        totals = Totals(reading(path).graph)
        assert totals.macs.known == known
        assert [each.name for each in totals.uncounted()] == ["attention.scaled_dot_product_attention"]
