"""What each installation can do: every command works, or says in one line what to install.

What is run in them all, each line in each of them: `pytest tests/test_light.py -m exhaustive`; that makes real
environments too, by pip and from the index, in a quarter of an hour, of up to 3 GB.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path

import environments
import pytest
from environments import Environment, Result
from packaging.requirements import Requirement

from cnncli.cli.commands import COMMANDS
from cnncli.errors import EXTRAS, installing
from cnncli.render.formats import FORMATS

FILES = Path(__file__).parent / "files"
MODELS = (
    "alone.weights.h5", "branches.onnx", "frozen.pb", "inverted_residuals.onnx", "nested.keras", "nested_tfjs.json",
    "open_size.tflite", "plain_keras2.h5", "quantized.onnx", "separable.pt2", "separable_int8.tflite",
    "weights.safetensors",
)  # fmt: skip
INSTALLATIONS = ("", "tensorflow", "plot", "onnx", "cluster", "parquet", "all")
"""The light one, then each extra."""
SUFFIXES = [suffix for format in FORMATS.values() for suffix in format.suffixes if not format.checks]
SPACE = '[[product]]\nmodels = ["mobilenet_v1"]\nalpha = [0.25, 0.5]\ninput_shape = 64\n'
KERAS = "import keras\n\ndef build():\n    return keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten()])\n"

LIGHT = (
    "--version", "--help", "summary --help", "plot --help",
    "summary nested.keras --by stage", "summary plain_keras2.h5", "summary branches.onnx", "summary separable.pt2",
    "summary separable_int8.tflite -o x.html", "summary frozen.pb", "summary weights.safetensors -f latex",
    "list mobilenet", "list nested_tfjs.json quantized.onnx -o x.csv", "find --space space.toml -o x.jsonl",
    "history --family MobileNet", "plot v1 -o -", "plot v1 v2 -o x.svg", "plot v1 -o x.tex", "plot v1 -o x.html",
    "plot separable.pt2 -o x.dot --layout free", "compare v1 v2 --diff --explain", "explain v1 conv1",
    "identify v1", "check --budget budgets.toml", "verify mobilenet_v1", "memory v1 -o x.svg",
    "completions bash",
)  # fmt: skip
"""What every installation does, of each command and each reader something."""

MORE = (
    *(f"{command} --help" for command in COMMANDS),
    *(f"summary {name} --by stage" for name in MODELS),
    *(f"summary v1 --by stage -f {name}" for name, format in FORMATS.items() if not format.checks),
    *(f"summary v1 --by stage -o x{suffix}" for suffix in SUFFIXES),
    "summary v1 --dtype int8 --roofline 10G,5GB --top 3",
    "list", f"list {' '.join(MODELS)}", "list -o x.csv",
    "find --max-params 3M", "find --max-params 3M -o x.md", "find --space space.toml",
    "find --space space.toml -o x.csv",
    "history", "history --all -o x.html",
    "plot v1 -o x.gv", "plot v1 -o x.dot", "plot separable.pt2 -o x.svg --detail layer --heat macs",
    "plot v1 -o x.svg --volumes", "plot v1 -o x.tex --for column",
    "compare v1 nested.keras separable_int8.tflite", "compare v1 v2 -o x.md", "explain v1", "explain nested.keras",
    "identify inverted_residuals.onnx", "identify separable_int8.tflite",
    "check v1 --max-params 9M", "check v1 --max-params 9M -o x.xml", "check v1 --max-params 9M -f github",
    "check v1 --baseline x.lock --write-baseline", "verify -o x.xml",
    "memory v1", "memory v1 --training", "memory separable_int8.tflite --reorder",
    *(f"completions {shell}" for shell in ("bash", "zsh", "fish", "powershell")),
)  # fmt: skip
"""What it does besides, in every format and with every reader."""

TAKES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys([f"plot v1 -o x.{suffix}" for suffix in ("pdf", "png", "eps")], ("plot",)),
    **dict.fromkeys([f"memory v1 -o x.{suffix}" for suffix in ("pdf", "png", "eps")], ("plot",)),
    **dict.fromkeys([f"compare v1 v2 -o x.{suffix}" for suffix in ("pdf", "png", "svg")], ("plot",)),
    "find --max-params 3M -o x.svg": ("plot",),
    "find --space space.toml -o x.png": ("plot",),
    "history -o x.pdf": ("plot",),
    "find --space space.toml -o x.parquet": ("parquet",),
    "find --space space.toml -o x.csv --scheduler nowhere://1": ("cluster",),
    "summary model.py:build": ("tensorflow",),
    "build v1:alpha=0.25,input_shape=64": ("tensorflow",),
    "build v1:alpha=0.25,input_shape=64 --run -o x.keras": ("tensorflow",),
    "build v1:alpha=0.25,input_shape=64 -o x.weights.h5": ("tensorflow",),
    "build separable_int8.tflite": ("tensorflow",),
    "build inverted_residuals.onnx --input-shape 64": ("tensorflow", "onnx"),
    "export v1:alpha=0.25,input_shape=64 -o x.tflite": ("tensorflow",),
    "export v1:alpha=0.25,input_shape=64 -o x.tflite -q int8 --representative-data pictures --accept-loss":
        ("tensorflow",),
    "export v1:alpha=0.25,input_shape=64 -o x.keras --no-verify": ("tensorflow",),
    "export v1:alpha=0.25,input_shape=64 -o x --no-verify": ("tensorflow",),
    "export v1:alpha=0.25,input_shape=64 -o x.onnx": ("tensorflow", "onnx"),
    "export plain_keras2.h5 -o x.onnx --no-verify": ("onnx",),
    "export plain_keras2.h5 -o x.tflite --no-verify": ("tensorflow",),
    "measure separable_int8.tflite --runs 2": ("tensorflow",),
    "measure v1:alpha=0.25,input_shape=64 --runs 2 --kind int8": ("tensorflow",),
}  # fmt: skip
"""What takes extras, and those that it takes; all is done where these are there."""

ELSE = {
    "find --space space.toml -o x.csv --scheduler nowhere://1": (2, "unknown address scheme"),
    "identify inverted_residuals.onnx": (1, ""),
    "identify separable_int8.tflite": (1, ""),
}
"""What ends otherwise than well where nothing lacks: its code, and words of the package that was to be there."""

SAMPLES: Mapping[str, tuple[str, ...]] = {
    "": (
        *LIGHT, "plot v1 -o x.pdf", "memory v1 -o x.png", "compare v1 v2 -o x.svg", "history -o x.pdf",
        "find --space space.toml -o x.parquet", "find --space space.toml -o x.csv --scheduler nowhere://1",
        "summary model.py:build", "build v1:alpha=0.25,input_shape=64 --run -o x.keras", "build separable_int8.tflite",
        "export v1:alpha=0.25,input_shape=64 -o x.tflite", "export plain_keras2.h5 -o x.onnx --no-verify",
        "measure separable_int8.tflite --runs 2",
    ),
    "tensorflow": ("build v1:alpha=0.25,input_shape=64", "measure separable_int8.tflite --runs 2"),
    "plot": ("plot v1 -o x.pdf", "plot v1 -o x.png", "compare v1 v2 -o x.svg"),
    "onnx": ("export plain_keras2.h5 -o x.onnx --no-verify", "export v1:alpha=0.25,input_shape=64 -o x.onnx"),
    "cluster": ("find --space space.toml -o x.csv --scheduler nowhere://1",),
    "parquet": ("find --space space.toml -o x.parquet",),
    "all": ("find --space space.toml -o x.parquet", "plot v1 -o x.eps"),
}  # fmt: skip
"""What is run of an installation each time."""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What the commands read."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "space.toml").write_text(SPACE)
    (folder / "budgets.toml").write_text('[budgets.mobilenet_v1]\nmax-params = "9M"\n')
    (folder / "model.py").write_text(KERAS)
    (folder / "pictures").mkdir()
    pixels = b"".join(bytes((x * 7 % 256, y * 5 % 256, x * y % 256)) for y in range(32) for x in range(32))
    for number in range(4):
        (folder / "pictures" / f"{number}.ppm").write_bytes(b"P6 32 32 255\n" + pixels[number:] + pixels[:number])
    return [*folder.iterdir(), *(FILES / name for name in MODELS)]


def wrong(results: Mapping[str, Result], brought: set[str]) -> Iterator[str]:
    """The commands that do neither what they should where these extras are there, nor say alone what to install."""
    for line, result in results.items():
        lacks = [extra for extra in TAKES.get(line, ()) if extra not in brought]
        if lacks:
            said = result.code == 3 and result.is_a_line and any(installing(each) in result.err for each in lacks)
            said &= not result.left
        else:
            code, words = ELSE.get(line, (0, ""))
            said = (result.code, "Traceback" in result.err) == (code, False) and words in result.err
        if not said:
            yield f"{line}: {result.code}, {result.err[-600:]}"


def brought_by(extra: str) -> set[str]:
    return {*EXTRAS} if extra == "all" else {extra}


@pytest.fixture
def made(tmp_path: Path, request: pytest.FixtureRequest) -> Environment:
    extra = request.getfixturevalue("extra")
    return environments.environment(tmp_path / "environment", [extra] if extra else [])


@pytest.mark.parametrize(
    "extra", [pytest.param(each, marks=pytest.mark.tf if each == "tensorflow" else ()) for each in INSTALLATIONS]
)
def test_what_an_installation_does(made: Environment, extra: str, given: list[Path], tmp_path: Path) -> None:
    results = made.run(SAMPLES[extra], tmp_path / "places", given)
    assert list(wrong(results, brought_by(extra))) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("extra", INSTALLATIONS)
def test_every_command_in_every_installation(made: Environment, extra: str, given: list[Path], tmp_path: Path) -> None:
    results = made.run([*LIGHT, *MORE, *TAKES], tmp_path / "places", given)
    assert list(wrong(results, brought_by(extra))) == []


def test_every_command_has_its_lines() -> None:
    assert {line.split()[0] for line in (*LIGHT, *MORE, *TAKES)} >= {*COMMANDS}
    assert {extra for extras in TAKES.values() for extra in extras} == {*EXTRAS}
    for extra, lines in SAMPLES.items():
        assert not extra or any(brought_by(extra) & {*TAKES[line]} for line in lines), f"{extra} does nothing"


def test_extras_are_what_is_said_of_them() -> None:
    """That of the package is what pyproject.toml declares; `all` is all that commands take, and `dev` includes it."""
    declared = environments.EXTRAS
    assert {*declared} == {*EXTRAS, "all", "docs", "dev"}
    (whole,) = map(Requirement, declared["all"])
    assert (whole.name, whole.extras) == ("cnncli", {*EXTRAS})
    assert Requirement(declared["dev"][0]).extras >= {"all", "docs"}


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_brings_its_modules(extra: str) -> None:
    assert {*EXTRAS[extra]} <= modules_of([extra])


def test_what_is_imported_comes_with_something() -> None:
    """Each package that our code imports is the light installation's or named as some extra's."""
    known = modules_of() | {module for modules in EXTRAS.values() for module in modules} | {"tomli", "cnncli"}
    for path in (environments.ROOT / "cnncli").rglob("*.py"):
        lines = IMPORTS.findall(path.read_text(encoding="utf-8"))
        assert {module for names in lines for module in names if module} <= known | sys.stdlib_module_names, path


IMPORTS = re.compile(r"^ *(?:import (\w+)(?=$|[.,]| as )|from (\w+)[\w.]* import )", re.MULTILINE)


def modules_of(extras: list[str] | None = None) -> set[str]:
    """The modules that an installation brings."""
    found = set()
    for distribution in environments.closure(extras or []).values():
        found |= {
            file.parts[0].removesuffix(".py") for file in distribution.files or () if file.suffix in (".py", ".so")
        }
    return found


LARGEST = 60e6
"""Bytes of the light installation at most."""


def test_the_light_installation_is_light() -> None:
    """With the bytecode that pip makes of each module, which is about as large again."""
    paths = environments.own_files()
    paths += [path for found in environments.closure().values() for path in environments.files(found)]
    size = sum(path.stat().st_size * (1 + (path.suffix == ".py")) for path in paths)
    assert 10e6 < size < LARGEST


BROKEN = """
try:
    raise ImportError("libfoo.so.1: cannot open shared object file")
