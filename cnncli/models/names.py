"""The names that networks have elsewhere: Keras's classes, the files of published weights, other libraries' entries.

`mobilenet_v2_1.4_224`, `mobilenet_7_5_160_tf_no_top`, `tf_mobilenetv3_small_minimal_100`: behind the architecture's
name stands what is set of its options.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

Settings = dict[str, str]
"""Options by name, as text."""


def _decimal(found: re.Match[str]) -> str:
    return found[0].replace("_", ".")


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
    (_part(r"[0-9]*\.[0-9]+|[01]_[0-9]{1,2}"), "alpha", _decimal),
    (_part(r"([257])_([05])"), "alpha", _tenths),
    (_part(r"0[0-9]{2}|1(?!28|60|92)[0-9]{2}|200"), "alpha", _hundredths),
    (_part(r"[1-9][0-9]{1,3}"), "input_shape", lambda found: found[0]),
    (
        _part(r"weights|tf_dim_ordering|tf_kernels|tf|tflite|keras|pytorch|float(16|32)?|quant(ized)?|int8|frozen"),
        "",
        _is(""),
    ),
    (_part(r"imagenet|in1k|pretrained|ns|ap|aa|noisy_student|autoaugment"), "", _is("")),
)
MOST_WORDS = 8
"""In an architecture's own name."""
BEFORE = re.compile(r"((google|timm|keras)/)?((tf|keras|timm|torchvision|weights)_)*")
"""Whose network it is said to be, before its name."""


def published(
    text: str, known: Mapping[str, str], options: Callable[[str], Mapping[str, object]]
) -> tuple[str, Settings] | None:
    """The architecture of a name and the options that the name sets; None where it is no such name.

    `known` are architectures by what they may be called, in plain letters; `options` are those of one.
    """
    words = _words(text)
    for count in range(min(len(words), MOST_WORDS), 0, -1):
        name = known.get("".join(words[:count]))
        settings = _settings("_".join(words[count:])) if name is not None else None
        if name is not None and settings is not None and set(settings) <= set(options(name)):
            return name, settings
    return None


def _words(text: str) -> list[str]:
    """The words of a name, numbers with a point among them; of a path of Python's the last name alone."""
    name = text.lower().removesuffix("()")
    if "applications." in name:
        name = name.rpartition(".")[2]
    name = re.sub(r"\.\w*in1k$", "", name)  # timm's word on how it was trained
    name = "_".join(re.findall(r"[0-9]*\.[0-9]+|[^\s_.-]+", name))
    return name[BEFORE.match(name).end() :].split("_")  # type: ignore[union-attr]


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
