"""The bodies of all architectures: what `bodies.py` holds, computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

from cnncli.analysis.identify.skeleton import above, skeleton
from cnncli.document.numbers import setting
from cnncli.graph import Graph, Node
from cnncli.graph.normal import normal
from cnncli.network import Network, architectures, network

if TYPE_CHECKING:
    from cnncli.models.spec import ModelSpec

SOLVED = (
    "input_shape", "alpha", "width", "depth_multiplier", "include_top", "include_preprocessing", "pooling", "classes",
    "classifier_activation", "dropout",
)  # fmt: skip
"""Options that a body's skeleton does not depend on, or that stand behind it."""


def computed() -> dict[str, tuple[str, ...]]:
    """By a body's digest the references that have it, without the options that are solved for.

    The plainest are first: EfficientNet-B0 before the network that is EfficientNet-B0 unless it is told otherwise.
    """
    found: dict[str, list[tuple[bool, bool, bool, str]]] = {}
    for spec in architectures():
        for flavor in spec.flavor_names:
            for reference in _heads(spec, flavor):
                plainness = ":" in reference, flavor != spec.flavors[0].name, not spec.published, reference
                found.setdefault(_digest(reference, spec.options(flavor)), []).append(plainness)
    return {digest: tuple(each[-1] for each in sorted(found[digest])) for digest in sorted(found)}


def _heads(spec: ModelSpec, flavor: str) -> Iterator[str]:
    """An architecture with each choice among the options that change its skeleton."""
    options = spec.options(flavor)
    names = [name for name in options if name not in SOLVED]
    name = spec.name + ("" if flavor == spec.flavors[0].name else f"@{flavor}")
    for values in product(*(_values(spec, each, options[each]) for each in names)):
        given = [f"{key}={value}" for key, value in zip(names, values, strict=True) if value != setting(options[key])]
        yield f"{name}:{','.join(given)}" if given else name


def _values(spec: ModelSpec, name: str, default: Any) -> list[str]:
    """What an option may be: what is told of it, or what it is in those that are made by the same builder.

    Of a number that others settle, as EfficientNet's depth, further ones between these.
    """
    siblings: list[Any] = [
        each.fixed[name] for each in architectures() if each.build is spec.build and name in each.fixed
    ]
    if siblings and isinstance(default, float):
        siblings += [step / 10 for step in range(1, 41)]
    return list(dict.fromkeys([setting(default), *(list(map(setting, siblings)) or spec.option(name).values)]))


def _digest(reference: str, options: Mapping[str, Any]) -> str:
    return skeleton(above(body(reference, options)))[-1].like


def body(reference: str, options: Mapping[str, Any]) -> Node:
    """The node at which the network ends but for its classifier, in normal form."""
    if "include_top" in options:
        return normal(network(without_top(reference)).graph).nodes[-1]
    graph = normal(network(reference).graph)
    return [node for node in graph.nodes if len(node.shape) == 3][-1]


def without_top(reference: str) -> str:
    return f"{reference}{',' if ':' in reference else ':'}include_top=false"


def all_networks() -> Iterator[Network]:
    """Every architecture with its defaults, in its first flavor."""
    for spec in architectures():
        yield network(spec.name)


def kernels(graph: Graph) -> Iterator[tuple[Any, ...]]:
    """What a graph computes with: of each kernel its kind, its window and its width."""
    for node in graph.nodes:
        if node.window is not None or node.layer.macs(*node.input_shapes):
            yield node.role.value, node.window, node.shape[-1:]
