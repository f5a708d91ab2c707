"""Spaces of candidates, the values that people list, and fronts."""

from __future__ import annotations

import pickle
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnncli.errors import UsageError
from cnncli.network import model_of, named
from cnncli.search.pareto import front
from cnncli.search.ranges import bounds, values
from cnncli.search.space import Product, Space, spread


@given(st.integers(0, 500), st.integers(1, 60), st.integers(0, 40), st.integers(0, 59))
def test_a_range_is_its_steps(first: int, step: int, count: int, over: int) -> None:
    """In hundredths, so that nothing is rounded; the last step need not meet the end."""
    last = first + count * step + over % step
    text = f"{first / 100:.2f}..{last / 100:.2f}/{step / 100:.2f}"
    assert [round(float(each) * 100) for each in values("--alpha", text)] == [
        first + at * step for at in range(count + 1)
    ]


@given(st.lists(st.sampled_from(["0.5", "1", "96x128", "avg"]), min_size=1))
def test_a_list_has_each_value_once_in_its_order(listed: list[str]) -> None:
    assert values("--set", ",".join(listed)) == list(dict.fromkeys(listed))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.1,0.25..1/0.25", ["0.1", "0.25", "0.5", "0.75", "1"]),
        ("96..224/32", ["96", "128", "160", "192", "224"]),
        ("1..4", ["1", "2", "3", "4"]),
        ("0.25..1.4/0.05", [f"{part / 100:g}" for part in range(25, 141, 5)]),
        (".5..1/5e-1", ["0.5", "1"]),
    ],
)
def test_values(text: str, expected: list[str]) -> None:
    assert values("--alpha", text) == expected


@pytest.mark.parametrize("text", ["", "1,,2", "0.25..1", "1..2/0", "2..1/1", "a..b/1", "1..2/3/4", "0..1000000/1"])
def test_what_is_no_list(text: str) -> None:
    with pytest.raises(UsageError, match="^--alpha"):
        values("--alpha", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2019", (2019, 2019)), ("2017..2019", (2017, 2019)), ("2019..", (2019, None)), ("..2019", (None, 2019))],
)
def test_bounds(text: str, expected: tuple[int | None, int | None]) -> None:
    assert bounds("--year", text) == expected


AXES = st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4, unique=True), max_size=3)


@given(st.lists(AXES, max_size=3))
def test_a_space_is_its_products_one_after_the_other(every: list[list[list[str]]]) -> None:
    space = Space(tuple(Product(f"n{at}", tuple(map(tuple, axes))) for at, axes in enumerate(every)))
    plain = [
        f"n{at}:{','.join(settings)}" if settings else f"n{at}"
        for at, axes in enumerate(every)
        for settings in product(*axes)
    ]
    assert list(space) == plain
    assert [space[at] for at in range(len(space))] == plain
    assert len(space) == len(plain)
    assert list(space.part(1, 3)) == plain[1:3]
    for outside in (-1, len(space)):
        with pytest.raises(IndexError):
            space[outside]


def test_a_space_of_millions_is_told_at_once_and_crosses_processes() -> None:
    steps = tuple(f"alpha={step}" for step in range(1, 2001))
    space = pickle.loads(
        pickle.dumps(Space((Product("v2", (steps, tuple(f"classes={at}" for at in range(1, 2001)))),)))
    )
    assert len(space) == 4_000_000
    assert space[3_999_999] == "v2:alpha=2000,classes=2000"


def test_references_are_the_shortest_of_their_networks() -> None:
    listed = {"alpha": ["0.5", "1", "1.0", "1.4"], "input_shape": ["224", "224x224", "96x128", "32x32x1"]}
    references = list(spread([*named("v2"), *named("ghostnet")], listed).space)
    assert [model_of(reference).reference for reference in references] == references
    assert len(references) == len(set(references)) == 2 * 3 * 3
    assert "mobilenet_v2" in references


def test_what_an_architecture_refuses_is_told() -> None:
    found = spread([named(name)[0] for name in ("v2", "shufflenet_v2", "vgg16")], {"alpha": ["0.3", "0.5"]})
    assert list(found.space) == ["mobilenet_v2:alpha=0.3", "mobilenet_v2:alpha=0.5", "shufflenet_v2:alpha=0.5"]
    assert found.lacking == {"alpha": ["vgg16"]}
    assert found.refused == {"alpha": {"shufflenet_v2": "0.5, 1, 1.5 or 2"}}


POINTS = st.lists(st.tuples(*[st.none() | st.integers(0, 5)] * 3), max_size=25)


@given(POINTS)
def test_a_front_is_of_what_nothing_beats(points: list[tuple[int | None, ...]]) -> None:
    known = [point for point in points if None not in point]
    unbeaten = [
        point
        for point in known
        if not any(all(a <= b for a, b in zip(other, point, strict=True)) and other != point for other in known)  # type: ignore[operator]
    ]
    assert front(points, lambda point: point) == sorted(unbeaten)  # type: ignore[type-var]
