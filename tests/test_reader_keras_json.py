"""Keras's configurations without weights: every layer's shape and weights follow from them, as Keras has them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnncli.analysis.metrics import Totals
from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.keras_model import quiet
from cnncli.readers.opening import read_file


def read(path: Path) -> Graph:
    return read_file(path)[1].graph


def volumes(keras: Any) -> Any:
    layers = keras.layers
    scan = keras.Input((10, 9, 8, 2), name="scan")
    x = layers.Conv3D(6, (3, 2, 1), strides=(2, 1, 1), padding="same", activation="relu", name="conv")(scan)
    x = layers.MaxPooling3D((1, 2, 2), name="pool")(x)
    x = layers.ZeroPadding3D(1, name="pad")(x)
    x = layers.Conv3DTranspose(3, 3, strides=2, name="larger")(x)
    x = layers.Cropping3D(((1, 2), (0, 1), (3, 0)), name="crop")(x)
    x = layers.UpSampling3D((1, 2, 1), name="twice")(x)
    x = layers.SpatialDropout3D(0.5, name="drop")(x)
    x = layers.AveragePooling3D(2, padding="same", name="mean")(x)
    x = layers.Conv3D(4, 2, dilation_rate=2, use_bias=False, name="wide")(x)
    return keras.Model(scan, layers.GlobalAveragePooling3D(name="all")(x))


def recurrent(keras: Any) -> Any:
    layers = keras.layers
    steps = keras.Input((7, 5), name="steps")
    x = layers.Masking(name="mask")(steps)
    x = layers.Bidirectional(layers.LSTM(4, return_sequences=True), name="both")(x)
    x = layers.Bidirectional(layers.GRU(3, return_sequences=True), merge_mode="sum", name="summed")(x)
    x = layers.RNN(layers.LSTMCell(6), return_sequences=True, name="cell")(x)
    y = layers.MultiHeadAttention(2, 3, value_dim=5, name="heads")(x, x)
    y = layers.Attention(use_scale=True, name="attention")([y, x])
    y = layers.AdditiveAttention(name="additive")([y, x])
    return keras.Model(steps, layers.Bidirectional(layers.SimpleRNN(2), name="last")(y))


def films(keras: Any) -> Any:
    layers = keras.layers
    film = keras.Input((5, 16, 12, 3), name="film")
    frame = keras.Sequential(
        [
            keras.Input((16, 12, 3)),
            layers.Conv2D(4, 3, name="conv"),
            layers.MaxPooling2D(),
            layers.Flatten(name="flat"),
        ],
        name="frame",
    )
    x = layers.TimeDistributed(frame, name="each")(film)
    y = layers.ConvLSTM2D(4, 3, padding="same", return_sequences=True, name="moving")(film)
    y = layers.ConvLSTM2D(2, (3, 1), strides=2, name="still")(y)
    return keras.Model(film, [layers.LSTM(8, name="sum")(x), y])


def layouts(keras: Any) -> Any:
    layers = keras.layers
    image = keras.Input((16, 12, 3), name="image")
    x = layers.Conv2D(8, 3, name="conv")(image)
    x = layers.MaxPooling2D(2, data_format="channels_first", name="turned")(x)
    x = layers.Conv2D(6, 3, data_format="channels_first", padding="same", name="also")(x)
    x = layers.Cropping2D(((0, 0), (1, 2)), data_format="channels_first", name="cut")(x)
    return keras.Model(image, layers.GlobalAveragePooling2D(data_format="channels_first", name="all")(x))


BUILDERS = (volumes, recurrent, films, layouts)


def last_channels_apart(shape: tuple[Any, ...]) -> set[tuple[Any, ...]]:
    """A shape, and as it is where the first axis has become the last one."""
    return {shape, (*shape[1:], *shape[:1])}


@pytest.mark.tf
@pytest.mark.parametrize("module", ["keras", "tf_keras"])
@pytest.mark.parametrize("build", BUILDERS)
def test_shapes_and_weights_follow_from_the_configuration(tmp_path: Path, build: Any, module: str) -> None:
    import importlib

    with quiet():
        model = build(importlib.import_module(module))
    path = tmp_path / "model.json"
    path.write_text(model.to_json())
    graph = read(path)
    assert Totals(graph).params == model.count_params()
    nodes = {node.name: node for node in graph.nodes}
    for layer in model.layers:
        if layer.name in nodes:
            own = layer.output.shape[1:]
            assert nodes[layer.name].shape in last_channels_apart(tuple(own)), layer.name
            assert nodes[layer.name].params == layer.count_params(), layer.name
    assert {layer.name for layer in model.layers} - set(nodes) <= {"each"}


def works(path: Path) -> dict[str, Any]:
    return {node.name: node.macs for node in read(path).nodes}


@pytest.mark.tf
def test_the_work_of_kernels_along_other_axes(tmp_path: Path) -> None:
    import keras

    path = tmp_path / "model.json"
    path.write_text(volumes(keras).to_json())
    found = works(path)
    assert found["conv"] == (5 * 9 * 8) * (3 * 2 * 1) * 2 * 6
    pooled = (5 + 2) * (4 + 2) * (4 + 2)
    assert found["larger"] == pooled * 27 * 6 * 3
    assert found["pool"] == found["pad"] == found["crop"] == 0
    path.write_text(films(keras).to_json())
    assert works(path)["each.conv"] == 5 * (14 * 10) * 9 * 3 * 4  # of each of five pictures
    path.write_text(layouts(keras).to_json())
    found = works(path)
    assert found["conv"] == 14 * 10 * 9 * 3 * 8
    assert found["also"] == 5 * 4 * 9 * 14 * 6  # the rows are the channels there


def plain(tmp_path: Path, written: Any) -> Graph:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(written))
    return read(path)


DENSE = {"class_name": "Dense", "config": {"name": "dense", "units": 3, "batch_input_shape": [None, 4]}}


@pytest.mark.parametrize("layers", [[DENSE], {"name": "mine", "layers": [DENSE]}])
def test_configurations_as_people_store_them(tmp_path: Path, layers: Any) -> None:
    whole = {"class_name": "Sequential", "config": layers, "keras_version": "2.1.4"}
    for written in (whole, json.dumps(whole), *([layers] if isinstance(layers, dict) else [])):
        assert Totals(plain(tmp_path, written)).params == 4 * 3 + 3


def test_a_configuration_without_layers_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="JSON of a layer or of a subclassed model"):
        plain(tmp_path, DENSE)


def test_the_format_is_told(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"class_name": "Sequential", "config": [DENSE]}))
    assert read_file(path)[0].title == "Keras JSON"
