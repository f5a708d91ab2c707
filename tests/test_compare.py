"""`compare` as its users meet it, and what it rests on: alignment, difference, attribution."""

from __future__ import annotations

import csv
import io
import json
import math
import random
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest
from conftest import golden, refused

from cnncli.analysis.alignment import align
from cnncli.analysis.attribution import attribute, average_over_orders
from cnncli.analysis.comparison import entry, identical, stages
from cnncli.analysis.difference import COSTS, Costs, costs_of, difference
from cnncli.analysis.structure import structural_hash
from cnncli.graph import Graph
from cnncli.graph.layers import Activation, Add, Conv2D, Dropout, InputLayer, ReLU
from cnncli.models.registry import MODELS, parse
from cnncli.render.numbers import times

B = [f"b{number}" for number in range(8)]
ALL = ["v1", "v2", "v3_small", "v3_large", *B]


# The report


@pytest.mark.parametrize("width", [80, 160, None], ids=lambda width: f"{width or 'piped'}")
@pytest.mark.parametrize("models", [["b0", "b4"], ["v1", "v2", "v3_large"], B, ALL], ids=len)
def test_tables(run, monkeypatch, models: list[str], width: int | None, request) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    result = run("compare", *models)
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= (width or 300)
    golden(f"compare-{request.node.callspec.id}.txt", result.out)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("diff", "v2 v2@article --diff"),
        ("diff-families", "v1 v2 --diff"),
        ("explain", "b0 b4 b1@article --explain"),
        ("explain-flavor", "b4@article b4 --explain"),
    ],
)
@pytest.mark.parametrize("width", [80, None], ids=lambda width: f"{width or 'piped'}")
def test_changes_and_reasons(run, monkeypatch, name: str, arguments: str, width: int | None) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    result = run("compare", *arguments.split())
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= (width or 300)
    golden(f"compare-{name}-{width or 'piped'}.txt", result.out)


@pytest.mark.parametrize("more", ["", "--diff", "--explain"])
def test_markdown(run, more: str) -> None:
    out = run("compare", "b0", "b4", "--format", "markdown", *more.split()).out
    golden(f"compare{more.replace('--', '-')}.markdown", out)
    for block in out.split("\n\n"):
        bars = {line.replace("\\|", "").count("|") for line in block.splitlines() if line.startswith("|")}
        assert len(bars) <= 1


def test_csv_is_a_row_a_model_with_differences_to_the_first(run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("compare", "v2", "v1", "b0", "--format", "csv").out)))
    assert [row["model"] for row in rows] == ["mobilenet_v2", "mobilenet_v1", "efficientnet_b0"]
    assert (rows[1]["params"], rows[1]["params_difference"]) == ("4253864", str(4_253_864 - 3_538_984))
    assert float(rows[1]["macs_ratio"]) == 568_740_352 / 300_774_272
    assert [row["top1"] for row in rows] == ["72.0", "70.6", "77.1"]
    changes = list(csv.DictReader(io.StringIO(run("compare", "v2", "v1", "--diff", "--format", "csv").out)))
    assert sum(int(row["params"]) for row in changes) == 4_253_864 - 3_538_984
    shares = list(csv.DictReader(io.StringIO(run("compare", "b0", "b4", "--explain", "--format", "csv").out)))
    assert [row["factor"] for row in shares] == ["width", "depth", "input_shape", "dropout"]
    assert run("compare", "b0", "b4", "--diff", "--explain", "--format", "csv").code == 2


