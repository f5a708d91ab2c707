"""Files of Keras 1: its names of classes and arguments, its weights' names, and its merging of several models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnncli.analysis.metrics import Totals
from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.readers.opening import read_file


def layer(kind: str, name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": name, "trainable": True, **config}}


def read(tmp_path: Path, *layers: dict[str, Any]) -> Graph:
    path = tmp_path / "model.json"
    path.write_text(json.dumps({"class_name": "Sequential", "config": layers, "keras_version": "1.2.2"}))
    return read_file(path)[1].graph


PICTURES: dict[str, Any] = {"batch_input_shape": [None, 12, 12, 3], "dim_ordering": "tf"}
WINDOW: dict[str, Any] = {"nb_row": 3, "nb_col": 2, "border_mode": "same", "subsample": [2, 1], "bias": False}


def test_pictures(tmp_path: Path) -> None:
    graph = read(
        tmp_path,
        layer("Convolution2D", "conv", nb_filter=4, activation="relu", **WINDOW, **PICTURES),
        layer("ZeroPadding2D", "pad", padding=[1, 2, 0, 3], dim_ordering="tf"),
        layer("AtrousConvolution2D", "wide", nb_filter=5, nb_row=3, nb_col=3, atrous_rate=[2, 2], border_mode="same"),
        layer("MaxPooling2D", "pool", pool_size=[2, 2], strides=[2, 2], border_mode="valid", dim_ordering="tf"),
        layer("BatchNormalization", "norm", mode=0, axis=-1, epsilon=1e-3),
        layer("Dropout", "drop", p=0.5),
        layer("Flatten", "flat"),
        layer("Dense", "classes", output_dim=7, activation="softmax", bias=True),
    )
    shapes = {node.name: node.shape for node in graph.nodes}
    assert shapes["conv"] == (6, 12, 4)
    assert shapes["pad"] == (6 + 3, 12 + 3, 4)
    assert shapes["wide"] == (9, 15, 5)
    assert shapes["pool"] == (4, 7, 5)
    assert shapes["classes"] == (7,)
    totals = Totals(graph)
    assert totals.params == 6 * 3 * 4 + (9 * 4 * 5 + 5) + 4 * 5 + (140 * 7 + 7)
    assert totals.macs == 72 * 6 * 3 * 4 + 9 * 15 * 180 + 140 * 7


def test_theano_has_the_channels_first(tmp_path: Path) -> None:
    first = {"batch_input_shape": [None, 3, 12, 10], "dim_ordering": "th"}
    graph = read(tmp_path, layer("Convolution2D", "conv", nb_filter=4, **WINDOW, **first))
    assert graph.nodes[-1].shape == (6, 10, 4)
    assert graph.nodes[-1].macs == 60 * 6 * 3 * 4


def test_steps(tmp_path: Path) -> None:
    graph = read(
        tmp_path,
        layer("Embedding", "words", input_dim=50, output_dim=6, batch_input_shape=[None, 9]),
        layer("Convolution1D", "conv", nb_filter=8, filter_length=3, subsample_length=2, border_mode="valid"),
        layer("MaxPooling1D", "pool", pool_length=2, stride=2, border_mode="valid"),
        layer("GRU", "gates", output_dim=5, return_sequences=True),
        layer("TimeDistributedDense", "each", output_dim=3),
    )
    assert [node.shape for node in graph.nodes[1:]] == [(9, 6), (4, 8), (2, 8), (2, 5), (2, 3)]
    assert Totals(graph).params == 300 + (3 * 6 * 8 + 8) + 3 * (8 * 5 + 5 * 5 + 5) + (5 * 3 + 3)


def test_weights_of_keras_1(tmp_path: Path) -> None:
    """Gates have an array each, and the statistics of a batch normalization are told by their names."""
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "model.h5"
    written = {
        "class_name": "Sequential",
        "config": [
            layer("LSTM", "gates", output_dim=4, batch_input_shape=[None, 6, 3]),
            layer("BatchNormalization", "norm", mode=0, axis=-1),
        ],
    }
    gates = [
        (f"gates_{part}_{gate}", shape)
        for gate in "icfo"
        for part, shape in (("W", (3, 4)), ("U", (4, 4)), ("b", (4,)))
    ]
    norm = [(f"norm_{name}", (4,)) for name in ("gamma", "beta", "running_mean", "running_std")]
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(written).encode()
        for whole in (file.create_group("model_weights"),):
            whole.attrs["layer_names"] = [b"gates", b"norm"]
            for name, arrays in (("gates", gates), ("norm", norm)):
                group = whole.create_group(name)
                group.attrs["weight_names"] = [each.encode() for each, _ in arrays]
                for each, shape in arrays:
                    group.create_dataset(each, shape, "float32")
    graph = read_file(path)[1].graph
    assert [node.shape for node in graph.nodes] == [(6, 3), (4,), (4,)]
    totals = Totals(graph)
    assert (totals.params, totals.trainable_params) == (4 * (12 + 16 + 4) + 16, 4 * (12 + 16 + 4) + 8)
    with h5py.File(path, "a") as file:
        del file.attrs["model_config"]
    totals = Totals(read_file(path)[1].graph)
    assert (totals.params, totals.trainable_params) == (4 * (12 + 16 + 4) + 16, 4 * (12 + 16 + 4) + 8)


def test_merging(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    image = [["image", 0, 0]]
    layers = [
        {**layer("InputLayer", "image", batch_input_shape=[None, 5]), "name": "image", "inbound_nodes": []},
        {**layer("Dense", "one", output_dim=4), "name": "one", "inbound_nodes": [image]},
        {**layer("Dense", "two", output_dim=4), "name": "two", "inbound_nodes": [image]},
        {
            **layer("Merge", "both", mode="concat", concat_axis=-1),
            "name": "both",
            "inbound_nodes": [[["one", 0, 0], ["two", 0, 0]]],
        },
    ]
    config = {"name": "m", "layers": layers, "input_layers": [["image", 0, 0]], "output_layers": [["both", 0, 0]]}
    path.write_text(json.dumps({"class_name": "Model", "config": config}))
    last = read_file(path)[1].graph.nodes[-1]
    assert (last.type, last.shape) == ("Concatenate", (8,))


def test_models_merged_in_front_of_a_chain_are_refused(tmp_path: Path) -> None:
    branch = {"class_name": "Sequential", "config": [layer("Dense", "one", output_dim=4, batch_input_shape=[None, 5])]}
    with pytest.raises(UsageError, match="both merges other models"):
        read(
            tmp_path,
            layer("Merge", "both", mode="concat", layers=[branch, branch]),
            layer("Dense", "end", output_dim=2),
        )
