"""`compare` against the smallest Typer app that prints a table, and against Keras counting the same networks."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench_startup import TABLE
from paired import Pair, cnncli, compare, python

KERAS = """
import keras

for build in (keras.applications.EfficientNetB0, keras.applications.EfficientNetB4):
    print(build(weights=None).count_params())
"""
B = tuple(f"b{number}" for number in range(8))


def pairs(runs: int) -> list[Pair]:
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.py"
        table.write_text(TABLE)
        smallest = [sys.executable, str(table)]
        ours = cnncli("compare", "b0", "b4")
        return [
            compare("`compare b0 b4`, against the smallest Typer app", ours, smallest, runs),
            compare("`compare b0 ... b7`, against that app", cnncli("compare", *B), smallest, runs),
            compare("`compare b0 b4`, against Keras's count_params() of both", ours, python(KERAS), runs),
        ]
