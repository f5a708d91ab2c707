"""ResNet: layers that learn what to add to their input, so that networks can be deep (He et al. 2015)."""

from __future__ import annotations

from typing import NamedTuple

from cnncli.graph import Graph, Node
from cnncli.graph.layers import Activation, BatchNormalization, Conv2D, MaxPooling2D
from cnncli.models.blocks.classifier import Top, classifier
from cnncli.models.blocks.convolution import conv_bn, evenly, image, pool_evenly, pool_up
from cnncli.models.blocks.gates import gate, squeeze_excite
from cnncli.models.blocks.residual import residual
from cnncli.models.layer_names import HEAD, LayerNames
from cnncli.models.options import Classes, ClassifierActivation, IncludeTop, InputShape, Pooling
from cnncli.models.spec import (
    CENTERED,
    PAPER,
    Deviations,
    ModelSpec,
    Paper,
    Published,
    keras,
    paper,
    torchvision,
)


class Step(NamedTuple):
    """A convolution of a residual block; its filters are `widening` times the stage's."""

    name: str
    kernel_size: int
    widening: int


class Block(NamedTuple):
    """A residual block: its convolutions, in how many groups the 3x3 ones are, and the gate behind them.

    With `squeeze` the block's output is scaled by a gate that squeezes it to one `squeeze`-th of its channels.
    """

    kind: str
    steps: tuple[Step, ...]
    groups: int = 1
    squeeze: int = 0


def bottleneck(inner: int = 1, groups: int = 1, squeeze: int = 0) -> Block:
    """The 1x1, 3x3 and 1x1 convolutions, the inner ones `inner` times as wide as the stage."""
    steps = (Step("reduce", 1, inner), Step("spatial", 3, inner), Step("expand", 1, 4))
    return Block("Bottleneck", steps, groups, squeeze)


# Figure 5: the block of two convolutions, and the bottleneck.
BASIC = Block("BasicBlock", (Step("first", 3, 1), Step("second", 3, 1)))
BOTTLENECK = bottleneck()
# Table 1: blocks in conv2_x to conv5_x, by depth; each stage has twice the filters of the one before.
FILTERS = 64
LAYERS_18, LAYERS_34, LAYERS_101, LAYERS_152 = (2, 2, 2, 2), (3, 4, 6, 3), (3, 4, 23, 3), (3, 8, 36, 3)
LAYERS_50 = LAYERS_34


class Conventions(NamedTuple):
    """What the published implementations do otherwise than each other.

    `striding` is the kernel of the convolution in a block that strides, 1 for a bottleneck's first.
    """

    use_bias: bool
    striding: int
    pools_up: bool
    batch_norm: BatchNormalization

    def deviating(self, deviations: Deviations) -> Conventions:
        return self._replace(
            use_bias=self.use_bias and "bias" not in deviations,
            striding=3 if "stride" in deviations else self.striding,
            pools_up=self.pools_up or "pooling" in deviations,
            batch_norm=CAFFE.batch_norm if "epsilon" in deviations else self.batch_norm,
        )


# The authors' models are Caffe's, whose epsilon this is; others followed fb.resnet.torch, as torchvision does.
CAFFE = Conventions(
    use_bias=False, striding=1, pools_up=True, batch_norm=BatchNormalization(momentum=0.9, epsilon=1e-5)
)
TORCH = CAFFE._replace(striding=3, pools_up=False)
KERAS = Conventions(use_bias=True, striding=1, pools_up=False, batch_norm=BatchNormalization(epsilon=1.001e-5))

RELU = Activation("relu")
NO_BIAS = {
    "bias": "no biases before batch normalization",
    "epsilon": "batch normalization's epsilon 0.00001 and momentum 0.9, not 0.00001001 and 0.99",
}
CAFFE_DEVIATIONS = {**NO_BIAS, "pooling": "the first pooling counts its steps up, instead of padding"}
TORCH_DEVIATIONS = {**NO_BIAS, "stride": "strides in the 3x3 convolution, not in the 1x1 before it (ResNet v1.5)"}

LAYER_NAMES = LayerNames(
    lambda stage, place, number: f"conv{stage + 1}_block{place}",
    {
        "image": "input_layer",
        "stem.stem_pad": "conv1_pad",
        "stem.stem_conv": "conv1_conv",
        "stem.stem_bn": "conv1_bn",
        "stem.stem_activation": "conv1_relu",
        "stem.pool_pad": "pool1_pad",
        "stem.pool": "pool1_pool",
        "shortcut_conv": "{block}_0_conv",
        "shortcut_bn": "{block}_0_bn",
        **{
            f"{step.name}_{ours}": f"{{block}}_{number}_{theirs}"
            for number, step in enumerate(BOTTLENECK.steps, 1)
            for ours, theirs in (("conv", "conv"), ("bn", "bn"), ("activation", "relu"))
        },
        "add": "{block}_add",
        "activation": "{block}_out",
        **HEAD,
    },
)


