"""The architectures against what was measured of them, and against their papers' tables."""

from __future__ import annotations

import json
import subprocess
import sys
from math import prod
from pathlib import Path
from typing import Any, Optional

import pytest
from conftest import graph_of

from cnncli.analysis.metrics import Totals, amounts
from cnncli.document.numbers import setting
from cnncli.errors import UsageError
from cnncli.graph import fold
from cnncli.models import families
from cnncli.models.catalogue import FAMILIES, OPTIONS, models, names, option
from cnncli.models.options import Pooling, declared
from cnncli.models.reference import parse
from cnncli.models.spec import FLAVORS

MEASURED: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "measured.json").read_text())["networks"]


@pytest.mark.parametrize("record", MEASURED, ids=lambda record: record["reference"])
def test_a_network_is_the_measured_one(record: dict[str, Any]) -> None:
    graph = graph_of(record["reference"])
    found = Totals(graph)
    for figure in ("params", "trainable_params", "non_trainable_params", "macs"):
        assert getattr(found, figure) == record[figure], figure
    rows = [[node.type, list(node.shape), node.params] for node in graph.nodes if node.params]
    assert rows == record["layers_with_weights"]


@pytest.mark.parametrize("record", MEASURED, ids=lambda record: record["reference"])
def test_flops_are_the_profilers(record: dict[str, Any]) -> None:
    graph = graph_of(record["reference"])
    if record["reference"].startswith("efficientnet") and "@article" in record["reference"]:
        # The article writes swish as x * sigmoid(x), one operation a cell; Keras's silu, which the layer is here,
        # multiplies x by a beta of 1 first, which the profiler counts as another.
        extra = sum(prod(node.shape) for node in graph.nodes if getattr(node.layer, "activation", None) == "silu")
        assert Totals(graph).flops - extra == record["flops"]
    else:
        assert Totals(graph).flops == record["flops"]


@pytest.mark.parametrize("record", [r for r in MEASURED if "@" not in r["reference"]], ids=lambda r: r["reference"])
def test_keras_networks_have_keras_rows(record: dict[str, Any]) -> None:
    assert len(graph_of(record["reference"]).nodes) == record["rows"]


# The papers' own tables, in millions of multiply-adds. Of EfficientNet, whose table 2 rounds to two digits, 5% holds.
PAPER_MACS = [
    ("mobilenet_v1", 569, 0.01),  # arXiv 1704.04861, table 6
    ("mobilenet_v1:alpha=0.75", 325, 0.01),
    ("mobilenet_v1:alpha=0.5", 149, 0.01),
    ("mobilenet_v1:alpha=0.25", 41, 0.01),
    ("mobilenet_v1:input_shape=192", 418, 0.01),  # table 7
    ("mobilenet_v1:input_shape=160", 290, 0.01),
    ("mobilenet_v1:input_shape=128", 186, 0.01),
    ("mobilenet_v2", 300, 0.01),  # arXiv 1801.04381, table 4
    ("mobilenet_v2:alpha=1.4", 585, 0.01),
    ("mobilenet_v3_large", 219, 0.0125),  # arXiv 1905.02244, table 3: 219 counts what is 216.6 here
    ("mobilenet_v3_small", 56, 0.01),
    ("efficientnet_b0", 390, 0.05),  # arXiv 1905.11946, table 2
    ("efficientnet_b1", 700, 0.05),
    ("efficientnet_b2", 1000, 0.05),
    ("efficientnet_b3", 1800, 0.05),
    ("efficientnet_b4", 4200, 0.05),
    ("efficientnet_b5", 9900, 0.05),
    ("efficientnet_b6", 19000, 0.05),
    ("efficientnet_b7", 37000, 0.05),
]


@pytest.mark.parametrize(("reference", "millions", "tolerance"), PAPER_MACS)
def test_macs_are_the_papers(reference: str, millions: float, tolerance: float) -> None:
    assert Totals(graph_of(reference)).macs / 1e6 == pytest.approx(millions, rel=tolerance)


def test_the_readme_figure() -> None:
    found = Totals(graph_of("mobilenet_v3_large", alpha=0.75))
    assert (found.params, found.trainable_params, found.macs) == (4_012_616, 3_993_528, 154_560_624)


@pytest.mark.parametrize(
    ("spec", "flavor"),
    [
        pytest.param(spec, flavor, id=f"{spec.name}-{flavor}")
        for spec in models() for flavor in spec.flavor_names
    ],
)  # fmt: skip
def test_every_depth_folds_to_the_same_totals(spec: Any, flavor: str) -> None:
    graph = parse(spec.name, flavor=flavor).graph()
    whole = Totals(graph)
    for depth in (None, 1, 2, 3, 4, 9):
        groups = fold(graph, depth)
        assert [node for group in groups for node in group.nodes] == graph.nodes
        sums = [amounts(group.nodes) for group in groups]
        for cost in ("params", "trainable_params", "macs", "flops"):
            assert sum(each[cost] for each in sums) == whole[cost]


