"""A network is told by its structure: without its names, at any size and width, with another head; or not at all."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import golden
from hypothesis import given, settings
from hypothesis import strategies as st

import cnncli.analysis.identify.table as table
from cnncli.analysis.identify.identity import Identity, Kinship, identified, recognized
from cnncli.analysis.identify.registry import bodies, skeleton_of, written
from cnncli.analysis.identify.skeleton import common, likeness
from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.graph.layers import Activation, Conv2D, Dense, GlobalAveragePooling2D, InputLayer, MaxPooling2D
from cnncli.graph.normal import normal
from cnncli.models import catalogue
from cnncli.models.reference import Model
from cnncli.network import Network, network, of_graph
from cnncli.readers.folding import folded

FILES = Path(__file__).parent / "files"


def stripped(graph: Graph) -> Network:
    """What a converter leaves of a network: batch normalization folded, activations fused, no names and no blocks."""
    bare = normal(folded(graph))
    for node in bare.nodes:
        node.name, node.scope = f"n{node.index}", ()
    bare.name, bare.kinds, bare.numbers = "unnamed", {}, {}
    return of_graph(bare)


def chosen(model: Model, seed: int) -> Model:
    """The architecture with some options, drawn at random."""
    draw = random.Random(f"{seed} {model.reference}")
    size = model.options["input_shape"] if model.options["input_shape"][0] < 64 else (draw.choice((96, 128, 193)),) * 2
    drawn: dict[str, Any] = {
        "input_shape": (*size[:2], draw.choice((1, 3))),
        "alpha": draw.choice((0.25, 0.35, 0.5, 1.0, 1.5, round(draw.uniform(0.3, 1.6), 3))),
        "depth_multiplier": draw.choice((1, 2)),
        "minimalistic": draw.choice((True, False)),
        "deploy": draw.choice((True, False)),
        "groups": draw.choice((1, 2, 3, 4, 8)),
        "width": draw.choice((1.0, 0.8, 1.33)),
        "depth": draw.choice((1.0, 1.1, 0.5)),
        "classes": draw.choice((2, 10, 1001)),
        "classifier_activation": draw.choice(("softmax", "sigmoid", None)),
    }
    known = {name: value for name, value in drawn.items() if name in model.options and read(model, name, value)}
    return replace(model, options={**model.options, **known})


def read(model: Model, name: str, value: Any) -> bool:
    try:
        return name == "input_shape" or value is None or model.spec.option(name).read(str(value)) is not None
    except ValueError:
        return False


def every() -> Iterator[Model]:
    for spec in catalogue.models():
        for flavor in spec.flavors:
            yield Model(spec, flavor.name, spec.options(flavor.name))


EVERY = list(every())


def names(found: Identity) -> set[str]:
    return {reference.partition(":")[0] for reference in (found.reference, *found.also)}


def head_of(model: Model) -> str:
    return model.reference.partition(":")[0]


@pytest.mark.parametrize("model", EVERY, ids=lambda model: model.reference)
def test_every_network_is_told_without_its_names(model: Model) -> None:
    """With options drawn at random: identical to what is told, which has its head and input."""
    asked = chosen(model, 1)
    subject = stripped(asked.graph())
    found = identified(subject)
    assert found.kinship is Kinship.IDENTICAL, found.reference
    assert head_of(model) in names(found)
    assert found.network
    assert found.network.model
    told = found.network.model.options
    for name in {"input_shape", "classes", "classifier_activation", "minimalistic", "groups"} & told.keys():
        assert told[name] == asked.options[name]


@pytest.mark.parametrize("model", EVERY, ids=lambda model: model.reference)
def test_the_heading_knows_every_network_with_its_defaults(model: Model) -> None:
    found = recognized(stripped(model.graph()))
    assert found
    assert found.kinship is Kinship.IDENTICAL


@pytest.mark.slow
def test_the_table_is_what_the_registry_says() -> None:
    """`python -c 'from cnncli.analysis.identify.registry import *; print(written(bodies()), end="")'` writes it."""
    assert written(bodies()) == Path(table.__file__).read_text(encoding="utf-8")


@settings(max_examples=25, deadline=None)
@given(alpha=st.floats(0.2, 2.0).map(lambda value: round(value, 4)))
def test_any_width_is_solved_for(alpha: float) -> None:
    found = identified(stripped(network(f"mobilenet_v2:alpha={alpha}").graph))
    assert found.kinship is Kinship.IDENTICAL
    assert found.reference.startswith("mobilenet_v2")
    low, high = found.interval or (alpha, alpha)
    assert low * 0.999 <= alpha <= high * 1.001


@pytest.mark.parametrize("reference", ["mobilenet_v2:alpha=0.5", "resnet50", "efficientnet_b0", "vgg16", "densenet121"])
def test_another_head(reference: str) -> None:
    """The body is found where other layers stand behind it."""
    graph = network(
        f"{reference}:include_top=false" if ":" not in reference else f"{reference},include_top=false"
    ).graph
    pooled = graph.add(GlobalAveragePooling2D(), graph.outputs[0], name="pooled")
    hidden = graph.add(Dense(77, activation="relu"), pooled, name="hidden")
    graph.add(Dense(5), hidden, name="scores")
    found = identified(of_graph(graph))
    assert found.kinship is Kinship.BODY
    assert found.reference.startswith(reference)
    assert found.retold
    assert found.retold.head
    assert not found.retold.padded
    assert not found.retold.activations


def test_other_activations_are_told() -> None:
    subject = stripped(network("mobilenet_v2").graph)
    changed = 0
    for node in subject.graph.nodes:
        if node.layer.function == "relu6":
            node.layer, changed = replace(node.layer, activation="relu"), changed + 1  # type: ignore[type-var]
    found = identified(subject)
    assert found.kinship is Kinship.BODY
    assert found.retold
    assert found.retold.activations == (("relu6", "relu", changed),)
    assert found.retold.head is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("resnet50", "wide_resnet50_2"), ("resnet50", "resnet50@torchvision"), ("convnext_tiny", "convnext_v2_tiny"),
     ("vgg16", "vgg19"), ("efficientnet_b1", "efficientnet_b2"), ("repvgg_b1", "repvgg_b2"), ("b0", "lite0")],
)  # fmt: skip
def test_kin_are_told_apart(one: str, other: str) -> None:
    first, second = (identified(stripped(network(each).graph)) for each in (one, other))
    assert first.kinship is second.kinship is Kinship.IDENTICAL
    assert first.reference == network(one).reference
    assert second.reference == network(other).reference


def stranger() -> Network:
    graph = Graph("stranger")
    x = graph.add(InputLayer((64, 64, 3)), name="image")
    for step in range(5):
        x = graph.add(Conv2D(24 + step, (7, 3), padding="same"), x, name=f"conv{step}")
        x = graph.add(Activation("tanh"), x, name=f"act{step}")
    x = graph.add(MaxPooling2D(3), x, name="pool")
    graph.add(Dense(4), graph.add(GlobalAveragePooling2D(), x, name="mean"), name="out")
    return of_graph(graph)


def test_a_stranger_is_none() -> None:
    found = identified(stranger())
    assert found.kinship is Kinship.NONE
    assert 0 < found.likeness < 0.9
    assert recognized(stranger()) is None


@pytest.mark.parametrize("name", ["branches.onnx", "recurrent.tflite", "weights.safetensors"])
def test_small_files_are_none(name: str) -> None:
    found = network(str(FILES / name))
    assert identified(found).kinship is Kinship.NONE
    assert recognized(found) is None


# The measure of likeness.

WORDS = st.lists(st.sampled_from([("a",), ("b",), ("c",)]), max_size=12)


def longest(first: list[Any], second: list[Any]) -> int:
    """By the rule that defines it."""
    rows = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, one in enumerate(first, 1):
        for j, other in enumerate(second, 1):
            rows[i][j] = rows[i - 1][j - 1] + 1 if one == other else max(rows[i - 1][j], rows[i][j - 1])
    return rows[-1][-1]


@given(WORDS, WORDS)
def test_what_two_sequences_have_in_common(first: list[Any], second: list[Any]) -> None:
    assert common(first, second) == longest(first, second)
    assert likeness(first, second) == likeness(second, first)
    assert likeness(first, first) == (1 if first else 0)


def test_a_skeleton_is_blind_to_widths_and_shortcuts() -> None:
    narrow, wide = (skeleton_of(network(f"mobilenet_v2:alpha={alpha}").graph) for alpha in (0.1, 1.0))
    assert narrow.end.digest == wide.end.digest
    assert narrow.end.exact != wide.end.exact


# The command.


def test_the_command(run: Callable[..., Any]) -> None:
    done = run("identify", "mobilenet_v2:alpha=0.66")
    assert done.code == 0
    assert "Structure: mobilenet_v2:alpha=0.65 (identical)" in done.out
    data = json.loads(run("identify", "b0", "-f", "json").out)["identified"]
    assert data["kinship"] == "identical"
    assert data["reference"] == "efficientnet_b0"
    assert data["also"] == ["efficientnet"]
    rows = run("identify", "b0", "v3_small", "-f", "csv").out.splitlines()
    assert [row.split(",")[1] for row in rows] == ["kinship", "identical", "identical"]


def test_no_known_network_exits_with_1(run: Callable[..., Any]) -> None:
    done = run("identify", FILES / "inverted_residuals.onnx")
    assert done.code == 1
    assert "No known network; nearest: " in done.out


def test_of_a_file_that_cannot_be_read_one_line(run: Callable[..., Any], tmp_path: Path) -> None:
    assert run("identify", tmp_path / "missing.tflite").code == 2
    with pytest.raises(UsageError):
        network(str(tmp_path / "missing.tflite"))


@pytest.mark.parametrize("width", [80, 160, None])
def test_at_a_terminal(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, width: int | None) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    done = run("identify", "mobilenet_v2:alpha=0.66", "b0", "resnet50@paper")
    golden(f"identify-{width or 'piped'}.txt", done.out)
