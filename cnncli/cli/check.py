"""`cnncli check`: a gate for pipelines."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cnncli.cli import arguments as args
from cnncli.cli.choice import Choice, brought, gate_options
from cnncli.cli.options import adding, option
from cnncli.cli.output import Report, check_file, report_options
from cnncli.cli.sparing import ChangedSince, SkipUnlimited, needed
from cnncli.document.prose import enumerated
from cnncli.errors import CheckFailed, UsageError
from cnncli.render.console import MANNER, note

if TYPE_CHECKING:
    from cnncli.analysis.check.budgets import Budgets, Config
    from cnncli.analysis.check.gate import Gate
    from cnncli.network import Network

PROJECT, SECTION = "pyproject.toml", ("tool", "cnncli")


def _budget_options() -> list[inspect.Parameter]:
    """An option for each figure that can be limited."""
    from cnncli.analysis.check.budgets import limited
    from cnncli.analysis.metric import Unit

    found = []
    for name, metric in limited().items():
        shown = typer.Option(
            help=metric.limit.help, metavar="BYTES" if metric.unit is Unit.BYTES else "COUNT",
            rich_help_panel="Budgets (for all models checked)", show_default=False,
        )  # fmt: skip
        found.append(option(name.replace("-", "_"), Annotated[str | None, shown], None))
    return found


def _limits(**limits: str | None) -> dict[str, str]:
    """The limits given, by their names."""
    return {name.replace("_", "-"): text for name, text in limits.items() if text is not None}


BudgetFile = Annotated[
    Path | None,
    typer.Option(
        help="TOML file of models and their budgets; else [tool.cnncli] of the nearest pyproject.toml.",
        metavar="FILE",
        show_default=False,
    ),
]
Baseline = Annotated[
    Path | None, typer.Option(help="Lock file that models must agree with.", metavar="FILE", show_default=False)
]
Tolerance = Annotated[
    str | None,
    typer.Option(
        help="How far costs may be from the lock file's, up or down, such as 1% (default 0%).",
        metavar="PERCENT",
        show_default=False,
    ),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="Fail where the structure is not the lock file's, also where costs have moved."),
]
WriteBaseline = Annotated[
    bool, typer.Option("--write-baseline", help="Write the lock file instead of checking against it.")
]


Uncounted = Annotated[
    bool,
    typer.Option("--allow-uncounted", help="Hold figures to limits by what is known, where layers cannot be counted."),
]


@gate_options
@report_options(checks=True)
@adding("limits", _budget_options, _limits)
def check(
    models: args.OptionalReferences = None,
    *,
    limits: Mapping[str, str],
    dtype: args.DtypeOfFigures = None,
    budget: BudgetFile = None,
    baseline: Baseline = None,
    tolerance: Tolerance = None,
    strict: Strict = False,
    write_baseline: WriteBaseline = False,
    allow_uncounted: Uncounted = False,
    changed_since: ChangedSince = None,
    skip_unlimited: SkipUnlimited = False,
    report: Report,
    choice: Choice,
) -> None:
    """Check networks against budgets and a lock file: exit 0 where all hold, 1 where some do not.

    Example: cnncli check mobilenet_v2 --max-params 4M --max-macs 310M
    """
    if not models and choice.made:
        raise UsageError("model options are for models named on the command line: name one")
    if write_baseline and (changed_since is not None or skip_unlimited):
        raise UsageError("--write-baseline writes what it is asked for: leave out --changed-since and --skip-unlimited")
    gate, path = _gate(_budgets(limits, args.kind(dtype)), budget, baseline, tolerance, strict, write_baseline)
    gate = replace(gate, uncounted=allow_uncounted)
    asking = [Path(each) for each in (gate.config.path, path) if each]
    asked = brought(models) if models else gate.references()
    checked, notes = needed(asked, gate, since=changed_since, skip=skip_unlimited, asking=asking)
    networks = choice.networks(checked, gate.settled) if checked else []
    _run(gate, networks, path if write_baseline else None, report, notes)


def _budgets(limits: Mapping[str, str], kind: str | None) -> Budgets:
    """The limits that options give. Raises UsageError for a kind of which nothing is limited."""
    from cnncli.analysis.check.budgets import differing, read_budget

    if kind and not limits.keys() & differing():
        raise UsageError(f"--dtype {kind} is for {enumerated([f'--{name}' for name in differing()])}: give one")
    return {name: read_budget(name, text, kind=kind) for name, text in limits.items()}


def _gate(
    flags: Budgets,
    budget: Path | None,
    baseline: Path | None,
    tolerance: str | None,
    strict: bool,
    writing: bool,
) -> tuple[Gate, Path | None]:
    """The gate that the options and files describe, and the lock file's path."""
    from cnncli.analysis.check.baseline import read_lock
    from cnncli.analysis.check.budgets import read_tolerance
    from cnncli.analysis.check.gate import Gate
    from cnncli.files import read_text

    config = _config(budget)
    path = baseline or (Path(config.baseline) if config.baseline else None)
    asking = {"--write-baseline": writing, "--tolerance": tolerance is not None, "--strict": strict}
    if path is None and any(asking.values()):
        raise UsageError(f"{next(filter(asking.get, asking))} needs a lock file: add --baseline FILE")
    margin = read_tolerance(tolerance) if tolerance is not None else config.tolerance or Fraction(0)
    if path and not writing and not path.exists():
        raise UsageError(f"there is no lock file {path}; `cnncli check --write-baseline` writes it")
    lock = read_lock(read_text(path), str(path)) if path and path.exists() else None
    return Gate(config, flags, lock, margin, writing, asked=baseline is not None, strict=strict), path


