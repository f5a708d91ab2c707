"""Networks of the literature, made by hand: what a grouping must make sense of."""

from __future__ import annotations

from cnncli.graph import Graph, Layer, Node
from cnncli.graph.layers import (
    Activation,
    Add,
    AveragePooling2D,
    BatchNormalization,
    Concatenate,
    Conv2D,
    Conv2DTranspose,
    CustomScaleLayer,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    InputLayer,
    LayerNormalization,
    MaxPooling2D,
    Permute,
    ReLU,
    Reshape,
    Slice,
    UpSampling2D,
)


class Net:
    """A graph in the making, its nodes named n1, n2, ... or as told."""

    def __init__(self, *shape: int) -> None:
        self.graph = Graph("net")
        self.image = self(InputLayer(shape))

    def __call__(self, layer: Layer, *inputs: Node, name: str = "") -> Node:
        return self.graph.add(layer, *inputs, name=name or f"n{len(self.graph.nodes) + 1}")

    def conv(self, x: Node, filters: int, size: int = 3, strides: int = 1, relu: bool = True, name: str = "") -> Node:
        x = self(Conv2D(filters, size, strides=strides, padding="same"), x, name=name and f"{name}conv")
        x = self(BatchNormalization(), x, name=name and f"{name}bn")
        return self(ReLU(), x, name=name and f"{name}relu") if relu else x

    def depthwise(self, x: Node, strides: int = 1) -> Node:
        x = self(DepthwiseConv2D(3, strides=strides, padding="same"), x)
        return self(BatchNormalization(), x)

    def head(self, x: Node) -> Graph:
        x = self(GlobalAveragePooling2D(), x)
        self(Dense(10, activation="softmax"), x)
        return self.graph


def resnet(counts: tuple[int, ...], bottleneck: bool) -> Graph:
    """He et al. 2015, table 1: 18 layers of (2, 2, 2, 2), 50 of (3, 4, 6, 3) with bottlenecks."""
    net = Net(224, 224, 3)
    x = net.conv(net.image, 64, 7, 2)
    x = net(MaxPooling2D(3, 2, "same"), x)
    for stage, count in enumerate(counts):
        for block in range(count):
            x = residual(net, x, 64 * 2**stage, 2 if stage and not block else 1, bottleneck)
    return net.head(x)


def residual(net: Net, x: Node, width: int, strides: int, bottleneck: bool) -> Node:
    out = 4 * width if bottleneck else width
    shortcut = x
    if strides != 1 or x.shape[-1] != out:
        shortcut = net.conv(x, out, 1, strides, relu=False)
    if bottleneck:
        y = net.conv(net.conv(x, width, 1), width, 3, strides)
        y = net.conv(y, out, 1, relu=False)
    else:
        y = net.conv(net.conv(x, width, 3, strides), width, 3, relu=False)
    return net(ReLU(), net(Add(), shortcut, y))


def resnet_v2() -> Graph:
    """He et al. 2016: normalization and activation before the convolutions."""
    net = Net(64, 64, 3)
    x = net(Conv2D(16, 3, padding="same"), net.image)
    for width in (16, 32, 64):
        for block in range(2):
            before = net(ReLU(), net(BatchNormalization(), x))
            first = block == 0
            strides = 2 if first and width > 16 else 1
            y = net.conv(before, width, 3, strides)
            y = net(Conv2D(width, 3, padding="same"), y)
            shortcut = net(Conv2D(width, 1, strides=strides), before) if first else x
            x = net(Add(), shortcut, y)
    return net.head(net(ReLU(), net(BatchNormalization(), x)))


def vgg16() -> Graph:
    """Simonyan and Zisserman 2014, table 1, column D."""
    net = Net(224, 224, 3)
    x = net.image
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            x = net(Conv2D(filters, 3, padding="same", activation="relu"), x)
        x = net(MaxPooling2D(), x)
    x = net(Flatten(), x)
    for _ in range(2):
        x = net(Dropout(0.5), net(Dense(4096, activation="relu"), x))
    net(Dense(1000, activation="softmax"), x)
    return net.graph


