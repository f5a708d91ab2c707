"""The child that builds the Keras model of a file's graph: `python -m cnncli.cloning.worker`."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

from cnncli.child import Tell
from cnncli.child.inside import serve
from cnncli.cloning.comparing import compared, scale_of
from cnncli.cloning.examples import OTHER_RANGES, examples
from cnncli.cloning.formats import module_of
from cnncli.cloning.messages import Job
from cnncli.cloning.plan import Held
from cnncli.errors import UsageError
from cnncli.graph import Graph, Node, Weight
from cnncli.keras_model.apart import data
from cnncli.keras_model.backend import without_matplotlib
from cnncli.keras_model.building import Fill, build, written
from cnncli.keras_model.held import holder_name
from cnncli.keras_model.weights import Loaded


def work(job: Job, tell: Tell) -> dict[str, Any]:
    """Build, fill, run the examples and write the draft; the Build's data."""
    fill = _fill(job) if job.format else None
    built = build(job.plan.graph, weights=job.weights, fill=fill, seed=job.seed, smoke=job.smoke, tell=tell)
    if built.differences:
        return data(built)
    if job.samples:
        tell("Running the Keras model")
        _save_samples(built.model, job.plan.graph, job, job.samples)
    if job.draft and job.target:
        tell(f"Saving {job.target}")
        with built.timed("save"):
            built.saved = written(built.model, job.draft, job.target)
    return data(built)


def _fill(job: Job) -> Fill:
    """What puts the file's values into the model."""

    def fill(model: Any) -> Loaded:
        nodes = {node.name: node for node in job.plan.graph.nodes}
        wanted = {
            held.tensor: weight.size
            for name, each in job.plan.held.items()
            for held, weight in zip(each, nodes[name].weights, strict=True)
            if held.tensor
        }
        values = module_of(str(job.format)).values(job.path, wanted)
        for name, each in job.plan.held.items():
            pairs = zip(each, nodes[name].weights, strict=True)
            _assign(model, nodes[name], [_shaped(values, *pair, f"{job.path}: {name}") for pair in pairs])
        return Loaded(job.path, len(job.plan.held), ())

    return fill


def _shaped(values: Mapping[str, Any], held: Held, weight: Weight, whose: str) -> Any:
    """The values of a weight in Keras's shape. Raises UsageError where the file's tensor has other cells."""
    import numpy

    if not held.tensor:
        return numpy.full(weight.shape, held.filled, "float32")
    found = numpy.asarray(values[held.tensor]).astype("float32")
    axes = held.axes or tuple(range(found.ndim))
    if found.size != prod(weight.shape) or sorted(axes) != list(range(found.ndim)):
        taken, holds = ("x".join(map(str, shape)) or "a number" for shape in (weight.shape, found.shape))
        raise UsageError(f"{whose} takes a {weight.name} of {taken}, and the file's tensor is {holds}")
    return found.transpose(axes).reshape(weight.shape)


def _assign(model: Any, node: Node, arrays: list[Any]) -> None:
    layer = model.get_layer(holder_name(node))
    for variable, array in zip(layer.weights, arrays, strict=True):
        variable.assign(array.reshape(variable.shape))


def _save_samples(model: Any, graph: Graph, job: Job, path: Path) -> None:
    """Examples that move the Keras model's outputs, if any do, and what it makes of each."""
    import numpy

    scales = [scale_of(node) for node in graph.outputs]
    for values in (job.values, *(() if job.is_range_known else OTHER_RANGES)):
        inputs = examples(graph.inputs, values)
        outputs = _outputs(model, inputs)
        if not all(compared(each, each, scale).blind for each, scale in zip(outputs, scales, strict=True)):
            break
    named = {f"input{number}": each for number, each in enumerate(inputs)}
    numpy.savez(path, **named, **{f"output{number}": each for number, each in enumerate(outputs)})


def _outputs(model: Any, inputs: list[Any]) -> list[Any]:
    import numpy

    model.jit_compile = False
    found = model.predict(inputs if len(inputs) > 1 else inputs[0], batch_size=1, verbose=0)
    return [numpy.asarray(each) for each in (found if isinstance(found, list) else [found])]


if __name__ == "__main__":
    without_matplotlib()
    serve(work)
