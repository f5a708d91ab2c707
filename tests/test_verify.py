"""`verify`: published figures against the computed ones, each with its source, and what explains those that differ."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import golden, graph_of, refused
from hypothesis import given
from hypothesis import strategies as st

from cnncli.analysis.metrics import Totals
from cnncli.analysis.published import Claim, Verdict, claims
from cnncli.models.catalogue import find_spec, models
from cnncli.models.reference import parse
from cnncli.models.spec import ModelSpec, Published
from cnncli.network import network, of_published, variants
from cnncli.views.verify import outcome
from cnncli.written import read_figure

RECORDS = json.loads((Path(__file__).parent / "data" / "published.json").read_text(encoding="utf-8"))["figures"]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("4.2M", 4_200_000, 100_000),
        ("0.39G", 390_000_000, 10_000_000),
        ("1.0G", 10**9, 10**8),
        ("1,248,424", 1_248_424, 1),
        ("13.07G/2", 6_535_000_000, 5_000_000),
        ("700k", 700_000, 1000),
        ("569M", 569_000_000, 10**6),
    ],
)
def test_a_figure_has_the_digits_that_were_given(text: str, value: int, unit: int) -> None:
    assert read_figure(text) == (value, unit)


@pytest.mark.parametrize("text", ["", "4.2 M", "-3M", "4.M", ".5M", "4.2T", "about 4M", "1e6", "4M/3"])
def test_what_is_no_figure_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected digits"):
        read_figure(text)


@given(st.integers(1, 10**6), st.integers(0, 4), st.sampled_from(["", "k", "M", "G"]), st.integers(-3000, 3000))
def test_the_verdict_is_what_rounding_and_cutting_make(whole: int, places: int, prefix: str, off: int) -> None:
    """Of a figure with any number of digits, and what is computed a few thousandths of its last one away."""
    digits = f"{whole}" if not places else f"{whole}.{7:0{places}d}"
    figure = read_figure(f"{digits}{prefix}")
    computed = figure.value + figure.unit * off / 1000
    for erratum, otherwise in (("", Verdict.DIFFERS), ("a reason", Verdict.ERRATUM)):
        claim = Claim(parse("lenet5"), Published("a paper", erratum=erratum), "macs", f"{digits}{prefix}", computed)
        expected = Verdict.AGREES if abs(off) <= 500 else Verdict.CUT if 0 < off < 1000 else otherwise
        assert claim.verdict is expected


CLAIMS = [claim for spec in models() for claim in claims(variants(spec)[0])]


def named(claim: Claim) -> str:
    return f"{claim.model.reference}-{claim.key}-{claim.written}"


@pytest.mark.parametrize("claim", CLAIMS, ids=named)
def test_every_figure_agrees_or_names_its_erratum(claim: Claim) -> None:
    """And no erratum excuses a figure that is another network's."""
    assert claim.verdict is not Verdict.DIFFERS
    assert claim.difference is not None
    assert abs(claim.difference) < claim.figure.value / 5


@pytest.mark.parametrize("spec", models(), ids=lambda spec: spec.name)
def test_what_was_published_is_whole(spec: ModelSpec) -> None:
    """Each has its source, is of a network that there is, and names options only where they are not the defaults."""
    for published in spec.published:
        assert published.source
        assert published.counted in Totals(graph_of("lenet5"))
        assert published.flavor in ("", *spec.flavor_names[1:])
        defaults = spec.options(published.flavor or spec.flavors[0].name)
        assert set(published.options) <= set(defaults)
        assert all(defaults[name] != value for name, value in published.options.items())
        assert parse(of_published(spec, published).reference) == of_published(spec, published)
        assert published.top1 is None or 40 < published.top1 < 90
    assert len(set(map(str, spec.published))) == len(spec.published)


def test_every_figure_of_the_registry_is_held_against_its_network() -> None:
    told = [(published.source, text) for spec in models() for each in [spec] for published in each.published
            for text in published.figures.values()]  # fmt: skip
    assert sorted(told) == sorted((claim.published.source, claim.written) for claim in CLAIMS)


ERRATA = [
    (spec.name, published) for spec in models() for published in spec.published if published.erratum
]  # fmt: skip


