"""What a network's ideas save and add, in words: tables of all of them, and one place of each written out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from cnncli.amounts import is_known
from cnncli.analysis.explain.additions import Added, Addition
from cnncli.analysis.explain.arithmetic import Quotient, Sum, product, total, value_of
from cnncli.analysis.explain.ideas import Idea, Saved, Saving
from cnncli.analysis.explain.network import Explanation
from cnncli.analysis.explain.products import Factors, Fractions, Side, ratio
from cnncli.document.document import Section
from cnncli.document.numbers import grouped, scaled, setting, shape, share
from cnncli.document.table import Column, Table
from cnncli.views.board import written
from cnncli.views.fitting import fitting


class Words(NamedTuple):
    """An idea, what stands elsewhere in its place, and the formula of what it takes of that."""

    title: str
    plain: str
    formula: str = ""


IDEAS = {
    Idea.SEPARABLE: Words(
        "Depthwise separable convolution",
        "a full convolution",
        "1/N + 1/k^2, of N filters and a kernel of k x k, however many channels it reads",
    ),
    Idea.INVERTED: Words("Inverted bottleneck", "one with a full convolution"),
    Idea.FUSED: Words("Fused inverted bottleneck", "1x1 and depthwise convolution"),
    Idea.BOTTLENECK: Words("Bottleneck", "two convolutions at full width"),
    Idea.REDUCTION: Words("1x1 reduction", "a convolution of all channels"),
    Idea.FIRE: Words("Squeeze and expand", "a full convolution"),
    Idea.GROUPED: Words("Grouped convolution", "one of all channels", "1/g, of g groups"),
    Idea.FACTORIZED: Words("Factorized kernel", "a square kernel", "2/k, of k x k, where all widths are equal"),
    Idea.STACKED: Words(
        "Stacked kernels",
        "a large kernel that sees as far",
        "n k^2/K^2, of n kernels of k x k that see K x K, where all widths are equal",
    ),
    Idea.PARALLEL: Words("Parallel kernels", "the one that they can become"),
    Idea.CHEAP: Words("Features from features", "1x1 convolution to all"),
    Idea.POOLED: Words("Global pooling", "a classifier of every cell", "1/(h w), of a map of h x w"),
}
ADDITIONS = {
    Addition.GATE: "Squeeze-and-excitation",
    Addition.RESIDUAL: "Residual additions",
    Addition.PROJECTION: "Projected shortcuts",
    Addition.DENSE_CONNECTION: "Dense connections",
    Addition.BRANCHES: "Concatenated branches",
    Addition.SHUFFLE: "Channel shuffles",
}
DOES = {
    Addition.RESIDUAL: "added",
    Addition.DENSE_CONNECTION: "copied",
    Addition.BRANCHES: "copied",
    Addition.SHUFFLE: "moved",
}
"""What becomes of cells."""
KERNELS_ALONE = "Kernels alone are counted, without biases and normalization, as the papers do."


def savings_sections(found: Explanation, width: int) -> list[Section]:
    """Nothing of a network that does nothing otherwise than plainly."""
    sections: list[Section] = []
    if found.saved:
        sections += [savings_table(found, width), *(written_out(found, saved) for saved in found.saved)]
    if found.scaled:
        sections.append(scaled_table(found, width))
    if found.added:
        sections.append(additions_table(found, width))
    return sections


# All ideas.


def savings_table(found: Explanation, width: int) -> Table:
    """What each idea takes here and what it would plainly, in all its places."""
    table = Table(COLUMNS, found.saved, "What its ideas save", notes=[KERNELS_ALONE])
    return fitting(table, width, ("instead",), ("params", "plain_params", "params_ratio"), ("macs", "plain_macs"))


def less(here: Any, plain: Any) -> str:
    """`8.84x less`, `3.20x more`; `?` of what is not known."""
    found = ratio(here, plain)
    if not found:
        return "?"
    if f"{found:.2f}" == "1.00":
        return "as many" if found == 1 else "about as many"
    return f"{1 / found:.2f}x less" if found < 1 else f"{found:.2f}x more"


COLUMNS = (
    Column("idea", "Idea", lambda saved: saved.idea, text=lambda idea: IDEAS[idea].title),
    Column("places", "Places", lambda saved: len(saved.places), True),
    Column("instead", "Instead of", lambda saved: IDEAS[saved.idea].plain),
    Column("macs", "MACs", lambda saved: saved.here.macs, True, scaled),
    Column("plain_macs", "Plainly", lambda saved: saved.plain.macs, True, scaled),
    Column("macs_ratio", "Saves", lambda saved: less(saved.here.macs, saved.plain.macs), True),
    Column("params", "Weights", lambda saved: saved.here.params, True, scaled),
    Column("plain_params", "Plainly", lambda saved: saved.plain.params, True, scaled),
    Column("params_ratio", "Saves", lambda saved: less(saved.here.params, saved.plain.params), True),
)


# One place of each.


class Line(NamedTuple):
    """A line of arithmetic: of what, how it is reckoned, and what comes out."""

    what: str
    reckoned: str
    result: str


def written_out(found: Explanation, saved: Saved) -> Table:
    """An idea at the place that there are most of, in products that one can check, and the network without it."""
    example, words = saved.example, IDEAS[saved.idea]
    columns = [
        Column("what", "", lambda row: row.what),
        Column("reckoned", "Reckoned", lambda row: row.reckoned),
        Column("result", "Comes to", lambda row: row.result, True),
    ]
    title = f"{words.title} instead of {words.plain}: {_where(saved)}"
    formula = [f"The share is {law}."] if (law := _formula(example)) else []
    return Table(columns, list(sums(example)), title, notes=[*formula, *_network(found, saved)])


def _formula(saving: Saving) -> str:
    """In words the formula of a share on maps; nothing where it does not hold, or where k x k would be wrong."""
    extent = saving.plain.kernels[0].extent
    if not saving.formula or len(extent) != AXES or (saving.idea in SQUARE and len(set(extent)) > 1):
        return ""
    in_groups = saving.idea is Idea.SEPARABLE and len(saving.formula[-1][1]) > AXES
    return SEPARABLE_IN_GROUPS if in_groups else IDEAS[saving.idea].formula


AXES = 2
SQUARE = (Idea.SEPARABLE, Idea.STACKED, Idea.FACTORIZED)
"""Ideas whose formulas are told of square kernels."""
SEPARABLE_IN_GROUPS = "1/N + 1/(g k^2), of N filters, a kernel of k x k, and a 1x1 convolution in g groups"


def sums(saving: Saving) -> Iterator[Line]:
    """The weights where not each of them is used once, so that they are reckoned as the MACs are."""
    here, plain = saving.here, saving.plain
    yield _sum("MACs", [kernel.uses for kernel in here.kernels])
    yield _sum("Plainly", [kernel.uses for kernel in plain.kernels])
    share = ratio(here.macs, plain.macs)
    if share is not None:
        quotient = written(Quotient(here.macs, plain.macs))
        formula = f"{fractions(saving.formula)} = " if saving.formula else ""
        yield Line("Share", formula + quotient, f"{share:.4g}")
    if any(kernel.uses != kernel.factors for kernel in (*here.kernels, *plain.kernels)):
        yield _sum("Weights", [kernel.factors for kernel in here.kernels])
        yield _sum("Plainly", [kernel.factors for kernel in plain.kernels])


def _sum(what: str, products: Sequence[Factors]) -> Line:
    """`3*3*512 + 512*512 = 4,608 + 262,144`, which comes to 266,752."""
    terms = [product(*factors) for factors in products]
    parts = list(map(value_of, terms))
    between = f" = {written(Sum(tuple(parts)))}" if len(parts) > 1 and all(map(is_known, parts)) else ""
    return Line(what, written(total(*terms)) + between, grouped(value_of(total(*parts))))


def _where(saved: Saved) -> str:
    """`stage4.block2, as in 5 of 13 places`."""
    count = len(saved.places)
    if count == 1:
        return saved.example.place
    alike = f"as in {saved.alike} of {count} places" if saved.alike > 1 else f"one of {count} places"
    return f"{saved.example.place}, {alike}"


def fractions(parts: Fractions) -> str:
    """`1/512 + 1/(3*3)`."""
    return written(total(*(Quotient(number, product(*factors)) for number, factors in parts))) if parts else ""


def _network(found: Explanation, saved: Saved) -> Iterator[str]:
    """The whole network with what is plain in all places of an idea."""
    amounts = [
        (found.macs_without(saved), found.totals["macs"], "MACs"),
        (found.params_without(saved), found.totals["params"], "params"),
    ]
    if all(is_known(plain) for plain, _, _ in amounts):
        said = [f"{grouped(plain)} {unit} instead of {grouped(here)}" for plain, here, unit in amounts]
        places = "" if len(saved.places) == 1 else f" in all {len(saved.places)} places"
        yield f"Plainly{places}, the network would have {' and '.join(said)}."


# The multipliers.


class Made(NamedTuple):
    """A place of an idea: what it is, its map, what it takes, and what it is compared with."""

    what: str
    map: Sequence[Any]
    side: Side
    plain: Side


def scaled_table(found: Explanation, width: int) -> Table:
    """The example plainly, here, and in the network made thinner and smaller."""
    saving = _example(found)
    output = saving.nodes[-1].shape
    rows = [
        Made(IDEAS[saving.idea].plain, output, saving.plain, saving.plain),
        Made(IDEAS[saving.idea].title.lower(), output, saving.here, saving.plain),
    ]
    for each in found.scaled:
        given = ", ".join(f"{name}={setting(value)}" for name, value in each.given.items())
        rows.append(Made(given, each.saving.nodes[-1].shape, each.saving.here, saving.plain))
    columns = [
        Column("what", "As", lambda made: made.what),
        Column("output_shape", "Output", lambda made: made.map, text=shape),
        Column("macs", "MACs", lambda made: made.side.macs, True, scaled),
        Column("params", "Weights", lambda made: made.side.params, True, scaled),
        Column("share", "Of plain", lambda made: share(made.side.macs, made.plain.macs), True),
    ]
    table = Table(columns, rows, f"{saving.place} under the multipliers")
    return fitting(table, width, ("output_shape", "share"))


def _example(found: Explanation) -> Saving:
    """The place here that those of the other networks are the same as."""
    name, idea = found.scaled[0].saving.name, found.scaled[0].saving.idea
    places = (saving for saved in found.saved for saving in saved.places)
    return next(saving for saving in places if (saving.name, saving.idea) == (name, idea))


# What is added.


def additions_table(found: Explanation, width: int) -> Table:
    totals = found.totals
    none = not any(is_known(added.params) and added.params for added in found.added)
    columns = [
        Column("what", "Idea", lambda added: added.addition, text=lambda addition: ADDITIONS[addition]),
        Column("count", "Places", lambda added: added.count, True),
        Column("params", "Weights", lambda added: added.params, True, _or_none),
        *([] if none else [Column("params_share", "%", lambda added: _share(added.params, totals["params"]), True)]),
        Column("macs", "MACs", lambda added: added.macs, True, _or_none),
        *([] if none else [Column("macs_share", "%", lambda added: _share(added.macs, totals["macs"]), True)]),
        Column("cells", "Cells", _cells),
    ]
    table = Table(columns, found.added, "What its ideas add")
    return fitting(table, width, ("params_share", "macs_share"), ("count",), ("params",))


def _share(part: Any, whole: Any) -> str:
    return "" if is_known(part) and not part else share(part, whole)


def _or_none(amount: Any) -> str:
    return "none" if is_known(amount) and not amount else scaled(amount)


def _cells(added: Added) -> str:
    return "" if added.cells is None else f"{scaled(added.cells)} {DOES[added.addition]}"
