"""Whether another order of the operations would take less memory: branches can wait for each other.

Liberis and Lane 2019, "Neural networks on microcontrollers: saving memory at inference via operator reordering"
(arXiv:1910.05110): what is held depends on which operations have run, not on their order, so that the best order is a
way through the sets of operations that can have run. It is searched best first, through few of these sets:

- No way is below what an operation itself takes with all that must be held across it: the floor.
- An operation that has all others before or behind it is passed by each way, and parts the others in regions.
- An operation that leaves no more than it found, and takes no more than was taken already, is run at once: what is held
  is submodular in what has run (each operation's output counts once, and goes with its last reader), so that to run it
  earlier never makes a later set larger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from cnncli.amounts import is_known
from cnncli.deployed.lifetimes import peak
from cnncli.deployed.plan import Plan

MOST_OPERATIONS = 10_000
"""Of a plan whose branches are looked at: each operation takes a bit for every other one."""
MOST_STEPS = 20_000
"""Operations that are tried while the best way is searched; beyond it a way is taken that is found quickly, in as many
steps again."""
BREADTH = 8
"""How many ways are followed at once where not all of them can be."""


class Reordering(NamedTuple):
    """The plan in the order that was found, and that order by the operations' places in the plan's own.

    The peak of live bytes in the plan's own order and in this one, and what no order is below.
    """

    plan: Plan
    places: tuple[int, ...]
    before: int
    after: int
    floor: int

    @property
    def exact(self) -> bool:
        """Whether no order is lower; else it is only not known of any."""
        return self.after == self.floor

    @property
    def saved(self) -> int:
        return self.before - self.after


def reordered(plan: Plan) -> Reordering | None:
    """The order with the lowest peak that is found; the plan's own unless another is lower.

    What is computed stays the same: each operation runs behind those whose outputs it reads. None where a size is
    unknown, or an operation, or where there is none.
    """
    if plan.uncounted or not plan.operations or not all(is_known(tensor.bytes) for tensor in plan.tensors):
        return None
    own, before = tuple(range(len(plan.operations))), peak(plan).bytes
    if len(plan.operations) > MOST_OPERATIONS:
        return Reordering(plan, own, before, before, 0)
    order, floor = _Branches(plan).lowest()
    found = replace(plan, operations=[plan.operations[place] for place in order])
    after = peak(found).bytes
    if after < before:
        return Reordering(found, tuple(order), before, after, floor)
    return Reordering(plan, own, before, before, floor)


class _State(NamedTuple):
    """Operations that have run and those that can be run next, as bits, and the bytes that are held."""

    done: int
    ready: int
    held: int


class _Way(NamedTuple):
    """A way to a state: its last operation, the way up to there, and the most bytes that are held on it."""

    state: _State
    peak: int
    before: _Way | None = None
    place: int = -1

    def order(self) -> tuple[int, ...]:
        places, way = [], self
        while way.before:
            places.append(way.place)
            way = way.before
        return tuple(reversed(places))


class _Found(NamedTuple):
    """Of a region the best order that was found, None where none is lower than its own, and what no order is below."""

    order: tuple[int, ...] | None
    floor: int


class _Branches:
    """A plan's operations as sets of bits: which wait for which, and what each takes and leaves."""

    def __init__(self, plan: Plan) -> None:
        self.operations, self.count = plan.operations, len(plan.operations)
        self.sizes = plan.sizes
        self.kept = frozenset(plan.outputs)
        self.users, self.writer = _uses(plan)
        self.waits, self.leads = _wires(plan)
        self.before = _reached(range(self.count), self.waits)
        self.behind = _reached(reversed(range(self.count)), self.leads)
        self.taken = [0] * self.count
        for tensor, place in self.writer.items():
            self.taken[place] += self.sizes[tensor]
        given = [tensor for tensor in range(len(self.sizes)) if tensor not in self.writer]
        held = {tensor for tensor in given if self.users[tensor] or tensor in self.kept}
        self.given = sum(self.sizes[tensor] for tensor in held)
        self.unread = sum(self.sizes[tensor] for tensor in given if tensor not in held)
        """What nothing reads lives while the first operation runs, whichever it is."""

    def lowest(self) -> tuple[list[int], int]:
        """The best order of all operations that was found, and what none is below."""
        order = list(range(self.count))
        states, peaks = self._as_they_are()
        floor = self._floor()
        regions = list(self._regions())
        fixed = [peaks[place] for place in range(self.count) if not any(place in region for region in regions)]
        floor = max([floor, *fixed])
        for region in sorted(regions, key=lambda region: -max(peaks[region.start : region.stop])):
            own = max(peaks[region.start : region.stop])
            if own > floor:
                found = _Search(self, states[region.start], region, own, floor).lowest()
                floor = max(floor, found.floor)
                order[region.start : region.stop] = found.order or region
        return order, floor

    def _as_they_are(self) -> tuple[list[_State], list[int]]:
        """In the plan's order the state before each operation, and the bytes that it takes with all that is held."""
        ready = sum(1 << place for place in range(self.count) if not self.waits[place])
        states, peaks = [_State(0, ready, self.given)], []
        for place in range(self.count):
            peaks.append(self._with(states[-1], place))
            states.append(self._ran(states[-1], place))
        return states, peaks

    def _with(self, state: _State, place: int) -> int:
        """What is held while an operation runs."""
        return state.held + self.taken[place] + (0 if state.done else self.unread)

    def _ran(self, state: _State, place: int) -> _State:
        """The state behind an operation: what it wrote is held, what nothing reads any more is not."""
        done = state.done | 1 << place
        held = state.held + self.taken[place]
        operation = self.operations[place]
        for tensor in {*operation.reads, *operation.writes}:
            if not self.users[tensor] & ~done and tensor not in self.kept:
                held -= self.sizes[tensor]
        ready = state.ready & ~(1 << place)
        for other in _bits(self.leads[place]):
            if not self.waits[other] & ~done:
                ready |= 1 << other
        return _State(done, ready, held)

    def step(self, way: _Way, place: int) -> _Way:
        """A way with an operation more."""
        return _Way(self._ran(way.state, place), max(way.peak, self._with(way.state, place)), way, place)

    def _floor(self) -> int:
        """The most that an operation takes with what is held across it in any order.

        That is what was written before it for sure, or given, and is needed by it or for sure behind it.
        """
        least = [0] * self.count
        everything = (1 << self.count) - 1
        for tensor, size in enumerate(self.sizes):
            writer = self.writer.get(tensor)
            since = everything if writer is None else self.behind[writer] | 1 << writer
            until = self.users[tensor]
            for user in _bits(self.users[tensor]):
                until |= self.before[user]
            for place in _bits(since if tensor in self.kept else since & until):
                least[place] += size
        return max(least)

    def _regions(self) -> Iterator[range]:
        """Runs of more than one operation between those that have all others before or behind them."""
        start = 0
        everything = (1 << self.count) - 1
        for place in range(self.count + 1):
            if place == self.count or self.before[place] | self.behind[place] | 1 << place == everything:
                if place - start > 1:
                    yield range(start, place)
                start = place + 1


