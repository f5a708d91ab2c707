"""Whatever is typed, stands in a file or in the environment: an answer or one line. For maintainers.

    python tests/fuzz.py --count 3000 --seed 0
    python tests/fuzz.py --count 100000 --only command-lines,locks
    python tests/fuzz.py --seed 0 --case 1234

Case N of a seed is always the same: words of the command line drawn from what every command takes, mutated; budget,
lock, weight and array files, damaged; variables of the environment. What is safe runs in this process, the rest in one
of its own; each for a limited time, all in limited memory.

What must hold: the exit code is 0, 1, 2, 3 or 130; what is on the standard error are lines of `cnncli: ...`, and where
nothing was printed and the code is not 0, exactly one beside warnings; no control character is on either stream; a
command that fails leaves no file behind. The cases that do not hold are printed, with how to run each again.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args
from unittest.mock import patch

SECONDS = 60
"""That a case may take."""
MEMORY = 6 * 2**30
"""Bytes of addresses that this process may take, its libraries' among them."""
CODES = {0, 1, 2, 3, 130}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Outcome(NamedTuple):
    """What a case came to; `crash` is an exception that left the command."""

    code: Any
    out: str
    err: str
    crash: str = ""


@dataclass
class Case:
    """A case in a folder of its own. `told` is what it does, to be printed."""

    draw: random.Random
    folder: Path
    told: object = ""

    def some(self, *choices: Any) -> Any:
        """One of the choices; of those that are functions, what it gives."""
        chosen = self.draw.choice(choices)
        return chosen() if callable(chosen) else chosen

    def chance(self, share: float) -> bool:
        return self.draw.random() < share


# What is drawn

NASTY = (
    "\0",
    "\n",
    "\r",
    "\x1b[31m",
    "\x1b]0;x\x07",
    "\x9b",
    "\u202e",
    "\u2028",
    "\ud800",
    "\udcff",
    "é",
    "中",
    "²",
    "٣",
    "%s",
    "{",
    "}",
    "'",
    '"',
    "`",
    "|",
    "<b>",
    "$(x)",
    "\\",
    ",",
    "=",
    ":",
    "@",
    "-",
    "--",
    " ",
    "\t",
    "/",
    "..",
    "😀",
    "\ufeff",
)


def number(case: Case) -> str:
    return str(
        case.some(
            "0",
            "1",
            "-1",
            "0.5",
            "1e999",
            "nan",
            "inf",
            "-0",
            "+1",
            "1_0",
            "٣",
            "²",
            "0x10",
            "1e-400",
            "9" * 30,
            "9" * 5000,
            "",
            "007",
            "1,5",
            lambda: case.draw.randint(-5, 2000),
            lambda: case.draw.uniform(0, 2),
        )
    )


def shape(case: Case) -> str:
    sizes = [case.some("32", "96", "224", "1", "3", "0", "-1", "x", "1000000") for _ in range(case.draw.randint(1, 4))]
    return str(case.some("x", "×", ",", "X", " ")).join(sizes)


def amount(case: Case) -> str:
    return number(case) + case.some("", "", "M", "MB", "MiB", "KiB", "%", "m", " M", "TB", "PB")


def garbage(case: Case) -> str:
    length = case.some(0, 1, 3, 10, 10, 300)
    return "".join(case.some(*NASTY, chr(case.draw.randint(32, 0x2FF))) for _ in range(length))


def mutated(case: Case, text: str) -> str:
    """A text with up to three characters put in, taken out, said again, or in the other case."""
    for _ in range(case.draw.randint(1, 3)):
        at = case.draw.randint(0, len(text))
        changes = (
            lambda text, at: text[:at] + case.some(*NASTY) + text[at:],
            lambda text, at: text[:at] + text[at + 1 :],
            lambda text, at: text[:at] + text[at : at + 5] * 2 + text[at + 5 :],
            lambda text, at: text[:at] + text[at : at + 1].swapcase() + text[at + 1 :],
        )
        text = case.draw.choice(changes)(text, at)
    return text


