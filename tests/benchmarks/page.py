"""docs/benchmarks.md, made of results.json: `python tests/benchmarks/page.py` writes it anew, measuring nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from growth import REAL, WITHIN
from rivals import QUESTIONS, RIVALS, Rival

RESULTS = Path(__file__).parent / "results.json"
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
OPENING = """# Benchmarks

<!-- Made by tests/benchmarks/page.py of tests/benchmarks/results.json. -->

Each command is timed against what people would use for the same job. The two alternate, command by command. Figures
are ours / the rival's, medians over the runs; what counts is the ratio, the median of the ratios run by run, behind
which stand the lowest and the highest: below 1 ours is faster, or leaner. Whole processes are timed, from start to end.
*Processor* is the ratio of the processor's time, of all threads and children, which hardly grows where others work on
the machine; *memory* is the most that the largest process held at once. All is compiled before, as pip leaves it.
"""
HOW = """## How to run them

```sh
python tests/benchmarks/run.py                # all, in about 20 minutes; the tables on the standard output
python tests/benchmarks/run.py files growth   # some, by a part of their names
python tests/benchmarks/run.py --page         # all, and this page of them
```

Rivals that are not dependencies of the project have an environment of their own, so that they do not burden this one:

```sh
python -m venv rivals
rivals/bin/pip install -r tests/benchmarks/rivals.txt
RIVAL_PYTHON=rivals/bin/python python tests/benchmarks/run.py
```

Without it their rows say what is lacking. `--runs 1` is a trial; `--seconds` bounds what one row may take. Pages are
shown in a Chromium by Playwright, which `dev` includes.
"""
GROWTH = (
    "Seconds within one process to build, analyse and fold a graph, the best of three. They are linear in its length.\n"
)
HEAD = ("Command of cnncli", "Time, s", "Ratio", "Processor", "Memory, MiB", "Ratio", "Runs")


def page(results: dict[str, Any]) -> str:
    """The page of these results."""
    rows, grown = results["benchmarks"], results["growth"]
    parts = [OPENING, _machine(results), "## In short\n", in_short(rows), "## Targets\n", targets(rows, grown)]
    for question, says in QUESTIONS.items():
        parts += [f"## {question}\n", f"{says}\n", tables(row for row in rows if _rival(row).question == question)]
    return "\n".join([*parts, "## Growth\n", GROWTH, growth_table(grown), HOW])


def in_short(rows: Sequence[dict[str, Any]]) -> str:
    """Between which ratios all benchmarks against a rival lie."""
    cells = []
    for name, rival in RIVALS.items():
        pairs = [row["measured"] for row in rows if row["rival"] == name and row["measured"]]
        spans = [_span([pair[key] for pair in pairs]) for key in ("time_ratio", "memory_ratio") if pairs]
        cells.append((rival.question, rival.title, str(len(pairs)), *(spans or ["not measured", ""])))
    return _table(("Question", "Against", "Benchmarks", "Time", "Memory"), "llrrr", cells)


def _span(ratios: Sequence[float]) -> str:
    least, most = ratio(min(ratios)), ratio(max(ratios))
    return least if least == most else f"{least} to {most}"


def tables(rows: Iterable[dict[str, Any]]) -> str:
    """A table for each rival, with the fair word on it."""
    of: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        of.setdefault(row["rival"], []).append(row)
    return "\n".join(
        f"Against **{RIVALS[name].title}**: {RIVALS[name].says}\n\n{table(each)}" for name, each in of.items()
    )


def table(rows: Iterable[dict[str, Any]]) -> str:
    """Benchmarks as a table; one that was not measured says why."""
    return _table(HEAD, "lrrrrrr", [_cells(row) for row in rows])


def _cells(row: dict[str, Any]) -> Sequence[str]:
    if row["measured"] is None:
        return (row["job"], f"not measured: {row['why']}", *[""] * 5)
    pair = row["measured"]
    ours, rival = pair["ours"], pair["rival"]
    return (
        row["job"],
        f"{ours['seconds']:.2f} / {rival['seconds']:.2f}",
        f"**{ratio(pair['time_ratio'])}** ({ratio(pair['lowest'])} to {ratio(pair['highest'])})",
        ratio(pair["processor_ratio"]),
        f"{ours['mebibytes']:.0f} / {rival['mebibytes']:.0f}",
        f"**{ratio(pair['memory_ratio'])}**",
        str(pair["runs"]),
    )


def _rival(row: dict[str, Any]) -> Rival:
    return RIVALS[row["rival"]]


def ratio(number: float) -> str:
    """Two digits behind the point, or as many as show a small one."""
    return f"{number:.2f}" if number >= 0.1 else f"{number:.3f}"


def growth_table(rows: Iterable[dict[str, Any]]) -> str:
    """Seconds by layers, and a layer's share, which stays where growth is linear."""
    cells = [
        (
            row["shape"],
            f"{row['layers']:,}",
            f"{row['seconds']:.4f} s",
            f"{row['seconds'] / row['layers'] * 1e6:.1f} µs",
        )
        for row in rows
    ]
    return _table(("Graph", "Layers", "Time", "A layer"), "lrrr", cells)


def targets(rows: Iterable[dict[str, Any]], grown: Iterable[dict[str, Any]]) -> str:
    """What was aimed at beside what was measured."""
    cells = []
    for row in rows:
        for what in ("time", "memory"):
            most = row["target"] and row["target"][what]
            if most:
                pair = row["measured"]
                found = f"**{ratio(pair[f'{what}_ratio'])}**" if pair else "not measured"
                cells.append((row["job"], _rival(row).title, what, f"at most {ratio(most)}", found))
    real = next((row for row in grown if row["shape"] == REAL), None)
    found = f"**{real['seconds'] * 1000:.1f} ms**" if real else "not measured"
    cells.append(
        (f"{REAL} built and analysed, in a process that runs", "", "time", f"at most {WITHIN * 1000:.0f} ms", found)
    )
    return _table(("Command of cnncli", "Against", "What", "Target", "Measured"), "lllrr", cells)


def _machine(results: dict[str, Any]) -> str:
    machine, versions = results["machine"], results["versions"]
    packages = ", ".join(f"{name} {number}" for name, number in versions.items())
    return (
        f"Measured {machine['date']} on {machine['processors']} processors of {machine['processor']} with "
        f"{machine['gigabytes']} GB, {machine['system']}, Python {machine['python']}; a load of {machine['load']:.1f} "
        f"before the first. {packages}.\n"
    )


def _table(head: Sequence[str], sides: str, rows: Iterable[Sequence[str]]) -> str:
    rule = ["---:" if side == "r" else "---" for side in sides]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)) + "\n"


def main() -> None:
    PAGE.write_text(page(json.loads(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
