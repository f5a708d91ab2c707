"""Names that no two layers bear."""

from __future__ import annotations


class Names:
    """Gives a name as it is, or with a number behind it where it is taken: `name:2` is applied again, or its like."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def free(self, name: str) -> str:
        number = self._taken.get(name, 0) + 1
        while number > 1 and f"{name}:{number}" in self._taken:
            number += 1
        self._taken[name] = number
        found = name if number == 1 else f"{name}:{number}"
        self._taken.setdefault(found, 1)
        return found
