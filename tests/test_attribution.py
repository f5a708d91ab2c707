"""Why one network costs more than another: parts by option or deviation that add up and multiply to the whole."""

from __future__ import annotations

import math
from itertools import permutations

import pytest

from cnncli.analysis.compare.attribution import Obstacle, attribute, average_over_orders
from cnncli.analysis.compare.difference import costs_of
from cnncli.models.reference import parse
from cnncli.network import network


def shares(before: str, after: str) -> dict[str, dict[str, tuple[int, float | None]]]:
    found = attribute(network(before), network(after))
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
    left = set(model.definition.deviations)
    before = costs_of(model.graph().nodes)
    for deviation, measured in zip(ORDER, UNDONE[name], strict=True):
        left.remove(deviation)
        after = costs_of(model.graph(deviations=frozenset(left)).nodes)
        assert (after["params"] - before["params"], after["macs"] - before["macs"]) == measured, deviation
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
        ("v3_small", "v3_large", {"blocks", "last_width"}),
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
    before, after = network("v2:alpha=0.5"), network("v2:alpha=1,input_shape=96")
    monkeypatch.setattr("cnncli.analysis.compare.attribution._Lattice._costs", too_narrow)
    found = attribute(before, after)
    assert not found.shares
    assert (found.obstacle, found.failure) == (Obstacle.NO_WAY, "too narrow")


def too_narrow(lattice, chosen: int) -> tuple[int, ...] | None:
    lattice.failure = "too narrow"
    return (1, 1) if chosen == 0 else (2, 2) if chosen == 3 else None


def test_a_table_of_blocks_is_told_by_its_length(run) -> None:
    out = " ".join(run("compare", "v3_small", "v3_large", "--explain").out.split())
    assert "x3.815 by blocks (11 → 15) and x1.005 by last width (1024 → 1280)" in out
    assert "by table" not in out
