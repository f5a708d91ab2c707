"""Names of a TensorFlow graph's nodes as people know them: the layers', not the paths of the operations within."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from cnncli.graph import Graph, Node
from cnncli.graph.names import Names
from cnncli.graph.roles import Role


def rename(graph: Graph, variables: Iterable[str] = ()) -> None:
    """Name each node by its layer: `block_1_expand` of `mobilenetv2/block_1_expand/Conv2D`.

    Where several nodes of a layer remain, the one with the kernel or the statistics, or else the last, has the name,
    the others the operation's behind it. `variables` are the names of the variables, `block_1_expand/kernel`, by which
    layers are known whatever number TensorFlow has put behind their names.
    """
    nodes = [node for node in graph.nodes if node.role is not Role.INPUT]
    layers: dict[tuple[str, ...], list[Node]] = {}
    paths = {node.index: _path(node) for node in nodes}
    _without_models(paths)
    for node in nodes:
        layers.setdefault(paths[node.index][:-1] or paths[node.index], []).append(node)
    titles = _titles(layers, {name.rpartition("/")[0] for name in variables})
    names = Names(node.name for node in graph.inputs)
    for layer, own in layers.items():
        main = [node for node in own if _is_main(node)]
        alone = own[-1] if not main else main[0] if len(main) == 1 else None
        title = names.free(titles[layer])
        for node in own:
            node.name = title if node is alone else names.free(f"{title}/{paths[node.index][-1]}")
        if alone is None:
            names.release(title)


def _is_main(node: Node) -> bool:
    """Whether a layer is called after this node of it: the one with the kernel, or the statistics."""
    return node.role is Role.NORMALIZATION or any(weight.name == "kernel" for weight in node.given or ())


def _path(node: Node) -> tuple[str, ...]:
    return tuple(part for part in node.name.split("/") if part) or (node.name,)


def _without_models(paths: dict[int, tuple[str, ...]]) -> None:
    """Leave out the model's name, and that of one within it, where nearly all paths begin with it."""
    while paths:
        first = Counter(path[0] for path in paths.values() if len(path) > 2)
        most, count = first.most_common(1)[0] if first else ("", 0)
        if count <= 0.8 * len(paths) or count < 2:
            return
        for index, path in paths.items():
            if path[0] == most and len(path) > 1:
                paths[index] = path[1:]


def _titles(layers: Iterable[tuple[str, ...]], known: set[str]) -> dict[tuple[str, ...], str]:
    """What each layer is called. Keras 3 traces a model in a scope that is used before: all names end in a number.

    Where most do, it is left out; else where that makes the name of a variable's layer of one that has no variables.
    """
    found = {layer: "/".join(layer) for layer in layers}
    ends = Counter(_number(layer[0]) for layer in found)
    number, count = next(((end, count) for end, count in ends.most_common() if end), ("", 0))
    everywhere = number if number == "_1" and count > 0.6 * len(found) else ""
    for layer in found:
        stem = layer[0].removesuffix(_number(layer[0]))
        if everywhere and layer[0].endswith(everywhere):
            found[layer] = "/".join((layer[0].removesuffix(everywhere), *layer[1:]))
        elif stem in known and layer[0] not in known:
            found[layer] = "/".join((stem, *layer[1:]))
    return found


def _number(name: str) -> str:
    """The number at the end of a name, with what stands before it: `_1` of `conv_1`."""
    stem, line, number = name.rpartition("_")
    return f"_{number}" if stem and line and number.isdigit() else ""
