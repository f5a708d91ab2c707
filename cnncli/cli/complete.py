"""What a TAB offers: functions from the word so far to words; Typer leaves out those that do not begin with it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import typer


def _shows_meanings() -> bool:
    """Whether the shell shows beside a word what it means."""
    return os.environ.get("_CNNCLI_COMPLETE") == "complete_fish"


def offer(word: str, meaning: str) -> str:
    """A word to put in place of the word so far and, where the shell shows it, what it means behind a tab.

    A meaning handed to Typer itself would load Rich's Markdown, which takes as long as all the rest of a TAB.
    """
    return f"{word}\t{meaning}" if _shows_meanings() else word


def reference(incomplete: str) -> list[str]:
    """A model's name or alias, or a model file; behind `@` flavors; behind `:` options, and behind their `=` values."""
    from cnncli.errors import UsageError
    from cnncli.models.catalogue import find_spec

    head, colon, tail = incomplete.partition(":")
    name, at, flavor = head.partition("@")
    if not (colon or at):
        return [*_names(incomplete), *_files(incomplete)]
    try:
        spec = find_spec(name)
    except UsageError:
        return []
    if not colon:
        return [offer(f"{name}@{known.name}", known.says) for known in spec.flavors]
    if flavor and flavor not in spec.flavor_names:
        return []
    options = spec.options(flavor or spec.flavors[0].name)
    *given, last = tail.split(",")
    before = ",".join([*given, ""]) if given else ""
    taken = {pair.partition("=")[0] for pair in given}
    return [f"{head}:{before}{word}" for word in _settings(last, [key for key in options if key not in taken])]


_TYPED_AS_IT_IS = re.compile(r"[\w.+,@%-]+")
"""Names that no shell takes for anything else."""


def _files(incomplete: str) -> list[str]:
    """The model files of a folder, and its folders, which end in / so that a TAB goes on within."""
    from cnncli.readers.formats import PYTHON_FILE, holds_model

    before = incomplete[: incomplete.rfind("/") + 1]
    try:
        there = sorted(Path(before or ".").expanduser().iterdir())
    except OSError:
        return []
    found = []
    for path in there:
        if not _TYPED_AS_IT_IS.fullmatch(path.name):
            continue
        if path.name.startswith(".") and not incomplete[len(before) :].startswith("."):
            continue
        if path.is_dir() and not holds_model(path):
            found.append(f"{before}{path.name}/")
        elif holds_model(path) or path.suffix == PYTHON_FILE:
            found.append(before + path.name + (":" if path.suffix == PYTHON_FILE else ""))
    return found


MOST_FAMILIES = 6
"""Of which it is looked up what each model introduced: a TAB that loaded them all would be waited for."""


def _names(incomplete: str) -> list[str]:
    """Of all architectures; what they mean where the shell shows it and the word so far leaves few families."""
    from cnncli.models import catalogue

    fitting = {
        module: [name for name in names if name.startswith(incomplete)] for module, names in catalogue.FAMILIES.items()
    }
    fitting = {module: names for module, names in fitting.items() if names}
    if not _shows_meanings() or len(fitting) > MOST_FAMILIES:
        return catalogue.names()
    specs = {name: catalogue.find_spec(name) for names in fitting.values() for name in names}
    return [offer(name, spec.introduced if spec.name == name else spec.name) for name, spec in specs.items()]


def setting(ctx: typer.Context, incomplete: str) -> list[str]:
    """KEY= of an option that the models named so far have, or KEY=VALUE where the key is there."""
    from cnncli.errors import UsageError
    from cnncli.models.catalogue import OPTIONS
    from cnncli.models.reference import parse

    named = [*(ctx.params.get("models") or ()), *ctx.args]  # an option without its value leaves words in args
    try:
        keys = [key for key in OPTIONS if all(key in parse(name).options for name in named)]
    except UsageError:
        keys = list(OPTIONS)
    return _settings(incomplete, keys)


