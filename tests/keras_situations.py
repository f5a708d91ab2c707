"""What Keras users have: a model each, so written that both generations build it, and its figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Situation:
    """A model and its figures by arithmetic; `macs` are those of all layers but the `uncounted` ones.

    `old_uncounted` are those in a file of Keras 2, which does not say what shape an unknown layer puts out; then
    `old_macs` is what is counted of the others.
    """

    build: Callable[[Any], Any]
    params: int
    trainable: int
    macs: int
    outputs: tuple[tuple[Any, ...], ...]
    uncounted: tuple[str, ...] = ()
    old_macs: int | None = None
    old_uncounted: tuple[str, ...] = ()


def conv(kernel: int, channels: int, filters: int) -> int:
    """Parameters of a convolution with bias."""
    return kernel * kernel * channels * filters + filters


def own_cnn(keras: Any) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(8, 3, activation="relu", name="conv"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(12, 3, padding="same"),
            layers.DepthwiseConv2D(3, use_bias=False),
            layers.LeakyReLU(),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", name="classes"),
        ],
        name="own",
    )


def nested_head(keras: Any) -> Any:
    base = keras.applications.MobileNetV2((160, 160, 3), include_top=False, weights=None)
    base.trainable = False
    image = keras.Input((160, 160, 3))
    x = keras.applications.mobilenet_v2.preprocess_input(image)
    x = keras.layers.GlobalAveragePooling2D()(base(x, training=False))
    return keras.Model(image, keras.layers.Dense(1, name="cats_or_dogs")(keras.layers.Dropout(0.2)(x)))


def flat_head(keras: Any) -> Any:
    base = keras.applications.MobileNetV2((64, 64, 3), include_top=False, weights=None, alpha=0.35)
    base.trainable = False
    x = keras.layers.GlobalAveragePooling2D()(base.output)
    return keras.Model(base.input, keras.layers.Dense(4, name="kinds")(x))


def with_lambda(keras: Any) -> Any:
    image = keras.Input((32, 32, 3))
    said = {} if _is_old(keras) else {"output_shape": (32, 32, 3)}
    x = keras.layers.Lambda(lambda x: x * 2, name="twice", **said)(image)
    x = keras.layers.Conv2D(4, 3, name="conv")(x)
    return keras.Model(
        image, keras.layers.Dense(2, name="classes")(keras.layers.GlobalAveragePooling2D(name="pool")(x))
    )


def custom_layer(keras: Any) -> Any:
    class Mixer(keras.layers.Layer):
        def build(self, shape: Any) -> None:
            self.table = self.add_weight(shape=(shape[-1], 5), name="table")
            super().build(shape)

        def call(self, x: Any) -> Any:
            return x @ self.table

    image = keras.Input((32, 32, 3))
    x = Mixer(name="mixer")(keras.layers.Conv2D(4, 3, name="conv")(image))
    x = keras.layers.Conv2D(6, 1, name="after")(x)
    return keras.Model(image, keras.layers.GlobalMaxPooling2D(name="pool")(x))


def several_ends(keras: Any) -> Any:
    layers = keras.layers
    image, meta = keras.Input((32, 32, 3), name="image"), keras.Input((8,), name="meta")
    x = layers.Flatten()(layers.Conv2D(4, 3)(image))
    x = layers.Concatenate()([x, layers.Dense(3)(meta)])
    outputs = {"one": layers.Dense(2, name="one")(x), "two": layers.Dense(1, name="two")(x)}
    return keras.Model({"image": image, "meta": meta}, outputs)


def shared(keras: Any) -> Any:
    layers = keras.layers
    image = keras.Input((32, 32, 3))
    layer = layers.Conv2D(3, 3, padding="same", name="conv")
    inner = keras.Sequential([layers.Conv2D(3, 1, name="point"), layers.ReLU(name="relu")], name="inner")
    x = inner(inner(layer(layer(image))))
    return keras.Model(image, layers.Flatten(name="flat")(x))


def of_channels(channels: int) -> Callable[[Any], Any]:
    def build(keras: Any) -> Any:
        image = keras.Input((32, 32, channels))
        return keras.Model(image, keras.layers.Conv2D(4, 3)(image))

    return build


def open_sizes(keras: Any) -> Any:
    image = keras.Input((None, None, 3), name="image")
    x = keras.layers.Conv2D(4, 3, name="conv")(image)
    x = keras.layers.Add(name="add")([x, keras.layers.Conv2D(4, 1, name="branch")(x)])
    return keras.Model(image, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D(name="pool")(x)))


def mixed_precision(keras: Any) -> Any:
    layers, mixed = keras.layers, "mixed_float16"
    image = keras.Input((32, 32, 3))
    x = layers.BatchNormalization(dtype=mixed)(layers.Conv2D(4, 3, dtype=mixed, name="conv")(image))
    return keras.Model(image, layers.Dense(2, name="classes")(layers.Flatten(dtype=mixed)(x)))


def preprocessing(keras: Any) -> Any:
    layers = keras.layers
    image = keras.Input((40, 40, 3))
    x = layers.CenterCrop(32, 32)(layers.Resizing(48, 48)(image))
    x = layers.RandomContrast(0.1)(layers.RandomZoom(0.1)(layers.RandomRotation(0.1)(layers.RandomFlip()(x))))
    x = layers.Normalization(name="seen")(layers.Rescaling(1 / 255)(x))
    x = layers.Normalization(mean=[1, 2, 3], variance=[1, 1, 1], name="given")(x)
    return keras.Model(image, layers.Conv2D(4, 3)(x))


def channels_first(keras: Any) -> Any:
    layers, first = keras.layers, {"data_format": "channels_first"}
    image = keras.Input((3, 32, 24))
    x = layers.BatchNormalization(axis=1)(layers.Conv2D(4, 3, name="conv", **first)(image))
    x = layers.Concatenate(axis=1, name="join")([x, layers.ReLU()(x)])
    return keras.Model(image, layers.GlobalAveragePooling2D(**first)(layers.MaxPooling2D(**first, name="pool")(x)))


def sequence(keras: Any) -> Any:
    layers = keras.layers
    signal = keras.Input((20, 8))
    x = layers.Bidirectional(layers.LSTM(5, return_sequences=True), name="both")(layers.Conv1D(4, 3)(signal))
    x = layers.TimeDistributed(layers.Dense(3))(x)
    return keras.Model(signal, layers.GRU(4, name="gru")(x))


def frozen_in_part(keras: Any) -> Any:
    layers = keras.layers
    parts = [keras.Input((16,)), layers.Dense(8, name="a"), layers.BatchNormalization(), layers.Dense(4, name="b")]
    inner = keras.Sequential(parts, name="inner")
    inner.layers[0].trainable = False
    ends = [layers.BatchNormalization(trainable=False), layers.Dense(2)]
    return keras.Sequential([keras.Input((16,)), inner, *ends], name="outer")


def _is_old(keras: Any) -> bool:
    return str(keras.__version__).startswith("2")


CNN_PARAMS = conv(3, 3, 8) + 4 * 8 + (9 * 8 + 8 * 12 + 12) + 9 * 12 + (13 * 13 * 12 * 10 + 10)
CNN_MACS = 30 * 30 * 216 + 15 * 15 * (72 + 96) + 13 * 13 * 108 + 13 * 13 * 12 * 10
LSTM_BOTH, GRU = 2 * 4 * (4 * 5 + 5 * 5 + 5), 3 * (3 * 4 + 4 * 4 + 2 * 4)

SITUATIONS = {
    "own_cnn": Situation(own_cnn, CNN_PARAMS, CNN_PARAMS - 16, CNN_MACS, ((10,),)),
    # MobileNetV2's layers without its head have 2,257,984 parameters (keras.io/api/applications), all frozen.
    "nested_head": Situation(nested_head, 2_257_984 + 1281, 1281, 152_804_480, ((1,),)),
    "flat_head": Situation(flat_head, 410_208 + 5124, 5124, 4_740_288, ((4,),)),
    "with_lambda": Situation(
        with_lambda, conv(3, 3, 4) + 10, conv(3, 3, 4) + 10, 30 * 30 * 108 + 8, ((2,),), ("twice",), 8,
        ("twice", "conv", "pool"),
    ),
    "custom_layer": Situation(
        custom_layer, conv(3, 3, 4) + 20 + conv(1, 5, 6), conv(3, 3, 4) + 20 + conv(1, 5, 6),
        30 * 30 * 108 + 30 * 30 * 30, ((6,),), ("mixer",), 30 * 30 * 108, ("mixer", "after"),
    ),
    "several_ends": Situation(
        several_ends, conv(3, 3, 4) + 27 + 3 * 3604, conv(3, 3, 4) + 27 + 3 * 3604, 30 * 30 * 108 + 24 + 3 * 3603,
        ((2,), (1,)),
    ),
    "shared": Situation(
        shared, conv(3, 3, 3) + conv(1, 3, 3), conv(3, 3, 3) + conv(1, 3, 3), 2 * 32 * 32 * (81 + 9), ((3072,),)
    ),
    "one_channel": Situation(of_channels(1), conv(3, 1, 4), conv(3, 1, 4), 30 * 30 * 36, ((30, 30, 4),)),
    "six_channels": Situation(of_channels(6), conv(3, 6, 4), conv(3, 6, 4), 30 * 30 * 216, ((30, 30, 4),)),
    "open_sizes": Situation(
        open_sizes, conv(3, 3, 4) + conv(1, 4, 4) + 10, conv(3, 3, 4) + conv(1, 4, 4) + 10, 8, ((2,),),
        ("conv", "branch", "add", "pool"),
    ),
    "mixed_precision": Situation(
        mixed_precision, conv(3, 3, 4) + 16 + 7202, conv(3, 3, 4) + 8 + 7202, 30 * 30 * 108 + 7200, ((2,),)
    ),
    "preprocessing": Situation(preprocessing, 7 + conv(3, 3, 4), conv(3, 3, 4), 30 * 30 * 108, ((30, 30, 4),)),
    "channels_first": Situation(channels_first, conv(3, 3, 4) + 16, conv(3, 3, 4) + 8, 30 * 22 * 108, ((8,),)),
    "sequence": Situation(
        sequence, 100 + LSTM_BOTH + 33 + GRU, 100 + LSTM_BOTH + 33 + GRU, 18 * 96 + 18 * 30, ((4,),), ("both", "gru")
    ),
    "frozen_in_part": Situation(
        frozen_in_part, 136 + 32 + 36 + 16 + 10, 16 + 36 + 10, 16 * 8 + 8 * 4 + 4 * 2, ((2,),)
    ),
}  # fmt: skip
