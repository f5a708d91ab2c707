"""What all tests share: a plain terminal, two ways to run the command, and what its answers are held against."""

from __future__ import annotations

import os

for variable in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "GITHUB_WORKSPACE", "PY_COLORS"):
    os.environ.pop(variable, None)  # Typer and Rich read them when they are imported
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # over a thousand processes would compile the package, each anew

import json
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from cnncli.errors import UsageError
from cnncli.export.format import Format, Kind
from cnncli.export.formats import BY_KIND
from cnncli.graph import Graph
from cnncli.models.catalogue import FAMILIES, find_spec, models
from cnncli.models.reference import parse
from cnncli.network import network

GOLDENS = Path(__file__).parent / "goldens"

# No example fails for the machine being busy: what may take how long is told by `calls_of` and limits of minutes.
settings.register_profile("any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Exhaustive tests are run where -m asks for them: no other expression, such as "not slow", brings them in."""
    if "exhaustive" not in config.option.markexpr:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("exhaustive")])
        items[:] = [item for item in items if not item.get_closest_marker("exhaustive")]
    items.sort(key=turn)


def turn(item: pytest.Item) -> int:
    """When a test's turn comes: most failures are told within the first minutes, by the tests that are fast.

    Then the longest, for none of them to be left alone at the end, when the other workers of -n have nothing to take.
    """
    if item.get_closest_marker("slow"):
        return 1
    return 2 if item.get_closest_marker("tf") else 0


class Result(NamedTuple):
    code: int
    out: str
    err: str


def refused(result: Result, code: int, says: str) -> None:
    """The command did nothing but to say in one line why."""
    assert (result.code, result.out) == (code, "")
    assert result.err.startswith("cnncli: ")
    assert result.err.count("\n") == 1
    assert says in result.err


def kind_named(name: str) -> tuple[Format, Kind]:
    """A kind of --quantize with its format: TFLite's where several formats have one of this name."""
    return next(found for (_, kind), found in BY_KIND.items() if kind == name)


def golden(name: str, text: str) -> None:
    """Compare with a file under tests/goldens; CNNCLI_WRITE_GOLDENS=1 writes it anew, to be read before it is kept."""
    path = GOLDENS / name
    if os.environ.get("CNNCLI_WRITE_GOLDENS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def calls_of(work: Callable[[], object]) -> int:
    """How many functions a piece of work calls: unlike its seconds, the same on every machine, busy or not.

    What a loop of C does within one call (`in` on a list) is not seen, so the lengths that are held against each other
    should be long enough to be waited for if it grew.
    """
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


MANY = frozenset({"mobilenet_v1", "mobilenet_v2", "mobilenet_v3", "efficientnet"})
"""Families of which every network is in every run."""


LARGER = frozenset(f"efficientnet_b{number}" for number in range(2, 8))
"""Networks that differ from smaller ones of such a family in size alone."""


def networks(*, every_flavor: bool = True, every_size: bool = True) -> list[Any]:
    """Every architecture, in each of its flavors or the first, as parameters of a test: a reference.

    Of most families the first network is in every run, the others are marked as exhaustive; without `every_size` the
    larger EfficientNets too, of which a test would take longer than of all else. `pytest -m exhaustive` runs those.
    """
    found = []
    for module, names in FAMILIES.items():
        specs = [spec for spec in models() if spec.name in names]
        for spec in specs:
            sampled = module in MANY and (every_size or spec.name not in LARGER)
            marks = () if spec is specs[0] or sampled else pytest.mark.exhaustive
            references = [f"{spec.name}@{flavor}" for flavor in spec.flavor_names] if every_flavor else [spec.name]
            found += [pytest.param(reference, marks=marks) for reference in references]
    return found


def at_small_size(name: str, flavor: str | None = None) -> str:
    """A reference to a network whose pictures are 64x64 or, where its layers need more, larger; its own where smaller.

    What is done to every network is done at this size. At 75x75 the last maps of Inception's have a single cell, over
    which no mean evens out what int8 rounds.
    """
    spec = find_spec(name)
    flavor = flavor or spec.flavors[0].name
    height, _, channels = spec.options(flavor)["input_shape"]
    for side in (min(height, 64), 107):
        reference = f"{name}@{flavor}:input_shape={side}x{side}x{channels}"
        try:
            parse(reference).graph()
        except UsageError:
            continue
        return reference
    raise AssertionError(f"{name} takes no small pictures")


def first_of_families() -> list[str]:
    """One network a family: the first."""
    return [names[0] for names in FAMILIES.values()]


def types(graph: Graph) -> list[str]:
    """The layers' classes, in the graph's order."""
    return [node.type for node in graph.nodes]


def graph_of(reference: str, **options: object) -> Graph:
    """The graph of a reference."""
    return network(reference, options, str(options.pop("flavor")) if "flavor" in options else None).graph


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Run cnncli in this process: fast, for everything that does not need a process of its own."""
    from cnncli.cli.app import main

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(int(ended.value.code or 0), captured.out, captured.err)

    return run


WORK = {
    "cnncli.cloning.trial": "try_file",
    "cnncli.cloning.worker": "work",
    "cnncli.export.verification": "verify",
    "cnncli.export.worker": "work",
    "cnncli.keras_model.worker": "work",
}
"""What the children of `export` and `build` serve, by module."""


@pytest.fixture
def one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What children of `export` and `build` do is done in this process, which need not import TensorFlow each time.

    Jobs and answers are what they are between processes. For tests of what is written, of which a child takes longer
    to begin than to do it; each command is run with children of its own too, in the tests without this fixture.
    """
    from cnncli.keras_model import quiet

    def run(module: str, job: Any, _what: str, tell: Callable[[str], None], *_: object) -> Any:
        work = getattr(import_module(module), WORK[module])
        with warnings.catch_warnings(), quiet():
            warnings.simplefilter("ignore")
            return json.loads(json.dumps(work(pickle.loads(pickle.dumps(job)), tell)))

    for place in ("cnncli.cloning.cloning", "cnncli.export.exporting", "cnncli.keras_model.apart"):
        monkeypatch.setattr(f"{place}.run", run)


@pytest.fixture
def cnncli() -> Callable[..., Result]:
    """Run `python -m cnncli` in a process of its own, with further environment variables by keyword."""

    def cnncli(*arguments: object, **environment: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "cnncli", *map(str, arguments)],
            capture_output=True,
            check=False,
            text=True,
            encoding="utf-8",
            env={**os.environ, **environment},
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return cnncli
