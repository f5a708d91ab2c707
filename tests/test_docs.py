"""README and docs are run: every `$` block with what it prints, the library's examples, and where the links lead."""

from __future__ import annotations

import ast
import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from test_walls import FILES, imports, room

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README = ROOT / "README.md"
FOLLOWED = DOCS / "extending.md"
"""Is followed by a test of its own: its commands run in a copy of the package that it changes."""
PAGES = [README, *sorted(DOCS.glob("*.md"))]
LOADS_TENSORFLOW = re.compile(r"cnncli (build|export|measure)\b")


OWN = {
    "my_model.keras": "nested.keras",
    "my_model.onnx": "inverted_residuals.onnx",
    "my_model.tflite": "separable_int8.tflite",
}
"""What stands for a reader's own models."""
DRAWN = {
    "find.svg": "find --max-params 6M --max-macs 600M --min-top1 73",
    "efficientnet_b0-column.svg": "plot efficientnet_b0 --for column",
}
"""The pictures of the first screen."""
WIDTH = {README: "80"}
"""Columns of the terminal whose output a page shows; others show what is piped, which is neither cut nor wrapped."""


class Section(NamedTuple):
    """What stands below one heading of a page."""

    page: Path
    heading: str
    text: str

    @property
    def commands(self) -> list[tuple[str, str]]:
        return list(commands(self.text))


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command of the console blocks with the output that stands below it."""
    for block in blocks("console", text):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            yield command, expected


def prose(text: str) -> str:
    """A page without its blocks, in which a # is no heading and brackets are no link."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def sections(page: Path) -> Iterator[Section]:
    """The page in the order that it is read; a # within a block begins no section."""
    parts = re.split(r"^(```.*?^```$|#{1,2} [^\n]*$)", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    heading, text = "", ""
    for part in parts:
        if part.startswith("#"):
            yield Section(page, heading, text)
            heading, text = part.lstrip("# "), ""
        else:
            text += part
    yield Section(page, heading, text)


def run_sections() -> list[object]:
    """Every section with commands: what one command writes the next may read."""
    found = [section for page in PAGES if page != FOLLOWED for section in sections(page) if section.commands]
    return [
        pytest.param(
            section,
            id=f"{section.page.stem}: {section.heading}",
            marks=[pytest.mark.tf] if any(LOADS_TENSORFLOW.search(command) for command, _ in section.commands) else [],
        )
        for section in found
    ]


def files(page: Path) -> dict[str, str]:
    """The files that a page shows, behind `<!-- file: NAME -->`, such as a pyproject.toml."""
    found = re.findall(
        r"^<!-- file: (\S+) -->\n+```\w*\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return dict(found)


def folder_of(page: Path, made: Path) -> Path:
    """A directory with the files that a page shows and the model files that it names."""
    shutil.copytree(ROOT / "tests" / "files", made / "tests" / "files")
    for name, sample in OWN.items():
        shutil.copy(ROOT / "tests" / "files" / sample, made / name)
    for name, text in files(page).items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text, encoding="utf-8")
    return made


def ran(page: Path) -> list[str]:
    """The commands of a page that are shown without what they print, behind `<!-- runs -->`."""
    (block,) = re.findall(
        r"^<!-- runs -->\n```sh\n(.*?)^```$", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    return block.splitlines()


@pytest.mark.parametrize("section", run_sections())
def test_console_blocks_print_what_they_say(section: Section, tmp_path: Path) -> None:
    folder = folder_of(section.page, tmp_path)
    for command, expected in section.commands:
        prints(folder, command, expected, section.page)


@pytest.mark.parametrize("line", ran(README), ids=lambda line: " ".join(line.split()[:3]))
def test_a_command_of_the_first_screen_runs(line: str, tmp_path: Path) -> None:
    folder = folder_of(README, tmp_path)
    command, _, question = line.partition("#")
    assert question
    prints(folder, f"{command} > said", "", README)
    assert (folder / "said").read_text(encoding="utf-8") or " -o " in command


def prints(folder: Path, command: str, expected: str, page: Path) -> None:
    """Assert what a command says in a folder; `...` stands for any text, such as seconds and checksums."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        env={**os.environ, "PATH": path} | ({"COLUMNS": WIDTH[page]} if page in WIDTH else {}),
        text=True,
        encoding="utf-8",
        check=False,
    )
    got = "\n".join(line.rstrip() for line in done.stdout.splitlines()) + "\n"
    same = doctest.OutputChecker().check_output(expected or "\n", got or "\n", doctest.ELLIPSIS)
    assert same or (not expected and not done.stdout), f"{page.name} says:\n{expected}\nbut it prints:\n{got}"


def test_every_subcommand_is_shown() -> None:
    from cnncli.cli.commands import COMMANDS

    shown = {
        match
        for page in PAGES
        for command, _ in commands(page.read_text(encoding="utf-8"))
        for match in re.findall(r"cnncli (\w+)", command)
    }
    assert {"summary", "export"} <= set(COMMANDS) <= shown


def examples() -> list[object]:
    """The library's examples: Python that imports what the package has for programs."""
    return [
        pytest.param(block, id=page.stem)
        for page in PAGES
        if page != FOLLOWED
        for block in blocks("python", page.read_text(encoding="utf-8"))
    ]


@pytest.mark.tf
@pytest.mark.parametrize("example", examples())
def test_the_library_examples_run(example: str) -> None:
    exec(compile(example, "docs", "exec"), {})


def anchors(page: Path) -> set[str]:
    """Where links into a page may lead: its headings, as GitHub and mkdocs name them, and anchors of its own."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#{1,6} (.*)$", prose(text), re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


def links(page: Path) -> list[str]:
    text = re.sub(r"`[^`\n]*`", "", prose(page.read_text(encoding="utf-8")))
    return re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if re.match(r"[a-z]+://", link):
            continue  # what others publish may be away for an hour, which is no fault of the page
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def test_the_readme_is_short_and_links_every_page() -> None:
    text = README.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 250
    pages = {f"docs/{page.name}" for page in DOCS.glob("*.md") if page.name != "index.md"}
    assert pages <= {link.partition("#")[0] for link in links(README)}


def test_what_a_terminal_of_80_columns_shows_fits_it() -> None:
    """Commands may be longer, but for those of the first screen: who pastes one sees all of it."""
    outputs = [expected for _, expected in commands(README.read_text(encoding="utf-8"))]
    for line in [*ran(README), *(line for output in outputs for line in output.splitlines())]:
        assert len(line) <= 81, line  # 80, and the rule of a table where dots stand for a longer figure


@pytest.mark.parametrize(("name", "command"), DRAWN.items())
def test_the_first_screen_shows_what_its_commands_draw(run, tmp_path: Path, name: str, command: str) -> None:
    """Of a chart the words alone, in the order in which they stand: its paths are another version's of Matplotlib."""
    assert f"`cnncli {command} -o " in " ".join(README.read_text(encoding="utf-8").split())
    assert run(*command.split(), "-o", tmp_path / name).code == 0
    drawn, kept = ((folder / name).read_text(encoding="utf-8") for folder in (tmp_path, DOCS / "pictures"))
    words = re.compile(r">([^<>]+)</(?:text|tspan)>")
    assert len(words.findall(kept)) > 20
    assert words.findall(drawn) == words.findall(kept)


def test_the_picture_of_the_architecture_has_every_room_and_no_other_arrow() -> None:
    """Each line of the picture is a room, what it is for, and behind <- the rooms that it imports."""
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    (picture,) = [block for block in blocks("text", page) if "<-" in block]
    drawn = {}
    for line in picture.splitlines():
        described, _, imported = line.partition("<-")
        drawn[described.split()[0]] = set(filter(None, re.split(r"[, ]+", imported.strip())))
    assert drawn == rooms()


def rooms() -> dict[str, set[str]]:
    """What each part of the package really imports of the others, at any time."""
    found: dict[str, set[str]] = {}
    for path in FILES:
        if (here := room(path)) not in {"__init__", "__main__"}:
            imported = imports(ast.parse(path.read_text(encoding="utf-8")))
            inside = {name.split(".")[1] for name in imported if name.startswith("cnncli.")}
            found[here] = (found.get(here, set()) | inside) - {here}
    return found
