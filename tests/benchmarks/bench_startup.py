"""Start-up: our commands against the smallest Typer app that does something of the kind."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from paired import Pair, cnncli, compare

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


def pairs(runs: int) -> list[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        table, tab = Path(folder) / "table.py", Path(folder) / "tab.py"
        table.write_text(TABLE)
        tab.write_text(TAB)
        smallest = [sys.executable, str(table)]
        return [
            compare("`--help`, against that of the smallest Typer app", cnncli("--help"), [*smallest, "--help"], runs),
            compare(
                "`summary mobilenet_v2`, against the smallest Typer app",
                cnncli("summary", "mobilenet_v2"),
                smallest,
                runs,
            ),
            compare(
                "`summary efficientnet_b7`, against that app", cnncli("summary", "efficientnet_b7"), smallest, runs
            ),
            compare("`memory mobilenet_v2`, against that app", cnncli("memory", "mobilenet_v2"), smallest, runs),
            compare("a TAB, against that of such an app", *_tab(tab), runs),
        ]


def _tab(script: Path) -> tuple[list[str], list[str]]:
    """Two commands that answer a TAB in bash's way; `env` sets what the shell's script would set."""
    env = ["/usr/bin/env", "COMP_CWORD=2", "COMP_WORDS=cnncli plot eff", "_CNNCLI_COMPLETE=complete_bash"]
    rival = ["/usr/bin/env", "COMP_CWORD=1", "COMP_WORDS=smallest al", "_SMALLEST_COMPLETE=complete_bash"]
    command = Path(sys.executable).parent / "cnncli"
    assert os.access(command, os.X_OK), command
    return [*env, str(command)], [*rival, sys.executable, str(script)]
