"""`cnncli measure`: what is said of noise, by simulation; the command, whose figures no test can know."""

from __future__ import annotations

import json
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, golden, graph_of, refused
from hypothesis import given
from hypothesis import strategies as st

from cnncli.amounts import UNKNOWN
from cnncli.analysis.metrics import Totals
from cnncli.child.parent import run as run_child
from cnncli.errors import MachineError, UsageError
from cnncli.graph import Role
from cnncli.measure import measuring
from cnncli.measure.drafts import KINDS, kinds_of
from cnncli.measure.intervals import LEAST, Interval, Ratio, median_interval, paired_ratio, quantile
from cnncli.measure.machine import Machine, machine
from cnncli.measure.matching import layers_of
from cnncli.measure.measuring import ROUNDS, Measured, Measurement, Model, Profile, Schedule, measure
from cnncli.measure.messages import Job, Run, TimedOperation
from cnncli.measure.profiler import averaged
from cnncli.measure.worker import settled
from cnncli.network import network
from cnncli.render.formats import write
from cnncli.views.measure import measurement_document, milliseconds

FILES = Path(__file__).parent / "files"
SEPARABLE, RECURRENT, OPEN = (FILES / f"{name}.tflite" for name in ("separable_int8", "recurrent", "open_size"))
times = st.lists(st.floats(1e-6, 10), min_size=LEAST, max_size=60)


@pytest.mark.parametrize(("count", "place"), [(6, 1), (8, 1), (9, 2), (12, 3), (15, 4), (20, 6), (25, 8), (50, 18)])
def test_the_interval_lies_where_the_tables_of_the_sign_test_have_it(count: int, place: int) -> None:
    """The k-th value from either end for 95%: Conover, "Practical Nonparametric Statistics", table A3 (p = 0.5)."""
    values = list(range(1, count + 1))
    random.Random(count).shuffle(values)
    assert median_interval(values) == Interval(place, count + 1 - place)


@pytest.mark.parametrize("count", range(LEAST))
def test_few_values_have_no_interval(count: int) -> None:
    assert median_interval([1.0] * count) is None


@given(times)
def test_the_interval_holds_the_median_and_is_made_of_values(values: list[float]) -> None:
    found = median_interval(values)
    assert found is not None
    assert found.low <= statistics.median(values) <= found.high
    assert {found.low, found.high} <= {*values}


@given(times, st.floats(0.01, 100))
def test_what_takes_so_many_times_as_long_has_that_ratio(values: list[float], factor: float) -> None:
    ratio = paired_ratio([factor * value for value in values], values)
    assert ratio.median == pytest.approx(factor)
    assert ratio.interval == pytest.approx((factor, factor))


