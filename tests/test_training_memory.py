"""What training holds, at least, against arithmetic: which tensors backpropagation reads again."""

from __future__ import annotations

import json

import pytest
from conftest import first_of_families, graph_of

from cnncli.amounts import UNKNOWN, AtLeast, is_known
from cnncli.analysis.metrics import Totals
from cnncli.analysis.training_memory import AMBIGUOUS, SLOTS, kept_cells, training
from cnncli.graph import Graph, Node
from cnncli.graph.freezing import frozen
from cnncli.graph.layers import (
    ACTIVATION_FLOPS,
    Activation,
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    InputLayer,
    Multiply,
    Opaque,
    ReLU,
    ZeroPadding2D,
)

SIZE = 8 * 8 * 4
"""Cells of each map below, but for the image's 8 x 8 x 3."""


def begun(name: str = "graph") -> tuple[Graph, Node]:
    graph = Graph(name)
    image = graph.add(InputLayer((8, 8, 3)), name="image")
    return graph, graph.add(Conv2D(4, 1, use_bias=False), image, name="conv")


def kept(graph: Graph) -> dict[str, int]:
    """The layers of which something is kept, with how many cells."""
    return {node.name: cells for node, cells in zip(graph.nodes, kept_cells(graph), strict=True) if cells}


def test_a_kernel_keeps_what_it_reads() -> None:
    graph, _ = begun()
    assert kept(graph) == {"image": 8 * 8 * 3}


def test_normalization_keeps_its_input_and_the_rectifier_what_the_next_kernel_reads_anyway() -> None:
    graph, x = begun()
    x = graph.add(BatchNormalization(), x, name="bn")
    x = graph.add(ReLU(6.0), x, name="relu")
    graph.add(Conv2D(2, 1), x, name="next")
    assert kept(graph) == {"image": 8 * 8 * 3, "conv": SIZE, "relu": SIZE}


def test_a_rectifier_keeps_its_output_where_nothing_else_does() -> None:
    graph, x = begun()
    x = graph.add(BatchNormalization(), x, name="bn")
    x = graph.add(ReLU(), x, name="relu")
    graph.add(GlobalAveragePooling2D(), x, name="pool")
    assert kept(graph) == {"image": 8 * 8 * 3, "conv": SIZE, "relu": SIZE}


@pytest.mark.parametrize("function", ACTIVATION_FLOPS)
def test_each_activation_function(function: str) -> None:
    """Between normalization and kernel: what falls and rises keeps its input too, all else only what the kernel does;
    within a kernel its function's input has no name."""
    graph, x = begun()
    x = graph.add(BatchNormalization(), x, name="bn")
    x = graph.add(Activation(function), x, name="activation")
    graph.add(Conv2D(2, 1), x, name="next")
    also = {"bn": SIZE} if function in AMBIGUOUS else {}
    assert kept(graph) == {"image": 8 * 8 * 3, "conv": SIZE, "activation": SIZE, **also}

    fused = Graph("fused")
    fused.add(Conv2D(4, 1, activation=function), fused.add(InputLayer((8, 8, 3)), name="image"), name="conv")
    assert kept(fused) == {"image": 8 * 8 * 3, **({"conv": SIZE} if function != "linear" else {})}


def test_a_sum_keeps_nothing_and_a_product_its_trained_factors_fellows() -> None:
    graph, x = begun()
    y = graph.add(DepthwiseConv2D(3, padding="same"), x, name="depthwise")
    graph.add(Add(), x, y, name="add")
    assert kept(graph) == {"image": 8 * 8 * 3, "conv": SIZE}
    graph.add(Multiply(), x, y, name="product")
    assert kept(graph) == {"image": 8 * 8 * 3, "conv": SIZE, "depthwise": SIZE}

    graph, x = begun()
    mask = graph.add(InputLayer((8, 8, 4)), name="mask")  # nothing trains it, so that x is not needed
    graph.add(Multiply(), x, mask, name="product")
    assert kept(graph) == {"image": 8 * 8 * 3, "mask": SIZE}


def test_reshapes_dropout_and_padding_have_no_memory_of_their_own() -> None:
    graph, x = begun()
    x = graph.add(ZeroPadding2D(1), graph.add(ReLU(), x, name="relu"), name="pad")
    x = graph.add(Conv2D(4, 3), x, name="next")
    x = graph.add(Dropout(0.5), graph.add(Flatten(), x, name="flat"), name="dropout")
    graph.add(Dense(2), x, name="classes")
    assert kept(graph) == {"image": 8 * 8 * 3, "relu": SIZE, "next": SIZE}


def test_before_what_is_trained_nothing_is_kept() -> None:
    graph, x = begun()
    x = graph.add(BatchNormalization(), x, name="bn")
    x = graph.add(ReLU(), x, name="relu")
    x = graph.add(GlobalAveragePooling2D(), x, name="pool")
    graph.add(Dense(2), x, name="classes")
    assert kept(frozen(graph, 4)) == {"pool": 4}
    found = training(frozen(graph, 4), "adam").whole
    assert (found.weight_bytes, found.gradient_bytes) == (4 * (12 + 16 + 10), 4 * 10)