def layer(ctx: typer.Context, incomplete: str) -> list[str]:
    """The layers of the architecture that was named: by our names, and by the original's where the word begins so."""
    from cnncli.errors import UsageError
    from cnncli.network import Source, network, source_of

    named = str(ctx.params.get("model") or "")
    try:
        if source_of(named) is not Source.REGISTRY:
            return []
        found = network(named)
    except UsageError:
        return []
    original = [name for name in found.layer_names or () if incomplete and name.startswith(incomplete)]
    return list(dict.fromkeys([*(node.name for node in found.graph.nodes), *original]))


def scope(ctx: typer.Context) -> list[str]:
    """The stages, blocks and other scopes of the architecture that was named."""
    from cnncli.errors import UsageError
    from cnncli.graph.cutting import scopes
    from cnncli.network import Source, network, source_of

    named = str(next(iter(ctx.params.get("models") or ()), ""))
    try:
        found = scopes(network(named).graph) if source_of(named) is Source.REGISTRY else []
    except UsageError:
        return []
    return [".".join(each) for each in found]


def _settings(incomplete: str, keys: Sequence[str]) -> list[str]:
    from cnncli.models.catalogue import option

    key, equals, _ = incomplete.partition("=")
    if not equals:
        return [offer(f"{name}=", option(name).help) for name in keys]
    return [f"{key}={value}" for value in option(key).values] if key in keys else []


def option_values(name: str) -> Callable[[], list[str]]:
    """The usual values of a model option."""

    def complete() -> list[str]:
        from cnncli.models.catalogue import option

        return list(option(name).values)

    return complete


def flavor() -> list[str]:
    from cnncli.models.spec import FLAVORS

    return [offer(name, says) for name, says in FLAVORS.items()]


def level() -> list[str]:
    return ["layer", "block", "stage"]


def kind() -> list[str]:
    from cnncli.deployed.plan import KINDS

    return [*KINDS]


def family() -> list[str]:
    from cnncli.models.catalogue import models

    return list(dict.fromkeys(spec.family for spec in models()))


def family_or_reference(incomplete: str) -> list[str]:
    """A family in small letters, unless the word has a part of a reference, of models or of a path; or a reference."""
    models = reference(incomplete)
    if not incomplete.replace("_", "").isalpha():
        return models
    small = [name.lower().replace(" ", "_") for name in family()]
    return [*(name for name in small if name not in models), *models]


def figures(incomplete: str) -> list[str]:
    """The figures that are compared."""
    from cnncli.views.comparison import rows

    return listed([row.key for row in rows()])(incomplete)


def verdicts(incomplete: str) -> list[str]:
    """What a published figure may come to."""
    from cnncli.analysis.published import Verdict

    return listed([verdict.name.lower() for verdict in Verdict])(incomplete)


def listed(keys: Sequence[str]) -> Callable[[str], list[str]]:
    """One of the keys, also behind the last comma of a list of them."""

    def complete(incomplete: str) -> list[str]:
        before, comma, _ = incomplete.rpartition(",")
        return [f"{before}{comma}{key}" for key in keys]

    return complete


def one_of(keys: Sequence[str]) -> Callable[[str], list[str]]:
    """One of the keys, also behind the sign that stands before a column to sort by."""

    def complete(incomplete: str) -> list[str]:
        sign = incomplete[:1] if incomplete[:1] in ("+", "-") else ""
        return [f"{sign}{key}" for key in keys]

    return complete


def suffixes(*endings: str) -> Callable[[str], list[str]]:
    """File names with each ending that fits the name so far; nothing, so that the shell offers files, before that."""

    def complete(incomplete: str) -> list[str]:
        stem, dot, ending = incomplete.rpartition(".")
        if not dot or "/" in ending:
            stem = incomplete
        if not stem or stem.endswith("/"):
            return []
        return [stem + known for known in endings if (stem + known).startswith(incomplete)]

    return complete
