"""The benchmarks' page says what was measured, of every benchmark; a rival that is lacking is skipped, and named."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import Result

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import page
import paired
import rivals
import run as benchmarks
from benchmark import Benchmark, Target
from made import NETWORKS, SUFFIXES
from paired import Run

RESULTS = json.loads(page.RESULTS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> list[Benchmark]:
    return benchmarks.declared(tmp_path_factory.mktemp("benchmarks"))


def test_the_page_is_made_of_the_results() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(RESULTS)


def test_the_results_are_of_every_benchmark(declared: list[Benchmark]) -> None:
    """Of one added, renamed or given another target since, there would be no figure, or another's."""
    kept = [(row["job"], row["rival"], row["target"]) for row in RESULTS["benchmarks"]]
    assert kept == [(each.job, each.rival, each.target and each.target._asdict()) for each in declared]
    assert len(set(map(str, kept))) == len(kept)
    assert {each.rival for each in declared} == set(rivals.RIVALS)
    assert {each.of.question for each in declared} == set(rivals.QUESTIONS)


def test_the_page_has_every_figure_and_target() -> None:
    text = page.page(RESULTS)
    for row in RESULTS["benchmarks"]:
        (line,) = page.table([row]).splitlines()[2:]
        assert line.startswith(f"| {row['job']} |")
        assert line in text
    for name, number in RESULTS["versions"].items():
        assert f"{name} {number}" in text


def test_every_format_is_read_of_every_network(declared: list[Benchmark]) -> None:
    read = {(path.stem, path.suffix) for each in declared if each.of.question == "Files" for path in each.made}
    assert read == {(stem, suffix) for stem in NETWORKS for suffix in SUFFIXES} | {("v1", ".pt2")}


@pytest.mark.parametrize("question", ["Start-up", "Networks by name"])
def test_our_side_still_runs(declared: list[Benchmark], question: str, run: Callable[..., Result]) -> None:
    """A command renamed would be noticed only by who runs the benchmarks."""
    for arguments in {each.arguments for each in declared if each.of.question == question and each.arguments}:
        found = run(*arguments)
        assert found.code == 0
        assert found.out


def test_a_rival_that_is_lacking_is_skipped_and_said_to_be(
    monkeypatch: pytest.MonkeyPatch, declared: list[Benchmark], capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(rivals, "versions", lambda python: {"typer": "1", "rich": "1"})
    monkeypatch.setattr(benchmarks, "compare", lambda *_, **__: pytest.fail("it was run"))
    (found,) = [each for each in declared if each.rival == "haoline-keras"]
    benchmarks.warn([found])
    (row,) = benchmarks.measured([found], 1, 1)
    assert capsys.readouterr().err.splitlines() == [
        "haoline, tensorflow, tf2onnx: not installed; what needs them is skipped (see benchmarks/rivals.txt)",
        f"{found.job}, against HaoLine with tf2onnx is skipped",
    ]
    assert row["measured"] is None
    assert "| not measured: needs haoline, tf2onnx, tensorflow |" in page.table([row])


def test_one_that_fails_is_no_time_and_does_not_take_the_others_along(
    monkeypatch: pytest.MonkeyPatch, declared: list[Benchmark]
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("exit 1")

    monkeypatch.setattr(benchmarks, "compare", failing)
    rows = benchmarks.measured(declared[:2], 1, 1)
    assert [(row["measured"], row["why"]) for row in rows] == [(None, "failed")] * 2
    assert page.table(rows).count("| not measured: failed |") == 2


def test_versions_are_those_of_the_environment_that_runs() -> None:
    found = rivals.versions(sys.executable)
    assert (found["typer"], found["cnncli"]) == (version("typer"), version("cnncli"))


def test_two_are_run_in_turn_as_often_as_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run of each is not counted, but where it alone takes all the time."""
    ran: list[str] = []
    clock = iter([0.0, 2.0, 0.0, 20.0, 0.0, 20.0])

    def one(command: tuple[str, ...]) -> Run:
        ran.append(command[0])
        first, ours = len(ran) <= 2, command[0] == "ours"
        return Run(1.0 if ours else 5.0 if first else 2.0, 1.0, 30.0 if ours else 60.0)

    monkeypatch.setattr(paired, "run", one)
    monkeypatch.setattr(paired, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    pair = paired.compare(("ours",), ("rival",), runs=4, seconds=7)
    assert ran == ["ours", "rival"] * (1 + 3)
    assert (pair.time_ratio, pair.lowest, pair.highest, pair.memory_ratio, pair.runs) == (0.5, 0.5, 0.5, 0.5, 3)
    ran.clear()
    assert paired.compare(("ours",), ("rival",), runs=4, seconds=7)[2:3] == (0.2,)
    assert ran == ["ours", "rival"]
    assert paired.compare(("ours",), ("rival",), runs=4, seconds=7, least=2).runs == 2


def test_ratios_are_medians_of_ratios_run_by_run() -> None:
    pairs = [(Run(1, 1, 1), Run(10, 4, 2)), (Run(9, 1, 1), Run(10, 1, 1)), (Run(4, 1, 1), Run(8, 2, 4))]
    pair = paired.summed(pairs)
    assert (pair.ours.seconds, pair.rival.seconds) == (4, 10)
    assert (pair.time_ratio, pair.lowest, pair.highest) == (0.5, 0.1, 0.9)
    assert (pair.processor_ratio, pair.memory_ratio, pair.runs) == (0.5, 0.5, 3)


def test_a_command_that_fails_is_no_time() -> None:
    with pytest.raises(RuntimeError, match="exit 3"):
        paired.run([sys.executable, "-S", "-c", "raise SystemExit(3)"])
    done = paired.run([sys.executable, "-S", "-c", ""])
    assert 0 < done.processor_seconds < 60
    assert 1 < done.mebibytes < 1000


def test_targets_stand_beside_what_was_measured() -> None:
    """A target that is not met is said as any other; the page holds no verdict."""
    row = {"job": "job", "rival": "keras", "target": Target(1 / 40, 1 / 25)._asdict()}
    measured = {"time_ratio": 0.031, "memory_ratio": 0.0391}
    lines = page.targets([{**row, "measured": measured}, {**row, "target": None}], []).splitlines()
    assert lines[2:] == [
        "| job | Keras | time | at most 0.025 | **0.031** |",
        "| job | Keras | memory | at most 0.040 | **0.039** |",
        "| efficientnet_b7 built and analysed, in a process that runs |  | time | at most 10 ms | not measured |",
    ]
