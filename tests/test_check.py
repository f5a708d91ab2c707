"""`check` as a pipeline meets it: budgets, lock files, what is written, and how it fails."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import golden, graph_of, refused

from cnncli.analysis.check.amounts import read_bytes, read_count, read_percentage
from cnncli.render.formats import offered

PARAMS, TRAINABLE, MACS, FLOPS = 3_538_984, 3_504_872, 300_774_272, 615_292_208  # mobilenet_v2's
BUDGETS = """\
baseline = "cnncli.lock"
tolerance = "1%"

[budgets.mobilenet_v2]
max-params = "4M"
max-macs = 310_000_000

[budgets."efficientnet_b0:classes=10"]
max-weight-bytes = "16.5MB"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory: no budgets of a pyproject.toml above it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Amounts


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("5000000", 5_000_000),
        ("5M", 5_000_000),
        ("0.3M", 300_000),
        ("2.5K", 2_500),
        ("2.5k", 2_500),
        ("1.2 G", 1_200_000_000),
        ("3T", 3 * 10**12),
    ],
)
def test_counts(text: str, amount: int) -> None:
    assert read_count(text) == amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("512", 512),
        ("512B", 512),
        ("20MB", 20 * 10**6),
        ("4MiB", 4 * 2**20),
        ("1.5KiB", 1536),
        ("1 GiB", 2**30),
        ("1kB", 1000),
        ("1KB", 1000),
    ],
)
def test_bytes(text: str, amount: int) -> None:
    assert read_bytes(text) == amount


@pytest.mark.parametrize(
    "text", ["5m", "5MB", "5MiB", "5e6", "5,000,000", "-1", "+1", "1.5", "0.0001K", "", "M", "٣", "1_000", "nan", "1K5"]
)
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(ValueError, match="expected a whole"):
        read_count(text)


