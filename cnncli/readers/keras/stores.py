"""Where a Keras file, or a model in memory, keeps the weights of its layers: each way of keeping is a store."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from cnncli.graph import Weight
from cnncli.graph.layer import snake_case
from cnncli.readers.keras.hdf5 import MOST_PIECES, Object

STATISTICS = frozenset({"moving_mean", "moving_variance", "moving_std", "mean", "variance", "count"})
"""Weights that no training changes, by their names."""


class Place(NamedTuple):
    """A layer among those of its model; its class is empty where it is a function, which has no weights."""

    name: str
    kind: str
    is_model: bool = False


class Store:
    """The weights of a layer or a model.

    `identity` tells a layer from all others where one may stand in several models; `exact` is whether the weights say
    for themselves which of them are trained.
    """

    identity: Any = None
    exact = False

    def weights(self) -> tuple[Weight, ...] | None:
        """A layer's weights in Keras's order; None where the store does not know the layer."""
        return None

    def split(self, layers: Sequence[Place]) -> list[Store]:
        """The stores of a model's layers."""
        return [NOWHERE] * len(layers)

    def wrapped(self) -> Store:
        """The store of the model that a layer applies, of that layer's own."""
        return self


NOWHERE = Store()


def is_trained(name: str) -> bool:
    """Keras 1 has the layer's name before the weight's: `norm_running_mean`."""
    return name not in STATISTICS and not name.endswith(("_running_mean", "_running_std"))


class Flat(Store):
    """Weights by path, as `conv/kernel:0` or `inner/conv/kernel`: a layer's are those with its name in the path."""

    def __init__(self, weights: Sequence[tuple[str, Weight]]) -> None:
        self._weights = weights

    def weights(self) -> tuple[Weight, ...]:
        return tuple(weight for _, weight in self._weights)

    def split(self, layers: Sequence[Place]) -> list[Store]:
        owners: dict[str, list[tuple[str, Weight]]] = {layer.name: [] for layer in layers}
        free: list[tuple[str, Weight]] = []
        for path, weight in self._weights:
            parts = path.split("/")
            whole = (
                "/".join(parts[:end]) for end in range(len(parts) - 1, 1, -1)
            )  # a name of Keras 2 may have slashes
            owner = next((part for part in (*whole, *parts[:-1]) if part in owners), None)
            (free if owner is None else owners[owner]).append((path, weight))
        # Paths may begin with the layer's name within a model, whatever that model is called.
        return [Flat(owners[layer.name] or (free if layer.is_model else [])) for layer in layers]


def flat_weight(path: str, shape: tuple[int, ...], dtype: str) -> tuple[str, Weight]:
    """A path and its weight, whose name is the last part without TensorFlow's number of the output."""
    path = re.sub(r":\d+$", "", path)
    name = path.rpartition("/")[2]
    return path, Weight(name, shape, is_trained(name), dtype)


class Legacy(Store):
    """A .h5: a group a layer, with the paths of its weights in an attribute."""

    def __init__(self, root: Object) -> None:
        self._root = root

    @property
    def names(self) -> list[str]:
        return texts(self._root, "layer_names") or []

    def split(self, layers: Sequence[Place]) -> list[Store]:
        return [self.layer(place.name) for place in layers]

    def layer(self, name: str) -> Store:
        group = self._root.at(name)
        if group is None:
            return NOWHERE
        found = []
        for path in texts(group, "weight_names") or []:
            array = group.at(path)
            if array is not None and array.dataset is not None:
                found.append(flat_weight(path, *array.dataset))
        return Flat(found)


def texts(group: Object, name: str) -> list[str] | None:
    """A list of names; one too long for an attribute is spread over name0, name1, ..."""
    whole = group.attributes.get(name)
    if isinstance(whole, list):
        return whole
    parts: list[str] = []
    number = 0
    while isinstance(part := group.attributes.get(f"{name}{number}"), list):
        parts += part
        number += 1
    return parts if number else None


EARLY = "_layer_checkpoint_dependencies"
"""The group of a model's layers as Keras 2.12 to 2.14 named it, who at first counted those with weights twice."""


