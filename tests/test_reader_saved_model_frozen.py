"""Graphs as TensorFlow 1 wrote them: without the shapes of nodes, with loops and branches among the nodes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnncli.amounts import UNKNOWN, AtLeast
from cnncli.analysis.metrics import Totals
from cnncli.graph import Graph
from cnncli.readers.opening import read_file
from cnncli.readers.reading import Reading, Settings

pytestmark = [pytest.mark.tf, pytest.mark.filterwarnings("ignore")]


def reading(path: Path, **settings: Any) -> Reading:
    return read_file(path, Settings(**settings))[1]


def figures(graph: Graph) -> tuple[Any, Any]:
    totals = Totals(graph)
    return totals.params, totals.macs


@pytest.fixture
def frozen(tmp_path: Path) -> Callable[..., Path]:
    """Write the graph that a function builds; its weights are constants."""

    def frozen(build: Callable[[Any, Any], object]) -> Path:
        import tensorflow as tf

        with tf.Graph().as_default() as graph:
            tf.compat.v1.disable_control_flow_v2()
            build(tf, tf.compat.v1)
        path = tmp_path / "frozen.pb"
        path.write_bytes(graph.as_graph_def().SerializeToString())
        return path

    return frozen


def kernel(tf: Any, *shape: int) -> Any:
    return tf.constant(1.0, shape=shape)


# Ranks and shapes that the file does not say.


def test_what_reads_an_input_of_any_rank_tells_its_axes(frozen: Callable[..., Path]) -> None:
    def build(tf: Any, v1: Any) -> None:
        image = v1.placeholder(tf.float32, name="image")
        x = tf.nn.conv2d(image, kernel(tf, 5, 5, 1, 16), 1, "SAME")
        x = tf.nn.conv2d(tf.nn.relu(x), kernel(tf, 3, 3, 16, 4), 1, "SAME")
        tf.nn.depth_to_space(x, 2, name="larger")

    path = frozen(build)
    graph = reading(path).graph
    assert (graph.inputs[0].shape, graph.outputs[0].shape) == ((UNKNOWN, UNKNOWN, 1), (UNKNOWN, UNKNOWN, 1))
    (warning,) = graph.warnings
    assert warning.endswith("--input-shape 224x224x1")
    graph = reading(path, input_shapes={"": (10, 12, 1)}).graph
    assert figures(graph) == (400 + 576, 120 * 976)
    assert graph.outputs[0].shape == (20, 24, 1)


def test_a_convolution_behind_what_is_not_known(frozen: Callable[..., Path]) -> None:
    def build(tf: Any, v1: Any) -> None:
        steps = v1.placeholder(tf.float32, name="steps")
        x = tf.nn.conv2d(tf.expand_dims(steps, 2), kernel(tf, 5, 1, 40, 8), 1, "SAME")
        x = tf.nn.bias_add(x, tf.constant(1.0, shape=(8,)))
        x = tf.nn.max_pool2d(x, (2, 1), (2, 1), "SAME")
        tf.reshape(x, (-1, 7, 8), name="out")

    graph = reading(frozen(build)).graph
    assert [node.shape for node in graph.nodes if node.type in ("Conv2D", "MaxPooling2D")] == [
        (UNKNOWN, UNKNOWN, 8), (UNKNOWN, UNKNOWN, 8),
    ]  # fmt: skip
    assert graph.outputs[0].shape == (7, 8)
    assert figures(graph)[0] == 1600 + 8


def test_a_bias_does_not_tell_the_shape_of_what_it_is_added_to(frozen: Callable[..., Path]) -> None:
    def build(tf: Any, v1: Any) -> None:
        anything = v1.placeholder(tf.float32, name="anything")
        tf.multiply(tf.add(anything, tf.constant(1.0, shape=(6,))), anything, name="out")

    graph = reading(frozen(build)).graph
    assert {node.shape for node in graph.nodes} == {(UNKNOWN,)}


def test_a_dense_layer_of_what_is_not_known_is_counted(frozen: Callable[..., Path]) -> None:
    """The probability of a dropout is an input of any rank in many files."""

    def build(tf: Any, v1: Any) -> None:
        x, keep = v1.placeholder(tf.float32, (None, 20), name="x"), v1.placeholder(tf.float32, name="keep")
        x = tf.matmul(x, kernel(tf, 20, 12))
        chance = tf.floor(keep + tf.random.uniform(tf.shape(x)))
        tf.raw_ops.MatMul(a=x / keep * chance, b=kernel(tf, 12, 5), name="out")

    graph = reading(frozen(build)).graph
    assert figures(graph) == (300, 300)
    assert graph.outputs[0].shape == (5,)
    assert "RandomUniform" not in {node.type for node in Totals(graph).uncounted()}


def test_an_unrolled_network_that_begins_with_zeros(frozen: Callable[..., Path]) -> None:
    """The state's batch is computed of the input's; the first step's is a constant beside a tensor."""

    def build(tf: Any, v1: Any) -> None:
        x = tf.reshape(v1.placeholder(tf.float32, (None, 12), name="x"), (-1, 3, 4))
        state = tf.fill(tf.concat([tf.expand_dims(tf.shape(x)[0], 0), [5]], 0), 0.0)
        weights = kernel(tf, 9, 5)
        for step in tf.unstack(x, axis=1):
            state = tf.tanh(tf.matmul(tf.concat([step, state], 1), weights))

    graph = reading(frozen(build)).graph
    assert figures(graph) == (45, 3 * 45)
    assert graph.outputs[0].shape == (5,)


