"""Networks of the registry in every format that is written here, read again: the same work, layers and blocks."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import at_small_size, first_of_families
from onnx_files import write_onnx, writes
from tensorflow_truth import randomize

from cnncli import load, to_keras
from cnncli.analysis.compare.across import Left, across, folded_params
from cnncli.analysis.compare.comparison import Entry, entry
from cnncli.analysis.metrics import Totals
from cnncli.export.format import Source
from cnncli.export.formats import BY_KIND
from cnncli.graph import Graph, fold
from cnncli.graph.fold import BLOCK
from cnncli.graph.roles import KERNELS
from cnncli.keras_model import quiet
from cnncli.models.reference import parse

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]  # what Keras and the converter say of themselves

EXHAUSTIVE = (
    *map(at_small_size, (*first_of_families(), "mobilenet_v3_large", "efficientnet_b7", "inception_resnet_v2")),
    "mobilenet_v3_large@article:input_shape=64",
    "efficientnet_b0@article:input_shape=64",
    "mobilenet_v1:alpha=0.5,depth_multiplier=2,input_shape=97x128,include_top=false,pooling=max",
    "mobilenet_v1:alpha=1.4,input_shape=96x96x1,classes=2",
    "mobilenet_v2:alpha=1.4,input_shape=225x160,include_top=false,pooling=avg",
    "mobilenet_v2:classes=7,classifier_activation=none,input_shape=99x64",
    "mobilenet_v3_small:minimalistic=true,input_shape=64",
    "mobilenet_v3_large:alpha=1.25,include_preprocessing=false,classes=5,input_shape=97x111",
    "mobilenet_v3_large:minimalistic=true,include_top=false,pooling=avg,input_shape=64",
    "efficientnet:width=0.5,depth=0.6,input_shape=99x64,include_top=false,pooling=max",
    "efficientnet_b0:include_top=false,pooling=avg,input_shape=97",
)
"""One network a family, and some with options of their own."""
QUANTIZATION = {
    "float16": "float16", "dynamic": "int8 weights", "int8": "int8", "int8-io": "int8", "uint8-io": "int8",
}  # fmt: skip
"""What the reader calls the kinds of --quantize; all others are of float32."""
FILES = {name: found for (format, name), found in BY_KIND.items() if format != "onnx"}
"""What Keras and TensorFlow write, by kind; ONNX files are written here as another program would."""
KINDS = (*(kind for kind in FILES if kind != "int16x8"), "h5", "onnx")  # which the converter makes of few networks
NETWORKS = {
    "mobilenet_v1:alpha=0.25,input_shape=64,classes=7": KINDS,
    "mobilenet_v2:alpha=0.35,input_shape=64": ("none", "int8", "saved_model", "keras", "h5", "onnx"),
    "mobilenet_v3_small:alpha=0.75,input_shape=64": ("none", "int8", "keras", "h5", "onnx"),
    "efficientnet_b0:input_shape=64": ("none", "int8", "keras", "h5", "onnx"),
}
"""And the kinds that are sampled of each: TensorFlow takes 13 s for a SavedModel of EfficientNet-B0."""
FOLDED = ("none", *QUANTIZATION)
"""Kinds in which batch normalization is a part of the kernels."""


def written(model: Any, kinds: Iterable[str], folder: Path, graph: Graph | None = None) -> dict[str, Path]:
    """A Keras model with random weights, no two of them equal, so that the converter merges none.

    `graph` is what ONNX is written of, without weights.
    """
    randomize(model, np.random.default_rng(0))
    examples = np.random.default_rng(1).uniform(0, 1, (2, *model.input_shape[1:])).astype("float32")
    representative: Any = SimpleNamespace(batches=lambda size: (each[None] for each in examples))
    source = Source(graph or Graph("model"), model, None, "output", representative)
    found = {}
    for kind in kinds:
        suffix = FILES[kind][0].suffix if kind in FILES else f".{kind}"
        found[kind] = folder / f"{kind}{suffix}"
        with quiet():
            if kind in FILES:
                FILES[kind][0].write(source, FILES[kind][1], found[kind])
            elif graph and kind == "onnx":
                write_onnx(graph, found[kind])
            else:
                model.save(found[kind])
    return found


def written_of(graph: Graph, kinds: Iterable[str], folder: Path) -> dict[str, Path]:
    with quiet():
        model = to_keras(graph)
    return written(model, kinds, folder, graph)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Path]]:
    return {
        reference: written_of(load(reference).graph, kinds, tmp_path_factory.mktemp("files"))
        for reference, kinds in NETWORKS.items()
    }


def blocks(graph: Graph) -> list[tuple[Any, ...]]:
    """Names, outputs and work of all but the input, whose name is the file's."""
    return [
        (group.name, group.shape, sum(node.macs for node in group.nodes))
        for group in fold(graph, BLOCK)
        if group.nodes[0].inputs
    ]


@cache
def of_file(path: Path) -> Entry:
    return entry(load(str(path)))


