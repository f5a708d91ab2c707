"""The field's networks with options of their own against keras.applications, built here."""

from __future__ import annotations

import inspect
import json
import random
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structure import differences, misnamed, of_graph, of_keras
from tensorflow_truth import WAYS, calibrate, distance, randomize, transfer, undrawn

from cnncli.graph import Graph
from cnncli.keras_model import differences as disagreements
from cnncli.keras_model import import_keras, lower, quiet
from cnncli.models.catalogue import find_spec
from cnncli.models.reference import Model, parse

pytestmark = pytest.mark.tf

ZOO = json.loads((Path(__file__).parent / "data" / "zoo.json").read_text(encoding="utf-8"))["networks"]
CLASSES = {record["reference"]: record["keras"] for record in ZOO}
"""keras.applications' functions by our names."""
RENAMED: dict[str, str] = {}
"""Our names of options that have others there."""


def original(model: Model) -> Any:
    """keras.applications' network of the same options."""
    function = getattr(import_keras().applications, CLASSES[model.spec.name])
    taken = inspect.signature(function).parameters
    options = {RENAMED.get(name, name): value for name, value in model.options.items()}
    defaults = {RENAMED.get(name, name): value for name, value in model.spec.options(model.flavor).items()}
    assert all(options[name] == defaults[name] for name in options.keys() - taken.keys()), "Keras lacks an option"
    return function(weights=None, **{name: value for name, value in options.items() if name in taken})


# A spread of options: sizes that divide evenly and such that do not, other channels, without top, pooled.
OPTIONS = [
    "vgg16:input_shape=97x130,classes=7",
    "vgg19:include_top=false,pooling=max,input_shape=64x64x1",
    "vgg16:include_top=false,input_shape=225x160",
    "resnet50:input_shape=97x130,classes=7,classifier_activation=none",
    "resnet50:include_top=false,pooling=max,input_shape=32x33x1",
    "resnet101:include_top=false,pooling=avg,input_shape=63x100",
    "resnet152:input_shape=331,classifier_activation=sigmoid",
    "resnet50_v2:input_shape=97x130,classes=7,classifier_activation=none",
    "resnet50_v2:include_top=false,pooling=max,input_shape=32x33x1",
    "resnet101_v2:include_top=false,pooling=avg,input_shape=63x100",
    "resnet152_v2:include_top=false,input_shape=225x160",
    "inception_v3:input_shape=75x75x4,classes=2,classifier_activation=sigmoid",
    "inception_v3:include_top=false,pooling=avg,input_shape=131x97",
    "inception_v3:include_top=false,pooling=max,input_shape=76x200x1",
    "inception_resnet_v2:include_top=false,pooling=max,input_shape=77x131x1",
    "inception_resnet_v2:input_shape=75x331x4,classifier_activation=none",
    "inception_resnet_v2:include_top=false,pooling=avg,input_shape=200",
    "xception:input_shape=71x130x4,classes=3,classifier_activation=none",
    "xception:include_top=false,pooling=avg,input_shape=97x128x1",
    "xception:include_top=false,pooling=max,input_shape=331",
    "densenet121:input_shape=33x47x1,classes=2,classifier_activation=sigmoid",
    "densenet121:include_top=false,pooling=max,input_shape=97x160x4",
    "densenet169:include_top=false,pooling=avg,input_shape=225",
    "densenet201:input_shape=32x101,classifier_activation=none",
    "nasnet_mobile:input_shape=97x130,classes=7",
    "nasnet_mobile:include_top=false,pooling=max,input_shape=33x64x4",
    "efficientnet_v2_b0:input_shape=65x64x1,classifier_activation=none",
    "efficientnet_v2_b3:include_top=false,pooling=avg,input_shape=97x130,include_preprocessing=false",
    "efficientnet_v2_s:include_top=false,pooling=max,input_shape=33x47x4",
    "nasnet_large:include_top=false,input_shape=97x130",
    "efficientnet_v2_m:input_shape=65,classes=7",
    "efficientnet_v2_l:input_shape=64x33,include_preprocessing=false",
    "convnext_tiny:input_shape=97x130,classes=7,classifier_activation=sigmoid",
    "convnext_tiny:include_top=false,input_shape=33x225x1",
    "convnext_tiny:include_top=false,pooling=max,input_shape=50x64x4",
    "convnext_small:include_top=false,pooling=avg,input_shape=101,include_preprocessing=false",
    "convnext_base:include_preprocessing=false,classes=2,classifier_activation=none",
]


LARGE = {
    *("densenet201", "inception_resnet_v2", "nasnet_large", "resnet152", "resnet152_v2"),
    *("convnext_base", "convnext_large", "convnext_xlarge", "efficientnet_v2_m", "efficientnet_v2_l"),
}


FEW = 4
"""Option sets drawn of the networks that take Keras long to build."""
MANY = 16


