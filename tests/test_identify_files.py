"""`identify` on files: networks of the registry with options drawn at random, written without names, are told again.

The right answer is the reference that the file was made of, or another one of the very same structure.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import first_of_families
from identify_files import drawn, nameless, samples, with_another_head, with_more_behind
from onnx_files import writes
from test_compare_across import Converter
from test_every_format import written_of

from cnncli.analysis.compare.comparison import entry
from cnncli.analysis.identify.identity import identified
from cnncli.graph import Graph
from cnncli.models.catalogue import find_spec, models
from cnncli.models.reference import Model, parse
from cnncli.network import Network, network, of_graph

KINDS = ("keras", "h5", "saved_model", "none", "int8", "onnx")
SEED = 20
HEAD = {"include_top": False, "pooling": None, "classes": 10, "classifier_activation": "softmax"}
"""What a network has whose own head does not matter."""


@cache
def structure(reference: str, *, body: bool = False) -> str:
    """Of the normal form; of the body where the head is not the network's own."""
    if not body:
        return entry(network(reference)).normal_structure
    model = parse(reference)
    options = {name: value for name, value in HEAD.items() if name in model.options}
    return entry(of_graph(Model(model.spec, model.flavor, {**model.options, **options}).graph())).normal_structure


def wrong(found: Network, reference: str, done: str) -> str:
    """What is wrong with what is said of a file that was made of `reference`; nothing where it is right."""
    told = identified(found)
    if not told.known or told.network is None:
        return f"{reference} ({done}): none; nearest {told.network.reference if told.network else 'nothing'}"
    answer = told.network.reference
    body = done != "as it is"
    if structure(answer, body=body) == structure(reference, body=body):
        return ""
    return f"{reference} ({done}): {answer}, {told.kinship.value}, likeness {told.likeness:.3f}"


# As converters make them, without any


def converted(graph: Graph) -> Network:
    return of_graph(nameless(Converter(graph).graph, random.Random(1)))


FIRST = {*first_of_families(), "mobilenet_v3_large", "mnasnet_b1", "efficientnet_b0"}
"""Of these in every run."""
PADS_OTHERWISE = {"mnasnet_b1"}
"""Of whose body in a file the first flavor is named, where another one is the one that pads as the file does."""


@pytest.mark.parametrize(
    "spec",
    [pytest.param(spec, marks=() if spec.name in FIRST else pytest.mark.exhaustive, id=spec.name) for spec in models()],
)
def test_networks_as_converters_leave_them(spec: Any) -> None:
    if spec.name in PADS_OTHERWISE:
        pytest.xfail("with another head, flavors that differ in padding alone are not told apart")
    found = [(reference, done, converted(graph)) for reference, done, graph in samples(SEED, [spec])]
    assert [said for reference, done, each in found if (said := wrong(each, reference, done))] == []


# In files

FILES = ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small", "efficientnet", "squeezenet_1_1")
"""Of which files are written in every run."""
MADE: dict[str, Callable[[Model, random.Random], Graph]] = {
    "as it is": lambda model, draw: model.graph(),
    "head": with_another_head,
    "more": with_more_behind,
}


def check(graph: Graph, reference: str, done: str, kinds: tuple[str, ...], folder: Path) -> list[str]:
    """What is wrong with what is said of the files of a network."""
    said = []
    for kind, path in written_of(graph, [kind for kind in kinds if kind != "onnx" or writes(graph)], folder).items():
        fault = wrong(network(str(path)), reference, done)
        said += [f"{kind}: {fault}"] if fault else []
        path.unlink() if path.is_file() else shutil.rmtree(path)
    return said


@pytest.mark.tf
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("number", range(len(FILES)))
def test_files_of_networks(number: int, tmp_path: Path) -> None:
    draw = random.Random(SEED + number)
    model = drawn(find_spec(FILES[number]), find_spec(FILES[number]).flavors[0].name, draw)
    assert model is not None
    top = model.options.get("include_top", True)
    done = ("as it is", "head", "more")[number % 3] if top else "as it is"
    graph = nameless(MADE[done](model, draw), draw)
    assert check(graph, model.reference, done, ("keras", "none", "int8", "onnx"), tmp_path) == []


@pytest.mark.tf
@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spec", models(), ids=lambda spec: spec.name)
def test_files_of_all_networks(spec: Any, seed: int, tmp_path: Path) -> None:
    said = []
    for reference, done, graph in samples(seed, [spec]):
        kinds = tuple(kind for kind in KINDS if kind != "saved_model" or seed == 0)
        said += check(graph, reference, done, kinds, tmp_path)
    assert said == []
