"""A document's checks as JUnit's XML: a suite a subject, a case a check."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from cnncli.document.document import Check, Document
from cnncli.words import visible


def write(document: Document) -> str:
    checks = document.checks()
    root = ElementTree.Element("testsuites", _counts(document.title, checks))
    for subject, members in groupby(checks, key=lambda check: check.subject):
        own = list(members)
        suite = ElementTree.SubElement(root, "testsuite", _counts(subject, own))
        for check in own:
            case = ElementTree.SubElement(suite, "testcase", _shown(classname=subject, name=check.name))
            if not check.passed:
                ElementTree.SubElement(case, "failure", _shown(message=check.message))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _counts(name: str, checks: Sequence[Check]) -> dict[str, str]:
    failures = sum(not check.passed for check in checks)
    return _shown(name=name, tests=str(len(checks)), failures=str(failures), errors="0")


def _shown(**attributes: str) -> dict[str, str]:
    return {name: visible(text) for name, text in attributes.items()}
