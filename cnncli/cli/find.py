"""`cnncli find`: the networks that keep limits, among architectures with their options."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cnncli.cli import arguments as args
from cnncli.cli import complete, standard_input
from cnncli.cli.columns import Columns, column_options
from cnncli.cli.large import ROWS, Large, large_options, stream_rows, worked_out
from cnncli.cli.options import adding, option
from cnncli.cli.output import PICTURES, Report, report_options
from cnncli.errors import UsageError

if TYPE_CHECKING:
    from cnncli.models.reference import Model
    from cnncli.search.space import Space
    from cnncli.views.find import Finding

FEWEST = 10
"""Rows that a terminal is thought to have room for, however low it is."""
AROUND = 12
"""Lines of a terminal that the table's rows cannot have: its header and what is said below."""

OUTPUT = typer.Option(
    "--output",
    "-o",
    help="Draw the first figure of --pareto over the second to a .pdf, .png or .svg, with the front; or write the "
    "report.",
    metavar="FILE",
    autocompletion=complete.suffixes(*PICTURES),
    show_default=False,
)
Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL",
        help="Only these architectures, such as v2 or v3_large; with a flavor or options, as mobilenet_v2:alpha=0.5, "
        "just that network. - reads them from the standard input, one a line.",
        autocompletion=complete.reference,
        show_default=False,
    ),
]
_SPACE, _MOST, _LEAST = "Candidates", "At most", "At least"
_VALUES = "0.25,0.5,1; FROM..TO/STEP, as 0.25..1.4/0.05; or both"


class Chosen(NamedTuple):
    """The options that say which candidates there are, as they were typed."""

    options: Mapping[str, str]
    family: str | None
    year: str | None


def _space_options() -> list[inspect.Parameter]:
    def shown(help: str, metavar: str, values: object = None) -> object:
        return typer.Option(
            help=help, metavar=metavar, autocompletion=values, rich_help_panel=_SPACE, show_default=False  # type: ignore[arg-type]
        )  # fmt: skip

    alpha = shown(
        f"Width multipliers: {_VALUES}. Of the architectures that have one.", "VALUES", complete.option_values("alpha")
    )
    sizes = shown(
        "Inputs: 96,160x224, or FROM..TO/STEP, as 96..224/32.", "VALUES", complete.option_values("input_shape")
    )
    others = shown("Values of any other option, in the same way.", "KEY=VALUES", complete.setting)
    family = shown("Only these families, separated by commas.", "NAMES", complete.family)
    year = shown("Only architectures of these years: 2019, 2017..2019, 2019.. or ..2019.", "YEARS")
    found = {"alpha": alpha, "input_shape": sizes, "family": family, "year": year}
    return [
        *(option(name, Annotated[str | None, each], None) for name, each in found.items()),
        option("set", Annotated[list[str] | None, others], None),
    ]


def _space_chosen(
    set: Sequence[str] | None = None, family: str | None = None, year: str | None = None, **named: str | None
) -> Chosen:
    """Raises UsageError where KEY=VALUES has no `=`, or says otherwise than an option of that name."""
    given = {name: text for name, text in named.items() if text is not None}
    for written in set or ():
        key, equals, text = written.partition("=")
        if not equals:
            raise UsageError(f"--set {written}: expected KEY=VALUES")
        key = key.strip().lower().replace("-", "_")
        if given.get(key, text) != text:
            raise UsageError(f"--set {key}={text}: {key} is given twice: {given[key]} and {text}")
        given[key] = text
    return Chosen(given, family, year)


class Limits(NamedTuple):
    """Limits by the figure's name, as they were typed."""

    most: Mapping[str, str]
    least: Mapping[str, str]


def _limit_options() -> list[inspect.Parameter]:
    """Two options a figure."""
    from cnncli.analysis.metric import Unit
    from cnncli.search.figures import limited

    top1 = "Accuracy on ImageNet in percent, as somebody published it."
    told = {"top1": (top1, top1, "PERCENT")}
    for name, metric in limited().items():
        least = f"{metric.title}." if metric.unit is not Unit.PIXELS else f"{metric.title}, height and width."
        most = metric.limit.help if metric.budget else least
        told[name] = most, least, "BYTES" if metric.unit is Unit.BYTES else "COUNT"
    found = []
    for end, panel in (("max", _MOST), ("min", _LEAST)):
        for name, (most, least, metavar) in told.items():
            shown = typer.Option(
                help=most if end == "max" else least, metavar=metavar, rich_help_panel=panel, show_default=False
            )
            found.append(option(f"{end}_{name}".replace("-", "_"), Annotated[str | None, shown], None))
    return found


def _limits(**given: str | None) -> Limits:
    typed = {name.replace("_", "-"): text for name, text in given.items() if text is not None}
    return Limits(_begun("max-", typed), _begun("min-", typed))


def _begun(prefix: str, typed: Mapping[str, str]) -> Mapping[str, str]:
    return {name.removeprefix(prefix): text for name, text in typed.items() if name.startswith(prefix)}


def _columns() -> list[str]:
    from cnncli.views.found import column_keys

    return column_keys()


def _fronts(incomplete: str) -> list[str]:
    from cnncli.views.found import front_keys

    return complete.listed(front_keys())(incomplete)


