"""Start-up: our commands against the smallest Typer app that does something of the kind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmark import Benchmark, Target

TABLE = """
import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer()

@app.command()
def main():
    table = Table("name", "value")
    for number in range(3):
        table.add_row(str(number), str(number))
    Console().print(table)

app()
"""
TAB = """
import typer

app = typer.Typer()

def names(incomplete: str):
    return ["alpha", "beta"]

@app.command()
def main(name: str = typer.Argument(autocompletion=names)):
    print(name)

app(prog_name="smallest")
"""


def smallest(folder: Path) -> tuple[str, str]:
    """The smallest Typer app that prints a table, written to this folder."""
    script = folder / "table.py"
    script.write_text(TABLE)
    return (sys.executable, str(script))


def benchmarks(folder: Path) -> list[Benchmark]:
    app = smallest(folder)
    commands: list[tuple[tuple[str, ...], Target | None]] = [
        (("summary", "mobilenet_v2"), Target(1.3)),
        (("summary", "efficientnet_b7"), Target(1.6)),
        (("compare", "b0", "b4"), Target(1.3)),
        (("compare", *(f"b{number}" for number in range(8))), None),
        (("memory", "mobilenet_v2"), None),
    ]
    return [
        Benchmark(("--help",), "smallest", (*app, "--help"), target=Target(1.1)),
        _tab(folder),
        *(Benchmark(typed, "smallest", app, target=target) for typed, target in commands),
    ]


def _tab(folder: Path) -> Benchmark:
    """Two commands that answer a TAB in bash's way; `env` sets what the shell's script would set."""
    script = folder / "tab.py"
    script.write_text(TAB)
    env = ("/usr/bin/env", "COMP_CWORD=2", "COMP_WORDS=cnncli plot eff", "_CNNCLI_COMPLETE=complete_bash")
    rival = ("/usr/bin/env", "COMP_CWORD=1", "COMP_WORDS=smallest al", "_SMALLEST_COMPLETE=complete_bash")
    command = Path(sys.executable).parent / "cnncli"
    assert os.access(command, os.X_OK), command
    return Benchmark(
        (),
        "smallest",
        (*rival, sys.executable, str(script)),
        target=Target(1.2),
        title="a TAB after `plot eff`",
        command=(*env, str(command)),
    )
