"""The names that networks have elsewhere: Keras's classes, the files of published weights, other libraries' entries.

`mobilenet_v2_1.4_224`, `mobilenet_7_5_160_tf_no_top`, `regnety_032`, `resnet50.tv_in1k`: behind the architecture's name
stands what is set of its options; some names are spelt otherwise than here, and some say whose network it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cnncli.models.spec import ModelSpec

Settings = dict[str, str]
"""Options by name, as text."""
TORCHVISION = "torchvision"
"""The flavor of a network of PyTorch's libraries, where the architecture has one."""


class Elsewhere(NamedTuple):
    """What a name elsewhere means here: the architecture, the options that it sets, the flavor, if it says one."""

    name: str
    options: Settings
    flavor: str = ""


def _decimal(found: re.Match[str]) -> str:
    return found[0].strip("x").replace("_", ".")


def _tenths(found: re.Match[str]) -> str:
    """Keras's files of MobileNet V1 write 0.75 as `7_5`."""
    return f"0.{found[1]}{found[2]}"


def _hundredths(found: re.Match[str]) -> str:
    """timm and TensorFlow Hub write 0.75 as `075`."""
    return f"{int(found[0]) / 100:g}"


def _is(text: str) -> Callable[[re.Match[str]], str]:
    return lambda _: text


def _part(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})(?=_|$)")


# What may stand behind an architecture's name, in the order in which it is tried: the option that it sets, if any, and
# to what. Of three digits that begin with 1, those are sizes which published networks have.
PARTS: tuple[tuple[re.Pattern[str], str, Callable[[re.Match[str]], str]], ...] = (
    (_part(r"no_?top(_v2)?"), "include_top", _is("false")),
    (_part(r"minimal(istic)?"), "minimalistic", _is("true")),
    (_part(r"[0-9]*\.[0-9]+x?|[01]_[0-9]{1,2}|x[0-9]_[0-9]"), "alpha", _decimal),
    (_part(r"([257])_([05])"), "alpha", _tenths),
    (_part(r"0[0-9]{2}|1(?!28|60|92)[0-9]{2}|200"), "alpha", _hundredths),
    (_part(r"[1-9][0-9]{1,3}"), "input_shape", lambda found: found[0]),
    (
        _part(r"weights|tf_dim_ordering|tf_kernels|tf|tflite|keras|pytorch|float(16|32)?|quant(ized)?|int8|frozen"),
        "",
        _is(""),
    ),
    (_part(r"imagenet|(in)?(1k|12k|2[12]k|2[12]ft1k)|pretrained|ns|ap|aa|noisy_student|autoaugment"), "", _is("")),
)
MOST_WORDS = 8
"""In an architecture's own name."""

MODULE = re.compile(r"(.*\.)?(applications|(torchvision|timm)\.models)\.")
"""How a path of Python's begins, whose last name is a network's."""
OWNER = re.compile(
    r"((google|facebook|microsoft|apple|timm|keras)/)?((tf|keras|timm|torchvision|weights|legacy|bvlc)_)*"
)
"""Whose network it is said to be, before its name."""
TRAINED = re.compile(r"\.[a-z0-9_]*in(1|12|21|22)k(?![a-z0-9])|\.fcmae")
"""timm's words on how a network was trained, behind its name; what stands behind them is a size."""
OF_TORCH = re.compile(r"(timm|torchvision|microsoft)[./_]|[^.]+\.(?!tf_)[a-z0-9_]*in(1|12|21|22)k")
"""How a name begins that says that the network is one of PyTorch's libraries."""


def _regnet(found: re.Match[str]) -> str:
    """timm and Keras 2 count RegNet's MACs in hundreds of millions: 032 is 3.2 G."""
    whole, tenths = divmod(int(found[2]), 10)
    if not whole:
        return f"regnet_{found[1]}_{tenths}00mf"
    return f"regnet_{found[1]}_{whole}_{tenths}gf" if tenths or whole == 4 else f"regnet_{found[1]}_{whole}gf"


