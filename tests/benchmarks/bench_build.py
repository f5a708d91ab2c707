"""`build` of the largest network against building and saving it with keras.applications."""

from __future__ import annotations

import tempfile
from pathlib import Path

from paired import Pair, cnncli, compare, python

RIVAL = """
import keras
keras.applications.EfficientNetB7(weights=None).save({path!r})
"""


def pairs(runs: int) -> list[Pair]:
    with tempfile.TemporaryDirectory() as directory:
        ours, theirs = (str(Path(directory) / f"{name}.keras") for name in ("ours", "theirs"))
        command = cnncli("build", "efficientnet_b7", "--force", "-o", ours)
        return [compare("build efficientnet_b7 and save it", command, python(RIVAL.format(path=theirs)), runs)]
