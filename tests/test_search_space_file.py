"""Spaces of files: what they hold, in what order, what samples of them are, and what is refused."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest
from conftest import refused
from hypothesis import given
from hypothesis import strategies as st

from cnncli.errors import UsageError
from cnncli.models.catalogue import OPTIONS
from cnncli.network import canonical
from cnncli.search.sample import Sample, Shuffle
from cnncli.search.space import Product, Space
from cnncli.search.spacefile import FAMILY, MODELS, PRODUCT, SAMPLE, SEED, read_space


def space_of(tmp_path: Path, text: str) -> Space:
    path = tmp_path / "space.toml"
    path.write_text(text, encoding="utf-8")
    return read_space(path)


def test_a_product_is_every_combination_the_last_option_round_fastest(tmp_path: Path) -> None:
    text = """
        [[product]]
        models = ["v2", "mobilenet_v1:classes=10"]
        alpha = "0.25..0.75/0.25"
        input-shape = [96, "128..160/32", "96x64"]
    """
    sizes = ("96", "128", "160", "96x64")
    alphas = ("0.25", "0.5", "0.75")
    assert [*space_of(tmp_path, text)] == [
        canonical(f"{name}:alpha={alpha},input_shape={size}{more}")
        for name, more in (("mobilenet_v2", ""), ("mobilenet_v1", ",classes=10"))
        for size, alpha in ((size, alpha) for size in sizes for alpha in alphas)
    ]


def test_products_stand_one_after_the_other_and_values_are_as_they_are_written(tmp_path: Path) -> None:
    text = """
        [[product]]
        models = "b0"
        include_top = [true, false]
        dropout = 0.30
        [[product]]
        models = ["mobilenet_v1"]
        alpha = 0.1
    """
    assert [*space_of(tmp_path, text)] == ORDERED


ORDERED = [
    "efficientnet_b0:dropout=0.3", "efficientnet_b0:include_top=false,dropout=0.3", "mobilenet_v1:alpha=0.1",
]  # fmt: skip


def test_a_family_is_all_of_its_architectures(tmp_path: Path) -> None:
    space = space_of(tmp_path, '[[product]]\nfamily = "efficientnet"\nclasses = 10')
    assert space.heads[0].startswith("efficientnet_b0")
    assert len(space) == len(space.heads) > 7


def test_a_sample_is_the_same_everywhere(tmp_path: Path) -> None:
    """Written down once: no version of Python and no machine gives another."""
    text = """
        sample = 5
        seed = 7
        [[product]]
        models = ["mobilenet_v1", "mobilenet_v2"]
        alpha = "0.25..1.4/0.05"
        input_shape = "96..224/32"
    """
    assert [*space_of(tmp_path, text)] == SAMPLED
    more = space_of(tmp_path, text.replace("sample = 5", "sample = 240"))
    assert [*more][:5] == SAMPLED
    assert sorted(more) == sorted(space_of(tmp_path, text[text.index("[[") :]))
    assert [*space_of(tmp_path, text.replace("seed = 7", "seed = 8"))] != SAMPLED


SAMPLED = [
    "mobilenet_v1:input_shape=160,alpha=0.9",
    "mobilenet_v1:input_shape=192,alpha=1.1",
    "mobilenet_v1:input_shape=160,alpha=0.45",
    "mobilenet_v2:input_shape=128,alpha=1.4",
    "mobilenet_v1:alpha=0.75",
]


def test_a_sample_of_a_product_leaves_the_others_whole(tmp_path: Path) -> None:
    text = """
        [[product]]
        models = ["mobilenet_v2"]
        alpha = "0.10..1.40/0.01"
        sample = 3
        seed = 0
        [[product]]
        models = ["mobilenet_v1"]
        alpha = [0.25, 0.5]
    """
    space = space_of(tmp_path, text)
    assert len(space) == len({*space}) == 5
    assert [reference.partition(":")[0] for reference in space] == ["mobilenet_v2"] * 3 + ["mobilenet_v1"] * 2


@given(st.integers(1, 400), st.integers(0, 2**63 - 1))
def test_a_shuffle_has_every_number_once(count: int, seed: int) -> None:
    shuffle = Shuffle(count, seed)
    assert sorted(shuffle[place] for place in range(count)) == [*range(count)]


def test_a_shuffle_prefers_no_place() -> None:
    """Which number comes first: of 10 numbers and 10,000 seeds each 1,000 times, give or take five deviations."""
    counts = [0] * 10
    for seed in range(10_000):
        counts[Shuffle(10, seed)[0]] += 1
    assert all(abs(count - 1000) < 5 * 30 for count in counts)


def test_a_space_of_trillions_is_never_in_memory() -> None:
    axes = tuple(tuple(f"{name}={number}" for number in range(1000)) for name in "abcd")
    space = Space((Sample(Space((Product("n", axes),)), 10**9, 1),))
    tracemalloc.start()
    found = {space[place] for place in random.Random(1).sample(range(10**9), 100)}
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == 100
    assert most < 10**6


def test_no_option_is_called_as_what_a_product_says_besides() -> None:
    assert not {*OPTIONS} & {PRODUCT, MODELS, FAMILY, SAMPLE, SEED}


REFUSED = {
    "[[product]\n": "space.toml:1: not TOML",
    "": "expected a table [[product]]",
    "product = 1": "expected a table [[product]]",
    "[[product]]\nalpha = 1": 'product: expected models = [...], or family = "..."',
    '[[product]]\nmodels = ["mobilnet_v2"]': "did you mean mobilenet_v2",
    "[[product]]\nmodels = [1]": "models: expected a list of references",
    '[[product]]\nfamily = "mobilnet"': "unknown family 'mobilnet'; did you mean MobileNet?",
    '[[product]]\nmodels = "v2"\nalfa = 1': "no architecture of these has an option alfa",
    '[[product]]\nmodels = ["v2", "b0"]\nalpha = 1': "efficientnet_b0 has no option alpha; put it into a product",
    '[[product]]\nmodels = "v2"\nalpha = [0.5, -1]': "alpha",
    '[[product]]\nmodels = "v2"\nalpha = "1..0.5/0.1"': "ends below where it begins",
    '[[product]]\nmodels = "v2"\nalpha = []': "no candidates",
    '[[product]]\nmodels = "v2"\nalpha = 2020-01-01': "alpha: expected a number",
    'sample = 5\n[[product]]\nmodels = "v2"': "sample takes a seed = number",
    'seed = 5\n[[product]]\nmodels = "v2"': "seed is for a sample",
    'sample = 2\nseed = 5\n[[product]]\nmodels = "v2"': "sample = 2: there are 1 candidates",
    'sample = 1\nseed = -1\n[[product]]\nmodels = "v2"': "seed: expected a whole number from 0 on",
    'sampel = 1\n[[product]]\nmodels = "v2"': "unknown key 'sampel'; did you mean sample?",
}


@pytest.mark.parametrize(("text", "says"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_is_wrong_is_told_in_a_line(run, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "space.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        read_space(path)
    assert says in str(error.value)
    refused(run("find", "--space", path), 2, "space.toml")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["v1"], "says what the candidates are: name no others"),
        (["--alpha", "1"], "says what the candidates are: name no others"),
        (["--workers", "0"], "--workers 0: expected a whole number from 1 to 1,024"),
        (["--workers", "2", "--scheduler", "a:1"], "leave one out"),
        (["-o", "x.csv", "--top", "3"], "--top is for a report"),
        (["-o", "x.jsonl", "--sort", "macs"], "--sort is for a report"),
        (["-o", "x.parquet", "-f", "json"], "-f json: rows go to x.parquet as they come"),
    ],
)
def test_options_that_do_not_go_together(run, tmp_path: Path, arguments: list[str], says: str) -> None:
    path = tmp_path / "space.toml"
    path.write_text('[[product]]\nmodels = "mobilenet_v1"', encoding="utf-8")
    refused(run("find", "--space", path, *arguments), 2, says)


def test_more_than_a_report_holds_goes_to_a_file(run, tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text('[[product]]\nmodels = "v2"\nalpha = "0.001..9/0.001"\nclasses = "1..1000"', encoding="utf-8")
    refused(run("find", "--space", path), 2, "9,000,000 candidates; of more than 200,000 the rows go to a file")


def test_a_report_of_a_space_is_as_of_any(run, tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text('[[product]]\nmodels = "v1"\nalpha = [0.25, 0.5]\ninput_shape = [160, 192]', encoding="utf-8")
    arguments = ("--max-macs", "80M", "-f", "csv")
    by_options = run("find", "v1", "--alpha", "0.25,0.5", "--input-shape", "160,192", *arguments)
    assert run("find", "--space", path, *arguments) == by_options
