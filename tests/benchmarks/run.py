"""Every benchmark in one command: `python tests/benchmarks/run.py [--runs N] [--json FILE] [NAME...]`.

Each rival is a script that does the job of one of our commands with TensorFlow's or Typer's own means; the two
alternate in one run, and what counts is the ratio. NAME picks benchmarks by a part of their names.
"""

from __future__ import annotations

import argparse
import compileall
import importlib
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from growth import growth
from paired import Pair

import cnncli

HERE = Path(__file__).parent


def benchmarks() -> list[str]:
    return sorted(path.stem for path in HERE.glob("bench_*.py"))


def machine() -> dict[str, object]:
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    packages = {name: version(name) for name in ("tensorflow", "keras", "typer", "rich")}
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        **packages,
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def table(pairs: list[Pair]) -> str:
    lines = [
        "| What | cnncli | rival | time | processor | cnncli | rival | memory |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {pair.name} | {pair.ours.seconds:.2f} s | {pair.rival.seconds:.2f} s | **{pair.time_ratio:.3f}** "
        f"| {pair.processor_ratio:.3f} "
        f"| {pair.ours.mebibytes:.0f} MiB | {pair.rival.mebibytes:.0f} MiB | {pair.memory_ratio:.3f} |"
        for pair in pairs
    ]
    return "\n".join(lines)


def growth_table() -> tuple[str, list[dict[str, object]]]:
    found = growth()
    lines = ["| Graph | layers | seconds | times the row above |", "| --- | ---: | ---: | ---: |"]
    for before, now in zip([None, *found], found, strict=False):
        ratio = f"{now.seconds / before.seconds:.1f}" if before and before.shape == now.shape else ""
        lines.append(f"| {now.shape} | {now.layers:,} | {now.seconds:.4f} | {ratio} |")
    return "\n".join(lines), [row._asdict() for row in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only benchmarks with these in their names, such as summary")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    wanted = [name for name in benchmarks() if not given.names or any(part in name for part in given.names)]
    # As pip leaves a package: an environment may forbid Python to do it by itself, and rivals are installed compiled.
    compileall.compile_dir(Path(cnncli.__file__).parent, quiet=1)
    pairs: list[Pair] = []
    for name in wanted:
        print(f"{name} ...", file=sys.stderr, flush=True)
        pairs += importlib.import_module(name).pairs(given.runs)
    print("\n".join(f"{key}: {value}" for key, value in machine().items()))
    print(f"\n{table(pairs)}\n")
    grown: list[dict[str, object]] = []
    if not given.names or "growth" in given.names:
        text, grown = growth_table()
        print(text)
    if given.json:
        data = {"machine": machine(), "pairs": [_data(pair) for pair in pairs], "growth": grown}
        given.json.write_text(json.dumps(data, indent=2) + "\n")


def _data(pair: Pair) -> dict[str, object]:
    return {**pair._asdict(), "ours": pair.ours._asdict(), "rival": pair.rival._asdict()}


if __name__ == "__main__":
    main()
