"""The names that networks have elsewhere, and what is suggested for those that are none."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cnncli.errors import UsageError, suggestion
from cnncli.models import catalogue
from cnncli.models.catalogue import apart, find, models, names
from cnncli.models.names import Elsewhere, published
from cnncli.models.reference import parse
from cnncli.network import canonical
from cnncli.views.list import is_family

DATA = Path(__file__).parent / "data"
RECORDED = {
    *json.loads((DATA / "totals.json").read_text(encoding="utf-8"))["networks"],
    *(record["reference"] for record in json.loads((DATA / "zoo.json").read_text(encoding="utf-8"))["networks"]),
}
"""150 names of networks, of which the registry has many."""
THERE = {spec.name: spec for spec in models()}

# What the registry's networks are called by Keras, in files of weights, by torchvision, timm and others.
ELSEWHERE = {
    "vgg16": "VGG16 vgg_16 vgg16.tv_in1k keras.applications.vgg16.VGG16 torchvision.models.vgg16",
    "vgg16:include_top=false": "vgg16_weights_tf_dim_ordering_tf_kernels_notop",
    "resnet50": "ResNet50 resnet_50 resnet50_v1 keras.applications.resnet.ResNet50 tf.keras.applications.ResNet50 "
    "resnet50_weights_tf_dim_ordering_tf_kernels",
    "resnet50:include_top=false": "resnet50_weights_tf_dim_ordering_tf_kernels_notop",
    "resnet50@torchvision": "resnet50_v1.5 resnet50v1.5 ResNet50-v1.5 resnet50_v1_5 resnet50_v1b resnet50.tv_in1k "
    "torchvision.models.resnet50 timm/resnet50.a1_in1k microsoft/resnet-50",
    "resnet50_v2": "ResNet50V2 resnet50v2 keras.applications.resnet_v2.ResNet50V2",
    "resnet50_v2:include_top=false": "resnet50v2_weights_tf_dim_ordering_tf_kernels_notop",
    "resnet18": "resnet18 ResNet-18 resnet18_v1",
    "wide_resnet50_2": "wide_resnet50_2 wide_resnet_50_2 WideResNet50_2",
    "resnext50_32x4d": "resnext50_32x4d ResNeXt50_32x4d",
    "seresnet50": "seresnet50 legacy_seresnet50 se_resnet50 SE-ResNet-50",
    "inception_v3": "InceptionV3 inceptionv3 tf_inception_v3 inception_v3_weights_tf_dim_ordering_tf_kernels",
    "inception_v3@torchvision": "inception_v3.tv_in1k torchvision.models.inception_v3",
    "inception_resnet_v2": "InceptionResNetV2 inception_resnet_v2 keras.applications.InceptionResNetV2",
    "xception": "Xception legacy_xception xception_weights_tf_dim_ordering_tf_kernels",
    "xception:include_top=false": "xception_weights_tf_dim_ordering_tf_kernels_notop",
    "googlenet": "GoogLeNet googlenet bvlc_googlenet",
    "densenet121": "DenseNet121 densenet_121 densenet121.tv_in1k densenet-121",
    "densenet121:include_top=false": "densenet121_weights_tf_dim_ordering_tf_kernels_notop",
    "squeezenet_1_1": "squeezenet1_1 squeezenet1.1 SqueezeNet_v1.1 squeezenet_v1_1",
    "nasnet_large": "NASNetLarge nasnetalarge NASNet-large",
    "nasnet_large:include_top=false": "NASNet-large-no-top",
    "nasnet_mobile": "NASNetMobile NASNet-mobile",
    "mnasnet_b1": "mnasnet1_0 mnasnet_100 mnasnet_b1",
    "mnasnet_a1": "semnasnet_100 mnasnet_a1",
    "shufflenet_v2": "shufflenet_v2_x1_0 ShuffleNetV2",
    "ghostnet": "ghostnet_100 ghostnet_1.0x GhostNet",
    "efficientnet_lite0": "tf_efficientnet_lite0 efficientnet-lite0 efficientnet_lite0.ra_in1k",
    "efficientnet_v2_b0": "EfficientNetV2B0 tf_efficientnetv2_b0 efficientnetv2-b0",
    "efficientnet_v2_b0:include_top=false": "efficientnetv2-b0_notop",
    "efficientnet_v2_s": "EfficientNetV2S efficientnet_v2_s tf_efficientnetv2_s tf_efficientnetv2_s.in21k_ft_in1k",
    "efficientnet_b0": "timm/tf_efficientnet_b0 google/efficientnet-b0 torchvision.models.efficientnet_b0",
    "regnet_x_200mf": "regnetx_002 RegNetX002",
    "regnet_y_400mf": "regnet_y_400mf regnety_004",
    "regnet_y_1_6gf": "regnet_y_1_6gf regnety_016 regnety_016.tv2_in1k regnet_y_1.6gf",
    "regnet_y_16gf": "regnet_y_16gf regnety_160",
    "regnet_x_4_0gf": "regnetx_040",
    "regnet_x_8gf": "regnetx_080 RegNetX080",
    "repvgg_a0": "repvgg_a0 RepVGG-A0 repvgg_a0.rvgg_in1k",
    "mobileone_s0": "mobileone_s0 MobileOne-S0 mobileone_s0.apple_in1k",
    "convnext_tiny": "ConvNeXtTiny convnext_tiny convnext_tiny.fb_in22k_ft_in1k convnext_tiny_in22ft1k",
    "convnext_tiny:include_top=false": "convnext_tiny_notop",
    "convnext_tiny:input_shape=384": "convnext_tiny.fb_in22k_ft_in1k_384 convnext_tiny_384_in22ft1k",
    "convnext_v2_atto": "convnextv2_atto convnextv2_atto.fcmae_ft_in1k convnextv2_atto.fcmae "
    "facebook/convnextv2-atto-1k",
    "mobilenet_v4_conv_small": "mobilenetv4_conv_small mobilenetv4_conv_small.e2400_r224_in1k",
    "darknet53": "Darknet-53 darknet53.c2ns_in1k",
    "alexnet": "AlexNet bvlc_alexnet",
    "alexnet_owt": "torchvision.models.alexnet",
    "lenet5": "LeNet-5",
}  # fmt: skip
PAIRS = [(name, reference) for reference, spelt in ELSEWHERE.items() for name in spelt.split()]


@pytest.mark.parametrize(("name", "reference"), PAIRS)
def test_a_name_elsewhere_is_one_of_ours(name: str, reference: str) -> None:
    default = parse(reference).spec.options(parse(reference).flavor)["input_shape"]
    asked, _, options = reference.partition(":")
    if options == f"input_shape={default[0]}":
        reference = asked
    assert canonical(name) == reference


# What the rules make of a name, whether or not the registry has its network.


def known(text: str) -> str | None:
    every = RECORDED | THERE.keys()
    return {apart(name): name for name in every}.get(apart(text))


def spec(name: str) -> Any:
    """As it may be in the registry: ResNets with torchvision's flavor, ShuffleNets and GhostNets of any width."""
    own = ("alpha",) if name.startswith(("shufflenet", "ghostnet", "mobilenet_v2")) else ()
    flavors = ("keras", "torchvision") if name.startswith(("resnet", "inception")) else ("paper",)
    return SimpleNamespace(settable=dict.fromkeys(("input_shape", "include_top", *own)), flavor_names=flavors)


