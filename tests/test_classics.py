"""The networks from before residual connections, where no other library's totals say how they are to be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import graph_of, refused

from cnncli.analysis.depth import convolution_depth
from cnncli.analysis.metrics import Totals
from cnncli.analysis.receptive_field import receptive_field
from cnncli.graph import Graph, fold
from cnncli.graph.layers import InputLayer, RadialBasis, Subsampling2D
from cnncli.models.families.lenet import OF_FOUR, OF_THREE
from cnncli.models.reference import parse


@pytest.mark.parametrize(
    ("reference", "params", "macs"),
    [
        ("lenet5@textbook", 61_706, 416_520),
        ("googlenet:auxiliary=true", 13_378_280, 1_591_044_096),  # the params are those of BVLC's training definition
        ("googlenet@torchvision:auxiliary=true", 13_004_888, 1_506_748_416),  # torchvision's own num_params
        ("alexnet_owt@paper", 61_838_248, 714_188_480 + 128 * 9 * 384 * 13**2 + 128 * 9 * 256 * 13**2),
    ],
)
def test_totals_of_variants(reference: str, params: int, macs: int) -> None:
    found = Totals(graph_of(reference))
    assert (found.trainable_params, found.macs) == (params, macs)


def test_lenets_maps_are_connected_as_in_table_1() -> None:
    """Every map of S2 is read by ten maps of C3; no two maps of C3 but the last read the same."""
    read = [*OF_THREE, *OF_FOUR, tuple(range(6))]
    assert len(set(read)) == 16
    assert [sum(at in each for each in read) for at in range(6)] == [10] * 6
    assert [(node.params, node.macs) for node in graph_of("lenet5").nodes if ".c3." in node.name and node.params] == [
        (456, 45_000), (909, 90_000), (151, 15_000),
    ]  # fmt: skip


def test_lenets_rows_are_the_papers() -> None:
    """Section II.B: the trained parameters of each layer."""
    rows = {"stage1.c1": 156, "stage1.s2": 12, "stage2.s4": 32, "head.c5": 48_120, "head.f6": 10_164}
    nodes = {node.name: node.trainable_params for node in graph_of("lenet5").nodes}
    assert {name: nodes[name] for name in rows} == rows
    groups = {group.name: sum(node.params for node in group.nodes) for group in fold(graph_of("lenet5"), 2)}
    assert groups["stage2.c3"] == 1516


@pytest.mark.parametrize("flavor", ["paper", "torchvision"])
def test_auxiliary_classifiers_are_further_outputs(flavor: str) -> None:
    alone, whole = graph_of(f"googlenet@{flavor}"), graph_of(f"googlenet@{flavor}:auxiliary=true")
    names = ["head.probabilities", "auxiliary1.probabilities", "auxiliary2.probabilities"]
    assert [node.name for node in whole.outputs] == names
    assert [node.name for node in alone.outputs] == names[:1]
    assert receptive_field(alone) == receptive_field(whole)
    assert convolution_depth(alone) == convolution_depth(whole)
    features = graph_of("googlenet:auxiliary=true,include_top=false")
    assert len(features.outputs) == 1
    assert features.warnings == ["auxiliary=true has no effect with include_top=false"]


def test_auxiliary_classifiers_rewire_nothing(run: Callable[..., Any]) -> None:
    out = run("compare", "googlenet", "googlenet:auxiliary=true", "--diff").out
    assert "+ auxiliary2: AveragePooling2D 5x5 s3 + Conv2D 1x1 relu + Dense relu + Dense softmax" in out
    assert "wired differently" not in out
    assert "stage5 block1 to head: 3 equal" in out


def test_a_network_of_several_outputs_is_not_exported(run: Callable[..., Any], tmp_path: Path) -> None:
    result = run("export", "googlenet:auxiliary=true", "-o", tmp_path / "a.tflite")
    refused(result, 2, "has 3 outputs (head.probabilities, auxiliary1.probabilities, auxiliary2.probabilities)")


def test_padding_goes_by_the_pooling_that_reads_it() -> None:
    names = [group.name for group in fold(graph_of("squeezenet_1_0"), 2)]
    assert [name for name in names if "pool" in name] == ["stage1.pool", "stage2.pool"]


@pytest.mark.parametrize("reference", ["lenet5", "lenet5@textbook", "lenet5:classes=26,input_shape=48x40x3"])
def test_lenet_says_what_it_puts_out(reference: str) -> None:
    model = parse(reference)
    assert model.output_name == ("probabilities" if "textbook" in reference else "distances")
    assert model.graph().outputs[0].shape == (model.options["classes"],)


@pytest.mark.tf
def test_lenets_layers_compute_what_the_paper_says() -> None:
    from tensorflow_truth import profiled_flops

    from cnncli.keras_model import differences, lower, quiet

    graph, generator = Graph("layers"), np.random.default_rng(3)
    x = graph.add(InputLayer((6, 4, 3)), name="image")
    x = graph.add(Subsampling2D(2, activation="tanh"), x, name="s2")
    graph.add(RadialBasis(5), x, name="distances")
    pictures = generator.normal(size=(2, 6, 4, 3)).astype("float32")
    with quiet():
        model = lower(graph)
        assert differences(graph, model) == ()
        assert profiled_flops(model) == Totals(graph).flops
        scale = model.get_layer("s2")
        scale.kernel.assign(generator.normal(size=(1, 1, 3, 1)))
        scale.bias.assign(generator.normal(size=3))
        codes = np.asarray(model.get_layer("distances.codes").kernel)
        found = np.asarray(model(pictures))
    assert set(np.unique(codes)) == {-1.0, 1.0}
    means = pictures.reshape(2, 3, 2, 2, 2, 3).mean((2, 4))
    maps = np.tanh(means * np.asarray(scale.kernel)[0, 0, :, 0] + np.asarray(scale.bias))
    expected = np.square(maps[..., None] - codes).sum(-2)
    assert np.abs(found - expected).max() < 1e-4
