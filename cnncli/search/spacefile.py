"""A space as a file describes it: TOML with products of architectures and values of their options, or samples of them.

sample = 10000                        # of all products together; without it every candidate
seed = 1

[[product]]
models = ["mobilenet_v1", "mobilenet_v2"]
alpha = "0.25..1.4/0.05"
input_shape = ["96..224/32", "160x224"]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.analysis.check.places import Position, toml_error_line
from cnncli.document.numbers import grouped
from cnncli.errors import UsageError, suggestion
from cnncli.files import read_text
from cnncli.network import architectures, model_of
from cnncli.search.ranges import spelt, values
from cnncli.search.sample import Sample
from cnncli.search.space import Space, spread

if TYPE_CHECKING:
    from cnncli.models.reference import Model

PRODUCT, MODELS, FAMILY, SAMPLE, SEED = "product", "models", "family", "sample", "seed"
LARGEST = 2**63 - 1
"""Candidates of a space, which Python's lengths can count, and seeds."""


def read_space(path: Path) -> Space:
    """The space that a file describes. Raises UsageError, which says where in the file what is wrong."""
    data = _parsed(read_text(path), str(path))
    _only(data, (PRODUCT, SAMPLE, SEED), str(path))
    products = data.get(PRODUCT)
    if not isinstance(products, list) or not products or not all(isinstance(each, dict) for each in products):
        raise UsageError(f"{path}: expected a table [[{PRODUCT}]], or several")
    space = Space(())
    for number, product in enumerate(products, 1):
        space += _product(product, f"{path}: product {number}" if len(products) > 1 else f"{path}: product")
    return _sampled(_countable(space, str(path)), data, str(path))


def _parsed(text: str, path: str) -> Mapping[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        data: Mapping[str, Any] = tomllib.loads(text, parse_float=Decimal)  # as it is written: 0.1 is no sum of halves
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{Position(path, toml_error_line(str(error), text))}: not TOML: {error}") from None
    except (ValueError, ArithmeticError, RecursionError) as error:  # numbers of thousands of digits, deep brackets
        raise UsageError(f"{path}: not TOML that can be read: {error}") from None
    return data


def _product(data: Mapping[str, Any], place: str) -> Space:
    """The candidates of one table: every architecture with every combination of the values."""
    given = {
        name.replace("-", "_"): [*_values(f"{place}: {name}", value)]
        for name, value in data.items()
        if name not in (MODELS, FAMILY, SAMPLE, SEED)
    }
    try:
        made = spread(_models(data), given)
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None
    for name, names in made.lacking.items():
        raise UsageError(f"{place}: {names[0]} has no option {name}; put it into a product of its own")
    for name, refused in made.refused.items():
        for architecture, expected in refused.items():
            raise UsageError(f"{place}: {name}: {architecture} expects {expected}")
    return _sampled(_countable(made.space, place), data, place)


def _models(data: Mapping[str, Any]) -> list[Model]:
    """The architectures of a table, named by themselves or as a family. Raises UsageError."""
    names, family = data.get(MODELS, []), data.get(FAMILY)
    texts = [names] if isinstance(names, str) else names
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise UsageError(f'{MODELS}: expected a list of references, such as ["mobilenet_v2"]')
    found = [model_of(text) for text in texts]
    if family is not None:
        found += [model_of(spec.name) for spec in architectures() if spec.family == _family(family)]
    if not found:
        raise UsageError(f'expected {MODELS} = [...], or {FAMILY} = "..."')
    return found


def _family(text: Any) -> str:
    """A family as the registry spells it. Raises UsageError for another word."""
    known = list(dict.fromkeys(spec.family for spec in architectures()))
    found = next((name for name in known if isinstance(text, str) and name.lower() == text.lower()), None)
    if found is None:
        raise UsageError(f"unknown family {text!r}{suggestion(str(text), known)}; there are {', '.join(known)}")
    return found


def _values(place: str, value: Any) -> Iterator[str]:
    """What a key holds: a number, a word, a text of values and ranges, or a list of these."""
    if value == []:
        raise UsageError(f"{place}: an empty list leaves no candidates")
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str):
            yield from values(place, each)
        elif isinstance(each, bool):
            yield str(each).lower()
        elif isinstance(each, (int, Decimal)):
            yield spelt(Decimal(each))
        else:
            raise UsageError(f'{place}: expected a number, a text such as "0.25..1.4/0.05", or a list of them')


def _countable(space: Space, place: str) -> Space:
    """The space itself. Raises UsageError for one that has more candidates than can be counted, or none."""
    count = sum(product.size for product in space.products)
    if count > LARGEST:
        raise UsageError(f"{place}: {count:.2e} candidates; at most {LARGEST:.2e} are taken")
    if not count:
        raise UsageError(f"{place}: it has no candidates")
    return space


def _sampled(space: Space, data: Mapping[str, Any], place: str) -> Space:
    """As much of a space as `sample` asks for: all, without it."""
    if SAMPLE not in data:
        if SEED in data:
            raise UsageError(f"{place}: {SEED} is for a sample: say {SAMPLE} = how many")
        return space
    size, seed = _whole(data, SAMPLE, place, 1), _whole(data, SEED, place, 0)
    if size > len(space):
        raise UsageError(f"{place}: {SAMPLE} = {size}: there are {grouped(len(space))} candidates")
    return Space((Sample(space, size, seed),))


def _whole(data: Mapping[str, Any], key: str, place: str, least: int) -> int:
    number = data.get(key)
    if number is None:
        raise UsageError(f"{place}: {SAMPLE} takes a {key} = number, for the same candidates each time")
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= LARGEST:
        raise UsageError(f"{place}: {key}: expected a whole number from {least} on")
    return number


def _only(data: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in data:
        if key not in known:
            raise UsageError(f"{place}: unknown key {key!r}{suggestion(key, known)}; there are {', '.join(known)}")