Spelling = str | Callable[[re.Match[str]], str]

# How a name begins elsewhere, how it does here, and the flavor that is meant, if one is.
SPELLINGS: tuple[tuple[re.Pattern[str], Spelling, str], ...] = (
    # The stride of a stage in its 3x3 convolution: NVIDIA's "v1.5", GluonCV's "v1b", and all of PyTorch's.
    (_part(r"(resnet_?(?:50|101|152))_?v1(?:[._]5|b)"), r"\1", TORCHVISION),
    (_part(r"(resnet_?[0-9]+)_?v1"), r"\1", ""),
    (_part(r"squeezenet_?v?1[._]([01])"), r"squeezenet_1_\1", ""),
    (_part(r"regnet_?([xy])_?([0-9]{3})"), _regnet, ""),
    (_part(r"nasneta(mobile|large)"), r"nasnet_\1", ""),
    (re.compile(r"semnasnet(?=_[0-9])"), "mnasnet_a1", ""),
    (re.compile(r"mnasnet_?(?=[0-9])"), "mnasnet_b1_", ""),
)
OTHERS_OF_TORCH = {"alexnet": "alexnet_owt"}
"""Architectures whose name PyTorch's libraries have for another one."""


def published(text: str, known: Callable[[str], str | None], spec: Callable[[str], ModelSpec]) -> Elsewhere | None:
    """What a name means that somebody else gave; None where it is no such name.

    `known` gives the architecture that a text names here, if it does, and `spec` what the registry knows of that.
    """
    words, flavor, settled = _read(text.lower().removesuffix("()"))
    for count in range(min(len(words), MOST_WORDS), 0, -1):
        name = known("_".join(words[:count]))
        settings = _settings("_".join(words[count:])) if name is not None else None
        if name is None or settings is None:
            continue
        name = OTHERS_OF_TORCH.get(name, name) if flavor else name
        found = spec(name)
        if "alpha" not in found.settable and float(settings.get("alpha", 0)) == 1:
            del settings["alpha"]
        if set(settings) <= set(found.settable) and (flavor in found.flavor_names or not settled):
            return Elsewhere(name, settings, flavor if flavor in found.flavor_names else "")
    return None


def _read(name: str) -> tuple[list[str], str, bool]:
    """The words of a name, a number's point within its word; the flavor that it says, and whether it means no other.

    Of a path of Python's the last name counts alone.
    """
    flavor = TORCHVISION if OF_TORCH.match(name) else ""
    if MODULE.match(name):
        name = name.rpartition(".")[2]
    name = "_".join(filter(None, re.split(r"[\s_-]+|\.(?![0-9])", TRAINED.sub("", name))))
    name = name[OWNER.match(name).end() :]  # type: ignore[union-attr]
    for pattern, spelling, meant in SPELLINGS:
        found = pattern.match(name)
        if found:
            begins = spelling(found) if callable(spelling) else found.expand(spelling)
            return (begins + name[found.end() :]).split("_"), meant or flavor, bool(meant)
    return name.split("_"), flavor, False


def _settings(rest: str) -> Settings | None:
    """What the part behind the name sets; None where a word is not known, or sets anew what was set."""
    settings: Settings = {}
    for option, text in _parts(rest):
        if option is None or option in settings:
            return None
        if option:
            settings[option] = text
    return settings


def _parts(rest: str) -> Iterator[tuple[str | None, str]]:
    """Option and text, part by part; an option that is None for what is not known."""
    place = 0
    while place < len(rest):
        matches = ((pattern.match(rest, place), option, text) for pattern, option, text in PARTS)
        found, option, text = next((each for each in matches if each[0]), (None, None, _is("")))
        yield option, text(found) if found else rest
        place = found.end() + 1 if found else len(rest)