def test_operations_tell_their_shapes(frozen: Callable[..., Path]) -> None:
    def build(tf: Any, v1: Any) -> None:
        x = v1.placeholder(tf.float32, (None, 6, 3), name="x")
        kind = v1.placeholder(tf.int32, (None, 6), name="kind")
        tf.concat([tf.reverse(x, [1]), tf.one_hot(kind, 4)], 2, name="out")

    assert reading(frozen(build)).graph.outputs[0].shape == (6, 7)


def test_a_single_value_is_no_unknown_rank(frozen: Callable[..., Path]) -> None:
    def build(tf: Any, v1: Any) -> None:
        tf.add(v1.placeholder(tf.float32, (), name="x"), v1.placeholder(tf.float32, (), name="y"), name="z")

    assert [node.shape for node in reading(frozen(build)).graph.nodes] == [(), (), ()]


def test_a_constant_of_no_known_shape_is_no_single_value(frozen: Callable[..., Path]) -> None:
    """What is computed of constants alone: a pooling's output is smaller than its input."""

    def build(tf: Any, v1: Any) -> None:
        tf.nn.max_pool2d(tf.constant(1.0, shape=(1, 6, 6, 2)), 2, 2, "SAME", name="out")

    (output,) = reading(frozen(build)).graph.outputs
    assert output.shape == (UNKNOWN,)


def test_a_dilated_transposed_convolution(frozen: Callable[..., Path]) -> None:
    def build(tf: Any, v1: Any) -> None:
        x = v1.placeholder(tf.float32, (None, 8, 8, 3), name="x")
        x = tf.space_to_batch_nd(x, (2, 2), ((0, 0), (0, 0)))
        x = tf.nn.conv2d_transpose(x, kernel(tf, 3, 3, 5, 3), (4 * tf.shape(x)[0] // 4, 4, 4, 5), 1, "SAME")
        tf.batch_to_space(x, (2, 2), ((0, 0), (0, 0)), name="out")

    graph = reading(frozen(build)).graph
    assert figures(graph) == (135, 64 * 135)
    assert graph.outputs[0].shape == (8, 8, 5)


# Loops and branches.


def test_the_weights_of_a_loop_are_counted_once_and_its_work_is_said_to_be_unknown(
    frozen: Callable[..., Path],
) -> None:
    """A kernel stands in the body, another enters it, and so does what is computed before."""

    def build(tf: Any, v1: Any) -> None:
        x = v1.placeholder(tf.float32, (None, 6), name="x")
        before, around = tf.matmul(x, kernel(tf, 6, 4)), kernel(tf, 4, 4)

        def body(step: Any, one: Any, other: Any) -> Any:
            return step + 1, tf.matmul(one, around) + before, tf.matmul(other, kernel(tf, 4, 4))

        _, one, other = v1.while_loop(lambda step, *_: step < 3, body, (tf.constant(0), before, before))
        tf.add(one, other, name="out")

    totals = Totals(reading(frozen(build)).graph)
    assert totals.params == 24 + 16 + 16
    assert isinstance(totals.macs, AtLeast)
    assert totals.macs.known == 24
    assert {node.type for node in totals.uncounted()} == {"While"}


def test_a_branch_that_hangs_on_the_input_is_taken(frozen: Callable[..., Path]) -> None:
    """As where a network looks at what another has found; what is constant in the other branch is not there."""

    def build(tf: Any, v1: Any) -> None:
        x = v1.placeholder(tf.float32, (None, 6), name="x")
        found = tf.boolean_mask(x, tf.greater(x[:, 0], 0.5))
        some = tf.greater(tf.shape(found)[0], 0, name="some")
        v1.cond(some, lambda: tf.matmul(x, kernel(tf, 6, 4)), lambda: tf.zeros((0, 4)), name="out")

    graph = reading(frozen(build)).graph
    assert figures(graph) == (24, 24)
    assert graph.warnings == [
        "some is taken as true, for it depends on the input: what is computed otherwise is left out"
    ]


# SavedModels without variables, and those that name no signature.


def test_constants_are_the_weights_where_there_are_no_variables(tmp_path: Path) -> None:
    """A function that was saved by itself: what it captured are constants."""
    import tensorflow as tf

    weights, bias = tf.ones((3, 3, 3, 4)), tf.ones((4,))
    function = tf.function(lambda image: tf.nn.bias_add(tf.nn.conv2d(image, weights, 1, "SAME"), bias))
    module = tf.Module()
    module.held = function.get_concrete_function(tf.TensorSpec((1, 8, 8, 3), name="image"))
    tf.saved_model.save(module, str(tmp_path), signatures=module.held)
    assert figures(reading(tmp_path).graph) == (112, 64 * 108)


@pytest.mark.parametrize("attached", [True, False])
def test_a_function_of_tensorflow_1_without_a_signature(attached: bool, tmp_path: Path) -> None:
    """A bare concrete function, of the saved object itself or of nothing that has a name."""
    import tensorflow as tf

    kernel = tf.Variable(tf.ones((3, 3, 3, 4)))
    function = tf.compat.v1.wrap_function(
        lambda image: tf.nn.conv2d(image, kernel, 1, "VALID"), [tf.TensorSpec((None, 8, 8, 3))]
    )
    module, inner = tf.Module(), tf.Module()
    module.inner, inner.kernel = inner, kernel
    (module if attached else inner).network = function
    tf.saved_model.save(module, str(tmp_path), signatures={})
    found = reading(tmp_path)
    assert figures(found.graph) == (108, 36 * 108)
    assert (found.signature == "network") is attached
