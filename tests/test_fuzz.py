"""Whatever is typed, and whatever stands in a file, the answer is a result or one line: never a traceback."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import zipfile
from collections.abc import Collection
from pathlib import Path
from unittest.mock import patch

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from cnncli.analysis.check.budgets import limited
from cnncli.cli.app import main
from cnncli.diagram.wording import fields as known_fields
from cnncli.errors import UsageError
from cnncli.export.kinds import QUANTIZE
from cnncli.export.representative import representative
from cnncli.keras_model.archives import WEIGHTS_MEMBER
from cnncli.keras_model.weights import check_weights_file
from cnncli.models.catalogue import OPTIONS as KNOWN_OPTIONS
from cnncli.models.catalogue import names as spelt
from cnncli.render.formats import FORMATS

QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
names = st.sampled_from(spelt())
flavors = st.sampled_from(["", "@keras", "@article", "@", "@other"])
numbers = st.one_of(
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(["0", "1e999", "-1", "0.001", "999999999999", "1_0", "٣"]),
)
shapes = st.lists(st.integers(-1, 300).map(str), min_size=1, max_size=4).map("x".join)
values = st.one_of(numbers, shapes, st.sampled_from(["true", "no", "avg", "none", "softmax", ""]), st.text(max_size=8))
pairs = st.tuples(st.sampled_from([*KNOWN_OPTIONS, "alfa", "", "include-top"]), values).map("=".join)
near_references = st.builds(
    lambda name, flavor, options: name + flavor + (":" + ",".join(options) if options else ""),
    names,
    flavors,
    st.lists(pairs, max_size=3),
)
references = st.one_of(near_references, near_references, st.text(max_size=20))


def answers(arguments: Collection[str], codes: Collection[int]) -> None:
    """The command ends with one of the codes; where it prints nothing, with one line on stderr beside warnings."""
    out, err, code = io.StringIO(), io.StringIO(), None
    try:
        with (
            patch("sys.stdin", io.StringIO()),  # where a reference of `-` reads on
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            main(list(arguments))
    except SystemExit as ended:
        code = ended.code
    assert code in codes, (arguments, err.getvalue())
    said = [line for line in err.getvalue().splitlines() if not line.startswith("cnncli: warning: ")]
    assert out.getvalue() or len(said) == 1, (arguments, err.getvalue())


def flags(*options: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[list[str]]:
    """Up to two options, each as `--name=value`."""
    return st.lists(st.one_of(*options).map("=".join), max_size=2)


reports = st.sampled_from([*FORMATS, "xml"])


@settings(max_examples=500, deadline=None, suppress_health_check=QUIET)
@given(
    references,
    flags(
        st.tuples(
            st.sampled_from(["--alpha", "--classes", "--input-shape", "--flavor", "--set", "--by", "--top"]), values
        ),
        st.tuples(st.sampled_from(["--sort", "--columns"]), st.sampled_from(["params", "name,macs", "none", ""])),
        st.tuples(st.just("--format"), reports),
    ),
)
def test_summary(reference: str, options: list[str]) -> None:
    answers(["summary", "--by", "stage", *options, "--", reference], {0, 2})


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(near_references, near_references, reports)
def test_compare(one: str, other: str, how: str) -> None:
    answers(["compare", "--diff", "--explain", "--format", how, "--", one, other], {0, 2})


amounts = st.one_of(
    st.integers(-1, 10**9).map(str),
    st.builds(
        lambda number, unit: f"{number}{unit}", st.integers(0, 999), st.sampled_from(["M", "MB", "KiB", "m", "%"])
    ),
    st.text(max_size=6),
)


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(references, st.sampled_from(list(limited())), amounts)
def test_check(reference: str, kind: str, amount: str) -> None:
    answers(["check", f"--{kind}={amount}", "--", reference], {0, 1, 2})


toml_values = st.one_of(
    amounts.map(lambda text: f'"{text}"'), st.integers().map(str), st.sampled_from(["true", "[]", "1.5", "{}"])
)
toml_models = st.sampled_from(["v2", "b0", "b0:classes=10", "b9", "", "v2@article"])
toml_keys = st.sampled_from([*limited(), "tolerance", "baseline", "max_params"])
toml_lines = st.one_of(
    st.builds('[budgets."{}"]'.format, toml_models),
    st.builds("{} = {}".format, toml_keys, toml_values),
    st.text(max_size=12),
)


@pytest.mark.parametrize("what", ["--budget", "--baseline"])
@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(lines=st.lists(toml_lines, max_size=4))
def test_files_of_check(tmp_path: Path, what: str, lines: list[str]) -> None:
    path = tmp_path / "file"
    path.write_text("\n".join(lines), encoding="utf-8")
    answers(["check", what, str(path)], {0, 1, 2})


fields = st.builds(
    "{{{}{}{}}}".format,
    st.sampled_from([*known_fields(), "", "0", "label.upper", "params[0]"]),
    st.sampled_from(["", "", "!r", "!s", "!x"]),
    st.one_of(st.just(""), st.sampled_from([":,", ":c", ":>20", ":.9f", ":99999", ":{params}", ":{", ":!"])),
)
templates = st.lists(st.one_of(fields, st.text(max_size=5)), max_size=3).map("".join)


@settings(max_examples=300, deadline=None, suppress_health_check=QUIET)
@given(
    st.one_of(st.sampled_from(["v1:alpha=0.25", "v3_small@article"]), near_references),
    flags(
        st.tuples(st.just("--label"), templates),
        st.tuples(st.sampled_from(["--columns", "--dpi"]), values),
        st.tuples(st.just("--heat"), st.sampled_from(["params", "macs", "activations", ""])),
        st.tuples(st.just("--theme"), st.sampled_from(["light", "dark", "mono", "x"])),
    ),
)
def test_plot(reference: str, options: list[str]) -> None:
    answers(["plot", "--detail=stage", "-o-", *options, "--", reference], {0, 2})


@pytest.mark.parametrize("command", ["build", "export"])
@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(
    reference=references,
    options=flags(
        st.tuples(st.sampled_from(["--seed", "--batch", "--weights", "--representative-data"]), values),
        st.tuples(st.just("--quantize"), st.sampled_from([*QUANTIZE, "int4", ""])),
        st.tuples(st.just("--to"), st.sampled_from(["tflite", "saved_model", "keras", "onnx"])),
    ),
)
def test_build_and_export_without_a_place_for_the_file(command: str, reference: str, options: list[str]) -> None:
    answers([command, "-o/nonexistent/folder/model.keras", *options, "--", reference], {2, 3})


def damaged(data: bytes) -> st.SearchStrategy[bytes]:
    """Bytes with some of them changed or cut off."""
    places = st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=4)
    return st.builds(_damage, st.just(data), places, st.integers(0, len(data)))


def _damage(data: bytes, places: list[tuple[int, int]], kept: int) -> bytes:
    changed = bytearray(data)
    for place, value in places:
        changed[place] = value
    return bytes(changed if places else changed[:kept])


def _saved(save, array: numpy.ndarray) -> bytes:
    file = io.BytesIO()
    save(file, array)
    return file.getvalue()


def _save_image(suffix: str):
    return lambda file, array: Image.fromarray(array).save(file, suffix)


PIXELS = numpy.zeros((2, 8, 8, 3), "uint8")
PICTURES = {
    "x.npy": _saved(numpy.save, PIXELS),
    "x.npz": _saved(numpy.savez_compressed, PIXELS),
    **{
        f"folder/x.{suffix}": _saved(_save_image(suffix), PIXELS[0]) for suffix in ("bmp", "gif", "jpeg", "png", "tiff")
    },
}


@pytest.mark.parametrize("name", PICTURES)
@settings(max_examples=200, deadline=None, suppress_health_check=QUIET)
@given(data=st.data())
def test_damaged_pictures(tmp_path: Path, name: str, data: st.DataObject) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data.draw(damaged(PICTURES[name])))
    with contextlib.suppress(UsageError):
        assert len(representative(path.parent if "folder" in name else path, (8, 8, 3), (-1.0, 1.0))) in {1, 2}


def _archive(member: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(WEIGHTS_MEMBER, member)
    return file.getvalue()


HDF5 = b"\x89HDF\r\n\x1a\n"


@settings(max_examples=300, deadline=None, suppress_health_check=QUIET)
@given(st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(HDF5.__add__), damaged(_archive(HDF5 + bytes(90)))))
def test_files_that_hold_no_weights(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"weights\.h5"):
        check_weights_file(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "first", [0, 1000, 2000, *(pytest.param(first, marks=pytest.mark.exhaustive) for first in (500, 1500, 2500))]
)
def test_hundreds_of_cases_of_everything(first: int) -> None:
    """Of fuzz.py, which draws from all commands and options, files and variables; it says how to run each again.

    Those between are run by `pytest -m exhaustive tests/test_fuzz.py`, as many as one likes by fuzz.py itself.
    """
    command = [sys.executable, str(Path(__file__).with_name("fuzz.py")), "--count", "500", "--first", str(first)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