@pytest.mark.parametrize("text", ["20M", "20mb", "20Mib", "20MiBs", "0.5B", "1 000"])
def test_what_is_no_number_of_bytes(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_bytes(text)


def test_percentages() -> None:
    assert read_percentage("0.1%") == Fraction(1, 1000)
    for text in ("1", "-1%", "%", "1%%", "1e1%"):
        with pytest.raises(ValueError, match="expected a percentage"):
            read_percentage(text)


# Budgets


@pytest.mark.parametrize(
    ("option", "limit"),
    [
        ("--max-params", PARAMS),
        ("--max-trainable-params", TRAINABLE),
        ("--max-macs", MACS),
        ("--max-flops", FLOPS),
        ("--max-weight-bytes", 4 * PARAMS),
        ("--max-peak-activation", 6_021_120),
        ("--max-layers", 156),
    ],
)
def test_at_the_limit_passes_and_one_over_fails(run, option: str, limit: int) -> None:
    at = run("check", "v2", option, limit)
    assert (at.code, at.err) == (0, "")
    assert "1 check, all pass" in at.out
    over = run("check", "v2", option, limit - 1)
    assert (over.code, over.err) == (1, f"cnncli: 1 of 1 check fails: mobilenet_v2 {option[2:]}\n")
    assert "✗ FAIL" in over.out


@pytest.mark.parametrize("how", offered(checks=True))
def test_formats(run, folder: Path, how: str) -> None:
    (folder / "budgets.toml").write_text(BUDGETS.replace("cnncli.lock", "models.lock"))
    locked = run("check", "v2", "efficientnet_b0:classes=10", "--baseline", "models.lock", "--write-baseline")
    assert (locked.code, locked.out) == (0, "")
    result = run("check", "--budget", "budgets.toml", "--max-layers", "200", "--format", how)
    assert (result.code, result.err) == (1, "cnncli: 1 of 25 checks fails: efficientnet_b0:classes=10 max-layers\n")
    golden(f"check.{how}", result.out)


def test_the_units_are_echoed(run) -> None:
    out = run("check", "v2", "--max-params", "4M", "--max-peak-activation", "6MiB", "--max-macs", "310000000").out
    said = run("check", "b0", "--max-peak-activation", "8MiB", "-f", "junit").out
    assert "14,450,688 bytes of activations in float32 (13.78 MiB), most at stage2.block1.expand_activation (" in said
    assert "), 6,062,080 over max-peak-activation 8MiB = 8,388,608" in said
    assert run("check", "b0", "--max-peak-activation", "8MB").code == 1
    for echo in ("4M = 4,000,000", "6MiB = 6,291,456", "310,000,000"):
        assert echo in out


def test_a_table_fits_eighty_columns(run, monkeypatch, folder: Path) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run("check", "b7", "v2:alpha=0.5", "--baseline", "x.lock", "--write-baseline")
    out = run("check", "--baseline", "x.lock", "--max-peak-activation", "100MiB", "--max-flops", "100G").out
    assert max(map(len, out.splitlines())) <= 80


def test_json(run) -> None:
    data = json.loads(run("check", "v2", "v1", "--max-params", "4M", "--format", "json").out)
    assert (data["schema_version"], data["passed"]) == (2, False)
    assert [(check["model"], check["value"], check["limit"], check["passed"]) for check in data["checks"]] == [
        ("mobilenet_v2", PARAMS, 4_000_000, True),
        ("mobilenet_v1", 4_253_864, 4_000_000, False),
    ]


def test_junit(run, folder: Path) -> None:
    assert run("check", "v2", "v1", "--max-params", "4M", "--format", "junit", "-o", "report.xml").code == 1
    root = ElementTree.parse(folder / "report.xml").getroot()
    assert (root.tag, root.get("tests"), root.get("failures")) == ("testsuites", "2", "1")
    assert [(suite.get("name"), suite.get("failures")) for suite in root] == [
        ("mobilenet_v2", "0"),
        ("mobilenet_v1", "1"),
    ]
    (failure,) = root.iter("failure")
    assert failure.get("message") == "mobilenet_v1: 4,253,864 params, 253,864 over max-params 4M = 4,000,000"


def test_annotations_name_the_budget_and_escape(run, folder: Path) -> None:
    (folder / "a,b.toml").write_text('\n[budgets.v1]\nmax-params = "4M"\n[budgets.v2]\nmax-params = "4M"\n')
    failed = run("check", "--budget", "a,b.toml", "--format", "github")
    assert failed.out == (
        "::error title=mobilenet_v1 max-params,file=a%2Cb.toml,line=3::"
        "mobilenet_v1: 4,253,864 params, 253,864 over max-params 4M = 4,000,000\n"
    )
    passed = run("check", "v2", "--max-params", "4M", "--format", "github")
    assert (passed.code, passed.out) == (0, "::notice title=cnncli check::1 check, all pass\n")


def test_gitlab_has_an_issue_for_each_that_fails(run, folder: Path, monkeypatch) -> None:
    (folder / "below").mkdir()
    (folder / "x.toml").write_text('[budgets.v1]\nmax-params = "4M"\nmax-layers = 1\n[budgets.v2]\nmax-params = "4M"\n')
    monkeypatch.chdir(folder / "below")
    monkeypatch.setenv("CI_PROJECT_DIR", str(folder))
    params, layers = json.loads(run("check", "--budget", "../x.toml", "--format", "gitlab").out)
    assert params.pop("fingerprint") != layers["fingerprint"]
    assert params == {
        "description": "mobilenet_v1: 4,253,864 params, 253,864 over max-params 4M = 4,000,000",
        "check_name": "max-params",
        "severity": "major",
        "location": {"path": "x.toml", "lines": {"begin": 2}},
    }
    assert run("check", "v2", "--max-params", "4M", "--format", "gitlab").out == "[]\n"
    (issue,) = json.loads(run("check", "v2", "--max-params", "3M", "--format", "gitlab").out)
    assert issue["location"]["path"] == "below/mobilenet_v2"  # which no line of a file asks for


def test_reports_of_several_formats_at_once(run, folder: Path) -> None:
    further = ["--report", "x.xml", "--report", "gitlab=x.json", "--report", "./a=b.md"]
    result = run("check", "v1", "--max-params", "4M", *further)
    assert (result.code, result.out) == (1, run("check", "v1", "--max-params", "4M").out)
    for name, how in {"x.xml": "junit", "x.json": "gitlab", "a=b.md": "markdown"}.items():
        assert (folder / name).read_text() == run("check", "v1", "--max-params", "4M", "-f", how).out
    (folder / "x.xml").unlink()
    refused(run("check", "v1", "--max-params", "4M", *further), 2, "x.json exists")
    assert not (folder / "x.xml").exists()
    assert run("check", "v1", "--max-params", "5M", *further, "--force").code == 0
    assert (folder / "x.json").read_text() == "[]\n"
    refused(run("check", "v1", "--max-params", "5M", "--report", "x.png"), 2, "nothing is written as .png")
    near = "there is no format 'gitlb'; did you mean gitlab?; a file of this name is ./gitlb=x.json"
    refused(run("check", "v1", "--max-params", "5M", "--report", "gitlb=x.json"), 2, near)
    twice = run("check", "v1", "--max-params", "5M", "-o", "y.md", "--report", "gitlab=./y.md")
    refused(twice, 2, "y.md: only one report can be written to it")
    assert not (folder / "y.md").exists()


# Where budgets come from


def test_a_budget_file_names_its_models_and_a_flag_overrides(run, folder: Path) -> None:
    (folder / "budgets.toml").write_text('[budgets.v2]\nmax-params = "3M"\n[budgets.b0]\nmax-layers = 240\n')
    assert run("check", "--budget", "budgets.toml").err == "cnncli: 1 of 2 checks fails: mobilenet_v2 max-params\n"
    assert run("check", "--budget", "budgets.toml", "b0").code == 0
    assert run("check", "--budget", "budgets.toml", "v2", "--max-params", "4M").code == 0


def test_the_project_file(run, folder: Path, monkeypatch) -> None:
    text = '[project]\nname = "x"\n[tool.cnncli]\nbaseline = "nets.lock"\n[tool.cnncli.budgets.v2]\nmax-params = "3M"\n'
    (folder / "pyproject.toml").write_text(text)
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert run("check", "--write-baseline").err.startswith("cnncli: 1 of 1 check fails")
    assert not (folder / "nets.lock").exists()  # what is over budget is not locked
    assert run("check", "--write-baseline", "v2", "--max-params", "4M").code == 0
    assert (folder / "nets.lock").exists()
    failed = run("check", "--format", "github")
    assert failed.out.startswith("::error title=mobilenet_v2 max-params,file=../pyproject.toml,line=6::")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    assert "max-params,file=pyproject.toml,line=6::" in run("check", "--format", "github").out
    assert run("check", "--max-params", "4M").code == 0
    (folder / "pyproject.toml").write_text('[project]\nname = "x"\n')
    assert run("check").err.startswith("cnncli: nothing to check: name a model")


def test_options_and_references_from_the_standard_input(run, monkeypatch) -> None:
    assert run("check", "v2", "--alpha", "0.5", "--max-params", "2M").code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("v2\nv2:alpha=0.5\n"))
    assert run("check", "-", "--max-params", "2M").err == "cnncli: 1 of 2 checks fails: mobilenet_v2 max-params\n"


