"""What tells two networks apart: structural hashes, alignment, and changes in words that add up."""

from __future__ import annotations

import random

import pytest

from cnncli.analysis.compare.alignment import align
from cnncli.analysis.compare.changes import Rewired
from cnncli.analysis.compare.comparison import entry, identical, stages
from cnncli.analysis.compare.difference import added, costs_of, difference
from cnncli.analysis.structure import structural_hash
from cnncli.graph import Graph
from cnncli.graph.layers import Activation, Add, Conv2D, Dropout, InputLayer, ReLU
from cnncli.models.catalogue import models
from cnncli.models.reference import parse
from cnncli.network import network
from cnncli.views.changes import phrases, span


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
    assert [change.what for change in difference(one, other) if change.kind == "changed"] == [(Rewired(),)]


def test_the_superfluous_expansion_of_the_article(run) -> None:
    """The article expands in the first block too, where the ratio is 1: 32 x 32 weights and a batch norm of 4 x 32."""
    lines = [line for line in run("compare", "v2", "v2@article", "--diff").out.splitlines() if line.startswith("~")]
    assert lines[0].endswith("+expansion (Conv2D 1x1, BatchNormalization, ReLU 6), +1,152 params, +12,845,056 MACs")
    assert lines[0].startswith("~ stage1 block1: ")
    assert 32 * 32 + 4 * 32 == 1_152
    assert 112 * 112 * 32 * 32 == 12_845_056
    assert lines[1:] == [f"~ stage{stage} block1: padding explicit → same" for stage in (2, 3, 4, 6)]


REFERENCES = [f"{spec.name}@{flavor}" for spec in models() for flavor in spec.flavor_names] + [
    "v2:alpha=0.35", "v2:include_top=false", "v1:classes=10,input_shape=96x128", "v3_small:minimalistic=true",
    "efficientnet@article:depth=0.5", "efficientnet:width=0.3,depth=0.2,input_shape=64x64x1",
    "b0:pooling=avg,include_top=false",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_changes_add_up_and_are_told_where_the_networks_differ(seed: int) -> None:
    chosen = random.Random(seed)
    one, other = (parse(reference).graph() for reference in chosen.choices(REFERENCES, k=2))
    changes = difference(one, other)
    before, after = costs_of(one.nodes), costs_of(other.nodes)
    assert added(change.costs for change in changes) == {key: after[key] - before[key] for key in after}
    same = structural_hash(one) == structural_hash(other)
    assert same == all(change.kind == "equal" for change in changes)
    for change in changes:
        assert bool(change.what) == (change.kind != "equal")
        if change.kind == "equal":
            assert not any(change.costs.values())
    back = difference(other, one)
    there, here = (added(change.costs for change in each) for each in (changes, back))
    assert here == {key: -amount for key, amount in there.items()}


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
        ("b0", "b0:input_shape=223", "stem", ("224x224 → 223x223", "zero padding ((0, 1), (0, 1)) → 1")),
        ("v1", "v2", "stage5 block2-3", ("InvertedResidual6 k3x3", "96 channels")),
        ("v2", "v2:include_top=false", "head", ("-GlobalAveragePooling2D", "-Dense softmax", "1000 → 7x7x1280")),
    ],
)
def test_changes_in_words(before: str, after: str, where: str, what: tuple[str, ...]) -> None:
    changes = difference(parse(before).graph(), parse(after).graph())
    (found,) = [change for change in changes if span(change.after) == where]
    assert set(what) == set(phrases(found))


def test_alignment_leaves_the_last_ones_over_and_never_pairs_the_unlike() -> None:
    assert align(2, 4, lambda i, j: 0) == [(0, 0), (1, 1), (None, 2), (None, 3)]
    assert align(2, 1, lambda i, j: 0 if i == 1 else 100) == [(0, None), (1, 0)]
    assert align(0, 2, lambda i, j: 0) == [(None, 0), (None, 1)]
    assert align(0, 0, lambda i, j: 0) == []


def test_stages_are_aligned_by_role_not_by_number() -> None:
    rows = stages([entry(network(name)) for name in ("v1", "v2", "efficientnet@article:depth=0.5")])
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
    one, other = entry(network("v2")), entry(network("v2:classifier_activation=sigmoid"))
    assert (one.totals.params, one.totals.macs) == (other.totals.params, other.totals.macs)
    assert not identical(one, other)


def test_a_block_whose_input_alone_changes_says_so(run) -> None:
    out = run("compare", "v2@article:alpha=0.35", "v2:alpha=0.35", "--diff").out
    assert "stage2 block1: padding same → explicit, 5 → 8 input channels, +684 params" in out
