"""Fresh weights that make a live network.

With initial weights and batch-norm statistics of 0 and 1 the signal fades from layer to layer until every picture has
the same output: any two files would agree, and a quantizer would see no ranges. Layer after layer, what leaves it is
brought to unit variance (Mishkin and Matas 2015, "All you need is a good init"): by the batch norm's statistics where
one follows; else, where it is above, by a factor on the kernel, without which the gates of squeeze-and-excitation
saturate. In a network without batch norm, as VGG, kernels and biases do what it would.

And it must not be chaotic, as random networks are: what int8 rounds would grow from layer to layer, and a right file
could not be told from a wrong one, which trained networks allow. So a residual branch adds only a part of its unit
variance: with all of it int8 changes B7's outputs altogether (cosine 0.18 to float32's; 0.98 with a fifth). And an
activation is read mostly where it lets through: at a mean of 0 it cuts half of what comes, and MobileNet V1, where
nothing bridges the layers, has a cosine of 0.6 in int8, and 0.99 at a mean of 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cnncli.errors import LayerError
from cnncli.export.representative import Representative
from cnncli.graph import Graph, Node, Role, Shape
from cnncli.keras_model.composed import applied, branch_scale, composed

BRANCH = 0.2
"""Gamma of the batch norm that ends a residual branch (Goyal et al. 2017 begin training with 0)."""
LIFT = 1.0
"""What is added to beta of a batch norm that an activation reads: the mean of what it reads, in standard deviations."""
LARGEST_SIDE = 224
"""Channels are calibrated, not cells, so that cuttings of larger pictures serve, where the network takes them."""
PIXELS = 8 * LARGEST_SIDE * LARGEST_SIDE
"""In all pictures: it is their number that tames the last layers, which see little of each."""
DIFFERENCE = 1e-3
"""By what share weights are told apart, or, of zeros, by what amount."""
STATISTICS = ("moving_mean", "moving_variance")
"""What training gathers of batches."""


def tell_apart(model: Any) -> None:
    """Make fresh weights that are all of one number, as biases are, a little different, as training would.

    A converter keeps one of constants that are equal, and leaves out what adds or multiplies by nothing: the file would
    not be that of a trained network.
    """
    import numpy

    generator = numpy.random.default_rng(0)
    statistics = [getattr(layer, name) for layer in model.layers for name in STATISTICS if hasattr(layer, name)]
    for weight in [*model.trainable_weights, *statistics]:
        values = numpy.asarray(weight.value)
        if values.size and values.min() == values.max():
            change = DIFFERENCE * generator.uniform(-1, 1, values.shape)
            weight.assign(values * (1 + change) if values.flat[0] else change)


def calibrate(model: Any, graph: Graph, representative: Representative) -> None:
    """Make the fresh weights of `model`, the Keras model lowered from `graph`, live on some of these pictures."""
    height, width, _ = graph.inputs[0].shape
    cut = min(height, LARGEST_SIDE), min(width, LARGEST_SIDE)
    if takes(graph, *cut):
        height, width = cut
    count = max(1, PIXELS // (height * width))
    pictures = representative.taken(range(min(len(representative), count)))
    with _learning_at_once(model):
        _pass(model, graph, pictures[:, :height, :width])


def takes(graph: Graph, height: int, width: int) -> bool:
    """Whether the network computes pictures of this size with the weights it has.

    A dense layer behind a Flatten has a weight for each cell, and a Reshape may name a number of cells.
    """
    shapes: list[Shape] = []
    for node in graph.nodes:
        if not node.inputs:
            shapes.append((height, width, *node.shape[2:]))
            continue
        inputs = [shapes[source.index] for source in node.inputs]
        try:
            shapes.append(node.layer.output_shape(*inputs))
        except LayerError:
            return False
        if node.layer.weights(*inputs) != node.layer.weights(*node.input_shapes):
            return False
    return True


@contextmanager
def _learning_at_once(model: Any) -> Iterator[None]:
    """Batch norms that take a batch's statistics as they are; nothing is dropped."""
    changed = [(layer, name) for layer in model.layers for name in ("momentum", "rate") if hasattr(layer, name)]
    before = [getattr(layer, name) for layer, name in changed]
    try:
        for layer, name in changed:
            setattr(layer, name, 0.0)
        yield
    finally:
        for (layer, name), value in zip(changed, before, strict=True):
            setattr(layer, name, value)