@given(times, st.floats(0, 1))
def test_a_quantile_is_that_of_the_values_in_between(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert min(values) <= found <= max(values)
    cut = statistics.quantiles(values, n=10, method="inclusive")
    assert [quantile(values, place / 10) for place in range(1, 10)] == pytest.approx(cut)
    assert quantile(values, 0.5) == pytest.approx(statistics.median(values))


Noise = Callable[[random.Random, int], float]


def calm(lot: random.Random, moment: int) -> float:
    return lot.gauss(1, 0.02)


def disturbed(lot: random.Random, moment: int) -> float:
    """One in ten runs is held up, for longer than it takes."""
    return lot.gauss(1, 0.02) + (lot.random() < 0.1) * lot.expovariate(1)


def drifting(lot: random.Random, moment: int) -> float:
    """A machine that grows hot: each moment is slower than the last, by more than the noise is."""
    return lot.gauss(1, 0.005) * (1 + 0.01 * moment)


def in_bursts(lot: random.Random, moment: int) -> float:
    """Another program takes half of the machine, for ten moments of twenty."""
    return lot.gauss(1, 0.01) * (2 if moment // 10 % 2 else 1)


def simulated(noise: Noise, factor: float, lot: random.Random) -> Ratio:
    """A measurement of two models, of which one takes `factor` as long: rounds in an order by lot, as they are led."""
    found: dict[int, list[float]] = {0: [], 1: []}
    for round in range(ROUNDS):
        for moment, model in enumerate(lot.sample([0, 1], 2)):
            found[model].append(noise(lot, 2 * round + moment) * (factor if model else 1))
    return paired_ratio(found[1], found[0])


@pytest.mark.parametrize("noise", [calm, disturbed, drifting, in_bursts])
def test_between_two_alike_no_difference_is_seen(noise: Noise) -> None:
    """In 95% of measurements or more: of 20 rounds the interval is of 95.9%, so that 62 of 1,500 are wrong."""
    lot = random.Random(20)
    wrong = sum(simulated(noise, 1, lot).differs for _ in range(1500))
    assert 30 < wrong <= 75


@pytest.mark.parametrize(("noise", "factor"), [(calm, 1.04), (calm, 0.96), (disturbed, 1.3), (in_bursts, 1.1)])
def test_a_difference_above_the_noise_is_seen(noise: Noise, factor: float) -> None:
    lot = random.Random(4)
    found = [simulated(noise, factor, lot) for _ in range(300)]
    assert sum(ratio.differs for ratio in found) >= 285
    assert sum(ratio.interval.low <= factor <= ratio.interval.high for ratio in found if ratio.interval) >= 275


def test_two_measurements_of_the_same_overlap() -> None:
    lot = random.Random(5)
    pairs = [(simulated(disturbed, 1.5, lot).interval, simulated(disturbed, 1.5, lot).interval) for _ in range(300)]
    assert sum(one.low <= other.high and other.low <= one.high for one, other in pairs if one and other) >= 295


def test_too_few_rounds_say_nothing_however_far_apart() -> None:
    ratio = paired_ratio([2.0] * 5, [1.0] * 5)
    assert ratio == Ratio(2.0, None)
    assert not ratio.differs


@pytest.mark.parametrize(
    ("file", "asked", "sizes"),
    [
        ([1, 8, 8, 3], [], [1, 8, 8, 3]),
        ([-1, 8, 8, 3], [4, 8, 8, 3], [4, 8, 8, 3]),
        ([-1, -1, -1, 3], [1, UNKNOWN, 64, 3], [1, 1, 64, 3]),
        ([1, 8, 8, 3], [4, 9, 9, 3], [1, 8, 8, 3]),
        ([-1, 7], [1, 2, 3], [1, 7]),
    ],
)
def test_only_what_a_file_leaves_open_is_settled(file: list[int], asked: Sequence[int], sizes: list[int]) -> None:
    assert settled(file, asked) == sizes


def test_a_disturbed_run_has_no_say_over_operations() -> None:
    runs = [[("CONV", conv), ("ADD", add)] for conv, add in [(10, 0), (12, 1), (11, 900), (4000, 0)]]
    conv, add = averaged([*runs, [("CONV", 1)]])
    assert (conv.name, add.name) == ("CONV", "ADD")
    assert conv.seconds == pytest.approx(11.5e-6)
    assert add.seconds == pytest.approx(0.5e-6)
    assert averaged([[("CONV", 7)]])[0].seconds == pytest.approx(7e-6)


def test_operations_are_layers_by_their_order_only_where_kinds_agree() -> None:
    graph = network(str(SEPARABLE)).graph
    conv, depthwise, dense = ("Convolution (NHWC, QC8) IGEMM", "Convolution (NHWC, QC8) DWConv", "Fully Connected (NC)")

    def named(*names: str) -> list[str | None]:
        found = layers_of([TimedOperation(name, 1e-6) for name in names], graph)
        return [None if node is None else node.name for node in found]

    alike = named(conv, depthwise, dense, "Mean (ND)", dense, "SOFTMAX")
    assert alike == ["stem", "depthwise", "pointwise", None, "classes", None]
    assert set(named(conv, conv, dense, dense)) == {None}, "the depthwise one is elsewhere"
    assert set(named(conv, depthwise, dense)) == {None}, "there are fewer"
    assert [node.role for node in graph.nodes if node.macs][1] is Role.DEPTHWISE


def test_kinds_are_those_of_export_and_float32_its_none() -> None:
    assert kinds_of([]) == kinds_of(["none"]) == kinds_of(["FLOAT32", "none"]) == ["float32"]
    assert kinds_of(["int8-io", "float16"]) == ["int8-io", "float16"]
    assert {"float32", "float16", "dynamic", "int8", "int8-io"} <= {*KINDS}
    assert "none" not in KINDS
    with pytest.raises(UsageError, match="did you mean int8"):
        kinds_of(["int9"])


def a_run(milliseconds: float, runs: int = 3, waiting: float = 0.0) -> Run:
    return Run(
        nanoseconds=(int(milliseconds * 1e6),) * runs,
        processor_seconds=milliseconds * runs / 1e3 * (1 - waiting),
        load_seconds=0.002,
        base_memory_bytes=30_000_000,
        peak_memory_bytes=42_000_000,
        inputs=((1, 16, 16, 3),),
        delegated=True,
    )


def a_model(path: Path = SEPARABLE) -> Model:
    named = replace(network(str(path)), reference=path.name)  # not the folder of whoever runs this
    return Model(named, None, path, path.stat().st_size, "0" * 64)


class Stage:
    """Stands in for child processes: what each run takes, who ran, and after how many somebody presses ^C."""

    def __init__(self, milliseconds: Callable[[Job], float], interrupted_at: int | None = None) -> None:
        self.ran: list[str] = []
        self._milliseconds, self._interrupted_at = milliseconds, interrupted_at

    def __call__(self, module: str, job: Job, what: str, tell: Any) -> Any:
        if len(self.ran) == self._interrupted_at:
            raise KeyboardInterrupt
        self.ran.append(what)
        return json.loads(json.dumps(a_run(self._milliseconds(job), job.runs or 1).data()))


def staged(monkeypatch: pytest.MonkeyPatch, schedule: Schedule, stage: Stage) -> tuple[Measurement, list[float]]:
    told: list[float] = []
    monkeypatch.setattr(measuring, "run", stage)
    models = [a_model(), a_model(RECURRENT), a_model(OPEN)]
    return measure(models, schedule, lambda share, _: told.append(share)), told


def test_every_round_runs_every_model_once_in_another_order(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(lambda job: 5.0)
    found, told = staged(monkeypatch, Schedule(runs=100), stage)
    rounds = [tuple(stage.ran[place : place + 3]) for place in range(0, len(stage.ran), 3)]
    assert len(rounds) == found.rounds == ROUNDS
    assert all(len({*each}) == 3 for each in rounds)
    assert len({*rounds}) > 3
    assert [len(each.times) for each in found.models] == [100, 100, 100]
    assert told == sorted(told)
    assert 0 <= min(told) <= max(told) < 1


def test_few_runs_are_as_many_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _ = staged(monkeypatch, Schedule(runs=4), Stage(lambda job: 5.0))
    assert (found.rounds, len(found.models[0].times)) == (4, 4)


def test_slow_models_have_as_few_rounds_as_tell_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of three seconds a run, and others that are done at once."""
    found, _ = staged(monkeypatch, Schedule(seconds=2), Stage(lambda job: 3000.0))
    assert found.rounds == LEAST
    found, _ = staged(monkeypatch, Schedule(seconds=2), Stage(lambda job: 3000.0 if job.path == OPEN else 1.0))
    assert found.rounds == ROUNDS


@pytest.mark.parametrize(("at", "rounds"), [(3, 1), (5, 1), (6, 2), (59, 19)])
def test_an_interrupted_measurement_has_the_rounds_that_all_have(
    monkeypatch: pytest.MonkeyPatch, at: int, rounds: int
) -> None:
    found, _ = staged(monkeypatch, Schedule(runs=100), Stage(lambda job: 5.0, at))
    assert found.interrupted
    assert [len(each.rounds) for each in found.models] == [rounds] * 3


@pytest.mark.parametrize("at", [0, 2])
def test_interrupted_in_the_first_round_it_has_nothing(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        staged(monkeypatch, Schedule(runs=100), Stage(lambda job: 5.0, at))


HERE = Machine("Example CPU", "x86_64", 4, 2, "Linux 6.1", "3.11.7", "2.3.0")


def an_example(*milliseconds: float, rounds: int = ROUNDS, noise: float = 0.01) -> Measurement:
    """Models that take so long, give or take."""
    lot = random.Random(1)
    models = [Measured(a_model(), [a_run(each * lot.gauss(1, noise)) for _ in range(rounds)]) for each in milliseconds]
    return Measurement(Schedule(), tuple(models))


@pytest.mark.parametrize("columns", ["40", "80", "160"])
def test_the_report_as_people_read_it(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    found = an_example(12.3456, 12.35, 24.8, 0.0123)
    text = write(measurement_document(found, HERE), "table")
    golden(f"measure-{columns}.txt", text)
    assert max(map(len, text.splitlines())) <= int(columns)


def test_operations_as_people_read_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    found = an_example(12.3456)
    graph = network(str(SEPARABLE)).graph
    operations = [
        TimedOperation("Convolution (NHWC, QC8) IGEMM", 1.25e-3),
        TimedOperation("Convolution (NHWC, QC8) DWConv", 12.5e-6),
        TimedOperation("Fully Connected (NC, QS8, QC8W) GEMM", 3e-6),
        TimedOperation("Mean (ND) Reduce", 0.0),
        TimedOperation("Fully Connected (NC, QS8, QC8W) GEMM", 0.4e-6),
        TimedOperation("SOFTMAX", 1e-6),
    ]
    found.models[0].profile = Profile(operations, layers_of(operations, graph))
    document = measurement_document(found, HERE)
    golden("measure-operations.txt", write(document, "table"))
    told = json.loads(write(document, "json"))["models"][0]["operations"]
    assert [each["layer"] for each in told] == ["stem", "depthwise", "pointwise", None, "classes", None]
    assert sum(each["share"] for each in told) == pytest.approx(1)
    assert told[0]["macs"] == 13_824


def test_nothing_is_ranked_that_the_noise_does_not_separate() -> None:
    text = write(measurement_document(an_example(10, 10.02, 13), HERE), "table")
    assert "No difference seen" in text
    assert " times as long as" in text
    same = json.loads(write(measurement_document(an_example(10, 10.02), HERE), "json"))["models"][1]["ratio"]
    assert same["differs"] is False
    assert same["interval"][0] <= 1 <= same["interval"][1]
    few = write(measurement_document(an_example(10, 13, rounds=5), HERE), "table")
    assert "of 5 rounds nothing can be told; it takes 6" in few
    assert "takes 1.3" not in few
    faster = write(measurement_document(an_example(10, 5), HERE), "table")
    assert " of the time of" in faster


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.23456, "1,234.6"), (0.0123456, "12.35"), (0.00123456, "1.235"), (2.78e-6, "0.00278"), (0.1, "100.0")],
)
def test_milliseconds_have_three_digits_or_more(seconds: float, text: str) -> None:
    assert milliseconds(seconds) == text


def test_macs_a_second_are_of_all_examples_and_unknown_where_macs_are() -> None:
    whole = Measured(a_model(), [a_run(2.0)])
    assert whole.macs == 24_624
    assert whole.macs_per_second == pytest.approx(24_624 / 2e-3)
    assert whole.memory_bytes == 12_000_000
    assert Measured(a_model(OPEN), [a_run(2.0)]).macs_per_second is UNKNOWN


def test_a_busy_machine_is_told() -> None:
    """That runs had no processor for a quarter of their time."""
    busy = Measurement(Schedule(), (Measured(a_model(), [a_run(5.0, waiting=0.25)] * 6),))
    assert "runs waited for a processor for up to 25% of their time" in write(measurement_document(busy, HERE), "table")
    assert "busy" not in write(measurement_document(an_example(5.0), HERE), "table")


def test_this_machine_is_told() -> None:
    found = machine()
    assert found.processor
    assert 1 <= found.usable <= found.cpus
    assert found.runtime is not None


def test_a_file_is_run_in_a_process_of_its_own(run: Callable[..., Result]) -> None:
    """Twice the same one: of six rounds the interval is all there is, so that only the structure can be tested."""
    result = run("measure", SEPARABLE, SEPARABLE, RECURRENT, "--runs", 6, "-f", "json")
    assert (result.code, result.err) == (0, "")
    told = json.loads(result.out)
    assert told["runtime"] == {"name": "ai-edge-litert", "version": machine().runtime, "threads": 1}
    assert told["method"]["rounds"] == told["method"]["runs"] == 6
    assert "binomial" in told["method"]["says"]
    first, second, third = told["models"]
    assert first["ratio"] is None
    assert first["file"] == second["file"] != third["file"]
    assert first["inputs"] == [[1, 16, 16, 3]]
    assert third["inputs"] == [[1, 10, 6], [1, 7]]
    for model in told["models"]:
        assert model["kind"] is None
        assert [each["runs"] for each in model["rounds"]] == [1] * 6
        assert 0 < model["p10_seconds"] <= model["median_seconds"] <= model["p90_seconds"]
        assert 0 < model["memory_bytes"] < model["peak_memory_bytes"]
        assert model["delegate"] == "XNNPACK"
        assert 0 <= model["waiting_share"] < 1
    for model in (second, third):
        pairs = zip(model["rounds"], first["rounds"], strict=True)
        ratios = [one["median_seconds"] / other["median_seconds"] for one, other in pairs]
        assert model["ratio"]["median"] == pytest.approx(statistics.median(ratios))
        assert model["ratio"]["interval"] == pytest.approx([min(ratios), max(ratios)])


def test_open_sizes_are_as_they_are_asked_for_or_one(run: Callable[..., Result]) -> None:
    open_ = run("measure", OPEN, "--runs", 1)
    assert "1x1x1x3, open sizes taken as 1" in open_.out
    told = json.loads(run("measure", OPEN, "--runs", 1, "--input-shape", "32x48", "--batch", 2, "-f", "json").out)
    (model,) = told["models"]
    assert model["inputs"] == [[2, 32, 48, 3]]
    assert model["batch"] == 2
    assert model["macs"] == 2 * Totals(network(str(OPEN), {"input_shape": "32x48"}).graph).macs


def test_the_runtime_tells_of_each_operation(run: Callable[..., Result]) -> None:
    told = json.loads(run("measure", RECURRENT, "--runs", 2, "--per-op", "-f", "json").out)
    names = [each["name"] for each in told["models"][0]["operations"]]
    assert "WHILE" in names
    assert sum(name.startswith("Fully Connected") for name in names) == 2
    refused(
        run("measure", OPEN, "--runs", 1, "--per-op", "--input-shape", 32, "--batch", 1),
        2,
        "leaves sizes of its inputs",
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["v2", "--runs", "3", "--seconds", "2"], "--runs 3 and --seconds 2: give one of them"),
        (["v2", "--runs", "0"], "--runs 0: expected a whole number from 1"),
        (["v2", "--seconds", "0"], "--seconds 0: expected a number above 0"),
        (["v2", "--seconds", "nan"], "--seconds nan: expected a number above 0"),
        (["v2", "--threads", "many"], "--threads many: expected a whole number from 1 to 1,024"),
        (["v2", "--kind", "int4"], "--kind int4: unknown kind"),
        ([str(SEPARABLE), "--kind", "int8"], "is a file, which is run as it is"),
        ([str(SEPARABLE), "--alpha", "0.5"], "is no architecture"),
        ([str(FILES / "nested.keras")], "measure runs .tflite files"),
        ([str(FILES / "plain_keras2.h5")], "convert it to .tflite"),
        (["model.py:build"], "measure runs .tflite files"),
        (["missing.tflite"], "no such file"),
        ([str(FILES / "README.md")], "is no model file that is known here"),
    ],
)
def test_what_cannot_be_measured_is_one_line(run: Callable[..., Result], arguments: list[str], says: str) -> None:
    refused(run("measure", *arguments), 2, says)


def test_what_the_runtime_refuses_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(SEPARABLE.read_bytes()[:2000])
    job = Job(path, "broken.tflite", 1, 1, 0, [], (0, 1), 0)
    with pytest.raises(MachineError, match=r"^broken\.tflite (cannot be run by ai-edge-litert: |crashed)"):
        run_child("cnncli.measure.worker", job, "broken.tflite", lambda _: None)


def test_the_report_is_not_written_over_another(run: Callable[..., Result], tmp_path: Path) -> None:
    """Told before anything is measured."""
    path = tmp_path / "latency.json"
    path.write_text("mine")
    refused(run("measure", SEPARABLE, "-o", path), 2, "--force")
    assert path.read_text() == "mine"


def test_an_interruption_tells_what_was_measured_so_far(
    monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]
) -> None:
    """Pressed while the second round runs."""
    calls: list[Any] = []

    def interrupted(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return run_child(*arguments)

    monkeypatch.setattr(measuring, "run", interrupted)
    result = run("measure", SEPARABLE, RECURRENT, "--runs", 20, "-f", "json")
    assert (result.code, result.err) == (130, "")
    told = json.loads(result.out)
    assert told["interrupted"] is True
    assert [len(each["rounds"]) for each in told["models"]] == [1, 1]
    calls.clear()
    shown = run("measure", SEPARABLE, RECURRENT, "--runs", 20)
    assert "interrupted: 1 of at most 20 rounds" in shown.out


@pytest.mark.tf
def test_an_architecture_is_converted_first(run: Callable[..., Result]) -> None:
    """Into each kind that is asked for; what is named twice once."""
    small = ("--alpha", 0.25, "--input-shape", 64, "--classes", 3)
    result = run("measure", "v1", "v1", *small, "--kind", "float32", "--kind", "int8-io", "--runs", 2, "-f", "json")
    assert (result.code, result.err) == (0, "")
    told = json.loads(result.out)["models"]
    assert [each["kind"] for each in told] == ["float32", "int8-io"] * 2
    assert told[0]["file"] == told[2]["file"] != told[1]["file"]
    assert told[0]["file"]["bytes"] > 2 * told[1]["file"]["bytes"]
    assert told[0]["model"]["options"]["alpha"] == 0.25
    assert told[0]["macs"] == Totals(graph_of("v1:alpha=0.25,input_shape=64,classes=3")).macs
