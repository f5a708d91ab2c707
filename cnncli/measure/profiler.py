"""The child that asks the runtime how long each operation takes: `python -m cnncli.measure.profiler`.

LiteRT's Python has no word for its profiler, its library in C has (litert/c/litert_profiler.h): a compiled model with
`enable_profiling` notes of every operation, XNNPACK's too, when it began and how long it took, in microseconds. The
functions and structures here are those of its headers since 2.2; before, some took other arguments.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from ctypes import CFUNCTYPE, Structure, byref, c_char_p, c_int, c_int32, c_size_t, c_uint, c_uint64, c_void_p
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from statistics import mean
from time import monotonic
from typing import Any

from cnncli.child import Tell
from cnncli.child.inside import serve
from cnncli.errors import MachineError, UsageError
from cnncli.measure.messages import WARM_UP_SECONDS, Job, TimedOperation
from cnncli.measure.worker import FREE, settled

CPU = 1
FLOAT32 = 1
WRITE = 1
OF_RUNTIME, OF_DELEGATE = 2, 8
"""Kinds of events: an operation that the runtime ran itself, and one within a delegate."""
MAIN = 0
"""The graph that a run begins with; those within a WHILE are part of its time."""
LEAST_RUNS, MOST_RUNS = 10, 10_000

Free = CFUNCTYPE(None, c_void_p)


class _Memory(Structure):
    _fields_ = [(name, c_size_t) for name in ("total", "in_use", "private")]


class _Event(Structure):
    _fields_ = [
        ("tag", c_char_p), ("kind", c_int), ("start", c_uint64), ("elapsed", c_uint64), ("before", _Memory),
        ("after", _Memory), ("operation", c_uint64), ("graph", c_uint64), ("source", c_int),
    ]  # fmt: skip


class _Layout(Structure):
    _fields_ = [("rank", c_uint, 7), ("strided", c_uint, 1), ("sizes", c_int32 * 8), ("strides", c_uint * 8)]


class _Type(Structure):
    _fields_ = [("element", c_int), ("layout", _Layout)]


class Library:
    """LiteRT's library in C: what a call refuses is a MachineError."""

    def __init__(self, called: str) -> None:
        spec = find_spec("ai_edge_litert")
        folder = Path(next(iter(spec.submodule_search_locations or ()), "")) if spec else Path()
        found = sorted(folder.glob("libLiteRt.*"))
        if spec is None or not found:
            raise MachineError("--per-op takes LiteRT's library in C, which this ai-edge-litert does not bring")
        self._library, self._called = ctypes.CDLL(str(found[0])), called

    def __call__(self, name: str, *arguments: Any) -> None:
        function = getattr(self._library, f"LiteRt{name}", None)
        if function is None:
            raise MachineError(f"--per-op: this ai-edge-litert has no LiteRt{name}")
        if code := function(*arguments):
            raise MachineError(f"{self._called} cannot be profiled by LiteRT: LiteRt{name} gives {code}")

    def made(self, name: str, *arguments: Any) -> c_void_p:
        """What a function makes, by its last argument."""
        handle = c_void_p()
        self(name, *arguments, byref(handle))
        return handle

    def count(self, name: str, of: c_void_p) -> int:
        number = c_size_t()
        self(name, of, byref(number))
        return number.value