def test_json_has_the_schemas_keys(run) -> None:
    data = json.loads(run("compare", "v1", "v2", "v2:alpha=0.5", "--format", "json").out)
    assert list(data) == ["schema_version", "baseline", "models", "stages", "changes"]
    assert (data["schema_version"], data["baseline"]) == (1, "mobilenet_v1")
    assert [model["model"]["reference"] for model in data["models"]] == [
        "mobilenet_v1", "mobilenet_v2", "mobilenet_v2:alpha=0.5",
    ]  # fmt: skip
    assert {"model", "input_shape", "totals"} <= set(data["models"][0])
    assert data["models"][2]["published"] is None  # nobody measured that one
    for position, model in enumerate(data["models"]):
        stage_sums = [row["models"][position] for row in data["stages"] if row["models"][position]]
        assert sum(stage["macs"] for stage in stage_sums) == model["totals"]["macs"]
        changed = sum(change["macs"] for change in data["changes"] if change["model"] == model["model"]["reference"])
        assert changed == model["totals"]["macs"] - data["models"][0]["totals"]["macs"]
    reasons = json.loads(run("compare", "b0", "b4", "--explain", "--format", "json").out)["explanations"]
    assert reasons[0]["model"] == "efficientnet_b4"
    assert math.prod(share["macs"]["ratio"] for share in reasons[0]["shares"]) == pytest.approx(11.38829, abs=1e-5)


def test_depth_is_what_the_paper_counts(run) -> None:
    """MobileNet V1 has 28 layers with its classifier (arXiv 1704.04861, section 3.2), V2 53 (Keras's documentation)."""
    models = json.loads(run("compare", "v1", "v2", "--format", "json").out)["models"]
    assert [model["totals"]["depth"] + 1 for model in models] == [28, 53]


def test_the_baseline_leads(run) -> None:
    leading = [
        json.loads(run("compare", *words.split(), "--format", "json").out)["models"]
        for words in ("v1 v2 --baseline v2", "v1 b0 --baseline v2", "v2 v2 --baseline v2")
    ]
    assert [[model["model"]["reference"] for model in models] for models in leading] == [
        ["mobilenet_v2", "mobilenet_v1"],
        ["mobilenet_v2", "mobilenet_v1", "efficientnet_b0"],
        ["mobilenet_v2", "mobilenet_v2"],
    ]


def test_identical_networks_and_the_exit_code(run) -> None:
    same = run("compare", "v2", "v2", "--exit-code", "--diff")
    assert (same.code, same.err) == (0, "")
    assert "mobilenet_v2 and mobilenet_v2 are identical." in same.out
    training = run("compare", "v1", "v1:dropout=0.5", "--exit-code")
    assert training.code == 0
    assert "are identical at inference; they differ in training only." in training.out
    assert run("compare", "v1", "v2").code == 0
    differing = run("compare", "v2", "v2@article", "--exit-code")
    assert (differing.code, differing.err) == (1, "")
    assert "mobilenet_v2@article" in differing.out


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_chart(run, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"chart.{suffix}"
    result = run("compare", "v1", "v2@article", "b0", "-o", path)
    assert (result.code, result.err) == (0, "")
    assert result.out == run("compare", "v1", "v2@article", "b0").out
    first = path.read_bytes()
    assert first.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix])
    if suffix == "svg":
        for text in (b"mobilenet_v1<", b"mobilenet_v2@article<", b"efficientnet_b0<", b"Top-1"):
            assert text in first
    assert "add --force" in run("compare", "v1", "v2", "-o", path).err
    assert run("compare", "v1", "v2@article", "b0", "-o", path, "--force").code == 0
    assert path.read_bytes() == first


def test_labels_of_the_chart_do_not_overlap(tmp_path: Path, monkeypatch) -> None:
    from matplotlib.text import Text

    from cnncli.render import chart

    boxes: list[list[object]] = []
    real = chart._label

    def label(axes, points) -> None:
        real(axes, points)
        boxes.append([Text.get_window_extent(note) for note in axes.texts])

    monkeypatch.setattr(chart, "_label", label)
    chart.write_chart([entry(parse(name)) for name in ALL], tmp_path / "all.png", force=False)
    assert [len(panel) for panel in boxes] == [12, 12]
    for panel in boxes:
        overlaps = [one for at, one in enumerate(panel) for other in panel[:at] if one.overlaps(other)]
        assert not overlaps