except ImportError as error:
    raise ImportError("IMPORTANT: PLEASE READ THIS!\\n\\n* check your Python\\n* check your luck") from error
"""


@pytest.mark.parametrize(
    ("package", "arguments"),
    [
        ("pydot", "plot v1 -o -"),
        ("matplotlib", "compare v1 v2 -o x.svg"),
        ("pyarrow", "find --space s.toml -o x.parquet"),
    ],
)
def test_a_package_that_is_there_and_broken(cnncli, tmp_path: Path, package: str, arguments: str) -> None:
    """One line names it and the reason at the bottom, not the advice around it; nobody is told to install it."""
    (tmp_path / "s.toml").write_text(SPACE)
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text(BROKEN)
    line = arguments.replace("x.", f"{tmp_path}/x.").replace("s.toml", f"{tmp_path}/s.toml").split()
    done = cnncli(*line, PYTHONPATH=str(tmp_path))
    reason = f"cnncli: {package} cannot be loaded: libfoo.so.1: cannot open shared object file\n"
    assert done == (3, "", reason)


def test_a_pygraphviz_that_is_broken(cnncli, tmp_path: Path) -> None:
    (tmp_path / "pygraphviz.py").write_text("raise ImportError('libgvc.so.6: cannot open shared object file')")
    target = tmp_path / "x.pdf"
    done = cnncli("plot", "v1", "-o", target, PYTHONPATH=str(tmp_path), PATH=str(tmp_path))
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("cnncli: pygraphviz cannot be loaded: libgvc.so.6: cannot open shared object file; ")
    assert "pip install" not in done.err
    assert not target.exists()


@pytest.mark.exhaustive
@pytest.mark.parametrize("extra", INSTALLATIONS)
def test_what_pip_installs(extra: str, given: list[Path], tmp_path: Path) -> None:
    """As people install it; then the hint of the first thing that lacks is pasted, and it works."""
    folder = tmp_path / "environment"
    venv.EnvBuilder(symlinks=True, with_pip=True).create(folder)
    made = Environment(folder / "bin" / "python")
    pip = [str(made.python), "-m", "pip", "install", "--quiet"]
    before = size_of(folder)
    subprocess.run([*pip, f"{environments.ROOT}[{extra}]" if extra else str(environments.ROOT)], check=True)
    if not extra:
        assert size_of(folder) - before < LARGEST
    results = made.run([*LIGHT, *MORE, *TAKES], tmp_path / "places", given)
    assert list(wrong(results, brought_by(extra))) == []
    if extra == "":
        line = "find --space space.toml -o x.parquet"
        hint = results[line].err.rpartition(": pip install ")[2].strip().strip("'")
        subprocess.run([*pip, hint], check=True)
        assert made.run([line], tmp_path / "again", given)[line] == (0, "", "", ["x.parquet"])
    shutil.rmtree(folder)


def size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


PAGE = environments.ROOT / "docs" / "install.md"


def sizes_told() -> dict[str, float]:
    """The bytes of each extra that the page on installing tells."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([\d,]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {extra: float(told.replace(",", "")) * 1e6 for extra, told in rows}


def test_the_page_tells_of_each_extra() -> None:
    assert [*sizes_told()] == [*EXTRAS, "all"]


@pytest.mark.parametrize("extra", [*EXTRAS, "all"])
def test_an_extra_is_as_large_as_the_page_tells(extra: str) -> None:
    """As far as versions and platforms allow, which differ."""
    light, whole = environments.closure(), environments.closure([extra])
    added = [found for name, found in whole.items() if name not in light]
    size = sum(path.stat().st_size for found in added for path in environments.files(found))
    assert size < sizes_told()[extra] < 2.5 * size
