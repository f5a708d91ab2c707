"""From a composed sheet to DOT: frames, then what stands in them, then the links, then the page's own texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cnncli.diagram.chain import Chain, Frame
from cnncli.diagram.dot import Drawing
from cnncli.diagram.sheet import Sheet
from cnncli.diagram.wording import Line
from cnncli.draw.theme import Swatch


def draw(
    drawing: Drawing, sheet: Sheet, chain: Chain, lines: Sequence[Sequence[Line]], swatches: Mapping[str, Swatch]
) -> str:
    """The DOT text. `lines` are the items'; `swatches` go by the name of the part, and by kind for the legend."""
    parents = _frames(drawing, sheet, len(chain.items))
    for item, rect, parent, said in zip(chain.items, sheet.layout.items, parents, lines, strict=True):
        if item.part:
            drawing.box(parent, item, rect, said, swatches[item.name])
        else:
            drawing.symbol(parent, item.name, item.symbol, rect)
    for route in sheet.layout.routes:
        drawing.edge(route, chain.items)
    for number, (run, place) in enumerate(sheet.texts):
        drawing.text(drawing.page, f"text {number}", run, place, drawing.theme.text)
    for number, (sample, place) in enumerate(sheet.samples):
        drawing.sample(f"sample {number}", sample, place, swatches)
    return str(drawing.graph.to_string())


def _frames(drawing: Drawing, sheet: Sheet, items: int) -> list[Any]:
    """Draw the frames; returns for each item the innermost one around it."""
    parents = [drawing.page] * items
    seen: Counter[str] = Counter()
    for frame, first, last, rect in sheet.layout.grounds:
        seen[frame.key] += 1
        name = frame.key if seen[frame.key] == 1 else f"{frame.key} {seen[frame.key]}"
        inner = drawing.frame(parents[first], name, frame if name == frame.key else _continued(frame), rect)
        parents[first : last + 1] = [inner] * (last + 1 - first)
    return parents


def _continued(frame: Frame) -> Frame:
    """In the next column; the resolution has changed before."""
    return frame._replace(left=f"{frame.left} (continued)", right=frame.right.rpartition(" → ")[2])
