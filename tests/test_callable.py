"""`module:callable` and `file.py:callable`: a person's own function, called in a child."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cnncli.analysis.metrics import Totals
from cnncli.analysis.structure import structural_hash
from cnncli.errors import LayerError, MachineError, UsageError
from cnncli.graph import UNKNOWN, Graph, Layer, Weight
from cnncli.graph.layers import LAYERS, Conv2D, InputLayer, Opaque
from cnncli.graph.plain import graph_of, plain
from cnncli.models.reference import parse
from cnncli.readers.python.call import read_callable
from cnncli.readers.reading import Reading

FILES = Path(__file__).parent / "files"

SOURCE = """
import os, sys
from cnncli.graph import Graph
from cnncli.graph.layers import Conv2D, Dense, GlobalAveragePooling2D, InputLayer

def build(width=8, name="mine"):
    print("building", width)
    print("a remark", file=sys.stderr)
    return quiet(width, name)

def quiet(width, name="mine"):
    graph = Graph(name)
    x = graph.add(InputLayer((32, 32, 3)), name="image")
    x = graph.add(Conv2D(width, 3, padding="same"), x, name="conv")
    x = graph.add(GlobalAveragePooling2D(), x, name="pool")
    graph.add(Dense(10), x, name="classes")
    return graph

class Builder:
    def __call__(self): return build(4)
    def inner(self): return build(2)

builder = Builder()
ready = quiet(3)
def network():
    from cnncli.library import from_graph
    return from_graph(build(5))
def path(): return {path!r}
def content(): return open({path!r}, "rb").read()
def needs(width, *, deep): return build(width)
def placed(width, /): return build(width)
def fails():
    number = 1
    raise ValueError("no such\\x1b[31m\\nthing")
def leaves(): sys.exit("enough")
def dies(): os._exit(7)
def crashes():
    import ctypes
    ctypes.string_at(0)
def endless():
    print("begun", os.getpid())
    while True: pass
def nothing(): pass
def module():
    kind = type("Module", (), {"__module__": "torch.nn.modules.module"})  # what torch's own says of itself
    return type("Net", (kind,), {})()
def number(): return 3
def with_its_name(): return quiet(6), "a name"
def both(): return {"one": quiet(1), "two": quiet(2)}
class Holder:
    def __init__(self): self.size, self.net = 3, quiet(3)
value = 3
""".replace("{path!r}", repr(str(FILES / "separable.pt2")))
FAILS = SOURCE[: SOURCE.index("raise ValueError")].count("\n") + 1
"""The line that raises."""


PARSES = """
import argparse
from train.model import quiet
parser = argparse.ArgumentParser()
parser.add_argument("--width", type=int, default=9)
given = parser.parse_args()
def build(): return quiet(given.width)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    package = folder / "train"
    package.mkdir()
    (package / "model.py").write_text(SOURCE)
    (package / "broken.py").write_text("x = 1\nx = = 2\n")
    (package / "lacking.py").write_text("import nothing_of_that_name\n")
    (package / "within.py").write_text("from .model import build\n")
    (package / "wants.py").write_text("import sys; first = sys.argv[1]\n")
    (package / "parses.py").write_text(PARSES)
    (package / "types.py").write_text("import enum\nfrom train.model import quiet\ndef build(): return quiet(7)\n")
    return folder


@pytest.fixture
def inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(folder)
    return folder


def called(text: str, traceback: bool = False, **arguments: str) -> Reading:
    return read_callable(text, arguments, traceback=traceback, tell=lambda _: None)


# What they give.


@pytest.mark.parametrize(
    ("name", "width"),
    [("build", 8), ("Builder.inner", 2), ("builder", 4), ("builder.inner", 2), ("ready", 3), ("network", 5)],
)
def test_what_is_called(inside: Path, name: str, width: int) -> None:
    if name == "Builder.inner":  # a function of a class lacks its instance, and says so
        with pytest.raises(UsageError, match="needs self"):
            called(f"train/model.py:{name}")
        return
    found = called(f"train/model.py:{name}").graph
    assert found.nodes[1].shape == (32, 32, width)
    assert Totals(found).params == width * 28 + width * 10 + 10


def test_a_module_is_found_from_the_working_directory(inside: Path) -> None:
    assert called("train.model:build").graph.name == "mine"


@pytest.mark.parametrize(
    ("text", "width"),
    [("train/model.py:with_its_name", 6), ("train/parses.py:build", 9), ("train/types.py:build", 7)],
)
def test_scripts_as_people_write_them(inside: Path, text: str, width: int) -> None:
    """One model among what is given; arguments that are parsed when the file is loaded; a module's own name."""
    assert called(text).graph.nodes[1].shape == (32, 32, width)


