"""HDF5 by our own reader, and Keras's files without Keras: small stored files, damaged and hostile ones."""

from __future__ import annotations

import json
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnncli.analysis.metrics import Totals
from cnncli.errors import CnncliError, UsageError
from cnncli.graph import UNKNOWN, Graph
from cnncli.readers.keras.hdf5 import File, Object
from cnncli.readers.opening import read_file
from cnncli.readers.source import Archive, Damaged, in_memory, opened

FILES = Path(__file__).parent / "files"
NESTED_PARAMS, NESTED_TRAINED = (3 * 4 + 4) + 3 * 3 * 4 + 4 * 4 + (4 * 2 + 2), 16 + 10
NESTED_MACS = 16 * 16 * (12 + 2 * 36) + 8


def members(group: Object, path: str = "") -> dict[str, Object]:
    found = {path: group}
    for name, inner in group.children.items():
        found |= members(inner, f"{path}/{name}")
    return found


@pytest.mark.parametrize("name", ["nested.keras", "nested_tfjs.json"])
def test_a_nested_model(name: str) -> None:
    reading = read_file(FILES / name)[1]
    totals = Totals(reading.graph)
    assert (totals.params, totals.trainable_params, totals.macs) == (NESTED_PARAMS, NESTED_TRAINED, NESTED_MACS)
    assert [node.name for node in reading.graph.nodes] == [
        "image", "stem", "inner.depthwise", "inner.norm", "inner.relu",
        "inner:2.depthwise", "inner:2.norm", "inner:2.relu", "pool", "classes",
    ]  # fmt: skip
    producer = "Keras 3.15.1" if name.endswith("keras") else "keras v2.21.0 to TensorFlow.js Converter v4.22.0"
    assert reading.producer == producer


def test_a_file_of_keras_2() -> None:
    reading = read_file(FILES / "plain_keras2.h5")[1]
    totals = Totals(reading.graph)
    assert (totals.params, totals.trainable_params) == (108 + 16 + 10, 108 + 8 + 10)
    assert totals.macs == 8 * 8 * 108 + 8
    assert [node.type for node in reading.graph.nodes] == [
        "InputLayer", "Conv2D", "BatchNormalization", "ReLU", "GlobalAveragePooling2D", "Dense",
    ]  # fmt: skip
    assert reading.producer == "Keras 2.21.0"


def test_weights_alone() -> None:
    reading = read_file(FILES / "alone.weights.h5")[1]
    assert reading.only_weights
    rows = [(node.name, node.type, node.shape, node.params, node.trainable_params) for node in reading.graph.nodes]
    assert rows == [("norm", "Weights", (UNKNOWN,), 16, 8), ("conv", "Weights", (UNKNOWN,), 108, 108)]
    assert Totals(reading.graph).macs is UNKNOWN


def test_the_structure_of_a_file() -> None:
    with opened(FILES / "alone.weights.h5") as source:
        found = members(File(source).root)
        arrays = {path: each.dataset for path, each in found.items() if each.dataset}
    assert {path: array.shape for path, array in arrays.items()} == {
        "/layers/conv2d/vars/0": (3, 3, 3, 4),
        **{f"/layers/batch_normalization/vars/{number}": (4,) for number in range(4)},
    }
    assert {array.dtype for array in arrays.values()} == {"float32"}
    assert found["/layers/conv2d/vars"].attributes == {"name": "conv"}


@pytest.mark.tf
def test_what_h5py_writes(tmp_path: Path) -> None:
    import h5py
    import numpy as np

    path = tmp_path / "all.h5"
    with h5py.File(path, "w", userblock_size=512) as file:
        for number in range(700):  # more than a leaf of the B-tree holds
            file.create_group(f"group{number:03}")
        for dtype in ("float16", "float64", "int8", "uint16", "bool"):
            file[dtype] = np.zeros((2, 3), dtype)
        file["scalar"] = 1.0
        links = file.create_group("links")
        links["elsewhere"], links["soft"] = h5py.ExternalLink("/etc/hostname", "/"), h5py.SoftLink("/scalar")
        links["hard"] = file["scalar"]
        file["soft"] = h5py.SoftLink("/scalar")
        file.attrs["text"] = "x" * 70_000
        file.attrs["texts"] = ["a", "bc"]
        file.attrs["bytes"] = np.array([b"fixed", b"length"])
        for number in range(40):  # continuation blocks
            file.attrs[f"attribute{number}"] = "y" * number
    with opened(path) as source:
        root = File(source).root
        assert len(root.children) == 700 + 7
        assert list(root.children["links"].children) == ["hard"]
        assert [root.children[dtype].dataset for dtype in ("float16", "bool", "scalar")] == [
            ((2, 3), "float16"), ((2, 3), "bool"), ((), "float64"),
        ]  # fmt: skip
        assert len(root.attributes["text"]) == 70_000
        assert (root.attributes["texts"], root.attributes["bytes"]) == (["a", "bc"], ["fixed", "length"])
        assert root.attributes["attribute39"] == "y" * 39