@pytest.mark.parametrize(("name", "published"), ERRATA, ids=[f"{name}-{at}" for at, (name, _) in enumerate(ERRATA)])
def test_an_erratum_explains_a_figure_that_is_another(name: str, published: Published) -> None:
    """Where both are others it speaks of both."""
    verdicts = [claim.verdict for claim in CLAIMS if claim.published is published]
    assert set(verdicts) - {Verdict.AGREES}
    assert verdicts.count(Verdict.ERRATUM) < 2 or re.search(r"\bboth\b| and |; ", published.erratum)


# Networks that this project lacks, under the names of tests/data/published.json.
ELSEWHERE = re.compile("fbnet_|mobilenet_edgetpu|efficientnet_edgetpu|senet154|vgg16c")
ALIASES = {"alexnet_one_weird_trick": "alexnet_owt"}
WIDTHS = re.compile(r"(shufflenet_v[12])_([\d.]+)x(?:_g(\d))?|(ghostnet)_([\d.]+)")


def there(record: dict[str, Any]) -> tuple[ModelSpec, dict[str, Any]]:
    """The architecture of a record, with the options that its name tells."""
    name = record["network"]
    found = WIDTHS.fullmatch(name)
    if not found:
        return find_spec(ALIASES.get(name, name)), {}
    alpha = float(found[2] or found[5])
    return find_spec(found[1] or found[4]), {} if alpha == 1 else {"alpha": alpha}


HERE = [record for record in RECORDS if not ELSEWHERE.match(record["network"]) and "derived" not in str(record)]


@pytest.mark.parametrize("record", HERE, ids=[f"{record['network']}-{at}" for at, record in enumerate(HERE)])
def test_figures_that_others_have_seen_are_in_the_registry(record: dict[str, Any]) -> None:
    """With the same digits' worth of params, MACs and top-1, under whatever words for the source."""
    spec, options = there(record)
    sized = [each for each in spec.published if {**each.options, **options} == dict(each.options)]
    for key in ("params", "macs", "top1"):
        if key in record:
            values = {each.top1 if key == "top1" else value(getattr(each, key)) for each in sized}
            assert record[key] in values, key


def value(written: str | None) -> Fraction | None:
    return None if written is None else read_figure(written).value


def test_most_of_what_others_have_seen_is_of_networks_that_are_here() -> None:
    assert len(HERE) > 0.9 * len(RECORDS)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("mobilenet_v1", 16),
        ("mobilenet_v2", 22),
        ("mobilenet_v3_large", 3),
        ("mobilenet_v3_small", 3),
        ("mnasnet_a1", 25),
        ("mnasnet_b1", 4),
        ("shufflenet_v1", 8),
        ("shufflenet_v2", 4),
        ("ghostnet", 3),
        ("efficientnet_b2", 2),
    ],
)
def test_variants_are_those_that_were_published(name: str, count: int) -> None:
    found = variants(find_spec(name))
    assert found[0].reference == name
    assert len({model.reference for model in found}) == len(found) == count
    assert all(model.published for model in found if name not in ("mnasnet_a1", "shufflenet_v1"))


def test_accuracies_of_variants_are_told_with_their_source() -> None:
    found = network("mobilenet_v2:alpha=0.35,input_shape=96").published
    assert found is not None
    assert (found.top1, found.source) == (45.5, "tensorflow/models, research/slim/nets/mobilenet/README.md")
    thinner = network("mobilenet_v1:alpha=0.5").published
    assert thinner is not None
    assert (thinner.top1, thinner.source) == (63.7, "arXiv 1704.04861, table 6")  # the paper's stand first


# What the errata of slim's tables say, computed.


@pytest.mark.parametrize(("alpha", "written"), [(1.0, "4.24M"), (0.75, "2.59M"), (0.5, "1.34M"), (0.25, "0.47M")])
def test_slim_counts_v1_with_a_class_more_and_without_gamma(alpha: float, written: str) -> None:
    graph = graph_of("mobilenet_v1", alpha=alpha, classes=1001)
    gamma = sum(node.shape[-1] for node in graph.nodes if node.layer.normalizes_batches)
    assert rounds(Totals(graph).params - gamma, written)