@pytest.mark.parametrize("name", ["path", "content"])
def test_a_file_that_it_names_or_holds(inside: Path, name: str) -> None:
    assert called(f"train/model.py:{name}").producer.startswith("PyTorch")


def test_arguments_are_literals_or_texts(inside: Path) -> None:
    found = called("train/model.py:build", width="16", name="wide one").graph
    assert (found.name, found.nodes[1].shape) == ("wide one", (32, 32, 16))


def test_what_it_prints_is_not_lost_and_no_result(folder: Path) -> None:
    code = (
        "from cnncli.readers.python.call import read_callable;"
        "print(read_callable('train/model.py:build', {}, traceback=False, tell=str).graph)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "<Graph mine: 4 layers>\n"
    assert done.stderr == "building 8\na remark\n"


# What goes wrong.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train/modle.py:build", "train/modle.py: no such file; did you mean train/model.py?"),
        ("trian.model:build", "trian.model:build: there is no module trian; did you mean train?"),
        ("train.modle:build", "there is no module train.modle; did you mean model?"),
        ("train/model.py:buidl", "train/model.py has no buidl; did you mean build?"),
        ("train/model.py:needs", "needs width, deep: --call-with width=VALUE --call-with deep=VALUE"),
        ("train/model.py:placed", "takes width by its place only"),
        ("train/model.py:value", "is an int, which cannot be called and is no model"),
        ("train/model.py:number", "gives an int; expected is a keras.Model"),
        ("train/model.py:both", "gives a dict with 2 models (Graph, Graph); return one of them"),
        ("train/model.py:Holder", "gives a model.Holder, which is none; its net is one: return that"),
        ("train/model.py:Builder.inner", "needs self; name a function that makes a Builder"),
        (
            "train/wants.py:build",
            "train/wants.py raised IndexError: list index out of range (line 1 of train/wants.py)",
        ),
        ("train/model.py:nothing", "gives nothing (None); expected"),
        ("train/model.py:fails", rf"raised ValueError: no such\x1b[31m thing (line {FAILS} of train/model.py)"),
        ("train/model.py:leaves", "ended its process: sys.exit('enough')"),
        ("train/broken.py:x", "raised SyntaxError: invalid syntax"),
        ("train/broken.py:x", "(line 2 of train/broken.py)"),
        ("train/lacking.py:x", "No module named 'nothing_of_that_name' (line 1 of train/lacking.py)"),
        ("train/within.py:build", "name it as a module: train.within:build"),
    ],
)
def test_one_line_says_what_is_wrong(inside: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        called(text)
    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_argument_that_it_does_not_take(inside: Path) -> None:
    with pytest.raises(UsageError, match="has no argument widht; did you mean width"):
        called("train/model.py:build", widht="8")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="how a process ended is told by POSIX")
@pytest.mark.parametrize(("name", "said"), [("dies", "ended with code 7"), ("crashes", "crashed (SIGSEGV)")])
def test_a_process_that_ends_by_itself(inside: Path, name: str, said: str) -> None:
    with pytest.raises(MachineError) as raised:
        called(f"train/model.py:{name}")
    assert said in str(raised.value)


