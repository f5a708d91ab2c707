"""Networks of the registry with options drawn at random, as files that hold no names: what `identify` is held against.

    python tests/identify_files.py FOLDER --seed 3 --count 20 --kinds keras,none,int8,onnx

writes such files and `truth.csv`, in which stands what each is.
"""

from __future__ import annotations

import argparse
import csv
import pickle
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.graph.layers import Dense, Dropout, GlobalAveragePooling2D
from cnncli.models.catalogue import models
from cnncli.models.reference import Model, parse
from cnncli.models.spec import ModelSpec

SIDES = (32, 48, 64, 75, 96, 107, 128, 160)
ALPHAS = (0.25, 0.35, 0.5, 0.6, 0.75, 1.0, 1.0, 1.1, 1.3, 1.4)
LARGEST = 30_000_000
"""Parameters of a network that is written."""
TRIES = 60


def drawn(spec: ModelSpec, flavor: str, draw: random.Random) -> Model | None:
    """A network of this architecture that can exist and is not too large; None where none was found."""
    for _ in range(TRIES):
        options = {name: _value(name, default, spec, draw) for name, default in spec.options(flavor).items()}
        told = ",".join(f"{name}={value}" for name, value in options.items() if value is not None)
        try:
            model = parse(f"{spec.name}@{flavor}:{told}")
            graph = model.graph()
        except UsageError:
            continue
        if sum(node.params for node in graph.nodes) <= LARGEST and len(graph.outputs) == 1:
            return model
    return None


def _value(name: str, default: Any, spec: ModelSpec, draw: random.Random) -> Any:
    """What stands behind the option's name; None for the default."""
    if name == "input_shape":
        channels = default[-1] if draw.random() < 0.9 else draw.choice((1, 3))
        sides = sorted(side for side in (*SIDES, default[0]) if side <= max(160, default[0] // 2))
        side = draw.choice(sides)
        other = side if draw.random() < 0.7 else draw.choice(sides)
        return f"{side}x{other}x{channels}" if draw.random() < 0.95 else None
    if name == "classes":
        return draw.choice((None, 2, 5, 10, draw.randint(2, 300)))
    if name in ("alpha", "width"):
        return draw.choice(ALPHAS) if draw.random() < 0.8 else f"{draw.uniform(0.3, 1.5):.2f}"
    if name == "depth":
        return draw.choice((None, 0.6, 1.1, 1.2, 1.4))
    if name == "dropout":
        return None
    values = spec.option(name).values
    return draw.choice(values) if draw.random() < 0.25 else None


def nameless(graph: Graph, draw: random.Random) -> Graph:
    """The same network, of which no name and no scope tells what it is."""
    found: Graph = pickle.loads(pickle.dumps(graph))
    found.name, found.kinds, found.numbers = "model", {}, {}
    names = draw.sample(range(16**6), len(found.nodes))
    for node, number in zip(found.nodes, names, strict=True):
        node.name, node.scope = f"n{number:06x}", ()
    found._names = {node.name for node in found.nodes}
    return found


def with_another_head(model: Model, draw: random.Random) -> Graph:
    """The network as people train it further: pooled, a dense layer or two, classes of their own."""
    graph = Model(model.spec, model.flavor, {**model.options, "include_top": False}).graph()
    x = graph.outputs[0]
    if len(x.shape) == 3:
        x = graph.add(GlobalAveragePooling2D(), x, name="own_pool")
    if draw.random() < 0.5:
        x = graph.add(Dense(draw.choice((32, 64, 128)), activation="relu"), x, name="own_dense")
    x = graph.add(Dropout(0.3), x, name="own_dropout")
    classes = draw.choice((1, 3, 5, 120))
    graph.add(Dense(classes, activation="sigmoid" if classes == 1 else "softmax"), x, name="own_classes")
    return graph


def with_more_behind(model: Model, draw: random.Random) -> Graph:
    """The whole network, and layers behind its classes."""
    graph = model.graph()
    x = graph.add(Dense(draw.choice((16, 64)), activation="relu"), graph.outputs[0], name="more")
    graph.add(Dense(draw.choice((2, 8)), activation="softmax"), x, name="still_more")
    return graph


def samples(seed: int, specs: Sequence[ModelSpec] | None = None) -> Iterator[tuple[str, str, Graph]]:
    """References, what was done to the network ("as it is", "head", "more"), and graphs; of each flavor one."""
    draw = random.Random(seed)
    for spec in models() if specs is None else specs:
        for flavor in spec.flavor_names:
            model = drawn(spec, flavor, draw)
            if model is None:
                continue
            done = draw.choice(("as it is", "as it is", "as it is", "head", "more"))
            takes_off = "include_top" in model.options and model.options["include_top"]
            done = done if takes_off or done != "head" else "as it is"
            done = done if model.options.get("include_top", True) or done != "more" else "as it is"
            graph = model.graph()
            if done != "as it is":
                graph = with_another_head(model, draw) if done == "head" else with_more_behind(model, draw)
            yield model.reference, done, nameless(graph, draw)


def main() -> None:
    from onnx_files import writes
    from test_every_format import written_of

    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=10**6)
    parser.add_argument("--kinds", default="keras,h5,none,int8,onnx")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    found = list(samples(asked.seed))
    random.Random(asked.seed).shuffle(found)
    with (asked.folder / "truth.csv").open("a", newline="", encoding="utf-8") as stream:
        table = csv.writer(stream)
        for number, (reference, done, graph) in enumerate(found[: asked.count]):
            kinds = [kind for kind in asked.kinds.split(",") if kind != "onnx" or writes(graph)]
            kinds = [kind for kind in kinds if kind != "saved_model" or number % 4 == 0]
            folder = asked.folder / f"{asked.seed}-{number:03}"
            folder.mkdir(exist_ok=True)
            try:
                for kind, path in written_of(graph, kinds, folder).items():
                    table.writerow([path.relative_to(asked.folder), kind, reference, done])
            except Exception as error:  # of which none is `identify`'s
                print(f"{reference} {done}: {type(error).__name__}: {str(error)[:200]}", file=sys.stderr)
            stream.flush()


if __name__ == "__main__":
    main()
