"""`cnncli compare`: which network, and why it differs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete
from cnncli.errors import UsageError

if TYPE_CHECKING:
    from cnncli.models.reference import Model

CHARTS = (".pdf", ".png", ".svg")
UNDRAWN = (".bmp", ".eps", ".gif", ".jpeg", ".jpg", ".ps", ".tif", ".tiff", ".webp")
"""Pictures of other kinds: nobody means a table by such a name."""


def compare(
    models: args.References,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="Compare with this model instead of the first.",
            metavar="MODEL",
            autocompletion=complete.reference,
            show_default=False,
        ),
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what changes, block by block.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Share the growth out among the options that differ.")
    ] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 where the networks differ.")] = False,
    format: args.ReportFormat = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Draw parameters against MACs to a .pdf, .png or .svg; or write the report to any other file.",
            metavar="FILE",
            autocompletion=complete.suffixes(*CHARTS),
            show_default=False,
        ),
    ] = None,
    force: args.Force = False,
    flavor: args.Flavor = None,
    alpha: args.Alpha = None,
    input_shape: args.InputShape = None,
    classes: args.Classes = None,
    include_top: args.IncludeTop = None,
    set: args.Set = None,
) -> None:
    """Compare networks: totals and stages side by side, what changes, and why the costs differ.

    Example: cnncli compare b0 b4 --explain
    """
    from cnncli.analysis.compare.comparison import entry, identical
    from cnncli.cli.output import deliver
    from cnncli.files import check_target, is_stream
    from cnncli.views.compare import comparison_text

    options = args.overrides(alpha, input_shape, classes, include_top, set)
    found = args.resolve_all(models, options, flavor)
    if baseline is not None:
        found = _led_by(args.resolve(baseline, options, flavor), found)
    if len(found) < 2:
        raise UsageError(f"compare takes two models or more, was given only {found[0].reference}")
    if output and str(output) != "-" and not is_stream(output):
        if output.suffix.lower() in UNDRAWN:
            raise UsageError(f"{output}: cannot draw {output.suffix}; use {', '.join(CHARTS[:-1])} or {CHARTS[-1]}")
        check_target(output, force=force)
    entries = [entry(model) for model in found]
    for each in entries:
        args.warn(each.graph.warnings)
    text = comparison_text(entries, args.how(format, output), diff, explain)
    if output and output.suffix.lower() in CHARTS:
        from cnncli.draw.chart import write_chart
        from cnncli.views.chart import chart

        write_chart(chart(entries), output, force=force)
        output = None
    deliver(text, output, force=force)
    if exit_code and not all(identical(entries[0], each) for each in entries):
        raise typer.Exit(1)


def _led_by(base: Model, models: Sequence[Model]) -> list[Model]:
    """The baseline first, whether it is one of the models or not."""
    references = [model.reference for model in models]
    place = references.index(base.reference) if base.reference in references else len(models)
    return [base, *models[:place], *models[place + 1 :]]