class Compiled:
    """A file, compiled with a profiler, with its inputs filled. All of it ends with the process."""

    def __init__(self, job: Job) -> None:
        self._called = job.called
        self._call = call = Library(job.called)
        self._environment = call.made("CreateEnvironment", 0, None)
        model = call.made("CreateModelFromFile", self._environment, os.fsencode(job.path))
        self._kept: list[Any] = [Free(lambda _: None)]
        options = call.made("CreateOptions")
        call("SetOptionsHardwareAccelerators", options, CPU)
        self._tell(options, "runtime_options_string", "enable_profiling = true\n")
        self._tell(options, "xnnpack", f"num_threads = {job.threads}\n")
        self._compiled = call.made("CreateCompiledModel", self._environment, model, options)
        self._profiler = call.made("CompiledModelGetProfiler", self._compiled)
        self._signature = call.made("GetModelSignature", model, c_size_t(0))
        self._inputs, self._outputs = self._buffers("Input", job), self._buffers("Output", job)

    def _tell(self, options: c_void_p, whose: str, text: str) -> None:
        """Options as a text in TOML, which the library reads where they are meant for it."""
        held = ctypes.create_string_buffer(text.encode())
        self._kept.append(held)
        made = self._call.made("CreateOpaqueOptions", whose.encode(), held, self._kept[0])
        self._call("AddOpaqueOptions", options, made)

    def _buffers(self, end: str, job: Job) -> Any:
        count = self._call.count(f"GetNumSignature{end}s", self._signature)
        if end == "Output":
            layouts = (_Layout * count)()
            self._call(
                "GetCompiledModelOutputTensorLayouts", self._compiled, c_size_t(0), c_size_t(count), layouts, True
            )
        buffers = (c_void_p * count)()
        for place in range(count):
            tensor = self._call.made(f"GetSignature{end}TensorByIndex", self._signature, c_size_t(place))
            type_ = _Type()
            self._call("GetRankedTensorType", tensor, byref(type_))
            if end == "Input":
                self._resize(place, type_, job.shapes)
            else:
                type_.layout = layouts[place]
            buffers[place] = self._buffer(end, place, type_)
            if end == "Input":
                self._fill(buffers[place], type_.element, job)
        return buffers

    def _resize(self, place: int, type_: _Type, shapes: Any) -> None:
        file = list(type_.layout.sizes)[: type_.layout.rank]
        sizes = settled(file, shapes[place] if place < len(shapes) else ())
        if sizes != file:
            self._check_resized(file, sizes)
            wanted = (c_int * len(sizes))(*sizes)
            arguments = self._compiled, c_size_t(0), c_size_t(place), wanted, c_size_t(len(sizes))
            self._call("CompiledModelResizeInputTensor", *arguments)
            for axis, size in enumerate(sizes):
                type_.layout.sizes[axis] = size

    def _check_resized(self, file: list[int], sizes: list[int]) -> None:
        """Raise UsageError unless a batch of one is all that is settled: LiteRT's library in C tells sizes of outputs
        that it does not keep to, where they depend on those of inputs, and writes beyond the buffers made for them.
        """
        if FREE in file[1:] or sizes[0] != 1:
            raise UsageError(
                f"--per-op: {self._called} leaves sizes of its inputs open, of which LiteRT profiles only a batch of 1"
            )

    def _buffer(self, end: str, place: int, type_: _Type) -> c_void_p:
        name = f"GetCompiledModel{end}BufferRequirements"
        needs = self._call.made(name, self._compiled, c_size_t(0), c_size_t(place))
        return self._call.made("CreateManagedTensorBufferFromRequirements", self._environment, byref(type_), needs)

    def _fill(self, buffer: Any, element: int, job: Job) -> None:
        """Random real numbers, for they may be slow when very small; integers are as fast when they are zero."""
        import numpy

        handle, address = c_void_p(buffer), c_void_p()
        size = self._call.count("GetTensorBufferPackedSize", handle)
        values = bytes(size)
        if element == FLOAT32:
            low, high = job.input_range
            values = numpy.random.default_rng(job.seed).uniform(low, high, size // 4).astype("float32").tobytes()
        self._call("LockTensorBuffer", handle, byref(address), WRITE)
        ctypes.memmove(address, values, size)
        self._call("UnlockTensorBuffer", handle)

    def run(self) -> None:
        inputs, outputs = self._inputs, self._outputs
        ends = c_size_t(len(inputs)), inputs, c_size_t(len(outputs)), outputs
        self._call("RunCompiledModel", self._compiled, c_size_t(0), *ends)

    def profiled(self) -> list[tuple[str, int]]:
        """Of one run every operation of the main graph, as it was run, with its microseconds."""
        self._call("ResetProfiler", self._profiler)
        self._call("StartProfiler", self._profiler)
        self.run()
        self._call("StopProfiler", self._profiler)
        number = c_int()
        self._call("GetNumProfilerEvents", self._profiler, byref(number))
        events = (_Event * max(1, number.value))()
        self._call("GetProfilerEvents", self._profiler, len(events), events)
        return [
            (event.tag.decode(errors="replace"), event.elapsed)
            for event in events
            if event.kind in (OF_RUNTIME, OF_DELEGATE) and event.graph == MAIN
        ]


def work(job: Job, tell: Tell) -> list[dict[str, Any]]:
    """Run a file under its runtime's profiler; each operation's data, in the order in which they run."""
    compiled = Compiled(job)
    end = monotonic() + WARM_UP_SECONDS
    compiled.run()
    while monotonic() < end:
        compiled.run()
    end = monotonic() + job.seconds
    least = LEAST_RUNS if job.runs is None else job.runs
    runs: list[list[tuple[str, int]]] = []
    while len(runs) < least or (job.runs is None and monotonic() < end and len(runs) < MOST_RUNS):
        runs.append(compiled.profiled())
    return [operation._asdict() for operation in averaged(runs)]


def averaged(runs: Sequence[Sequence[tuple[str, int]]]) -> list[TimedOperation]:
    """Each operation's mean over the middle half of its times: what disturbs a run hits any operation.

    The mean of many whole microseconds knows their parts, which the median does not. Operations are those of the first
    run; runs of others, as where a WHILE goes another way, are left out.
    """
    names = [name for name, _ in runs[0]]
    alike = [[elapsed for _, elapsed in run] for run in runs if [name for name, _ in run] == names]
    return [
        TimedOperation(name, mean(_middle_half(times)) / 1e6)
        for name, times in zip(names, zip(*alike, strict=True), strict=True)
    ]


def _middle_half(values: Sequence[int]) -> list[int]:
    beyond = ceil(len(values) / 4) if len(values) > 2 else 0
    return sorted(values)[beyond : len(values) - beyond]


if __name__ == "__main__":
    serve(work)
