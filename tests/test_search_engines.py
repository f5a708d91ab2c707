"""Whoever works a space out, however often it is interrupted, and whatever dies on the way: the same file."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import refused

from cnncli.errors import MachineError
from cnncli.search.engines import Lost
from cnncli.search.engines.here import Here
from cnncli.search.engines.processes import Processes
from cnncli.search.evaluation import Row
from cnncli.search.order import AHEAD, DEATHS, in_order
from cnncli.search.partial import beside
from cnncli.search.searching import Asked
from cnncli.search.space import Product, Space
from cnncli.search.streaming import stream
from cnncli.search.work import parts

SPACE = """
[[product]]
models = ["mobilenet_v1", "mobilenet_v2"]
alpha = "0.25..1/0.05"
input_shape = "96..224/8"
"""
CANDIDATES = 2 * 16 * 17
NUMBERS = Space((Product("n", (tuple(f"i={number}" for number in range(1000)),)),))
"""References that no engine of these tests takes for networks."""


class Scripted:
    """An engine that answers in a random order, and loses what `loses` says; it notes what it was given."""

    patience, room = 2, 7

    def __init__(self, seed: int, loses: Callable[[Sequence[str]], bool] = lambda _: False) -> None:
        self._random = random.Random(seed)
        self._loses = loses
        self._given: list[tuple[int, Sequence[str]]] = []
        self.taken: Counter[str] = Counter()

    def __enter__(self) -> Scripted:
        return self

    def __exit__(self, *_: object) -> None: ...

    def give(self, number: int, references: Sequence[str]) -> None:
        self._given.append((number, references))
        assert len(self._given) <= self.room

    def take(self) -> tuple[int, list[Row] | Lost]:
        number, references = self._given.pop(self._random.randrange(len(self._given)))
        self.taken.update(references)
        if self._loses(references):
            return number, Lost("of old age")
        return number, [{"reference": reference} for reference in references]


def told(engine: Any, start: int = 0, size: int = 16) -> list[str]:
    return [row["reference"] for _, rows in in_order(NUMBERS, engine, start, size) for row in rows]


@pytest.mark.parametrize("seed", range(20))
def test_rows_come_in_the_order_of_the_space_each_once_whatever_is_lost(seed: int) -> None:
    coin = random.Random(seed)
    engine = Scripted(seed, lambda references: len(references) > 1 and coin.random() < 0.3)
    start, size = coin.randrange(1000), coin.randrange(1, 70)
    assert told(engine, start, size) == [*NUMBERS][start:]


def test_a_candidate_that_ends_its_process_is_named_and_the_others_are_not_blamed() -> None:
    engine = Scripted(1, lambda references: "n:i=500" in references)
    with pytest.raises(MachineError, match="^n:i=500: the process that works it out ends each time, of old age$"):
        told(engine)
    assert engine.taken["n:i=500"] == engine.patience + DEATHS
    assert engine.taken["n:i=499"] <= engine.patience + 1


def test_what_is_done_far_ahead_waits_no_more_than_so_much() -> None:
    """The first candidate is never done: what is given besides is bounded."""
    space = Space((Product("n", (tuple(f"i={number}" for number in range(100_000)),)),))

    class Stuck(Scripted):
        def take(self) -> tuple[int, list[Row] | Lost]:
            self._given.sort(reverse=True)
            assert self._given[0][0] or len(self._given) > 1, "nothing else is to be done"
            number, references = self._given.pop(0)
            self.taken.update(references)
            return number, [{}] * len(references)

    engine = Stuck(0)
    with pytest.raises(AssertionError, match="nothing else"):
        list(in_order(space, engine, 0, 16))
    assert AHEAD - 32 <= engine.taken.total() <= AHEAD


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a space, and the file that comes of it in this process and without interruption."""
    made = tmp_path_factory.mktemp("engines")
    (made / "space.toml").write_text(SPACE)
    run_find(made, "right.csv", "--workers", "1")
    lines = (made / "right.csv").read_text().splitlines()
    assert len(lines) == 1 + CANDIDATES
    return made


def begin(folder: Path, output: str, *options: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "cnncli", "find", "--space", "space.toml", "-o", output, *options]
    return subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_find(folder: Path, output: str, *options: str) -> None:
    process = begin(folder, output, *options)
    assert (*process.communicate(), process.returncode) == ("", "", 0)


def same(folder: Path, output: str) -> None:
    assert (folder / output).read_bytes() == (folder / "right.csv").read_bytes()
    assert not beside(folder / output).exists()


