"""The child that runs a .tflite file and takes the time: `python -m cnncli.measure.worker`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter, perf_counter_ns, process_time
from typing import Any

from cnncli.amounts import UNKNOWN
from cnncli.child import Tell, peak_memory
from cnncli.child.inside import serve
from cnncli.errors import MachineError
from cnncli.graph import Shape
from cnncli.measure.messages import WARM_UP_SECONDS, Job, Run

MOST_RUNS = 100_000
"""That are timed at once: their times are held and told."""
DELEGATE = "DELEGATE"
"""What the runtime calls the operation that stands for those it gave to a delegate."""
FREE = -1
"""A size that a file leaves open."""


def work(job: Job, tell: Tell) -> dict[str, Any]:
    """Load the file, warm up, and time its runs; the Run's data."""
    import numpy.random
    from ai_edge_litert.interpreter import Interpreter

    random = numpy.random.default_rng(job.seed)
    base = peak_memory()
    started = perf_counter()
    try:
        interpreter = Interpreter(model_path=str(job.path), num_threads=job.threads)
        _resize(interpreter, job.shapes)
        interpreter.allocate_tensors()
        load_seconds = perf_counter() - started
        _fill(interpreter, job, random)
        _repeat(interpreter.invoke, 1, WARM_UP_SECONDS)
        before = process_time()
        times = _timed(interpreter.invoke, job)
        processor_seconds = process_time() - before
    except (RuntimeError, ValueError) as error:  # both are the runtime's way to say no
        reason = " ".join(str(error).split())
        raise MachineError(f"{job.called} cannot be run by ai-edge-litert: {reason[:400]}") from None
    inputs = tuple(tuple(map(int, each["shape"])) for each in interpreter.get_input_details())
    return Run(
        tuple(times), processor_seconds, load_seconds, base, peak_memory(), inputs, _delegated(interpreter)
    ).data()


def _resize(interpreter: Any, shapes: Sequence[Shape]) -> None:
    for place, taken in enumerate(interpreter.get_input_details()):
        file = [int(size) for size in taken["shape_signature"]]
        sizes = settled(file, shapes[place] if place < len(shapes) else ())
        if sizes != file:
            interpreter.resize_tensor_input(taken["index"], sizes)


def settled(file: Sequence[int], asked: Sequence[Any]) -> list[int]:
    """A file's sizes with those it leaves open as they are asked for; 1 where that is not known, either."""
    known = asked if len(asked) == len(file) else [UNKNOWN] * len(file)
    return [
        size if size != FREE else 1 if wanted is UNKNOWN else wanted for size, wanted in zip(file, known, strict=True)
    ]


def _fill(interpreter: Any, job: Job, random: Any) -> None:
    """Random values in every input."""
    for taken in interpreter.get_input_details():
        interpreter.set_tensor(taken["index"], _values(random, taken, job))


def _values(random: Any, taken: Any, job: Job) -> Any:
    """Real numbers in the network's range, quantized ones of every step; other integers are 0 or 1, which index all."""
    import numpy

    shape, dtype = tuple(taken["shape"]), numpy.dtype(taken["dtype"])
    if dtype.kind == "f":
        low, high = job.input_range
        return random.uniform(low, high, shape).astype(dtype)
    if dtype.kind not in "iub":
        raise MachineError(f"{job.called} takes {dtype.name} in {taken['name']}; only numbers can be made up")
    if dtype.kind == "b" or not taken["quantization"][0]:
        return random.integers(0, 2, shape).astype(dtype)
    limits = numpy.iinfo(dtype)
    return random.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)


def _timed(invoke: Callable[[], None], job: Job) -> list[int]:
    if job.runs is not None:
        return _repeat(invoke, job.runs, 0)
    return _repeat(invoke, 1, job.seconds)


def _repeat(invoke: Callable[[], None], least: int, seconds: float) -> list[int]:
    """Run at least so many times and until the seconds are over; of each run its nanoseconds."""
    times: list[int] = []
    end = perf_counter_ns() + int(seconds * 1e9)
    while True:
        started = perf_counter_ns()
        invoke()
        now = perf_counter_ns()
        times.append(now - started)
        if (len(times) >= least and now >= end) or len(times) >= max(least, MOST_RUNS):
            return times


def _delegated(interpreter: Any) -> bool | None:
    """Read off the runtime's list of operations, which is no promised part of it."""
    try:
        return any(operation["op_name"] == DELEGATE for operation in interpreter._get_ops_details())
    except (AttributeError, KeyError, TypeError):
        return None


if __name__ == "__main__":
    serve(work)
