"""Files of weights that keras.applications saves, into the networks of the same names: what they compute then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorflow_truth import calibrate, distance, randomize
from test_weights import FILES
from test_zoo_keras import original, pictures_for

from cnncli.errors import UsageError
from cnncli.graph import Graph
from cnncli.keras_model import import_keras, load_weights, lower, quiet
from cnncli.models.families.convnext import convnext
from cnncli.models.reference import parse

pytestmark = [
    pytest.mark.tf,
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]


def check(theirs: Any, build: Callable[[], Any], pictures: Any, folder: Path) -> None:
    """Files of every format that Keras writes of a network, loaded into ours, make it compute the same."""
    with quiet():
        randomize(theirs, np.random.default_rng(1))
        calibrate(theirs, pictures)
        expected = np.asarray(theirs(pictures, training=False))
        flipped = np.asarray(theirs(pictures[:, ::-1], training=False))
        assert distance(flipped, expected) > 0.01, "the comparison is blind"
        for name, save in FILES.items():
            save(theirs, folder / name)
            ours = build()
            loaded = load_weights(ours, folder / name)
            (folder / name).unlink()
            assert loaded.notes == ()
            assert distance(np.asarray(ours(pictures, training=False)), expected) < 1e-5, name


# Layers are matched by their order: where there are branches, it is Keras's sorting by depth.
NETWORKS = [
    pytest.param("resnet50:input_shape=32", marks=pytest.mark.slow),
    *(
        pytest.param(reference, marks=pytest.mark.exhaustive)
        for reference in (
            "vgg16:input_shape=32",
            "nasnet_mobile:input_shape=32",
            "resnet50_v2:input_shape=32",
            "inception_v3:input_shape=75",
            "inception_resnet_v2:input_shape=75",
            "xception:input_shape=71",
            "densenet121:input_shape=32",
            "efficientnet_v2_b0:input_shape=32",
            "efficientnet_v2_s:input_shape=32",
            "convnext_tiny:input_shape=32",
            "convnext_tiny:input_shape=32,include_top=false,pooling=max",
        )
    ),
]
"""Each with ten classes and without a softmax, which saturates."""


@pytest.mark.parametrize("reference", NETWORKS)
def test_files_of_keras_applications_are_loaded(tmp_path: Path, reference: str) -> None:
    model = parse(reference + ("" if "include_top" in reference else ",classes=10,classifier_activation=none"))
    with quiet():
        check(original(model), lambda: lower(model.graph()), pictures_for(model), tmp_path)


# ConvNeXt's stem and what halves its maps are models within the model, with layers of the same classes as around them.


def small(depths: tuple[int, ...] = (1, 2, 1, 1), width: int = 8, **options: Any) -> Any:
    graph = Graph("small")
    convnext(graph, frozenset(), depths=depths, width=width, **{"input_shape": (32, 32, 3), "classes": 5, **options})
    return lower(graph)


@pytest.fixture(scope="module")
def original_small() -> Any:
    """keras.applications' network of the same size."""
    with quiet():
        import_keras()
        from keras.src.applications.convnext import ConvNeXt

        options = {"input_shape": (32, 32, 3), "classes": 5, "classifier_activation": None, "weights": None}
        return ConvNeXt([1, 2, 1, 1], [8, 16, 32, 64], name="convnext_tiny", **options)


def test_models_within_a_model_are_put_in_order_by_shapes(tmp_path: Path, original_small: Any) -> None:
    pictures = np.random.default_rng(0).uniform(0, 255, (4, 32, 32, 3)).astype("float32")
    check(original_small, lambda: small(classifier_activation=None), pictures, tmp_path)


@pytest.mark.parametrize("name", ["model.weights.h5", "legacy.h5"])
@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"classes": 7}, "head.probabilities takes 64x7, 7; .* are they of other classes"),
        ({"include_top": False}, "the file has convnext_tiny_head_dense besides"),
        ({"input_shape": (32, 32, 1)}, "stem.stem_conv takes 4x4x1x8, 8; .* are they for pictures of 3 channels"),
        ({"width": 16}, "stem.stem_conv takes 4x4x3x16, 16; .* are they of another alpha, width or flavor"),
    ],
)
def test_what_does_not_fit_is_named_where_models_are_within_models(
    tmp_path: Path, original_small: Any, name: str, wanted: dict[str, Any], message: str
) -> None:
    with quiet():
        FILES[name](original_small, tmp_path / name)
        with pytest.raises(UsageError, match=message):
            load_weights(small(**wanted), tmp_path / name)
