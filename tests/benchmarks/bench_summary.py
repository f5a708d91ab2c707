"""`summary` against what Keras prints."""

from __future__ import annotations

from paired import Pair, cnncli, compare, python

KERAS = "import keras; keras.applications.EfficientNetB7(weights=None).summary()"


def pairs(runs: int) -> list[Pair]:
    ours = cnncli("summary", "efficientnet_b7", "--format", "json")
    return [compare("`summary efficientnet_b7 --format json`, against Keras's summary()", ours, python(KERAS), runs)]
