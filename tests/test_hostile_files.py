"""Files made to do harm: each is one line of refusal, in little time and memory, and nothing but the file is opened."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from conftest import Result, calls_of, refused
from fuzz_files import FILES, cases, samples

from cnncli.analysis.timeline import timeline
from cnncli.errors import UsageError
from cnncli.network import network
from cnncli.readers.source import MOST_OPERATIONS
from cnncli.render.formats import write
from cnncli.views.memory import Wanted as Rows
from cnncli.views.memory_sheet import memory_sheet
from cnncli.views.summary import Wanted, depth_of, summary_document

MOST_SECONDS = 2
MOST_MEMORY = 256 * 2**20


def sample(suffix: str) -> Path:
    """A small whole file of a format."""
    return next(path for path in samples([FILES]) if path.suffix == suffix)


def delimited(field: int, content: bytes) -> bytes:
    """A field of a protocol buffer that holds bytes."""
    return number(field << 3 | 2) + number(len(content)) + content


def number(value: int) -> bytes:
    found = b""
    while value > 0x7F:
        found, value = found + bytes([value & 0x7F | 0x80]), value >> 7
    return found + bytes([value])


def nested_onnx(depth: int) -> bytes:
    """A graph in an attribute of an operation of a graph, and so on: ModelProto.graph 7, node 1, attribute 5, g 6."""
    graph = b""
    for _ in range(depth):
        attribute = delimited(1, b"then_branch") + delimited(6, graph) + number(20 << 3) + number(5)
        graph = delimited(1, delimited(4, b"If") + delimited(5, attribute))
    return b"\x08\x08" + delimited(7, graph)


def onnx_of(nodes: Iterable[tuple[str, list[str], str]], output: str, attributes: bytes = b"") -> bytes:
    """A model of operations, each with its inputs and its output, over the image `t0`; all have these attributes."""
    dims = b"".join(delimited(1, number(1 << 3) + number(size)) for size in (1, 8, 8, 8))
    kind = delimited(1, number(1 << 3) + number(1) + delimited(2, dims))
    graph = b"".join(
        delimited(1, b"".join(delimited(1, each.encode()) for each in inputs) + delimited(2, made.encode())
                  + delimited(4, operation.encode()) + attributes)
        for operation, inputs, made in nodes
    )  # fmt: skip
    graph += delimited(11, delimited(1, b"t0") + delimited(2, kind)) + delimited(12, delimited(1, output.encode()))
    return number(1 << 3) + number(8) + delimited(7, graph) + delimited(8, number(2 << 3) + number(17))


def sums(count: int) -> bytes:
    """Each adds what is before it and what is five before: regions that lie in each other, as deep as they are many."""
    return onnx_of((("Add", [f"t{i}", f"t{max(i - 5, 0)}"], f"t{i + 1}") for i in range(count)), f"t{count}")


def wide(count: int) -> bytes:
    return onnx_of((("Sum", ["t0"] * 1000, f"t{i + 1}") for i in range(count)), f"t{count}")


def held_to_the_end(count: int) -> bytes:
    """All of a chain is read again by the last operation, so that all of it lives at the same time.

    The last is also the last by name, in whose order the operations are run that can be.
    """
    chain = [("Relu" if i % 2 else "Sigmoid", [f"t{i - 1}"], f"t{i}") for i in range(1, count)]
    return onnx_of([*chain, ("Sum", [f"t{i}" for i in range(1, count)], "tz")], "tz")


def doubled(count: int) -> bytes:
    """Each has twice the channels of the one before: AttributeProto.name 1, i 3, type 20."""
    axis = delimited(5, delimited(1, b"axis") + number(3 << 3) + number(1) + number(20 << 3) + number(2))
    return onnx_of((("Concat", [f"t{i}"] * 2, f"t{i + 1}") for i in range(count)), f"t{count}", axis)


def keras_with(config: bytes, folder: Path, **options: int) -> Path:
    path = folder / "x.keras"
    with zipfile.ZipFile(path, "w", **options) as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.0.0"}')
        archive.writestr("config.json", config)
    return path


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def deep_json() -> bytes:
    return b'{"a":' + b"[" * 1_000_000


def loops_in_hdf5() -> bytes:
    """A group's B-tree whose child is the tree itself (HDF5's specification, "Disk Format: Level 1A1")."""
    data = bytearray(sample(".h5").read_bytes())
    place = data.find(b"TREE")
    while place >= 0:
        data[place + 5] = 1  # a node of a higher level, whose children are nodes
        data[place + 32 : place + 40] = struct.pack("<Q", place)
        place = data.find(b"TREE", place + 1)
    return bytes(data)


def far_offsets() -> bytes:
    data = bytearray(sample(".tflite").read_bytes())
    data[:4] = struct.pack("<I", 0x7FFFFFF0)
    return bytes(data)


def long_vector() -> bytes:
    """Every plausible length in the file is four thousand millions."""
    data = bytearray(sample(".tflite").read_bytes())
    for place in range(8, len(data) - 4, 4):
        if struct.unpack_from("<I", data, place)[0] in range(1, 12):
            struct.pack_into("<I", data, place, 0xFFFFFFFF)
    return bytes(data)


BOMBS: dict[str, Callable[[Path], Path]] = {
    "a zip that becomes 200 MB": lambda folder: keras_with(
        b" " * 200_000_000, folder, compression=zipfile.ZIP_DEFLATED
    ),
    "JSON a million deep, in .keras": lambda folder: keras_with(deep_json(), folder),
    "JSON a million deep": lambda folder: written(folder, "model.json", deep_json()),
    "a B-tree in a circle": lambda folder: written(folder, "x.h5", loops_in_hdf5()),
    "flatbuffer offsets beyond the file": lambda folder: written(folder, "x.tflite", far_offsets()),
    "flatbuffer lengths beyond the file": lambda folder: written(folder, "x.tflite", long_vector()),
    "protobuf in protobuf": lambda folder: written(folder, "x.onnx", nested_onnx(3000)),
    "a protobuf that ends early": lambda folder: written(
        folder, "x.onnx", b"\x08\x08" + number(7 << 3 | 2) + number(2**62)
    ),
    "more operations than any network": lambda folder: written(folder, "x.onnx", sums(MOST_OPERATIONS + 1)),
    "operations that read a thousand tensors each": lambda folder: written(folder, "x.onnx", wide(300)),
    "a tensor of 2^1500 cells": lambda folder: written(folder, "x.onnx", doubled(1500)),
    "a SavedModel of nothing": lambda folder: written(folder, "saved_model.pb", b"\x08\x01\x12" + number(2**40)),
}

WATCHED = """
import re, sys
from pathlib import Path
sys.argv = ["cnncli", "summary", *sys.argv[1:]]
from cnncli.cli.app import main
import cnncli.cli.summary, cnncli.views.summary, cnncli.render.formats
try:
    main()