# Lock files


def lock(run, folder: Path, *models: str) -> dict[str, dict[str, object]]:
    done = run("check", *models, "--baseline", "x.lock", "--write-baseline", "--force")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("cnncli: x.lock holds ")
    return json.loads((folder / "x.lock").read_text())["models"]


def write(folder: Path, models: object, version: int = 2) -> None:
    (folder / "x.lock").write_text(json.dumps({"schema_version": version, "models": models}, indent=2))


def test_a_lock_file_is_the_same_bytes_for_the_same_models(run, folder: Path) -> None:
    models = lock(run, folder, "v2", "b0")
    first = (folder / "x.lock").read_bytes()
    assert list(models) == ["efficientnet_b0", "mobilenet_v2"]
    assert list(models["mobilenet_v2"]) == sorted(models["mobilenet_v2"])
    lock(run, folder, "b0", "mobilenet-v2")
    assert (folder / "x.lock").read_bytes() == first
    assert first.endswith(b"}\n")
    assert max(map(len, first.partition(b'"blocks"')[0].splitlines())) <= 100
    exists = run("check", "v2", "--baseline", "x.lock", "--write-baseline")
    assert (exists.code, exists.err) == (2, "cnncli: x.lock exists; add --force to replace it\n")


def test_locking_one_model_keeps_the_others(run, folder: Path) -> None:
    both = lock(run, folder, "v2", "b0")
    assert lock(run, folder, "v1") == {"mobilenet_v1": lock(run, folder, "v1")["mobilenet_v1"], **both}


