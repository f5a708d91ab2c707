"""What a benchmark is: a question of the reader's, a command of ours, and a rival's command that answers it too."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

from rivals import RIVALS, Rival

QUESTIONS = {
    "Start-up": "What a command costs beyond the least that a command of Python's with a table costs.",
    "Networks by name": "What Keras, and TensorFlow's converter, tell of a network of keras.applications.",
    "Files": "What is within a model file. Files of EfficientNet-B0 and B7 and MobileNet V2 with all their weights, "
    "`.keras`, `.h5` and SavedModel saved by Keras, `.onnx` and `.tflite` written by `cnncli export`; MobileNet V1, "
    "saved by PyTorch.",
    "Pictures": "Drawings with all layers, on paper and in a browser.",
    "Artefacts": "Files to deploy. Both sides write the same network.",
}
"""The page's sections, in order."""


class Target(NamedTuple):
    """The most that ours may take of the rival's time, and of its memory where that is asked."""

    time: float
    memory: float | None = None


class Benchmark(NamedTuple):
    """Two commands that do one job. `made` names the model files that they read, which are written before."""

    question: str
    arguments: tuple[str, ...]
    rival: str
    against: tuple[str, ...]
    made: tuple[Path, ...] = ()
    target: Target | None = None
    title: str = ""
    command: tuple[str, ...] = ()

    @property
    def ours(self) -> tuple[str, ...]:
        """Our command, as this Python has it installed, unless the benchmark has one of its own."""
        return self.command or (sys.executable, "-m", "cnncli", *self.arguments)

    @property
    def of(self) -> Rival:
        return RIVALS[self.rival]

    @property
    def job(self) -> str:
        """Our command as one types it beside the files."""
        typed = " ".join(Path(part).name if Path(part).is_absolute() else part for part in self.arguments)
        return self.title or f"`cnncli {typed}`"


def python(script: str, *arguments: str) -> tuple[str, ...]:
    """A script for this Python."""
    return (sys.executable, "-c", script, *arguments)
