"""Names that no two layers, tensors or parts bear."""

from __future__ import annotations

from collections.abc import Iterable


class Names:
    """Gives a name as it is, or with a number behind it where it is taken: `name:2` is applied again, or its like."""

    def __init__(self, taken: Iterable[str] = (), between: str = ":") -> None:
        self._last = dict.fromkeys(taken, 1)
        """The last number that was put behind each name, so that a thousand of one name are not tried in turn."""
        self._between = between

    def free(self, wish: str, *others: str) -> str:
        """The first of the wishes that is free, or the first wish with a number behind it; then it is taken."""
        found = next((each for each in (wish, *others) if each not in self._last), "")
        number = self._last.get(wish, 1)
        while not found or found in self._last:
            number += 1
            found = f"{wish}{self._between}{number}"
        self._last[wish] = number
        self._last.setdefault(found, 1)
        return found

    def release(self, name: str) -> None:
        """Let others have a name that was taken and is not used."""
        del self._last[name]
