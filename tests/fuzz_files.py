"""Model files, damaged at random: each is read or refused in one line, in little time and memory.

`python tests/fuzz_files.py --count N [--seed S] [--only TEXT] [--case K] [--more FOLDER]` damages the small files of
tests/files (and those of FOLDER) and tells them as `cnncli summary` does, by block too. What counts as wrong: an
exception that is not one of ours, more than one line of message, control characters, more than 2 seconds or 256 MB.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cnncli.errors import CnncliError
from cnncli.network import network
from cnncli.render.formats import write
from cnncli.views.summary import Wanted, depth_of, summary_document

FILES = Path(__file__).parent / "files"
SECONDS = 2.0
MEGABYTES = 256
LARGE = (0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x10000000, 0x00FFFFFF, 0xFFFF, 0x8000, 0)
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
WORDS = (b"\x1b[31m", b"[red]", b"\xe2\x80\xae", b"</svg>", b"<script>", b"\x00", b"../../x", b"1e999", b"NaN", b"null")


class Ran(NamedTuple):
    """How one case ended: what was damaged, how, and what is wrong with the answer, if anything."""

    file: str
    how: str
    outcome: str
    wrong: str
    seconds: float


def _flip(draw: random.Random, data: bytearray) -> None:
    for _ in range(draw.choice((1, 1, 2, 4, 16))):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def _byte(draw: random.Random, data: bytearray) -> None:
    for _ in range(draw.choice((1, 1, 2, 8))):
        data[draw.randrange(len(data))] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))


def _number(draw: random.Random, data: bytearray) -> None:
    place, size = draw.randrange(len(data)), draw.choice((2, 4, 8))
    value = draw.choice((*LARGE, draw.randrange(2**32), len(data), len(data) - 1, place))
    data[place : place + size] = (value & (2 ** (8 * size) - 1)).to_bytes(size, "little")


def _cut(draw: random.Random, data: bytearray) -> None:
    del data[draw.randrange(len(data)) :]


def _without(draw: random.Random, data: bytearray) -> None:
    place = draw.randrange(len(data))
    del data[place : place + draw.choice((1, 2, 4, 16, 256))]


def _more(draw: random.Random, data: bytearray) -> None:
    place = draw.randrange(len(data))
    found = draw.choice((draw.choice(WORDS), bytes(draw.choice((1, 4, 64))), draw.randbytes(8)))
    data[place:place] = found


def _copy(draw: random.Random, data: bytearray) -> None:
    """A part over another one: references that lead elsewhere, in circles too."""
    size = draw.choice((2, 4, 8, 32, 128))
    one, other = draw.randrange(len(data)), draw.randrange(len(data))
    data[one : one + size] = data[other : other + size]


def _word(draw: random.Random, data: bytearray) -> None:
    place, word = draw.randrange(len(data)), draw.choice(WORDS)
    data[place : place + len(word)] = word


DAMAGES: dict[str, Callable[[random.Random, bytearray], None]] = {
    "flip": _flip,
    "byte": _byte,
    "number": _number,
    "cut": _cut,
    "without": _without,
    "more": _more,
    "copy": _copy,
    "word": _word,
}


def samples(folders: list[Path], only: str = "") -> list[Path]:
    """The files that are damaged; a folder stands for the one file of a SavedModel in it."""
    found: list[Path] = []
    for folder in folders:
        for path in sorted(folder.iterdir()):
            inner = path / "saved_model.pb" if path.is_dir() else path
            if inner.is_file() and path.suffix != ".md" and only in path.name:
                found.append(inner)
    return found


def damaged(draw: random.Random, data: bytes) -> tuple[bytes, str]:
    """The bytes with one to three damages, and which."""
    changed, names = bytearray(data), draw.choices(list(DAMAGES), k=draw.choice((1, 1, 1, 2, 3)))
    for name in names:
        if changed:
            DAMAGES[name](draw, changed)
    return bytes(changed), "+".join(names)


def told(path: Path, draw: random.Random) -> str:
    """All of what `summary` says of a file."""
    found = network(str(path))
    by = draw.choice(("layer", "block", "stage"))
    return write(summary_document(found, Wanted(depth_of(by))), draw.choice(("table", "json", "csv")))


def ran(seed: int, index: int, files: list[Path], folder: Path) -> Ran:
    """Damage a file and have it told."""
    draw = random.Random(f"{seed} {index}")
    sample = draw.choice(files)
    data, how = damaged(draw, sample.read_bytes())
    name = sample.name if sample.name == "saved_model.pb" else f"x{sample.suffix}"
    path = folder / name
    path.write_bytes(data)
    started, outcome, wrong = time.process_time(), "", ""
    try:
        text = told(path, draw)
        outcome = "read"
        wrong = f"control characters: {text!r:.200}" if CONTROL.search(text) else ""
    except CnncliError as error:
        outcome = type(error).__name__
        one_line = "\n" not in str(error) and not CONTROL.search(str(error))
        wrong = "" if one_line else f"not one harmless line: {str(error)!r:.300}"
    except Exception:
        outcome, wrong = "crash", traceback.format_exc(limit=-6)
    seconds = time.process_time() - started
    if not wrong and seconds > SECONDS:
        wrong = f"{seconds:.1f} s"
    return Ran(str(sample.name), how, outcome, wrong, seconds)


def cases(seed: int, numbers: range, files: list[Path]) -> Iterator[tuple[int, Ran]]:
    with tempfile.TemporaryDirectory() as name:
        for index in numbers:
            yield index, ran(seed, index, files, Path(name))
            for left in Path(name).iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def limit_memory() -> None:
    """A case that takes more than it may raises MemoryError, which is damage to a reader and a crash elsewhere."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * os.sysconf("SC_PAGE_SIZE") + MEGABYTES * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="begin with this case")
    parser.add_argument("--case", type=int, help="run this one alone")
    parser.add_argument("--only", default="", metavar="TEXT", help="files with this in their names")
    parser.add_argument("--more", type=Path, action="append", default=[], metavar="FOLDER")
    given = parser.parse_args()
    files = samples([FILES, *given.more], given.only)
    one = given.case is not None
    numbers = range(given.case, given.case + 1) if one else range(given.first, given.first + given.count)
    limit_memory()
    outcomes, wrong, slowest = Counter[tuple[str, str]](), 0, (0.0, 0)
    for index, found in cases(given.seed, numbers, files):
        outcomes[Path(found.file).suffix, found.outcome] += 1
        slowest = max(slowest, (found.seconds, index))
        if found.wrong or one:
            wrong += bool(found.wrong)
            print(
                f"--seed {given.seed} --case {index}: {found.file} {found.how}: {found.wrong or found.outcome}",
                flush=True,
            )
    print(f"{outcomes.total()} cases, {wrong} wrong; the slowest, {slowest[1]}, took {slowest[0]:.2f} s")
    print(", ".join(f"{suffix} {outcome}: {count}" for (suffix, outcome), count in sorted(outcomes.items())))
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
