"""Weights in the safetensors format: 8 bytes that say how long a text of JSON is, the text, and the values.

The text names each tensor with its dtype, shape and place (https://github.com/huggingface/safetensors). How the tensors
are connected no such file says: it is a table of weights.
"""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

from cnncli.graph import Weight
from cnncli.readers.keras.tables import table
from cnncli.readers.reading import Reading, Settings
from cnncli.readers.source import MOST_STRUCTURE, Source, parsed_json
from cnncli.readers.torch_export.program import MOST_AXES, checked

HEAD = 8
# The format's dtypes: what they are called here, and bits of a value.
DTYPES = {
    "BOOL": ("bool", 8), "U8": ("uint8", 8), "I8": ("int8", 8), "U16": ("uint16", 16), "I16": ("int16", 16),
    "U32": ("uint32", 32), "I32": ("int32", 32), "U64": ("uint64", 64), "I64": ("int64", 64),
    "F8_E4M3": ("float8_e4m3fn", 8), "F8_E5M2": ("float8_e5m2", 8), "F16": ("float16", 16),
    "BF16": ("bfloat16", 16), "F32": ("float32", 32), "F64": ("float64", 64),
}  # fmt: skip
STATISTICS = ("running_mean", "running_var", "moving_mean", "moving_variance")
"""What layers gather, and training does not change."""
COUNTER = "num_batches_tracked"
"""How many batches torch's batch normalization has seen: no weight."""


def read(source: Source, path: Path, settings: Settings) -> Reading:
    """A table of the weights, a row for all that share a module's name. Raises Damaged for what is no such file."""
    length = int.from_bytes(source.read(0, HEAD), "little")
    if length > MOST_STRUCTURE:
        source.fail(f"has a header of {length:,} bytes; at most {MOST_STRUCTURE:,} are read")
    header = parsed_json(source.read(HEAD, length), source)
    metadata = header.pop("__metadata__", None) or {}
    rows: dict[str, list[Weight]] = {}
    for name, entry in header.items():
        module, _, own = name.rpartition(".")
        if own == COUNTER:
            continue
        rows.setdefault(module or name, []).append(_weight(own, name, entry, source, source.size - HEAD - length))
    graph = table(path.stem, [(name, tuple(weights)) for name, weights in rows.items()])
    if not graph.nodes:
        source.fail("holds no tensors")
    writer = metadata.get("format") if isinstance(metadata, dict) else None
    return Reading(graph, f"safetensors ({writer})" if isinstance(writer, str) else "safetensors", only_weights=True)


def _weight(own: str, name: str, entry: Any, source: Source, held: int) -> Weight:
    dtype, bits = DTYPES.get(entry["dtype"], (str(entry["dtype"]), 0))
    shape = tuple(map(checked, entry["shape"]))
    begin, end = entry["data_offsets"]
    if not 0 <= begin <= end <= held or len(shape) > MOST_AXES:
        source.fail(f"holds {held:,} bytes of values, of which {name} would be {begin:,} to {end:,}")
    if bits and prod(shape) * bits // 8 != end - begin:
        source.fail(f"has {name} of shape {shape} and {dtype} in {end - begin:,} bytes")
    is_trained = own not in STATISTICS and dtype.startswith(("float", "bfloat"))
    return Weight(own, shape, is_trained, dtype, name)
