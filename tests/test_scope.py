"""One block, stage or other scope drawn alone: which one a name means, and what is told of it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import first_of_families, networks, refused
from geometry import problems
from test_diagram import branches

from cnncli.analysis.metrics import Totals, amounts
from cnncli.analysis.receptive_field import views
from cnncli.cli.complete import scope as offered
from cnncli.diagram import Options
from cnncli.document.numbers import scaled, shape, share
from cnncli.errors import UsageError
from cnncli.graph import Role
from cnncli.graph.cutting import cut, scopes
from cnncli.network import Network, network, of_graph
from cnncli.views.composed import options_for
from cnncli.views.plot import drawing
from cnncli.views.scope import scope_heading, scope_named


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("stage2.block2", "stage2.block2"),
        ("stage2", "stage2"),
        ("Stage2.Block2", "stage2.block2"),
        ("stage2.block2.squeeze_excite", "stage2.block2.squeeze_excite"),
        ("stage2.block2.squeeze-excite", "stage2.block2.squeeze_excite"),
        ("block4", "stage6.block4"),
        ("block2.squeeze_excite", None),
        ("head", "head"),
    ],
)
def test_a_scope_is_named_as_pictures_and_tables_write_it(written: str, meant: str | None) -> None:
    found = network("b0")
    if meant:
        assert ".".join(scope_named(found, written)) == meant
    else:
        with pytest.raises(UsageError, match=r"has stage2\.block2\.squeeze_excite, .* name one"):
            scope_named(found, written)


@pytest.mark.parametrize(
    ("reference", "written", "says"),
    [
        ("b0", "stage3.blok2", "--scope stage3.blok2: efficientnet_b0 has no such scope; did you mean stage3.block2?"),
        ("b0", "x", "it has stem, stage1, stage2, stage3, stage4, stage5, stage6, stage7, head, stage1.block1, "),
        ("lenet5", "x", "it has stage1, stage2, stage2.c3, stage2.c3.of_three, stage2.c3.of_four and head"),
        ("b0", "stage4.block2-3", "this is 2 blocks alike; name one, as stage4.block2"),
        ("b0", "stage2.block1.expand_conv", "this is a layer of the scope stage2.block1"),
        ("b0", "block2a_expand_conv", "this is a layer of the scope stage2.block1"),
        ("b0", "image", "this is a layer, outside of any scope"),
        ("b0", "", "has no such scope"),
    ],
)
def test_what_is_no_scope_is_told_in_a_line(run, tmp_path: Path, reference: str, written: str, says: str) -> None:
    refused(run("plot", reference, "--scope", written, "-o", tmp_path / "x.svg"), 2, says)
    assert not [*tmp_path.iterdir()]


def test_a_network_without_scopes_says_so() -> None:
    with pytest.raises(UsageError, match="branches has neither stages nor blocks; --detail layer draws all of it"):
        scope_named(of_graph(branches()), "stage1")


def test_a_stage_is_drawn_by_blocks_and_a_block_by_layers() -> None:
    found = [network("b0")]
    assert options_for(found, detail=None, scope="stage2").detail == "block"
    assert options_for(found, detail=None, scope="stage2.block1").detail == "layer"
    assert options_for(found, detail=None, scope="stem").detail == "layer"
    assert options_for([network("vgg16")], detail=None, scope="stage1").detail == "layer"
    assert options_for(found, detail="layer", scope="stage2").detail == "layer"
    assert options_for(found, detail=None, scope=None).detail == "block"


def test_the_heading_tells_of_the_scope_within_the_network() -> None:
    found = network("b0")
    scope = ("stage2", "block2")
    inside = [node for node in found.graph.nodes if node.scope[:2] == scope]
    own, whole = amounts(inside), Totals(found.graph)
    said = scope_heading(found, scope)
    assert said.title == "efficientnet_b0 stage2.block2"
    assert said.lines[0] == "MBConv6 k3x3 SE, EfficientNet (2019), flavor keras"
    for key, words in (("params", "parameters"), ("macs", "MACs"), ("flops", "FLOPs")):
        assert f"{scaled(own[key])} {words} ({share(own[key], whole[key])} of all)" in said.lines[1]
    assert f"{len(inside)} layers" in said.lines[1]
    seen = views(found.graph)[inside[-1].index]
    assert seen
    assert seen.pixels != views(cut(found.graph, scope))[-1].pixels  # type: ignore[union-attr]
    assert f"a cell sees {shape(seen.pixels or ())} pixels of the input" in said.lines[1]
    assert said.lines[2] == "reads 56x56x24 of stage2.block1.project_bn   gives 56x56x24 to stage3"


def test_who_reads_what_a_scope_gives_is_told_by_its_outermost_scope() -> None:
    told = scope_heading(network("nasnet_mobile"), ("stage2", "block2")).lines[2]
    assert told.startswith("reads 56x56x44 of stage1.block1.concatenate   reads 28x28x88 of stage2.block1.concatenate")
    assert told.endswith("gives 28x28x264 to stage2.block3 and stage2.block4")
    assert scope_heading(network("b0"), ("head",)).lines[2].endswith("gives 1000, an output of the network")


def picture(found: Network, name: str, **options: Any) -> Any:
    detail = options.pop("detail", None) or options_for([found], detail=None, scope=name).detail
    return drawing([found], Options(detail, scope=name, **options)).picture


def groups(drawn: Any, kind: str) -> list[str]:
    return [each.name for each in drawn.shapes if getattr(each, "kind", "") == kind]


def test_what_is_read_stands_above_the_block_and_no_frame_is_around_it() -> None:
    found = network("b0")
    drawn = picture(found, "stage2.block2")
    inside = [node.name for node in found.graph.nodes if node.scope[:2] == ("stage2", "block2")]
    assert groups(drawn, "box") == ["stage2.block1.project_bn", *inside]
    assert groups(drawn, "block") == ["stage2.block2"]
    assert groups(drawn, "stage") == []
    assert groups(picture(found, "stage2.block2.squeeze_excite"), "block") == []
    assert groups(picture(found, "stage2"), "stage") == ["stage2"]


def test_heat_is_a_share_of_the_whole_network() -> None:
    found = network("b0")
    drawn = picture(found, "stage2.block2", heat="macs")
    told = [text.text for each in drawn.shapes for text in getattr(each, "shapes", ()) if hasattr(text, "text")]
    whole = Totals(found.graph).macs
    for node in found.graph.nodes:
        if node.scope[:2] == ("stage2", "block2") and node.macs:
            assert share(node.macs, whole) in told


@pytest.mark.parametrize("reference", networks(every_flavor=False))
def test_every_scope_of_every_network_is_drawn(reference: str) -> None:
    """Of most networks a few: the first and the last of each depth."""
    found = network(reference)
    known = scopes(found.graph)
    chosen = {
        group[place] for depth in (1, 2, 3) if (group := [s for s in known if len(s) == depth]) for place in (0, -1)
    }
    for scope in sorted(chosen):
        name = ".".join(scope)
        for options in ({}, {"detail": "layer", "fuse": True}, {"detail": "stage", "direction": "LR"}):
            assert problems(picture(found, name, **options), names=False, past_frames=False) == [], (name, options)


@pytest.mark.parametrize("reference", first_of_families())
def test_a_scope_costs_what_its_layers_cost(reference: str) -> None:
    found = network(reference).graph
    for scope in scopes(found)[::5]:
        inside = [node for node in found.nodes if node.scope[: len(scope)] == scope]
        made = [node for node in cut(found, scope).nodes if node.inputs or node.role is not Role.INPUT]
        assert [(node.name, node.type, node.shape) for node in made] == [(n.name, n.type, n.shape) for n in inside]
        assert amounts(made) == amounts(inside)


@pytest.mark.parametrize("reference", first_of_families())
def test_no_layer_is_lost_or_drawn_twice(reference: str) -> None:
    found = network(reference)
    for scope in scopes(found.graph)[:12]:
        inside = [node.name for node in found.graph.nodes if node.scope[: len(scope)] == scope]
        made = cut(found.graph, scope)
        read = [node.name for node in made.nodes if node.role is Role.INPUT and node.name not in inside]
        assert groups(picture(found, ".".join(scope), detail="layer"), "box") == [*read, *inside]


def test_every_format(run, tmp_path: Path) -> None:
    for suffix in ("svg", "pdf", "png", "dot"):
        done = run("plot", "b0", "--scope", "stage3.block1", "-o", tmp_path / f"x.{suffix}")
        assert (done.code, done.out) == (0, ""), done.err
    assert "efficientnet_b0 stage3.block1" in (tmp_path / "x.svg").read_text(encoding="utf-8")


def test_a_file_has_scopes_too(run, tmp_path: Path) -> None:
    command = ("plot", "tests/files/inverted_residuals.onnx", "--input-shape", 64, "-o", tmp_path / "x.svg", "--scope")
    refused(run(*command, "x"), 2, "it has stem, stage1, stage1.block1, stage1.block2 and head")
    assert run(*command, "stage1.block1")[:2] == (0, "")


class _Typed:
    def __init__(self, *models: str) -> None:
        self.params = {"models": models}


def test_scopes_are_offered() -> None:
    assert "stage2.block2" in offered(_Typed("b0"))  # type: ignore[arg-type]
    assert offered(_Typed("nothing")) == offered(_Typed()) == []  # type: ignore[arg-type]


def test_without_costs_nothing_tells_of_any(run: Any, tmp_path: Path) -> None:
    assert run("plot", "b0", "--scope", "stage2.block2", "--no-costs", "-o", tmp_path / "x.svg").code == 0
    said = re.findall(r"<text[^>]*>([^<]*)", (tmp_path / "x.svg").read_text())
    assert any("layers" in text for text in said)
    assert not [text for text in said if re.search("params|parameters|MACs|FLOPs", text)]