def read(name: str) -> str | None:
    """As a reference."""
    found = published(name, known, spec)
    if found is None:
        return None
    options = ",".join(f"{option}={text}" for option, text in found.options.items())
    return found.name + (f"@{found.flavor}" if found.flavor else "") + (f":{options}" if options else "")


WIDTH_OF_ONE = {"shufflenet_v2": "1.0", "ghostnet": "1"}


@pytest.mark.parametrize(("name", "reference"), PAIRS)
def test_the_rules_read_a_name(name: str, reference: str) -> None:
    """The names of other libraries, and those of ours in their spellings."""
    asked = read(name)
    base = reference.partition(":")[0]
    if base in WIDTH_OF_ONE:
        assert asked in (base, *(f"{base}:alpha={width}" for width in ("1", "1.0", "1.0x")))
    else:
        assert asked == reference


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("shufflenet_v2_x0_5", "shufflenet_v2:alpha=0.5"),
        ("shufflenet_v2_x2_0", "shufflenet_v2:alpha=2.0"),
        ("ghostnet_050", "ghostnet:alpha=0.5"),
        ("mnasnet0_5", None),  # as long as B1 has no width
        ("resnet101v1.5_notop", "resnet101@torchvision:include_top=false"),
        ("resnet50_v1.5_160", "resnet50@torchvision:input_shape=160"),
        ("regnetx_320", "regnet_x_32gf"),
        ("regnety_064", "regnet_y_6_4gf"),
        ("densenet121_weights_tf_dim_ordering_tf_kernels_notop_notop", None),
        ("vgg16_bn", None),
        ("resnet50d", None),
        ("resnet50_gn", None),
        ("resnet50.", "resnet50"),
        ("resnet_v2_50", None),  # TensorFlow-Slim's strides stand elsewhere
        ("regnetz_040", None),
        ("regnetx_1234", None),
        ("efficientnet_b0_0.5", None),
        ("darknet53_v1.5", None),
        ("densenet121_v1.5", None),
    ],
)
def test_what_else_the_rules_read(name: str, reference: str | None) -> None:
    assert read(name) == reference


def test_a_flavor_that_a_name_means_is_the_one_that_is_there() -> None:
    """Where there is none of torchvision's, a v1.5 is not what is there instead."""
    paper = SimpleNamespace(settable={}, flavor_names=("paper",))
    assert published("resnet50_v1.5", known, lambda _: paper) is None
    assert published("resnet50.tv_in1k", known, lambda _: paper) == Elsewhere("resnet50", {})