@pytest.mark.parametrize(("side", "written"), [(224, "317M"), (192, "233M"), (160, "162M"), (128, "104M")])
def test_slim_counts_v1_of_alpha_75_without_the_first_convolution(side: int, written: str) -> None:
    graph = graph_of("mobilenet_v1", alpha=0.75, input_shape=side)
    first = next(node for node in graph.nodes if node.macs)
    assert rounds(Totals(graph).macs - first.macs, written)


def rounds(computed: int, written: str) -> bool:
    figure = read_figure(written)
    return 2 * abs(computed - figure.value) <= figure.unit


# The command.


@pytest.mark.parametrize("columns", ["40", "80", "160", None])
def test_verdicts_fit_any_terminal(run, monkeypatch, columns: str | None) -> None:
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    result = run("verify", "mobilenet_v2:alpha=1.4", "resnet50", "cspdarknet53", "lenet")
    assert (result.code, result.err) == (0, "")
    assert max(map(len, result.out.splitlines())) <= int(columns or 400)
    golden(f"verify-{columns or 'piped'}.txt", result.out)


def test_the_whole_registry_agrees_or_names_an_erratum(run) -> None:
    result = run("verify", "-f", "json")
    assert (result.code, result.err) == (0, "")
    data = json.loads(result.out)
    assert data["passed"] is True
    assert len(data["figures"]) == len(CLAIMS)
    assert all(figure["source"] and figure["verdict"] for figure in data["figures"])
    assert set(data["rule"]) == {verdict.value for verdict in Verdict}
    assert set(data["conventions"]) == {"params", "params_without_bn", "macs"}
    last = run("verify").out.splitlines()[-1]
    assert last == outcome(CLAIMS)
    assert last.endswith(", 0 differ")


def published_as(spec: ModelSpec, *published: Published) -> Sequence[ModelSpec]:
    return (replace(spec, published=published),)


def test_a_figure_that_nothing_explains_fails(run, monkeypatch) -> None:
    wrong = published_as(find_spec("lenet5"), Published("a paper, table 1", "60,001", "400k"))
    monkeypatch.setattr("cnncli.network.architectures", lambda: wrong)
    result = run("verify")
    assert result.code == 1
    assert "✗ differs" in result.out
    assert result.err == "cnncli: 2 published figures: 0 agree, 0 with digits cut, 0 with a known erratum, 2 differ\n"
    tests = ElementTree.fromstring(run("verify", "-f", "junit").out)
    assert (tests.get("tests"), tests.get("failures")) == ("2", "2")
    github = run("verify", "-f", "github").out
    assert github.count("::error") == 2
    assert "a paper, table 1: 60,001, computed 60,000, differs" in github


def test_only_some_verdicts_are_shown(run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("verify", "--only", "erratum,Cut", "-f", "csv").out)))
    assert {row["verdict"] for row in rows} == {"erratum", "digits cut"}
    expected = [claim for claim in CLAIMS if claim.verdict in (Verdict.CUT, Verdict.ERRATUM)]
    assert [row["model"] for row in rows] == [claim.model.reference for claim in expected]
    assert all(row["erratum"] for row in rows if row["verdict"] == "erratum")
    none = run("verify", "--only", "differs").out
    assert outcome(CLAIMS) in none
    assert "Published" not in none.replace(outcome(CLAIMS), "")
    refused(run("verify", "--only", "wrong"), 2, "--only wrong: expected agrees, cut, erratum, differs")


def test_references_choose_variants_and_flavors(run) -> None:
    def shown(*references: str) -> list[str]:
        rows = csv.DictReader(io.StringIO(run("verify", *references, "-f", "csv").out))
        return list(dict.fromkeys(row["model"] for row in rows))

    assert shown("resnet50") == ["resnet50", "resnet50@torchvision"]
    assert shown("resnet50@torchvision") == ["resnet50@torchvision"]
    assert shown("v2:alpha=1.4") == ["mobilenet_v2:alpha=1.4"]
    assert len(shown("v2")) == 22
    refused(run("verify", "v2:alpha=0.6"), 2, "mobilenet_v2:alpha=0.6: no figures of it are published")
    refused(run("verify", "wrn_28_10"), 2, "no figures of it are published")
    refused(run("verify", "tests/files/open_size.tflite"), 2, "verify takes the architectures")
    refused(run("verify", "nonsense"), 2, "unknown model 'nonsense'")
