"""A network as lines of text that people can read and this program reads back: one a block, its layers as Keras code.

    "stage3.block1": "InvertedResidual6: Conv2D(144, 1, use_bias=False), BatchNormalization, ReLU(6.0), ..."
    "stage3.block2": "2 x InvertedResidual6: ..., Conv2D(32, 1, use_bias=False), BatchNormalization, Add[8, 0]"

A layer reads the one before it, unless it says which: 8 is its block's eighth layer, 0 what the block before puts out,
-1 what the one before that does, and -1:3 that one's third layer from the end. Names of layers, shapes that follow,
and what is no part of inference are not written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from difflib import SequenceMatcher
from math import inf, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from cnncli.amounts import UNKNOWN
from cnncli.errors import LayerError
from cnncli.graph.fold import BLOCK, Group, fold
from cnncli.graph.graph import Graph, Kind, Node, Scope
from cnncli.graph.layer import Layer, Shape, acts_at_inference, snake_case
from cnncli.graph.plain import CLASSES
from cnncli.graph.roles import Role

if TYPE_CHECKING:
    import ast

WORDS = {"UNKNOWN": UNKNOWN, "inf": inf, "nan": nan}
"""Values that are no literals of Python."""
LONGEST = 1_000_000
"""Characters of a line that is read back, and its most repeats."""


@dataclass(frozen=True)
class Line:
    """A block's `key`, its scope with what tells it from other parts of that, and `text`.

    `names` are those of its layers, each behind its class.
    """

    key: str
    text: str
    names: tuple[tuple[str, str], ...] = ()


class _Place(NamedTuple):
    """Of a layer its block, its position in it, and how many layers that has."""

    block: int
    position: int
    size: int


# Writing.


def lines(graph: Graph) -> list[Line]:
    """What acts at inference, a line a block, in order."""
    found: list[Line] = []
    places: dict[int, _Place] = {}
    for group in fold(graph, BLOCK):
        nodes = [node for node in group.nodes if not node.layer.idle]
        if not nodes:
            continue
        for position, node in enumerate(nodes, 1):
            places[node.index] = _Place(len(found), position, len(nodes))
        layers = ", ".join([_at_its_place(node, places) for node in nodes])
        kind = graph.kinds.get(group.scope) if _key(group) == group.name else None
        within = ".".join((*group.scope, ""))
        names = tuple((type(node.layer).__name__, node.name.removeprefix(within)) for node in nodes)
        found.append(Line(_key(group), f"{kind}: {layers}" if kind else layers, names))
    return found


def merged(found: Sequence[Line]) -> dict[str, str]:
    """The texts by key, of a run of like blocks the first one's with their count."""
    runs: list[tuple[str, str, int]] = []
    for line in found:
        key, text, count = runs[-1] if runs else ("", "", 0)
        if text == line.text and line.key == _numbered(key, count):
            runs[-1] = key, text, count + 1
        else:
            runs.append((line.key, line.text, 1))
    return {key: f"{count} x {text}" if count > 1 else text for key, text, count in runs}


def _key(group: Group) -> str:
    scope = ".".join(group.scope)
    return scope if group.name == scope and "/" not in scope else f"{scope}/{group.name.removeprefix(f'{scope}.')}"


def _numbered(key: str, further: int) -> str:
    """`stage3.block4` of `stage3.block2`, 2 further; the key itself where it has no number."""
    found = re.fullmatch(r"([^/]*?)([1-9][0-9]{0,8})", key)
    return f"{found[1]}{int(found[2]) + further}" if found else key


def _at_its_place(node: Node, places: Mapping[int, _Place]) -> str:
    block, position, _ = places[node.index]
    read = [_seen_from(block, places[_source(each).index]) for each in node.inputs]
    usual = [] if node.role is Role.INPUT else [str(position - 1)]
    return written(node.layer) + ("" if read == usual else f"[{', '.join(read) or ()}]")


