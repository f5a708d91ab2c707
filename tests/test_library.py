"""What a Python program gets: networks with figures, tables, pictures, checks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import cnncli
from cnncli import load
from cnncli.analysis.metrics import METRICS
from cnncli.errors import CheckFailed, UsageError


def test_importing_it_loads_nothing() -> None:
    script = "import sys; before = set(sys.modules); import cnncli; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-S", "-c", script], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.stdout == "['cnncli']\n"
    assert (Path(str(cnncli.__file__)).parent / "py.typed").exists()


ROOT = Path(str(cnncli.__file__)).parent.parent


def test_totals_have_every_metric() -> None:
    network = load("mobilenet_v2", alpha=0.5)
    totals = network.totals
    assert list(totals) == [metric.key for metric in METRICS]
    assert all(totals[key] is not None for key in totals)
    assert (totals.params, totals["macs"]) == (1_987_224, 97_131_840)
    assert totals.weight_bytes["float32"] == 4 * totals.params
    with pytest.raises(AttributeError):
        _ = totals.parms
    assert not totals.uncounted()


@pytest.mark.parametrize(
    ("shape", "reference"),
    [
        ((192, 192), "mobilenet_v2:input_shape=192"),
        ((192, 192, 3), "mobilenet_v2:input_shape=192"),
        ((160, 224), "mobilenet_v2:input_shape=160x224"),
        ([96, 96, 1], "mobilenet_v2:input_shape=96x96x1"),
        (192, "mobilenet_v2:input_shape=192"),
        ((192,), "mobilenet_v2:input_shape=192"),
        ("160x224", "mobilenet_v2:input_shape=160x224"),
    ],
)
def test_shapes_as_programs_have_them(shape: object, reference: str) -> None:
    assert load("mobilenet_v2", input_shape=shape).reference == reference


@pytest.mark.parametrize("options", [{"input_shape": (1, 2, 3, 4)}, {"input_shape": ()}, {"alpha": "x"}, {"beta": 1}])
def test_what_cannot_be_read_is_told(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        load("mobilenet_v2", **options)


def test_check_guards_in_a_line() -> None:
    network = load("b0")
    network.check(max_params=5_330_571, max_macs="386M", max_weight_bytes="22MB")
    with pytest.raises(CheckFailed, match=r"efficientnet_b0: 5,330,571 params, 330,571 over max-params 5M = 5,000,000"):
        network.check(max_params="5M", max_macs="386M")
    with pytest.raises(UsageError, match="there is no limit max-parms; did you mean max-params"):
        network.check(max_parms=1)
    with pytest.raises(UsageError, match="expected a whole number"):
        network.check(max_params="5 million")


def test_tables_and_pictures(tmp_path: Path) -> None:
    network = load("v1")
    assert "stage5.block1" in network.summary("block")
    with pytest.raises(UsageError, match="--by bloc"):
        network.summary("bloc")
    network.plot(tmp_path / "v1.svg", detail="stage", theme="dark")
    assert (tmp_path / "v1.svg").read_text().startswith("<?xml")
    with pytest.raises(UsageError, match="exists"):
        network.plot(tmp_path / "v1.svg")
    network.plot(tmp_path / "v1.svg", force=True)


def test_a_picture_for_print_by_name(tmp_path: Path) -> None:
    net = load("mobilenet_v2")
    net.plot(tmp_path / "figure.svg", target="figure")
    assert 'width="496pt"' in (tmp_path / "figure.svg").read_text()
    with pytest.raises(UsageError, match="printed for column, figure, slide or poster, not 'journal'"):
        net.plot(tmp_path / "other.svg", target="journal")
    assert not (tmp_path / "other.svg").exists()
