"""Who may import whom: the picture of the architecture, held against the code."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from cnncli.graph.layers import LAYERS

PACKAGE = Path(__file__).parent.parent / "cnncli"
FILES = sorted(PACKAGE.rglob("*.py"))

# The order of the rooms: each may import those above it, when it is loaded or later. Those on a line do not know each
# other.
ORDER = (
    ("errors", "words", "descriptors", "amounts", "written", "records"),
    ("temporary", "graph", "document"),
    ("files", "child", "grouping", "deployed"),
    ("models", "readers", "keras_model", "onnx_model", "render"),
    ("network",),
    ("analysis",),
    ("export", "draw"),
    ("cloning", "diagram", "measure", "search"),
    ("page",),
    ("views",),
    ("cli", "library"),
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in names}
# Packages that only these rooms may know.
KNOWN_TO = {
    "typer": {"cli"},
    "rich": {"render"},
    "pydot": {"diagram"},
    "pygraphviz": {"draw"},
    "matplotlib": {"draw"},
    "tensorflow": {"keras_model", "export"},
    "keras": {"keras_model", "export"},
    "ai_edge_litert": {"cloning", "export", "measure"},
    "onnx": {"onnx_model", "cloning"},
    "onnxruntime": {"onnx_model", "cloning"},
    "dask": {"search"},
    "distributed": {"search"},
    "pyarrow": {"search"},
}
LAZY = {
    "tensorflow",
    "keras",
    "numpy",
    "matplotlib",
    "pydot",
    "pygraphviz",
    "PIL",
    "ai_edge_litert",
    "h5py",
    "onnx",
    "onnxruntime",
}
LAZY |= {"dask", "distributed", "pyarrow"}
# What looks an architecture up in the registry, beside the models themselves and the door to all networks.
LISTS_OR_SEARCHES = {"cli/complete.py", "cli/pages.py", "views/list.py"}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imports(tree: ast.AST) -> Iterator[str]:
    """What is imported at any time; not what only the type checker reads, such as the dataclass that a report shows."""
    if isinstance(tree, ast.If) and ast.unparse(tree.test) == "TYPE_CHECKING":
        return
    if isinstance(tree, ast.Import):
        yield from (alias.name for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom):
        yield str(tree.module)
    for child in ast.iter_child_nodes(tree):
        yield from imports(child)


def at_load(tree: ast.Module) -> Iterator[str]:
    """The imports that run when the module is loaded, not those within functions or for the type checker."""
    for node in tree.body:
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.If)):
            yield from imports(node)


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_the_walls(path: Path) -> None:
    tree, here = parsed(path), room(path)
    for name in imports(tree):
        package, _, rest = name.partition(".")
        there = rest.partition(".")[0]
        if package == "cnncli" and rest and here in RANK and there != here:
            assert RANK[there] < RANK[here], f"{here} may not import {name}"
        assert here in KNOWN_TO.get(package, {here}), f"{here} may not import {name}"
    assert not {name.partition(".")[0] for name in at_load(tree)} & LAZY


def test_every_room_has_its_place() -> None:
    assert {room(path) for path in FILES} == {*RANK, "__init__", "__main__"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_only_what_lists_or_searches_knows_the_registry(path: Path) -> None:
    if room(path) not in {"models", "network"} and name_of(path) not in LISTS_OR_SEARCHES:
        assert not [name for name in imports(parsed(path)) if name.startswith("cnncli.models")]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_layers_are_told_apart_by_what_they_say_of_themselves(path: Path) -> None:
    """Not by their classes, but where layers are made: of arguments, of files, of Keras."""
    if room(path) in {"graph", "models", "readers", "keras_model", "onnx_model"}:
        return
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom):
            assert not str(node.module).startswith("cnncli.graph.layers")
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
            named = {each.id for each in ast.walk(node.args[1]) if isinstance(each, ast.Name)}
            assert not named & {*LAYERS, "Layer", "Opaque"}
        if isinstance(node, ast.Compare):
            texts = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
            assert not texts & {*LAYERS}, "a layer's class by its name is no better"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_what_describes_networks_needs_only_the_standard_library(path: Path) -> None:
    if RANK.get(room(path), 99) <= RANK["analysis"] and room(path) not in {
        "keras_model",
        "onnx_model",
        "render",
        "files",
    }:
        for name in imports(parsed(path)):
            assert name.partition(".")[0] in {*sys.stdlib_module_names, "cnncli", "tomllib", "tomli"}


def test_no_function_is_longer_than_sixty_lines() -> None:
    for path in FILES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{path.name}: {node.name}"


def test_no_folder_is_more_than_a_fifth_of_the_code() -> None:
    """A reader of a format is a folder of its own, within that of all readers."""
    lines = Counter[Path]()
    for path in FILES:
        lines[path.parent] += len(path.read_text(encoding="utf-8").splitlines())
    largest, size = lines.most_common(1)[0]
    assert size <= lines.total() / 5, f"{largest} has {size} of {lines.total()} lines"


READERS = [path.name for path in (PACKAGE / "readers").iterdir() if (path / "network.py").exists()]


def reader(path: Path) -> str:
    """The folder within that of all readers in which a file lies, however deep."""
    return path.relative_to(PACKAGE).parts[1] if room(path) == "readers" else ""


@pytest.mark.parametrize("path", [path for path in FILES if reader(path) in READERS], ids=name_of)
def test_no_format_knows_another(path: Path) -> None:
    others = {f"cnncli.readers.{name}" for name in READERS if name != reader(path)}
    assert not [name for name in imports(parsed(path)) if any(name.startswith(other) for other in others)]
