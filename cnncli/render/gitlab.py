"""A document's checks as GitLab's Code Quality report: an issue for each that fails.

Its fields are those of https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cnncli.document.document import Check, Document
from cnncli.render.places import in_repository
from cnncli.words import visible


def write(document: Document) -> str:
    issues = [_issue(check) for check in document.checks() if not check.passed]
    return json.dumps(issues, indent=2, ensure_ascii=False) + "\n"


def _issue(check: Check) -> dict[str, Any]:
    """At the line that asks for the check; of an option's, at the beginning of what was checked."""
    path, line = check.place or (check.subject, 1)
    return {
        "description": visible(check.message),
        "check_name": visible(check.name),
        "fingerprint": hashlib.sha256(json.dumps([check.subject, check.name]).encode()).hexdigest(),
        "severity": "major",
        "location": {"path": visible(in_repository(path, "CI_PROJECT_DIR")), "lines": {"begin": line}},
    }
