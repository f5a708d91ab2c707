"""Whether another order takes less memory: against every order of small plans, and where it is known by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncli.amounts import UNKNOWN
from cnncli.deployed import Operation, Plan, Tensor, deployed
from cnncli.deployed.lifetimes import peak
from cnncli.deployed.plan import INT8
from cnncli.deployed.reorder import MOST_OPERATIONS, Reordering, reordered
from cnncli.network import network

Wires = list[tuple[list[int], list[int]]]


def plan(sizes: list[int], operations: Wires, inputs: list[int], outputs: list[int]) -> Plan:
    """Of tensors of so many bytes, and of operations that read and write them."""
    return Plan(
        INT8,
        [Tensor(f"tensor{number}", (size,), "int8") for number, size in enumerate(sizes)],
        [],
        [Operation("ADD", tuple(reads), tuple(writes)) for reads, writes in operations],
        tuple(inputs),
        tuple(outputs),
    )


def found(made: Plan) -> Reordering:
    told = reordered(made)
    assert told is not None
    return told


def runs(made: Plan, order: tuple[Operation, ...]) -> bool:
    """Whether everything is there when it is read."""
    there = set(range(len(made.tensors))) - {each for operation in made.operations for each in operation.writes}
    for operation in order:
        if not there.issuperset(operation.reads):
            return False
        there.update(operation.writes)
    return True


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Small ones of any wiring: with several inputs and outputs, and with what is written and never read."""
    given_ = draw(st.integers(1, 2))
    count, sizes, operations = given_, [0] * given_, []
    for _ in range(draw(st.integers(1, 5))):
        reads = draw(st.lists(st.integers(0, count - 1), max_size=3))
        writes = [count + number for number in range(draw(st.sampled_from((1, 1, 1, 2))))]
        operations.append((reads, writes))
        count += len(writes)
    sizes = draw(st.lists(st.integers(1, 9), min_size=count, max_size=count))
    outputs = draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=2, unique=True))
    return plan(sizes, operations, list(range(given_)), outputs)


@settings(max_examples=300, deadline=None)
@given(plans())
def test_no_order_of_a_small_plan_is_lower(made: Plan) -> None:
    told = found(made)
    every = (replace(made, operations=list(order)) for order in permutations(made.operations) if runs(made, order))
    assert told.exact
    assert told.after == min(peak(each).bytes for each in every)
    assert told.before == peak(made).bytes
    assert told.after == peak(told.plan).bytes
    assert runs(made, tuple(told.plan.operations))
    assert sorted(told.plan.operations) == sorted(made.operations)


TWO_BRANCHES = plan(
    [1568, 3136, 1568, 512, 512, 256, 256, 512],
    [([0], [1]), ([1], [2]), ([2], [3]), ([1], [4]), ([3], [5]), ([4], [6]), ([5, 6], [7])],
    [0],
    [7],
)
"""A chain that two branches leave after its first operation, the other with less to compute; by hand."""


def test_a_branch_waits_until_the_other_has_made_little_of_much() -> None:
    told = found(TWO_BRANCHES)
    assert told.before == 3136 + 1568 + 512  # the third operation, while the fourth has not read what the first wrote
    assert told.after == 3136 + 1568 + 256  # the second, when the other branch is done
    assert (told.saved, told.exact) == (256, True)
    assert [operation.writes[0] for operation in told.plan.operations] == [1, 4, 6, 2, 3, 5, 7]


def test_the_short_branch_first() -> None:
    """Of two branches the one whose result is small: held beside the other's largest step it is 1, not 8."""
    made = plan([4, 8, 20, 1, 4], [([0], [1]), ([0], [2]), ([2], [3]), ([1, 3], [4])], [0], [4])
    assert found(made).before == 4 + 8 + 20
    assert found(made).after == 4 + 20 + 1


@pytest.mark.parametrize("reference", ["v1", "v2", "v3_small", "b0", "resnet50", "vgg16"])
def test_no_order_of_a_chain_is_lower(reference: str) -> None:
    made = deployed(network(reference).graph)
    told = found(made)
    assert told.exact
    assert told.saved == 0
    assert told.plan is made


def test_cells_of_nasnet_can_wait_for_each_other() -> None:
    """And all that matters is tried, though nothing parts its cells: each reads the two before it."""
    for reference in ("nasnet_mobile", "nasnet_large"):
        made = deployed(network(reference).graph)
        told = found(made)
        assert told.exact
        assert 0.05 < told.saved / told.before < 0.2
        assert runs(made, tuple(told.plan.operations))


def test_what_nobody_can_say() -> None:
    made = plan([1, 1], [([0], [1])], [0], [1])
    assert reordered(replace(made, tensors=[made.tensors[0], Tensor("open", (UNKNOWN,), "int8")])) is None
    assert reordered(replace(made, uncounted=(0,))) is None
    assert reordered(replace(made, operations=[])) is None


def test_more_branches_than_can_be_tried() -> None:
    """It ends soon, with an order that is none the worse, and says that it is not known to be the best."""
    branches, length = 12, 5
    sizes, operations, ends = [100], [], []
    for branch in range(branches):
        before = 0
        for step in range(length):
            sizes.append(1 + (branch * 7 + step * 13 + branch * step * step * 5) % 97)
            operations.append(([before], [len(sizes) - 1]))
            before = len(sizes) - 1
        ends.append(before)
    made = plan([*sizes, 1], [*operations, (ends, [len(sizes)])], [0], [len(sizes)])
    told = found(made)
    assert not told.exact
    assert told.floor < told.after < told.before
    assert runs(made, tuple(told.plan.operations))


def test_a_plan_of_very_many_operations_stays_as_it_is() -> None:
    many = MOST_OPERATIONS + 1
    made = plan([1] * (many + 1), [([place], [place + 1]) for place in range(many)], [0], [many])
    told = found(made)
    assert told.plan is made
    assert not told.exact


def test_a_tensor_that_is_written_again_keeps_its_users_in_their_order() -> None:
    """As a variable in a file: what reads the first content runs before what writes the second."""
    made = plan([1, 9, 5, 1], [([0], [1]), ([1], [2]), ([0], [1]), ([1, 2], [3])], [0], [3])
    assert found(made).plan.operations == made.operations