def test_a_project_with_a_lock_can_still_ask_of_other_models(run, folder: Path) -> None:
    lock(run, folder, "v2")
    (folder / "pyproject.toml").write_text('[tool.cnncli]\nbaseline = "x.lock"\n')
    assert run("check", "v1", "--max-params", "5M").code == 0
    assert run("check", "v1").code == 2


def test_an_exceeded_budget_leaves_the_lock_file_unwritten_and_says_so(run, folder: Path) -> None:
    result = run("check", "v2", "--max-params", "1M", "--baseline", "x.lock", "--write-baseline")
    assert (result.code, "x.lock is not written" in result.err) == (1, True)
    assert not (folder / "x.lock").exists()


def test_all_models_of_a_lock_file_are_checked_and_can_be_locked_anew(run, folder: Path) -> None:
    models = lock(run, folder, "v2", "b0")
    models["mobilenet_v2"]["params"] = PARAMS + 1
    write(folder, models)
    failed = run("check", "--baseline", "x.lock")
    assert (failed.code, failed.err) == (1, "cnncli: 1 of 20 checks fails: mobilenet_v2 locked params\n")
    line = (folder / "x.lock").read_text().splitlines().index(f'      "params": {PARAMS + 1},') + 1
    annotated = run("check", "--baseline", "x.lock", "--format", "github").out
    assert annotated.startswith(f"::error title=mobilenet_v2 locked params,file=x.lock,line={line}::")
    assert run("check", "b0", "--baseline", "x.lock").code == 0
    assert run("check", "--baseline", "x.lock", "--write-baseline", "--force").code == 0
    assert run("check", "--baseline", "x.lock").code == 0


@pytest.mark.parametrize(
    ("locked", "code"), [(1_000_000, 0), (990_099, 1), (990_100, 0), (1_010_101, 0), (1_010_102, 1)]
)
def test_the_tolerance_is_exact_and_both_ways(locked: int, code: int) -> None:
    """1,000,000 is within 1% of 990,100 (9,900 of 9,901) and of 1,010,101 (10,101 of 10,101.01), not one further."""
    from cnncli.analysis.check.staying import _stays

    assert _stays(locked, 1_000_000, Fraction(1, 100), uncounted=False) == (code == 0)


@pytest.mark.parametrize("spelling", ["b0", "EfficientNet-B0", "efficientnet_b0:classes=1000"])
def test_a_lock_may_name_its_models_as_people_do(run, folder: Path, spelling: str) -> None:
    (held,) = lock(run, folder, "b0").values()
    write(folder, {spelling: held | {"params": 5}})
    for models in ([], ["b0"]):
        failed = run("check", *models, "--baseline", "x.lock", "--format", "github")
        assert failed.err == "cnncli: 1 of 10 checks fails: efficientnet_b0 locked params\n"
        line = (folder / "x.lock").read_text().splitlines().index('      "params": 5,') + 1
        assert f"file=x.lock,line={line}::" in failed.out
    assert list(lock(run, folder, "b0")) == ["efficientnet_b0"]


def test_a_lock_that_names_a_model_twice_is_refused(run, folder: Path) -> None:
    (held,) = lock(run, folder, "b0").values()
    write(folder, {"b0": held, "efficientnet_b0": held})
    refused(run("check", "--baseline", "x.lock"), 2, "x.lock:16: efficientnet_b0 is held already, as b0")


def test_verdicts_are_facts() -> None:
    from cnncli.analysis.check.budgets import hold, read_budget
    from cnncli.analysis.check.verdicts import Budgeted, Verdict
    from cnncli.analysis.metrics import Totals

    (verdict,) = hold("v2", Totals(graph_of("v2")), {"max-params": read_budget("max-params", "3M")})
    assert verdict == Verdict("v2", Budgeted("max-params", "3M"), 3_000_000, PARAMS, False)


