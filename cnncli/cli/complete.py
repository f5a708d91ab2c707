"""What a TAB offers: functions from the word so far to words; Typer leaves out those that do not begin with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Offer = tuple[str, str]
"""A whole word to put in place of the word so far, and a few words on it."""


def reference(incomplete: str) -> list[Offer]:
    """A model's name or alias; behind `@` its flavors; behind `:` its options, and behind their `=` values."""
    from cnncli.errors import UsageError
    from cnncli.models.registry import find_spec

    head, colon, tail = incomplete.partition(":")
    name, at, flavor = head.partition("@")
    if not (colon or at):
        return _names()
    try:
        spec = find_spec(name)
        options = spec.options(flavor or "keras")
    except UsageError:
        return []
    if not colon:
        return [(f"{name}@{known}", FLAVOR_HELP[known]) for known in FLAVOR_HELP]
    *given, last = tail.split(",")
    before = ",".join([*given, ""]) if given else ""
    taken = {pair.partition("=")[0] for pair in given}
    offers = _settings(last, [key for key in options if key not in taken])
    return [(f"{head}:{before}{word}", meaning) for word, meaning in offers]


FLAVOR_HELP = {"keras": "as keras.applications has it", "article": "as the article writes it"}


def _names() -> list[Offer]:
    from cnncli.models.registry import MODELS

    names = [(spec.name, spec.introduced) for spec in MODELS]
    aliases = [(alias, spec.name) for spec in MODELS for alias in spec.aliases]
    return [*names, *aliases]


def setting(incomplete: str) -> list[Offer]:
    """KEY= of any model option, or KEY=VALUE where the key is there."""
    from cnncli.models.options import OPTIONS

    return _settings(incomplete, list(OPTIONS))


def _settings(incomplete: str, keys: Sequence[str]) -> list[Offer]:
    from cnncli.models.options import OPTIONS

    key, equals, _ = incomplete.partition("=")
    if not equals:
        return [(f"{name}=", OPTIONS[name].help) for name in keys]
    return [(f"{key}={value}", "") for value in OPTIONS[key].values] if key in keys else []


def option_values(name: str) -> Callable[[], list[str]]:
    """The usual values of a model option."""

    def offer() -> list[str]:
        from cnncli.models.options import OPTIONS

        return list(OPTIONS[name].values)

    return offer


def flavor() -> list[Offer]:
    return list(FLAVOR_HELP.items())


def level() -> list[Offer]:
    return [("layer", "a row a layer"), ("block", "a row a block"), ("stage", "a row a stage")]


def family() -> list[str]:
    from cnncli.models.registry import MODELS

    return list(dict.fromkeys(spec.family for spec in MODELS))


def listed(keys: Sequence[str]) -> Callable[[str], list[str]]:
    """One of the keys, also behind the last comma of a list of them."""

    def offer(incomplete: str) -> list[str]:
        before, comma, _ = incomplete.rpartition(",")
        return [f"{before}{comma}{key}" for key in keys]

    return offer


def suffixes(*endings: str) -> Callable[[str], list[str]]:
    """File names with each ending that fits the name so far; nothing, so that the shell offers files, before that."""

    def offer(incomplete: str) -> list[str]:
        stem, dot, ending = incomplete.rpartition(".")
        if not dot or "/" in ending:
            stem = incomplete
        if not stem or stem.endswith("/"):
            return []
        return [stem + known for known in endings if (stem + known).startswith(incomplete)]

    return offer