@cache
def words() -> dict[str, Any]:
    """What there is to be typed."""
    from cnncli.cli.commands import COMMANDS, load
    from cnncli.models.catalogue import OPTIONS, names, option

    return {
        "commands": {name: load(name).params for name in COMMANDS},
        "models": names(),
        "options": {name: option(name).values for name in OPTIONS},
    }


def reference(case: Case) -> str:
    found = str(case.draw.choice(words()["models"])) + case.some("", "", "", "@keras", "@article", "@other", "@")
    pairs = []
    for _ in range(case.some(0, 0, 1, 1, 2, 3)):
        name, values = case.draw.choice(list(words()["options"].items()))
        if name == "depth":  # a network a hundred times as deep is built a hundred times as long
            values = ("1", "1.5", "0.3")
        given = (
            case.draw.choice(values) if values and case.chance(0.7) else case.some(lambda: number(case), shape(case))
        )
        pairs.append(f"{name}={given}" if name != "depth" or given in values else "depth=0")
    found += ":" + ",".join(pairs) if pairs else ""
    return mutated(case, found) if case.chance(0.15) else found


FILES = (
    "budgets.toml",
    "models.lock",
    "empty",
    "folder",
    "pipe",
    "here.svg",
    "/nonexistent/x.svg",
    "/dev/null",
    "/dev/full",
    "/dev/zero",
    "x.svg",
    "x.dot",
    "x.json",
    "x.csv",
    "x.html",
    "x.md",
    "x.tex",
    "x.tsv",
    "x.xml",
    "x",
    "-",
    "",
    "~",
    "x" * 300,
)


def file(case: Case) -> str:
    return mutated(case, case.some(*FILES)) if case.chance(0.1) else str(case.some(*FILES))


def value(case: Case, option: Any) -> str:
    """Something for an option, often of its kind."""
    kinds_of = get_args(option.type_descriptor.annotation)  # a Literal's words, or a Literal | None
    choices = [word for kind in kinds_of for word in (get_args(kind) or (kind,)) if isinstance(word, str)]
    if choices and case.chance(0.8):
        return str(case.draw.choice(choices))
    name = str(option.metavar or "")
    kinds: dict[str, Callable[[], str]] = {
        "FILE": lambda: file(case),
        "PATH": lambda: file(case),
        "MODEL": lambda: reference(case),
        "SHAPE": lambda: shape(case),
        "COUNT": lambda: amount(case),
        "BYTES": lambda: amount(case),
        "PERCENT": lambda: amount(case),
        "KEY=VALUE": lambda: reference(case).partition(":")[2].partition(",")[0] or "alpha=0.5",
        "KEYS": lambda: str(
            case.some("name", "name,macs", "params,name", "none", "macs,", "name,name", "reads,live_bytes")
        ),
        "COLUMN": lambda: str(case.some("name", "macs", "-macs", "type", "-live_bytes", "nothing")),
        "LEVEL": lambda: str(case.some("operation", "layer", "block", "stage", "3", number(case))),
        "KIND": lambda: str(case.some("float32", "float16", "dynamic", "int8", "int8-io", "uint8-io", "int4")),
        "MACS,BYTES": lambda: f"{amount(case)},{amount(case)}",
        "TEMPLATE": lambda: template(case),
    }
    return kinds.get(name, lambda: number(case))() if case.chance(0.85) else garbage(case)


def template(case: Case) -> str:
    fields = [
        "{name}",
        "{params:,}",
        r"\n",
        "{macs:.9f}",
        "{macs:999}",
        "{label!r}",
        "{x}",
        "{",
        "{params:{macs}}",
        "{:c}",
    ]
    return "".join(case.some(*fields, garbage(case)) for _ in range(case.some(1, 2, 3, 50)))