def test_a_silent_change_of_structure_is_seen(run, folder: Path) -> None:
    models = lock(run, folder, "v2")
    other = lock(run, folder, "v2:classifier_activation=none")
    assert models["mobilenet_v2"]["params"] == other["mobilenet_v2:classifier_activation=none"]["params"]
    models["mobilenet_v2"]["structure"] = other["mobilenet_v2:classifier_activation=none"]["structure"]
    write(folder, models)
    seen = run("check", "v2", "--baseline", "x.lock", "--tolerance", "5%")
    assert (seen.code, seen.err) == (1, "cnncli: 1 of 10 checks fails: mobilenet_v2 locked structure\n")
    assert "changed at equal costs" in seen.out
    models["mobilenet_v2"]["params"] = PARAMS + 100
    write(folder, models)
    told = run("check", "v2", "--baseline", "x.lock", "--tolerance", "5%")
    assert told.code == 0
    assert "changed with the costs" in told.out


def test_a_lock_that_keeps_others_says_so_and_a_model_named_twice_is_one(run, folder: Path) -> None:
    lock(run, folder, "v2", "b0")
    done = run("check", "v1", "v1", "mobilenet-v1", "--baseline", "x.lock", "--write-baseline", "--force")
    assert done.err == "cnncli: x.lock holds mobilenet_v1, and 2 others as before\n"
    assert "2 checks" not in run("check", "v1", "v1", "--max-params", "5M").out


@pytest.mark.parametrize(
    ("name", "start"), [("r.json", "{"), ("r.xml", "<?xml"), ("r.md", "### "), ("r.txt", "Check"), ("r.tex", "% needs")]
)
def test_the_suffix_of_the_output_tells_the_format(run, folder: Path, name: str, start: str) -> None:
    assert run("check", "v1", "--max-params", "5M", "-o", name).code == 0
    assert (folder / name).read_text().startswith(start)


@pytest.mark.parametrize(("over", "used"), [(-1, ">100.0%"), (0, " 100.0%"), (1, " >99.9%")])
def test_what_is_used_does_not_hide_which_side_of_the_limit_it_is(run, over: int, used: str) -> None:
    assert used in run("check", "v2", "--max-params", PARAMS + over).out


def test_what_is_hardly_used_is_not_nothing(run) -> None:
    assert " <0.1%" in run("check", "lenet5", "--max-params", "999M").out


def test_a_cost_that_moved_a_little_is_not_told_as_unmoved(run, folder: Path) -> None:
    run("check", "v1", "--write-baseline", "--baseline", "lock.json")
    lock = folder / "lock.json"
    lock.write_text(lock.read_text().replace("568740352", "568740351"))
    assert "+0.0000002%" in run("check", "v1", "--baseline", "lock.json").out


# What is wrong


