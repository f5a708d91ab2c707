"""What a box says: its lines, and how large they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from string import Formatter
from typing import Any, NamedTuple

from cnncli.amounts import UNKNOWN, is_known
from cnncli.analysis.labels import SQUEEZE_EXCITE, Label, LayerLabel, Traits
from cnncli.analysis.metrics import Place, metric, metrics
from cnncli.diagram.chain import sources
from cnncli.diagram.measures import Measures, Sizes
from cnncli.diagram.parts import Detail, Heat, Part
from cnncli.document.numbers import grouped, scaled, shape, share
from cnncli.draw.text import LINE_HEIGHT, width
from cnncli.errors import UsageError
from cnncli.words import visible

CHIP_PADDING = 0.5
"""At the sides of a chip, of the size of its type."""


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


Wording = Callable[[Part], list[Line]]


def wording(
    detail: Detail, template: str | None, heat: Heat | None, totals: Mapping[Heat, int], measures: Measures
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
        return lambda part: _layer_lines(part, measures, heated(part), heat)
    return lambda part: _block_lines(part, measures, heated(part), mark(part), heat)


def _block_lines(
    part: Part, measures: Measures, heated: tuple[Run, ...], mark: tuple[Run, ...], heat: Heat | None
) -> list[Line]:
    """Label and repeats, shapes and parameters, name and MACs; under the heat of activations their number as well."""
    row, sizes, line = part.row, measures.sizes, _line(measures)
    first, more = _words(part.label)
    repeats = (Run(f"x{part.blocks}", sizes.label, bold=True),) if part.blocks > 1 else ()
    spaced = (Run("  ", sizes.label),) if repeats and heated else ()
    label = line((*_chips(first, sizes), *mark), (*repeats, *spaced, *heated))
    lines = [label._replace(leading=measures.words.label_leading)]
    lines += [line((Run(f"+ {text}", sizes.shape),)) for text in more]
    lines.append(line((Run(_flow(part), sizes.shape),), _amount(row.amounts["params"], "params", sizes.shape)))
    lines.append(line((Run(row.name, sizes.small, faint=True),), _amount(row.amounts["macs"], "MACs", sizes.shape)))
    if heat == "activations":
        lines.append(line((Run("", sizes.small),), _measured(part, heat, sizes.shape)))
    return lines


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


def _layer_lines(part: Part, measures: Measures, heated: tuple[Run, ...], heat: Heat | None) -> list[Line]:
    """Label and shapes, name and parameters, or what the heat measures with its share."""
    sizes, line = measures.sizes, _line(measures)
    told = (*_measured(part, heat or "params", sizes.small), *((Run("  ", sizes.small), *heated) if heated else ()))
    return [
        line((Run(str(part.label), sizes.label, bold=True),), (Run(_flow(part), sizes.shape),)),
        line((Run(part.row.name, sizes.small, faint=True),), told),
    ]


def _flow(part: Part) -> str:
    """`56x56x24 → 28x28x40`, or the output alone where that is what comes in."""
    after = shape(part.row.output_shape)
    before = [shape(sizes) for sizes in sources(part.nodes)]
    return after if set(before) <= {after} else f"{', '.join(dict.fromkeys(before))} → {after}"


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
    first, *more = said.split("\n")
    sizes, line = measures.sizes, _line(measures)
    return [
        line((Run(first, sizes.label, bold=True), *mark), heated),
        *(line((Run(text, sizes.shape),)) for text in more),
    ]


def block_size(lines: Sequence[Line]) -> tuple[float, float]:
    """Width and height of lines under each other, in points."""
    return max(line.width for line in lines), sum(line.height for line in lines)
