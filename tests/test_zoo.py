"""The whole field: each network against what others have measured or computed of it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from conftest import graph_of
from structure import differences, misnamed, of_graph, of_record

from cnncli.analysis.metrics import Totals
from cnncli.models.catalogue import models
from cnncli.models.reference import parse

DATA = Path(__file__).parent / "data"
ZOO: list[dict[str, Any]] = json.loads((DATA / "zoo.json").read_text(encoding="utf-8"))["networks"]
TOTALS: dict[str, list[dict[str, Any]]] = json.loads((DATA / "totals.json").read_text(encoding="utf-8"))["networks"]
NAMES = {spec.name for spec in models()}


@pytest.mark.parametrize("record", [r for r in ZOO if r["reference"] in NAMES], ids=lambda record: record["reference"])
def test_a_network_is_that_of_keras_applications(record: dict[str, Any]) -> None:
    """Every layer with its arguments, and what it reads."""
    model = parse(record["reference"])
    graph = model.graph()
    ours, theirs = of_graph(graph, model.layer_names(graph) or []), of_record(record)
    assert differences(ours, theirs) == []
    assert len(ours) == len(theirs)
    assert misnamed(ours, theirs) == []
    found = Totals(graph)
    for figure in ("params", "trainable_params", "non_trainable_params", "macs", "flops"):
        assert getattr(found, figure) == record[figure], figure


CLASSICS = [
    ("vgg11", "vgg11", "torchvision vgg11"),
    ("vgg13", "vgg13", "torchvision vgg13"),
    ("vgg16", "vgg16", "torchvision vgg16"),
    ("vgg19", "vgg19", "torchvision vgg19"),
    *(
        (f"shufflenet_v1:alpha={alpha},groups={groups}", f"shufflenet_v1_{alpha}x_g3", source)
        for alpha in (0.5, 1.0, 1.5, 2.0)
        for groups, source in ((3, "authors' PyTorch code"), (8, "authors' PyTorch code, g=8"))
    ),
    *(
        (f"shufflenet_v2:alpha={alpha}", f"shufflenet_v2_{alpha}x", "authors' PyTorch code")
        for alpha in (0.5, 1.0, 1.5, 2.0)
    ),
    *(
        (
            f"shufflenet_v2@torchvision:alpha={alpha}",
            f"shufflenet_v2_{alpha}x",
            f"torchvision shufflenet_v2_x{str(alpha).replace('.', '_')}",
        )
        for alpha in (0.5, 1.0, 1.5, 2.0)
    ),
    ("ghostnet:alpha=0.5", "ghostnet_0.5", "timm ghostnet_050"),
    ("ghostnet", "ghostnet_1.0", "timm ghostnet_100"),
    ("ghostnet:alpha=1.3", "ghostnet_1.3", "timm ghostnet_130"),
    *(
        (f"mobilenet_v4_conv_{size}", f"mobilenet_v4_conv_{size}", f"timm mobilenetv4_conv_{size}")
        for size in ("small", "medium", "large")
    ),
    *(
        (f"repvgg_{name}:deploy={deploy}", f"repvgg_{name}", f"timm repvgg_{name}{fused}")
        for name in ("a0", "a1", "a2", "b0", "b1", "b1g4", "b2", "b2g4", "b3", "b3g4")
        for deploy, fused in (("true", "+fused"), ("false", ""))
    ),
    *(
        (f"mobileone_s{number}:deploy={deploy}", f"mobileone_s{number}", f"timm mobileone_s{number}{fused}")
        for number in range(5)
        for deploy, fused in (("true", "+fused"), ("false", ""))
    ),
]
"""A reference, the network's name in tests/data/totals.json, and whose totals of it are meant."""


@pytest.mark.parametrize(("reference", "network", "source"), CLASSICS, ids=[reference for reference, *_ in CLASSICS])
def test_totals_are_those_computed_by_other_means(reference: str, network: str, source: str) -> None:
    (record,) = [each for each in TOTALS[network] if each["source"] == source]
    graph = graph_of(reference)
    if record["input"]:
        assert list(graph.inputs[0].shape) == record["input"]
    found = Totals(graph)
    assert (found.trainable_params, found.macs) == (record["trainable_params"], record["macs"])


FIGURES = [
    (spec.name, figures, key)
    for spec in models()
    for figures in spec.published
    for key in ("params", "macs")
    if getattr(figures, key) is not None and not figures.erratum
]


@pytest.mark.parametrize(
    ("name", "figures", "key"), FIGURES, ids=[f"{name}-{key}-{at}" for at, (name, _, key) in enumerate(FIGURES)]
)
def test_published_figures_are_the_networks_as_far_as_their_digits_go(name: str, figures: Any, key: str) -> None:
    """Of parameters papers count those that are trained. Where a figure is another, its `erratum` says why."""
    published = getattr(figures, key)
    found = Totals(graph_of(name))
    computed = found.trainable_params if key == "params" else found.macs
    assert abs(computed - published) <= unit(published) / 2, f"{computed:,} for {published:,}"


def unit(figure: float) -> float:
    """One of the last digit that is written: 0.1 M of 5.3 M."""
    return 10.0 ** int(Decimal(f"{figure:.12g}").normalize().as_tuple().exponent)


def test_those_that_a_network_descends_from_are_there() -> None:
    known = NAMES | {spec.architecture for spec in models()}
    assert {name for spec in models() for name in spec.descends_from} - known == set()