finally:  # the peak of this program alone: getrusage's has the one before, of which it was forked
    status = Path("/proc/self/status")
    peak = re.search("VmHWM:\\s*(\\d+)", status.read_text())[1] if status.exists() else 0
    sys.stderr.write(f"\\nPEAK {peak}")
"""


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_one_line(name: str, tmp_path: Path) -> None:
    path = BOMBS[name](tmp_path)
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    after = os.times()
    said, _, peak = done.stderr.rpartition("\nPEAK ")
    result = Result(done.returncode, done.stdout, said if said.endswith("\n") else said + "\n")
    refused(result, 2, path.name)
    assert int(peak) * 1024 < MOST_MEMORY
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    assert spent < 3 * MOST_SECONDS  # of a processor, of which a machine that is busy gives less, not more


@pytest.mark.parametrize("by", ["layer", "block"])
def test_the_work_grows_with_the_operations_not_with_their_square(by: str, tmp_path: Path) -> None:
    def told(count: int) -> None:
        path = written(tmp_path, "x.onnx", sums(count))
        text = write(summary_document(network(str(path)), Wanted(depth_of(by))), "json")
        assert f'"layers": {count + 1}' in text

    eighth = calls_of(lambda: told(MOST_OPERATIONS // 8))
    assert calls_of(lambda: told(MOST_OPERATIONS // 2)) < 4.2 * eighth


def test_what_lives_at_the_same_time_is_not_looked_at_again_at_each_operation(tmp_path: Path) -> None:
    def told(count: int) -> None:
        path = written(tmp_path, "x.onnx", held_to_the_end(count))
        assert len(timeline(network(str(path)).graph, "float32").held) == count

    quarter = calls_of(lambda: told(1000))
    assert calls_of(lambda: told(4000)) < 4.2 * quarter


def test_what_lives_at_the_same_time_is_not_drawn_without_end(tmp_path: Path) -> None:
    path = written(tmp_path, "x.onnx", held_to_the_end(1000))
    with pytest.raises(UsageError, match="too many tensors live at the same time to draw them"):
        memory_sheet(network(str(path)), Rows())


@pytest.mark.parametrize("first", range(0, 3000, 250))
def test_damaged_files_are_read_or_refused(first: int) -> None:
    """All of more cases: python tests/fuzz_files.py --count 100000."""
    wrong = [
        f"--case {index}: {ran}" for index, ran in cases(13, range(first, first + 250), samples([FILES])) if ran.wrong
    ]
    assert not wrong


AUDITED = """
import sys
opened = []
def hear(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        opened.append(arguments[0])
    elif event.startswith(("socket.", "subprocess.", "os.exec", "os.system", "os.fork", "marshal.loads", "pickle.")):
        if event != "marshal.loads" or not importing():
            opened.append(event)
def importing():
    import traceback
    return any("importlib" in frame.filename for frame in traceback.extract_stack())
from cnncli.cli.app import main
sys.addaudithook(hear)
sys.argv = ["cnncli", "summary", *sys.argv[1:], "--format", "json"]
try:
    main()
except SystemExit:
    pass
sys.stderr.write("\\n".join(name for name in opened if not name.endswith((".py", ".pyc", ".so"))))
"""


@pytest.mark.parametrize("path", samples([FILES]), ids=lambda path: path.parent.name + "/" + path.name)
def test_nothing_but_the_file_is_opened(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    shutil.copy(path, copy)
    done = subprocess.run(
        [sys.executable, "-c", AUDITED, str(copy)], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(done.stdout)["totals"]
    mine = [line for line in done.stderr.splitlines() if line and not line.startswith(("cnncli: ", "/proc/"))]
    assert set(mine) <= {str(copy)}
