"""Whatever is typed, the answer is a result or one line: never a traceback."""

from __future__ import annotations

import contextlib
import io
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnncli.cli.app import main
from cnncli.models.options import OPTIONS
from cnncli.models.registry import MODELS

names = st.sampled_from([name for spec in MODELS for name in (spec.name, *spec.aliases)])
flavors = st.sampled_from(["", "@keras", "@article", "@", "@other"])
numbers = st.one_of(
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(["0", "1e999", "-1", "0.001", "999999999999", "1_0", "٣"]),
)
shapes = st.lists(st.integers(-1, 300).map(str), min_size=1, max_size=4).map("x".join)
values = st.one_of(numbers, shapes, st.sampled_from(["true", "no", "avg", "none", "softmax", ""]), st.text(max_size=8))
pairs = st.tuples(st.sampled_from([*OPTIONS, "alfa", "", "include-top"]), values).map("=".join)
near_references = st.builds(
    lambda name, flavor, options: name + flavor + (":" + ",".join(options) if options else ""),
    names,
    flavors,
    st.lists(pairs, max_size=3),
)
references = st.one_of(near_references, near_references, st.text(max_size=20))
options = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["--alpha", "--classes", "--input-shape", "--flavor", "--set", "--by", "--top"]), values
        ),
        st.tuples(st.sampled_from(["--sort", "--columns"]), st.sampled_from(["params", "name,macs", "none", ""])),
        st.tuples(st.just("--format"), st.sampled_from(["table", "json", "csv", "markdown", "xml"])),
    ),
    max_size=2,
)


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(references, options)
def test_summary_never_gives_a_traceback(reference: str, chosen: list[tuple[str, str]]) -> None:
    out, err, code = io.StringIO(), io.StringIO(), None
    arguments = ["summary", "--by", "stage", *(word for pair in chosen for word in pair), "--", reference]
    try:
        with (
            patch("sys.stdin", io.StringIO()),  # where a reference of `-` reads on
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            main(arguments)
    except SystemExit as ended:
        code = ended.code
    assert code in {0, 2}, (arguments, err.getvalue())
    if not out.getvalue():
        assert len(err.getvalue().splitlines()) == 1, (arguments, err.getvalue())
