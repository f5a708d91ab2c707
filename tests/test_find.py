"""`find`: the networks that keep limits are those that brute force finds, the most accurate first."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from conftest import golden, refused

from cnncli.amounts import is_known
from cnncli.analysis.metrics import Totals
from cnncli.network import architectures, network, variants
from cnncli.search import work
from cnncli.search.evaluation import BROKEN, evaluate
from cnncli.search.limits import Limit
from cnncli.search.searching import IMPOSSIBLE, Asked, row, rows, search
from cnncli.search.space import Product, Space, spread
from cnncli.views.find import Finding
from cnncli.views.find_chart import find_chart
from cnncli.views.found import Shown

LIMITS = ("--max-params", "5M", "--max-macs", "300M", "--max-tflite-bytes", "6MB", "--dtype", "int8")
SPACE = ("v1", "v2", "v3_small", "--alpha", "0.25..1/0.25", "--input-shape", "100,150")
"""A space of 24, of which nobody published the figures."""


def found(run, *arguments: object, code: int = 0) -> dict[str, Any]:
    result = run("find", *arguments, "-f", "json")
    assert (result.code, result.err) == (code, "")
    return dict(json.loads(result.out))


def names(data: dict[str, Any]) -> list[str]:
    return [each["reference"] for each in data["found"]]


@cache
def _by_brute_force() -> list[str]:
    """Every network built, every figure worked out, whatever the limits."""
    kept = []
    for spec in architectures():
        for each in variants(spec):
            network_ = network(each.reference)
            totals, published = Totals(network_.graph), network_.published
            if totals.params > 5_000_000 or totals.macs > 300_000_000 or totals.tflite_bytes_int8 > 6_000_000:
                continue
            kept.append((published.top1 if published else None, totals.macs, each.reference))
    with_top1 = sorted((each for each in kept if each[0] is not None), key=lambda each: (-each[0], *each[1:]))
    return [each[-1] for each in (*with_top1, *sorted(each for each in kept if each[0] is None))]


def test_brute_force_finds_the_same(run) -> None:
    data = found(run, *LIMITS)
    assert names(data) == _by_brute_force()
    assert data["count"] == len(names(data)) > 5


def test_values_given_make_the_same_networks_as_brute_force(run) -> None:
    kept = []
    for name in ("mobilenet_v1", "mobilenet_v2", "mobilenet_v3_small"):
        for alpha in ("0.25", "0.5", "0.75", "1"):
            for size in ("100", "150"):
                graph = network(f"{name}:alpha={alpha},input_shape={size}").graph
                totals = Totals(graph)
                arena = totals.arena_bytes
                if is_known(arena) and arena <= 320 * 1024 and totals.macs >= 10_000_000:
                    kept.append((totals.macs, network(f"{name}:alpha={alpha},input_shape={size}").reference))
    data = found(run, *SPACE, "--max-arena", "320KiB", "--min-macs", "10M")
    assert names(data) == [name for _, name in sorted(kept)]
    assert data["candidates"] == 24


def test_every_network_stands_once() -> None:
    """efficientnet with its defaults is efficientnet_b0, whose accuracy was published."""
    space = spread([each for spec in architectures() for each in variants(spec)], {}).space
    references = list(space)
    assert len(set(references)) == len(references)
    assert "efficientnet_b0" in references
    assert "efficientnet" not in references


def test_a_figure_that_is_not_known_keeps_no_limit() -> None:
    assert not Limit("arena_bytes", least=0).keeps(None)
    assert not Limit("arena_bytes", most=10**12).keeps(None)
    assert Limit("receptive_field", least=10, most=20).keeps([10, 20])
    assert not Limit("receptive_field", least=11, most=20).keeps([10, 20])


def test_without_a_published_accuracy_none_is_enough(run) -> None:
    data = found(run, *SPACE, "--min-top1", "0", code=1)
    assert data["found"] == []
    assert data["limits"] == [{"figure": "top1", "at_least": 0.0, "at_most": None, "candidates_left": 0}]
    assert data["nearest"] is None


def test_a_broken_limit_ends_the_work() -> None:
    limits = (Limit("tflite_bytes_int8", most=1), Limit("macs", most=1), Limit("top1", least=90))
    assert evaluate("v2", ["flops"], limits)[BROKEN] == "top1"
    ended = evaluate("v2", ["flops"], limits[:2])
    assert ended[BROKEN] == "macs"
    assert {"flops", "tflite_bytes_int8"}.isdisjoint(ended)
    assert BROKEN not in evaluate("v2", ["flops"], (Limit("macs", most=10**12),))


def test_what_makes_no_network_is_counted_and_told(run) -> None:
    data = found(run, "v1", "--alpha", "0.02,0.25,0.5")
    assert data["candidates"] == 3
    assert data["impossible"] == 1
    assert names(data) == ["mobilenet_v1:alpha=0.5", "mobilenet_v1:alpha=0.25"]
    told = run("find", "v1", "--alpha", "0.02,0.25,0.5").out
    assert "1 candidate makes no network: mobilenet_v1:alpha=0.02 cannot be built" in told
    assert IMPOSSIBLE in row("mobilenet_v1:alpha=0.02", Asked(()))


def test_architectures_without_an_option_are_left_out_and_counted(run) -> None:
    result = run("find", "v1", "v2", "vgg16", "shufflenet_v2", "--alpha", "0.5,0.75")
    assert "1 architecture without alpha is left out." in result.out
    assert "shufflenet_v2 takes of alpha only 0.5, 1, 1.5 or 2." in result.out
    assert "5 candidates." in result.out


def test_each_limit_tells_how_many_it_leaves(run) -> None:
    data = found(run, *SPACE, "--max-params", "1M", "--max-macs", "10M", "--max-arena", "50KB", code=1)
    graphs = [network(reference).graph for reference in _space()]
    few = [graph for graph in graphs if Totals(graph).params <= 1_000_000]
    light = [graph for graph in few if Totals(graph).macs <= 10_000_000]
    left = [each["candidates_left"] for each in data["limits"]]
    assert left == [len(few), len(light), 0]
    assert len(graphs) > len(few) > len(light) > 0
    assert data["nearest"]["arena_bytes_int8_io"] == min(Totals(graph).arena_bytes for graph in light)


def _space() -> list[str]:
    return [
        f"{name}:alpha={alpha},input_shape={size}"
        for name in ("v1", "v2", "v3_small")
        for alpha in ("0.25", "0.5", "0.75", "1")
        for size in (100, 150)
    ]


def test_the_nearest_is_beyond_its_limits_by_the_least_share(run) -> None:
    data = found(run, "v1", "v2", "v3_small", "--classes", "10", "--max-macs", "50M", "--max-params", "1M", code=1)
    assert data["nearest"]["reference"] == "mobilenet_v3_small:classes=10"
    assert data["nearest"]["macs"] == Totals(network("v3_small:classes=10").graph).macs


@pytest.mark.parametrize("keys", [("top1", "macs"), ("params", "arena_bytes_int8_io"), ("top1", "params", "flops")])
def test_the_front_is_of_those_that_none_beats(run, keys: tuple[str, ...]) -> None:
    data = found(run, "--family", "MobileNet,EfficientNet,RegNet", "--max-macs", "500M", "--pareto", ",".join(keys))
    points = {
        each["reference"]: [-each[key] if key == "top1" else each[key] for key in keys]
        for each in data["found"]
        if None not in [each[key] for key in keys]
    }
    unbeaten = {
        name
        for name, point in points.items()
        if not any(
            all(other <= mine for other, mine in zip(them, point, strict=True)) and them != point
            for them in points.values()
        )
    }
    assert {each["reference"] for each in data["found"] if each["pareto"]} == unbeaten
    assert 0 < len(unbeaten) < len(points)


def test_where_no_accuracy_is_known_there_is_no_front_of_it(run) -> None:
    told = run("find", *SPACE).out
    assert "No Pareto front: of no candidate top1 is known; --pareto names other figures." in told
    assert "Front" not in told.splitlines()[0]


def test_families_and_years_choose(run) -> None:
    data = found(run, "--family", "mobilenet", "--year", "2018..2019")
    assert {(each["family"], each["year"]) for each in data["found"]} == {("MobileNet", 2018), ("MobileNet", 2019)}
    assert found(run, "--year", "..2012", "--sort", "+macs")["found"][0]["architecture"] == "lenet5"


def test_a_flavor_and_options_name_just_that_network(run) -> None:
    assert names(found(run, "b0@article", "v2:classes=10")) == ["mobilenet_v2:classes=10", "efficientnet_b0@article"]


def test_processes_find_what_one_does(monkeypatch) -> None:
    space = Space((Product("mobilenet_v2", (tuple(f"alpha={part / 100}" for part in range(10, 60)),)),))
    asked = Asked(("params",), (Limit("macs", most=50_000_000),))
    alone = search(asked, [rows(space, asked)])
    monkeypatch.setattr(work, "FEW", 0)
    monkeypatch.setattr(work, "processors", lambda: 2)
    together = search(asked, work.parts(space, asked))
    assert together == alone
    assert 0 < len(alone.found) < len(space)


def test_top_sort_and_columns(run) -> None:
    arguments = ("--family", "MobileNet", "--sort", "-arena_bytes", "--columns", "reference,tflite_bytes_float16")
    lines = run("find", *arguments, "--top", "3", "-f", "csv").out.splitlines()
    assert lines[0] == "reference,tflite_bytes_float16"
    assert len(lines) == 4
    every = found(run, *arguments)["found"]
    assert [line.split(",")[0] for line in lines[1:]] == [each["reference"] for each in every[:3]]
    assert all(one["arena_bytes_int8_io"] >= other["arena_bytes_int8_io"] for one, other in pairwise(every))
    told = run("find", *arguments, "--top", "3").out
    assert f"{len(every) - 3} more; --top {len(every)} shows all." in told


def test_the_kind_holds_for_limits_columns_and_the_front(run) -> None:
    kind = (
        "--dtype",
        "int8",
        "--max-arena",
        "1MB",
        "--columns",
        "tflite_bytes,arena_bytes",
        "--pareto",
        "arena_bytes,macs",
    )
    data = found(run, "v2:input_shape=96", *kind)
    figures = data["found"][0]
    totals = Totals(network("v2:input_shape=96").graph)
    assert figures["tflite_bytes_int8"] == totals.tflite_bytes_int8
    assert figures["arena_bytes_int8"] == totals["arena_bytes_int8"]
    assert data["pareto"] == ["arena_bytes_int8", "macs"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--max-params", "5X"], "--max-params 5X: expected a whole number"),
        (["--min-top1", "101"], "--min-top1 101: expected a percentage"),
        (["--min-macs", "5M", "--max-macs", "4M"], "--min-macs 5M --max-macs 4M: nothing is that much and that little"),
        (["--pareto", "layers"], "--pareto layers: neither more nor less of it is better"),
        (["--pareto", "nothing"], "unknown column 'nothing'"),
        (["--sort", "colour"], "unknown column 'colour'"),
        (["--year", "2019..2017"], "it ends below where it begins"),
        (["--year", "1900"], "--year 1900: no architecture of those named is so"),
        (["--family", "Nets"], "unknown family 'Nets'"),
        (["--alpha", "1..0.5/0.1"], "ends below where it begins"),
        (["--alpha", "0.5,,1"], "expected a value"),
        (["--alpha", "0.25..1"], "expected FROM..TO/STEP"),
        (["--alpha", "wide"], "alpha=wide: expected a number above 0"),
        (["vgg16", "--alpha", "0.5"], "no architecture of these has an option alpha: vgg16"),
        (["--set", "colour=red"], "no architecture of these has an option colour"),
        (["--set", "alpha"], "--set alpha: expected KEY=VALUES"),
        (["--set", "alpha=1", "--alpha", "2"], "alpha is given twice: 2 and 1"),
        (["model.tflite"], "find chooses among the architectures"),
        (["--top", "0"], "--top 0: expected a whole number"),
        (["-o", "find.gif"], "cannot draw .gif"),
    ],
)
def test_what_cannot_be_asked_for(run, arguments: list[str], says: str) -> None:
    refused(run("find", *arguments), 2, says)


@pytest.mark.parametrize("width", [40, 80, 160, None], ids=lambda width: f"{width or 'piped'}")
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("find", ["--family", "LeNet,ResNet", "--max-macs", "5G", "--pareto", "top1,params"]),
        (
            "find-none",
            ["v1:alpha=0.25", "lenet5", "--max-params", "1M", "--max-tflite-bytes", "10kB", "--dtype", "int8"],
        ),
    ],
)
def test_tables(run, monkeypatch, width: int | None, name: str, arguments: list[str], request) -> None:
    if width:
        monkeypatch.setenv("COLUMNS", str(width))
    result = run("find", *arguments)
    assert (result.code, result.err) == (int("none" in name), "")
    assert max(map(len, result.out.splitlines())) <= (width or 1000)
    golden(f"{name}-{width or 'piped'}.txt", result.out)


@pytest.mark.parametrize("format", ["tsv", "markdown", "latex", "html"])
def test_formats(run, format: str) -> None:
    golden(f"find.{format}", run("find", "lenet5", "resnet18", "resnet50", "--sort", "params", "-f", format).out)


def test_nothing_found_has_a_sheet_of_no_rows(run) -> None:
    result = run("find", "v2", "--max-params", "1k", "-f", "csv")
    assert result.code == 1
    assert result.out.count("\n") == 1


def _finding(*arguments: str, pareto: tuple[str, ...] = ("top1", "macs"), limits: tuple[Limit, ...] = ()) -> Finding:
    space = Space(tuple(Product(name, ()) for name in arguments))
    asked = Asked(("macs", "params"), limits)
    return Finding(search(asked, [rows(space, asked)]), Shown(pareto=pareto))


def test_the_chart_joins_the_front() -> None:
    chart = find_chart(_finding("mnasnet_small", "mobilenet_v2", "mobilenet_v3_small", "lenet5"))
    (panel,) = chart.panels
    filled = [point for point in chart.points if not point.hollow]
    assert list(panel.lines) == [[point.label for point in sorted(filled, key=lambda point: point.x)]]
    assert [point.label for point in chart.points if point.hollow] == ["mnasnet_small", "lenet5"]
    assert "lenet5" not in panel.values
    over_params = find_chart(_finding("vgg16", "lenet5", pareto=("params",)))
    assert set(over_params.panels[0].values) == {"vgg16", "lenet5"}


def test_the_picture_has_all_names(run, tmp_path) -> None:
    path = tmp_path / "find.svg"
    result = run("find", "v1", "v2", "v3_small", "v3_large", "-o", path)
    assert result.code == 0
    texts = set(re.findall(r">([^<>]+)</text>", path.read_text(encoding="utf-8")))
    assert {"mobilenet_v1", "mobilenet_v3_small", "Multiply-accumulates of one image"} <= texts
    assert "mobilenet_v3_large" in result.out