class Saved(Store):
    """The .weights.h5 of Keras 3: a group a layer, named by its class and numbered in the order of layers."""

    def __init__(self, group: Object) -> None:
        self.group = group

    def weights(self) -> tuple[Weight, ...]:
        return tuple(_all_variables(self.group))

    def split(self, layers: Sequence[Place]) -> list[Store]:
        inside = self.group.at(EARLY) or self.group.at("layers")
        if inside is None:
            return [NOWHERE] * len(layers)
        kinds = [snake_case(re.sub(r"\W+", "", place.kind)) for place in layers]
        twice = inside is not self.group.at("layers") and _beyond(inside, Counter(kinds))
        counts: Counter[str] = Counter()
        found: list[Store] = []
        for kind in kinds:
            group = inside.children.get(f"{kind}_{counts[kind]}" if counts[kind] else kind) if kind else None
            found.append(NOWHERE if group is None else Saved(group))
            counts[kind] += 2 if twice and found[-1].weights() else 1
        return found

    def wrapped(self) -> Store:
        inside = self.group.at("layer")
        return NOWHERE if inside is None else Saved(inside)


def _beyond(group: Object, counts: Mapping[str, int]) -> bool:
    """Whether a layer's number is larger than there are layers of its class."""
    numbered = (name.rpartition("_") for name in group.children)
    return any(number.isdecimal() and int(number) >= counts.get(kind, MOST_PIECES) for kind, _, number in numbered)


OWN_STATE = frozenset({"seed_generator", "optimizer", "metrics", "_metrics"})
"""Groups whose variables are no weights of a layer: Keras's count_params leaves them out."""


def variables(group: Object, prefix: str = "") -> Iterator[Weight]:
    """An object's own variables, by their numbers."""
    own = group.children.get("vars")
    if own is None:
        return
    for key in sorted(own.children, key=lambda key: (len(key), key)):
        found = own.children[key].dataset
        if found is not None:
            yield Weight(f"{prefix}{key}", found.shape, True, _dtype(own.children[key], found.dtype))


MOST_DEEP = 30
"""How deep the objects of a layer may stand within each other."""


def _all_variables(group: Object, prefix: str = "", depth: int = 0) -> Iterator[Weight]:
    """Those of an object, then those of the objects that it has."""
    yield from variables(group, prefix)
    for name, inner in group.children.items():
        if name != "vars" and name not in OWN_STATE and depth < MOST_DEEP:
            yield from _all_variables(inner, f"{prefix}{name}.", depth + 1)


def _dtype(array: Object, dtype: str) -> str:
    """What the array is; bfloat16, which NumPy lacks, is said by an attribute."""
    said = array.attributes.get("dtype")
    return said if isinstance(said, str) else dtype


class Live(Store):
    """A layer or a model in memory; `trained` are the identities of the weights that the whole model trains."""

    exact = True

    def __init__(self, layer: Any, trained: frozenset[int]) -> None:
        self._layer, self.trained, self.identity = layer, trained, id(layer)

    def weights(self) -> tuple[Weight, ...] | None:
        if not hasattr(self._layer, "weights"):
            return None
        return tuple(map(self._weight, self._layer.weights))

    def _weight(self, weight: Any) -> Weight:
        name = re.sub(r":\d+$", "", str(weight.name)).rpartition("/")[2]
        dtype = str(getattr(weight.dtype, "name", weight.dtype))
        return Weight(name, tuple(map(int, weight.shape)), id(weight) in self.trained, dtype)

    def split(self, layers: Sequence[Place]) -> list[Store]:
        functional = getattr(self._layer, "_functional", None) or self._layer
        inside: Any = getattr(functional, "operations", None) or getattr(functional, "layers", ())
        own: Mapping[str, Any] = {str(layer.name): layer for layer in inside}
        return [Live(own[place.name], self.trained) if place.name in own else NOWHERE for place in layers]

    def wrapped(self) -> Store:
        return Live(self._layer.layer, self.trained)
