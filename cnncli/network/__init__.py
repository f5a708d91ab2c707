"""A network: what a person named, read. Everything above works on it, wherever it came from."""

from cnncli.network.facts import About, ModelFile, Network, Origin
from cnncli.network.reading import network, of_callable, of_file, of_graph, of_model
from cnncli.network.registry import (
    architectures,
    lineage,
    model_of,
    named,
    of_published,
    option_named,
    read_size,
    variants,
)
from cnncli.network.spelling import Source, canonical, expanded, relative, source_of

__all__ = [
    "About",
    "ModelFile",
    "Network",
    "Origin",
    "Source",
    "architectures",
    "canonical",
    "expanded",
    "lineage",
    "model_of",
    "named",
    "network",
    "of_callable",
    "of_file",
    "of_graph",
    "of_model",
    "of_published",
    "option_named",
    "read_size",
    "relative",
    "source_of",
    "variants",
]
