"""What a format of artefacts is: the kinds of files it has, how one is written, run and described.

A new one is a file in `formats`, and a line in FORMATS there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from cnncli.amounts import UNKNOWN

if TYPE_CHECKING:
    from pathlib import Path

    from cnncli.export.representative import Representative
    from cnncli.graph import Graph

INPUT_NAME = "image"
SIGNATURE = "serving_default"
ANY_BATCH = 0
"""Asked for as pictures in a batch: any number."""
CHANNELS_LAST, CHANNELS_FIRST = "nhwc", "nchw"
LAYOUTS = (CHANNELS_LAST, CHANNELS_FIRST)
"""Of a file's input and output: (batch, height, width, channels), as Keras has it, or with the channels first."""

Made = TypeVar("Made")
Arrays = Mapping[str, Sequence[Any]]
"""The values of the weights of each node, by its name, in Keras's order and shapes."""


@dataclass(frozen=True)
class Overhead:
    """Bytes that a file needs besides the weights: in all, a layer of the graph, and a channel of its convolutions.

    They fit the files that TensorFlow 2.21 writes, or onnx_model, within 5% of their size or 20 kB.
    """

    fixed: int
    layer: int
    channel: int = 0


@dataclass(frozen=True)
class Limits:
    """What a file's outputs may differ by: see verification.compare for the two figures.

    They are set between right files and damaged ones, by measurements that stand where the limits do. A right file may
    still lose accuracy, which only labelled pictures tell.
    """

    relative_difference: float
    cosine: float
    agreement: float | None = None
    """On which share of the clear pictures the class is at least the same; None where it is not asked."""
    fresh_agreement: float | None = None
    """The same of fresh weights, which have learned no class: what int8 rounds changes theirs more often."""

    def of(self, *, fresh: bool) -> Limits:
        """As they hold for a file of fresh weights, or of others."""
        return replace(self, agreement=self.fresh_agreement) if fresh else self


FEWEST_CLEAR = 5
"""Clear pictures by which a file is judged: of fewer, one that is lost may be chance."""

EXACT = Limits(5e-3, 0.9999)
"""Of a file that computes in float32. Worst of all networks at 64x64 with fresh weights: 4e-5 and 1.0000."""


@dataclass(frozen=True)
class Kind:
    """A kind of file of a format, of which no two are named the same."""

    name: str
    weight_dtype: str
    limits: Limits
    overhead: Overhead | None = None
    """By which a file's size is foretold, where no plan of it is made."""
    plan: str = ""
    """Of which of deployed.KINDS its plan is."""
    quantizes_activations: bool = False
    compares_logits: bool = False
    """Whether what a final softmax reads is compared in place of its outputs.

    These are in steps of 1/256 where they are int8, and of any width the largest of them vary by the power of what 8
    bits round: by a fifth where the logits vary by a tenth of the largest.
    """
    also: str = ""
    """Another name that --quantize takes."""
    advice: str = ""
    """What to do where a file of this kind is beyond its limits."""

    def weight_bytes(self, graph: Graph) -> int:
        """All weights at this kind's width."""
        return self._width * sum(node.params for node in graph.nodes)

    def kernel_bytes(self, graph: Graph) -> int:
        """What no file of this kind can do without: each kernel once. Other weights may be folded into them."""
        return self._width * sum(
            weight.size for node in graph.nodes for weight in node.own_weights if len(weight.shape) > 1
        )

    def predicted_bytes(self, graph: Graph) -> Any:
        """Of a file of this kind; AtLeast some where nobody knows what is made of a layer."""
        from cnncli.deployed import deployed
        from cnncli.deployed.size import file_bytes

        if self.plan:
            return file_bytes(deployed(graph, self.plan), graph)
        return self.weight_bytes(graph) + self._overhead_bytes(graph)

    def _overhead_bytes(self, graph: Graph) -> int:
        if self.overhead is None:
            return 0
        channels = sum(node.shape[-1] for node in graph.nodes if node.macs)
        return self.overhead.fixed + self.overhead.layer * len(graph.nodes) + self.overhead.channel * channels

    @property
    def _width(self) -> int:
        from cnncli.analysis.metrics import BYTES_PER_WEIGHT

        return BYTES_PER_WEIGHT[self.weight_dtype]


@dataclass(frozen=True)
class Tensor:
    """An input or output as a file declares it; `scale` and `zero_point` where integers stand for real numbers.

    A size that may be any is UNKNOWN.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float | None = None
    zero_point: int | None = None


@dataclass(frozen=True)
class Signature:
    """The names by which a file is called."""

    key: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Description:
    """What a file holds, as far as it can be read without running it."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    signature: Signature | None
    ops: dict[str, int]
    """How many operations there are of each type."""
    buffer_bytes: int

    @property
    def op_count(self) -> int:
        return sum(self.ops.values())

    def data(self) -> dict[str, Any]:
        """As plain data, with `op_count`; what a tensor does not have is left out."""
        return {
            "inputs": [_without_none(tensor) for tensor in self.inputs],
            "outputs": [_without_none(tensor) for tensor in self.outputs],
            "signature": self.signature and asdict(self.signature),
            "ops": self.ops,
            "op_count": self.op_count,
            "buffer_bytes": self.buffer_bytes,
        }

    @classmethod
    def of(cls, data: dict[str, Any]) -> Description:
        """The description that these data were made of."""
        inputs, outputs = ([_tensor(tensor) for tensor in data[end]] for end in ("inputs", "outputs"))
        signature = data["signature"] and _signature(data["signature"])
        return cls(tuple(inputs), tuple(outputs), signature, data["ops"], data["buffer_bytes"])