def densenet(growing: bool) -> Graph:
    """Huang et al. 2016; `growing`: each layer reads all before it by one concatenation, as torchvision writes it."""
    net = Net(64, 64, 3)
    x = net(MaxPooling2D(3, 2, "same"), net.conv(net.image, 16, 7, 2))
    for stage, count in enumerate((3, 4, 2)):
        if stage:
            x = net(ReLU(), net(BatchNormalization(), x))
            x = net(AveragePooling2D(), net(Conv2D(x.shape[-1] // 2, 1), x))
        joined = [x]
        for _ in range(count):
            y = net(ReLU(), net(BatchNormalization(), x))
            y = net.conv(y, 32, 1)
            y = net(Conv2D(8, 3, padding="same"), y)
            joined = [*joined, y] if growing else [x, y]
            x = net(Concatenate(), *joined)
    return net.head(net(ReLU(), net(BatchNormalization(), x)))


def googlenet() -> Graph:
    """Szegedy et al. 2014, table 1 at a quarter of the width."""
    net = Net(224, 224, 3)
    x = net(MaxPooling2D(3, 2, "same"), net.conv(net.image, 16, 7, 2))
    x = net(MaxPooling2D(3, 2, "same"), net.conv(net.conv(x, 16, 1), 48))
    for stage, count in enumerate((2, 5, 2)):
        if stage:
            x = net(MaxPooling2D(3, 2, "same"), x)
        for number in range(count):
            x = _inception(net, x, 8 + 4 * number)
    return net.head(x)


def _inception(net: Net, x: Node, width: int) -> Node:
    one = net.conv(x, width, 1)
    three = net.conv(net.conv(x, width, 1), width)
    five = net.conv(net.conv(x, width // 2, 1), width, 5)
    pooled = net.conv(net(MaxPooling2D(3, 1, "same"), x), width, 1)
    return net(Concatenate(), one, three, five, pooled)


def unet() -> Graph:
    """Ronneberger et al. 2015 with padded convolutions."""
    net = Net(128, 128, 1)
    x, links = net.image, []
    for filters in (16, 32, 64):
        x = net.conv(net.conv(x, filters), filters)
        links.append(x)
        x = net(MaxPooling2D(), x)
    x = net.conv(net.conv(x, 128), 128)
    for link in reversed(links):
        x = net(Conv2DTranspose(link.shape[-1], 2, strides=2), x)
        x = net(Concatenate(), link, x)
        x = net.conv(net.conv(x, link.shape[-1]), link.shape[-1])
    net(Conv2D(1, 1, activation="sigmoid"), x)
    return net.graph


def squeezenet() -> Graph:
    """Iandola et al. 2016, version 1.1."""
    net = Net(224, 224, 3)
    x = net(MaxPooling2D(3, 2), net(ReLU(), net(Conv2D(64, 3, strides=2), net.image)))
    for pool, width in ((0, 16), (0, 16), (1, 32), (0, 32), (1, 48), (0, 48), (0, 64), (0, 64)):
        x = net(MaxPooling2D(3, 2), x) if pool else x
        x = net(ReLU(), net(Conv2D(width, 1), x))
        one, three = net(Conv2D(4 * width, 1), x), net(Conv2D(4 * width, 3, padding="same"), x)
        x = net(Concatenate(), net(ReLU(), one), net(ReLU(), three))
    x = net(ReLU(), net(Conv2D(1000, 1), net(Dropout(0.5), x)))
    net(Activation("softmax"), net(GlobalAveragePooling2D(), x))
    return net.graph


def shufflenet() -> Graph:
    """Ma et al. 2018 (V2), 0.5x: half of the channels pass each unit as they are, then channels are shuffled."""
    net = Net(224, 224, 3)
    x = net(MaxPooling2D(3, 2, "same"), net.conv(net.image, 24, 3, 2))
    for filters, count in ((48, 4), (96, 8), (192, 4)):
        for block in range(count):
            x = _shuffle_unit(net, x, filters, strided=block == 0)
    return net.head(net.conv(x, 1024, 1))


def _shuffle_unit(net: Net, x: Node, filters: int, strided: bool) -> Node:
    half, (height, width, channels) = filters // 2, x.shape
    if strided:
        one, two = net.conv(net.depthwise(x, 2), half, 1), x
    else:
        one = net(Slice(shape=(height, width, channels // 2), begin=(0, 0, 0)), x)
        two = net(Slice(shape=(height, width, channels // 2), begin=(0, 0, half)), x)
    two = net.conv(net.depthwise(net.conv(two, half, 1), 2 if strided else 1), half, 1)
    x = net(Concatenate(), one, two)
    height, width, channels = x.shape
    x = net(Reshape((height, width, 2, channels // 2)), x)
    return net(Reshape((height, width, channels)), net(Permute((1, 2, 4, 3)), x))


def convnext(grouped: bool = False) -> Graph:
    """Liu et al. 2022, of (3, 3, 9, 3) blocks, at a quarter of the width; `grouped` as in keras.applications."""
    net = Net(224, 224, 3)
    x = net(LayerNormalization(), net(Conv2D(24, 4, strides=4), net.image))
    for stage, count in enumerate((3, 3, 9, 3)):
        width = 24 * 2**stage
        if stage:
            x = net(Conv2D(width, 2, strides=2), net(LayerNormalization(), x))
        for _ in range(count):
            depthwise = (
                Conv2D(width, 7, padding="same", groups=width) if grouped else DepthwiseConv2D(7, padding="same")
            )
            y = net(LayerNormalization(), net(depthwise, x))
            y = net(Activation("gelu"), net(Dense(4 * width), y))
            x = net(Add(), x, net(Dense(width), y))
    return net.head(x)


def ssd() -> Graph:
    """A detector: heads that read within the last blocks and behind further convolutions."""
    net = Net(160, 160, 3)
    x = net.conv(net.image, 16, 3, 2)
    taps = []
    for filters, strides in ((16, 1), (24, 2), (24, 1), (32, 2), (32, 1)):
        shortcut = x
        wide = net.conv(x, 6 * x.shape[-1], 1)
        taps.append(wide)
        y = net(ReLU(), net.depthwise(wide, strides))
        x = net.conv(y, filters, 1, relu=False)
        x = net(Add(), shortcut, x) if x.shape == shortcut.shape else x
    taps = [taps[-1], x]
    for _ in range(2):
        x = net.conv(net.conv(x, 16, 1), 32, 3, 2)
        taps.append(x)
    boxes = [net(Reshape((-1, 4)), net(Conv2D(12, 3, padding="same"), tap)) for tap in taps]
    net(Concatenate(1), *boxes)
    return net.graph


def pyramid() -> Graph:
    """Feature pyramid on a residual network (Lin et al. 2017)."""
    net = Net(128, 128, 3)
    x, levels = net.conv(net.image, 16, 3, 2), []
    for stage in range(3):
        for block in range(2):
            x = residual(net, x, 16 * 2**stage, 1 if block else 2, bottleneck=False)
        levels.append(x)
    x = net(Conv2D(32, 1), levels[-1])
    for level in reversed(levels[:-1]):
        x = net(Add(), net(UpSampling2D(), x), net(Conv2D(32, 1), level))
        x = net(Conv2D(32, 3, padding="same"), x)
    return net.graph


def nasnet() -> Graph:
    """Zoph et al. 2017 in small: cells that add in pairs and read the outputs of the two cells before them."""
    net = Net(64, 64, 3)
    before = x = net.conv(net.image, 8, 3, 2)
    for number in range(6):
        before, x = x, _cell(net, x, before, 8, strides=1 if number % 3 else 2)
    return net.head(net(ReLU(), x))


def _cell(net: Net, x: Node, before: Node, width: int, strides: int) -> Node:
    near = net.conv(net(ReLU(), x), width, 1)
    far = net.conv(net(ReLU(), before), width, 1, before.shape[0] // x.shape[0])
    first = net(Add(), net.conv(near, width, 3, strides), net.conv(far, width, 5, strides))
    second = net(Add(), net(MaxPooling2D(3, strides, "same"), near), net.conv(far, width, 3, strides))
    third = net(Add(), first, net.conv(second, width))
    return net(Concatenate(), first, second, third)


def inception_resnet() -> Graph:
    """Szegedy et al. 2016 in small, as keras.applications writes it: branches whose scaled sum is added."""
    net = Net(64, 64, 3)
    x = net(MaxPooling2D(3, 2, "same"), net.conv(net.image, 32, 3, 2))
    for _ in range(3):
        joined = net(Concatenate(), net.conv(x, 8, 1), net.conv(net.conv(x, 8, 1), 8))
        x = net(ReLU(), net(CustomScaleLayer(0.2), x, net(Conv2D(32, 1), joined)))
    return net.head(x)


def efficientnet_v2() -> Graph:
    """Tan and Le 2021, the first rows of table 4: the first convolutions of the blocks are fused."""
    net = Net(64, 64, 3)
    x = net.conv(net.image, 16, 3, 2, name="stem_")
    x = net.conv(x, 8, name="block1a_project_")
    for number, filters in enumerate((16, 24), 2):
        for letter, strides in (("a", 2), ("b", 1), ("c", 1)):
            name = f"block{number}{letter}_"
            y = net.conv(x, 4 * x.shape[-1], 3, strides, name=f"{name}expand_")
            y = net.conv(y, filters, 1, relu=False, name=f"{name}project_")
            x = net(Add(), x, y, name=f"{name}add") if strides == 1 else y
    return net.head(net.conv(x, 64, 1, name="top_"))
