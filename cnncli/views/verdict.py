"""The report of `check`: a table, JSON, JUnit XML, Markdown for a pull request, GitHub's annotations."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from cnncli.analysis.check.baseline import short_hash
from cnncli.analysis.check.budgets import Verdict
from cnncli.document.numbers import grouped
from cnncli.document.table import Column, Heading, Table, to_markdown, to_text
from cnncli.views.data import SCHEMA_VERSION, to_json
from cnncli.words import visible

PASSED, FAILED = "✓ pass", "✗ FAIL"


def verdict_text(verdicts: Sequence[Verdict], how: str) -> str:
    """The verdicts as `table`, `json`, `junit`, `markdown` or `github`."""
    writers = {"table": _table, "json": _json, "junit": _junit, "markdown": _markdown, "github": _github}
    return visible(writers[how](verdicts), "\n") if how in ("junit", "github") else writers[how](verdicts)


def outcome(verdicts: Sequence[Verdict]) -> str:
    """`2 of 7 checks fail: efficientnet_b0 max-params, ...`."""
    failed = [f"{verdict.model} {verdict.check}" for verdict in verdicts if not verdict.passed]
    count = f"{len(verdicts)} check{'s' if len(verdicts) != 1 else ''}"
    if not failed:
        return f"{count}, all pass"
    return f"{len(failed)} of {count} fail{'s' if len(failed) == 1 else ''}: {', '.join(failed)}"


def _report(verdicts: Sequence[Verdict]) -> Table:
    rows: list[Verdict | Heading] = []
    for model, members in groupby(verdicts, key=lambda verdict: verdict.model):
        rows += [Heading({"check": model}), *members]
    return Table(
        [
            Column("check", "Check", lambda verdict: verdict.check),
            Column("allowed", "Allowed", lambda verdict: verdict.allowed, right=True),
            Column("value", "Is", lambda verdict: verdict.value, right=True, text=_value),
            Column("used", "Uses", lambda verdict: verdict.used, right=True),
            Column("verdict", "Verdict", lambda verdict: PASSED if verdict.passed else FAILED),
        ],
        rows,
        notes=[outcome(verdicts)],
        styles=lambda row: "" if isinstance(row, Heading) or row.passed else "bold red",
    )


def _value(value: int | str) -> str:
    return short_hash(value) if isinstance(value, str) else grouped(value)


def _table(verdicts: Sequence[Verdict]) -> str:
    return to_text(_report(verdicts))


def _markdown(verdicts: Sequence[Verdict]) -> str:
    return f"### cnncli check: {outcome(verdicts)}\n\n" + to_markdown(_report(verdicts)).rpartition("\n\n")[0] + "\n"


def _json(verdicts: Sequence[Verdict]) -> str:
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "passed": all(verdict.passed for verdict in verdicts),
            "checks": [_data(verdict) for verdict in verdicts],
        }
    )


def _data(verdict: Verdict) -> dict[str, Any]:
    return {**verdict.__dict__, "place": verdict.place and verdict.place._asdict()}


def _junit(verdicts: Sequence[Verdict]) -> str:
    """A test suite a model, a test case a check."""
    from xml.etree import ElementTree

    root = ElementTree.Element("testsuites", _counts("cnncli check", verdicts))
    for model, members in groupby(verdicts, key=lambda verdict: verdict.model):
        checks = list(members)
        suite = ElementTree.SubElement(root, "testsuite", _counts(model, checks))
        for verdict in checks:
            case = ElementTree.SubElement(suite, "testcase", {"classname": model, "name": verdict.check})
            if not verdict.passed:
                ElementTree.SubElement(case, "failure", {"message": verdict.message})
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _counts(name: str, verdicts: Sequence[Verdict]) -> dict[str, str]:
    failures = sum(not verdict.passed for verdict in verdicts)
    return {"name": name, "tests": str(len(verdicts)), "failures": str(failures), "errors": "0"}


def _github(verdicts: Sequence[Verdict]) -> str:
    """Workflow commands: an error for each check that fails, at the line that asks for it, else one notice."""
    return "".join(f"{line}\n" for line in _annotations(verdicts))


def _annotations(verdicts: Sequence[Verdict]) -> Iterator[str]:
    failed = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in failed:
        place = (
            f",file={_property(_in_repository(verdict.place.path))},line={verdict.place.line}" if verdict.place else ""
        )
        title = _property(f"{verdict.model} {verdict.check}")
        yield f"::error title={title}{place}::{_escaped(verdict.message)}"
    if not failed:
        yield f"::notice title=cnncli check::{_escaped(outcome(verdicts))}"


def _in_repository(path: str) -> str:
    """The path as annotations take it: from the repository's root, where a workflow says which that is."""
    root = os.environ.get("GITHUB_WORKSPACE")
    within = os.path.relpath(path, root) if root else path
    return path if within.startswith("..") else within


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