def arrays_of_model(source: Source) -> Arrays:
    """The weights that the Keras model has."""
    from cnncli.keras_model.held import arrays

    return arrays(source.graph, source.model)


def _without_none(tensor: Tensor) -> dict[str, Any]:
    known = {key: value for key, value in asdict(tensor).items() if value is not None}
    return {**known, "shape": [None if size is UNKNOWN else size for size in tensor.shape]}


def _signature(data: dict[str, Any]) -> Signature:
    return Signature(data["key"], tuple(data["inputs"]), tuple(data["outputs"]))


def _tensor(data: dict[str, Any]) -> Tensor:
    return Tensor(**{**data, "shape": tuple(UNKNOWN if size is None else size for size in data["shape"])})


@dataclass
class Source:
    """What files are made of: a graph with the values of its weights, the Keras model of it, and what was asked for.

    `model` is None where files are made without TensorFlow; then the `arrays` are given.
    """

    graph: Graph
    model: Any
    batch: int | None
    """Pictures in a batch, or ANY_BATCH; None where none was asked for."""
    output_name: str
    representative: Representative
    metadata: Mapping[str, str] = field(default_factory=dict)
    """What a file may say of itself, where its format has a place for it."""
    layout: str = CHANNELS_LAST
    """Of the file's ends, where its format has a choice."""
    arrays: Callable[[Source], Arrays] = arrays_of_model
    """Of the weights, by node; asked for only by formats that write them themselves."""
    _kept: dict[Callable[[Source], Any], Any] = field(default_factory=dict, repr=False)

    def kept(self, make: Callable[[Source], Made]) -> Made:
        """What `make` makes of this source; made once, for all kinds of files that need it."""
        if make not in self._kept:
            self._kept[make] = make(self)
        made: Made = self._kept[make]
        return made


class Format(ABC):
    """A format of artefacts."""

    name: str
    """What --to calls it."""
    label: str
    """What people call it."""
    suffix: str
    """Of its files; nothing where it is a directory."""
    kinds: tuple[Kind, ...]
    """Where there are several, --quantize names them and the first is written unless it does."""
    batch: int | None = None
    """Pictures in a batch unless --batch is given; None for any number."""
    takes_batch = True
    """Whether a file can be of a fixed batch."""
    of_keras = True
    """Whether it is written by Keras or TensorFlow, and not of the graph and its weights alone."""
    written_with: tuple[str, ...] = ()
    run_with: tuple[str, ...] = ()
    """Modules besides TensorFlow's that it takes to write and to run a file."""
    layouts: tuple[str, ...] = LAYOUTS[:1]
    """In which of LAYOUTS its input and output can be."""

    @property
    def directory(self) -> bool:
        return not self.suffix

    @property
    def quantizes(self) -> bool:
        """Whether --quantize is for it."""
        return len(self.kinds) > 1

    def label_of(self, kind: Kind) -> str:
        """`TFLite int8`, `SavedModel`."""
        return f"{self.label} {kind.name}" if self.quantizes else self.label

    def foreign(self, path: Path) -> str | None:
        """What in the directory `path` is of no artefact of this format, so that --force may not replace it, if any."""
        return next((member.name for member in path.iterdir()), None)

    def beside(self, path: Path, weight_bytes: int) -> tuple[Path, ...]:
        """Files that belong to one at `path` and stand beside it, where it cannot hold so many weights itself."""
        return ()

    @abstractmethod
    def write(self, source: Source, kind: Kind, path: Path) -> None:
        """Write a file. Raises CheckFailed where it cannot be of this kind, OSError where the system refuses."""

    @abstractmethod
    def run(self, path: Path, inputs: Any) -> Any:
        """The outputs of a file for these pictures, as float32, by the runtime that users deploy."""

    def logits(self, path: Path, inputs: Any) -> Any | None:
        """What the file's final softmax reads, where that can be had; asked of kinds with integer outputs."""
        return None

    def describe(self, path: Path) -> Description | None:
        """What the file holds; None where there is nothing to tell but its size."""
        return None

    def shortcomings(self, description: Description | None, kernel_bytes: int, output_name: str) -> Iterator[str]:
        """What is wrong with a file whatever its outputs are."""
        yield from ()


SEVERAL = 3
"""Pictures at once, by which a file of a free batch is tried besides one."""


def by_batch(run: Callable[[Any, int], Any], inputs: Any, fixed: int | None) -> Any:
    """Outputs of all inputs of a file: `run(inputs, size)` runs some of them in batches of a size.

    Where no size is `fixed`, one half is run one by one, the other SEVERAL at once.
    """
    import numpy

    if fixed is not None:
        return run(inputs, fixed)
    half = len(inputs) // 2
    parts = ((inputs[:half], 1), (inputs[half:], SEVERAL))
    return numpy.concatenate([run(part, size) for part, size in parts if len(part)])


def in_batches(run: Callable[[Any], Any], inputs: Any, size: int) -> Any:
    """Outputs of all inputs, run in batches of `size`, the last one filled up."""
    import numpy

    outputs = []
    for start in range(0, len(inputs), size):
        batch = numpy.take(inputs, range(start, start + size), axis=0, mode="wrap")
        outputs.append(numpy.array(run(batch)))
    return numpy.concatenate(outputs)[: len(inputs)]
