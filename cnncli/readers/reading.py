"""What readers are asked and what they answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from cnncli.amounts import is_known
from cnncli.graph import Graph, Shape
from cnncli.words import visible


class Settings(NamedTuple):
    """What a person settles of a file.

    `input_shapes` are shapes (height, width, channels; no batch axis) by the inputs' names, "" for the only input;
    `batch` is the size of the batch where the file leaves it open and it matters. `signature` is one of a file's
    functions, `subgraph` the number or name of one of its graphs. `raw` asks for every operation of the file as it is,
    those too that a runtime inserts; `exact` for layers that compute just what the file does, and not only what is
    told and counted of it.
    """

    input_shapes: Mapping[str, Shape] = {}
    batch: int | None = None
    signature: str | None = None
    subgraph: str | None = None
    raw: bool = False
    exact: bool = False


AS_IT_IS = Settings()
USUAL_PICTURE, USUAL_LENGTH, USUAL_SIZE = 224, 512, 16
"""What stands for an open size in an example: of a picture's height and width, of a first axis, of any other."""


def open_sizes(name: str, shape: Shape, *, several: bool, seen: Shape = ()) -> str:
    """What is said of an input of which a file leaves sizes open, with what to type; `several` is whether there are
    other inputs, `seen` a shape that the file gives as an example.
    """
    picture = len(shape) == 3
    usual = [USUAL_PICTURE, USUAL_PICTURE, 3] if picture else [USUAL_LENGTH, *[USUAL_SIZE] * len(shape)]
    whole = seen or [size if is_known(size) else usual[axis] for axis, size in enumerate(shape)]
    shown, example = ("x".join(map(str, sizes)) for sizes in (shape, whole))
    named = f"{visible(name)}=" if several else ""
    return (
        f"{visible(name)} is {shown}: the file leaves sizes open, and what depends on them is unknown; "
        f"settle them, as by --input-shape {named}{example}"
    )


def other_sizes(name: str, stored: Shape, settled: Shape) -> str:
    """What is said of an input for which another shape is settled than the file says, both in the file's own order."""
    shown, holds = ("x".join(map(str, sizes)) for sizes in (stored, settled))
    return f"{visible(name)} is {shown} in the file; what is told holds for {holds}"


class ChannelsFirst(NamedTuple):
    """Whether its channels stand first, of each of the inputs and outputs in the graph's order; none where no reader
    says it.
    """

    inputs: tuple[bool, ...] = ()
    outputs: tuple[bool, ...] = ()


UNTOLD = ChannelsFirst()


@dataclass(frozen=True, eq=False)
class Reading:
    """A file, read.

    `graph` has unique names, explicit inputs and outputs; its warnings say what the file leaves open or unsaid.
    `producer` is the program that wrote the file, as far as it says so; `quantization` in a word or two how its
    weights are quantized ("int8", "int8 weights", "float16"), empty where they are not. `signatures` are those that the
    file has, `signature` the one that was read; so for `subgraphs`.
    """

    graph: Graph
    producer: str = ""
    quantization: str = ""
    signature: str = ""
    signatures: tuple[str, ...] = ()
    subgraph: str = ""
    subgraphs: tuple[str, ...] = ()
    only_weights: bool = False
    """Whether the file holds weights without saying how they are connected: the graph is then a table of them."""
    input_range: tuple[float, float] | None = field(default=None)
    """Where the file says what its input's lowest and highest value are."""
    output_name: str = ""
    """What the file calls its first output, where it has a name for it beside the layer's."""
    own_numbers: Mapping[str, tuple[float, ...]] | None = None
    """Of a file of operations that cnncli wrote: the numbers that are no weights, by the operation that takes them."""
    settings: Settings = AS_IT_IS
    """What was asked of it."""
    channels_first: ChannelsFirst = UNTOLD
    """Whose channels the file has first."""


def warn_of_open(graph: Graph) -> None:
    """Warn of each input of a graph whose sizes are open."""
    for node in graph.inputs:
        if not all(map(is_known, node.shape)):
            graph.warn(open_sizes(node.name, node.shape, several=len(graph.inputs) > 1))
