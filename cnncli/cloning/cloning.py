"""A model file as a Keras model, as the parent process sees it: planned, built and tried by children, put in place."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from cnncli.child import Tell
from cnncli.child.parent import run
from cnncli.cloning.comparing import scale_of
from cnncli.cloning.formats import MODULES, module_of
from cnncli.cloning.messages import Job, TrialJob
from cnncli.cloning.own import OF_KERAS, is_keras
from cnncli.cloning.plan import Plan, planned, planned_of_keras
from cnncli.errors import UsageError
from cnncli.export.messages import Comparison
from cnncli.files import replacing, workshop
from cnncli.graph import Graph
from cnncli.keras_model.apart import ending, of_data
from cnncli.keras_model.building import Build, check_arguments
from cnncli.network import ModelFile, Network
from cnncli.temporary import temporary_folder

LIMITS = {"float32": 1e-4, "float16": 1e-2, "bfloat16": 1e-1}
"""How far outputs may be apart at most, over the largest one: a file of halves is run in halves by its runtime."""


@dataclass(frozen=True)
class Request:
    """What is asked for. `weights` None: the file's own."""

    network: Network
    output: Path | None = None
    weights: Path | None = None
    seed: int | None = None
    smoke: bool = False
    verify: bool = True
    keep_unverified: bool = False
    force: bool = False

    @property
    def file(self) -> ModelFile:
        found = self.network.origin.file
        assert found
        return found


@dataclass
class Clone:
    """What came of it. `tensors` are those of the file that fill weights; None where its weights are not taken.

    `problems` say why it is not in place, or why it is in place unverified; `notes` what else its user should know.
    """

    build: Build
    file: ModelFile
    tensors: int | None = None
    runtime: str = ""
    comparison: Comparison | None = None
    """Of the output that is furthest from the file's."""
    limit: float = LIMITS["float32"]
    verified: bool | None = None
    """None where there was nothing to compare, or it was not asked for."""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    in_place: bool = False

    @property
    def warnings(self) -> list[str]:
        """Of what was loaded, and of what its user would not expect."""
        return [*(self.build.loaded.notes if self.build.loaded else ()), *self.notes]


def takes(network: Network) -> bool:
    """Whether a Keras model is built of files of its kind."""
    return network.origin.file is not None and network.origin.file.format.key in (*MODULES, *OF_KERAS)


def clone(request: Request, tell: Tell) -> Clone:
    """Build the Keras model of a file with its weights, compare the two, and put it in place where they agree.

    Of Keras's own files, which Keras alone runs, it is the weights that are held against the layers.

    Raises UsageError that names the layers in the way, and as child.parent.run.
    """
    file, graph = request.file, request.network.graph
    check_arguments(graph, request.output, request.weights, force=request.force)
    if is_keras(request.network):
        reading = request.network.origin.reading
        if reading and reading.only_weights:
            raise UsageError(
                f"{file.path} holds weights alone, and not the layers: name their architecture, and this by --weights"
            )
        own = replace(request, weights=request.weights or file.path)
        return _cloned(own, planned_of_keras(graph, request.network.reference), tell)
    return _cloned(request, planned(graph, request.network.reference), tell)


def _cloned(request: Request, plan: Plan, tell: Tell) -> Clone:
    file = request.file
    is_own = request.weights is None and not plan.quantized
    compares = is_own and request.verify
    with ExitStack() as stack:
        folder = stack.enter_context(workshop(request.output) if request.output else temporary_folder())
        draft = folder / f"draft{ending(request.output)}" if request.output else None
        samples = folder / "samples.npz" if compares else None
        job = Job(
            plan, file.path, file.format.key if is_own else None, request.weights, request.seed, request.smoke,
            request.network.input_range, request.network.known_range is not None, draft, request.output, samples,
        )  # fmt: skip
        told = run("cnncli.cloning.worker", job, "the build", tell, [folder])
        found = Clone(of_data(plan.graph, told), file, plan.tensors if is_own else None)
        found.notes += request.network.warnings
        if plan.quantized and request.weights is None:
            found.notes.append(
                f"the weights of {request.network.reference} are quantized ({_kinds(request.network.graph)}): only its "
                "structure is built, with fresh weights"
            )
        if found.build.differences:
            return found
        if samples:
            _prove(found, request, samples, folder, tell)
        if request.output and draft and (not found.problems or request.keep_unverified):
            with replacing(request.output, force=request.force) as final:
                os.replace(draft, final)  # noqa: PTH105
            found.in_place = True
        else:
            found.build.saved = None
    return found


def _kinds(graph: Graph) -> str:
    found = {weight.dtype for node in graph.nodes for weight in node.own_weights if "int" in weight.dtype}
    return "/".join(sorted(found))


def _prove(found: Clone, request: Request, samples: Path, folder: Path, tell: Tell) -> None:
    """Run the file itself on the samples."""
    started = time.perf_counter()
    reading = request.network.origin.reading
    assert reading
    trial = TrialJob(
        request.file.path, request.file.format.key, samples, reading.channels_first, reading.settings.batch or 1,
        [scale_of(node) for node in request.network.graph.outputs],
    )  # fmt: skip
    told = run("cnncli.cloning.trial", trial, "the verification", tell, [folder])
    found.build.seconds["verification"] = time.perf_counter() - started
    found.runtime = module_of(request.file.format.key).RUNTIME
    comparisons = [Comparison(**each) for each in told]
    found.comparison = max(comparisons, key=_distance)
    in_halves = module_of(request.file.format.key).COMPUTES_IN_HALVES
    found.limit = _limit(request.network.graph) if in_halves else LIMITS["float32"]
    found.problems += _problems(found, comparisons)
    found.verified = not found.problems


def _distance(comparison: Comparison) -> float:
    relative = comparison.max_relative_difference
    return float("inf") if relative is None else relative


def _limit(graph: Graph) -> float:
    """Of the kind of numbers that the file computes in, by its coarsest weights."""
    return (
        max(LIMITS.get(weight.dtype, 0.0) for node in graph.nodes for weight in node.own_weights) or LIMITS["float32"]
    )


def _problems(found: Clone, comparisons: list[Comparison]) -> list[str]:
    """Why a comparison does not prove the clone right."""
    assert found.comparison
    relative = found.comparison.max_relative_difference
    if relative is None:
        return [f"its outputs are not finite, or not of the shape that {found.runtime} gives"]
    if relative > found.limit:
        return [
            f"its outputs are not the file's by {found.runtime}: relative difference {relative:.2g} "
            f"(at most {found.limit:g})"
        ]
    if all(each.blind for each in comparisons):
        return ["the check cannot see: the examples hardly change the file's outputs; --no-verify goes without it"]
    return []
