"""A text as TeX sets it: what commands are made of written out, and letters beyond ASCII by their commands.

What comes out is ASCII, so that any TeX reads it however its document is encoded; of symbols only such are used as
every TeX has a font for.
"""

from __future__ import annotations

import re
from functools import lru_cache
from unicodedata import normalize

from cnncli.words import visible

_COMMANDS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\symbol{34}", "\u00a0": r"\ ", "…": r"\dots{}", "–": r"\textendash{}",
    "—": r"\textemdash{}", "‘": r"\textquoteleft{}", "’": r"\textquoteright{}", "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}",
    "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}", "§": r"\S{}",
}  # fmt: skip
_SYMBOLS = {
    "×": r"\times", "→": r"\rightarrow", "←": r"\leftarrow", "↑": r"\uparrow", "↓": r"\downarrow", "·": r"\cdot",
    "−": "-", "±": r"\pm", "÷": r"\div", "≤": r"\leq", "≥": r"\geq", "≈": r"\approx", "≠": r"\neq", "∞": r"\infty",
    "∑": r"\Sigma", "√": r"\surd", "⊕": r"\oplus", "⊗": r"\otimes", "•": r"\bullet", "★": r"\star", "°": r"^{\circ}",
    "²": "^{2}", "³": "^{3}", "µ": r"\mu",
}  # fmt: skip
_GREEK = {
    "αβγδεζηθικλμνξπρςστυφχψω": "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho "
    "varsigma sigma tau upsilon varphi chi psi omega",
    "ΓΔΘΛΞΠΣΥΦΨΩ": "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega",
}
for _letters, _names in _GREEK.items():
    _SYMBOLS |= {letter: f"\\{name}" for letter, name in zip(_letters, _names.split(), strict=True)}
_ACCENTS = dict(
    zip("\u0300\u0301\u0302\u0303\u0308\u030a\u0304\u0306\u0307\u030b\u030c\u0327", "`'^~\"r=u.Hvc", strict=True)
)
_JOINED = re.compile("(?<=[-'`!?,])(?=[-'`,])")
"""Between characters that a font would set as one, as -- a dash."""


@lru_cache(maxsize=4096)
def written(text: str) -> str:
    """A line of text."""
    apart = _JOINED.sub("\0", visible(text))
    blanks = re.sub("^ +| +$| {2,}", lambda found: "\1" * len(found[0]), apart)
    return "".join(map(_character, blanks)).replace("\0", "{}").replace("\1", r"\ ")


def _character(character: str) -> str:
    """A character that TeX cannot be asked for by its number."""
    if character in _COMMANDS:
        return _COMMANDS[character]
    if character in _SYMBOLS:
        return f"${_SYMBOLS[character]}$"
    if character.isascii():
        return character
    letter, accent = normalize("NFD", character)[:1], normalize("NFD", character)[1:]
    if letter.isascii() and letter.isalpha() and accent in _ACCENTS:
        return f"\\{_ACCENTS[accent]}{{{letter}}}"
    return f"U+{ord(character):04X}"
