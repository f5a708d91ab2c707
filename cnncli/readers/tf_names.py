"""Names of a TensorFlow graph's nodes as people know them: the layers', not the paths of the operations within."""

from __future__ import annotations

import re
from collections import Counter

from cnncli.graph import Graph, Node
from cnncli.graph.roles import KERNELS, Role

_NUMBERED = re.compile(r"(.+)_\d+")


def rename(graph: Graph) -> None:
    """Name each node by its layer: `block_1_expand` of `mobilenetv2/block_1_expand/Conv2D`.

    Where several nodes of a layer remain, the one with the kernel or the statistics has the name, the others the
    operation's behind it.
    """
    inputs = {node.name for node in graph.inputs}
    nodes = [node for node in graph.nodes if node.role is not Role.INPUT]
    paths = {node.index: _path(node) for node in nodes}
    _without_common(paths)
    layers: dict[str, list[Node]] = {}
    for node in nodes:
        layers.setdefault("/".join(paths[node.index][:-1]) or paths[node.index][0], []).append(node)
    taken = set(inputs)
    for layer, own in layers.items():
        main = [node for node in own if node.role in KERNELS or node.role is Role.NORMALIZATION]
        alone = own[0] if len(own) == 1 else main[0] if len(main) == 1 else None
        for node in own:
            name = layer if node is alone else "/".join(paths[node.index])
            node.name = _free(name, taken)


def _path(node: Node) -> list[str]:
    return [part for part in node.name.split("/") if part] or [node.name]


def _without_common(paths: dict[int, list[str]]) -> None:
    """Leave out the model's name, where nearly all paths begin with it, and the number that tracing anew appended."""
    while paths:
        first = Counter(path[0] for path in paths.values() if len(path) > 2)
        most, count = first.most_common(1)[0] if first else ("", 0)
        if count <= 0.8 * len(paths) or count < 2:
            break
        for index, path in paths.items():
            if path[0] == most and len(path) > 2:
                paths[index] = path[1:]
        _without_numbers(paths, most)


def _without_numbers(paths: dict[int, list[str]], model: str) -> None:
    """Keras 3 traces a model within another scope of its name: all layers' names end in the number of the model's."""
    found = re.fullmatch(r".+(_\d+)", model)
    inner = [path for path in paths.values() if len(path) > 1]
    if found is None or not inner or not all(path[0].endswith(found[1]) for path in inner):
        return
    for path in inner:
        path[0] = path[0].removesuffix(found[1])


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}:{number}"
    taken.add(free)
    return free