def all_fold(graph: Graph) -> bool:
    """Whether there is batch normalization, and all of it behind kernels: that in front of activations stays."""
    normal = [node for node in graph.nodes if node.layer.normalizes_batches]
    return bool(normal) and all(node.inputs[0].role in KERNELS for node in normal)


def check_work(path: Path, original: Entry, kind: str) -> Entry:
    """What a file tells of the work, however its layers are spelt out."""
    found = of_file(path)
    reading = found.network.origin.reading
    assert found.totals.macs == original.totals.macs
    assert found.totals.uncounted() == []
    assert reading is not None
    assert reading.quantization == QUANTIZATION.get(kind, "")
    return found


def check(path: Path, original: Entry, kind: str) -> None:
    """All that a file tells of the network."""
    found = check_work(path, original, kind)
    assert blocks(found.graph) == blocks(original.graph)
    compared = across(found, original)
    assert compared.same, compared.differences
    done = {each.what: each.reference for each in compared.conversions}
    assert set(done.values()) <= {found.reference}, "the converter did something to the network itself"
    assert (Left.FOLDED in done) == (kind in FOLDED and all_fold(original.graph))
    assert (Left.QUANTIZED in done) == (kind in QUANTIZATION)


SAMPLES = [(reference, kind) for reference, kinds in NETWORKS.items() for kind in kinds]


@pytest.mark.parametrize(("reference", "kind"), SAMPLES)
def test_networks_in_every_format(reference: str, kind: str, files: dict[str, dict[str, Path]]) -> None:
    check(files[reference][kind], entry(load(reference)), kind)


@pytest.mark.parametrize(
    ("reference", "kind"),
    [(reference, kind) for reference, kind in SAMPLES if reference.startswith(("mobilenet_v1", "mobilenet_v2"))],
)
def test_parameters_are_those_that_folding_leaves(reference: str, kind: str, files: dict[str, dict[str, Path]]) -> None:
    """Of networks that do not scale their inputs, whose constants a converter writes as it likes."""
    graph = load(reference).graph
    folded = folded_params(graph) if kind in FOLDED else 0
    assert of_file(files[reference][kind]).totals.params == Totals(graph).params - folded


@pytest.mark.parametrize("reference", NETWORKS)
def test_files_of_one_network_are_alike(reference: str, files: dict[str, dict[str, Path]]) -> None:
    first, *others = [of_file(path) for path in files[reference].values()]
    assert [other.reference for other in others if not across(first, other).same] == []


def gated(keras: Any) -> Any:
    """A hard sigmoid, one that is none for its factor, and rectifiers, all written out."""
    image = x = keras.Input((8, 8, 3), name="image")
    for number, factor in enumerate((1 / 6, 0.5)):
        gate = keras.layers.Conv2D(3, 1, name=f"gate{number}")(x)
        x = keras.layers.Multiply()([x, keras.ops.relu6(gate + 3.0) * factor])
    x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.MaxPooling2D(2)(keras.ops.maximum(x, 0.0))
    x = keras.layers.ZeroPadding2D(1)(keras.ops.minimum(keras.ops.maximum(x, 0.0), 6.0))
    return keras.Model(image, keras.ops.maximum(x, 0.5))


GATED = ("none", "float16", "int8", "saved_model", "keras", "h5")


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    import keras

    return written(gated(keras), GATED, tmp_path_factory.mktemp("gates"))


@pytest.mark.parametrize("kind", GATED)
def test_functions_are_told_by_the_values_of_constants(kind: str, gates: dict[str, Path]) -> None:
    nodes = of_file(gates[kind]).normal.nodes
    assert [node.layer.function for node in nodes if node.type == "Conv2D"] == ["hard_sigmoid", "relu6"]
    assert [node.layer.function for node in nodes if node.type == "Activation"] == ["relu", "relu6"]
    assert [node.layer.value for node in nodes if node.type == "Maximum"] == [0.5]


SPELT_OUT = {"GlobalResponseNormalization", "LocalResponseNormalization", "RadialBasis", "Subsampling2D"}
"""Layers that Keras lacks, which files hold as several: converters move axes and factors among them."""
UNMARKED = {"cspdarknet53", "darknet53", "nin_cifar10", "repvgg_a0", "mobilenet_v4_conv_small"}
"""Of which a block, or the classifier, is convolutions like those around them: without names nothing tells them."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("reference", EXHAUSTIVE)
def test_all_networks_in_every_format(reference: str, tmp_path: Path) -> None:
    """Where files cannot tell all, they are held against the Keras file, which has the most of the network."""
    original = entry(load(reference))
    graph = original.graph
    paths = written_of(graph, [kind for kind in KINDS if kind != "onnx" or writes(graph)], tmp_path)
    of_keras = of_file(paths["keras"])
    spelt_out = SPELT_OUT & {node.type for node in graph.nodes}
    unmarked = parse(reference).spec.name in UNMARKED
    assert spelt_out or across(of_keras, original).same
    for kind, path in paths.items():
        if spelt_out:
            check_work(path, of_keras, kind)
        else:
            check(path, of_keras if unmarked else original, kind)
        path.unlink() if path.is_file() else shutil.rmtree(path)