def _pass(model: Any, graph: Graph, pictures: Any) -> None:
    """One training-mode pass that lets go of each tensor after its last reader; Keras would hold all to the end."""
    readers = graph.readers()
    waiting = [{reader.index for reader in nodes} for nodes in readers]
    tensors: dict[int, Any] = {}
    bare = not any(map(_takes_statistics, graph.nodes))
    for node in graph.nodes:
        if not node.inputs:
            tensors[node.index] = pictures
            continue
        layer = model.get_layer(node.name)
        inputs = [tensors[source.index] for source in node.inputs]
        given = inputs if len(inputs) > 1 else inputs[0]
        has_kernel = node.macs and not composed(node)
        if has_kernel and bare:
            lifted = _is_rectified(node) or _leads_to(_activates, node, readers)
            _bring_to_unit_variance(layer, node, given, lifted=lifted)
        elif has_kernel and _gives_classes(node, readers):
            _let_classes_vie(layer, given)
        elif has_kernel and not _leads_to(_takes_statistics, node, readers):
            _limit_to_unit_variance(layer, given)
        if _takes_statistics(node):
            _tame(layer, node, readers)
        for weight in branch_scale(model, node):
            weight.assign(weight * 0 + BRANCH)
        tensors[node.index] = applied(model, node, inputs)
        for source in {source.index for source in node.inputs}:
            waiting[source].discard(node.index)
            if not waiting[source]:
                del tensors[source]


def _tame(layer: Any, node: Node, readers: list[list[Node]]) -> None:
    """Give a batch norm the scale and the mean of what does not let small differences grow."""
    if layer.gamma is not None and _leads_to(_sums, node, readers) and not _is_shortcut(node, readers):
        layer.gamma.assign(layer.gamma * BRANCH)
    if layer.beta is not None and _leads_to(_activates, node, readers):
        layer.beta.assign(layer.beta + LIFT)


def _is_shortcut(node: Node, readers: list[list[Node]]) -> bool:
    """Whether nothing is activated on the way from the fork: it is what branches are added to, projected as in ResNet.

    Were it made less too, the branches would be as much as it.
    """
    while len(readers[node.index]) == 1:
        if len(node.inputs) != 1 or _activates(node) or _is_rectified(node):
            return False
        (node,) = node.inputs
    return True


def _activates(node: Node) -> bool:
    return node.role is Role.ACTIVATION


def _is_rectified(node: Node) -> bool:
    """Whether the layer applies an activation itself that cuts what is low."""
    return node.layer.function not in ("linear", "softmax", "sigmoid", "tanh")


def _takes_statistics(node: Node) -> bool:
    return node.layer.normalizes_batches


def _sums(node: Node) -> bool:
    return node.layer.combines == "sum"


def _leads_to(kind: Callable[[Node], bool], node: Node, readers: list[list[Node]]) -> bool:
    """Whether all that reads the node, at once or behind dropout, is of this kind."""
    following = readers[node.index]
    return bool(following) and all(
        kind(reader) or (reader.layer.idle and _leads_to(kind, reader, readers)) for reader in following
    )


def _gives_classes(node: Node, readers: list[list[Node]]) -> bool:
    """Whether the outputs are what it computes, but for softmax or sigmoid, which keep the order of the classes."""
    return not _is_rectified(node) and all(
        not reader.macs
        and reader.role in (Role.ACTIVATION, Role.SHAPING, Role.TRAINING)
        and _gives_classes(reader, readers)
        for reader in readers[node.index]
    )


def _let_classes_vie(layer: Any, given: Any) -> None:
    """Take their means from the classes, by the bias, and bring what is left to unit variance, by the kernel.

    Else one class would lead in all pictures, by what they have in common, and that a file finds the same would say
    nothing.
    """
    import numpy

    outputs = numpy.asarray(_before_activation(layer, given))
    means = outputs.mean(axis=tuple(range(outputs.ndim - 1)))
    deviation = float((outputs - means).std()) if layer.use_bias else float(outputs.std())
    scale = 1 / deviation if deviation > 0 else 1.0
    kernel = _last_kernel(layer)
    kernel.assign(kernel * scale)
    if layer.use_bias:
        layer.bias.assign(-means * scale)


def _limit_to_unit_variance(layer: Any, given: Any) -> None:
    """Divide the kernel by what the layer gives before its activation; its bias, being fresh, is 0."""
    import numpy

    level = float(numpy.sqrt(numpy.mean(numpy.square(_before_activation(layer, given)))))
    if level > 1:
        kernel = _last_kernel(layer)
        kernel.assign(kernel / level)


def _bring_to_unit_variance(layer: Any, node: Node, given: Any, *, lifted: bool) -> None:
    """What batch norm would do, by the kernel and the bias: unit variance in each channel, a mean of LIFT or 0."""
    import numpy

    outputs = numpy.asarray(_before_activation(layer, given))
    axes = tuple(range(outputs.ndim - 1))
    deviation = outputs.std(axis=axes)
    scale = 1 / numpy.where(deviation > 0, deviation, 1)
    kernel = _last_kernel(layer)
    by_channel = node.role is Role.DEPTHWISE  # a kernel of (height, width, channels, multiplier)
    kernel.assign(kernel * (scale.reshape(kernel.shape[-2:]) if by_channel else scale))
    if layer.use_bias:
        layer.bias.assign((LIFT if lifted else 0) - outputs.mean(axis=axes) * scale)


def _last_kernel(layer: Any) -> Any:
    """The kernel; of a separable convolution that of its second part."""
    return layer.pointwise_kernel if hasattr(layer, "pointwise_kernel") else layer.kernel


def _before_activation(layer: Any, given: Any) -> Any:
    activation, layer.activation = layer.activation, None
    try:
        return layer(given)
    finally:
        layer.activation = activation