@pytest.mark.tf
def test_dense_storage_is_refused_by_name(tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "new.h5", "w", libver="latest") as file:
        for number in range(20):
            file.create_group(f"group{number}")
    with opened(tmp_path / "new.h5") as source, pytest.raises(UsageError, match="stores links densely"):
        _ = File(source).root.children
    with h5py.File(tmp_path / "few.h5", "w", libver="latest") as file:
        file.create_group("one").create_dataset("two", (3, 4))
    with opened(tmp_path / "few.h5") as source:
        array = File(source).root.at("one/two")
        assert array is not None
        assert array.dataset == ((3, 4), "float32")


def changed(tmp_path: Path, name: str, change: Callable[[bytearray], Any]) -> Path:
    content = bytearray((FILES / name).read_bytes())
    change(content)
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_a_b_tree_that_contains_itself(tmp_path: Path) -> None:
    def loop(content: bytearray) -> None:
        node = content.find(b"TREE")
        struct.pack_into("<BBH", content, node + 4, 0, 1, 1)
        struct.pack_into("<Q", content, node + 24 + 8, node)

    with pytest.raises(Damaged, match="a B-tree with a loop"):
        read_file(changed(tmp_path, "alone.weights.h5", loop))


def test_a_group_within_itself_and_absurd_sizes(tmp_path: Path) -> None:
    def within(content: bytearray) -> None:
        for place in range(len(content) - 40):
            if content[place : place + 4] == b"SNOD":
                struct.pack_into("<Q", content, place + 16, 96)  # the root group's header

    with pytest.raises(UsageError):
        read_file(changed(tmp_path, "alone.weights.h5", within))

    def huge(content: bytearray) -> None:
        place = content.find(struct.pack("<QQQQ", 3, 3, 3, 4))
        struct.pack_into("<Q", content, place, 2**62)

    totals = Totals(read_file(changed(tmp_path, "alone.weights.h5", huge))[1].graph)
    assert totals.params == 2**62 * 36 + 16  # what is declared is counted, and nothing is reserved for it


def with_config(tmp_path: Path, change: Callable[[Any], Any]) -> Path:
    """nested.keras with another configuration."""
    path = tmp_path / "changed.keras"
    with opened(FILES / "nested.keras") as source, zipfile.ZipFile(path, "w") as archive:
        old = Archive(source)
        config = json.loads(old.content("config.json"))
        change(config)
        for name in old.names:
            archive.writestr(name, json.dumps(config) if name == "config.json" else old.content(name))
    return path


def layers_of(config: Any) -> Any:
    return {layer["name"]: layer for layer in config["config"]["layers"]}


def test_layers_that_wait_for_each_other(tmp_path: Path) -> None:
    def cycle(config: Any) -> None:
        node = layers_of(config)["stem"]["inbound_nodes"][0]["args"][0]
        node["config"]["keras_history"] = ["classes", 0, 0]

    with pytest.raises(UsageError, match="stem waits for the output of a layer that is missing, or for its own"):
        read_file(with_config(tmp_path, cycle))


def test_models_that_multiply_are_bounded(tmp_path: Path) -> None:
    def tower(config: Any) -> None:
        """Each model calls the one within ten times: ten to the power of eight layers in all."""
        shape = [None, 16]
        inner: Any = {"class_name": "Dense", "config": {"units": 16}}
        for depth in range(8):
            calls = [tensor("in" if not number else f"layer{depth}", max(number - 1, 0)) for number in range(10)]
            layers = [
                {"class_name": "InputLayer", "config": {"batch_shape": shape}, "name": "in", "inbound_nodes": []},
                {**inner, "name": f"layer{depth}", "inbound_nodes": calls},
            ]
            ends = {"input_layers": [["in", 0, 0]], "output_layers": [[f"layer{depth}", 9, 0]]}
            inner = {"class_name": "Functional", "config": {"name": f"model{depth}", "layers": layers, **ends}}
        config.clear()
        config.update(inner)

    def tensor(layer: str, call: int) -> Any:
        config = {"shape": [None, 16], "dtype": "float32", "keras_history": [layer, call, 0]}
        return {"args": [{"class_name": "__keras_tensor__", "config": config}], "kwargs": {}}

    with pytest.raises(UsageError, match="more than 12,000 applications"):
        read_file(with_config(tmp_path, tower))


