"""The networks against keras.applications, built here, and against what the article's code computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import graph_of
from tensorflow_truth import WAYS, calibrate, distance, randomize, transfer, undrawn
from test_zoo_keras import CLASSES as ZOO

from cnncli.graph import Graph
from cnncli.keras_model import import_keras, lower, quiet
from cnncli.models.catalogue import models
from cnncli.models.reference import Model, parse

pytestmark = pytest.mark.tf

CLASSES = {
    "mobilenet_v1": "MobileNet",
    "mobilenet_v2": "MobileNetV2",
    "mobilenet_v3_small": "MobileNetV3Small",
    "mobilenet_v3_large": "MobileNetV3Large",
    **{f"efficientnet_b{number}": f"EfficientNetB{number}" for number in range(8)},
}
# Our names of arguments that have others in keras.applications, or none because they are settled there.
RENAMED = {"width": "width_coefficient", "depth": "depth_coefficient", "dropout": "dropout_rate"}
SLOW = {"efficientnet_b5", "efficientnet_b6", "efficientnet_b7"}


def of_keras(model: Model) -> Any:
    """keras.applications' network of the same options."""
    options = dict(model.options)
    if model.spec.name == "efficientnet":
        from keras.src.applications.efficientnet import EfficientNet

        renamed = {RENAMED.get(key, key): value for key, value in options.items()}
        return EfficientNet(weights=None, name="efficientnet", default_size=224, **renamed)
    if model.spec.name in ("mobilenet_v3_small", "mobilenet_v3_large"):
        options["dropout_rate"] = options.pop("dropout")
    if model.spec.name.startswith("efficientnet"):
        del options["dropout"]
    return getattr(import_keras().applications, CLASSES[model.spec.name])(weights=None, **options)


def of_graph(graph: Graph) -> list[tuple[Any, ...]]:
    return [(node.type, node.shape, [weight.shape for weight in node.weights]) for node in graph.nodes if node.weights]


def of_layers(model: Any) -> list[tuple[Any, ...]]:
    return [
        (type(layer).__name__, layer.output.shape[1:], [tuple(weight.shape) for weight in layer.weights])
        for layer in model.layers
        if layer.weights
    ]


STRUCTURES = [
    *CLASSES,
    "mobilenet_v1:alpha=0.25,input_shape=96,classes=3",
    "mobilenet_v1:alpha=0.75,depth_multiplier=2,input_shape=128x331",
    "mobilenet_v1:alpha=1.4,include_top=false,pooling=max,input_shape=225",
    "mobilenet_v1:input_shape=97x101,include_top=false,classifier_activation=none",
    "mobilenet_v2:alpha=0.35,input_shape=160x224",
    "mobilenet_v2:alpha=1.4,input_shape=331,classes=7",
    "mobilenet_v2:alpha=0.5,input_shape=99x130,include_top=false,pooling=avg",
    "mobilenet_v2:alpha=1.3,include_top=false,input_shape=96x96x1",
    "mobilenet_v3_small:alpha=0.25,input_shape=96",
    "mobilenet_v3_small:alpha=0.75,minimalistic=true,input_shape=225",
    "mobilenet_v3_small:alpha=1.4,include_preprocessing=false,classes=7",
    "mobilenet_v3_small:include_top=false,pooling=max,input_shape=111x222",
    "mobilenet_v3_large:alpha=0.35,input_shape=160x224,classes=10",
    "mobilenet_v3_large:alpha=1.25,minimalistic=true,include_preprocessing=false",
    "mobilenet_v3_large:alpha=1.4,input_shape=331x97,dropout=0",
    "mobilenet_v3_large:alpha=0.6,include_top=false,pooling=avg",
    "efficientnet_b0:input_shape=225x160,classes=7",
    "efficientnet_b1:include_top=false,pooling=avg,input_shape=97",
    "efficientnet_b2:include_top=false,input_shape=331x128",
    "efficientnet:width=0.35,depth=0.4,input_shape=96,classes=10",
    "efficientnet:width=1.4,depth=0.5,input_shape=131x99,include_top=false,pooling=max",
    "efficientnet:width=0.8,depth=1.3,input_shape=64,dropout=0",
]


@pytest.mark.parametrize("reference", STRUCTURES)
def test_the_layers_are_those_of_keras_applications(reference: str) -> None:
    model = parse(reference)
    graph = model.graph()
    import_keras().backend.clear_session()  # which counts the layers that have no names of their own
    with quiet(), undrawn():
        theirs = of_keras(model)
    assert of_graph(graph) == of_layers(theirs)
    assert graph.nodes[-1].shape == theirs.output_shape[1:]
    assert model.layer_names(graph) == [layer.name for layer in theirs.layers]
    assert sum(node.params for node in graph.nodes) == theirs.count_params()


