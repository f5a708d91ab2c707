"""A new artefact format is one file and one line in FORMATS: here it is, in a copy of the package."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import cnncli

# A file that holds what a Keras file does, turned round, and that is run by turning it back.
FILE = """
from cnncli.export.format import EXACT, Format, Kind, Overhead
from cnncli.export.formats.keras import Keras


class Mirror(Format):
    name = "mirror"
    label = "Mirror file"
    suffix = ".mirror"
    kinds = (Kind("mirror", "float32", EXACT, Overhead(100_000, 2000)),)

    def write(self, source, kind, path):
        Keras().write(source, kind, path.with_suffix(".keras"))
        path.write_bytes(path.with_suffix(".keras").read_bytes()[::-1])

    def run(self, path, inputs):
        path.with_suffix(".keras").write_bytes(path.read_bytes()[::-1])
        return Keras().run(path.with_suffix(".keras"), inputs)

    def shortcomings(self, description, kernel_bytes, output_name):
        if output_name == "features":
            yield "a mirror shows no features"
"""
IMPORT = "from cnncli.export.formats.mirror import Mirror\n"
LINE = "    Mirror(),\n"

SMALL = "v2:input_shape=64,alpha=0.35"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package that has the format."""
    place = tmp_path_factory.mktemp("place")
    package = place / "package" / "cnncli"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(str(cnncli.__file__)).parent, package, ignore=ignored)
    (package / "export" / "formats" / "mirror.py").write_text(FILE)
    table = package / "export" / "formats" / "__init__.py"
    text = (
        table.read_text().replace("\nFORMATS", f"{IMPORT}\nFORMATS").replace("    Keras(),\n", f"    Keras(),\n{LINE}")
    )
    table.write_text(text)
    return place


def export(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cnncli", "export", *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place / "package")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.tf
def test_it_is_written_verified_and_reported(place: Path) -> None:
    done = export(place, SMALL, "-o", "v2.mirror", "--seed", "1", "--manifest", "manifest.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert any(line.startswith("mirror") and " yes " in line for line in done.stdout.splitlines())
    content = (place / "v2.mirror").read_bytes()
    assert content[::-1].startswith(b"PK")
    (file,) = json.loads((place / "manifest.json").read_text())["files"]
    assert (file["kind"], file["format"], file["verified"], file["batch"]) == ("mirror", "mirror", True, None)
    assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert 0.9 < file["predicted_bytes"] / len(content) < 1.1
    assert file["verification"]["cosine"] > file["verification"]["limits"]["cosine"]
    assert "ops" not in file


@pytest.mark.tf
def test_what_is_wrong_with_it_is_told(place: Path) -> None:
    done = export(place, f"{SMALL},include_top=false", "-o", "features.bin", "--to", "mirror")
    assert done.returncode == 1
    assert done.stderr == "cnncli: features.bin: a mirror shows no features\n"
    assert not (place / "features.bin").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a.bin",), "expected a name that ends in .tflite, .keras, .mirror or .onnx, or a directory for a SavedModel; "
                     "or add --to tflite, saved_model, keras, mirror or onnx"),
        (("a.mirror", "-q", "int8"), "--quantize is for TFLite or ONNX files; a.mirror is to be a Mirror file"),
        (("a", "--to", "miror"), "--to miror: unknown format; did you mean mirror?"),
    ],
)  # fmt: skip
def test_refusals_know_it(place: Path, arguments: tuple[str, ...], message: str) -> None:
    done = export(place, SMALL, "-o", *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_help_and_completion_know_it(place: Path) -> None:
    told = " ".join(export(place, "--help").stdout.replace("│", " ").split())
    assert "NAME.tflite, NAME.keras, NAME.mirror, NAME.onnx, or a directory for a SavedModel." in told
    assert "tflite, saved_model, keras, mirror or onnx." in told
