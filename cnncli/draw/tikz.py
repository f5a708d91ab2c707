"""A picture as TikZ: a LaTeX document of its own, which within another one is the picture alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from cnncli.draw.geometry import Point, Rect, number, rounded
from cnncli.draw.shapes import DASH, GAP, OUTLINE, Area, Box, Circle, Group, Path, Picture, Shape, Text, arrow
from cnncli.draw.tex import written
from cnncli.draw.text import width
from cnncli.words import visible

# Only packages that each LaTeX has, but for TikZ; fix-cm has Computer Modern in any size. Where LaTeX has begun a
# document, \@nodocument, its complaint of text before that, means nothing. The page is shipped out as it is: LaTeX's
# own output has no lengths as large as TeX has.
BEGINNING = r"""% {title}, drawn by cnncli.
% A document of its own; in another one, whose preamble says \usepackage{{tikz}}, \input this file.
\expandafter\ifx\csname @nodocument\endcsname\relax
  \let\endofpicture\relax
\else
  \RequirePackage{{fix-cm}}
  \documentclass{{article}}
  \usepackage{{tikz}}
  \newbox\wholepage
  \def\endofpicture{{\egroup\hoffset=-1in \voffset=-1in
    \ifdefined\pagewidth \let\pdfpagewidth\pagewidth \let\pdfpageheight\pageheight \fi
    \pdfpagewidth=\wd\wholepage \pdfpageheight=\ht\wholepage
    \shipout\box\wholepage \end{{document}}}}
  \begin{{document}}
  \setbox\wholepage=\hbox\bgroup
\fi
\begin{{tikzpicture}}[x=1bp, y=1bp, line width={outline}bp, dashed/.style={{dash pattern=on {dash}bp off {gap}bp}}]
% Words left or right of a point or around it, of a colour and a size, and at most as wide as they were measured.
\def\words#1(#2,#3)#4#5#6#7{{\pgftext[#1,base,x=#2bp,y=#3bp]{{%
  \sffamily\fontsize{{#5bp}}{{#5bp}}\selectfont\color{{#4}}\setbox0=\hbox{{#7}}%
  \ifdim\wd0>#6bp \resizebox{{#6bp}}{{!}}{{\box0}}\else\box0\fi}}}}
"""
ENDING = r"""\end{tikzpicture}%
\endofpicture
"""
SIDES = {"start": "left", "middle": "center", "end": "right"}
LONGEST = 200
"""Characters of a comment."""


def document(picture: Picture) -> str:
    """The file."""
    width, height = number(picture.width), number(picture.height)
    beginning = BEGINNING.format(
        title=_comment(picture.title), width=width, height=height, outline=OUTLINE, dash=DASH, gap=GAP
    )
    writer = _Writer(picture.height)
    drawn = list(writer.lines([Box(Rect(0, 0, picture.width, picture.height), picture.ground), *picture.shapes]))
    page = rf"\path[use as bounding box] (0,0) rectangle ({width},{height});"
    return "\n".join([beginning.rstrip(), *writer.colours(), page, *drawn, ENDING])


class _Writer:
    """Writes shapes, and knows the colours that it wrote."""

    def __init__(self, height: float) -> None:
        self.height = height
        self.used: dict[str, str] = {}

    def colours(self) -> Iterator[str]:
        for colour, name in self.used.items():
            yield rf"\definecolor{{{name}}}{{HTML}}{{{colour.removeprefix('#').upper()}}}"

    def lines(self, shapes: Iterable[Shape]) -> Iterator[str]:
        for shape in shapes:
            match shape:
                case Box():
                    yield from self.box(shape)
                case Circle():
                    look = self.look(shape.fill, shape.border, *_outline(shape.outline))
                    yield f"{look} {self.place(shape.center)} circle[radius={number(shape.radius)}bp];"
                case Text():
                    yield from self.text(shape)
                case Path():
                    yield from self.path(shape)
                case Area():
                    yield self.area(shape)
                case Group():
                    yield f"% {_comment(shape.name)}"
                    yield from self.lines(shape.shapes)

    def look(self, fill: str, border: str, *more: str) -> str:
        """What is done to a path that follows."""
        if fill and border:
            command, told = "filldraw", f"fill={self.colour(fill)}, draw={self.colour(border)}"
        else:
            command, told = "fill" if fill else "draw" if border else "path", self.colour(fill or border)
        return rf"\{command}[{', '.join(filter(None, [told, *more]))}]"

    def colour(self, colour: str) -> str:
        return self.used.setdefault(colour, f"c{colour.removeprefix('#').upper()}") if colour else ""

    def box(self, box: Box) -> Iterator[str]:
        fill, rect = box.fill, box.rect
        if not isinstance(fill, str):
            yield from self.scale(rect, fill)
            fill = ""
        round_ = [f"rounded corners={number(box.radius)}bp"] if box.radius else []
        more = [*round_, *["dashed"] * box.dashed, *(_outline(box.outline) if box.border else [])]
        yield f"{self.look(fill, box.border, *more)} {self.rectangle(rect)};"

    def scale(self, rect: Rect, colours: Sequence[str]) -> Iterator[str]:
        """Colours that pass into each other two by two, in tenths; each reaches to the right end, under the next."""
        steps = 10 * (len(colours) - 1)
        for pair, (one, other) in enumerate(pairwise(colours)):
            bottom, top = (number(self.height - y) for y in (rect.bottom, rect.top))
            left = f"{number(rect.left + rect.width * 10 * pair / steps)}+{number(rect.width / steps, 4)}*\\s"
            yield (
                rf"\foreach \s in {{0,...,9}} \fill[{self.colour(other)}!\s0!{self.colour(one)}] "
                rf"({left},{bottom}) rectangle ({number(rect.right)},{top});"
            )

    def text(self, text: Text) -> Iterator[str]:
        if not text.text.strip():
            return
        words = written(text.text)
        look = [
            self.colour(text.colour),
            number(text.size),
            number(width(visible(text.text), text.size, text.bold)),
            rf"\bfseries {words}" if text.bold else words,
        ]
        yield rf"\words {SIDES[text.anchor]}{self.place(text.place)}{''.join(f'{{{each}}}' for each in look)}"

    def path(self, path: Path) -> Iterator[str]:
        line, head = arrow(path)
        more = [f"line width={number(path.width)}bp"]
        cuts = [abs(corner.x - enter.x) + abs(corner.y - enter.y) for enter, corner, _ in rounded(line, path.radius)]
        if radius := min(cuts, default=0):
            more.append(f"rounded corners={number(radius)}bp")
        yield f"{self.look('', path.colour, *more)} {self.way(line)};"
        if head:
            yield f"{self.look(path.colour, '')} {self.way(head)} -- cycle;"

    def area(self, area: Area) -> str:
        border = area.border if area.width else ""
        more = _outline(area.width) if border else []
        return f"{self.look(area.fill, border, *more)} {self.way(area.corners)} -- cycle;"

    def way(self, points: Iterable[Point]) -> str:
        return " -- ".join(map(self.place, points))

    def rectangle(self, rect: Rect) -> str:
        return f"{self.place(Point(rect.left, rect.bottom))} rectangle {self.place(Point(rect.right, rect.top))}"

    def place(self, point: Point) -> str:
        return f"({number(point.x)},{number(self.height - point.y)})"


def _outline(width: float) -> list[str]:
    """Nothing for the usual one."""
    return [] if width == OUTLINE else [f"line width={number(width)}bp"]


def _comment(text: str) -> str:
    return visible(text)[:LONGEST].encode("ascii", "backslashreplace").decode()
