"""`cnncli verify`: published figures held against the computed ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cnncli.cli import complete
from cnncli.cli.output import Report, report_options
from cnncli.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from cnncli.analysis.published import Claim, Verdict
    from cnncli.models.reference import Model

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL",
        help="Figures of this architecture and its variants, such as mobilenet_v2; with options of that variant, as "
        "mobilenet_v2:alpha=0.5; of a flavor those of its own. - reads them from the standard input, one a line.",
        autocompletion=complete.reference,
        show_default=False,
    ),
]
Only = Annotated[
    str | None,
    typer.Option(
        help="Show only figures of these verdicts, separated by commas: agrees, cut, erratum, differs.",
        metavar="VERDICTS",
        autocompletion=complete.verdicts,
        show_default=False,
    ),
]


@report_options(checks=True)
def verify(models: Models = None, *, only: Only = None, report: Report) -> None:
    """Hold the figures that papers and libraries publish against those computed here: exit 1 where one is another and
    nobody says why.

    A figure agrees where the computed one rounds to it, to the digits that were given: at most half a unit of the last
    lies between them. Where the computed one begins with its digits instead, they are cut. Any other needs an erratum:
    a known reason, which is told. Params are those that the source counts. Accuracies cannot be computed, and are not
    checked.

    Example: cnncli verify mobilenet_v2:alpha=1.4
    """
    from cnncli.views.verify import differing, outcome, verify_document

    chosen = _verdicts(only)
    report.check_target()
    claims = list(_claims(models or ()))
    report.deliver(verify_document(claims, chosen))
    if differing(claims):
        raise CheckFailed(outcome(claims))


def _verdicts(only: str | None) -> list[Verdict]:
    """What --only names, or all. Raises UsageError for another word."""
    from cnncli.analysis.published import Verdict

    known = {verdict.name.lower(): verdict for verdict in Verdict}
    words = [*known] if only is None else [word.strip().lower() for word in only.split(",")]
    for word in words:
        if word not in known:
            raise UsageError(f"--only {word}: expected {', '.join(known)}")
    return [known[word] for word in words]


def _claims(references: Sequence[str]) -> Iterator[Claim]:
    """Of the networks named, or of all. Raises UsageError for one of which no figure was published."""
    from cnncli.analysis.published import claims
    from cnncli.network import architectures, variants

    if not references:
        for spec in architectures():
            yield from claims(variants(spec)[0])
    for model in _models(references):
        found = list(claims(model))
        if not found:
            raise UsageError(f"{model.reference}: no figures of it are published; `cnncli list FAMILY` shows which are")
        yield from found


def _models(references: Sequence[str]) -> Iterator[Model]:
    """`-` stands for those on the standard input. Raises UsageError for references to what is no architecture."""
    from cnncli.cli import standard_input
    from cnncli.cli.choice import Choice

    for reference in references:
        for each in standard_input.references() if reference == "-" else [reference]:
            model = Choice().architecture(each, "verify").model
            if model:
                yield model
