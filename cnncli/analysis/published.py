"""Published figures held against those that are computed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

from cnncli.amounts import is_known
from cnncli.analysis.metrics import Totals
from cnncli.network import of_model, of_published
from cnncli.written import Figure, read_figure

if TYPE_CHECKING:
    from cnncli.models.reference import Model
    from cnncli.models.spec import Published


class Verdict(str, Enum):
    """What a published figure is beside the computed one: the first of these that holds."""

    AGREES = "agrees"
    """The computed figure rounds to it: they are half a unit of its last digit apart at most."""
    CUT = "digits cut"
    """The computed figure begins with its digits, and is less than a unit of the last one above it."""
    ERRATUM = "erratum"
    """It is another, and those who published it or the network's code say why."""
    DIFFERS = "differs"
    """It is another, and nothing says why."""


@dataclass(frozen=True)
class Claim:
    """A figure that somebody published of a network, and the one that is computed of it.

    `key` is the figure's, `written` how it was written; `model` is the network with the options and of the flavor that
    the figure is of.
    """

    model: Model
    published: Published
    key: str
    written: str
    computed: Any

    @property
    def figure(self) -> Figure:
        return read_figure(self.written)

    @property
    def difference(self) -> Fraction | None:
        """By how much the computed figure is larger; None where it is not known."""
        return self.computed - self.figure.value if is_known(self.computed) else None

    @property
    def verdict(self) -> Verdict:
        more, unit = self.difference, self.figure.unit
        if more is not None and 2 * abs(more) <= unit:
            return Verdict.AGREES
        if more is not None and 0 < more < unit:
            return Verdict.CUT
        return Verdict.ERRATUM if self.published.erratum else Verdict.DIFFERS


def claims(model: Model) -> Iterator[Claim]:
    """Every figure that was published of a network, or with the defaults of its variants too; of a flavor that is not
    the architecture's first those of that flavor.
    """
    told = [each for each in model.spec.published if each.figures and _is_of(each, model)]
    for _, members in groupby(told, key=lambda each: (each.flavor, each.options)):
        these = list(members)
        meant = of_published(model.spec, these[0])
        totals = Totals(of_model(meant).graph)
        for each in these:
            yield from (Claim(meant, each, key, text, totals[key]) for key, text in each.figures.items())


def _is_of(published: Published, model: Model) -> bool:
    given = model.given
    of_flavor = published.flavor == model.flavor or model.flavor == model.spec.flavors[0].name
    return of_flavor and (not given or published.options == given)