def test_a_report_to_a_file(run, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    assert run("compare", "v1", "v2", "--format", "markdown", "-o", path) == (0, "", "")
    assert path.read_text(encoding="utf-8") == run("compare", "v1", "v2", "--format", "markdown").out


def test_references_from_the_standard_input(run, monkeypatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("v1\n\n# the second\nv2\n"))
    assert run("compare", "-", "b0").out == run("compare", "v1", "v2", "b0").out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("compare", 2, "Missing argument"),
        ("compare b0", 2, "compare takes two models or more, was given only efficientnet_b0"),
        ("compare b0 b9", 2, "unknown model 'b9'; did you mean"),
        ("compare b0 v1 --alpha 0.5", 2, "efficientnet_b0 has no option 'alpha'"),
        ("compare b0 b4 --baseline x9", 2, "unknown model 'x9'"),
        ("compare b0 b4 -o x.jpg", 2, "x.jpg: cannot draw .jpg; use .pdf, .png or .svg"),
        ("compare b0 b4 -o /nonexistent/x.png", 3, "there is no directory /nonexistent"),
        ("compare b0 b4 --format yaml", 2, "yaml"),
    ],
)
def test_errors_are_one_line_with_the_right_code(run, arguments: str, code: int, says: str) -> None:
    refused(run(*arguments.split()), code, says)


