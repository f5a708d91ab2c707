"""`list`: a hundred architectures and more, those of a family with all that is known of it, and models of one's own."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from conftest import golden, refused

from cnncli.analysis.metric import Place
from cnncli.analysis.metrics import metrics
from cnncli.document.document import Paragraphs
from cnncli.document.table import Table
from cnncli.models.catalogue import models
from cnncli.models.spec import Paper, Published
from cnncli.render.formats import FORMATS, write
from cnncli.views import list as view
from cnncli.views.family import family_document
from cnncli.views.list import Listing, column_keys, in_families, listing_document, spans


def zoo() -> list[Any]:
    """A hundred and twenty architectures in thirty families, small, with names as long as such names are."""
    small = [spec for spec in models() if spec.name in ("mobilenet_v1", "mobilenet_v3_small", "vgg11", "mobilenet_v2")]
    figures = Published("torchvision 0.28, ANETWORK.IMAGENET1K_V1", "61,100,840", "714M", 56.522, "of two towers")
    return [
        replace(
            spec,
            name=f"{family[:-1].lower()}_{family[-1]}{number}" + ("_conv_medium" if place % 9 == 0 else ""),
            family=family,
            year=1998 + place,
            paper=Paper(f"A Network With a Title as Long as Titles of Papers Are, Part {place}", "1234.56789"),
            introduced=f"what was new in the paper of {family}, in as many words as it takes",
            aliases=(f"v{place}{number}",),
            published=() if number == 3 else (*spec.published, figures),
            architecture=family.lower(),
        )
        for place, family in enumerate(f"Network{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcd")
        for number, spec in enumerate(small)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def field() -> list[Any]:
    return zoo()


@pytest.mark.parametrize("width", [40, 64, 80, 160, 100_000])
def test_a_hundred_names_fit_any_terminal(monkeypatch, field, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = write(listing_document(Listing(field)), "table")
    assert max(map(len, text.splitlines())) <= width
    rows = len(field) + 30  # one each, and a heading a family
    assert len(text.splitlines()) <= rows + 12 or width == 40  # where long names take two lines
    for spec in field:
        assert re.search(rf"^{spec.name}\b", text, re.MULTILINE) or width == 40
    told = " ".join(text.split())
    assert ("Left out for want of room: Aliases" in told) == (width == 40 or width == 64)
    assert ("what was new in the paper of NetworkB" in told) == (width >= 160)
    assert told.count("what was new in the paper of NetworkB") == (width >= 160)  # in the first row alone
    assert ("Top-1: accuracy on ImageNet in percent" in told) == (width > 40)


@pytest.mark.parametrize("width", [40, 64, 80, 160, 100_000])
def test_what_is_told_of_a_family_fits_any_terminal(monkeypatch, field, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    family = [spec for spec in field if spec.family == "NetworkJ"]
    text = write(family_document(Listing(family)), "table")
    assert max(map(len, text.splitlines())) <= width
    told = " ".join(text.split())
    for word in ("Papers", "Published figures", "Flavors", "Options", "61,100,840", "56.522", "depth_multiplier"):
        assert word in told
    assert "widths cut by int()" in told or width < 200


@pytest.mark.parametrize("how", [name for name, form in FORMATS.items() if not form.checks])
def test_a_hundred_names_in_every_format(field, how: str) -> None:
    text = write(listing_document(Listing(field)), how)
    names = [spec.name.replace("_", r"\_") if how == "latex" else spec.name for spec in field]
    assert [name for name in names if name not in text] == []


def test_the_list_of_all(run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("list", "--format", "csv").out)))
    assert [row["name"] for row in rows] == [spec.name for spec in in_families(models())]
    out = run("list").out
    assert all(re.search(rf"^{spec.name} ", out, re.MULTILINE) for spec in models())
    assert all(f"\n{spec.family}\n" in out for spec in models())
    assert run("list", "--flavor", "article").out != out


def test_a_family_in_the_list(run, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    golden("list.txt", run("list", "--family", "MOBILEnet_V3").out)
    data = json.loads(run("list", "--format", "json", "--family", "efficientnet").out)
    names = [model["name"] for model in data["models"]]
    assert names[:9] == ["efficientnet", *(f"efficientnet_b{number}" for number in range(8))]
    b4 = data["models"][5]
    assert b4["totals"]["params"] == 19_466_823
    assert b4["published"][0] == {
        "source": "arXiv 1905.11946, table 2", "params": 19e6, "macs": 4.2e9, "top1": 82.9,
        "erratum": "the authors' code has more MACs",
    }  # fmt: skip
    assert b4["paper"]["arxiv"] == "1905.11946"
    assert (b4["introduced"], b4["architecture"]) == ("compound scaling of depth, width and resolution", "efficientnet")
    assert b4["descends_from"] == ["mobilenet_v2", "mnasnet", "senet"]
    assert [flavor["name"] for flavor in b4["flavors"]] == ["keras", "article"]
    assert "repeats cut by int(), not rounded up" in b4["flavors"][1]["deviations"].values()


@pytest.mark.parametrize("word", ["mobilenet_v3", "MobileNet-V3", "MobileNetV3"])
@pytest.mark.parametrize("width", ["40", "80", "160"])
def test_all_that_is_known_of_a_family(run, monkeypatch, word: str, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    result = run("list", word)
    assert (result.code, result.err) == (0, "")
    golden(f"list-family-{width}.txt", result.out)


def test_what_is_told_of_a_family_is_its_list_with_data(run) -> None:
    for how in ("json", "csv"):
        assert run("list", "mobilenet", "-f", how).out == run("list", "--family", "MobileNet", "-f", how).out
    data = json.loads(run("list", "vgg", "mobilenet", "-f", "json").out)
    assert {model["family"] for model in data["models"]} == {"VGG", "MobileNet"}
    article = json.loads(run("list", "vgg", "mobilenet", "--flavor", "Article", "-f", "json").out)
    assert {(model["family"], model["flavor"]) for model in article["models"]} == {("MobileNet", "article")}


@pytest.mark.parametrize("family", sorted({spec.family for spec in models()}))
def test_each_option_of_a_model_is_told_once_with_its_default(run, family: str) -> None:
    """And the paper, what it introduced, each figure and each deviation."""
    told = " ".join(run("list", family).out.split())
    for spec in models():
        if spec.family != family:
            continue
        assert all(spec.option(name).help in told for name in spec.options(spec.flavors[0].name))
        assert spec.paper.title in told
        assert spec.introduced in told
        assert all(figures.source in told for figures in spec.published)
        assert all(reason in told for figures in spec.published for reason in figures.erratum.split("; "))
        assert all(line in told for flavor in spec.flavors for line in flavor.deviations.values())


def test_an_architecture_of_a_paper_is_a_family_too(run) -> None:
    out = run("list", "MobileNet-V3").out
    assert "@article" in out
    assert "@article" not in run("list", "mobilenet_v3", "--flavor", "keras").out
    assert "mobilenet_v3_small" in out
    assert "mobilenet_v1  " not in out


def test_a_word_that_is_a_model_or_a_file_is_no_family(run, tmp_path, monkeypatch) -> None:
    assert run("list", "mobilenet_v2").out.splitlines()[2].split()[:2] == ["mobilenet_v2", "architecture"]
    assert "architecture" in run("list", "vgg", "mobilenet_v2").err + run("list", "vgg16", "mobilenet").out
    assert "architecture" in run("list", "mobilenet", "--input-shape", "96").out
    refused(run("list", "vgg", "--input-shape", "96"), 2, "unknown model 'vgg'; it is a family")
    refused(run("list", "vgg:classes=5"), 2, "unknown model 'vgg'")
    refused(run("list", "--family", "vgg", "--input-shape", "96"), 2, "name one")
    refused(run("list", "--family", "vgg", "mobilenet"), 2, "does not go with mobilenet")
    refused(run("list", "resformer"), 2, "unknown model 'resformer'")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vgg").touch()
    refused(run("list", "vgg"), 2, "vgg: is empty")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("--family mobilnet", "did you mean MobileNet?"),
        ("--family ResFormer", "unknown family 'ResFormer'; there are VGG, MobileNet"),
        ("--flavor torch", "unknown flavor 'torch'; did you mean torchvision?"),
        ("--flavor theano", "unknown flavor 'theano'; there are keras, paper"),
        ("--family vgg --flavor article", "vgg: no model has flavor article"),
        ("--columns name,parms", "unknown column 'parms'; did you mean params"),
        ("--columns name,name", "column 'name' is named twice"),
        ("--sort size", "unknown column 'size'; there are name, family"),
        ("vgg --sort size", "unknown column 'size'"),
        ("mobilenet_v2 --columns year", "unknown column 'year'; there are name, format"),
    ],
)
def test_what_the_list_refuses(run, arguments: str, says: str) -> None:
    """A family that is not there is told with all families, which begin with the oldest."""
    if says.endswith("VGG, MobileNet"):
        says = says.partition("VGG")[0] + ", ".join(dict.fromkeys(spec.family for spec in in_families(models())))[:9]
    refused(run("list", *arguments.split()), 2, says)


# Columns and order


def test_columns_by_key_or_header_and_rows_by_a_figure(run) -> None:
    out = run("list", "--family", "mobilenet_v3", "--columns", "name,Top-1 %,MACs", "--sort", "macs").out
    assert out.splitlines()[0].split() == ["Model", "Top-1", "%", "MACs"]
    assert [line.split()[0] for line in out.splitlines()[2:4]] == ["mobilenet_v3_large", "mobilenet_v3_small"]
    rows = list(
        csv.DictReader(io.StringIO(run("list", "--columns", "name,flops", "--sort", "+flops", "-f", "csv").out))
    )
    flops = [int(row["flops"]) for row in rows]
    assert flops == sorted(flops)
    assert list(rows[0]) == ["name", "flops"]
    names = [row["name"] for row in csv.DictReader(io.StringIO(run("list", "--sort", "-name", "-f", "csv").out))]
    assert names == sorted(names, reverse=True)
    assert [model["name"] for model in json.loads(run("list", "--sort", "-name", "-f", "json").out)["models"]] == names


def test_what_has_no_accuracy_stands_last_and_no_family_is_told_in_another_order(run, field) -> None:
    by_accuracy = Listing(field, sort="top1")
    without = [entry.spec.top1 is None for entry in by_accuracy.entries]
    assert without == sorted(without)
    assert len(by_accuracy.table(80, introduced=True).rows) == len(field)
    assert len(Listing(field).table(80, introduced=True).rows) == len(field) + 30


def test_every_column_is_written(run) -> None:
    out = run("list", "--family", "mobilenet", "--columns", ",".join(column_keys()), "--sort", "year").out
    assert "17.02 MB" in out
    told = " ".join(run("list", "--help").out.replace("│", " ").split())
    assert ", ".join(column_keys()) in " ".join(word for word in told.split() if not word.startswith("--"))


def test_models_that_are_named_have_columns_and_an_order_too(run) -> None:
    out = run("list", "v1", "v2", "b0", "--sort", "params", "--columns", "name,params").out.splitlines()
    assert [line.split()[0] for line in out[2:]] == ["efficientnet_b0", "mobilenet_v1", "mobilenet_v2"]
    assert out[0].split() == ["Model", "Params"]
    sheet = run("list", "v1", "v2", "--sort", "+macs", "--columns", "name,macs", "-f", "csv").out.splitlines()
    assert sheet == ["name,macs", "mobilenet_v2,300774272", "mobilenet_v1,568740352"]


# What is worked out


def test_no_network_is_built_for_what_the_registry_says(monkeypatch, field) -> None:
    def built(*_: object) -> None:
        raise AssertionError("a network was built")

    monkeypatch.setattr(view, "of_model", built)
    listing = Listing(field, columns="name,family,year,input_shape,top1,aliases,options,introduced,paper", sort="year")
    assert write(listing_document(listing), "csv")
    assert write(listing_document(listing), "table")


def test_a_network_is_built_once(monkeypatch, field) -> None:
    count, really = [0], view.of_model

    def counted(model: Any) -> Any:
        count[0] += 1
        return really(model)

    monkeypatch.setattr(view, "of_model", counted)
    write(listing_document(Listing(field[:8], sort="macs")), "table")
    assert count == [8]


# How rows stand


def test_families_stay_together_and_only_neighbours_are_a_range() -> None:
    """A MobileNet of 2024 is told with the MobileNets, and EfficientNet's range does not run over it."""
    late = replace(models()[-1], name="vgg_of_late", family="VGG", year=2030)
    ordered = [spec.name for spec in in_families([*models(), late])]
    vgg = [spec.name for spec in models() if spec.family == "VGG"]
    place = ordered.index(vgg[0])
    assert ordered[place : place + len(vgg) + 1] == [*vgg, "vgg_of_late"]
    assert spans(["a", "b", "c", "e"], "abcdef") == "a to c and e"
    assert spans(["a", "c", "e"], "abcdef") == "a, c and e"
    assert spans(["a", "b"], "abcdef") == "a and b"


def test_options_stand_with_the_models_that_have_them() -> None:
    *_, options = family_document(Listing([spec for spec in models() if spec.architecture == "efficientnet"])).sections(
        160
    )
    assert isinstance(options, Table)
    rows = {row[0]: row[1:3] for row in options.rows}
    assert rows["width"] == ("1", "efficientnet")
    assert rows["input_shape"] == ("224 to 600", "all")
    assert rows["dropout"] == ("0.2 to 0.5", "all")
    narrow = family_document(Listing([spec for spec in models() if spec.family == "VGG"])).sections(50)
    assert isinstance(narrow[-1], Paragraphs)
    assert "- classes: Default 1000; How many classes the classifier tells apart." in narrow[-1].lines


def test_whatever_is_limited_is_a_column_of_list() -> None:
    assert {"params_without_bn", "activations"} <= {each.key for each in metrics(Place.BUDGET)} <= set(column_keys())
