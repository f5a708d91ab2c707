"""Signals at random moments of every command that writes, for maintainers: `python tests/signals.py --count 1000`.

Each run starts one of the commands below in a folder of its own, over an old target in two of three cases, and sends it
INT, TERM, HUP or KILL at a random moment between its start and its end. It must leave the old target or a whole new
one, no process that lives on for more than a second, and nothing temporary, beside the target or in TMPDIR. Where a
command is killed, its child tidies up for it; what it leaves where it has no child (a name that begins with .cnncli-)
is counted and told. The moments follow from --seed, so far as a machine takes the same time twice. It needs /proc.

Exit code 1 where a promise was broken; each such run is told in a line.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SMALL = "mobilenet_v1:alpha=0.25,input_shape=64,classes=3"
LIGHT = {
    "summary": ("summary v2 --force -o", "new.json"),
    "list": ("list --force -o", "new.csv"),
    "baseline": ("check v1 v2 --write-baseline --force --baseline", "new.json"),
    "chart": ("compare v1 v2 --force -o", "new.svg"),
    "svg": ("plot v3_small --force -o", "new.svg"),
    "pdf": ("plot v3_small --force -o", "new.pdf"),
    "png": ("plot v3_small --force -o", "new.png"),
}
"""Name -> the command but for its target, and the target's name. These take less than a second."""
HEAVY = {
    "keras": (f"build {SMALL} --seed 1 --force -o", "new.keras"),
    "weights": (f"build {SMALL} --seed 1 --force -o", "new.weights.h5"),
    "tflite": (f"export {SMALL} --seed 1 --force -o", "new.tflite"),
    "saved_model": (f"export {SMALL} --seed 1 --force -o", "new"),
}
"""These import TensorFlow."""
COMMANDS = {**LIGHT, **HEAVY}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
MARK = "CNNCLI_SIGNALS"
"""The variable that tells the processes of a run from all others."""

Content = dict[str, int]
"""Files by their names in a target, with their sizes; those of a graph or a picture may differ by a few bytes."""


class Whole(NamedTuple):
    """A command that was let alone: how long it takes, and what it writes."""

    seconds: float
    content: Content


class Outcome(NamedTuple):
    """What a signalled command left; `broken` are the promises that it broke."""

    target: str
    broken: tuple[str, ...]
    litter_of_the_killed: int


def content_of(target: Path) -> Content:
    """Nothing where there is no target."""
    if target.is_dir():
        return {str(file.relative_to(target)): file.stat().st_size for file in target.rglob("*") if file.is_file()}
    return {"": target.stat().st_size} if target.exists() else {}


def alike(one: Content, other: Content) -> bool:
    return one.keys() == other.keys() and all(abs(size - other[name]) <= 0.02 * size for name, size in one.items())


def started(name: str, folder: Path) -> subprocess.Popen[bytes]:
    """Run a command in a folder, whose `out` holds the target and whose `temporary` is its TMPDIR."""
    words, target = COMMANDS[name]
    environment = {**os.environ, "TMPDIR": str(folder / "temporary"), MARK: folder.name}
    command = [sys.executable, "-m", "cnncli", *words.split(), str(folder / "out" / target)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)


def prepared(parent: Path, name: str, old: bool) -> Path:
    """A new folder for a run; `old` is whether something stands where the target is to be."""
    folder = Path(tempfile.mkdtemp(dir=parent))
    (folder / "temporary").mkdir()
    (folder / "out").mkdir()
    if old:
        target = folder / "out" / COMMANDS[name][1]
        if name == "saved_model":
            target.mkdir()
            target = target / "saved_model.pb"
        text = '{"schema_version": 1, "models": {}}\n' if name == "baseline" else "old"
        target.write_text(text, encoding="utf-8")
    return folder


def let_alone(parent: Path, name: str) -> Whole:
    folder = prepared(parent, name, old=False)
    begun = time.monotonic()
    code = started(name, folder).wait()
    seconds = time.monotonic() - begun
    content = content_of(folder / "out" / COMMANDS[name][1])
    assert code == 0, f"{name} fails by itself"
    assert content, f"{name} writes nothing"
    shutil.rmtree(folder)
    return Whole(seconds, content)


def signalled(parent: Path, name: str, whole: Whole, number: int, moment: float, old: bool) -> Outcome:
    """Send a signal after a share `moment` of the time that the command takes, and look at what is left."""
    folder = prepared(parent, name, old)
    target = folder / "out" / COMMANDS[name][1]
    before = content_of(target)
    process = started(name, folder)
    try:
        process.wait(moment * whole.seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(number)
    process.wait(30)
    broken = [f"process {pid} lives on" for pid in living_on(folder.name)]
    after = content_of(target)
    state = "old" if after == before else "new" if alike(whole.content, after) else "broken"
    if state == "broken":
        broken.append(f"the target is neither old nor new: {after}")
    left = [path.name for place in ("out", "temporary") for path in (folder / place).iterdir() if path != target]
    excused = number == signal.SIGKILL and all(name.startswith(".cnncli-") for name in left)
    if left and not excused:
        broken.append(f"litter: {left}")
    shutil.rmtree(folder, ignore_errors=True)
    return Outcome(state, tuple(broken), len(left) if excused else 0)


def living_on(mark: str, seconds: float = 1.0) -> list[int]:
    """The processes of a run that are there still after so many seconds."""
    deadline = time.monotonic() + seconds
    while found := list(processes(mark)):
        if time.monotonic() > deadline:
            return found
        time.sleep(0.02)
    return []


def processes(mark: str) -> Iterator[int]:
    """Those whose environment has the mark of a run, zombies aside."""
    wanted = f"{MARK}={mark}".encode()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
        except OSError:  # another user's, or gone meanwhile
            continue


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--heavy", type=float, default=0.2, help="share of the runs that import TensorFlow")
    arguments = parser.parse_args()
    chance, counts, failures, litter = random.Random(arguments.seed), Counter[str](), 0, 0
    with tempfile.TemporaryDirectory() as parent:
        named = COMMANDS if arguments.heavy else LIGHT
        wholes = {name: let_alone(Path(parent), name) for name in named}
        for run in range(arguments.count):
            name = chance.choice(sorted(HEAVY if chance.random() < arguments.heavy else LIGHT))
            number, moment, old = chance.choice(SIGNALS), chance.uniform(0, 1.05), chance.random() < 2 / 3
            outcome = signalled(Path(parent), name, wholes[name], number, moment, old)
            counts[f"{name} {outcome.target}"] += 1
            counts[signal.Signals(number).name] += 1
            litter += outcome.litter_of_the_killed
            failures += bool(outcome.broken)
            for promise in outcome.broken:
                print(f"run {run}, {name}, {signal.Signals(number).name} at {moment:.3f}, old {old}: {promise}")
    print(f"{arguments.count} runs, {failures} broken, {litter} folders left by the killed; ", end="")
    print(", ".join(f"{count} {key}" for key, count in sorted(counts.items())))
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