def test_families_are_looked_up_by_the_names_that_they_have() -> None:
    there = {path.stem for path in Path(families.__file__).parent.glob("[!_]*.py")}
    assert set(FAMILIES) == there
    assert names() == [name for spec in models() for name in (spec.name, *spec.aliases)]


def test_options_are_looked_up_in_a_module_that_declares_them() -> None:
    assert set(OPTIONS) == {name for spec in models() for flavor in spec.flavor_names for name in spec.options(flavor)}
    assert all(option(name).help for name in OPTIONS)


def test_every_flavor_says_whose_it_is() -> None:
    assert {(flavor.name, flavor.says) for spec in models() for flavor in spec.flavors} <= set(FLAVORS.items())


@pytest.mark.parametrize(
    ("asked", "loaded"),
    [
        ("from cnncli.network import network; network('v2:alpha=0.5')", {"mobilenet_v2"}),
        ("from cnncli.network import network; network('tf_mobilenetv3_small_minimal_100')", {"mobilenet_v3"}),
        ("from cnncli.network import source_of; source_of('models/my.tflite')", set()),
        ("from cnncli.cli.complete import reference; reference('mob')", set()),
        ("from cnncli.views.list import is_family; is_family('v2')", {"mobilenet_v2"}),
        ("from cnncli.models.catalogue import find; find('vgg16.tv_in1k')", {"vgg"}),
    ],
)
def test_only_the_family_that_is_asked_for_is_loaded(asked: str, loaded: set[str]) -> None:
    """So that no command takes longer for the number of families."""
    told = "import sys; print(*(name for name in sys.modules if name.startswith('cnncli.models.families.')))"
    done = subprocess.run([sys.executable, "-c", f"{asked}; {told}"], capture_output=True, text=True, check=True)
    assert {name.rpartition(".")[2] for name in done.stdout.split()} == loaded


@pytest.mark.parametrize("spec", models(), ids=lambda spec: spec.name)
def test_every_option_is_known_and_shown_as_it_is_read(spec: Any) -> None:
    for flavor in spec.flavors:
        for name, value in spec.options(flavor.name).items():
            assert spec.option(name).read(setting(value)) == value
        assert set(flavor.options or ()) - set(spec.fixed) <= set(spec.options(flavor.name))