def command_line(case: Case) -> list[str]:
    """A command with what it takes; build, export and measure only where they are refused before anything slow."""
    name, params = case.draw.choice(list(words()["commands"].items()))
    heavy = name in ("build", "export", "measure")
    line: list[str] = []
    for param in case.draw.sample(params, min(len(params), case.some(0, 1, 2, 3, 4))):
        if param.param_type_name == "argument" or (heavy and "-o" in param.opts):
            continue
        spelt = case.draw.choice([*param.opts, *param.secondary_opts])
        line += [spelt] if param.is_flag else [f"{spelt}={value(case, param)}"]
        if case.chance(0.05):
            line.append(line[-1])
    if name == "completions":
        line.append(str(case.some("bash", "zsh", "fish", "powershell", garbage(case))))
    elif name != "list":
        line += [reference(case) for _ in range(case.some(0, 1, 1, 2) if name == "compare" else case.some(1, 1, 1, 0))]
    if name == "compare" and case.chance(0.8):
        line += ["v1", str(case.some("v2", "-", "v3_small"))]
    if name == "plot" and case.chance(0.8):
        line += ["-o", str(case.some("-", "-", "x.svg", "x.dot", "x.svg", "x.pdf" if case.chance(0.05) else "x.gv"))]
    line = [mutated(case, word) if case.chance(0.04) else word for word in line]
    case.draw.shuffle(line) if case.chance(0.1) and name != "plot" else None
    return [name, *(["-o", "/nonexistent/folder/x.keras"] if heavy else []), *line]


# What is run