class _Search:
    """Of a region, which begins with a state, the ways to its end that take less than its own order, `own`.

    What takes no more than `floor` counts as nothing: some operation takes as much in any order.
    """

    def __init__(self, branches: _Branches, start: _State, region: range, own: int, floor: int) -> None:
        self.branches, self.own = branches, own
        self.start = _Way(start, floor)
        self.end = (1 << region.stop) - 1
        self.tried = 0

    def lowest(self) -> _Found:
        """The best first. Where there are too many sets, a way that is found quickly."""
        best: dict[int, int] = {}
        seen: set[int] = set()
        number = count()
        waiting = [(self.start.peak, 0, next(number), self.start)]
        while waiting:
            least, _, _, way = heappop(waiting)
            done = way.state.done
            if done == self.end:
                return _Found(way.order(), least)
            if self.tried > MOST_STEPS:
                return _Found(self.quick(), least)
            if done in seen:
                continue
            seen.add(done)
            for step in self.steps(way):
                if step.peak < best.get(step.state.done, self.own):
                    best[step.state.done] = step.peak
                    heappush(waiting, (step.peak, -step.state.done.bit_count(), next(number), step))
        return _Found(None, self.own)

    def quick(self) -> tuple[int, ...] | None:
        """Of ways that grow side by side the best few are followed."""
        ways = [self.start]
        while ways and self.tried < 2 * MOST_STEPS:
            grown: dict[int, _Way] = {}
            for way in ways:
                for step in self.steps(way):
                    other = grown.get(step.state.done)
                    if other is None or step.peak < other.peak:
                        grown[step.state.done] = step
            if self.end in grown:
                return grown[self.end].order()
            ways = sorted(grown.values(), key=lambda way: (way.peak, way.state.held))[:BREADTH]
        return None

    def steps(self, way: _Way) -> list[_Way]:
        """A way's continuations that take less than the region's own order: one that costs nothing alone."""
        found = []
        for place in _bits(way.state.ready & self.end):
            step = self.branches.step(way, place)
            self.tried += 1
            free = self.free(way, step)
            if free:
                return [free]
            if step.peak < self.own:
                found.append(step)
        return found

    def free(self, way: _Way, step: _Way) -> _Way | None:
        """The step and what it alone leads to, up to where no more is held than before; None where that takes more."""
        ready = way.state.ready
        while step.peak <= way.peak:
            if step.state.held <= way.state.held:
                return step
            opened = step.state.ready & ~ready & self.end
            if opened.bit_count() != 1:
                return None
            ready, step = step.state.ready, self.branches.step(step, opened.bit_length() - 1)
        return None


def _uses(plan: Plan) -> tuple[list[int], dict[int, int]]:
    """Of each tensor all operations that read or write it, as bits; of those that are not given the first writer."""
    users = [0] * len(plan.tensors)
    first: dict[int, int] = {}
    for place, operation in enumerate(plan.operations):
        for tensor in (*operation.reads, *operation.writes):
            users[tensor] |= 1 << place
        for tensor in operation.writes:
            first.setdefault(tensor, place)
    return users, {tensor: place for tensor, place in first.items() if tensor not in plan.inputs}


def _wires(plan: Plan) -> tuple[list[int], list[int]]:
    """Of each operation those that it waits for, and those that wait for it, as bits.

    It waits for all that wrote what it reads, and where it writes over what was used, for its users.
    """
    count = len(plan.operations)
    waits, leads = [0] * count, [0] * count
    wrote, used = [0] * len(plan.tensors), [0] * len(plan.tensors)
    for place, operation in enumerate(plan.operations):
        for tensor in operation.reads:
            waits[place] |= wrote[tensor]
        for tensor in operation.writes:
            waits[place] |= used[tensor]
        for tensor in operation.writes:
            wrote[tensor] |= 1 << place
        for tensor in (*operation.reads, *operation.writes):
            used[tensor] |= 1 << place
        for other in _bits(waits[place]):
            leads[other] |= 1 << place
    return waits, leads


def _reached(places: Iterable[int], wires: Sequence[int]) -> list[int]:
    """Of each operation all that are reached from it along the wires, as bits; those it leads to come first."""
    found = [0] * len(wires)
    for place in places:
        for other in _bits(wires[place]):
            found[place] |= 1 << other | found[other]
    return found


def _bits(bits: int) -> Iterator[int]:
    """The places of the ones, the lowest first."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
