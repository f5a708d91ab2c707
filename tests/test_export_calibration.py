"""Fresh weights made live: on cuttings of large pictures where the network takes them, else on whole ones."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
from conftest import graph_of, kind_named

from cnncli.export.calibration import BRANCH, LARGEST_SIDE, calibrate, takes
from cnncli.export.exporting import Request, Target, export
from cnncli.export.representative import representative
from cnncli.graph import Graph, Layer
from cnncli.graph.layers import (
    Add,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePooling2D,
    GlobalResponseNormalization,
    InputLayer,
    LayerNormalization,
    LayerScale,
    LocalResponseNormalization,
    MaxPooling2D,
    ReLU,
    Reshape,
)


def chain(side: int, *layers: Layer) -> Graph:
    graph = Graph("chain")
    x = graph.add(InputLayer((side, side, 3)), name="image")
    for number, layer in enumerate(layers, 1):
        x = graph.add(layer, x, name=f"layer{number}")
    return graph


STEM = (Conv2D(8, 3, strides=4), BatchNormalization(), MaxPooling2D(4))


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (graph_of("v2", input_shape="256"), True),
        (graph_of("v3_small", input_shape="256"), True),
        (chain(256, *STEM, GlobalAveragePooling2D(), Dense(10)), True),
        (chain(256, *STEM, Flatten(), Dense(10)), False),
        (chain(256, *STEM, Reshape((256, 8))), False),
        (chain(256, Conv2D(8, 225), GlobalAveragePooling2D()), False),
    ],
)
def test_networks_that_take_another_size(graph: Graph, expected: bool) -> None:
    assert takes(graph, 256, 256)
    assert takes(graph, LARGEST_SIDE, LARGEST_SIDE) == expected


def convnext(*, responses: bool) -> Graph:
    """Branches that fresh weights add next to nothing of (Liu et al. 2022, and Woo et al. 2023)."""
    graph = Graph("convnext")
    x = graph.add(Conv2D(16, 4, strides=4), graph.add(InputLayer((32, 32, 3)), name="image"), name="stem")
    for number in range(2):
        branch = graph.add(Conv2D(16, 7, padding="same", groups=16), x, name=f"depthwise{number}")
        branch = graph.add(LayerNormalization(), branch, name=f"norm{number}")
        branch = graph.add(Dense(64, activation="gelu"), branch, name=f"widen{number}")
        if responses:
            branch = graph.add(GlobalResponseNormalization(), branch, name=f"grn{number}")
        branch = graph.add(Dense(16), branch, name=f"narrow{number}")
        if not responses:
            branch = graph.add(LayerScale(16), branch, name=f"scale{number}")
        x = graph.add(Add(), x, branch, name=f"add{number}")
    graph.add(Dense(10), graph.add(GlobalAveragePooling2D(), x, name="pool"), name="logits")
    return graph


BARE = {
    "plain": chain(32, *(Conv2D(16, 3, padding="same", activation="relu"),) * 8, GlobalAveragePooling2D(), Dense(10)),
    "depthwise": chain(32, *(Conv2D(16, 1), DepthwiseConv2D(3), ReLU()) * 3, GlobalAveragePooling2D(), Dense(10)),
    "responses": chain(32, *(Conv2D(16, 3, activation="relu"), LocalResponseNormalization()) * 3, Flatten(), Dense(10)),
    "convnext": convnext(responses=False),
    "convnext_v2": convnext(responses=True),
}


@pytest.mark.tf
@pytest.mark.parametrize("name", BARE)
def test_without_batch_norm_the_outputs_still_tell_pictures_apart(name: str) -> None:
    from cnncli.keras_model import lower, quiet

    graph = BARE[name]
    with quiet():
        model = lower(graph)
        chosen = representative(None, graph.inputs[0].shape, (0.0, 255.0))
        calibrate(model, graph, chosen)
        pictures = chosen.taken(range(8))
        outputs = numpy.asarray(model(pictures))
        weights = model.weights
        changes = []
        for weight in weights:  # an error anywhere must be seen in the end
            before = numpy.asarray(weight)
            weight.assign(before * 0.5)
            changes.append(numpy.abs(numpy.asarray(model(pictures)) - outputs).max())
            weight.assign(before)
    assert outputs.std(axis=0).mean() > 0.1 * outputs.std()
    named = dict(zip((weight.path for weight in weights), changes, strict=True))
    assert {path for path, change in named.items() if change < 1e-3 and "kernel" in path} == set()


def residual(*, projected: bool) -> Graph:
    """A block whose shortcut is itself, or a convolution and a batch norm as where maps change (He et al. 2015)."""
    graph = Graph("residual")
    x = graph.add(Conv2D(8, 3), graph.add(InputLayer((32, 32, 3)), name="image"), name="stem")
    x = graph.add(ReLU(), graph.add(BatchNormalization(), x, name="stem_bn"), name="stem_activation")
    branch = graph.add(BatchNormalization(), graph.add(Conv2D(8, 1), x, name="first"), name="first_bn")
    branch = graph.add(Conv2D(8, 3, padding="same"), graph.add(ReLU(), branch, name="activation"), name="last")
    branch = graph.add(BatchNormalization(), branch, name="last_bn")
    if projected:
        x = graph.add(BatchNormalization(), graph.add(Conv2D(8, 1), x, name="shortcut"), name="shortcut_bn")
    graph.add(Dense(10), graph.add(Add(), x, branch, name="add"), name="logits")
    return graph


@pytest.mark.tf
@pytest.mark.parametrize("projected", [False, True])
def test_a_branch_adds_a_part_to_its_shortcut_even_where_that_is_projected(projected: bool) -> None:
    from cnncli.keras_model import lower, quiet

    graph = residual(projected=projected)
    with quiet():
        model = lower(graph)
        calibrate(model, graph, representative(None, graph.inputs[0].shape, (0.0, 255.0)))
    gammas = {layer.name: float(layer.gamma[0]) for layer in model.layers if hasattr(layer, "gamma")}
    others = {name: gamma for name, gamma in gammas.items() if name != "last_bn"}
    assert gammas["last_bn"] == pytest.approx(BRANCH)
    assert set(others.values()) == {1.0}


@pytest.mark.tf
@pytest.mark.parametrize("side", [256, 2000])
def test_a_dense_layer_behind_a_map_is_calibrated_on_whole_pictures(side: int) -> None:
    """Of the larger size one picture has more cells than are taken in all."""
    from cnncli.keras_model import lower, quiet

    graph = chain(side, *STEM, Flatten(), Dense(10, activation="softmax"))
    found = representative(None, (side, side, 3), (-1.0, 1.0))
    with quiet():
        model = lower(graph)
        calibrate(model, graph, found)
        pictures = found.taken(range(2))
        outputs = model.predict(pictures, batch_size=1, verbose=0)
    assert numpy.abs(outputs[0] - outputs[1]).max() > 0.01 * outputs.max()
    assert numpy.abs(model.get_layer("layer2").moving_variance.numpy() - 1).max() > 0.01


@pytest.mark.tf
def test_such_a_network_of_a_program_is_exported(tmp_path: Path) -> None:
    """Above the size to which pictures are cut, through all of the exporter; an int8 file of it is right too."""
    graph = chain(256, *STEM, Flatten(), Dense(10))
    targets = [Target(*kind_named(kind), tmp_path / f"{kind}.tflite") for kind in ("none", "int8")]
    request = Request(graph, graph.name, (-1.0, 1.0), "output", targets, seed=1)
    found = export(request, lambda _: None)
    assert found.problems == []
    assert [file.verified for file in found.files] == [True, True]
    assert [file.comparison and file.comparison.top1_agreement for file in found.files] == [None, None]