def here(case: Case, arguments: list[str]) -> Outcome:
    """The command line in this process."""
    from cnncli.cli.app import main

    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    given = io.TextIOWrapper(io.BytesIO(case.some(b"", b"v1\n# x\nv2\n", b"\xff", b"\0", b"nothing\n")), "utf-8")
    code: Any = None
    with (
        patch("sys.stdin", given),
        patch("sys.argv", ["cnncli", *arguments]),
        patch.dict(os.environ),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main(arguments)
        except SystemExit as ended:
            code = ended.code
        except TooLong:
            return Outcome(None, "", "", f"took more than {SECONDS} s")
        except BaseException:
            return Outcome(None, "", "", traceback.format_exc(limit=-4))
        finally:
            out.flush()
            err.flush()
    return Outcome(code, *(stream.buffer.getvalue().decode(errors="surrogatepass") for stream in (out, err)))


def apart(arguments: list[str], variables: dict[str, str]) -> Outcome:
    """The command line in a process of its own, with nothing in its environment but these variables and the path."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables}
    try:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("cnncli")), *arguments],
            capture_output=True,
            check=False,
            env=environment,
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return Outcome(None, "", "", f"took more than {SECONDS} s")
    encoding = "utf-8" if "PYTHONIOENCODING" not in variables else variables["PYTHONIOENCODING"].partition(":")[0]
    streams = [(done.stdout).decode(encoding, "replace"), done.stderr.decode(encoding, "replace")]
    if {"FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS", "TTY_COMPATIBLE"} & variables.keys():  # which ask for colours
        streams = [COLOUR.sub("", stream) for stream in streams]
    return Outcome(done.returncode, *streams)


def called(function: Callable[[], object]) -> Outcome:
    """A function that reads a file: what it raises of ours is what the command would say."""
    from cnncli.errors import CnncliError
    from cnncli.render.console import complain

    err = io.StringIO()
    try:
        with contextlib.redirect_stderr(err), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it runs in a child, whose own words go to a log
            function()
    except CnncliError as error:
        with contextlib.redirect_stderr(err):
            complain(f"cnncli: {error}")
        return Outcome(error.exit_code, "", err.getvalue())
    except TooLong:
        return Outcome(None, "", "", f"took more than {SECONDS} s")
    except BaseException:
        return Outcome(None, "", "", traceback.format_exc(limit=-4))
    return Outcome(0, "", err.getvalue())


# The kinds of cases


def command_lines(case: Case) -> Outcome:
    case.told = line = command_line(case)
    return here(case, line)


KEYS = (
    "max-params",
    "max-macs",
    "max-weight-bytes",
    "max-tflite-bytes",
    "max-peak-activation",
    "max-arena",
    "dtype",
    "tolerance",
    "baseline",
    "budgets",
    "max_params",
    "max-nothing",
)


def toml_line(case: Case) -> str:
    model = case.some("v2", "b0", "v1:alpha=0.25", lambda: reference(case), lambda: garbage(case))
    written = case.some('"5M"', "5", '"1%"', "true", "[]", "{}", "1.5", "1979-05-27", '"""', f'"{amount(case)}"')
    return str(
        case.some(
            f'[budgets."{model}"]',
            f"[budgets.'{model}']",
            f"{case.some(*KEYS)} = {written}",
            f'budgets."{model}".max-params = 5',
            f"{case.some(*KEYS)} = {written}",
            f'"{model}" = {{ max-params = {written} }}',
            "[budgets]",
            "[tool.cnncli]",
            "# x",
            lambda: garbage(case),
        )
    )


def budgets(case: Case) -> Outcome:
    text = "\n".join(toml_line(case) for _ in range(case.some(1, 2, 3, 5, 8)))
    from cnncli.render.formats import offered

    data = case.some(text, text, lambda: mutated(case, text)).encode("utf-8", "surrogatepass")
    name = case.some("x.toml", "x.toml", "pyproject.toml")
    (case.folder / name).write_bytes(data)
    case.told = line = [
        "check",
        *case.some([], ["v1"], ["v2"]),
        *([] if name == "pyproject.toml" else ["--budget", name]),
    ]
    line += ["--format", case.some(*offered(checks=True))]
    case.told = (line, data)
    return here(case, line)


@cache
def lock() -> dict[str, Any]:
    from cnncli.analysis.check.baseline import lock_text
    from cnncli.analysis.compare.comparison import entry
    from cnncli.network import network

    return dict(json.loads(lock_text([entry(network(name)) for name in ("v1:alpha=0.25", "v2@article")])))


def locks(case: Case) -> Outcome:
    text = json.dumps(lock(), indent=case.some(None, 2))
    for _ in range(case.some(0, 1, 2)):
        part = str(case.draw.choice(re.findall(r'"[^"]*"|\d+|[{}:,]', text)))
        text = text.replace(
            part, case.some('"params"', "1", "null", "[]", "{}", part * 2, json.dumps(garbage(case))), 1
        )
    data = case.some(text, text, lambda: mutated(case, text)).encode("utf-8", "surrogatepass")
    (case.folder / "x.lock").write_bytes(data)
    line = [
        "check",
        *case.some([], ["v1"], ["v1:alpha=0.25"]),
        "--baseline",
        "x.lock",
        *case.some([], ["--tolerance", amount(case)]),
    ]
    line += [
        *case.some([], [], ["--write-baseline", "--force"]),
        "--format",
        case.some("table", "json", "junit", "github", "gitlab"),
    ]
    case.told = (line, data)
    return here(case, line)


def damaged(case: Case, data: bytes) -> bytes:
    """Bytes with some changed, cut off, or said again."""
    changed = bytearray(data)
    for _ in range(case.some(1, 1, 2, 8)):
        at = case.draw.randint(0, len(changed))
        changed[at : at + case.some(0, 1, 1, 4)] = case.draw.randbytes(case.some(0, 1, 1, 4))
    return bytes(case.some(changed, changed, changed[: case.draw.randint(0, len(changed))], changed + changed[-9:]))


@cache
def arrays_whole() -> dict[str, bytes]:
    import numpy
    from PIL import Image

    pixels = numpy.zeros((3, 8, 8, 3), "uint8")
    found = {}
    for name, save in (("x.npy", numpy.save), ("x.npz", numpy.savez), ("y.npz", numpy.savez_compressed)):
        for kind in ("uint8", "float32"):
            file = io.BytesIO()
            save(file, pixels.astype(kind))
            found[f"{kind}/{name}"] = file.getvalue()
    for suffix in ("bmp", "gif", "jpeg", "png", "ppm", "tiff", "webp"):
        file = io.BytesIO()
        Image.fromarray(pixels[0]).save(file, suffix)
        found[f"pictures/x.{suffix}"] = file.getvalue()
    return found


def arrays(case: Case) -> Outcome:
    from cnncli.export.representative import representative

    name, data = case.draw.choice(list(arrays_whole().items()))
    path = case.folder / name
    path.parent.mkdir()
    path.write_bytes(data := damaged(case, data))
    case.told = (name, data)
    return called(lambda: representative(path.parent if "pictures" in name else path, (8, 8, 3), (-1.0, 1.0)))


@cache
def weights_whole() -> list[bytes]:
    import h5py
    import numpy

    from cnncli.keras_model.archives import WEIGHTS_MEMBER

    file, archive = io.BytesIO(), io.BytesIO()
    with h5py.File(file, "w") as root:
        root.create_dataset("layers/conv2d/vars/0", data=numpy.zeros((3, 3, 3, 8), "float32"))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr(WEIGHTS_MEMBER, file.getvalue())
        members.writestr("config.json", "{}")
    return [file.getvalue(), archive.getvalue()]


def weights(case: Case) -> Outcome:
    from cnncli.keras_model.weights import check_weights_file

    name = str(
        case.some("x.h5", "x.weights.h5", "x.keras", "x.npz", f"x{garbage(case)}.h5".replace("\0", "").replace("/", ""))
    )
    case.told = (name, data := damaged(case, case.draw.choice(weights_whole())))
    path = case.folder / name.encode("utf-8", "surrogatepass").decode(errors="replace")[:60]
    path.write_bytes(data)
    return called(lambda: check_weights_file(path))


NUMBERS = ("²", "0", "1", "-1", "80", "007", "9" * 5000, "nonsense", "", "1e3", " 80 ")
VARIABLES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("COLUMNS", "LINES", "TERMINAL_WIDTH", "JUPYTER_COLUMNS", "JUPYTER_LINES"), NUMBERS),
    **dict.fromkeys(
        ("NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE"), ("", "0", "1", "nonsense")
    ),
    **dict.fromkeys(
        ("TYPER_USE_RICH", "TYPER_STANDARD_TRACEBACK", "_TYPER_FORCE_DISABLE_TERMINAL"), ("", "0", "1", "x")
    ),
    "TERM": ("", "dumb", "xterm", "nonsense", "xterm-256color", "²"),
    "COLORTERM": ("truecolor", "nonsense"),
    "_CNNCLI_COMPLETE": (
        "",
        "nonsense",
        "complete_bash",
        "complete_zsh",
        "complete_fish",
        "source_bash",
        "complete_powershell",
    ),
    "COMP_WORDS": ("", "cnncli summary v", 'cnncli "', "cnncli plot \x1b[31m", "cnncli summary v1:"),
    "COMP_CWORD": NUMBERS,
    "_TYPER_COMPLETE_ARGS": ("", "cnncli summary v", "cnncli 'x", "\x1b[31m"),
    "_TYPER_COMPLETE_FISH_ACTION": ("get-args", "is-args", "nonsense"),
    "_TYPER_COMPLETE_WORD_TO_COMPLETE": ("", "v", "\x1b[31m"),
    "SHELL": ("", "/bin/bash", "\x1b[31m", "/nonexistent"),
    "GITHUB_WORKSPACE": ("", "/", "..", "\x1b[31m", "/nonexistent"),
    "SOURCE_DATE_EPOCH": NUMBERS,
    "MPLBACKEND": ("nonsense", "module://nothing", "agg"),
    "MATPLOTLIBRC": ("/nonexistent", "/dev/null", "\x1b[31m"),
    "MPLCONFIGDIR": ("/dev/null/x", "/nonexistent"),
    "FONTCONFIG_FILE": ("/nonexistent", "\x1b[31m"),
    "FONTCONFIG_PATH": ("/nonexistent",),
    **dict.fromkeys(("GVBINDIR", "GV_FILE_PATH", "DOTFONTPATH", "GRAPHVIZ_DOT"), ("/nonexistent", "\x1b[31m")),
    **dict.fromkeys(
        ("LC_ALL", "LANG", "LC_CTYPE", "LANGUAGE"), ("", "C", "POSIX", "C.UTF-8", "nonsense", "de_DE.ISO-8859-1")
    ),
    "PYTHONIOENCODING": ("ascii", "latin-1", "utf-8:strict", "ascii:strict", "utf-16", "cp037"),
    "PYTHONUNBUFFERED": ("1",),
    "PYTHONOPTIMIZE": ("1", "2"),
    "PYTHONWARNINGS": ("error", "always"),
    "PYTHONSAFEPATH": ("1",),
    "PYTHONDEVMODE": ("1",),
    "PYTHONUTF8": ("0", "1"),
    "TMPDIR": ("/nonexistent", "/dev/null"),
    "HOME": ("", "/nonexistent", "relative", "\x1b[31m"),
    "XDG_CONFIG_HOME": ("/nonexistent", "\x1b[31m"),
    "TZ": ("nonsense", ":/dev/null"),
}
TYPED = (
    "--help",
    "--version",
    "list",
    "summary v1:alpha=0.25 --by stage",
    "summary nothing",
    "compare v1 v2",
    "check v1 --max-params 1",
    "verify v1 --only cut,erratum -f csv",
    "check v1 --max-params 9M -f github",
    "plot v1 -o -",
    "plot v1 -o x.svg",
    "plot v1 -o x.pdf",
    "plot v1 -o x.png --dpi 40",
    "completions bash",
    "summary --help",
    "",
    "compare v1 v2 -f json",
)


