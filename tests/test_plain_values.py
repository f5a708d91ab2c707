"""Plain values are those that Typer would make, and no library is loaded to make them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer._coercion import build_runtime_param

from cnncli.cli.commands import COMMANDS, load
from cnncli.cli.plain_values import take_plain_values

WORDS = [
    "",
    "x",
    "block",
    "BLOCK",
    "layer",
    "stage",
    "5",
    "-1",
    "0.5",
    "auto",
    "no/such/file",
    "é × 層",
    "a\nb",
    "light",
    "json",
]


def outcome(work: Any) -> tuple[str, Any]:
    try:
        return "value", work()
    except Exception as error:
        return type(error).__name__, str(error)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_parameter_takes_what_typer_takes(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").touch()
    command = load(name)
    ctx = command.context_class(command, info_name=name)
    params = command.get_params(ctx)
    assert params
    for param in params:
        several = param.multiple or param.nargs == -1
        for value in [None, True, False, *([[], ["x"], WORDS, (*WORDS, "x")] if several else WORDS), 7]:
            wanted = outcome(lambda: build_runtime_param(param.type_descriptor).coerce(value, param=param, ctx=ctx))  # noqa: B023
            param._runtime_param = None
            take_plain_values([param])
            assert param._runtime_param is not None
            got = outcome(lambda: param.get_runtime_param().coerce(value, param=param, ctx=ctx))  # noqa: B023
            assert got == wanted, (param.name, value)
            assert type(got[1]) is type(wanted[1])


def test_a_typer_that_keeps_it_otherwise_is_left_alone() -> None:
    class Other:
        pass

    other = Other()
    take_plain_values([other])
    assert vars(other) == {}


@pytest.mark.parametrize(
    "arguments",
    [
        "summary lenet5",
        "plot lenet5 -o x.svg --theme dark",
        "compare lenet5 v1",
        "list",
        "memory lenet5 -f json",
        "--version",
    ],
)
def test_a_command_loads_no_pydantic(arguments: str, tmp_path: Path) -> None:
    script = (
        "import sys; from cnncli.cli.app import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code\n"
        "print('pydantic' in sys.modules)"
    )
    command = [sys.executable, "-c", script, *arguments.split()]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert said.endswith("False\n")
