"""Every benchmark in one command: `python tests/benchmarks/run.py [--runs N] [--page] [NAME...]`.

Each rival is a command that does the job of one of ours; the two alternate in one run, and what counts is the ratio.
NAME picks benchmarks by a part of their files' names, such as files or growth.
"""

from __future__ import annotations

import argparse
import compileall
import datetime
import importlib
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmark import Benchmark
from growth import growth
from made import make
from page import PAGE, RESULTS, growth_table, page, tables
from paired import Pair, compare
from rivals import OURS, PYTHON, RIVALS, lacking, versions

import cnncli

HERE = Path(__file__).parent


def declared(folder: Path, names: Iterable[str] = ()) -> list[Benchmark]:
    """All benchmarks, or those of files with one of these in their names; their own files are in this folder."""
    modules = sorted(path.stem for path in HERE.glob("bench_*.py"))
    wanted = [name for name in modules if not names or any(part in name for part in names)]
    found = [each for name in wanted for each in importlib.import_module(name).benchmarks(folder)]
    return sorted(found, key=lambda each: list(RIVALS).index(each.rival))


def measured(found: Iterable[Benchmark], runs: int, seconds: float) -> list[dict[str, Any]]:
    """Each benchmark run, but those whose rivals are not installed; as results.json holds them."""
    rows = []
    for each in found:
        pair, why = one(each, runs, seconds)
        row = {
            "job": each.job,
            "rival": each.rival,
            "target": each.target and each.target._asdict(),
            "measured": pair and {**pair._asdict(), "ours": pair.ours._asdict(), "rival": pair.rival._asdict()},
            "why": why,
        }
        rows.append(row)
    return rows


def one(each: Benchmark, runs: int, seconds: float) -> tuple[Pair | None, str]:
    """What was measured, or why nothing was. One that fails does not take the others along."""
    says, lacks = f"{each.job}, against {each.of.title}", lacking(each.of)
    if lacks:
        print(f"{says} is skipped", file=sys.stderr)
        return None, f"needs {', '.join(lacks)}"
    print(f"{says} ...", file=sys.stderr, flush=True)
    try:
        return compare(each.ours, each.against, runs, seconds, least=3 if each.target else 0), ""
    except RuntimeError as failure:
        print(failure, file=sys.stderr)
        return None, "failed"


def machine() -> dict[str, object]:
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "processor": next(_told("/proc/cpuinfo", "model name"), platform.processor()),
        "processors": os.cpu_count(),
        "gigabytes": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def _told(path: str, key: str) -> Iterator[str]:
    lines = Path(path).read_text().splitlines() if Path(path).exists() else []
    return (line.partition(":")[2].strip() for line in lines if line.startswith(key))


def packages() -> dict[str, str]:
    """The versions of what was measured, each in the environment where it ran."""
    where = dict.fromkeys(OURS, sys.executable)
    for rival in sorted(RIVALS.values(), key=lambda rival: rival.python == PYTHON):
        where |= {name: rival.python for name in rival.packages if name not in where}
    return {name: versions(python)[name] for name, python in where.items() if name in versions(python)}


def warn(found: Iterable[Benchmark]) -> None:
    """One line on the rivals that are lacking, before anything takes time."""
    missing = sorted({name for each in found for name in lacking(each.of)})
    if missing:
        print(
            f"{', '.join(missing)}: not installed; what needs them is skipped (see {HERE.name}/rivals.txt)",
            file=sys.stderr,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only benchmarks with this in their names")
    parser.add_argument("--runs", type=int, default=15, help="of each pair at most; 15")
    parser.add_argument(
        "--seconds", type=float, default=12, help="for each pair, about; its first run counts if longer"
    )
    parser.add_argument("--folder", type=Path, help="where model files are written and kept, to be read again")
    parser.add_argument("--page", action="store_true", help=f"keep {RESULTS.name} and write docs/{PAGE.name} of it")
    given = parser.parse_args()
    if given.page and given.names:
        parser.error("--page is of all benchmarks: leave out the names")
    # As pip leaves a package: an environment may forbid Python to do it by itself, and rivals are installed compiled.
    compileall.compile_dir(Path(cnncli.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as name:
        folder = (given.folder or Path(name)).absolute()
        folder.mkdir(exist_ok=True)
        results = _results(folder, given.names, given.runs, given.seconds)
    print(json.dumps({**results["machine"], **results["versions"]}, indent=2))
    print(f"\n{tables(results['benchmarks'])}")
    if results["growth"]:
        print(growth_table(results["growth"]))
    if given.page:
        RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        PAGE.write_text(page(results), encoding="utf-8")
    if any(row["why"] == "failed" for row in results["benchmarks"]):
        sys.exit(1)


def _results(folder: Path, names: list[str], runs: int, seconds: float) -> dict[str, Any]:
    about, found = machine(), declared(folder, names)
    warn(found)
    make(path for each in found if not lacking(each.of) for path in each.made)
    rows = measured(found, runs, seconds)
    wanted = not names or any(part in "growth" for part in names)
    grown = [row._asdict() for row in growth()] if wanted else []
    return {"machine": about, "versions": packages(), "benchmarks": rows, "growth": grown}


if __name__ == "__main__":
    main()