def environments(case: Case) -> Outcome:
    names = case.draw.sample(list(VARIABLES), case.draw.randint(1, 4))
    variables = {name: str(case.draw.choice(VARIABLES[name])) for name in names}
    case.told = (line := str(case.draw.choice(TYPED)), variables)
    return apart(line.split(), variables)


KINDS = {
    "command-lines": (command_lines, 60),
    "budgets": (budgets, 12),
    "locks": (locks, 10),
    "arrays": (arrays, 12),
    "weights": (weights, 5),
    "environments": (environments, 1),
}
"""How each kind is run, and of a hundred cases how many are of it."""


# What must hold


def problems(case: Case, outcome: Outcome, before: set[str]) -> Iterator[str]:
    if outcome.crash:
        yield outcome.crash
        return
    completing = "_CNNCLI_COMPLETE" in str(case.told)
    lines = outcome.err.splitlines()
    said = [line for line in lines if not line.startswith("cnncli: warning: ")]
    if outcome.code not in CODES:
        yield f"exit code {outcome.code}"
    if not completing and any(not line.startswith("cnncli: ") for line in lines):
        yield f"on the standard error: {outcome.err[-500:]!r}"
    if outcome.code and not outcome.out and len(said) != 1 and not completing:
        yield f"code {outcome.code}, and says {said!r}"
    for name, text in (("output", outcome.out), ("error", outcome.err)):
        if found := CONTROL.search(text):
            yield f"{found[0]!r} on the standard {name}: {text[max(found.start() - 40, 0) : found.end() + 40]!r}"
    left = {file.name for file in case.folder.iterdir()} - before
    words = [*case.told, repr(case.told)] if isinstance(case.told, (list, tuple)) else [str(case.told)]
    asked = {name for name in left if any(name in str(word) for word in words)}
    if left and (outcome.code not in (0, 1) or left - asked):
        yield f"left behind: {sorted(left)}"


