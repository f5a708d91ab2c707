"""What a lock file holds of blocks: read back as they are, compared in words, refused where they are damaged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result, graph_of, networks, refused
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncli.analysis.check.blocks import are_others, block_lines, changes
from cnncli.analysis.check.budgets import limited
from cnncli.analysis.compare.difference import difference
from cnncli.analysis.structure import block_digests, structural_hash
from cnncli.graph.layer import Layer
from cnncli.graph.layers import LAYERS, Concatenate, Conv2D, InputLayer, Opaque, TimeDistributed
from cnncli.graph.notation import Line, Unreadable, lines, merged, spread, written
from cnncli.graph.notation import graph_of as read
from cnncli.network import network
from cnncli.views.changes import change_place, phrases

Run = Callable[..., Result]
FILES = Path(__file__).parent / "files"
V2 = "mobilenet_v2"
MACS = 300_774_272


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# The notation


@pytest.mark.parametrize("reference", networks())
def test_a_network_is_read_back_as_it_was(reference: str) -> None:
    graph = graph_of(reference)
    written_lines = lines(graph)
    texts = json.loads(json.dumps(merged(written_lines)))
    assert [(line.key, line.text) for line in spread(texts)] == [(line.key, line.text) for line in written_lines]
    again = read(written_lines)
    assert structural_hash(again) == structural_hash(graph)
    assert [node.name for node in again.nodes] == [node.name for node in graph.nodes if not node.layer.idle]
    assert [*merged(lines(read(spread(texts)))).values()] == [*texts.values()]


@pytest.mark.parametrize("path", sorted(FILES.iterdir()), ids=lambda path: path.name)
def test_files_are_read_back_with_the_same_lines(path: Path) -> None:
    if path.suffix == ".md":
        return
    graph = network(str(path)).graph
    texts = merged(lines(graph))
    assert [*merged(lines(read(spread(texts)))).values()] == [*texts.values()]


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (Conv2D(32, 3, strides=2, use_bias=False), "Conv2D(32, 3, strides=2, use_bias=False)"),
        (
            Conv2D(32, (1, 7), padding="same", activation="relu"),
            "Conv2D(32, (1, 7), padding='same', activation='relu')",
        ),
        (Concatenate(), "Concatenate"),
        (InputLayer((28, 28, 1)), "InputLayer((28, 28, 1))"),
        (Opaque("Foo: 'x'", (3, 3)), "Opaque(\"Foo: 'x'\", (3, 3))"),
        (TimeDistributed(Conv2D(8, 3)), "TimeDistributed(Conv2D(8, 3))"),
    ],
)
def test_layers_are_written_as_keras_code(layer: Layer, text: str) -> None:
    assert written(layer) == text


def test_a_layer_says_what_it_reads_where_that_is_not_the_one_before_it() -> None:
    texts = block_lines(graph_of("mobilenet_v2"))
    assert texts["stage3.block2"].startswith("2 x InvertedResidual6: Conv2D(192, 1, padding='same', use_bias=False), ")
    assert texts["stage3.block2"].endswith(", BatchNormalization, Add[0, 8]")
    cells = block_lines(graph_of("nasnet_mobile"))
    assert any("[-1]" in text for text in cells.values())  # the cell before the last one
    found = read([Line("/a", "InputLayer((8, 8, 3))"), Line("s.b1", "ReLU, ELU"), Line("s.b2", "Add[0, 0:2]")])
    assert [node.type for node in found.nodes[-1].inputs] == ["ELU", "ReLU"]


@pytest.mark.parametrize(
    ("reference", "most"), [("mobilenet_v2", 4000), ("efficientnet_b7", 7000), ("resnet152", 4000)]
)
def test_lines_are_few_and_short(reference: str, most: int) -> None:
    texts = block_lines(graph_of(reference))
    assert len(json.dumps(texts)) < most
    assert len(texts) <= 20


# What has changed, in words


PAIRS = [
    ("mobilenet_v2", "mobilenet_v2:alpha=0.75"),
    ("mobilenet_v2", "mobilenet_v2@article"),
    ("mobilenet_v2", "mobilenet_v2:classes=10"),
    ("mobilenet_v2", "mobilenet_v2:input_shape=96"),
    ("efficientnet_b0", "efficientnet_b1"),
    ("mobilenet_v3_large", "mobilenet_v3_large:minimalistic=true"),
    ("mobilenet_v3_small", "mobilenet_v3_large"),
    ("resnet50", "resnet50@torchvision"),
    ("resnet18", "resnet50"),
    ("densenet121", "densenet169"),
    ("vgg16", "mobilenet_v1"),
    ("inception_v3", "xception"),
]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_changes_are_those_of_compare(before: str, after: str) -> None:
    first, second = graph_of(before), graph_of(after)
    expected = [each for each in difference(first, second) if each.kind != "equal"]
    found = changes(block_lines(first), second)
    assert [(each.kind, change_place(each), each.costs) for each in found] == [
        (each.kind, change_place(each), each.costs) for each in expected
    ]
    if before.partition("@")[0].partition(":")[0] == after.partition("@")[0].partition(":")[0]:
        assert [phrases(each) for each in found] == [phrases(each) for each in expected]


def lock(run: Run, folder: Path, *models: str) -> dict[str, dict[str, dict[str, object]]]:
    done = run("check", *models, "--baseline", "x.lock", "--write-baseline", "--force")
    assert (done.code, done.out) == (0, "")
    return dict(json.loads((folder / "x.lock").read_text()))


def write(folder: Path, data: object) -> None:
    (folder / "x.lock").write_text(json.dumps(data, indent=2))


def other_kernel(run: Run, folder: Path) -> None:
    """A lock of V2 as it was with kernels of 5x5 in two blocks, and costs within a percent."""
    data = lock(run, folder, V2)
    blocks = data["blocks"][V2]
    blocks["stage3.block2"] = str(blocks["stage3.block2"]).replace("DepthwiseConv2D(3", "DepthwiseConv2D(5")
    data["models"][V2] |= {"macs": round(MACS * 1.0026), "structure": f"sha256:{'0' * 64}"}
    write(folder, data)


def test_a_changed_kernel_is_told_in_words_and_strictly_refused(run: Run, folder: Path) -> None:
    other_kernel(run, folder)
    passed = run("check", "--baseline", "x.lock", "--tolerance", "1%")
    assert (passed.code, passed.err) == (0, "")
    assert "\nmobilenet_v2 stage3 block2-3: k5x5 → k3x3\n" in passed.out
    assert passed.out.endswith("which --strict would refuse: mobilenet_v2 in stage3 block2-3\n")
    strict = run("check", "--baseline", "x.lock", "--tolerance", "1%", "--strict", "-f", "github")
    assert strict.code == 1
    assert "structure changed with the costs: stage3 block2-3: k5x5 → k3x3\n" in strict.out
    assert strict.err == "cnncli: 1 of 10 checks fails: mobilenet_v2 locked structure in stage3 block2-3\n"
    data = json.loads(run("check", "--baseline", "x.lock", "--tolerance", "1%", "-f", "json").out)
    (structure,) = (each for each in data["checks"] if each["check"] == "locked structure")
    (change,) = structure["changes"]
    assert (change["kind"], change["before"], change["what"]) == ("changed", "stage3 block2-3", ["k5x5 → k3x3"])


def test_many_changes_are_counted(run: Run, folder: Path) -> None:
    data = lock(run, folder, "b0", "b1")
    for part in ("models", "blocks"):
        data[part]["efficientnet_b0"] = data[part]["efficientnet_b1"]
    write(folder, data)
    result = run("check", "b0", "--baseline", "x.lock", "--strict")
    assert result.code == 1
    assert "\nefficientnet_b0 - stage1 block2: MBConv1 k3x3 SE, 16 channels\n" in result.out
    assert "\nefficientnet_b0 10 more changes\n" in result.out
    assert " and 16 more\n" in result.err


def test_the_same_models_give_the_same_bytes_and_one_line_a_block(run: Run, folder: Path) -> None:
    lock(run, folder, V2, "b0")
    first = (folder / "x.lock").read_bytes()
    data = lock(run, folder, "efficientnet_b0", V2)
    assert (folder / "x.lock").read_bytes() == first
    assert data["schema_version"] == 3
    held = [len(each) for part in ("models", "blocks") for each in data[part].values()]
    assert len(first.splitlines()) == sum(held) + 2 * len(held) + 7


# Locks of other versions, and damaged ones


def test_a_lock_of_digests_names_the_blocks(run: Run, folder: Path) -> None:
    data = lock(run, folder, V2)
    data["blocks"][V2] = {**block_digests(graph_of(V2)), "stage3.block2": "00000000", "stage9.block1": "12345678"}
    data["models"][V2] |= {"macs": MACS + 1, "structure": f"sha256:{'0' * 64}"}
    for version in (2, 3):
        write(folder, data | {"schema_version": version})
        result = run("check", "--baseline", "x.lock", "--tolerance", "1%")
        assert (result.code, result.err) == (0, "")
        assert result.out.endswith("would refuse: mobilenet_v2 in stage3.block2 and stage9.block1\n")
    told = json.loads(run("check", "--baseline", "x.lock", "--tolerance", "1%", "-f", "json").out)["checks"][-1]
    assert told["changes"] is None


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("Conv2D(16, 1", "Conv3D(16, 1", "there is no layer 'Conv3D'"),
        ("Conv2D(16, 1", "Conv2D(16, 'one'", ""),
        ("Conv2D(16, 1", "Conv2D(0, 1", "filters=0 must be a whole number"),
        ("Conv2D(16, 1", "Conv2D(*16, 1", ""),
        ("Conv2D(16, 1", "Conv2D(print(1), 1", "there is no layer 'print'"),
        ("Conv2D(16, 1", "Conv2D(16, 1, wide=2", "Conv2D takes filters"),
        ("BatchNormalization\"", "BatchNormalization[7]\"", ""),
        ("BatchNormalization\"", "BatchNormalization[-9]\"", "there is no such layer to read"),
        ("InvertedResidual1: ", "InvertedResidual1; ", ""),
        ("InvertedResidual1: ", "9 x 8 x ", ""),
        ("InvertedResidual1: ", "999999999 x ", "too long"),
        ("InvertedResidual1: ", "(" * 2000, ""),
    ],
)  # fmt: skip
def test_a_damaged_block_is_one_line_with_its_place(run: Run, folder: Path, before: str, after: str, says: str) -> None:
    lock(run, folder, V2)
    text = (folder / "x.lock").read_text()
    at = next(number for number, line in enumerate(text.splitlines(), 1) if '"stage1.block1"' in line)
    block = text.splitlines()[at - 1]
    assert before in block
    (folder / "x.lock").write_text(text.replace(block, block.replace(before, after, 1)))
    result = run("check", V2, "--baseline", "x.lock")
    refused(result, 2, f"x.lock:{at}: block stage1.block1 of mobilenet_v2 cannot be read: ")
    assert says in result.err


def test_blocks_that_are_not_those_of_the_hash_are_refused(run: Run, folder: Path) -> None:
    data = lock(run, folder, V2)
    data["blocks"][V2]["stage3.block2"] = str(data["blocks"][V2]["stage3.block2"]).replace("192", "160")
    write(folder, data)
    refused(run("check", V2, "--baseline", "x.lock"), 2, "the blocks of mobilenet_v2 are not those of its hash")
    data["blocks"][V2] = {"stage1.block1": 5}
    write(folder, data)
    refused(run("check", V2, "--baseline", "x.lock"), 2, "x.lock:17: blocks are not of their kind")


def test_blocks_may_be_divided_in_another_way() -> None:
    """As by a later version, which finds other stages in a file: the network is the same."""
    graph = graph_of("v1:alpha=0.25")
    whole = ", ".join(line.text.rpartition(": ")[2] for line in lines(graph)[1:])
    assert not are_others({"/image": lines(graph)[0].text, "all": whole}, graph)


SOUP = st.sampled_from(
    [*LAYERS, "(", ")", "[", "]", ",", ":", "-1", "0", "9", "'", "x", "=", " ", "None", "2 x ", "1e999"]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 400), st.integers(0, 20), st.lists(SOUP, max_size=4).map("".join))
def test_whatever_stands_in_a_line_is_read_or_refused(at: int, cut: int, soup: str) -> None:
    texts = block_lines(graph_of("v1:alpha=0.25,input_shape=32"))
    key = [*texts][at % len(texts)]
    place, told = at % len(texts[key]), None
    texts[key] = texts[key][:place] + soup + texts[key][place + cut :]
    try:
        found = spread(texts)
        if len(found) < 1000:
            read(found)
    except Unreadable as error:
        told = error
    assert told is None or told.key.rstrip("0123456789") in (each.rstrip("0123456789") for each in texts)


# Budgets, and the last sentence


@pytest.mark.parametrize(
    ("option", "value"),
    [("max-params-without-bn", 3_538_984 - 68_224), ("max-activations", 6_679_112), ("max-depth", 52)],
)
def test_further_figures_can_be_limited(run: Run, folder: Path, option: str, value: int) -> None:
    """Of 3,538,984 parameters 4 for each of 17,056 channels are batch normalization's."""
    assert option in limited()
    assert run("check", V2, f"--{option}", value).code == 0
    (folder / "b.toml").write_text(f"[budgets.{V2}]\n{option} = {value - 1}\n")
    assert run("check", "--budget", "b.toml").err == f"cnncli: 1 of 1 check fails: mobilenet_v2 {option}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize("further", [[], ["--baseline", "x.lock", "--write-baseline"]])
def test_on_a_terminal_the_last_sentence_is_said_once(folder: Path, further: list[str]) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "cnncli", "check", V2, "--max-params", "1M", *further]
    environment = {**os.environ, "PAGER": "cat", "NO_COLOR": "1"}
    done = subprocess.run(command, stdout=theirs, stderr=theirs, stdin=theirs, env=environment, check=False)
    os.close(theirs)
    said = b""
    with os.fdopen(ours, "rb", buffering=0) as stream:
        while not said.endswith(b"max-params\r\n") and not said.endswith(b"written\r\n"):
            said += stream.read(4096)
    assert done.returncode == 1
    assert said.count(b"1 of 1 check fails") == 1
    assert said.decode().endswith("cnncli: x.lock is not written\r\n" if further else "mobilenet_v2 max-params\r\n")