def _config(budget: Path | None) -> Config:
    """The budget file, or what the nearest pyproject.toml with a table for it says; its lock file's path is relative
    to it.
    """
    from cnncli.analysis.check.budgets import Config, read_config
    from cnncli.files import read_text

    places = ((path, str(path), ()) for path in (budget,)) if budget else _projects()
    for path, shown, section in places:
        config = read_config(read_text(path), shown, section)
        if config is not None:
            return replace(config, baseline=str(Path(shown).parent / config.baseline)) if config.baseline else config
    return Config()


def _projects() -> Iterator[tuple[Path, str, tuple[str, ...]]]:
    """The pyproject.toml files from here up to the root of the repository, if it is in one, as seen from here."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        path = folder / PROJECT
        if path.is_file():
            yield path, os.path.relpath(path), SECTION
        if (folder / ".git").exists():
            return


def _run(gate: Gate, networks: Sequence[Network], lock: Path | None, report: Report, notes: Sequence[str]) -> None:
    """Check, report, and write the lock file where all holds. Raises CheckFailed where something does not.

    `notes` are told once all could be read: what cannot be is one line alone.
    """
    from cnncli.analysis.check.baseline import lock_text
    from cnncli.analysis.compare.comparison import entry
    from cnncli.files import write_text
    from cnncli.views.check import check_document, outcome

    report.check_target()
    check_file(lock, force=report.force)
    entries = [entry(network) for network in {each.key: each for each in networks}.values()]
    verdicts = [verdict for each in entries for verdict in gate.verdicts(each)]
    for sentence in notes:
        note(f"cnncli: {sentence}")
    if verdicts or not lock:
        report.deliver(check_document(verdicts), silently=MANNER.quiet)
    if not all(verdict.passed for verdict in verdicts):
        said = [] if report.on_terminal and not MANNER.quiet else [outcome(verdicts)]
        if not (said or lock):
            raise typer.Exit(CheckFailed.exit_code)
        raise CheckFailed("; ".join([*said, *([f"{lock} is not written"] if lock else [])]))
    if lock:
        write_text(lock, lock_text(entries, gate.lock, lock.parent), force=report.force)
        written = [entry.reference for entry in entries]
        kept = len(set(gate.lock.models if gate.lock else ()) - {entry.network.key for entry in entries})
        others = f", and {kept} other{'s' if kept > 1 else ''} as before" if kept else ""
        note(f"cnncli: {lock} holds {', '.join(written)}{others}")