@pytest.mark.parametrize("optimizer", SLOTS)
@pytest.mark.parametrize("batch", [1, 32])
def test_the_sum(optimizer: str, batch: int) -> None:
    """12 weights of a kernel, 8 trained and 8 gathered of batch normalization."""
    graph, x = begun()
    graph.add(BatchNormalization(), x, name="bn")
    found = training(graph, optimizer, batch)
    activations, weights, trained = 4 * batch * (8 * 8 * 3 + SIZE), 4 * (12 + 16), 4 * (12 + 8)
    copies = {"sgd": 0, "momentum": 1, "adam": 2}[optimizer]
    whole = found.whole
    assert whole[5:] == (activations, weights, trained, copies * trained)
    assert whole.training_bytes == activations + weights + (1 + copies) * trained
    assert [row.training_bytes for row in found.rows] == [
        4 * batch * 192,
        4 * batch * SIZE + 4 * 12 * (2 + copies),
        4 * 16 + 4 * 8 * (1 + copies),
    ]


@pytest.mark.parametrize("reference", first_of_families())
def test_rows_of_every_level_add_up(reference: str) -> None:
    graph = graph_of(reference)
    totals = Totals(graph)
    for depth in (None, 1, 2):
        found = training(graph, "momentum", 2, depth)
        for key in ("activation_bytes", "weight_bytes", "gradient_bytes", "optimizer_bytes", "training_bytes"):
            assert sum(getattr(row, key) for row in found.rows) == getattr(found.whole, key)
        assert found.whole.weight_bytes == 4 * totals.params
        assert found.whole.gradient_bytes == found.whole.optimizer_bytes == 4 * totals.trainable_params
        assert found.uncounted == []


def test_what_nobody_knows_is_at_least_so_much() -> None:
    graph, x = begun()
    x = graph.add(Opaque("Mystery", (8, 8, 4)), x, name="mystery")
    graph.add(Dense(2), graph.add(GlobalAveragePooling2D(), x, name="pool"), name="classes")
    found = training(graph, "adam")
    assert isinstance(found.whole.activation_bytes, AtLeast)
    assert found.whole.activation_bytes.known == 4 * (8 * 8 * 3 + 4)
    assert [node.name for node in found.uncounted] == ["mystery"]
    assert next(row for row in found.rows if row.name == "mystery").activation_bytes is UNKNOWN
    assert not is_known(found.whole.training_bytes)


def test_it_says_that_it_is_a_lower_bound(run) -> None:
    out = run("memory", "v2", "--training", "--batch", "32", "--optimizer", "adam").out
    assert "Training takes at least 1." in out
    assert "A lower bound" in out
    data = json.loads(run("memory", "v2", "--training", "-f", "json").out)
    assert "a lower bound" in data["conventions"]["training_bytes"]
    assert sum(row["training_bytes"] for row in data["rows"]) == data["totals"]["training_bytes"]
    assert (data["optimizer"], data["batch"]) == ("sgd", 1)


# What PyTorch's own autograd saves


@pytest.mark.tf
def test_it_is_what_pytorch_saves_of_a_block() -> None:
    """Kernels, normalization, rectifier, silu, sigmoid's gate, a sum and a dense layer: cell for cell.

    PyTorch keeps of relu the output, of silu the input, and pads within its kernels.
    """
    graph, x = begun()
    trunk = x = graph.add(ReLU(), graph.add(BatchNormalization(), x, name="bn"), name="relu")
    x = graph.add(DepthwiseConv2D(3, use_bias=False), graph.add(ZeroPadding2D(1), x, name="pad"), name="depthwise")
    x = graph.add(Activation("silu"), graph.add(BatchNormalization(), x, name="bn2"), name="silu")
    gate = graph.add(GlobalAveragePooling2D(keepdims=True), x, name="squeeze")
    gate = graph.add(Activation("sigmoid"), graph.add(Conv2D(4, 1), gate, name="expand"), name="sigmoid")
    x = graph.add(Conv2D(4, 1), graph.add(Multiply(), x, gate, name="excite"), name="project")
    x = graph.add(GlobalAveragePooling2D(), graph.add(Add(), x, trunk, name="add"), name="pool")
    graph.add(Dense(2), x, name="classes")
    assert _saved_by_pytorch(batch=3) == 3 * sum(kept_cells(graph))


def _saved_by_pytorch(batch: int) -> int:
    """How many cells of activations the same block leaves for backpropagation, each storage once."""
    import torch
    from torch import nn

    stem, depthwise = nn.Conv2d(3, 4, 1, bias=False), nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False)
    expand, project, classes = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1), nn.Linear(4, 2)
    norms = nn.BatchNorm2d(4), nn.BatchNorm2d(4)
    saved = {}

    def keep(tensor):
        if tensor.dim() > 1 and tensor.shape[0] == batch:  # no kernel, and no statistics of a batch
            storage = tensor.untyped_storage()
            saved[storage.data_ptr()] = storage.nbytes() // 4
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        trunk = torch.relu(norms[0](stem(torch.rand(batch, 3, 8, 8))))
        x = nn.functional.silu(norms[1](depthwise(trunk)))
        x = project(x * torch.sigmoid(expand(x.mean((2, 3), keepdim=True))))
        result = classes((x + trunk).mean((2, 3)))
    assert result.requires_grad
    return sum(saved.values())