def drawn(name: str) -> Iterator[str]:
    """References of a network with options drawn at random, from the smallest size that Keras takes on."""
    generator = random.Random(name)
    spec = find_spec(name)
    least = spec.flavors[0].minimum_size
    for _ in range(FEW if name in LARGE else MANY):
        height, width = (least + generator.choice((0, 1, generator.randrange(150))) for _ in range(2))
        options = {"input_shape": f"{height}x{width}x{generator.choice((1, 3, 3, 4))}"}
        if generator.random() < 0.6:
            options["classes"] = str(generator.choice((1, 2, 7, 1000, 1001)))
            options["classifier_activation"] = generator.choice(("softmax", "none", "sigmoid", "relu", "tanh"))
        else:
            options["include_top"] = "false"
            options["pooling"] = generator.choice(("none", "avg", "max"))
        if "include_preprocessing" in spec.settable:
            options["include_preprocessing"] = generator.choice(("true", "false"))
        yield f"{name}:{','.join(map('='.join, options.items()))}"


def assert_same(reference: str) -> tuple[Graph, Any]:
    """The layers are those of keras.applications, and are called as there."""
    model = parse(reference)
    graph = model.graph()
    import_keras().backend.clear_session()  # which counts the layers that have no names of their own
    with quiet(), undrawn():
        network = original(model)
        theirs = of_keras(network)
    ours = of_graph(graph, model.layer_names(graph) or [])
    assert differences(ours, theirs) == []
    assert misnamed(ours, theirs) == []
    return graph, network


UNUSUAL = "ignore:This model usually expects 1 or 3 input channels:UserWarning"


def in_all_runs() -> Iterator[str]:
    """Of each network one option set, but for those that differ from others of their family in size alone."""
    for name, sets in groupby(OPTIONS, lambda reference: reference.partition(":")[0]):
        if name not in LARGE - {"inception_resnet_v2"}:
            yield next(sets)


SAMPLED = frozenset(in_all_runs())


@pytest.mark.filterwarnings(UNUSUAL)
@pytest.mark.parametrize(
    "reference", [pytest.param(each, marks=() if each in SAMPLED else pytest.mark.exhaustive) for each in OPTIONS]
)
def test_the_layers_are_those_of_keras_applications(reference: str) -> None:
    """All of them by `pytest -m exhaustive tests/test_zoo_keras.py`."""
    assert_same(reference)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings(UNUSUAL)
@pytest.mark.parametrize("reference", [reference for name in CLASSES for reference in drawn(name)], ids=str)
def test_layers_and_the_order_of_weights_are_those_of_keras_whatever_the_options(reference: str) -> None:
    graph, theirs = assert_same(reference)
    with quiet():
        ours = lower(graph)
    assert [weight.shape for weight in ours.weights] == [weight.shape for weight in theirs.weights]
    assert [weight.trainable for weight in ours.weights] == [weight.trainable for weight in theirs.weights]


SMALL = {
    "resnet50": "65",
    "resnet50_v2": "65",
    "inception_v3": "75",
    "inception_resnet_v2": "75x99",
    "xception": "71x75",
    "densenet121": "33x47",
    "convnext_tiny": "32",
}
"""Inputs of which the last maps are small, of the others 64x64."""
IN_ALL_RUNS = {
    *("vgg16", "resnet50", "resnet50_v2", "inception_v3", "xception", "densenet121", "nasnet_mobile"),
    *("efficientnet_v2_b0", "convnext_tiny"),
}
OUTPUTS = [
    pytest.param(
        f"{name}:input_shape={SMALL.get(name, '64')},classes=10,classifier_activation=none",
        id=name,
        marks=() if name in IN_ALL_RUNS else pytest.mark.exhaustive,
    )
    for name in CLASSES
]
"""One network a family; the others are marked as exhaustive."""


def pictures_for(model: Model) -> Any:
    """Four random pictures in the network's range of values."""
    low, high = model.input_range
    shape = (4, *model.options["input_shape"])
    return np.random.default_rng(7).uniform(low, high, shape).astype("float32")


@pytest.mark.parametrize("ways", WAYS)
@pytest.mark.parametrize("reference", OUTPUTS)
def test_the_outputs_are_those_of_keras_applications(reference: str, ways: int) -> None:
    model = parse(reference)
    pictures = pictures_for(model)
    import_keras().backend.clear_session()
    with quiet(), undrawn():
        graph = model.graph()
        ours, theirs = lower(graph, drawn=False), original(model)
        assert disagreements(graph, ours) == ()
        for seed, (source, target) in enumerate(((theirs, ours), (ours, theirs))[:ways]):
            randomize(source, np.random.default_rng(seed))
            calibrate(source, pictures)
            transfer(source, target)
            expected = np.asarray(source(pictures, training=False))
            flipped = np.asarray(source(pictures[:, ::-1], training=False))
            assert distance(flipped, expected) > 0.01, "the comparison is blind"
            assert distance(np.asarray(target(pictures, training=False)), expected) < 1e-5
