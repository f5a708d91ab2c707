"""What a box says: its lines, and how large they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from string import Formatter
from typing import Any, Literal, NamedTuple

from cnncli.amounts import UNKNOWN, is_known
from cnncli.analysis.labels import SQUEEZE_EXCITE, Label, LayerLabel, Traits
from cnncli.analysis.metric import Place
from cnncli.analysis.metrics import metric, metrics
from cnncli.diagram.chain import sources
from cnncli.diagram.measures import Measures, Sizes
from cnncli.diagram.parts import Detail, Heat, Part
from cnncli.document.numbers import grouped, scaled, shape, share
from cnncli.draw.text import LINE_HEIGHT, width
from cnncli.errors import UsageError
from cnncli.words import visible

CHIP_PADDING = 0.5
"""At the sides of a chip, of the size of its type."""


_SIZES = re.compile(r"(?<![^\s(])(?:[a-z]?[\d?]+(?:x[\d?]+)+|x[\dN]+)(?![^\s,;:.)])")
"""Sizes between each other, or a number of repeats, as words of their own: `3x3`, `k5x5`, `x4`; no name `conv2x2`."""


def typeset(text: str, times: str) -> str:
    """The same with `times` in place of each x that stands for it."""
    return text if times == "x" else _SIZES.sub(lambda found: found[0].replace("x", times), text)


class Run(NamedTuple):
    """Text of one size and weight; a chip stands on a ground of its own."""

    text: str
    size: float
    bold: bool = False
    faint: bool = False
    chip: bool = False

    @property
    def shown(self) -> str:
        """The text as whatever draws it writes it, so that it is as wide as its letters."""
        return visible(self.text)

    @property
    def width(self) -> float:
        return width(self.shown, self.size, self.bold) + (2 * CHIP_PADDING * self.size if self.chip else 0)


class Line(NamedTuple):
    left: tuple[Run, ...]
    right: tuple[Run, ...] = ()
    leading: float = 0.0
    between: float = 0.0
    """At least between what is said at the left and at the right."""

    @property
    def width(self) -> float:
        space = self.between if self.right else 0
        return sum(run.width for run in self.left) + space + sum(run.width for run in self.right)

    @property
    def height(self) -> float:
        return max(run.size for run in (*self.left, *self.right)) * LINE_HEIGHT + self.leading


Style = Literal["wide", "medium", "narrow"]
"""Of the lines of a box: two facts beside each other; the costs alone; one below the other."""


@dataclass(frozen=True)
class Said:
    """What boxes say beside what they are, and how; `limit` is how wide their lines may be, in points."""

    costs: bool = True
    names: bool = True
    shapes: bool = True
    style: Style = "wide"
    limit: float | None = None


ALL = Said()

Wording = Callable[[Part], list[Line]]


def wording(
    detail: Detail, template: str | None, heat: Heat | None, totals: Mapping[Heat, int], measures: Measures, said: Said
) -> Wording:
    """How to put a part into words. Raises UsageError for a template that cannot be filled."""
    sizes = measures.sizes

    def heated(part: Part) -> tuple[Run, ...]:
        cost = part.cost(heat) if heat else 0
        return (Run(share(cost, totals[heat]), sizes.shape, bold=True),) if heat and cost else ()

    def mark(part: Part) -> tuple[Run, ...]:
        return (
            (Run(" ", sizes.label), Run("+", sizes.small, bold=True, chip=True))
            if detail == "stage" and part.residual
            else ()
        )

    if template is not None:
        check(template)
        return lambda part: _templated(part, template, measures, heated(part), mark(part))
    if detail == "layer":
        return lambda part: _layer_lines(part, measures, said, heated(part), heat)
    return lambda part: _block_lines(part, measures, said, heated(part), mark(part), heat)


def _block_lines(
    part: Part, measures: Measures, said: Said, heated: tuple[Run, ...], mark: tuple[Run, ...], heat: Heat | None
) -> list[Line]:
    """Label and repeats, shapes and parameters, name and MACs; under the heat of activations their number as well."""
    sizes, times, line = measures.sizes, measures.times, _line(measures)
    first, more = _words(part.label)
    repeats = (Run(f"{times}{part.blocks}", sizes.label, bold=True),) if part.blocks > 1 else ()
    spaced = (Run("  ", sizes.label),) if repeats and heated else ()
    left = (*_chips([typeset(word, times) for word in first], sizes), *mark)
    if measures.brief and repeats:
        left, repeats, spaced = (*left, Run(" ", sizes.label), *repeats), (), ()
    label = line(left, (*repeats, *spaced, *heated))
    lines = [label._replace(leading=measures.words.label_leading)]
    lines += [line((Run(f"+ {typeset(text, times)}", sizes.shape),)) for text in more]
    lines += _facts(part, measures, said)
    if heat == "activations":
        lines.append(line((Run("", sizes.small),), _measured(part, heat, sizes.shape)))
    return lines


def _facts(part: Part, measures: Measures, said: Said) -> list[Line]:
    """What a box says below its label. Where it is silent on one thing, the others close up."""
    row, sizes = part.row, measures.sizes
    flow = (Run(_flow(part, measures.times), sizes.shape),) if said.shapes else ()
    name = (Run(row.name, sizes.small, faint=True),) if said.names else ()
    params = _amount(row.amounts["params"], "params", sizes.shape) if said.costs else ()
    macs = _amount(row.amounts["macs"], "MACs", sizes.shape) if said.costs else ()
    pairs: Mapping[Style, Sequence[tuple[tuple[Run, ...], tuple[Run, ...]]]] = {
        "wide": ((flow, params), (name, macs)),
        "medium": ((flow, ()), (params, macs), (name, ())),
        "narrow": ((flow, ()), (params, ()), (macs, ()), (name, ())),
    }
    return [_line(measures)(left, right) for left, right in pairs[said.style] if left or right]


def _line(measures: Measures) -> Callable[..., Line]:
    words = measures.words
    return partial(Line, leading=words.leading, between=words.between)


def _words(label: Label) -> tuple[list[str], list[str]]:
    """What the first line says, word by word, and what stands below it: the further parts of a group."""
    if isinstance(label, Traits):
        return label.words(), []
    words = [str(label)] if isinstance(label, LayerLabel) else label.words() or [str(label)]
    return words[:1], words[1:]


def _chips(words: Sequence[str], sizes: Sizes) -> tuple[Run, ...]:
    """The words of a line, squeeze-and-excitation set off."""
    if SQUEEZE_EXCITE not in words:
        return (Run(" ".join(words), sizes.label, bold=True),)
    at = words.index(SQUEEZE_EXCITE)
    before, after = " ".join(words[:at]), " ".join(words[at + 1 :])
    chip = (Run(f"{before} ", sizes.label, bold=True), Run(SQUEEZE_EXCITE, sizes.small, bold=True, chip=True))
    return (*chip, Run(f" {after}", sizes.label, bold=True)) if after else chip


def _layer_lines(part: Part, measures: Measures, said: Said, heated: tuple[Run, ...], heat: Heat | None) -> list[Line]:
    """Label and shapes, name and parameters, or what the heat measures with its share."""
    sizes, line, times = measures.sizes, _line(measures), measures.times
    cost = _measured(part, heat or "params", sizes.small) if said.costs else ()
    told = (*cost, *((Run("  ", sizes.small), *heated) if heated else ()))
    label = (Run(typeset(str(part.label), times), sizes.label, bold=True),)
    flow = (Run(_flow(part, times), sizes.shape),) if said.shapes else ()
    name = (Run(part.row.name, sizes.small, faint=True),) if said.names else ()
    pairs: Mapping[Style, Sequence[tuple[tuple[Run, ...], tuple[Run, ...]]]] = {
        "wide": ((label, flow), (name, told)),
        "medium": ((label, ()), (flow, told), (name, ())),
        "narrow": ((label, ()), (flow, ()), (told, ()), (name, ())),
    }
    return [line(left, right) for left, right in pairs[said.style] if left or right]


def _flow(part: Part, times: str = "x") -> str:
    """`56x56x24 → 28x28x40`, or the output alone where that is what comes in."""
    after = shape(part.row.output_shape)
    before = [shape(sizes) for sizes in sources(part.nodes)]
    flow = after if set(before) <= {after} else f"{', '.join(dict.fromkeys(before))} → {after}"
    return typeset(flow, times)


def told(part: Part) -> list[str]:
    """What a box says when it is pointed at: all of it in full."""
    row = part.row
    counts = ((row.amounts["params"], "parameters"), (row.amounts["macs"], "MACs"))
    return [row.name, row.text, _flow(part), *(f"{grouped(count)} {what}" for count, what in counts if count)]


def _amount(number: Any, unit: str, size: float) -> tuple[Run, ...]:
    one = unit.removesuffix("s") if is_known(number) and number == 1 else unit
    return (Run(f"{scaled(number)} {one}", size),) if number or number is UNKNOWN else ()


def _measured(part: Part, measure: Heat, size: float) -> tuple[Run, ...]:
    return _amount(part.cost(measure), metric(measure).counted, size)


class _Number(int):
    """Written as `15.42 k`, unless the template says how: {params:,}."""

    def __format__(self, spec: str) -> str:
        return format(int(self), spec) if spec else scaled(self)


TEXTS: dict[str, Callable[[Part], str]] = {
    "name": lambda part: part.row.name,
    "type": lambda part: part.row.type,
    "label": lambda part: part.row.text,
    "scope": lambda part: ".".join(part.row.scope),
    "input_shape": lambda part: shape(part.row.input_shape),
    "output_shape": lambda part: shape(part.row.output_shape),
}


def fields() -> dict[str, Callable[[Part], Any]]:
    """What a template can name: texts, the figures that add up, how many blocks there are."""
    figures = {each.key: partial(_figure, each.key) for each in metrics(Place.LABEL, additive=True)}
    return {**TEXTS, **figures, "repeats": lambda part: part.blocks}


def _figure(key: str, part: Part) -> Any:
    number = part.row.amounts[key]
    return _Number(number) if is_known(number) else number


MOST_CHARACTERS = 1000
"""Of a template, and of what it makes a box say: more is no label, and takes minutes to draw."""


def check(template: str) -> None:
    """Raise UsageError unless there is something in the template, and every field is known and fits its format."""
    if len(template) > MOST_CHARACTERS:
        raise UsageError(f"--label has {len(template):,} characters; at most {MOST_CHARACTERS:,} are taken")
    if not template.replace("\\n", "").strip():
        raise UsageError(f"--label {template!r}: the boxes would say nothing")
    try:
        named = [(name, spec) for _, name, spec, _ in Formatter().parse(template) if name is not None]
    except ValueError as error:
        raise UsageError(f"--label {template!r}: {error}; write {{{{ and }}}} for braces") from None
    known = fields()
    for name, spec in named:
        if name not in known:
            raise UsageError(f"--label {template!r}: unknown field {name!r}; there are {', '.join(known)}")
        if re.search(r"\d{3}|[{]", spec or ""):
            raise UsageError(f"--label {template!r}: {spec!r} asks for more characters than a box can hold")
        try:
            format("" if name in TEXTS else 1, spec or "")
        except ValueError:
            raise UsageError(f"--label {template!r}: {name} cannot be written as {spec!r}") from None


def _templated(
    part: Part, template: str, measures: Measures, heated: tuple[Run, ...], mark: tuple[Run, ...]
) -> list[Line]:
    """The template's lines, the first in bold; a backslash and n begins a new one. Raises UsageError."""
    values = {name: value(part) for name, value in fields().items()}
    try:
        said = template.replace("\\n", "\n").format_map(values)
    except (ValueError, OverflowError) as error:  # an unknown conversion, or :c of a large number
        raise UsageError(f"--label {template!r}: {error}") from None
    if len(said) > MOST_CHARACTERS:
        raise UsageError(f"--label {template!r}: {part.row.name} would say more than {MOST_CHARACTERS:,} characters")
    first, *more = typeset(said, measures.times).split("\n")
    sizes, line = measures.sizes, _line(measures)
    return [
        line((Run(first, sizes.label, bold=True), *mark), heated),
        *(line((Run(text, sizes.shape),)) for text in more),
    ]


def block_size(lines: Sequence[Line]) -> tuple[float, float]:
    """Width and height of lines under each other, in points."""
    return max(line.width for line in lines), sum(line.height for line in lines)