def at_fault(run, folder: Path, text: str) -> str:
    (folder / "bad.toml").write_text(text)
    result = run("check", "--budget", "bad.toml")
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    return result.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[budgets.b0]\nmax-params = \n", "bad.toml:2: not TOML: Invalid value"),
        ("[budgets.b0\n", "bad.toml:1: not TOML"),
        ('a = """\n\n', "bad.toml:2: not TOML: Unterminated string"),
        ('[budgets.b0]\nmax-macs="1M"\nmax-parms = "5M"\n', "bad.toml:3: unknown key 'max-parms'; did you mean max-p"),
        ('budget = 1\n[budgets.b0]\nmax-macs="1M"\n', "bad.toml:1: unknown key 'budget'; did you mean budgets"),
        ('\n[budgets.v2]\nmax-params="1M"\n[budgets.b0]\nmax-params = "5MB"\n', "bad.toml:5: max-params = 5MB:"),
        ('[budgets]\nb0 = { max-weight-bytes = "5M" }\n', "bad.toml:2: max-weight-bytes = 5M: expected bytes"),
        ("[budgets.b0]\nmax-params = 5.5\n", "bad.toml:2: max-params = 5.5: expected a whole number"),
        ("[budgets.b0]\nmax-params = true\n", "bad.toml:2: max-params = True: expected a whole number"),
        ("\n\n[budgets.b9]\nmax-params = 5\n", "bad.toml:3: unknown model 'b9'; did you mean"),
        ('[budgets."b0:alpha=1"]\nmax-params = 5\n', "bad.toml:1: efficientnet_b0 has no option 'alpha'"),
        ("[budgets]\nb0 = 5\n", "bad.toml:2: b0: expected a table of budgets"),
        ("budgets = [1]", "bad.toml:1: budgets: expected a table"),
        ("[budgets.b0]\n[budgets.efficientnet_b0]\n", "bad.toml:2: efficientnet_b0 has budgets already"),
        ('\ntolerance = "1"\n', "bad.toml:2: tolerance = 1: expected a percentage"),
        ("tolerance = 1\n", "bad.toml:1: tolerance: expected text"),
        ("", "nothing to check: name a model"),
        ("a = " + "[" * 100_000, "bad.toml: not TOML that can be read"),
    ],
)  # fmt: skip
def test_a_malformed_budget_file(run, folder: Path, text: str, says: str) -> None:
    assert says in at_fault(run, folder, text)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("{", ""), "x.lock:2: not a lock file"),
        (('"macs": 300774272,', '"macs": ,'), "x.lock:8: not a lock file: Expecting value"),
        (('"schema_version": 3', '"schema_version": 4'), "x.lock:2: schema version 4 is newer than 3"),
        (('"schema_version": 3', '"version": 3'), "x.lock:1: not a lock file: it has no schema_version"),
        (('"models"', '"nets"'), "x.lock:2: not a lock file: it has no models"),
        (('"macs"', '"mac"'), "x.lock:4: mobilenet_v2 has no macs"),
        (("300774272", '"many"'), "x.lock:4: mobilenet_v2 has no macs"),
        (('"macs": 300774272,', '"macs": 300774272, "mac": 1,'), "x.lock:4: mobilenet_v2 has an unknown key 'mac'"),
        (('"mobilenet_v2"', '"mobilenet_v9"'), "x.lock:4: unknown model 'mobilenet_v9'"),
        (("300774272", "3" * 5000), "x.lock: not a lock file"),
    ],
)
def test_a_malformed_lock_file(run, folder: Path, change: tuple[str, str], says: str) -> None:
    lock(run, folder, "v2")
    text = (folder / "x.lock").read_text()
    assert change[0] in text
    (folder / "x.lock").write_text(text.replace(*change, 1))
    refused(run("check", "v2", "--baseline", "x.lock"), 2, says)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ("check", 2, "nothing to check: name a model, or a file of models by --budget or --baseline"),
        ("check b0", 2, "nothing to check of efficientnet_b0: give --max-params"),
        ("check b9 --max-params 5M", 2, "unknown model 'b9'"),
        ("check b0 --max-params 5m", 2, "--max-params 5m: expected a whole number, or one with K, M, G or T"),
        ("check b0 --max-weight-bytes 20M", 2, "--max-weight-bytes 20M: expected bytes with KB, MB, GB"),
        ("check b0 --max-params 5M --tolerance 1%", 2, "--tolerance needs a lock file: add --baseline FILE"),
        ("check b0 --write-baseline", 2, "--write-baseline needs a lock file: add --baseline FILE"),
        ("check b0 --budget none.toml", 2, "there is no file none.toml"),
        (
            "check b0 --baseline none.lock",
            2,
            "there is no lock file none.lock; `cnncli check --write-baseline` writes it",
        ),
        ("check b0 --baseline none.lock --tolerance 1", 2, "--tolerance 1: expected a percentage"),
        ("check --alpha 0.5 --baseline none.lock", 2, "model options are for models named on the command line"),
        ("check b0 --max-params 5M -o /nonexistent/x", 3, "there is no directory /nonexistent"),
        ("check b0 --baseline /nonexistent/x --write-baseline", 3, "there is no directory /nonexistent"),
        ("check b0 --budget /", 3, "/ cannot be read"),
        ("check b0 --max-params 5M --format yaml", 2, "yaml"),
    ],
)
def test_errors_are_one_line_with_the_right_code(run, arguments: str, code: int, says: str) -> None:
    refused(run(*arguments.split()), code, says)