def lines_of(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def wait_for(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_goes_on_where_it_stopped(folder: Path, number: int) -> None:
    output, coin = f"{number}.csv", random.Random(number)
    partial, standing, interrupted = beside(folder / output), 0, 0
    while not (folder / output).exists():
        process = begin(folder, output, "--workers", "2")
        some = standing + coin.randrange(20, 150)
        wait_for(lambda: lines_of(partial) > some or process.poll() is not None)  # noqa: B023
        process.send_signal(number)
        process.communicate()
        assert process.returncode in (0, -number, 128 + number)
        interrupted += process.returncode != 0
        if partial.exists():
            assert lines_of(partial) >= standing, "what was done is kept"
            standing = lines_of(partial)
    run_find(folder, output, "--force")
    assert interrupted > 1
    same(folder, output)


def test_a_torn_partial_file_is_mended(folder: Path) -> None:
    process = begin(folder, "torn.csv", "--workers", "1")
    partial = beside(folder / "torn.csv")
    wait_for(lambda: lines_of(partial) > 100)
    process.kill()
    process.communicate()
    os.truncate(partial, partial.stat().st_size - 7)
    run_find(folder, "torn.csv")
    same(folder, "torn.csv")


def test_a_file_that_was_put_in_place_by_a_run_killed_just_then_is_taken_as_done(folder: Path) -> None:
    process = begin(folder, "late.csv", "--workers", "2")
    partial, kept = beside(folder / "late.csv"), folder / "kept"
    wait_for(partial.exists)
    os.link(partial, kept)
    assert process.wait() == 0
    process.communicate()
    kept.rename(partial)
    run_find(folder, "late.csv")
    same(folder, "late.csv")


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
def test_processes_that_die_are_replaced_and_nothing_is_lost(folder: Path) -> None:
    process = begin(folder, "deaths.csv", "--workers", "2")
    partial, killed = beside(folder / "deaths.csv"), set[int]()
    for some in (10, 90, 170):
        wait_for(lambda: lines_of(partial) > some or process.poll() is not None)  # noqa: B023
        for number in children(process.pid)[:1]:
            os.kill(number, signal.SIGKILL)
            killed.add(number)
    assert process.communicate() == ("", "")
    assert process.returncode == 0
    assert len(killed) > 1
    same(folder, "deaths.csv")


@pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
def test_processes_end_with_the_one_that_was_killed(folder: Path) -> None:
    process = begin(folder, "orphans.csv", "--workers", "2")
    wait_for(lambda: lines_of(beside(folder / "orphans.csv")) > 10)
    working = children(process.pid)
    assert len(working) == 2
    process.kill()
    process.communicate()
    wait_for(lambda: not any(is_alive(number) for number in working))


def is_alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_processes_that_cannot_begin_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    import cnncli.search.engines.processes as engine

    words = "import sys; sys.exit('no such luck')"
    monkeypatch.setattr(engine, "command", lambda _: [sys.executable, "-c", words])
    with pytest.raises(MachineError, match="cannot begin: they end, with code 1: no such luck$"):
        list(parts(NUMBERS, Asked(("macs",)), Processes(2, Asked(("macs",)))))


def test_what_others_print_in_a_process_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('[1, 2]'); print('no end', end='')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    asked, space = Asked(("macs",)), Space((Product("mobilenet_v1", (("alpha=0.5", ""),)),))
    found = [row for rows in parts(space, asked, Processes(1, asked)) for row in rows]
    assert found == [row for rows in parts(space, asked, Here(asked)) for row in rows]


def test_two_runs_do_not_write_one_file(folder: Path) -> None:
    process = begin(folder, "one.csv", "--workers", "2")
    wait_for(lambda: lines_of(beside(folder / "one.csv")) > 1)
    process.send_signal(signal.SIGSTOP)
    other = begin(folder, "one.csv")
    out, err = other.communicate()
    process.send_signal(signal.SIGCONT)
    assert (out, other.returncode) == ("", 3)
    assert err == "cnncli: one.csv.partial: another run writes it; wait for its end, or name another file\n"
    process.communicate()
    same(folder, "one.csv")


def test_another_search_is_refused_and_force_begins_anew(run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    process = begin(folder, "other.csv", "--workers", "1")
    partial = beside(folder / "other.csv")
    wait_for(lambda: lines_of(partial) > 1)
    process.kill()
    process.communicate()
    before = partial.read_bytes()
    (folder / "smaller.toml").write_text(SPACE.replace("96..224/8", "96"))
    says = "other.csv.partial is of another space; add --force to begin anew"
    refused(run("find", "--space", "smaller.toml", "-o", "other.csv"), 2, says)
    says = "other.csv.partial is of other figures"
    refused(run("find", "--space", "space.toml", "--columns", "layers", "-o", "other.csv"), 2, says)
    says = "other.csv.partial is of other limits"
    refused(run("find", "--space", "space.toml", "--max-macs", "9M", "-o", "other.csv"), 2, says)
    assert partial.read_bytes() == before
    assert run("find", "--space", "smaller.toml", "-o", "other.csv", "--force") == (0, "", "")
    assert len((folder / "other.csv").read_text().splitlines()) == 33
    refused(run("find", "--space", "smaller.toml", "-o", "other.csv"), 2, "other.csv exists; add --force")


def test_a_foreign_file_of_that_name_is_left_alone(run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (folder / "mine.csv.partial").write_text("my notes")
    refused(run("find", "--space", "space.toml", "-o", "mine.csv"), 2, "mine.csv.partial is of something else")
    assert (folder / "mine.csv.partial").read_text() == "my notes"


def test_a_candidate_that_cannot_be_built_has_a_row_that_says_why(tmp_path: Path) -> None:
    space = Space((Product("mobilenet_v1", (("input_shape=64",), ("alpha=0.01", "alpha=0.5"))),))
    asked = Asked(("macs",))
    target = tmp_path / "rows.jsonl"
    tally = stream(space, asked, Here(asked), target, force=False, tell=lambda _: None)
    broken, built = map(json.loads, target.read_text().splitlines())
    assert "cannot be built" in broken.pop("error")
    assert "filters=0" not in built
    assert built.pop("macs") > 0
    assert broken.keys() | {"top1", "top1_source"} == built.keys()
    assert (broken["alpha"], built["alpha"]) == (0.01, 0.5)
    assert (tally.written, tally.impossible) == (2, 1)


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, list[int]]]:
    """The address of a scheduler, and its two workers' process numbers."""
    script = Path(__file__).parent / "cluster.py"
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        address = process.stdout.readline().strip()
        yield address, [int(number) for number in process.stdout.readline().split()]
        process.communicate()


@pytest.mark.slow
def test_a_cluster_of_which_a_worker_is_killed_gives_the_same_rows(
    folder: Path, cluster: tuple[str, list[int]]
) -> None:
    address, workers = cluster
    process = begin(folder, "cluster.csv", "--scheduler", address)
    wait_for(lambda: lines_of(beside(folder / "cluster.csv")) > 10)
    os.kill(workers[0], signal.SIGKILL)
    assert process.communicate() == ("", "")
    assert process.returncode == 0
    same(folder, "cluster.csv")


@pytest.mark.slow
def test_a_run_that_one_engine_began_another_takes_up(folder: Path, cluster: tuple[str, list[int]]) -> None:
    process = begin(folder, "both.csv", "--scheduler", cluster[0])
    wait_for(lambda: lines_of(beside(folder / "both.csv")) > 10)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (out, err, process.returncode) == ("", "", 130)
    run_find(folder, "both.csv", "--workers", "2")
    same(folder, "both.csv")


def test_where_no_scheduler_is_it_is_said_in_a_line(folder: Path) -> None:
    process = begin(folder, "none.csv", "--scheduler", "tcp://127.0.0.1:1")
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("", 3)
    assert err == "cnncli: --scheduler tcp://127.0.0.1:1: no Dask scheduler answers there\n"
    assert not beside(folder / "none.csv").exists()


@pytest.mark.parametrize(
    ("options", "module", "extra"),
    [(["-o", "x.parquet"], "pyarrow", "parquet"), (["-o", "x.csv", "--scheduler", "a:1"], "distributed", "cluster")],
)
def test_an_extra_that_is_not_installed_is_named(
    run, folder: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], module: str, extra: str
) -> None:
    monkeypatch.chdir(folder)
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)

    class Missing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == module:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    says = f"this takes {module}, which is not installed: pip install 'cnncli[{extra}]'"
    refused(run("find", "--space", "space.toml", *options), 3, says)
    assert not list(folder.glob("x.*"))


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("limits", [(), (("macs", 60_000_000),)], ids=["all", "limited"])
def test_every_kind_of_file_holds_the_same(tmp_path: Path, suffix: str, limits: Any) -> None:
    from pyarrow import csv, json, parquet

    from cnncli.search.limits import Limit

    axes = (("input_shape=96", ""), ("alpha=0.01", "alpha=0.25", "alpha=0.5", "alpha=0.75"))
    space = Space((Product("mobilenet_v1", axes), Product("mobilenet_v3_small", (("", "minimalistic=true"),))))
    asked = Asked(("macs", "receptive_field"), tuple(Limit(key, most=most) for key, most in limits))
    target = tmp_path / f"rows{suffix}"
    stream(space, asked, Here(asked), target, force=False, tell=lambda _: None)
    read = {".csv": csv.read_csv, ".jsonl": json.read_json, ".parquet": parquet.read_table}[suffix]
    table = read(target)
    expected = [row for rows in parts(space, asked, Here(asked)) for row in rows]
    kept = [row for row in expected if not limits or not ({"broken", "error"} & row.keys())]
    assert table["reference"].to_pylist() == [row["reference"] for row in kept]
    assert table["macs"].to_pylist() == [row.get("macs") for row in kept]
    assert table["alpha"].to_pylist() == [float(row["alpha"]) if "alpha" in row else None for row in kept]
    assert any("error" in row for row in kept) is not bool(limits)
    target.unlink()
    before = sorted(tmp_path.iterdir())
    stream(space, asked, Processes(2, asked), target, force=False, tell=lambda _: None)
    assert not before
    assert read(target).equals(table)


def test_no_column_is_left_out(tmp_path: Path) -> None:
    """What a row of any architecture has is a column."""
    from cnncli.network import architectures
    from cnncli.search.tables import columns_of

    asked = Asked(("macs",))
    for spec in architectures():
        space = Space((Product(spec.name, ()),))
        ((row,),) = parts(space, asked, Here(asked))
        assert row.keys() <= {column.key for column in columns_of(space, asked)}
