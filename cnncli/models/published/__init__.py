"""What was published of many networks at once: tables of weights, a file for each of those who published them.

The figures of a paper stand with its networks, in its family.
"""

from __future__ import annotations

from dataclasses import replace

from cnncli.models.published import keras, mnasnet, slim, torchvision
from cnncli.models.spec import ModelSpec, Published


def with_weights(spec: ModelSpec) -> ModelSpec:
    """An architecture with what was published of its weights too, behind what its paper says."""
    return replace(spec, published=(*spec.published, *_of_authors(spec), *_of_libraries(spec)))


def _of_authors(spec: ModelSpec) -> tuple[Published, ...]:
    return slim.TABLES.get(spec.name, ()) + mnasnet.TABLES.get(spec.name, ())


def _of_libraries(spec: ModelSpec) -> tuple[Published, ...]:
    """Those of torchvision are of its own definition, where the architecture has that beside others."""
    flavor = "torchvision" if "torchvision" in spec.flavor_names[1:] else ""
    theirs = (each._replace(flavor=flavor) for each in torchvision.TABLES.get(spec.name, ()))
    return (*keras.TABLES.get(spec.name, ()), *theirs)
