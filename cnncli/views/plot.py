"""`plot` from a model to a file: its heading, its diagram, and the kind of file that the suffix asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from cnncli.analysis.metrics import Totals
from cnncli.diagram import FACTS_APART, Diagram, Heading, Options, as_dot, as_free_dot, as_picture, diagram
from cnncli.document.numbers import grouped, scaled, shape
from cnncli.document.prose import enumerated
from cnncli.draw.canvas import easel, write_picture
from cnncli.draw.formats import DEFAULT_DPI, PAGE, POINTS, TEXTS, check_format
from cnncli.draw.shapes import Picture
from cnncli.errors import UsageError
from cnncli.files import check_target, write_text
from cnncli.graph import Graph
from cnncli.network import Network
from cnncli.render.console import emit
from cnncli.views.composed import check_composed
from cnncli.views.origin import kind, lineage, shortly

CENTIMETRES = 2.54
"""To an inch."""


class Drawing(NamedTuple):
    """A plot: its picture, what is told of its page besides the size, and how it is written as DOT, if it can be."""

    picture: Picture
    note: str = ""
    dot: Callable[[], str] | None = None


def plot_to(
    output: Path | None, networks: Sequence[Network], options: Options, dpi: int | None, *, force: bool
) -> str | None:
    """Draw into a file, or as DOT to the standard output for `-`; the renderer is loaded only for a picture.

    Returns how large the page is, in words, where it is a file with a page.

    Raises UsageError without a file, for a suffix or an option that cannot be drawn, or a picture too large for its
    kind of file; MachineError where there is no renderer; else as files.replacing.
    """
    if options.fuse and options.detail != "layer" and not options.anatomy:
        raise UsageError(f"--fuse folds layers into each other; it goes with --detail layer, not {options.detail}")
    if output is None:
        raise UsageError(
            f"name the picture: -o {networks[0].name}.pdf (or .png, .svg, .eps, .tex, .html, .dot), "
            "or -o - for DOT on the standard output"
        )
    suffix, printed = check_format(output, dpi), str(output) == "-"
    if options.target:
        _check_target(suffix, options)
    if options.layout == "free":
        _check_free(suffix, options)
    if not printed:
        check_target(output, force=force)
    if suffix == PAGE:
        from cnncli.views.plot_page import write_page

        return write_page(output, networks, options, force=force)
    if suffix in TEXTS:
        return _write_dot(None if printed else output, drawing(networks, options), options, force=force)
    dpi = dpi or (options.target and options.target.dpi) or DEFAULT_DPI
    with easel(output) as pen:
        drawn = drawing(networks, options)
        write_picture(drawn.picture, output, dpi, pen, force=force)
    return f"{output}: {page(drawn, dpi if suffix == '.png' else None)}"


def drawing(networks: Sequence[Network], options: Options) -> Drawing:
    """What the options ask for, in any format; what is drawn more seldom is loaded only where it is.

    Raises UsageError for what they cannot ask for together.
    """
    check_composed(networks, options)
    if len(networks) > 1:
        headed = [(each.graph, heading(each, options.costs)) for each in shortly(networks)]
        return _of_several(headed, options)
    network = networks[0]
    graph, told = network.graph, heading(network, options.costs)
    if options.anatomy:
        from cnncli.diagram.composed.anatomy import anatomy

        return Drawing(anatomy(graph, told, options))
    if options.scope is not None:
        from cnncli.views.scope import scoped

        graph, told, options = scoped(network, options)
    if options.volumes:
        from cnncli.views.volumes import volume_drawing

        return Drawing(*volume_drawing(graph, told, options))
    drawn = diagram(graph, told, options)
    dot = as_free_dot if options.layout == "free" else as_dot
    return Drawing(as_picture(drawn), _arranged(drawn), lambda: dot(drawn))


def _of_several(headed: Sequence[tuple[Graph, Heading]], options: Options) -> Drawing:
    """For print also what was left out so that it fits."""
    from cnncli.diagram.composed.printed import several_printed
    from cnncli.diagram.composed.several import several

    if not options.target:
        return Drawing(several(headed, options), f"{len(headed)} networks")
    picture, left_out = several_printed(headed, options, options.target)
    without = f", without {enumerated(left_out)}, for want of room" if left_out else ""
    return Drawing(picture, f"{len(headed)} networks{without}")


def _arranged(drawn: Diagram) -> str:
    """`3 columns`; for print also what was chosen and left out so that it fits."""
    count, side = drawn.sheet.columns, "column" if drawn.direction == "TB" else "row"
    note = f"{count} {side}{'' if count == 1 else 's'}"
    chosen = f", by {drawn.detail}" if drawn.measures.brief else ""
    return note + chosen + (f", without {enumerated(drawn.left_out)}, for want of room" if drawn.left_out else "")


def _write_dot(output: Path | None, drawn: Drawing, options: Options, *, force: bool) -> str | None:
    """To a file, or without one to the standard output."""
    if drawn.dot is None:
        raise UsageError("DOT is for the boxes and links of one diagram; use .pdf, .png or .svg")
    if output is None:
        emit(drawn.dot())
        return None
    write_text(output, drawn.dot(), force=force)
    return None if options.layout == "free" else f"{output}: {page(drawn, None)}"


def page(drawn: Drawing, dpi: int | None) -> str:
    """`30 x 42 cm, 3 columns`; of a picture of pixels their number besides."""
    sizes = drawn.picture.width, drawn.picture.height
    pixels = "" if dpi is None else f" ({' x '.join(f'{size * dpi / POINTS:,.0f}' for size in sizes)} pixels)"
    return f"{' x '.join(map(_centimetres, sizes))} cm{pixels}{f', {drawn.note}' if drawn.note else ''}"


def _centimetres(points: float) -> str:
    length = points / POINTS * CENTIMETRES
    return f"{length:.0f}" if length >= 10 else f"{length:.1f}"


def _check_target(suffix: str, options: Options) -> None:
    """Raise UsageError for a picture that is no diagram on a page."""
    if suffix == PAGE:
        raise UsageError("--for and --width say where a picture is printed; an .html page is for a browser")
    if options.layout == "free":
        raise UsageError("--for and --width say how large all is; --layout free leaves it to Graphviz")
    if options.anatomy:
        raise UsageError("--for and --width are for diagrams, volumes and several networks, not for --anatomy")


def _check_free(suffix: str, options: Options) -> None:
    if suffix not in TEXTS:
        raise UsageError(f"--layout free leaves the places to Graphviz; it goes with .dot, .gv or -, not {suffix}")
    if options.columns is not None:
        raise UsageError(f"--columns {options.columns}: --layout free leaves the places to Graphviz")


def heading(network: Network, costs: bool = True) -> Heading:
    """Whose picture it is, in which variant, and what it adds up to; without costs only its size."""
    found, about = Totals(network.graph), network.about
    variant = lineage(network) or [kind(network)]
    variant += [f"{name} {text}" for name, text in about.given.items()] if about else []
    counts = [
        f"{scaled(found.params)} parameters ({grouped(found.params)})",
        f"{scaled(found.macs)} MACs",
        f"{scaled(found.flops)} FLOPs",
    ]
    sums = [
        *(counts if costs else []),
        f"{grouped(found.layers)} layers",
        *(f"input {shape(node.shape)}" for node in network.graph.inputs),
    ]
    return Heading(network.name, (", ".join(variant), FACTS_APART.join(sums)))
