"""Building in a process of its own: whatever TensorFlow does to it is one line here, and ^C ends it at once."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnncli.child import Tell
from cnncli.child.parent import run
from cnncli.files import replacing, workshop
from cnncli.graph import UNKNOWN, Graph, Weight
from cnncli.keras_model.agreement import Difference
from cnncli.keras_model.building import SUFFIXES, Build, Saved, Smoke, check_arguments
from cnncli.keras_model.weights import Loaded


@dataclass(frozen=True)
class Job:
    """Of the child that builds: what to build and, where it is to be saved, the draft of the target."""

    graph: Graph
    weights: Path | None
    seed: int | None
    smoke: bool
    draft: Path | None
    target: Path | None


def build_apart(
    graph: Graph,
    output: Path | None = None,
    *,
    weights: Path | None = None,
    seed: int | None = None,
    smoke: bool = False,
    force: bool = False,
    tell: Tell = lambda _: None,
) -> Build:
    """As building.build, in a child process; what it built has no `model` here. Raises as that and child.parent.run."""
    check_arguments(graph, output, weights, force=force)
    with ExitStack() as stack:
        litter = [stack.enter_context(workshop(output))] if output else []
        draft = litter[0] / f"draft{ending(output)}" if output else None
        job = Job(graph, weights, seed, smoke, draft, output)
        built = of_data(graph, run("cnncli.keras_model.worker", job, "the build", tell, litter))
        if output and draft and built.saved:
            with replacing(output, force=force) as final:
                os.replace(draft, final)  # noqa: PTH105
    return built


def ending(path: Path) -> str:
    """Of a target's name, by which Keras knows what to write."""
    return next(suffix for suffix in SUFFIXES if path.name.endswith(suffix))


def data(built: Build) -> dict[str, Any]:
    """What a child tells of what it built, as JSON has it."""
    return {
        "name": built.name,
        "dtype": built.dtype,
        "versions": built.versions,
        "differences": [
            [found.layer, found.fact, _plain(found.graph), _plain(found.keras)] for found in built.differences
        ],
        "seed": built.seed,
        "loaded": built.loaded and {**built.loaded._asdict(), "path": str(built.loaded.path)},
        "smoke": built.smoke and built.smoke._asdict(),
        "saved": built.saved and {**built.saved._asdict(), "path": str(built.saved.path)},
        "seconds": built.seconds,
    }


def of_data(graph: Graph, told: dict[str, Any]) -> Build:
    """The Build that these data were made of."""
    loaded, smoke, saved = told["loaded"], told["smoke"], told["saved"]
    return Build(
        graph,
        name=told["name"],
        dtype=told["dtype"],
        versions=told["versions"],
        differences=tuple(
            Difference(layer, fact, _of_plain(ours), _of_plain(theirs))
            for layer, fact, ours, theirs in told["differences"]
        ),
        seed=told["seed"],
        loaded=loaded and Loaded(Path(loaded["path"]), loaded["layers"], tuple(loaded["notes"])),
        smoke=smoke
        and Smoke(tuple(smoke["input_shape"]), tuple(smoke["output_shape"]), smoke["smallest"], smoke["largest"]),
        saved=saved and Saved(**{**saved, "path": Path(saved["path"])}),
        seconds=told["seconds"],
    )


def _plain(fact: Any) -> Any:
    """A shape as a list, in which null is a size that is left open; a weight as an object; else as it is."""
    if isinstance(fact, Weight):
        return {**fact._asdict(), "shape": _plain(fact.shape)}
    return [None if size is UNKNOWN else size for size in fact] if isinstance(fact, tuple) else fact


def _of_plain(fact: Any) -> Any:
    if isinstance(fact, dict):
        return Weight(**{**fact, "shape": _of_plain(fact["shape"])})
    return tuple(UNKNOWN if size is None else size for size in fact) if isinstance(fact, list) else fact