def prepare(folder: Path) -> None:
    """What a command finds in its folder."""
    (folder / "budgets.toml").write_text('[budgets.v1]\nmax-params = "5M"\n')
    (folder / "models.lock").write_text(json.dumps(lock()))
    (folder / "empty").touch()
    (folder / "here.svg").touch()
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")


@contextlib.contextmanager
def read(pipe: Path) -> Iterator[None]:
    """Somebody reads the pipe meanwhile: what writes to it would wait for that."""
    reader, ended = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), threading.Event()

    def reads() -> None:
        while not ended.wait(0.01):
            with contextlib.suppress(BlockingIOError):  # it is open for writing, and empty
                while os.read(reader, 2**16):
                    pass

    thread = threading.Thread(target=reads)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        os.close(reader)


class Ran(NamedTuple):
    kind: str
    told: object
    outcome: Outcome
    problems: list[str]
    seconds: float


def run(seed: int, index: int, kinds: list[str]) -> Ran:
    """A case, in a folder of its own in which the command finds itself."""
    draw = random.Random(f"{seed} {index}")
    kind = draw.choices(kinds, [KINDS[name][1] for name in kinds])[0]
    place = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        case = Case(draw, Path(name))
        os.chdir(name)
        signal.alarm(SECONDS)
        started = time.perf_counter()
        try:
            prepare(case.folder)
            before = {file.name for file in case.folder.iterdir()}
            with read(case.folder / "pipe"):
                outcome = KINDS[kind][0](case)
            before |= {"x.toml", "pyproject.toml", "x.lock"} if kind in ("budgets", "locks") else set()
            before |= {file.name for file in case.folder.iterdir()} if kind in ("arrays", "weights") else set()
            found = list(problems(case, outcome, before))
        finally:
            signal.alarm(0)
            os.chdir(place)
    return Ran(kind, case.told, outcome, found, time.perf_counter() - started)


