"""Weights of which nobody says how they are connected: a table, a row a layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncli.amounts import UNKNOWN
from cnncli.graph import Graph, Weight
from cnncli.graph.layers import Opaque
from cnncli.readers.keras.hdf5 import Object
from cnncli.readers.keras.stores import EARLY, MOST_DEEP, OWN_STATE, Legacy, Place, Saved, Store, variables

KIND = "Weights"


def table(name: str, rows: Sequence[tuple[str, tuple[Weight, ...]]]) -> Graph:
    """A graph of layers that are not connected, each with its weights; those without weights are left out."""
    graph = Graph(name)
    for row, weights in rows:
        if weights:
            graph.add(Opaque(KIND, (UNKNOWN,)), name=row, weights=weights)
    return graph


def legacy_table(name: str, store: Legacy) -> Graph:
    names = list(dict.fromkeys(store.names))
    stores = store.split([Place(each, "") for each in names])
    return table(name, [(each, found.weights() or ()) for each, found in zip(names, stores, strict=True)])


def saved_table(name: str, store: Store) -> Graph:
    """Of a .weights.h5 of Keras 3, whose groups are a layer each, by their names where it has them."""
    rows = [] if not isinstance(store, Saved) else list(_rows(store.group, (), set()))
    counts: dict[str, int] = {}
    named = []
    for row, weights in rows:
        counts[row] = counts.get(row, 0) + 1
        named.append((row if counts[row] == 1 else f"{row}:{counts[row]}", weights))
    return table(name, named)


def _rows(group: Object, path: tuple[str, ...], seen: set[int]) -> Iterator[tuple[str, tuple[Weight, ...]]]:
    """A row for each group that has variables of its own; a group within itself is met once."""
    if group.address in seen or len(path) > MOST_DEEP:
        return
    seen.add(group.address)
    variables = group.children.get("vars")
    if variables and variables.children:
        said = variables.attributes.get("name")
        kept = [each for each in path if each not in ("layers", EARLY)]
        yield (said if isinstance(said, str) and said else ".".join(kept) or "model"), _own(kept, group)
    for name, inner in group.children.items():
        if name not in OWN_STATE and name != "vars":
            yield from _rows(inner, (*path, *name.split("\\")), seen)  # as early versions joined paths on Windows


def _own(path: Sequence[str], group: Object) -> tuple[Weight, ...]:
    """The weights of a group; the statistics of a batch normalization, its last two, are not trained."""
    weights = tuple(variables(group))
    statistics = 2 if path and path[-1].startswith("batch_normalization") else 0
    trained = len(weights) - statistics
    return tuple(weight._replace(trainable=number < trained) for number, weight in enumerate(weights))
