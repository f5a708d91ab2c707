"""`history`: the registry by year, paper by paper, and its picture."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import golden, refused
from test_chart import box, drawn, written

from cnncli.analysis.history import Generation, Step, descents, generations, steps
from cnncli.draw.label_places import Box
from cnncli.network import architectures
from cnncli.views.history import Past, history_chart

SPECS = architectures()
PAPERS = {spec.name: spec.architecture or spec.name for spec in SPECS}


@pytest.mark.parametrize("width", ["40", "80", "160", "piped"])
@pytest.mark.parametrize("every", ["", "all"])
def test_a_family(run: Any, monkeypatch: pytest.MonkeyPatch, width: str, every: str) -> None:
    if width != "piped":
        monkeypatch.setenv("COLUMNS", width)
    result = run("history", "--family", "mobilenet", *(["--all"] if every else []))
    assert (result.code, result.err) == (0, "")
    golden(f"history-{every or 'papers'}-{width}.txt", result.out)


@pytest.mark.parametrize("how", ["markdown", "latex", "html", "csv", "tsv", "json"])
def test_formats(run: Any, how: str) -> None:
    golden(f"history.{how}", run("history", "--family", "senet", "--family", "VGG", "-f", how).out)


@pytest.mark.parametrize("width", ["40", "60", "64", "80", "100", "160"])
def test_nothing_is_wider_than_the_terminal(run: Any, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    out = run("history", "--since", "2015").out
    assert max(map(len, out.splitlines())) <= int(width)
    assert "resnet152" in out
    assert "pre-activation" in out


def test_every_paper_is_told_once_by_year(run: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(run("history", "-f", "csv").out)))
    assert [row["architecture"] for row in rows] == list(dict.fromkeys(PAPERS[step.spec.name] for step in steps(SPECS)))
    assert [row["year"] for row in rows] == sorted(row["year"] for row in rows)
    for row in rows:
        best = max((spec.top1.top1 for spec in SPECS if PAPERS[spec.name] == row["architecture"] and spec.top1),
                   default=None)  # fmt: skip
        assert row["top1"] == ("" if best is None else str(best))
        assert bool(row["top1_source"]) == bool(row["top1"])


def test_figures_are_those_of_list(run: Any) -> None:
    keys = ["year", "name", "params", "macs", "top1", "top1_source", "receptive_field", "depth", "introduced"]
    asked = ["--columns", ",".join(keys), "-f", "csv"]
    told, listed = (run(*words, *asked).out.splitlines() for words in (["history", "--all"], ["list"]))
    assert told[0] == listed[0]
    assert sorted(told) == sorted(listed)


@pytest.mark.parametrize("asked", [["--since", "2019"], ["--until", "2014"], ["--since", "2016", "--until", "2016"]])
def test_years(run: Any, asked: list[str]) -> None:
    years = dict(zip(asked[::2], map(int, asked[1::2]), strict=True))
    out = run("history", "--all", *asked, "--columns", "name", "-f", "csv").out.split()[1:]
    within = [s.name for s in SPECS if years.get("--since", 0) <= s.year <= years.get("--until", 9999)]
    assert sorted(out) == sorted(within)


def test_order(run: Any) -> None:
    out = run("history", "--sort", "top1", "--columns", "top1", "-f", "csv").out.split()[1:]
    known = [float(text) for text in out if text.strip('"')]
    assert known == sorted(known, reverse=True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--family", "nope"], "unknown family"),
        (["--since", "2900"], "no network since 2900"),
        (["--family", "VGG", "--until", "1999"], "no network of VGG until 1999"),
        (["--columns", "colour"], "unknown column"),
        (["--sort", "colour"], "unknown column"),
        (["--family", "LeNet", "-o", "l.svg"], "nothing to draw"),
        (["-o", "l.gif"], "cannot draw .gif"),
    ],
)
def test_refusals(run: Any, words: list[str], says: str) -> None:
    refused(run("history", *words), 2, says)


def test_who_takes_up_whose_ideas() -> None:
    """As the registry says; past a paper that is not shown, unless another way leads there."""
    every = {*PAPERS.values()}
    direct = {
        (PAPERS.get(name, name), PAPERS[spec.name]) for spec in SPECS for name in spec.descends_from
        if PAPERS.get(name, name) != PAPERS[spec.name]
    }  # fmt: skip
    assert {*descents(every)} == direct
    assert descents(["alexnet", "googlenet"]) == [("alexnet", "googlenet")]  # by way of network in network
    mobile = ["mobilenet_v1", "mobilenet_v2", "mobilenet_v3", "mobilenet_v4"]
    assert descents(mobile) == [*pairwise(mobile)]  # v4 has ConvNeXt's of v2 too
    assert descents([]) == descents(["vgg"]) == []


def test_json(run: Any) -> None:
    data = json.loads(run("history", "--family", "mobilenet", "-f", "json").out)
    assert [paper["name"] for paper in data["papers"]][2:] == ["mobilenet_v3", "mobilenet_v4"]
    third = data["papers"][2]
    assert third["networks"] == ["mobilenet_v3_small", "mobilenet_v3_large"]
    assert (third["best"], third["descends_from"]) == ("mobilenet_v3_large", ["mobilenet_v2"])
    assert [model["name"] for model in data["models"]] == [s.name for s in SPECS if s.family == "MobileNet"]


def test_the_best_of_a_paper_is_told() -> None:
    found = {paper.name: paper for paper in generations(steps(SPECS))}
    assert found["resnet"].best.spec.name == "resnet152"
    assert found["vgg"].best.spec.name == "vgg16"
    assert found["lenet"].best.spec.name == "lenet5"  # nobody published what it comes to on ImageNet
    assert Generation("one", [Step(SPECS[0])]).spec is SPECS[0]


@pytest.mark.parametrize("families", [[], ["MobileNet"], ["EfficientNet"], ["ResNet", "ResNeXt", "RegNet"]])
def test_picture(families: list[str]) -> None:
    """All networks with an accuracy on both panels, a label a paper, and no label on another or cut."""
    past = Past.of(families, None, None)
    made = history_chart(past)
    known = {step.spec.name for step in past.found if step.top1 is not None}
    assert {point.label for point in made.points} == known
    named = {point.label for point in made.named}
    assert len(named) == len({PAPERS[name] for name in known})
    figure = drawn(made)
    labels = [label for axes in figure.axes[:2] for label in axes.texts]
    assert len(labels) == 2 * len(named)
    page = Box(*figure.bbox.extents)
    texts = written(figure)
    assert all(box(text).within(page) for text in texts)
    for one, other in combinations(texts, 2):
        assert not box(one).overlaps(box(other)), (one, other)
    for line in [each for panel in made.panels for each in panel.lines]:
        assert {*line} <= named
    assert made.panels[0].lines


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_pictures_are_the_same_every_time(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    for name in ("one", "two"):
        result = run("history", "--family", "MobileNet", "-o", str(tmp_path / f"{name}.{suffix}"))
        assert result.code == 0
        assert "mobilenet_v4" in result.out
    assert (tmp_path / f"one.{suffix}").read_bytes() == (tmp_path / f"two.{suffix}").read_bytes()


def test_nothing_heavy_is_loaded() -> None:
    code = (
        "import sys; from cnncli.views.history import *; past = Past.of(['MobileNet'], None, None);"
        "history_document(past).sections(80); history_chart(past);"
        "print([name for name in ('matplotlib', 'numpy', 'tensorflow') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"
