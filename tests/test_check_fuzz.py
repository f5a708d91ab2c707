"""Whatever `compare` and `check` are given, by arguments or files, the answer is a result or one line."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_fuzz import near_references, references

from cnncli.analysis.budgets import KINDS
from cnncli.cli.app import main

QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
amounts = st.one_of(
    st.integers(-1, 10**9).map(str),
    st.builds(
        lambda number, unit: f"{number}{unit}", st.integers(0, 999), st.sampled_from(["M", "MB", "KiB", "m", "%"])
    ),
    st.text(max_size=6),
)
toml_values = st.one_of(
    amounts.map(lambda text: f'"{text}"'), st.integers().map(str), st.sampled_from(["true", "[]", "1.5", "{}"])
)
toml_models = st.sampled_from(["v2", "b0", "b0:classes=10", "b9", "", "v2@article"])
toml_keys = st.sampled_from([*KINDS, "tolerance", "baseline", "max_params"])
toml_lines = st.one_of(
    st.builds('[budgets."{}"]'.format, toml_models),
    st.builds("{} = {}".format, toml_keys, toml_values),
    st.text(max_size=12),
)


def answer(*arguments: str) -> tuple[int, str, str]:
    out, err, code = io.StringIO(), io.StringIO(), None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main(arguments)
    except SystemExit as ended:
        code = ended.code
    assert isinstance(code, int)
    return code, out.getvalue(), err.getvalue()


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(near_references, near_references, st.sampled_from(["table", "json", "markdown"]))
def test_compare_never_gives_a_traceback(one: str, other: str, how: str) -> None:
    code, out, err = answer("compare", "--diff", "--explain", "--format", how, "--", one, other)
    assert code in {0, 2}, (one, other, err)
    assert out or len(err.splitlines()) == 1, (one, other, err)


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(references, st.sampled_from(list(KINDS)), amounts)
def test_check_never_gives_a_traceback(reference: str, kind: str, amount: str) -> None:
    code, out, err = answer("check", f"--{kind}={amount}", "--", reference)
    assert code in {0, 1, 2}, (reference, amount, err)
    assert out or len(err.splitlines()) == 1, (reference, amount, err)


@pytest.mark.parametrize("what", ["--budget", "--baseline"])
@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(lines=st.lists(toml_lines, max_size=4))
def test_no_file_gives_a_traceback(tmp_path: Path, what: str, lines: list[str]) -> None:
    path = tmp_path / "file"
    path.write_text("\n".join(lines), encoding="utf-8")
    code, out, err = answer("check", what, str(path))
    assert code in {0, 1, 2}, (lines, err)
    assert out or len(err.splitlines()) == 1, (lines, err)
