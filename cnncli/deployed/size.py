"""How large the file of a plan is."""

from __future__ import annotations

from typing import Any

from cnncli.amounts import UNKNOWN, total
from cnncli.deployed.plan import Plan


def file_bytes(plan: Plan) -> Any:
    """The bytes of the constants; AtLeast or UNKNOWN where some layer's operations are."""
    if plan.file_bytes is not None:
        return plan.file_bytes
    return total([*(constant.bytes for constant in plan.constants), *(UNKNOWN for _ in plan.uncounted[:1])])
