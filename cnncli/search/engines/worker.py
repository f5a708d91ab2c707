"""A process of the engine `processes`: it reads what is asked for, then references, and answers with their rows.

All are lines of JSON. It ends where its standard input does.
"""

from __future__ import annotations

import gc
import json
import os
import sys

READY = b"cnncli is ready\n"
"""Written before the first answer: what stands above it is somebody else's, such as a sitecustomize that prints."""


def main() -> None:
    from cnncli.search.limits import Limit
    from cnncli.search.searching import Asked, rows

    sys.stdout.flush()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries write is no answer
    gc.set_threshold(100_000)  # as in cnncli.__main__
    questions = sys.stdin.buffer
    figures, limits = json.loads(questions.readline() or "[[], []]")
    asked = Asked(tuple(figures), tuple(Limit(*limit) for limit in limits))
    answers.write(b"\n" + READY)
    answers.flush()
    for line in questions:
        answers.write(json.dumps(rows(json.loads(line), asked)).encode() + b"\n")
        answers.flush()


if __name__ == "__main__":
    main()
