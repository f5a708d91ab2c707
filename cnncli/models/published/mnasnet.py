"""MnasNet's variants, as its authors' README has them: tensorflow/tpu, models/official/mnasnet/README.md.

What it says of them outside its table stands in the family. For one network it gives two accuracies: here it has none.
"""

from __future__ import annotations

from collections.abc import Mapping

from cnncli.models.published.grid import Row, figures
from cnncli.models.spec import Published

SOURCE = "tensorflow/tpu, mnasnet/README.md, its table"
ABOVE = "its MACs are above the kernels'"

A1 = (
    Row(1.4, "6.1M", {
        224: ("591.5M", 77.2), 192: ("435.1M", 76.1), 160: ("302.8M", 74.8), 128: ("194.5M", 72.5),
        96: ("110.3M", 68.6),
    }),
    Row(1.0, "3.9M", {
        224: ("315.2M", 75.2), 192: ("232.0M", 74.0), 160: ("161.6M", 72.0), 128: ("104.1M", 69.3), 96: ("59.3M", 64.4),
    }),
    Row(0.75, "2.9M", {
        224: ("226.7M", 73.3), 192: ("166.9M", 72.1), 160: ("116.4M", 70.1), 128: ("75.0M", 67.0), 96: ("42.9M", 62.1),
    }),
    Row(0.5, "2.1M", {
        224: ("105.2M", 68.9), 192: ("77.6M", 67.2), 160: ("54.4M", 64.9), 128: ("35.3M", 60.8), 96: ("20.5M", 54.7),
    }),
    Row(0.35, "1.7M", {
        224: ("63.2M", 64.1), 192: ("46.8M", 62.4), 160: ("32.9M", None), 128: ("21.6M", 54.8), 96: ("12.7M", 49.3),
    }),
)  # fmt: skip
TABLES: Mapping[str, tuple[Published, ...]] = {
    "mnasnet_a1": tuple(figures(SOURCE, A1, erratum=ABOVE)),
}
