"""The bodies of the registry's networks, by the digests of their skeletons.

`bodies` works them all out, which takes seconds; what it found is written down in `table.py`, and a test holds the two
equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncli.analysis.identify.skeleton import Bone, Skeleton
from cnncli.document.numbers import setting
from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.graph.normal import normal
from cnncli.network import architectures, model_of
from cnncli.readers.folding import folded

if TYPE_CHECKING:
    from cnncli.models.reference import Model

HEAD = frozenset({"input_shape", "include_top", "pooling", "classes", "classifier_activation"})
"""Options that decide what comes in and what stands behind the body."""
UNSEEN = frozenset({"dropout", "include_preprocessing"})
"""Options that leave no trace in the normal form."""
WIDTHS = ("alpha", "width")
"""Options that scale the widths of layers, which alone tell them."""
MULTIPLIER = "depth_multiplier"
"""The option that depthwise kernels tell themselves."""
FEW = (0.05, 0.1, 0.25, 0.35, 0.5, 0.75, 1.5, 2.0)
"""Values of widths of which one may make another skeleton, as where a map has a single channel."""
STEPS = sorted((step / 10 for step in range(1, 41)), key=lambda value: (value != int(value), value))
"""Values of depths that are tried, the simplest first."""


def skeleton_of(graph: Graph) -> Skeleton:
    return Skeleton(normal(folded(graph)))


def body_graph(model: Model) -> Graph:
    """The network without a classifier and what pools for it, where there is an option for that.

    Raises UsageError where the options make a network that cannot exist.
    """
    without = {"include_top": False, "pooling": None}
    told = {name: value for name, value in without.items() if "include_top" in model.options and name in model.options}
    return replace(model, options={**model.options, **told}).graph()


def body(model: Model) -> tuple[Skeleton, Bone]:
    """The skeleton and where in it the body ends. Raises UsageError where there is no such network."""
    found = skeleton_of(body_graph(model))
    return found, found.end if "include_top" in model.options else found.trunk


class Known(NamedTuple):
    """An architecture whose body has some skeleton, and how wide it is with just these options."""

    reference: str
    width: int


def every_body() -> Iterator[tuple[str, Model, int]]:
    """The digest of each body that there may be, with its network and width; of depths the simplest first."""
    for spec in architectures():
        for flavor in spec.flavors:
            plain = model_of(f"{spec.name}@{flavor.name}")
            for options in _choices(plain):
                model = replace(plain, options={**plain.options, **options})
                try:
                    skeleton, end = body(model)
                except UsageError:
                    continue
                yield end.digest, model, skeleton.width(end)


def _choices(model: Model) -> Iterator[dict[str, Any]]:
    """The options that may have a say in the skeleton: those of a few values together, scales one at a time."""
    names = [name for name in model.options if name not in {*HEAD, *UNSEEN, *WIDTHS, MULTIPLIER, "depth"}]
    for values in product(*(_values(model, name) for name in names)):
        yield dict(zip(names, values, strict=True))
    scales = [name for name in WIDTHS if name in model.options]
    yield from ({name: value} for name in scales for value in FEW if allows(model, name, value))
    yield from ({"depth": value} for value in STEPS if "depth" in model.options)


def allows(model: Model, name: str, value: Any) -> bool:
    """Whether an option may be this."""
    try:
        model.spec.option(name).read(setting(value))
    except ValueError:
        return False
    return True


def _values(model: Model, name: str) -> list[Any]:
    """What an option of a few values may be, the default first."""
    option = model.spec.option(name)
    return list(dict.fromkeys([model.options[name], *map(option.read, option.values)]))


def _order(known: Known) -> tuple[bool, bool]:
    """Those that name a network first, not a way to scale one; then those without options."""
    return "depth" in model_of(known.reference).options, ":" in known.reference


def bodies() -> Mapping[str, tuple[Known, ...]]:
    """By digest the networks that have such a body, those without options first; of some depths or widths one."""
    found: dict[str, dict[str, Known]] = {}
    for digest, model, width in every_body():
        defaults = model.spec.options(model.flavor)
        plain = {name: defaults[name] for name in (*WIDTHS, "depth") if name in model.options}
        kind = replace(model, options={**model.options, **plain}).reference
        found.setdefault(digest, {}).setdefault(kind, Known(model.reference, width))
    return {digest: tuple(sorted(alike.values(), key=_order)) for digest, alike in sorted(found.items())}


HEADING = """\
\"\"\"The bodies of the registry's networks: digest, reference, and how many channels the body's kernels have.

Made by `registry.written`; a test holds it equal to what the registry says.
\"\"\"

from __future__ import annotations

ROWS: tuple[tuple[str, str, int], ...] = ("""
ENDING = """\
)  # fmt: skip

BODIES: dict[str, list[tuple[str, int]]] = {}
for _digest, _reference, _width in ROWS:
    BODIES.setdefault(_digest, []).append((_reference, _width))
"""


def written(table: Mapping[str, tuple[Known, ...]]) -> str:
    """The module that holds the table."""
    rows = [(digest, each) for digest, alike in table.items() for each in alike]
    lines = [f'    ("{digest}", "{each.reference}", {each.width}),' for digest, each in rows]
    return "\n".join([HEADING, *lines, ENDING])