class TooLong(BaseException):
    """A case's time is up: nothing that a command expects, as TimeoutError, which is an OSError, would be."""


def _too_long(*_: object) -> None:
    raise TooLong


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(KINDS), metavar="KINDS", help=f"some of {', '.join(KINDS)}")
    parser.add_argument("--case", type=int, help="run this one alone, and say all of it")
    parser.add_argument("--first", type=int, default=0, help="begin with this case")
    given = parser.parse_args()
    signal.signal(signal.SIGALRM, _too_long)
    logging.disable()  # Pillow's, which in a child goes to its log
    _limit_memory()
    kinds = given.only.split(",")
    if given.case is not None:
        ran = run(given.seed, given.case, kinds)
        print(*(f"{name}: {value!r}" for name, value in ran._asdict().items()), *ran.problems, sep="\n")
        return bool(ran.problems)
    counts, codes, failed = Counter[str](), Counter[Any](), 0
    slowest = (0.0, 0)
    with contextlib.suppress(KeyboardInterrupt):  # ^C ends it with what has been found so far
        for index in range(given.first, given.first + given.count):
            ran = run(given.seed, index, kinds)
            counts[ran.kind] += 1
            codes[ran.outcome.code] += 1
            slowest = max(slowest, (ran.seconds, index))
            if ran.problems:
                failed += 1
                only = f" --only {given.only}" if given.only != ",".join(KINDS) else ""
                again = f"--seed {given.seed} --case {index}{only}"
                print(f"{again}: {ran.kind}: {ran.told!r:.400}", *ran.problems, sep="\n  ", flush=True)
    print(f"{counts.total()} cases of seed {given.seed}, {failed} do not hold")
    print(f"kinds: {dict(counts)}; exit codes: {dict(codes)}; the slowest, {slowest[1]}, took {slowest[0]:.1f} s")
    return failed > 0


def _limit_memory() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


if __name__ == "__main__":
    sys.exit(main())
