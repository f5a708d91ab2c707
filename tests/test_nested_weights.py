"""The order of layers in a file with models within models, as plain data."""

from __future__ import annotations

import pytest

from cnncli.keras_model.nested import MOST_STEPS, Array, Held, Stored, Wanted, in_order

CONV, NORM, DENSE = (3, 3, 8, 8), (8,), (8, 8)


def layer(name: str, *shapes: tuple[int, ...]) -> Stored:
    return Stored(name, [Array(shape, "float32", None) for shape in shapes])


def names(held: Held, *wanted: Wanted) -> list[str]:
    return [stored.name for stored in in_order(held, wanted)]


def test_layers_of_one_model_are_in_order_by_class() -> None:
    held = Held({"conv2d": [layer("a", CONV), layer("c", CONV)], "dense": [layer("b", DENSE)]})
    conv, dense = Wanted("conv2d", [CONV]), Wanted("dense", [DENSE])
    assert names(held, conv, dense, conv) == ["a", "b", "c"]
    assert names(held, conv, dense) == ["a", "b", "c"]  # c is left over
    assert names(held, dense, dense) == ["b", "dense", "a", "c"]  # the second is not there


def test_an_inner_models_layers_follow_each_other() -> None:
    """Of normalizations of the same shape it has the one beside its convolution."""
    inner = Held({"conv2d": [layer("inner conv", CONV)], "norm": [layer("inner norm", NORM)]})
    norms, denses = [layer("first", NORM), layer("last", NORM)], [layer("dense", DENSE), layer("dense 1", DENSE)]
    held = Held({"norm": norms, "dense": denses}, {"sequential": [inner]})
    norm, conv, dense = Wanted("norm", [NORM]), Wanted("conv2d", [CONV]), Wanted("dense", [DENSE])
    found = names(held, norm, dense, norm, conv, dense, norm)
    assert found == ["first", "dense", "inner norm", "inner conv", "dense 1", "last"]


def test_models_of_a_class_are_in_order_and_nest() -> None:
    innermost = Held({"dense": [layer("innermost", (4, 2))]})
    inner = Held({"dense": [layer("inner", (2, 3))]}, {"sequential": [innermost]})
    other = Held({"dense": [layer("other", (4, 2))]})
    held = Held({"dense": [layer("outer", (3, 4))]}, {"sequential": [inner, other]})
    wanted = [Wanted("dense", [shape]) for shape in ((4, 2), (2, 3), (3, 4), (4, 2))]
    assert names(held, *wanted) == ["innermost", "inner", "outer", "other"]


def test_two_orders_that_fit_are_none() -> None:
    held = Held({"dense": [layer("outer", DENSE)]}, {"sequential": [Held({"dense": [layer("inner", DENSE)]})]})
    with pytest.raises(ValueError, match="whose order it does not tell"):
        names(held, Wanted("dense", [DENSE]), Wanted("dense", [DENSE]))


def test_the_order_that_fits_best_says_what_does_not_fit() -> None:
    """Another width of the outer layer is told of it, though the inner one's place is then known by its own alone."""
    held = Held({"dense": [layer("outer", (8, 4))]}, {"sequential": [Held({"dense": [layer("inner", (4, 8))]})]})
    assert names(held, Wanted("dense", [(4, 8)]), Wanted("dense", [(8, 5)])) == ["inner", "outer"]
    assert names(held, Wanted("dense", [(4, 8)])) == ["inner", "outer"]  # left over


def test_a_file_of_very_many_kinds_of_models_is_given_up() -> None:
    kinds = {f"kind{number}": [Held({"dense": [layer(str(number), DENSE)]})] for number in range(40)}
    with pytest.raises(ValueError, match="so many models"):
        names(Held({}, kinds), *[Wanted("dense", [DENSE])] * 40)
    assert MOST_STEPS < 2**40


def test_blocks_that_are_each_a_model_are_put_in_order() -> None:
    """A model for every three layers of a network of 300, and one layer of the same class behind each."""
    blocks = [
        Held({"conv2d": [layer(f"conv{n}", (1, 1, n, 9))], "norm": [layer(f"norm{n}", (9,))]}) for n in range(100)
    ]
    held = Held({"conv2d": [layer(f"outer{n}", (3, 3, 9, n)) for n in range(100)]}, {"sequential": blocks})
    wanted = [
        each
        for n in range(100)
        for each in (Wanted("conv2d", [(1, 1, n, 9)]), Wanted("norm", [(9,)]), Wanted("conv2d", [(3, 3, 9, n)]))
    ]
    assert names(held, *wanted) == [name for n in range(100) for name in (f"conv{n}", f"norm{n}", f"outer{n}")]