@pytest.mark.parametrize(
    ("reference", "shortest"),
    [
        ("EfficientNetB4", "efficientnet_b4"),
        ("MobileNet-V3-Large", "mobilenet_v3_large"),
        ("mobilenet", "mobilenet_v1"),
        ("v2@keras:alpha=1.0", "mobilenet_v2"),
        ("B0@article:classes=10,input_shape=64", "efficientnet_b0@article:input_shape=64,classes=10"),
        ("v1:input_shape=32x32x1,include-top=no", "mobilenet_v1:input_shape=32x32x1,include_top=false"),
        ("v2:alpha=0.1", "mobilenet_v2:alpha=0.1"),
    ],
)  # fmt: skip
def test_references(reference: str, shortest: str) -> None:
    model = parse(reference)
    assert model.reference == shortest
    assert parse(shortest) == model


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("mobilenet_v7", "did you mean mobilenet_v"),
        ("", "unknown model ''"),
        ("v2:alfa=1", "no option 'alfa'; did you mean alpha?"),
        ("b0:alpha=1", "efficientnet_b0 has no option 'alpha'"),
        ("v2@article:pooling=avg", "mobilenet_v2@article has no option 'pooling'"),
        ("v2@torch", "unknown flavor 'torch'"),
        ("v2:alpha=zero", "alpha=zero: expected a number above 0"),
        ("v2:alpha=0", "alpha=0: expected a number above 0"),
        ("v2:alpha=nan", "alpha=nan: expected a number above 0"),
        ("v2:classes=0", "classes=0: expected a whole number from 1"),
        ("v2:classes=1.5", "classes=1.5: expected a whole number"),
        ("v2:input_shape=0", "input_shape=0: expected 192, 160x224 or 28x28x1"),
        ("v2:input_shape=1x2x3x4", "input_shape=1x2x3x4: expected"),
        ("v2:pooling=min", "pooling=min: expected none, avg or max"),
        ("v2:alpha", "'alpha' is not option=value"),
        ("v2:alpha=0.5,alpha=1", "alpha is given twice: 0.5 and 1"),
        ("v2:classifier_activation=swoosh", "expected none or one of"),
        ("v1:input_shape=31", "mobilenet_v1: input_shape=31: flavor keras takes at least 32x32; mobilenet_v1@article"),
        ("b0:input_shape=224x16", "efficientnet_b0: input_shape=224x16: flavor keras takes at least 32x32"),
        ("v2:input_shape=3x224x224", "input_shape=3x224x224: expected the channels last: 224x224x3"),
        ("v2@article:input_shape=1x96x64", "expected the channels last: 96x64x1"),
    ],
)
def test_references_that_cannot_be_read(reference: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(reference)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("v1:alpha=0.01", "alpha=0.01 cannot be built: Conv2D: filters=0 must be a whole number of at least 1"),
        ("v2@article:alpha=0.01", "take a larger alpha"),
        ("efficientnet@article:width=0.01", "take a larger width"),
    ],
)
def test_impossible_networks_are_refused(reference: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(reference).graph()
    assert says in str(caught.value)


def test_a_stage_that_vanishes_in_the_article_is_warned_about() -> None:
    graph = graph_of("efficientnet@article:depth=0.5")
    assert graph.warnings == [
        "stage1 vanishes: int(1 * depth 0.5) = 0 blocks",
        "stage7 vanishes: int(1 * depth 0.5) = 0 blocks",
    ]
    assert [group.name for group in fold(graph, 1)] == ["image", "stem", *(f"stage{n}" for n in range(2, 7)), "head"]


def test_options_without_effect_are_warned_about() -> None:
    assert "pooling=avg has no effect" in graph_of("v2:pooling=avg").warnings[0]
    assert "classes=10 has no effect" in graph_of("v2:include_top=false,classes=10").warnings[0]
    assert graph_of("v2:include_top=false,pooling=avg").warnings == []


@pytest.mark.parametrize(
    ("reference", "shape"),
    [
        ("v1:input_shape=160x224,include_top=false", (5, 7, 1024)),
        ("v2:input_shape=225,include_top=false,alpha=1.4", (8, 8, 1792)),
        ("v3_small:input_shape=96,include_top=false,pooling=max", (576,)),
        ("b0:input_shape=331x97,include_top=false", (11, 4, 1280)),
        ("v3_large@article:include_top=false", (1, 1, 1280)),
        ("v1:classes=1", (1,)),
        ("v2:input_shape=32x32x1,classes=10", (10,)),
    ],
)
def test_output_shapes(reference: str, shape: tuple[int, ...]) -> None:
    assert graph_of(reference).nodes[-1].shape == shape


@pytest.mark.parametrize(
    ("reference", "first"),
    [
        ("v2:input_shape=32", "stage6.block2.depthwise_conv on, where kernels of 3x3"),
        ("v3_large:input_shape=32", "stage6.block2.depthwise_conv on, where kernels of 5x5"),
        ("v1@article:input_shape=8", "stage3.block2.depthwise_conv on, where kernels of 3x3"),
        ("v2:input_shape=224", ""),
        ("b0:input_shape=64", ""),
        ("v1@article:input_shape=64", ""),
    ],
)
def test_maps_of_one_cell_under_larger_kernels_are_warned_of(reference: str, first: str) -> None:
    warnings = " ".join(graph_of(reference).warnings)
    assert (f"maps are 1x1 from {first} do the work of 1x1; input_shape=" in warnings) is bool(first)
    assert ("is smaller than flavor keras takes, 32x32" in warnings) is (reference == "v1@article:input_shape=8")
    assert bool(warnings) is bool(first)


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        ("classes=1", True),
        ("classes=1,classifier_activation=sigmoid", False),
        ("classes=1,classifier_activation=none", False),
        ("classes=2", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("name", ["mobilenet_v1", "mobilenet_v3_small@article", "efficientnet_b0"])
def test_a_classifier_that_always_says_the_same_is_warned_of(name: str, options: str, warned: bool) -> None:
    if "@article" in name and "activation" in options:
        return
    from cnncli.network import network

    found = network(f"{name}:{options}" if options else name)
    assert any("gives 1 for every picture" in warning for warning in found.warnings) == warned


def test_an_option_without_a_value_is_one_in_every_python() -> None:
    """3.10 wraps the hint of a parameter whose default is None, in which the option then stands one deeper."""

    def builder(plain: Pooling = None, wrapped: Optional[Pooling] = None) -> None: ...  # noqa: UP045

    builder.__annotations__ = {"plain": Pooling, "wrapped": Optional[Pooling]}  # noqa: UP045
    assert [*declared(builder)] == ["plain", "wrapped"]
