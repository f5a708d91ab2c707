"""The whole field: each network against what others have measured or computed of it."""

from __future__ import annotations

import json
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


@pytest.mark.parametrize("record", ZOO, ids=lambda record: record["reference"])
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
    ("lenet5", "lenet5", "arithmetic from the paper's table"),
    ("alexnet", "alexnet", "arithmetic from the paper's table"),
    ("alexnet", "alexnet", "authors' or BVLC's Caffe prototxt"),
    ("alexnet_owt", "alexnet_one_weird_trick", "torchvision alexnet"),
    ("zfnet", "zfnet", "arithmetic from the paper's table"),
    ("nin_cifar10", "nin_cifar10", "arithmetic from the paper's table"),
    ("nin_imagenet", "nin_imagenet", "arithmetic from the paper's table"),
    ("googlenet", "googlenet", "arithmetic from the paper's table"),
    ("googlenet", "googlenet", "authors' or BVLC's Caffe prototxt"),
    ("googlenet@torchvision", "googlenet", "torchvision googlenet"),
    ("squeezenet_1_0", "squeezenet_1_0", "authors' or BVLC's Caffe prototxt"),
    ("squeezenet_1_0@torchvision", "squeezenet_1_0", "torchvision squeezenet1_0"),
    ("squeezenet_1_1", "squeezenet_1_1", "torchvision squeezenet1_1"),
    ("squeezenet_1_1", "squeezenet_1_1", "authors' or BVLC's Caffe prototxt"),
    ("vgg11", "vgg11", "torchvision vgg11"),
    ("vgg13", "vgg13", "torchvision vgg13"),
    ("vgg16", "vgg16", "torchvision vgg16"),
    ("vgg19", "vgg19", "torchvision vgg19"),
    ("resnet18", "resnet18", "torchvision resnet18"),
    ("resnet34", "resnet34", "torchvision resnet34"),
    ("resnet50@torchvision", "resnet50", "torchvision resnet50"),
    ("resnet101@torchvision", "resnet101", "torchvision resnet101"),
    ("resnet152@torchvision", "resnet152", "torchvision resnet152"),
    ("wide_resnet50_2", "wide_resnet50_2", "torchvision wide_resnet50_2"),
    ("wrn_28_10", "wrn_28_10", "arithmetic from the paper's table"),
    ("resnext50_32x4d", "resnext50_32x4d", "torchvision resnext50_32x4d"),
    ("resnext101_32x4d", "resnext101_32x4d", "timm resnext101_32x4d"),
    ("seresnet50", "seresnet50", "timm legacy_seresnet50"),
    ("darknet53", "darknet53", "timm darknet53"),
    ("cspdarknet53", "cspdarknet53", "timm cspdarknet53"),
    ("cspresnet50", "cspresnet50", "timm cspresnet50"),
    ("cspresnext50", "cspresnext50", "timm cspresnext50"),
    ("inception_v3@torchvision", "inception_v3", "torchvision inception_v3"),
    ("inception_v4", "inception_v4", "timm inception_v4"),
    ("densenet121", "densenet121", "torchvision densenet121"),
    ("densenet161", "densenet161", "torchvision densenet161"),
    ("densenet169", "densenet169", "torchvision densenet169"),
    ("densenet201", "densenet201", "torchvision densenet201"),
    ("xception", "xception", "timm legacy_xception"),
    ("nasnet_large", "nasnet_large", "timm nasnetalarge"),
    ("mnasnet_a1", "mnasnet_a1", "timm semnasnet_100"),
    ("mnasnet_b1", "mnasnet_b1", "timm mnasnet_100"),
    ("mnasnet_small", "mnasnet_small", "timm mnasnet_small"),
    ("mnasnet_b1@torchvision", "mnasnet_b1", "torchvision mnasnet1_0"),
    ("efficientnet_lite0", "efficientnet_lite0", "timm tf_efficientnet_lite0"),
    ("efficientnet_lite1", "efficientnet_lite1", "timm tf_efficientnet_lite1"),
    ("efficientnet_lite2", "efficientnet_lite2", "timm tf_efficientnet_lite2"),
    ("efficientnet_lite3", "efficientnet_lite3", "timm tf_efficientnet_lite3"),
    ("efficientnet_lite4", "efficientnet_lite4", "timm tf_efficientnet_lite4"),
    ("efficientnet_v2_b0", "efficientnet_v2_b0", "timm tf_efficientnetv2_b0"),
    ("efficientnet_v2_b1", "efficientnet_v2_b1", "timm tf_efficientnetv2_b1"),
    ("efficientnet_v2_b2", "efficientnet_v2_b2", "timm tf_efficientnetv2_b2"),
    ("efficientnet_v2_b3", "efficientnet_v2_b3", "timm tf_efficientnetv2_b3"),
    ("efficientnet_v2_s", "efficientnet_v2_s", "timm tf_efficientnetv2_s"),
    ("efficientnet_v2_m", "efficientnet_v2_m", "timm tf_efficientnetv2_m"),
    ("efficientnet_v2_l", "efficientnet_v2_l", "timm tf_efficientnetv2_l"),
    ("regnet_x_200mf", "regnet_x_200mf", "timm regnetx_002"),
    ("regnet_x_400mf", "regnet_x_400mf", "timm regnetx_004"),
    ("regnet_x_400mf@torchvision", "regnet_x_400mf", "torchvision regnet_x_400mf"),
    ("regnet_x_600mf", "regnet_x_600mf", "timm regnetx_006"),
    ("regnet_x_800mf", "regnet_x_800mf", "timm regnetx_008"),
    ("regnet_x_1_6gf", "regnet_x_1_6gf", "timm regnetx_016"),
    ("regnet_x_3_2gf", "regnet_x_3_2gf", "timm regnetx_032"),
    ("regnet_x_4_0gf", "regnet_x_4_0gf", "timm regnetx_040"),
    ("regnet_x_6_4gf", "regnet_x_6_4gf", "timm regnetx_064"),
    ("regnet_x_8gf", "regnet_x_8gf", "timm regnetx_080"),
    ("regnet_x_12gf", "regnet_x_12gf", "timm regnetx_120"),
    ("regnet_x_16gf", "regnet_x_16gf", "timm regnetx_160"),
    ("regnet_x_32gf", "regnet_x_32gf", "timm regnetx_320"),
    ("regnet_y_200mf", "regnet_y_200mf", "timm regnety_002"),
    ("regnet_y_400mf", "regnet_y_400mf", "timm regnety_004"),
    ("regnet_y_600mf", "regnet_y_600mf", "timm regnety_006"),
    ("regnet_y_800mf", "regnet_y_800mf", "timm regnety_008"),
    ("regnet_y_800mf@torchvision", "regnet_y_800mf", "torchvision regnet_y_800mf"),
    ("regnet_y_1_6gf", "regnet_y_1_6gf", "timm regnety_016"),
    ("regnet_y_3_2gf", "regnet_y_3_2gf", "timm regnety_032"),
    ("regnet_y_4_0gf", "regnet_y_4_0gf", "timm regnety_040"),
    ("regnet_y_6_4gf", "regnet_y_6_4gf", "timm regnety_064"),
    ("regnet_y_8gf", "regnet_y_8gf", "timm regnety_080"),
    ("regnet_y_8gf@torchvision", "regnet_y_8gf", "torchvision regnet_y_8gf"),
    ("regnet_y_12gf", "regnet_y_12gf", "timm regnety_120"),
    ("regnet_y_16gf", "regnet_y_16gf", "timm regnety_160"),
    ("regnet_y_32gf", "regnet_y_32gf", "timm regnety_320"),
    ("convnext_tiny", "convnext_tiny", "torchvision convnext_tiny"),
    ("convnext_small", "convnext_small", "torchvision convnext_small"),
    ("convnext_base", "convnext_base", "torchvision convnext_base"),
    ("convnext_large", "convnext_large", "torchvision convnext_large"),
    ("convnext_xlarge", "convnext_xlarge", "timm convnext_xlarge"),
    ("convnext_v2_atto", "convnext_v2_atto", "timm convnextv2_atto"),
    ("convnext_v2_femto", "convnext_v2_femto", "timm convnextv2_femto"),
    ("convnext_v2_pico", "convnext_v2_pico", "timm convnextv2_pico"),
    ("convnext_v2_nano", "convnext_v2_nano", "timm convnextv2_nano"),
    ("convnext_v2_tiny", "convnext_v2_tiny", "timm convnextv2_tiny"),
    ("convnext_v2_base", "convnext_v2_base", "timm convnextv2_base"),
    ("convnext_v2_large", "convnext_v2_large", "timm convnextv2_large"),
    ("convnext_v2_huge", "convnext_v2_huge", "timm convnextv2_huge"),
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


def test_those_that_a_network_descends_from_are_there() -> None:
    known = NAMES | {spec.architecture for spec in models()}
    assert {name for spec in models() for name in spec.descends_from} - known == set()


def test_every_total_is_held_against_a_network() -> None:
    assert {network for _, network, _ in CLASSICS} == set(TOTALS)
