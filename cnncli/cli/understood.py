"""What people type behind a command, in the spelling that its parser takes.

`_` is `-` in an option; a flag takes `=false`; the words of a choice are read in any case; an option of a model's is
understood without --set. What is said twice, but with different values, is refused.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from cnncli.errors import UsageError, suggestion
from cnncli.written import read_choice, read_truth

SETTING = "--set"
"""The option for any option of a model."""
SPOKEN = ("true", "false")
"""What a flag takes as a word of its own: no model and no file is called so."""


class Declared(NamedTuple):
    """An option of a command: how it is spelt, and of a flag how its contrary is.

    `adds` is whether it may be given several times, `choices` are what it may be, if it is not just any text; `early`
    is whether it holds for what others do that stand before it.
    """

    names: tuple[str, ...]
    contrary: tuple[str, ...] = ()
    flag: bool = False
    adds: bool = False
    choices: tuple[str, ...] = ()
    early: bool = False


def understood(words: Sequence[str], options: Sequence[Declared], hint: str = "") -> list[str]:
    """The words as the parser takes them. Raises UsageError, saying which option is unknown, or contradicts itself.

    `hint` is what is said of an unknown option that is like no other.
    """
    return _Reader(words, options, hint).read()


class _Reader:
    def __init__(self, words: Sequence[str], options: Sequence[Declared], hint: str) -> None:
        self._hint = hint
        self._rest = deque(words)
        self._options = {name: option for option in options for name in (*option.names, *option.contrary)}
        self._given: dict[Declared, tuple[str, str]] = {}
        self._read: list[str] = []

    def read(self) -> list[str]:
        while self._rest:
            word = self._rest.popleft()
            if word == "--":
                return [*self._read, word, *self._rest]
            if word.startswith("--"):
                self._long(word)
            elif word.startswith("-") and word != "-":
                self._short(word)
            else:
                self._read.append(word)
        return self._read

    def _long(self, word: str) -> None:
        spelt, equals, text = word.partition("=")
        name = spelt.lower().replace("_", "-")
        value = text if equals else None
        if name not in self._options:
            self._of_model(spelt, name, value)
        elif self._options[name].flag:
            self._flag(name, value)
        else:
            self._valued(name, value)

    def _short(self, word: str) -> None:
        """One letter or more: flags, the last of which may be an option with its value."""
        for place, letter in enumerate(word[1:], 2):
            name = f"-{letter}"
            if name not in self._options:
                raise self._unknown(name if place == 2 else f"{name} in {word}")
            if not self._options[name].flag:
                self._valued(name, word[place:].removeprefix("=") or None)
                return
            self._flag(name, None)

    def _flag(self, name: str, value: str | None) -> None:
        option = self._options[name]
        on = name in option.names
        told = self._spoken() if value is None else value
        if told is not None and not _truth(name, told):
            on = not on
        said = option.names if on else option.contrary
        self._once(option, name, "yes" if on else "no")
        if said and option.early:
            self._read.insert(0, said[0])
        elif said:  # the contrary of most flags is not to give them
            self._read.append(said[0])

    def _spoken(self) -> str | None:
        """The next word, where it is true or false."""
        return self._rest.popleft() if self._rest and self._rest[0].lower() in SPOKEN else None

    def _valued(self, name: str, value: str | None) -> None:
        option, text = self._options[name], self._value(name, value)
        if option.choices:
            word = read_choice(text, option.choices)
            if word is None:
                there = ", ".join(map(repr, option.choices))
                raise UsageError(f"{name} {text}: {text!r} is not one of {there}{suggestion(text, option.choices)}")
            text = word
        if not option.adds:
            self._once(option, name, text)
        self._read += [name, text]

    def _value(self, name: str, value: str | None) -> str:
        if value is None and not self._rest:
            raise UsageError(f"{name} needs a value")
        return self._rest.popleft() if value is None else value

    def _once(self, option: Declared, name: str, text: str) -> None:
        """Raises UsageError where the option was given before, and said otherwise."""
        before, earlier = self._given.setdefault(option, (name, text))
        if earlier != text:
            told = f"{name} is given twice: {earlier} and {text}"
            raise UsageError(f"{before} and {name} contradict each other" if option.flag else told)

    def _of_model(self, spelt: str, name: str, value: str | None) -> None:
        """An option that is not the command's, but some model's. Raises UsageError for any other."""
        from cnncli.network import option_named

        known = option_named(name[2:]) or option_named(name[2:].removeprefix("no-"))
        if SETTING not in self._options or known is None:
            raise self._unknown(spelt)
        key, truth = known
        if not truth:
            self._read += [SETTING, f"{key}={self._value(name, value)}"]
            return
        told = self._spoken() if value is None else value
        on = (told is None or _truth(name, told)) != (option_named(name[2:]) is None)
        self._read += [SETTING, f"{key}={str(on).lower()}"]

    def _unknown(self, spelt: str) -> UsageError:
        names = [name for name in self._options if name.startswith("--")]
        return UsageError(f"No such option: {spelt}{suggestion(spelt, names) or self._hint}")


def _truth(name: str, told: str) -> bool:
    try:
        return read_truth(told)
    except ValueError as error:
        raise UsageError(f"{name}={told}: expected {error}") from None
