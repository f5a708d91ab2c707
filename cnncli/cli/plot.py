"""`cnncli plot`: a network as a picture."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.cli.choice import Choice, model_options
from cnncli.cli.options import adding, option
from cnncli.cli.output import FORCE
from cnncli.cli.printing import Printing, printing, printing_options
from cnncli.errors import UsageError
from cnncli.written import read_whole

_LOOK = "Appearance"
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="Draw to this .pdf, .png, .svg, .eps or .tex (TikZ), or a page for a browser, .html; or write Graphviz's "
        ".dot, or to `-` for the standard output.",
        metavar="FILE",
        autocompletion=complete.suffixes(".pdf", ".png", ".svg", ".eps", ".tex", ".html", ".dot"),
        show_default=False,
    ),
]

Detail = Annotated[
    Literal["stage", "block", "layer"] | None,
    typer.Option(
        help="What a box stands for (default block; of several networks, and with --volumes, stage): blocks alike in a "
        "row share one.",
        show_default=False,
    ),
]
Direction = Annotated[
    Literal["TB", "LR"] | None,
    typer.Option(
        help="Columns from top to bottom, or rows from left to right (default TB; in print what fits best).",
        show_default=False,
    ),
]
Dpi = Annotated[
    str | None,
    typer.Option(
        help="Pixels per inch of a PNG (default 144; 300 in a paper).",
        metavar="N",
        rich_help_panel=_LOOK,
        show_default=False,
    ),
]
Volumes = Annotated[
    bool, typer.Option("--volumes", help="Feature maps as solids to scale, as lectures show them, instead of boxes.")
]
Scope = Annotated[
    str | None,
    typer.Option(
        help="One block, stage or other scope alone, as stage2.block2: its layers, of a stage its blocks.",
        metavar="NAME",
        autocompletion=complete.scope,
        show_default=False,
    ),
]
Fuse = Annotated[
    bool, typer.Option("--fuse", help="Layers: padding, batch norm and activation in their convolution's box.")
]
Theme = Annotated[
    Literal["light", "dark", "mono"], typer.Option(help="Colours; mono is for black ink.", rich_help_panel=_LOOK)
]
Anatomy = Annotated[
    bool, typer.Option("--anatomy", help="The network by stages, and each kind of block once with its layers.")
]
Columns = Annotated[
    str, typer.Option(help="Fold the chain into N columns; auto: as fit a sheet of paper best.", metavar="N|auto")
]
Layout = Annotated[
    Literal["fixed", "free"],
    typer.Option(help="free: DOT without places and sizes, to be laid out by a Graphviz of your own."),
]
Label = Annotated[
    str | None,
    typer.Option(
        help=r"What a box says, such as '{label}\n{output_shape}, {params:,} params'.",
        metavar="TEMPLATE",
        rich_help_panel=_LOOK,
        show_default=False,
    ),
]


def _heat_options() -> list[inspect.Parameter]:
    from cnncli.analysis.metric import Place
    from cnncli.analysis.metrics import metrics
    from cnncli.document.prose import enumerated

    told = metrics(Place.HEAT, additive=True)
    known: Any = Literal
    shown = typer.Option(
        help=f"Shade boxes by their share of the {enumerated([each.words for each in told], 'or of the')}.",
        rich_help_panel=_LOOK, show_default=False,
    )  # fmt: skip
    return [option("heat", Annotated[known[tuple(each.key for each in told)] | None, shown], None)]


def _heat(heat: str | None) -> str | None:
    return heat


@model_options
@adding("heat", _heat_options, _heat)
@adding("pages", printing_options, printing)
def plot(
    models: args.References,
    output: Output = None,
    detail: Detail = None,
    scope: Scope = None,
    anatomy: Anatomy = False,
    fuse: Fuse = False,
    columns: Columns = "auto",
    direction: Direction = None,
    volumes: Volumes = False,
    layout: Layout = "fixed",
    theme: Theme = "light",
    *,
    heat: str | None,
    label: Label = None,
    dpi: Dpi = None,
    force: FORCE = False,
    pages: Printing,
    choice: Choice,
) -> None:
    """Draw a network, or several side by side, as PDF, PNG, SVG, EPS, TikZ, HTML or DOT, by the suffix of -o.

    `-o -` prints the DOT.

    Example: cnncli plot efficientnet_b0 -o b0.pdf --detail layer
    """
    from cnncli.draw.formats import LEAST_DPI
    from cnncli.render.progress import remark
    from cnncli.views.composed import options_for
    from cnncli.views.plot import plot_to

    count, pixels = _column_count(columns), args.whole_number("--dpi", dpi, LEAST_DPI, 2400)
    networks = choice.networks(models)
    options = options_for(
        networks, output, detail=detail, direction=direction, scope=scope, anatomy=anatomy, volumes=volumes,
        fuse=fuse, columns=count, theme=theme, heat=heat, label=label, layout=layout,
        **pages._asdict(),
    )  # fmt: skip
    page = plot_to(output, networks, options, pixels, force=force)
    if page:
        remark(page)


def _column_count(text: str) -> int | None:
    """`auto` as None. Raises UsageError for what is no whole number; the diagram does for 0."""
    if text.lower() == "auto":
        return None
    number = read_whole(text)
    if number is None:
        raise UsageError(f"--columns {text}: expected auto or a whole number of at least 1")
    return number
