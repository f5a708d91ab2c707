"""A random part of a space: the same candidates in the same order everywhere, for a seed, and none of them kept."""

from __future__ import annotations

from hashlib import blake2b
from math import isqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cnncli.search.space import Space

ROUNDS = 8
"""Of the shuffle; each mixes one half of a number into the other."""


class Shuffle:
    """The numbers below `count` in a random order, of which any can be asked for by itself.

    A generalized Feistel network over a rectangle that is hardly larger than `count` (J. Black, P. Rogaway, Ciphers
    with Arbitrary Finite Domains, CT-RSA 2002, method 3): what falls beyond is sent through again until it does not.
    Its coins are BLAKE2b's, so that nothing depends on a version of Python.
    """

    def __init__(self, count: int, seed: int) -> None:
        self._count = count
        self._rows = isqrt(max(count - 1, 0)) + 1
        self._columns = -(-count // self._rows) or 1
        self._key = f"{seed}".encode()

    def __getitem__(self, place: int) -> int:
        while True:
            place = self._sent_through(place)
            if place < self._count:
                return place

    def _sent_through(self, number: int) -> int:
        row, column = divmod(number, self._columns)
        for turn in range(0, ROUNDS, 2):
            row = (row + self._coin(turn, column)) % self._rows
            column = (column + self._coin(turn + 1, row)) % self._columns
        return row * self._columns + column

    def _coin(self, turn: int, half: int) -> int:
        return int.from_bytes(blake2b(b"%d %d" % (turn, half), digest_size=16, key=self._key).digest(), "big")


class Sample(NamedTuple):
    """As many candidates of a space, none twice, in an order that `seed` settles: a larger sample begins with it."""

    space: Space
    size: int
    seed: int

    @property
    def heads(self) -> tuple[str, ...]:
        return self.space.heads

    def reference(self, index: int) -> str:
        return self.space[Shuffle(len(self.space), self.seed)[index]]