def test_a_byte_order_mark_is_no_part_of_a_file(run, folder: Path) -> None:
    (folder / "budgets.toml").write_text('[budgets.v2]\nmax-params = "4M"\n', encoding="utf-8-sig")
    assert run("check", "--budget", "budgets.toml").code == 0


def test_a_model_that_the_lock_file_lacks(run, folder: Path) -> None:
    lock(run, folder, "v2")
    result = run("check", "b0", "--baseline", "x.lock")
    assert (result.code, result.err) == (
        2, "cnncli: x.lock does not hold efficientnet_b0; add it with --write-baseline --force\n",
    )  # fmt: skip


def test_a_file_that_is_no_text(run, folder: Path) -> None:
    (folder / "bad.toml").write_bytes(b"\xff\xfe")
    assert run("check", "b0", "--budget", "bad.toml").err.startswith("cnncli: bad.toml is not UTF-8 text")


# What the gate says, and where


LOCKED = "mobilenet_v2"


def near_miss(run, folder: Path) -> None:
    """A lock of V2 whose costs are within a percent, and whose structure and one block are others, by its digest."""
    from cnncli.analysis.structure import block_digests

    lock(run, folder, "v2")
    data = json.loads((folder / "x.lock").read_text())
    data["models"][LOCKED] |= {"macs": round(MACS * 1.0026), "structure": f"sha256:{'0' * 64}"}
    data["blocks"][LOCKED] = block_digests(graph_of("v2")) | {"stage3.block2": "00000000", "stage9.block1": "12345678"}
    (folder / "x.lock").write_text(json.dumps(data, indent=2))


def test_another_structure_within_the_tolerance_is_named_and_strictly_refused(run, folder: Path) -> None:
    near_miss(run, folder)
    passed = run("check", "--baseline", "x.lock", "--tolerance", "1%")
    assert (passed.code, passed.err) == (0, "")
    assert passed.out.endswith(
        "10 checks, all pass; not the locked structure, which --strict would refuse: "
        "mobilenet_v2 in stage3.block2 and stage9.block1\n"
    )
    assert "not the locked structure" in run("check", "--baseline", "x.lock", "--tolerance", "1%", "-f", "github").out
    strict = run("check", "--baseline", "x.lock", "--tolerance", "1%", "--strict")
    assert strict.code == 1
    assert strict.err == (
        "cnncli: 1 of 10 checks fails: mobilenet_v2 locked structure in stage3.block2 and stage9.block1\n"
    )
    lock(run, folder, "v2")
    assert run("check", "--baseline", "x.lock", "--strict").code == 0
    refused(run("check", "v2", "--max-params", "9M", "--strict"), 2, "--strict needs a lock file")


@pytest.mark.parametrize(
    ("other", "blocks"),
    [
        ("v2:alpha=1.0", ()),
        ("v2:classifier_activation=none", ("head",)),
        ("v2:classes=999", ("head",)),
        ("v2@article", ("stage1.block1", "stage2.block1", "stage3.block1", "stage4.block1", "stage6.block1")),
    ],
)
def test_digests_tell_the_blocks_that_changed(other: str, blocks: tuple[str, ...]) -> None:
    from cnncli.analysis.structure import block_digests

    one, two = block_digests(graph_of("v2")), block_digests(graph_of(other))
    assert set(one) == set(two)
    assert tuple(name for name in one if one[name] != two[name]) == blocks


def test_a_lock_without_blocks_is_read_as_before(run, folder: Path) -> None:
    models = lock(run, folder, "v2", "b0")
    models[LOCKED] |= {"macs": MACS + 1, "structure": f"sha256:{'0' * 64}"}
    write(folder, models)
    result = run("check", "--baseline", "x.lock", "--tolerance", "1%")
    assert result.out.endswith("which --strict would refuse: mobilenet_v2\n")
    run("check", "b0", "--baseline", "x.lock", "--write-baseline", "--force")
    assert list(json.loads((folder / "x.lock").read_text())["blocks"]) == ["efficientnet_b0"]