OUTPUTS = [
    *(f"{name}:input_shape=64" for name in CLASSES if name not in SLOW),
    *(pytest.param(f"{name}:input_shape=64", marks=pytest.mark.exhaustive) for name in sorted(SLOW)),
    "mobilenet_v1:alpha=0.35,input_shape=160x224,classes=7",
    "mobilenet_v1:alpha=1.4,input_shape=225,include_top=false,pooling=avg",
    "mobilenet_v1:depth_multiplier=2,input_shape=65x130",
    "mobilenet_v2:alpha=0.35,input_shape=225",
    "mobilenet_v2:alpha=1.4,input_shape=160x224,classes=7,classifier_activation=none",
    "mobilenet_v2:include_top=false,pooling=avg,input_shape=97x128",
    "mobilenet_v3_small:alpha=0.35,minimalistic=true,input_shape=160x224",
    "mobilenet_v3_small:alpha=1.4,input_shape=225,include_top=false,pooling=avg",
    "mobilenet_v3_large:alpha=0.35,include_preprocessing=false,classes=7,input_shape=97",
    "mobilenet_v3_large:alpha=1.4,minimalistic=true,input_shape=128",
    "efficientnet_b0:input_shape=96x130,classes=7",
    "efficientnet_b0:input_shape=97,include_top=false,pooling=avg",
    "efficientnet:width=0.5,depth=0.6,input_shape=99x64,include_top=false,pooling=max",
]


def pictures_for(model: Model) -> Any:
    """Four random pictures in the range of values that the network rescales from, or from 0 to 1."""
    rescaled = any(node.type == "Rescaling" for node in model.graph().nodes)
    shape = (4, *model.options["input_shape"])
    return np.random.default_rng(7).uniform(0, 255 if rescaled else 1, shape).astype("float32")


def outputs(model: Any, pictures: Any) -> Any:
    return np.asarray(model(pictures, training=False))


@pytest.mark.parametrize("ways", WAYS)
@pytest.mark.parametrize("reference", OUTPUTS)
def test_the_outputs_are_those_of_keras_applications(reference: str, ways: int) -> None:
    model = parse(reference)
    pictures = pictures_for(model)
    with quiet(), undrawn():
        ours, theirs = lower(model.graph(), drawn=False), of_keras(model)
        for seed, (source, target) in enumerate(((theirs, ours), (ours, theirs))[:ways]):
            randomize(source, np.random.default_rng(seed))
            calibrate(source, pictures)
            transfer(source, target)
            expected = outputs(source, pictures)
            assert distance(outputs(source, pictures[:, ::-1]), expected) > 0.01, "the comparison is blind"
            assert distance(outputs(target, pictures), expected) < 1e-5


# What the article's own code computed (TensorFlow 2.21.0, Keras 3.15.1, CPU) with weights and pictures made as here:
# input 64x64x3, the MobileNets with 10 classes, EfficientNet with 1000.
ARTICLE = Path(__file__).parent / "data" / "article_outputs.npz"


LARGEST = "efficientnet_b7"
SAMPLED = [
    *(name for name in CLASSES if name not in SLOW),
    pytest.param(LARGEST, marks=pytest.mark.slow),
    *(pytest.param(name, marks=pytest.mark.exhaustive) for name in sorted(SLOW - {LARGEST})),
]


@pytest.mark.parametrize("name", SAMPLED)
def test_the_outputs_are_those_of_the_articles_code(name: str) -> None:
    classes = 10 if name.startswith("mobilenet") else 1000
    pictures = np.random.default_rng(7).uniform(0, 1, (8, 64, 64, 3)).astype("float32")
    with quiet():
        ours = lower(graph_of(name, flavor="article", input_shape="64", classes=classes))
        randomize(ours, np.random.default_rng(2017))
        calibrate(ours, pictures)
        found, flipped = outputs(ours, pictures), outputs(ours, pictures[:, ::-1])
    with np.load(ARTICLE) as measured:
        expected = measured[name]
    assert distance(flipped, expected) > 0.01, "the comparison is blind"
    assert distance(found, expected) < 1e-3


def test_each_network_of_keras_is_compared() -> None:
    """Here or in test_zoo_keras.py; EfficientNet with free coefficients has no function of its own there."""
    of_keras = {spec.name for spec in models() if "keras" in spec.flavor_names}
    assert {*CLASSES, *ZOO} == of_keras - {"efficientnet"}