def resnet(
    graph: Graph,
    deviations: Deviations,
    *,
    block: Block = BOTTLENECK,
    repeats: tuple[int, ...] = LAYERS_50,
    conventions: Conventions = TORCH,
    input_shape: InputShape = (224, 224, 3),
    include_top: IncludeTop = True,
    pooling: Pooling = None,
    classes: Classes = 1000,
    classifier_activation: ClassifierActivation = "softmax",
) -> None:
    conventions = conventions.deviating(deviations)
    x = image(graph, input_shape)
    with graph.scope("stem"):
        x = _stem(graph, x, conventions)
    for stage, count in enumerate(repeats, 1):
        with graph.scope("stage", stage):
            for number in range(1, count + 1):
                stride = 2 if stage > 1 and number == 1 else 1
                with graph.scope("block", number, kind=block.kind):
                    x = _block(graph, x, block, FILTERS * 2 ** (stage - 1), stride, conventions)
    with graph.scope("head"):
        classifier(graph, x, Top(include_top, pooling, classes, classifier_activation))


def _stem(graph: Graph, x: Node, conventions: Conventions) -> Node:
    x, padding = evenly(graph, x, 7, 2, "stem")
    stem = Conv2D(FILTERS, 7, strides=2, padding=padding, use_bias=conventions.use_bias)
    x = conv_bn(graph, x, stem, "stem", conventions.batch_norm, RELU)
    pooling = MaxPooling2D(3, strides=2)
    if conventions.pools_up:
        return pool_up(graph, x, pooling, "pool")
    return pool_evenly(graph, x, pooling, "pool")


def _block(graph: Graph, x: Node, block: Block, width: int, stride: int, conventions: Conventions) -> Node:
    """The shortcut is a 1x1 convolution where a block strides or widens (option B), else the input itself."""
    batch_norm, use_bias = conventions.batch_norm, conventions.use_bias
    shortcut, filters = x, width * block.steps[-1].widening
    if stride != 1 or x.shape[-1] != filters:
        projection = Conv2D(filters, 1, strides=stride, use_bias=use_bias)
        shortcut = conv_bn(graph, x, projection, "shortcut", batch_norm)
    striding = next(step for step in block.steps if step.kernel_size >= conventions.striding)
    for step in block.steps:
        strides = stride if step is striding else 1
        x, padding = evenly(graph, x, step.kernel_size, strides, step.name)
        convolution = Conv2D(
            width * step.widening,
            step.kernel_size,
            strides=strides,
            padding=padding,
            groups=1 if step.kernel_size == 1 else block.groups,
            use_bias=use_bias,
        )
        x = conv_bn(graph, x, convolution, step.name, batch_norm, RELU if step is not block.steps[-1] else None)
    if block.squeeze:
        x = squeeze_excite(graph, x, gate(filters, filters // block.squeeze))
    return graph.add(RELU, residual(graph, shortcut, x), name="activation")


SOURCE = "arXiv 1512.03385, table 1"
CUT = "digits cut, not rounded"
AUTHORS = "KaimingHe/deep-residual-networks README, 1-crop"
KERAS_AND_OTHERS = (
    keras(CENTERED, LAYER_NAMES),
    paper(CENTERED, CAFFE_DEVIATIONS),
    torchvision(TORCH_DEVIATIONS),
)


def _spec(name: str, block: Block, repeats: tuple[int, ...], *published: Published) -> ModelSpec:
    """Keras has those with bottlenecks; of the others there are no authors' models, so they pad as torchvision's."""
    in_keras = block is BOTTLENECK
    return ModelSpec(
        name=name,
        family="ResNet",
        year=2015,
        paper=Paper("Deep Residual Learning for Image Recognition", "1512.03385"),
        introduced="residual connection, bottleneck block",
        build=resnet,
        flavors=KERAS_AND_OTHERS if in_keras else (PAPER,),
        fixed={"block": block, "repeats": repeats, "conventions": KERAS if in_keras else TORCH},
        published=published,
        descends_from=("vgg",),
        architecture="resnet",
    )


MODELS = (
    _spec(
        "resnet18",
        BASIC,
        LAYERS_18,
        Published(SOURCE, macs="1.8G"),
    ),
    _spec(
        "resnet34",
        BASIC,
        LAYERS_34,
        Published(SOURCE, macs="3.6G", erratum=CUT),
    ),
    _spec(
        "resnet50",
        BOTTLENECK,
        LAYERS_50,
        Published(SOURCE, macs="3.8G", erratum=CUT),
        Published(AUTHORS, top1=75.3),
    ),
    _spec(
        "resnet101",
        BOTTLENECK,
        LAYERS_101,
        Published(SOURCE, macs="7.6G"),
        Published(AUTHORS, top1=76.4),
    ),
    _spec(
        "resnet152",
        BOTTLENECK,
        LAYERS_152,
        Published(SOURCE, macs="11.3G"),
        Published(AUTHORS, top1=77.0),
    ),
)