def _seen_from(block: int, place: _Place) -> str:
    if place.block == block:
        return str(place.position)
    back, end = place.block - block + 1, place.size - place.position + 1
    return str(back) if end == 1 else f"{back}:{end}"


def _source(node: Node) -> Node:
    while node.layer.idle:
        (node,) = node.inputs
    return node


def written(layer: Layer) -> str:
    """`Conv2D(32, 3, strides=2, use_bias=False)`: what acts at inference and is not at its default."""
    told = []
    for field in fields(layer):
        value = getattr(layer, field.name)
        if field.default is MISSING:
            told.append(_value(value, field))
        elif acts_at_inference(field) and value not in (field.default, *_SAME.get(field.default, ())):
            told.append(f"{field.name}={_value(value, field)}")
    return type(layer).__name__ + (f"({', '.join(told)})" if told else "")


_SAME: dict[Any, tuple[Any, ...]] = {None: ("linear",)}
"""What layers make of a default: an activation that is not named is linear."""


def _value(value: Any, field: Field[Any] | None = None) -> str:
    """As Python writes it; an extent of which both axes are alike by one number, where one may stand for both."""
    if isinstance(value, Layer):
        return written(value)
    if value is UNKNOWN:
        return "UNKNOWN"
    if isinstance(value, (tuple, list)):
        if field and str(field.type).startswith("Size") and len(set(value)) == 1:
            return _value(value[0])
        return f"({', '.join(map(_value, value))}{',' if len(value) == 1 else ''})"
    return repr(value)


# Reading.


def graph_of(found: Sequence[Line]) -> Graph:
    """The network that lines tell of; layers have names of their classes where the lines have none.

    Raises Unreadable for what is no such line.
    """
    graph = Graph("")
    blocks: list[list[Node]] = []
    for line in found:
        scope, _, part = line.key.partition("/")
        try:
            kind, layers = _parsed(line.text)
            blocks.append([])
            _add(graph, tuple(scope.split(".")) if scope else (), _names(line, part, layers), layers, blocks)
        except FAULTS as error:
            raise Unreadable(line.key, str(error)) from None
        within = graph.nodes[-1].scope
        if kind and not part:
            graph.kinds[within] = kind
        if numbered := re.search("[1-9][0-9]{0,8}$", scope):
            graph.numbers[within] = int(numbered[0])
    return graph


FAULTS = ArithmeticError, AttributeError, LookupError, SyntaxError, TypeError, ValueError, RecursionError, MemoryError
"""What a damaged text may come to: no Python, or no layer that could be."""


class Unreadable(LayerError):
    """A line that tells of no block; `key` is the line's."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"{key}: {why}")
        self.key, self.why = key, why


def spread(texts: Mapping[str, str]) -> list[Line]:
    """The lines that `merged` wrote, each block by itself. Raises Unreadable where there would be too many."""
    found = []
    for key, text in texts.items():
        counted = re.match(r"([1-9][0-9]{0,8}) x ", text)
        count = int(counted[1]) if counted else 1
        if len(text) * count > LONGEST:
            raise Unreadable(key, "too long")
        if count > 1 and _numbered(key, 1) == key:
            raise Unreadable(key, "its name has no number, so that there is one of it")
        rest = text[counted.end() :] if counted else text
        found += [Line(_numbered(key, further) if counted else key, rest) for further in range(count)]
    return found


def _parsed(text: str) -> tuple[Kind | None, list[ast.expr]]:
    import ast

    found = re.match(r"([A-Za-z_]\w*?)([0-9]+(?:\.[0-9]+)?)?: ", text)
    kind = Kind(found[1], float(found[2]) if found[2] else None) if found else None
    parsed = ast.parse(f"({text[found.end() :] if found else text},)", mode="eval").body
    if not isinstance(parsed, ast.Tuple) or not parsed.elts:
        raise LayerError("expected layers, such as Conv2D(32, 3), ReLU")
    return kind, parsed.elts


def _names(line: Line, part: str, layers: Sequence[ast.expr]) -> list[str]:
    """A name for each layer of a line: of those that it has the one of such a layer, else by the layer's class."""
    classes = [_call(layer)[0] for layer in layers]
    found = [f"{snake_case(each)}_{position}" for position, each in enumerate(classes, 1)]
    if part and len(layers) == 1:
        found = [part]
    alike = SequenceMatcher(None, classes, [each for each, _ in line.names], autojunk=False)
    for start, there, count in alike.get_matching_blocks():
        found[start : start + count] = [name for _, name in line.names[there : there + count]]
    return found


