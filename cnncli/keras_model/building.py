"""Building: lower, prove, fill, try, save; each step told before it begins, each timed."""

from __future__ import annotations

import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.errors import CheckFailed, MachineError, UsageError
from cnncli.files import check_target, replacing, size_and_hash
from cnncli.graph import Graph
from cnncli.keras_model.agreement import Difference, differences
from cnncli.keras_model.archives import WEIGHTS_MEMBER
from cnncli.keras_model.backend import import_keras, memory_errors, uncollected
from cnncli.keras_model.lowering import lower
from cnncli.keras_model.weight_files import refuse_at_sight
from cnncli.keras_model.weights import Loaded, check_weights_file, load_weights

SUFFIXES = (".keras", ".weights.h5")


Fill = Callable[[Any], Loaded]
"""`fill(model)` puts weights into a Keras model, and tells of them."""


class Smoke(NamedTuple):
    """One batch passed through: the first input's and output's shapes with the batch axis, the range of all outputs."""

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    smallest: float
    largest: float


class Saved(NamedTuple):
    path: Path
    size: int
    """In bytes."""
    sha256: str


@dataclass
class Build:
    """What was built, step by step; `seconds` by step: import, build, weights, run, save."""

    graph: Graph
    model: Any = None
    """None where it was built in another process."""
    name: str = ""
    """The model's, in Keras."""
    dtype: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    seed: int | None = None
    loaded: Loaded | None = None
    smoke: Smoke | None = None
    saved: Saved | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - started


def check_arguments(graph: Graph, output: Path | None, weights: Path | None, *, force: bool) -> None:
    """Raise before TensorFlow is imported where a file could not be read or written in the end.

    UsageError, MachineError as files.check_target, OSError.
    """
    if output is not None:
        if not output.name.endswith(SUFFIXES):
            kinds = " or ".join(SUFFIXES)
            raise UsageError(f"{output}: expected a name that ends in {kinds}; `cnncli export` writes other kinds")
        check_target(output, force=force)
    if weights is not None:
        refuse_at_sight(weights, graph.name)


def build(
    graph: Graph,
    output: Path | None = None,
    *,
    weights: Path | None = None,
    seed: int | None = None,
    fill: Fill | None = None,
    smoke: bool = False,
    force: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Build:
    """Lower a graph, compare the model with it, load weights, run a batch, save. `tell` hears what begins.

    What is to `fill` the model with weights from elsewhere than a file of weights is called in place of loading.
    Where the two differ, it ends there and `differences` says in what. Raises UsageError for arguments and weights that
    do not fit, MachineError for what the machine refuses, CheckFailed where the batch's output is not finite,
    MemoryError where there is too little for it.
    """
    check_arguments(graph, output, weights, force=force)
    if weights is not None:
        check_weights_file(weights, graph)
    built = Build(graph, seed=seed)
    with memory_errors():
        _build(built, output, weights, fill or (None if weights is None else partial(load_weights, path=weights)),
               smoke, force, tell)  # fmt: skip
    return built


def _build(
    built: Build, output: Path | None, weights: Path | None, fill: Fill | None, smoke: bool, force: bool,
    tell: Callable[[str], None],
) -> None:  # fmt: skip
    tell("Importing TensorFlow")
    with built.timed("import"):
        keras = import_keras()
        keras.config.set_floatx("float32")  # whatever the user's keras.json says
        keras.config.set_dtype_policy("float32")
    tell(f"Building {built.graph.name}")
    with built.timed("build"):
        _lower(keras, built, drawn=fill is None)
    if built.differences:
        return
    if fill is not None:
        tell(f"Loading {weights or 'weights'}")
        with built.timed("weights"):
            built.loaded = fill(built.model)
    if smoke:
        tell("Running a batch")
        with built.timed("run"):
            built.smoke = run_batch(built.model)
    if output is not None:
        tell(f"Saving {output}")
        with built.timed("save"):
            built.saved = save(built.model, output, force=force)


def _lower(keras: Any, built: Build, *, drawn: bool) -> None:
    import tensorflow

    if built.seed is not None:
        keras.utils.set_random_seed(built.seed)
    built.model = lower(built.graph, drawn=drawn)
    built.name, built.dtype = built.model.name, built.model.dtype
    built.versions = {"keras": keras.__version__, "tensorflow": tensorflow.__version__}
    built.differences = differences(built.graph, built.model)


def run_batch(model: Any) -> Smoke:
    """Pass one random picture through, of values from 0 to 1, or to 255 where the model rescales its input.

    Raises CheckFailed where an output is not finite.
    """
    import numpy as np

    shapes = [(1, *each.shape[1:]) for each in model.inputs]
    brightest = 255 if any(type(layer).__name__ == "Rescaling" for layer in model.layers[1:2]) else 1
    random = np.random.default_rng(0)
    pictures = [
        random.uniform(0, brightest, shape).astype(each.dtype) for shape, each in zip(shapes, model.inputs, strict=True)
    ]
    given = model(pictures if len(pictures) > 1 else pictures[0], training=False)
    outputs = [np.asarray(each) for each in (given if isinstance(given, list) else [given])]
    cells = np.concatenate([np.ravel(each) for each in outputs])
    broken = int((~np.isfinite(cells)).sum())
    if broken:
        raise CheckFailed(f"{broken} of the {cells.size} outputs of {model.name} are not finite; check the weights")
    return Smoke(shapes[0], outputs[0].shape, float(cells.min()), float(cells.max()))


def save(model: Any, path: Path, *, force: bool) -> Saved:
    """Write the model (.keras) or its weights alone (.weights.h5), whole or not at all; raises as files.replacing."""
    with replacing(path, force=force) as draft:
        return written(model, draft, path)


@uncollected()
def written(model: Any, draft: Path, target: Path) -> Saved:
    """Write the draft of a target. Raises MachineError where the system refuses."""
    try:
        if target.name.endswith(".keras"):
            model.save(draft)
        else:
            _save_weights(model, draft)
        return Saved(target, *size_and_hash(draft))
    except OSError as error:
        raise MachineError(f"{target} cannot be written: {error.strerror or error}") from error


def _save_weights(model: Any, draft: Path) -> None:
    """By way of the `.keras` archive, whose HDF5 file Keras makes in memory: HDF5 itself crashes on a full disk."""
    archived = draft.with_name("model.keras")
    model.save(archived)
    with zipfile.ZipFile(archived) as archive, archive.open(WEIGHTS_MEMBER) as weights, draft.open("wb") as file:
        shutil.copyfileobj(weights, file, 1 << 20)
