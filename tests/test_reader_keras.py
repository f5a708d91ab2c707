"""A keras.Model in memory is the graph that Keras says it is."""

from __future__ import annotations

from typing import Any

import pytest

from cnncli import from_keras, load, to_keras
from cnncli.analysis.structure import structural_hash
from cnncli.errors import UsageError
from cnncli.graph import UNKNOWN
from cnncli.keras_model import differences, quiet

pytestmark = pytest.mark.tf


@pytest.fixture(scope="module")
def keras() -> Any:
    import keras

    return keras


@pytest.mark.parametrize("reference", ["v1:alpha=0.25", "v2:alpha=0.35", "v3_small@article", "b0:include_top=false"])
def test_there_and_back(reference: str) -> None:
    graph = load(reference).graph
    with quiet():
        back = from_keras(to_keras(graph)).graph
    assert structural_hash(back) == structural_hash(graph)
    assert [node.name for node in back.nodes] == [node.name for node in graph.nodes]


FURTHER = ("DenseNet121", "NASNetMobile")
"""As the others of their kind: branches that are joined."""


@pytest.mark.parametrize(
    "name",
    [
        "ResNet50",
        "EfficientNetV2B0",
        "ConvNeXtTiny",
        *(pytest.param(each, marks=pytest.mark.exhaustive) for each in FURTHER),
    ],
)
def test_networks_that_the_registry_lacks(keras: Any, name: str) -> None:
    with quiet():
        model = getattr(keras.applications, name)(weights=None)
        found = from_keras(model)
    assert found.totals.params == model.count_params()
    assert found.graph.outputs[0].shape == (1000,)
    if name != "ConvNeXtTiny":  # of nested models and functions of Keras's, which have other names here
        assert not differences(found.graph, model)


def test_a_scaled_sum_of_keras_applications(keras: Any) -> None:
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    image = keras.Input((8, 8, 4), name="image")
    branch = keras.layers.Conv2D(4, 1, name="conv")(image)
    found = from_keras(keras.Model(image, CustomScaleLayer(0.17, name="sum")([image, branch])))
    total = found.graph.outputs[0]
    assert (total.type, total.layer.config(), total.flops) == ("CustomScaleLayer", {"scale": 0.17}, 2 * 8 * 8 * 4)
    assert not list(found.totals.uncounted())


def test_shared_layers_nested_models_several_ends(keras: Any) -> None:
    layers = keras.layers
    image, meta = keras.Input((32, 32, 3), name="image"), keras.Input((8,), name="meta")
    conv = layers.Conv2D(3, 3, padding="same", name="conv")
    x = conv(conv(image))
    inner_input = keras.Input((32, 32, 3))
    inner = keras.Model(inner_input, layers.GlobalAveragePooling2D(name="pool")(inner_input), name="inner")
    x = layers.Concatenate(name="join")([inner(x), inner(image), layers.Dense(4, name="dense")(meta)])
    model = keras.Model([image, meta], [layers.Dense(2, name="one")(x), layers.Dense(1, name="two")(x)], name="both")
    found = from_keras(model)
    names = [node.name for node in found.graph.nodes]
    assert found.totals.params == model.count_params()
    assert {"conv", "conv:2", "inner.pool", "inner:2.pool"} <= set(names)
    assert [node.name for node in found.graph.outputs] == ["one", "two"]
    assert [node.name for node in found.graph.inputs] == ["image", "meta"]
    with quiet():
        again = to_keras(found)
    assert again.count_params() == model.count_params()


def test_what_is_not_ours_is_opaque_with_its_weights(keras: Any) -> None:
    class Mystery(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.table = self.add_weight(shape=(shape[-1], 7), name="table")

        def call(self, x: Any) -> Any:
            return keras.ops.matmul(x, self.table)

    image = keras.Input((None, None, 3), name="image")
    x = Mystery(name="mystery")(keras.layers.Conv2D(4, 3, name="conv")(image))
    model = keras.Model(image, keras.layers.GlobalMaxPooling2D(name="pool")(x))
    found = from_keras(model)
    mystery = found.graph.nodes[2]
    assert (mystery.type, mystery.shape, mystery.params) == ("Mystery", (UNKNOWN, UNKNOWN, 7), 28)
    assert found.totals.params == model.count_params()
    assert [node.name for node in found.totals.uncounted()] == ["conv", "mystery"]
    with pytest.raises(UsageError, match="mystery: there is no Keras layer Mystery"):
        to_keras(found)


def test_frozen_layers_are_not_trained(keras: Any) -> None:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(2)])
    model.layers[0].trainable = False
    totals = from_keras(model).totals
    assert (totals.params, totals.trainable_params) == (23, 8)


def test_what_is_no_model_is_told(keras: Any) -> None:
    with pytest.raises(UsageError, match="is no functional or Sequential model"):
        from_keras(42)
    with pytest.raises(UsageError, match="is not built yet.*begin it with keras.Input"):
        from_keras(keras.Sequential([keras.layers.Dense(3)]))