@report_options(output=OUTPUT, pictures=True, besides=ROWS)
@adding("limits", _limit_options, _limits)
@adding("chosen", _space_options, _space_chosen)
@adding("large", large_options, Large)
@column_options(_columns)
def find(
    models: Names = None,
    *,
    dtype: args.DtypeOfFigures = None,
    pareto: Annotated[
        str | None,
        typer.Option(
            help="Mark the candidates that none beats in these figures, separated by commas (default top1,macs).",
            metavar="KEYS",
            autocompletion=_fronts,
            show_default=False,
        ),
    ] = None,
    top: Annotated[
        str | None,
        typer.Option(
            help="Only the first N; at a terminal as many as it shows, unless said.", metavar="N", show_default=False
        ),
    ] = None,
    columns: Columns,
    chosen: Chosen,
    limits: Limits,
    large: Large,
    report: Report,
) -> None:
    """Find networks under limits, the most accurate first: among the variants of all architectures that papers and
    published weights cover, or among those of the options given.

    Exit 0 where there are some, 1 where no candidate keeps all limits, as grep does; then it tells how many candidates
    each limit leaves, and which one comes nearest. A figure that is not known keeps no limit.

    Example: cnncli find --max-params 5M --max-macs 300M --max-tflite-bytes 6MB --dtype int8
    """
    from cnncli.search.figures import read_limits
    from cnncli.search.searching import Asked, search
    from cnncli.views.find import Finding, find_document
    from cnncli.views.found import read_shown

    kind = args.kind(dtype)
    drawn = report.picture()
    streamed = large.streamed(report, top=top, sort=columns.sort, pareto=pareto)
    if not streamed:
        report.check_target()
    if drawn:
        report = replace(report, output=None)
    rows = args.whole_number("--top", top) or (_screenful() if report.on_terminal and not streamed else None)
    shown = read_shown(kind, pareto, columns.shown, columns.sort, rows)
    held = read_limits(limits.most, limits.least, kind)
    space, remarks = _space(models or (), chosen, large.space)
    asked = Asked(shown.worked_out(held), held)
    engine = large.engine(asked, len(space))
    if streamed:
        stream_rows(space, asked, engine, streamed, force=report.force)
        return
    finding = Finding(search(asked, worked_out(space, asked, engine)), shown, remarks)
    if drawn and finding.ranked:
        _draw(finding, drawn, force=report.force)
    report.deliver(find_document(finding))
    if not finding.ranked:
        raise typer.Exit(1)


def _screenful() -> int:
    return max(FEWEST, shutil.get_terminal_size().lines - AROUND)


def _space(names: Sequence[str], chosen: Chosen, file: Path | None) -> tuple[Space, list[str]]:
    """The candidates, and what is said of those that are none. Raises UsageError where there are none."""
    if file is not None:
        from cnncli.search.spacefile import read_space

        if names or chosen.options or chosen.family is not None or chosen.year is not None:
            raise UsageError(f"--space {file} says what the candidates are: name no others")
        return read_space(file), []
    from cnncli.search.ranges import values
    from cnncli.search.space import spread
    from cnncli.views.find import remarks_of

    given = {name: values(_spelt(name), text) for name, text in chosen.options.items()}
    made = spread(_models(names, chosen), given)
    return made.space, remarks_of(made)


def _spelt(name: str) -> str:
    """An option as it is typed."""
    return f"--{name.replace('_', '-')}" if name in ("alpha", "input_shape") else f"--set {name}="


def _models(names: Sequence[str], chosen: Chosen) -> list[Model]:
    """The architectures that are searched: with the options that somebody published figures or weights of or, where
    options are given, with their defaults beside these.

    Raises UsageError where there are none.
    """
    from cnncli.network import Source, architectures, named, source_of, variants
    from cnncli.search.ranges import bounds

    given = [each for name in names for each in (standard_input.references() if name == "-" else [name])]
    for name in given:
        if source_of(name) is not Source.REGISTRY:
            raise UsageError(f"find chooses among the architectures that `cnncli list` shows, and {name} is none")
    every = [named(name) for name in given] if given else [variants(spec) for spec in architectures()]
    found = [each for some in every for each in (some[:1] if chosen.options else some)]
    if chosen.family is not None:
        from cnncli.views.list import Listing

        families = {spec.name for spec in Listing.of(chosen.family.split(","), None, None, None).specs}
        found = [model for model in found if model.spec.name in families]
    if chosen.year is not None:
        least, most = bounds("--year", chosen.year)
        found = [model for model in found if (least or 0) <= model.spec.year <= (most or 9999)]
    if not found:
        asked = [f"--family {chosen.family}" * bool(chosen.family), f"--year {chosen.year}" * bool(chosen.year)]
        raise UsageError(f"{' '.join(filter(None, asked))}: no architecture of those named is so")
    return found


def _draw(finding: Finding, path: Path, *, force: bool) -> None:
    from cnncli.draw.chart import write_chart
    from cnncli.render.progress import remark
    from cnncli.views.find_chart import MOST, find_chart

    chart = find_chart(finding)
    write_chart(chart, path, force=force)
    if len(finding.rows) > MOST:
        remark(f"{path}: {len(chart.points)} of {len(finding.rows)} are drawn, the front before the others")