def _add(
    graph: Graph, scope: Scope, names: Sequence[str], layers: Sequence[ast.expr], blocks: Sequence[list[Node]]
) -> None:
    for expression, name in zip(layers, names, strict=True):
        layer, inputs = _layer(expression), _inputs(expression, blocks)
        if inputs is None:
            inputs = [] if layer.role is Role.INPUT else [blocks[-1][-1] if blocks[-1] else _at(blocks, 0)]
        shape: Shape = layer.output_shape(*[node.shape for node in inputs])
        node = Node(len(graph.nodes), ".".join((*scope, name)), scope, layer, tuple(inputs), shape)
        node.costs, node.flops  # noqa: B018 (which fail where the layer could not be)
        graph.nodes.append(node)
        blocks[-1].append(node)


def _inputs(expression: ast.expr, blocks: Sequence[list[Node]]) -> list[Node] | None:
    """What a layer says that it reads; None where it says nothing."""
    import ast

    if not isinstance(expression, ast.Subscript):
        return None
    places = expression.slice.elts if isinstance(expression.slice, ast.Tuple) else [expression.slice]
    return [_place(each, blocks) for each in places]


def _place(place: ast.expr, blocks: Sequence[list[Node]]) -> Node:
    """The node at a place, as seen from the last block."""
    import ast

    if isinstance(place, ast.Slice) and place.lower and place.upper:
        return _at(blocks, _read(place.lower), _read(place.upper))
    number = _read(place)
    return blocks[-1][number - 1] if number > 0 else _at(blocks, number)


def _at(blocks: Sequence[list[Node]], back: int, end: int = 1) -> Node:
    """The last node, or one before it, of the block before the last one, or of one before that."""
    block = len(blocks) - 2 + back
    if back > 0 or end < 1 or block < 0:
        raise LayerError("there is no such layer to read")
    return blocks[block][-end]


def _layer(expression: ast.expr) -> Layer:
    import ast

    if isinstance(expression, ast.Subscript):
        expression = expression.value
    name, values, named = _call(expression)
    if name not in CLASSES:
        raise LayerError(f"there is no layer {name!r}")
    if not all(isinstance(each, ast.keyword) and each.arg for each in named):
        raise LayerError(f"{name}: expected arguments by their names")
    return CLASSES[name](*map(_read, values), **{str(each.arg): _read(each.value) for each in named})


def _call(expression: ast.expr) -> tuple[str, list[ast.expr], list[ast.keyword]]:
    """The name of what is called, and the arguments; of a name by itself none."""
    import ast

    if isinstance(expression, ast.Subscript):
        return _call(expression.value)
    if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name):
        return expression.func.id, expression.args, expression.keywords
    if isinstance(expression, ast.Name):
        return expression.id, [], []
    raise LayerError(f"expected a layer, such as Conv2D(32, 3), not {ast.unparse(expression)}")


def _read(expression: ast.expr) -> Any:
    """The value of a literal, of one of our words, or of a layer."""
    import ast

    if isinstance(expression, ast.Name) and expression.id in WORDS:
        return WORDS[expression.id]
    if isinstance(expression, (ast.Name, ast.Call)):
        return _layer(expression)
    if isinstance(expression, ast.Tuple):
        return tuple(map(_read, expression.elts))
    return ast.literal_eval(expression)
