"""Every network as an ONNX file: onnxruntime's outputs are Keras's, and the file is read as what it was made of.

In every run are a few small networks, between which all kinds of layers are. All networks in each flavor, and a spread
of options, take 12 minutes of two cores:

    pytest -n 2 -m exhaustive tests/test_onnx_parity.py
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import at_small_size
from tensorflow_truth import distance

from cnncli.analysis.compare.comparison import entry
from cnncli.analysis.identify.identity import Kinship, identified
from cnncli.export.calibration import calibrate, tell_apart
from cnncli.export.format import CHANNELS_FIRST, CHANNELS_LAST, Source
from cnncli.export.formats.onnx import ONNX
from cnncli.export.messages import metadata
from cnncli.export.pictures import random_pictures, scaled
from cnncli.export.representative import representative
from cnncli.graph import Graph, Node, Role, fold
from cnncli.graph.fold import BLOCK
from cnncli.keras_model import build, import_keras, quiet
from cnncli.models.catalogue import models
from cnncli.network import Network, network, of_graph

LIMIT = 1e-4
"""Of the largest output: what float32 may be off by. MobileOne S4 is the farthest, at 7.1e-5."""
ALL = [at_small_size(spec.name, flavor) for spec in models() for flavor in spec.flavor_names]
"""Every network in each of its flavors."""
SPREAD = [
    "lenet5@textbook:classes=7,classifier_activation=none",
    "alexnet_owt@paper:input_shape=131x97,classes=7",
    "googlenet@paper:input_shape=97x130,classes=7",
    "vgg16:include_top=false,pooling=max,input_shape=64x64x1",
    "vgg11:input_shape=65x97,classes=7,classifier_activation=sigmoid",
    "resnet50:input_shape=97x130,classes=7,classifier_activation=none",
    "resnet50@torchvision:input_shape=33x47x1,classes=2",
    "resnet50_v2:include_top=false,pooling=max,input_shape=32x33x1",
    "inception_v3:input_shape=75x99x4,classes=2,classifier_activation=sigmoid",
    "inception_v3:include_top=false,input_shape=131x97",
    "inception_resnet_v2:include_top=false,pooling=max,input_shape=77x131x1",
    "xception:input_shape=71x130x4,classes=3,classifier_activation=none",
    "densenet121:include_top=false,pooling=avg,input_shape=97x65x4",
    "nasnet_mobile:include_top=false,pooling=max,input_shape=33x64x4",
    "shufflenet_v2@torchvision:input_shape=65x97,classes=7",
    "squeezenet_1_0@torchvision:input_shape=97x131,classes=7",
    "convnext_tiny:include_top=false,pooling=max,input_shape=50x64x4",
    "convnext_tiny:include_preprocessing=false,classes=2,classifier_activation=none,input_shape=64",
    "efficientnet_v2_b0:input_shape=65x64x1,classifier_activation=none",
    "efficientnet_v2_b3:include_top=false,pooling=avg,input_shape=97x130,include_preprocessing=false",
    "mobilenet_v1:alpha=0.75,depth_multiplier=2,input_shape=65x130",
    "mobilenet_v1:alpha=1.4,include_top=false,pooling=max,input_shape=97",
    "mobilenet_v2:alpha=0.35,input_shape=96x96x1,classes=2",
    "mobilenet_v2:alpha=1.4,include_top=false,input_shape=65x130",
    "mobilenet_v3_small:alpha=0.75,minimalistic=true,input_shape=97",
    "mobilenet_v3_small:include_top=false,pooling=max,input_shape=64x97",
    "mobilenet_v3_large:alpha=1.25,include_preprocessing=false,classes=5,input_shape=97x111",
    "mobilenet_v3_large@article:alpha=0.5,input_shape=64,classes=7",
    "efficientnet:width=0.5,depth=0.6,input_shape=99x64,include_top=false,pooling=max",
    "efficientnet:width=1.4,depth=0.5,input_shape=65x97,dropout=0",
    "efficientnet_b0:include_top=false,pooling=avg,input_shape=97",
    "efficientnet_b0@article:input_shape=96x130,classes=7",
]
"""Sizes that divide evenly and such that do not, other channels and classes, without top, pooled, scaled."""
SAMPLE = [
    "lenet5@paper",  # subsampling, distances to codes
    "googlenet@paper:input_shape=64,classes=5",  # local response normalization, concatenations
    "mobilenet_v3_small:alpha=0.5,input_shape=64x33,classes=5",  # hard gates, a rescaled input
    "efficientnet:width=0.35,depth=0.4,input_shape=64,classes=5",  # silu, a normalized input
    "shufflenet_v1:input_shape=64,classes=5",  # groups of channels that are mixed
    "convnext_v2_atto:input_shape=32,classes=5",  # layer and global response normalization, gelu
]
UNTOLD = "nin_imagenet:input_shape=64"
"""Which is not told from the graph itself either: at this size its last maps have a single cell."""


def calibrated(found: Network) -> Any:
    """The Keras model with weights of which no two are alike, so that nothing that is left out goes unseen."""
    import numpy

    graph, generator = found.graph, numpy.random.default_rng(3)
    built = build(graph, seed=1)
    assert not built.differences
    for layer in built.model.layers:
        if hasattr(layer, "finalize_state"):
            for weight in layer.weights[:2]:
                weight.assign(generator.uniform(0.2, 0.5, weight.shape))
            layer.finalize_state()
    calibrate(built.model, graph, representative(None, graph.inputs[0].shape, found.input_range))
    tell_apart(built.model)
    return built.model


def written(found: Network, model: Any, path: Path, *, first: bool) -> None:
    """The network as a file, as `export` writes it.

    ONNX's own checker finds it right, which infers all shapes and holds them against those of the graph's layers.
    """
    import onnx

    job: Any = SimpleNamespace(
        reference=found.reference, graph=found.graph, input_range=found.input_range,
        output_name=found.output_name, layout=CHANNELS_FIRST if first else CHANNELS_LAST,
    )  # fmt: skip
    pictures: Any = None
    source = Source(found.graph, model, None, found.output_name, pictures, metadata(job), job.layout)
    ONNX().write(source, ONNX.kinds[0], path)
    onnx.checker.check_model(str(path), full_check=True)


def outputs(path: Path, pictures: Any, batch: int, *, first: bool) -> Any:
    import numpy
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = []
    for start in range(0, len(pictures), batch):
        given = pictures[start : start + batch]
        if first and given.ndim > 2:
            given = numpy.ascontiguousarray(numpy.moveaxis(given, -1, 1))
        (output,) = session.run(None, {"image": given})
        found.append(numpy.moveaxis(output, 1, -1) if first and output.ndim > 2 else output)
    return numpy.concatenate(found)


def totals(graph: Graph) -> dict[str, Any]:
    names = ("params", "trainable_params", "macs")
    return {name: sum(getattr(node, name) for node in graph.nodes) for name in names}


def kept(graph: Graph) -> list[Node]:
    """The layers that a file for inference has: not dropout, and no activation that is none."""
    return [node for node in graph.nodes if not node.layer.idle and not _is_linear(node)]


def _is_linear(node: Node) -> bool:
    return node.role is Role.ACTIVATION and node.layer.function == "linear"


def blocks(graph: Graph) -> list[tuple[str, Any]]:
    """What `--by block` shows."""
    return [(group.name, group.kinds, group.number, group.shape) for group in fold(graph, BLOCK)]  # type: ignore[misc]


def assert_read_back(found: Network, path: Path) -> None:
    back = network(str(path))
    assert totals(back.graph) == totals(found.graph)
    assert [node.name for node in back.graph.nodes] == [node.name for node in kept(found.graph)]
    assert [node.shape for node in back.graph.nodes] == [node.shape for node in kept(found.graph)]
    assert sum(node.flops for node in back.graph.nodes) == sum(node.flops for node in found.graph.nodes)
    assert blocks(back.graph) == blocks(found.graph)
    assert (back.known_range, back.output_name) == (found.input_range, found.output_name)
    told = identified(back)
    assert told.network is not None
    if found.reference.startswith(UNTOLD):
        assert identified(of_graph(found.graph)).kinship is told.kinship
        return
    assert told.kinship is Kinship.IDENTICAL
    assert entry(told.network).normal_structure == entry(found).normal_structure


def check(reference: str, tmp_path: Path, *, first: bool) -> float:
    """How far the outputs are apart."""
    import numpy

    import_keras().backend.clear_session()
    found, path = network(reference), tmp_path / "network.onnx"
    with quiet():
        model = calibrated(found)
        written(found, model, path, first=first)
        pictures = scaled(random_pictures(4, found.graph.inputs[0].shape), found.input_range).astype("float32")
        expected, flipped = (numpy.asarray(model(each, training=False)) for each in (pictures, pictures[:, ::-1]))
    assert distance(flipped, expected) > 0.01, "the comparison is blind"
    apart = max(distance(outputs(path, pictures, batch, first=first), expected) for batch in (1, 4))
    assert apart < LIMIT
    assert_read_back(found, path)
    return apart


@pytest.mark.tf
@pytest.mark.parametrize(
    "reference",
    [*SAMPLE, *(pytest.param(each, marks=pytest.mark.exhaustive) for each in (*ALL, *SPREAD))],
)
def test_a_network_as_an_onnx_file(reference: str, tmp_path: Path, record_property: Any) -> None:
    """Every other one with the channels first at its ends."""
    apart = check(reference, tmp_path, first=len(reference) % 2 == 1)
    record_property("apart", apart)