@pytest.mark.parametrize("arguments", ["compare b0 b4 --diff --explain", "check b0 --max-params 6M"])
def test_nothing_heavy_is_loaded(arguments: str) -> None:
    script = (
        "import sys\nfrom cnncli.cli.app import main\n"
        f"try: main({arguments.split()!r})\n"
        "except SystemExit as ended: assert not ended.code, ended.code\n"
        "heavy = {'tensorflow', 'keras', 'numpy', 'matplotlib', 'pydot', 'pygraphviz', 'PIL', 'ai_edge_litert'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == "[]\n"


# Structure and difference


def test_the_hash_is_of_what_is_computed() -> None:
    def graph(name: str = "conv", activation: str = "relu", dropout: float | None = None, swap: bool = False) -> str:
        made = Graph("made")
        x = made.add(InputLayer((8, 8, 3)), name="image")
        if dropout:
            x = made.add(Dropout(dropout), x, name="dropout")
        branches = {
            "left": lambda: made.add(Conv2D(4, 3, padding="same", kernel_initializer="zeros"), x, name=name),
            "right": lambda: made.add(Conv2D(4, 1), x, name="right"),
        }
        order = ["right", "left"] if swap else ["left", "right"]
        ends = [branches[side]() for side in order]
        made.add(Activation(activation), made.add(Add(), *ends, name="add"), name="last")
        return structural_hash(made)

    assert graph() == graph(name="other") == graph(dropout=0.5) == graph(swap=True)
    assert graph() != graph(activation="silu")


def test_the_hash_sees_wiring_alone() -> None:
    def graph(skip: bool) -> Graph:
        made = Graph("made")
        x = made.add(InputLayer((8, 8, 3)), name="image")
        first = made.add(ReLU(), x, name="first")
        second = made.add(ReLU(), first, name="second")
        made.add(Add(), x if skip else first, second, name="add")
        return made

    one, other = graph(True), graph(False)
    assert structural_hash(one) != structural_hash(other)
    assert [change.what for change in difference(one, other) if change.kind == "changed"] == [("wired differently",)]


def test_the_superfluous_expansion_of_the_article(run) -> None:
    """The article expands in the first block too, where the ratio is 1: 32 x 32 weights and a batch norm of 4 x 32."""
    lines = [line for line in run("compare", "v2", "v2@article", "--diff").out.splitlines() if line.startswith("~")]
    assert lines[0].endswith("+expansion (Conv2D 1x1, BatchNormalization, ReLU 6), +1,152 params, +12,845,056 MACs")
    assert lines[0].startswith("~ stage1 block1: ")
    assert 32 * 32 + 4 * 32 == 1_152
    assert 112 * 112 * 32 * 32 == 12_845_056
    assert lines[1:] == [f"~ stage{stage} block1: padding explicit → same" for stage in (2, 3, 4, 6)]


REFERENCES = [spec.name + flavor for spec in MODELS for flavor in ("", "@article")] + [
    "v2:alpha=0.35", "v2:include_top=false", "v1:classes=10,input_shape=96x128", "v3_small:minimalistic=true",
    "efficientnet@article:depth=0.5", "efficientnet:width=0.3,depth=0.2,input_shape=64x64x1",
    "b0:pooling=avg,include_top=false",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_changes_add_up_and_are_told_where_the_networks_differ(seed: int) -> None:
    chosen = random.Random(seed)
    one, other = (parse(reference).graph() for reference in chosen.choices(REFERENCES, k=2))
    changes = difference(one, other)
    assert sum((change.costs for change in changes), Costs()) == costs_of(other.nodes) - costs_of(one.nodes)
    same = structural_hash(one) == structural_hash(other)
    assert same == all(change.kind == "equal" for change in changes)
    for change in changes:
        assert bool(change.what) == (change.kind != "equal")
        if change.kind == "equal":
            assert change.costs == Costs()
    back = difference(other, one)
    assert [sum(getattr(change.costs, key) for change in back) for key in COSTS] == [
        -sum(getattr(change.costs, key) for change in changes) for key in COSTS
    ]


@pytest.mark.parametrize(
    ("before", "after", "where", "what"),
    [
        ("b0", "b4", "stage1 block2", ("MBConv1 k3x3 SE", "24 channels")),
        ("b0", "b4", "stage3 block2", ("28x28 → 48x48", "40 → 56 channels")),
        ("b0", "b4", "head", ("last_conv 1280 → 1792", "320 → 448 input channels")),
        ("b0", "b0@article", "stage3 block2", ("SE Conv2D → Dense", "squeeze 10 → 60")),
        ("b0", "b0:classes=10", "head", ("1000 → 10 channels",)),
        ("v3_large", "v3_large:minimalistic=true", "stage3 block1", ("k5x5 → k3x3", "-SE")),
        ("v3_small", "v3_large", "stage3 block1", ("k3x3 → k5x5", "+SE", "24 → 40 channels")),
        ("v3_large", "v3_large@article", "head", ("fused softmax", "keepdims True → False", "-Flatten", "+Reshape")),
        ("v1", "v2", "stage5 block2-3", ("InvertedResidual6 k3x3", "96 channels")),
        ("v2", "v2:include_top=false", "head", ("-GlobalAveragePooling2D", "-Dense softmax", "1000 → 7x7x1280")),
    ],
)
def test_changes_in_words(before: str, after: str, where: str, what: tuple[str, ...]) -> None:
    changes = difference(parse(before).graph(), parse(after).graph())
    (found,) = [change for change in changes if change.after == where]
    assert set(what) == set(found.what)


def test_alignment_leaves_the_last_ones_over_and_never_pairs_the_unlike() -> None:
    assert align(2, 4, lambda i, j: 0) == [(0, 0), (1, 1), (None, 2), (None, 3)]
    assert align(2, 1, lambda i, j: 0 if i == 1 else 100) == [(0, None), (1, 0)]
    assert align(0, 2, lambda i, j: 0) == [(None, 0), (None, 1)]
    assert align(0, 0, lambda i, j: 0) == []


def test_stages_are_aligned_by_role_not_by_number() -> None:
    rows = stages([entry(parse(name)) for name in ("v1", "v2", "efficientnet@article:depth=0.5")])
    names = [[stage and stage.name for stage in row] for row in rows]
    assert names == [
        ["image", "image", "image"],
        ["stem", "stem", "stem"],
        ["stage1", "stage1", None],  # vanished: int(1 * 0.5) = 0 blocks
        ["stage2", "stage2", "stage2"],
        ["stage3", "stage3", "stage3"],
        ["stage4", "stage4", "stage4"],
        [None, "stage5", "stage5"],
        ["stage5", "stage6", "stage6"],
        [None, "stage7", None],
        ["head", "head", "head"],
    ]


def test_networks_of_equal_cost_can_differ() -> None:
    one, other = entry(parse("v2")), entry(parse("v2:classifier_activation=sigmoid"))
    assert (one.totals.params, one.totals.macs) == (other.totals.params, other.totals.macs)
    assert not identical(one, other)


# Attribution


def shares(before: str, after: str) -> dict[str, dict[str, tuple[int, float | None]]]:
    models = parse(before), parse(after)
    found = attribute(*models, (models[0].graph(), models[1].graph()))
    for metric, growth in found.growth.items():
        assert sum(share.growth[metric].difference for share in found.shares) == growth.difference
        assert math.prod(share.growth[metric].ratio for share in found.shares) == pytest.approx(growth.ratio, rel=1e-12)
    return {
        share.factor.name: {metric: (part.difference, part.ratio) for metric, part in share.growth.items()}
        for share in found.shares
    }


def macs(width: float, depth: float, size: int) -> int:
    return sum(
        node.macs for node in parse(f"efficientnet:width={width},depth={depth},input_shape={size}").graph().nodes
    )


def test_the_parts_are_averages_over_all_orders() -> None:
    found = shares("b0", "b4")
    before, after = (1.0, 1.0, 224), (1.4, 1.8, 380)
    for position, name in enumerate(("width", "depth", "input_shape")):
        ratios = []
        for order in permutations(range(3)):
            earlier = order[: order.index(position)]
            without = [after[axis] if axis in earlier else before[axis] for axis in range(3)]
            with_it = [*without[:position], after[position], *without[position + 1 :]]
            ratios.append(macs(*with_it) / macs(*without))
        assert found[name]["macs"][1] == pytest.approx(math.prod(ratios) ** (1 / 6), rel=1e-12)
    assert found["dropout"] == {"params": (0, 1.0), "macs": (0, 1.0)}
    assert found["input_shape"]["params"] == (0, 1.0)


def test_from_b0_to_b4_in_one_sentence(run) -> None:
    out = " ".join(run("compare", "b0", "b4", "--explain").out.split())
    assert (
        "From efficientnet_b0 to efficientnet_b4 the MACs grow x11.39: x2.919 by resolution (224 → 380), "
        "x2.026 by depth (1 → 1.8) and x1.926 by width (1 → 1.4)."
    ) in out
    assert round(2.919 * 2.026 * 1.926, 2) == 11.39


def test_the_article_adds_no_block_to_b1(run) -> None:
    out = " ".join(run("compare", "b0@article", "b1@article", "--explain").out.split())
    assert "The parameters stay the same (x1.00)." in out
    assert "Depth (1 → 1.1) changes neither: no block was added, for int(1*1.1) = 1, int(2*1.1) = 2" in out


def test_a_change_of_channels_is_no_change_of_resolution(run) -> None:
    assert "by input shape (224 → 224x224x1)" in run("compare", "b0", "b0:input_shape=224x224x1", "--explain").out
    assert "by resolution (224 → 192)" in run("compare", "b0", "b0:input_shape=192", "--explain").out


def test_a_block_whose_input_alone_changes_says_so(run) -> None:
    out = run("compare", "v2@article:alpha=0.35", "v2:alpha=0.35", "--diff").out
    assert "stage2 block1: padding same → explicit, 5 → 8 input channels, +684 params" in out


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(11.388, "x11.39"), (1.0, "x1.00"), (1.0003, "x1.0003"), (0.00096, "x0.001"), (1 + 1e-9, "x1.00")],
)
def test_a_ratio_is_not_rounded_to_one_or_nothing(ratio: float, text: str) -> None:
    assert times(ratio) == text