def test_a_flavor_beside_a_name_that_means_another() -> None:
    assert canonical("resnet50_v1.5@torchvision") == "resnet50@torchvision"
    with pytest.raises(UsageError, match="flavor 'keras' contradicts the name, which says torchvision"):
        parse("resnet50_v1.5@keras")


def test_no_two_names_are_read_alike() -> None:
    """A 1_6gf and a 16gf are two networks."""
    assert len({apart(name) for name in names()}) == len(names())
    assert all(find(name)[0].name == find(spelt)[0].name for name in names() for spelt in (name.upper(), f" {name}"))
    assert known("regnet_x_1_6gf") == "regnet_x_1_6gf"
    assert apart("regnet_x_1_6gf") == apart("RegNetX-1.6GF") != apart("regnet_x_16gf")


def test_numbers_run_together_are_read_where_they_can_be_one_name_only(monkeypatch) -> None:
    monkeypatch.setattr(catalogue, "FAMILIES", {"vgg": ("squeezenet_1_1", "regnet_x_1_6gf", "regnet_x_16gf", "vgg16")})
    for kept in (catalogue._by_name, catalogue._run_together):
        kept.cache_clear()
    try:
        assert catalogue._spelt("SqueezeNet11") == catalogue._spelt("squeezenet 1.1") == "squeezenet_1_1"
        assert catalogue._spelt("RegNetX-16GF") == "regnet_x_16gf"
        assert catalogue._spelt("regnetx1.6gf") == "regnet_x_1_6gf"
        assert catalogue._spelt("vgg_1_6") == "vgg16"
    finally:
        monkeypatch.undo()
        for kept in (catalogue._by_name, catalogue._run_together):
            kept.cache_clear()


NO_NETWORKS_OF_OURS = (
    "vit vit_b_16 swin_t swin deit_small beit unet u-net yolo yolov8n yolov5s yolov3 bert segnet hrnet_w18 hrnet detr "
    "mixer_b16_224 coatnet_0 maxvit_t levit_128 poolformer_s12 edgenext_small crossvit_9_240 dla34 dpn68 selecsls42 "
    "tresnet_m ese_vovnet19b_dw cbam tinynet_a lcnet_050 visformer_tiny sequential model x9 _ tf transformer lstm gru "
    "ssd300 faster_rcnn retinanet deeplabv3 pspnet caffenet overfeat dm_nfnet_f0 mobilevit_s fastvit_t8 cnn net "
    "efficientformer_l1 convmixer_768_32 halonet50ts botnet26t_256 gernet_l cifar mnist 0.5 224"
)  # fmt: skip
ALIASES = "v1 v2 v3_small v3_large mobilenet b0 b1 b2 b3 b4 b5 b6 b7 lenet nin inception_v1 resnext50 wrn_50_2"


@pytest.mark.parametrize("name", NO_NETWORKS_OF_OURS.split())
def test_nothing_is_suggested_where_nothing_is_near(name: str) -> None:
    """Among a hundred and seventy names as among those that there are."""
    assert suggestion(name, [*RECORDED, *ALIASES.split()]) == ""
    with pytest.raises(UsageError) as caught:
        parse(name)
    assert str(caught.value).startswith(f"unknown model {name!r}; `cnncli list` shows all")


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("vgg15", "vgg16"),
        ("vgg16_bn", "vgg16"),
        ("resnet", "resnet18"),
        ("resnet51", "resnet50"),
        ("reset50", "resnet50"),
        ("densnet121", "densenet121"),
        ("googlnet", "googlenet"),
        ("alexnett", "alexnet"),
        ("squeezenet_1_2", "squeezenet_1_1"),
        ("darknet19", "darknet53"),
        ("efficientnet_b9", "efficientnet_b7"),
        ("convnext_nano", "convnext_v2_nano"),
        ("mobileone", "mobileone_s0"),
    ],
)
def test_what_is_near_among_a_hundred_names_is_suggested(name: str, first: str) -> None:
    everything = sorted(RECORDED - {"vgg16c"}) + ALIASES.split() + [f"efficientnet_b{number}" for number in range(8)]
    assert suggestion(name, everything).startswith(f"; did you mean {first}")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("VGG", "; it is a family, of vgg11, vgg13, vgg16 and vgg19; `cnncli list vgg` tells more"),
        ("senet", "; it is a family, of seresnet50; `cnncli list senet` tells more"),
        ("regnet", ", regnet_x_3_2gf and 18 more; `cnncli list regnet` tells more"),
        ("MobileNetV3", "of mobilenet_v3_small and mobilenet_v3_large; `cnncli list mobilenet_v3` tells more"),
        ("vgg15", "; did you mean vgg16 or vgg13 or vgg11?; `cnncli list` shows all"),
    ],
)
def test_a_familys_name_is_told_as_that(name: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        find(name)
    assert str(caught.value).endswith(says)


@pytest.mark.parametrize("family", [each for each in catalogue.FAMILIES if each not in catalogue.names()])
def test_where_a_familys_name_sends_people_there_is_something(family: str) -> None:
    """`cnncli list FAMILY`, which a family's name in a model's place is answered with."""
    assert is_family(family)