def test_the_whole_of_a_failure(inside: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError):
        called("train/model.py:fails", traceback=True)
    shown = capfd.readouterr().err
    assert shown.startswith("Traceback (most recent call last):\n")
    assert "python_worker" not in shown
    assert f'train/model.py", line {FAILS}, in fails' in shown


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_an_interrupt_ends_both(folder: Path) -> None:
    code = (
        "from cnncli.readers.python.call import read_callable;"
        "read_callable('train/model.py:endless', {}, traceback=False, tell=str)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=folder, stderr=subprocess.PIPE, text=True) as parent:
        assert parent.stderr is not None
        child = int(parent.stderr.readline().split()[1])
        parent.send_signal(signal.SIGINT)
        parent.wait(20)
        deadline = time.monotonic() + 60
        while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not Path(f"/proc/{child}").exists()
        parent.stderr.read()


# A graph as plain data.


@pytest.mark.parametrize("reference", ["v1:alpha=0.25", "v3_small", "b0"])
def test_a_graph_there_and_back(reference: str) -> None:
    graph = parse(reference, {}, None).graph()
    graph.warn("as it was")
    back = graph_of(plain(graph))
    assert structural_hash(back) == structural_hash(graph)
    assert [(each.name, each.scope, each.shape, each.weights) for each in back.nodes] == [
        (each.name, each.scope, each.shape, each.weights) for each in graph.nodes
    ]
    assert (back.kinds, back.warnings, back.outputs[0].name) == (graph.kinds, ["as it was"], graph.outputs[0].name)


def test_a_layer_of_a_foreign_class_comes_back_opaque() -> None:
    class Mine(Layer):
        def weights(self, *inputs: Any) -> tuple[Weight, ...]:
            return (Weight("table", (3, 5)),)

    graph = Graph("x")
    image = graph.add(InputLayer((8, 8, 3)), name="image")
    graph.add(Mine(), image, name="mine")
    found = graph_of(plain(graph)).nodes[1]
    assert (found.layer, found.params) == (Opaque("Mine", (8, 8, 3)), 15)


@pytest.mark.parametrize("name", ["Path", "Layer2", "cnncli.graph.Graph", ""])
def test_no_other_class_is_made_of_data(name: str) -> None:
    data = plain(Graph("x"))
    data["items"].append(["sneaked", {"of": "layer", "class": name, "fields": {}}])
    with pytest.raises((LayerError, TypeError)):
        graph_of(data)


def test_every_layer_is_known_by_its_class() -> None:
    graph = Graph("x")
    image = graph.add(InputLayer((8, 8, 3)), name="image")
    graph.add(Conv2D(2, 3), image, name="conv")
    data = plain(graph)
    assert LAYERS["Conv2D"] is type(graph_of(data).nodes[1].layer)


# With the libraries.

LIBRARIES = """
def keras3():
    import keras
    inside = keras.Sequential([keras.layers.Input((16, 16, 3)), keras.layers.Conv2D(4, 3, activation="relu")])
    model = keras.Sequential([inside, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    return model
def unbuilt():
    import keras
    return keras.Sequential([keras.layers.Conv2D(4, 3)])
def subclassed():
    import keras
    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = keras.layers.Conv2D(4, 3)
        def call(self, x):
            return self.conv(x)
    net = Net()
    net.built = True
    return net
def volumes():
    import keras
    frame = keras.Sequential([keras.layers.Input((8, 8, 2)), keras.layers.Conv2D(4, 3), keras.layers.Flatten()])
    film = keras.Input((None, 8, 8, 2), name="film")
    steps = keras.layers.Bidirectional(keras.layers.LSTM(3))(keras.layers.TimeDistributed(frame)(film))
    volume = keras.layers.Conv3D(5, (1, 3, 3))(film)
    return keras.Model(film, [steps, volume])
def program():
    import torch
    return torch.export.export(torch.nn.Conv2d(3, 4, 3), (torch.zeros(1, 3, 8, 8),))
"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("libraries") / "models.py"
    path.write_text(LIBRARIES)
    return path


@pytest.mark.tf
def test_a_model_of_keras(libraries: Path) -> None:
    found = called(f"{libraries}:keras3")
    assert found.producer.startswith("Keras 3")
    assert Totals(found.graph).params == 4 * 28 + 10
    assert Totals(found.graph).macs == 14 * 14 * 108 + 8


@pytest.mark.tf
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("unbuilt", "models.py:unbuilt: Sequential is not built yet, and has no weights: begin it with keras.Input"),
        ("subclassed", "models.py:subclassed: Net is not built yet, and has no weights: call it on an input once"),
    ],
)
def test_a_model_that_is_not_built(libraries: Path, name: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        called(f"{libraries}:{name}")
    assert said in str(raised.value)


@pytest.mark.tf
def test_models_for_films(libraries: Path) -> None:
    """A model applied to each picture, volumes, both ways through time; a size that is left open is told."""
    graph = called(f"{libraries}:volumes").graph
    params = {node.type: node.params for node in graph.nodes if node.params}
    lstm = 4 * (144 * 3 + 3 * 3 + 3)
    assert params == {"TimeDistributed": 9 * 2 * 4 + 4, "Bidirectional": 2 * lstm, "Conv3D": 9 * 2 * 5 + 5}
    assert [node.shape for node in graph.outputs] == [(6,), (UNKNOWN, 6, 6, 5)]
    assert [each.partition(":")[0] for each in graph.warnings] == ["film is ?x8x8x2"]


@pytest.mark.tf
def test_a_program_of_torch(libraries: Path) -> None:
    found = called(f"{libraries}:program")
    assert Totals(found.graph).macs == 36 * 108


def test_a_module_of_torch_has_no_shapes(inside: Path) -> None:
    with pytest.raises(UsageError, match=r"return torch.export.export\(model, \(example,\)\)"):
        called("train/model.py:module")
