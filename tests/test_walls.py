"""Who may import whom: the picture of the architecture, held against the code."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "cnncli"
FILES = sorted(PACKAGE.rglob("*.py"))

# What each room may import of the project, when it is loaded or later.
ALLOWED = {
    "errors": set(),
    "words": set(),
    "descriptors": set(),
    "files": {"errors"},
    "child": {"errors", "words"},
    "graph": {"errors"},
    "document": {"errors", "words", "render"},
    "models": {"errors", "graph"},
    "keras_model": {"errors", "words", "descriptors", "files", "graph"},
    "render": {"errors", "words", "document"},
    "analysis": {"errors", "graph", "models"},
    "export": {"errors", "files", "child", "graph", "models", "keras_model", "analysis"},
    "draw": {"errors", "words", "files", "descriptors", "document"},
    "diagram": {"errors", "words", "graph", "document", "analysis", "draw"},
    "views": {
        "errors", "words", "files", "graph", "document", "models", "render", "analysis", "draw", "diagram",
    },
}  # fmt: skip
# Packages that only these rooms may know.
KNOWN_TO = {
    "typer": {"cli"},
    "rich": {"render", "document", "views"},
    "pydot": {"diagram"},
    "pygraphviz": {"draw"},
    "matplotlib": {"draw"},
    "tensorflow": {"keras_model", "export"},
    "keras": {"keras_model", "export"},
    "ai_edge_litert": {"export"},
}
LAZY = {"tensorflow", "keras", "numpy", "matplotlib", "pydot", "pygraphviz", "PIL", "ai_edge_litert", "h5py"}


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


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


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_walls(path: Path) -> None:
    tree, here = ast.parse(path.read_text(encoding="utf-8")), room(path)
    for name in imports(tree):
        package, _, rest = name.partition(".")
        if package == "cnncli" and rest and here in ALLOWED:
            assert rest.partition(".")[0] in ALLOWED[here] | {here}, f"{here} may not import {name}"
        assert here in KNOWN_TO.get(package, {here}), f"{here} may not import {name}"
    assert not {name.partition(".")[0] for name in at_load(tree)} & LAZY


def test_the_graph_needs_only_the_standard_library() -> None:
    for path in FILES:
        if room(path) in {"graph", "errors", "models", "analysis", "files"}:
            for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
                assert name.partition(".")[0] in {*sys.stdlib_module_names, "cnncli", "tomllib", "tomli"}


def test_no_function_is_longer_than_sixty_lines() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.body[0].lineno < 60, f"{path.name}: {node.name}"