@pytest.mark.parametrize("blocks", ["[]", '{"v2": 5}', "1"])
def test_blocks_of_another_kind_are_refused(run, folder: Path, blocks: str) -> None:
    lock(run, folder, "v2")
    data = json.loads((folder / "x.lock").read_text()) | {"blocks": json.loads(blocks)}
    (folder / "x.lock").write_text(json.dumps(data))
    refused(run("check", "--baseline", "x.lock"), 2, "x.lock:1: blocks are not of their kind")


def test_on_a_terminal_the_long_sentence_is_said_once(run, monkeypatch, folder: Path) -> None:
    models = [f"v2:alpha={number}" for number in range(1, 9)]
    long = ", ".join(f"mobilenet_v2:alpha={number} max-params" for number in range(2, 9))
    piped = run("check", *models, "--max-params", "4M")
    assert piped.err == f"cnncli: 7 of 8 checks fail: {long}\n"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run("check", *models, "--max-params", "4M").err == piped.err  # which goes elsewhere
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    shown = run("check", *models, "--max-params", "4M")
    assert (shown.code, shown.err) == (1, "")
    assert " ".join(shown.out.split()).count(f"7 of 8 checks fail: {long}") == 1
    for further in (["-f", "json"], ["-o", "x.md"]):  # where the sentence stands nowhere else on the screen
        assert run("check", *models, "--max-params", "4M", *further).err == piped.err


@pytest.mark.parametrize("width", [40, 50, 64, 80])
def test_a_table_fits_down_to_forty_columns(run, monkeypatch, folder: Path, width: int) -> None:
    near_miss(run, folder)
    monkeypatch.setenv("COLUMNS", str(width))
    out = run("check", "--baseline", "x.lock", "--max-peak-activation", "100MiB", "--max-params", "1M").out
    assert max(map(len, out.splitlines())) <= width
    for told in ("3,538,984", "1M = 1,000,000", "✗", "locked peak_activation_bytes", "100MiB = 104,857,600"):
        assert told in out


def test_a_project_file_without_a_table_hides_none_above_up_to_the_repository(run, folder: Path, monkeypatch) -> None:
    (folder / "pyproject.toml").write_text('[tool.cnncli.budgets.v2]\nmax-params = "3M"\n')
    below = folder / "package" / "deeper"
    below.mkdir(parents=True)
    (folder / "package" / "pyproject.toml").write_text('[project]\nname = "x"\n')
    monkeypatch.chdir(below)
    assert run("check").err == "cnncli: 1 of 1 check fails: mobilenet_v2 max-params\n"
    (folder / ".git").mkdir()
    assert run("check").code == 1
    (folder / "package" / ".git").touch()  # as in a submodule or a worktree
    refused(run("check"), 2, "nothing to check")


TWICE = """{
  "schema_version": 1,
  "models": {
    "v1": {"macs": 1},
    "v2": {
      "macs": 1,
      "params": 2,
      "m\\u0061cs": 3
    }
  }
}
"""


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        (TWICE, 8, "macs"),
        (TWICE.replace("m\\u0061cs", "flops").replace("v2", "v1"), 5, "v1"),
        (TWICE.replace("m\\u0061cs", "flops").replace("{\n  ", '{\n  "models": 1,\n  ', 1), 4, "models"),
    ],
)
def test_a_lock_file_says_nothing_twice(run, tmp_path: Path, text: str, line: int, key: str) -> None:
    path = tmp_path / "models.lock"
    path.write_text(text)
    refused(run("check", "--baseline", path), 2, f"{path}:{line}: {key!r} is written twice")


def test_places_are_found_whatever_a_text_is_like() -> None:
    from cnncli.analysis.check.places import JsonLines, TomlLines

    lines = JsonLines(TWICE.replace("m\\u0061cs", "flops"))
    assert [lines.line(*keys.split()) for keys in ("models", "models v1 macs", "models v2 macs", "models v2 none")] == [
        3, 4, 6, 5,
    ]  # fmt: skip
    text = "".join(f'[budgets."v1:classes={n}"]\nmax-params = {n}\n' for n in range(1, 2001))
    found = TomlLines(text)
    assert all(found.line("budgets", f"v1:classes={n}", "max-params") == 2 * n for n in range(1, 2001))