def test_bombs_are_refused(tmp_path: Path) -> None:
    many = tmp_path / "many.keras"
    with zipfile.ZipFile(many, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", '{"config": ' + "[" * 2_000_000 + "]" * 2_000_000 + "}")
    with pytest.raises(Damaged, match="would become"):
        read_file(many)
    with zipfile.ZipFile(many, "w") as archive:
        archive.writestr("config.json", '{"config": ' + "[" * 200_000 + "]" * 200_000 + "}")
    with pytest.raises(Damaged, match="nested too deeply"):
        read_file(many)
    with zipfile.ZipFile(many, "w") as archive:
        archive.writestr("config.json", '{"config": [' + "{}," * 1_500_000 + "1]}")
    with pytest.raises(Damaged, match="far more than any model's"):
        read_file(many)


def test_names_are_harmless(tmp_path: Path) -> None:
    def rename(config: Any) -> None:
        config["config"]["layers"][-1]["name"] = "\x1b[31m[bold]\u202e"
        config["config"]["output_layers"] = [["\x1b[31m[bold]\u202e", 0, 0]]

    graph: Graph = read_file(with_config(tmp_path, rename))[1].graph
    assert "\x1b" not in graph.nodes[-1].name
    assert "\u202e" not in graph.nodes[-1].name


def test_a_layer_that_says_one_shape_and_computes_another_is_opaque(tmp_path: Path) -> None:
    def lie(config: Any) -> None:
        layers_of(config)["inner"]["inbound_nodes"][0]["args"][0]["config"]["shape"] = [None, 8, 8, 4]

    graph = read_file(with_config(tmp_path, lie))[1].graph
    totals = Totals(graph)
    assert totals.params == NESTED_PARAMS
    assert [node.name for node in totals.uncounted()] == ["stem"]


def test_a_file_of_other_things_is_told(tmp_path: Path) -> None:
    for name, content, says in (
        ("graph.json", '{"format": "graph-model", "modelTopology": {"node": []}}', "TensorFlow.js graph model"),
        ("other.json", '{"a": 1}', "no TensorFlow.js model"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(UsageError, match=says):
            read_file(tmp_path / name)


@pytest.mark.parametrize("name", ["nested.keras", "alone.weights.h5", "plain_keras2.h5", "nested_tfjs.json"])
def test_damage_is_one_line(tmp_path: Path, name: str) -> None:
    """Bytes flipped, cut out, put in, and fields made huge: it is read, or refused in one line."""
    original, chance = (FILES / name).read_bytes(), random.Random(name)
    path = tmp_path / name
    told = []
    for _ in range(150):
        content = bytearray(original)
        for _ in range(chance.choice((1, 2, 8))):
            place = chance.randrange(len(content))
            count = chance.randrange(1, 64)
            with_ = chance.choice((b"", bytes(count), b"\xff" * 4, chance.randbytes(count)))
            content[place : place + (count if chance.random() < 0.5 else len(with_))] = with_
        path.write_bytes(content)
        try:
            Totals(read_file(path)[1].graph).macs  # noqa: B018
        except CnncliError as error:
            told.append(str(error))
    assert told
    assert not any("\n" in each for each in told)


def test_nothing_is_an_hdf5_file() -> None:
    with pytest.raises(Damaged, match="is no HDF5 file"):
        File(in_memory(bytes(1024), "nothing"))


def test_a_table_of_weights_has_no_ends() -> None:
    from cnncli import load

    below = load(str(FILES / "alone.weights.h5")).summary().partition("Params  ")[2]
    assert "2 layers uncounted (2 Weights)" in below
    assert not [line for line in below.splitlines() if line.startswith(("Input", "Output"))]


@pytest.mark.tf
def test_paths_as_windows_joined_them(tmp_path: Path) -> None:
    import h5py

    path = tmp_path / "alone.weights.h5"
    with h5py.File(path, "w") as file:
        for number in range(4):
            file.create_dataset(f"enc\\_layer_checkpoint_dependencies\\batch_normalization/vars/{number}", (4,), "f4")
    node = read_file(path)[1].graph.nodes[0]
    assert (node.name, node.params, node.trainable_params) == ("enc.batch_normalization", 16, 8)
