"""What keeps commands fast, without a clock: which modules they load, how many functions they call."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from conftest import calls_of
from hypothesis import given
from hypothesis import strategies as st
from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from cnncli.analysis.report import report
from cnncli.cli.commands import COMMANDS
from cnncli.document.table import Column, Table, widest
from cnncli.network import network
from cnncli.render import text
from cnncli.render.console import capture
from cnncli.render.formats import write
from cnncli.views.summary import summary_document

AFTER = """
import gc, sys
from cnncli.__main__ import main
sys.argv = ["cnncli", *sys.argv[1:]]
collections = []
gc.callbacks.append(lambda phase, about: collections.append(phase))
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
"""


def told(arguments: Sequence[str], script: str) -> list[str]:
    """What a script prints, as the last line of its standard error, after a command has run in the same process."""
    command = [sys.executable, "-c", f"{AFTER}print({script}, file=sys.stderr)", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1].split()


def loaded(*arguments: str) -> set[str]:
    return set(told(arguments, "*(name for name in sys.modules if name.startswith('cnncli'))"))


@pytest.mark.parametrize("command", ["summary", "memory", "compare"])
def test_a_command_loads_itself_and_its_networks_alone(command: str) -> None:
    found = loaded(command, "lenet5", *(["alexnet"] if command == "compare" else []))
    families = {name for name in found if name.startswith("cnncli.models.families.")}
    expected = ["lenet", "alexnet"] if command == "compare" else ["lenet"]
    assert families == {f"cnncli.models.families.{name}" for name in expected}
    others = {f"cnncli.cli.{name}" for name in COMMANDS if name not in (command, "completions")}
    assert not found & others


def test_a_table_on_the_screen_loads_nothing_that_writes_files() -> None:
    spared = {"files", "temporary", "views.roofline", "render.html", "render.json"}
    assert not loaded("summary", "lenet5") & {f"cnncli.{name}" for name in spared}


def test_json_is_written_without_tables() -> None:
    assert told(["summary", "lenet5", "--format", "json"], "'rich' in sys.modules") == ["False"]


def test_help_reads_no_network() -> None:
    assert not loaded("--help") & {"cnncli.network", "cnncli.graph", "cnncli.analysis", "cnncli.deployed"}


GENERATED = """*(
    f"{module}.{name}"
    for module, loaded in sys.modules.items() if module.startswith("cnncli.")
    for name, value in vars(loaded).items()
    if isinstance(value, type) and value.__module__ == module
    and hasattr(value, "__dataclass_fields__") and "__init__" in vars(value)
)"""


@pytest.mark.parametrize("arguments", ["summary lenet5", "memory lenet5", "list", "--help"])
def test_hardly_a_class_is_generated_while_a_command_starts(arguments: str) -> None:
    """Each dataclass takes Python as long as a small module does to load; a record takes a tenth of that."""
    assert {*told(arguments.split(), GENERATED)} <= {"cnncli.graph.graph.Node", "cnncli.deployed.plan.Plan"}


@pytest.mark.parametrize("arguments", ["summary b7", "summary b7 --format json", "--help"])
def test_no_garbage_is_looked_for(arguments: str) -> None:
    collected, frozen = told(arguments.split(), "len(collections), gc.get_freeze_count() > 10_000")
    assert (collected, frozen) == ("0", "True")


# Functions called for a layer, or a cell of a table, with a tenth to spare.


@pytest.fixture(scope="module")
def layers() -> int:
    return len(network("b7").graph.nodes)


def test_building_and_analysing(layers: int) -> None:
    assert calls_of(lambda: report(network("b7").graph, 1)) / layers < BUILT
    graph = network("b7").graph
    assert calls_of(lambda: report(graph)) / layers < REPORTED


@pytest.mark.parametrize("format", ["table", "json"])
def test_writing(layers: int, format: str) -> None:
    document = summary_document(network("b7"))
    write(summary_document(network("lenet5")), format)  # loads what writes
    assert calls_of(lambda: write(document, format)) / layers < WRITTEN[format]


BUILT, REPORTED = 155, 192
WRITTEN = {"table": 960, "json": 1_350}


def test_a_cell_that_fits() -> None:
    columns = [Column(str(key), str(key), lambda row, key=key: row * key, right=key % 2 == 0) for key in range(6)]

    def drawn(count: int) -> Callable[[], str]:
        table = Table(columns, range(count))
        assert table.cells
        return lambda: text._table(table)

    drawn(1)()
    assert (calls_of(drawn(300)) - calls_of(drawn(100))) / 200 / 6 < CELL


CELL = 45


# What is prepared for Rich looks as what Rich lays out.

WORDS = st.text(st.sampled_from("abc 1,.★≥×"), max_size=9)


@given(
    rows=st.lists(st.tuples(WORDS, WORDS, WORDS, st.booleans()), min_size=1, max_size=6),
    headers=st.tuples(WORDS, WORDS, WORDS),
    rights=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    footed=st.booleans(),
    coloured=st.booleans(),
)
def test_a_table_that_fits_is_as_rich_lays_it_out(
    rows: Any, headers: Any, rights: Any, footed: bool, coloured: bool
) -> None:
    columns = [
        Column(f"c{place}", headers[place], lambda row, place=place: row[place], rights[place]) for place in range(3)
    ]
    table = Table(columns, rows, footer={"c0": "Total"} if footed else {}, alarming=lambda row: row[3])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        patch.delenv("NO_COLOR", raising=False)
        patch.setenv("FORCE_COLOR", "1" if coloured else "")
        with capture() as console:
            console.print(_laid_out(table))
        assert text._table(table) == console.captured()


def _laid_out(table: Table) -> RichTable:
    """Cells of a line for each row, padded and measured by Rich."""
    rich = RichTable(
        box=box.SIMPLE,
        show_header=any(column.header for column in table.columns),
        show_footer=bool(table.footer),
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
        header_style="bold",
        footer_style="bold",
    )
    for column, longest in zip(table.columns, map(len, widest(table)), strict=True):
        rich.add_column(
            column.header,
            table.footer.get(column.key, ""),
            justify="right" if column.right else "left",
            no_wrap=True,
            min_width=longest,
            max_width=longest,
        )
    styles = ["bold red" if table.alarming(row) else "" for row in table.rows]
    rich.add_row(*(Text("\n").join(map(Text, texts, styles)) for texts in table.cells))
    return rich