# What each deviation of the article's EfficientNet costs when they are undone in this order: measured by building the
# networks with Keras 3.15.1 on TensorFlow 2.21.0. (parameters, MACs); the rest are 0.
ORDER = ("squeeze_width", "repeats", "rounding", "stem", "head", "preprocessing")
UNDONE = {
    "b0": [(-3135300, -3133440), (0, 0), (0, 0), (0, 0), (0, 0), (7, 0)],
    "b1": [(-3135300, -3133440), (2525668, 224274752), (0, 0), (0, 0), (0, 0), (7, 0)],
    "b2": [(-3789185, -3787140), (3037248, 334581992), (-117848, -22551814), (0, 0), (173568, 3777536), (7, 0)],
    "b3": [
        (-5708854, -5706048), (3600736, 497192756), (158653, 112023814), (842, 10800288), (355328, 10086400), (7, 0),
    ],
    "b4": [
        (-10509121, -10504740), (4872025, 1017717638), (385110, 85384112), (1748, 34656640), (743424, 33542144), (7, 0),
    ],
    "b7": [
        (-49871240, -49858560), (9863624, 5120382560), (0, 0), (4008, 195841536), (2104320, 297011200), (7, 0),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", UNDONE)
def test_undoing_the_deviations_in_one_order_costs_what_was_measured(name: str) -> None:
    model = parse(f"{name}@article")
    left = set(model.spec.deviations)
    before = costs_of(model.graph().nodes)
    for deviation, measured in zip(ORDER, UNDONE[name], strict=True):
        left.remove(deviation)
        after = costs_of(model.graph(deviations=frozenset(left)).nodes)
        assert (after.params - before.params, after.macs - before.macs) == measured, deviation
        before = after
    assert before == costs_of(parse(name).graph().nodes)


def test_what_a_flavor_costs_is_attributed_to_its_deviations() -> None:
    found = shares("b0@article", "b0")
    assert found["squeeze_width"]["params"][0] == -3_135_300  # nothing else acts in B0, so every order gives the same
    assert found["preprocessing"]["params"][0] == 7
    acting = {name for name, parts in shares("b4@article", "b4").items() if any(part[0] for part in parts.values())}
    assert acting == set(ORDER)


@pytest.mark.parametrize(
    ("before", "after", "factors"),
    [
        ("v2:alpha=0.5", "v2@article", {"alpha", "flavor"}),
        ("v3_small", "v3_large", {"table", "last_width"}),
        ("b0", "b0:classes=10,include_top=false", {"classes", "include_top"}),
        ("v1", "v1:depth_multiplier=2,input_shape=96x128x1", {"depth_multiplier", "input_shape"}),
    ],
)
def test_what_is_attributed(before: str, after: str, factors: set[str]) -> None:
    assert set(shares(before, after)) == factors


def test_different_architectures_are_not_explained_by_options(run) -> None:
    result = run("compare", "v1", "v2", "--explain")
    assert result.code == 0
    assert "mobilenet_v1 and mobilenet_v2 are different architectures" in " ".join(result.out.split())


def test_orders_through_what_cannot_be_built_are_left_out() -> None:
    """Two factors: 1 alone is impossible, so only the order 0, 1 is left; then none is."""
    assert average_over_orders([10.0, 14.0, None, 20.0]) == [4.0, 6.0]
    assert average_over_orders([10.0, None, None, 20.0]) == []
    assert average_over_orders([10.0]) == []


def test_where_no_network_between_can_be_built_it_says_so(monkeypatch) -> None:
    before, after = parse("v2:alpha=0.5"), parse("v2:alpha=1,input_shape=96")
    graphs = before.graph(), after.graph()
    monkeypatch.setattr("cnncli.analysis.attribution._Lattice._costs", too_narrow)
    found = attribute(before, after, graphs)
    assert not found.shares
    assert found.why_not == "no way from one to the other can be built: too narrow"


def too_narrow(lattice, chosen: int) -> tuple[int, ...] | None:
    lattice.failure = "too narrow"
    return (1, 1) if chosen == 0 else (2, 2) if chosen == 3 else None
