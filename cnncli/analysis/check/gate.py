"""All checks of a call: which models, against which budgets and which lock file."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cnncli.analysis.check.baseline import Lock
from cnncli.analysis.check.budgets import Budgets, Config, hold
from cnncli.analysis.check.staying import stay
from cnncli.analysis.check.verdicts import Verdict
from cnncli.analysis.compare.comparison import Entry
from cnncli.errors import UsageError
from cnncli.network import canonical


@dataclass(frozen=True)
class Gate:
    """What models must keep: `flags` are budgets for all of them, the config's are each model's own.

    A lock that is being written only tells which models there are. `asked` is whether the command line named the lock;
    where it is the project's, a model that it does not hold may still be held against the flags alone. `strict` is
    whether a structure must be the locked one whatever the costs, `uncounted` whether figures may leave out what is not
    known.
    """

    config: Config
    flags: Budgets
    lock: Lock | None
    tolerance: Fraction
    writing: bool
    asked: bool
    strict: bool = False
    uncounted: bool = False

    def references(self) -> list[str]:
        """All models that the budget and lock files name. Raises UsageError for none."""
        found = list(dict.fromkeys([*self.config.budgets, *(self.lock.models if self.lock else ())]))
        if not found:
            raise UsageError("nothing to check: name a model, or a file of models by --budget or --baseline")
        return found

    def limits(self, reference: str) -> bool:
        """Whether there is anything that a model is held to."""
        key = canonical(reference)
        return bool(self.flags or self.config.budgets.get(key) or (self.lock and key in self.lock.models))

    @property
    def limits_nothing(self) -> bool:
        """Whether no model whatsoever could fail."""
        return not (self.flags or any(self.config.budgets.values()) or (self.lock and self.lock.models))

    def settled(self, reference: str) -> dict[str, Any]:
        """What the budget file says of a file beside its limits, else what the lock says that it was locked with."""
        key = canonical(reference)
        locked = self.lock.settings.get(key, {}) if self.lock and not self.writing else {}
        asked = {name.replace("-", "_"): text for name, text in locked.items()} | {**self.config.options.get(key, {})}
        shapes = asked.get("input_shape")
        return asked | ({"input_shape": shapes.split()} if isinstance(shapes, str) else {})

    def verdicts(self, entry: Entry) -> list[Verdict]:
        """Every check of a model; a flag takes the place of the file's budget. Raises UsageError for none."""
        budgets = {**self.config.budgets.get(entry.network.key, {}), **self.flags}
        passing_by = bool(self.flags) and not self.asked and self.lock and entry.network.key not in self.lock.models
        held = self.lock if not self.writing and not passing_by else None
        locked = stay(entry, held, self.tolerance, strict=self.strict, uncounted=self.uncounted) if held else []
        if not (budgets or locked or self.writing):
            raise UsageError(
                f"nothing to check of {entry.reference}: give --max-params or another budget, or --baseline"
            )
        return hold(entry.reference, entry.totals, budgets, uncounted=self.uncounted) + locked
