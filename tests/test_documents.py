"""Documents and their formats: what is written is whole, harmless and complete by itself, whatever stands in it."""

from __future__ import annotations

import csv
import inspect
import io
import json
import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from conftest import golden, refused
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cnncli.document.document import Check, Document, Line, Listing, Paragraphs
from cnncli.document.table import Column, Heading, Table
from cnncli.render import latex
from cnncli.render.formats import FORMATS, of_file, offered, write

REPORTS = {
    "summary": "summary efficientnet_b0 --by stage",
    "compare": "compare b0 b4",
    "compare-diff": "compare v2 v2@article --diff --explain",
    "list": "list --family mobilenet_v3",
    "list-family": "list mobilenet_v3",
}


@pytest.mark.parametrize("how", ["latex", "tsv", "html"])
@pytest.mark.parametrize("name", REPORTS)
def test_goldens(run, name: str, how: str) -> None:
    arguments = REPORTS[name].split()
    if how == "tsv" and "--explain" in arguments:
        arguments.remove("--explain")
    result = run(*arguments, "--format", how)
    assert (result.code, result.err) == (0, "")
    golden(f"{name}.{how}", result.out)


# A document in which everything is hostile


def hostile(text: str) -> Document:
    """A document that has the same text wherever there can be one."""
    columns = [Column("left", text, lambda row: row), Column(text, "Right", lambda row: row, True)]
    table = Table(columns, [text, Heading({"left": text}), text], text, {"left": text}, [text], lambda _: True)
    lines = [Line(mark, text) for mark in ("equal", "changed", "added", "removed", "")]
    return Document(
        title=text,
        sections=lambda width: [table, Paragraphs([text, text]), Listing(text, lines), Listing(text)],
        data=lambda: {text: [text]},
        sheet=lambda: Table(columns, [text]),
        checks=lambda: [Check(text, text, False, text, (text, 1)), Check(text, text, True, text)],
        conclusion=text,
    )


TEXTS = [
    "\x1b]0;owned\x07", "a\tb\r\nc", "\u202egnp.exe", "\ud800", "|*_`", "<script>alert('1')</script>", "]]>",
    r"\input{/etc/passwd} % $x^2_1$ & # ~ {", "\\\\[2cm]*", "---''``,,?`", "中文 Ω", "::error::x%0A", '"', "",
    "![x](https://example.org/x.png)", "@octocat", "x\\|y|", "```", "<!--", "https://example.org", "#1", "**bold**",
]  # fmt: skip
LINES = ["# x", "> x", "- x", "1. x", "```", "~~~", "===", "---", "    x", "<b>", "[x]: /y", "@a", "=1+1", "+A1()", "|"]
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@pytest.mark.parametrize("how", FORMATS)
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=20))
@example(text=" ".join(TEXTS))
@example(text=LINES[0])
@example(text="__0__")
def test_no_format_lets_a_text_command_its_reader(how: str, text: str) -> None:
    written = write(hostile(text), how)
    assert not CONTROL.search(written)
    assert "\t" not in written or how == "tsv"
    harmless: dict[str, Any] = {"latex": check_latex, "html": check_html, "json": json.loads, "tsv": check_tsv}
    harmless |= {"gitlab": json.loads, "csv": check_csv, "junit": ElementTree.fromstring, "markdown": check_markdown}
    harmless.get(how, len)(written)


@pytest.mark.parametrize("text", LINES + TEXTS)
def test_no_line_of_markdown_is_more_than_its_text(text: str) -> None:
    check_markdown(write(hostile(text), "markdown"))


def check_markdown(text: str) -> None:
    """What is read as Markdown is ours: a heading, a table, bold lines, a diff; nobody is mentioned."""
    comments = re.sub(r"<!-- -->", "", text)
    assert not re.search(r"(?<![A-Za-z0-9_`])@\w", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    assert not re.search(r"[A-Za-z]://(?!<!--)", re.sub(r"^(`{3,}).*?^\1", "", text, flags=re.DOTALL | re.MULTILINE))
    tokens = [inner for outer in MARKDOWN.parse(comments) for inner in (outer, *(outer.children or ()))]
    kinds = Counter(token.type for token in tokens)
    assert set(kinds) <= {
        "inline", "text", "text_special", "softbreak", "hardbreak", "heading_open", "heading_close", "paragraph_open",
        "paragraph_close", "strong_open", "strong_close", "fence", "table_open", "table_close", "thead_open",
        "thead_close", "tbody_open", "tbody_close", "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close",
    }  # fmt: skip
    assert kinds["heading_open"] <= 1
    assert (kinds["fence"], kinds["table_open"], kinds["td_open"]) == (1, 1, 2 * 4)


def check_csv(text: str) -> None:
    for row in csv.reader(io.StringIO(text)):
        assert not [cell for cell in row if re.match(r"\s*[=@].", cell)]


def check_tsv(text: str) -> None:
    assert [line.count("\t") for line in text.splitlines()] == [1, 1]


def check_latex(text: str) -> None:
    """Nothing but what render/latex.py itself writes is a command; braces and environments are closed."""
    body = text.replace("% needs \\usepackage{booktabs}\n", "", 1)
    bare = re.sub(r"\\[\\{}$&#_%]", "", body)
    known = {
        "begin", "end", "centering", "small", "caption", "toprule", "midrule", "bottomrule", "textbf", "medskip",
        "footnotesize", "noindent", "item", "sim", "surd", "times", "rightarrow", "pm", "leq", "geq", "cdot", "Delta",
        "star", "ldots", "textbackslash", "textasciicircum", "textasciitilde", "textless", "textgreater", "textbar",
    }  # fmt: skip
    assert set(re.findall(r"\\([A-Za-z]+)", bare)) <= known
    assert not set(re.findall(r"\\([^A-Za-z])", bare))
    assert not set("#~%") & set(bare)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert re.findall(r"\\begin\{(\w+)\}", bare).count("table") == re.findall(r"\\end\{(\w+)\}", bare).count("table")
    assert not re.search(r"\\\\\s*[\[*]", body)  # which would be read as an argument
    assert bare.isascii() or set(filter(lambda character: not character.isascii(), bare)) <= latex._KNOWN


class Page(HTMLParser):
    """Reads a page, sees that each element is closed, and keeps its elements and their attributes."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def check_html(text: str) -> None:
    page = Page(text)
    assert set(page.elements) <= {
        "html", "head", "meta", "title", "style", "body", "h1", "p", "section", "table", "caption", "thead", "tbody",
        "tfoot", "tr", "th", "td", "pre", "br", "strong", "ul", "li",
    }  # fmt: skip
    assert page.attributes <= {"lang", "charset", "name", "content", "class"}
    assert text.count("<style>") == 1
    assert "url(" not in text.partition("<style>")[2].partition("</style>")[0]


@pytest.mark.parametrize("arguments", REPORTS.values())
def test_a_page_has_heads_and_feet_and_asks_for_nothing(run, arguments: str) -> None:
    out = run(*arguments.split(), "--format", "html").out
    check_html(out)
    assert "<thead>" in out
    assert ("<tfoot>" in out) == ("--by stage" in arguments or "--explain" in arguments)
    assert "http" not in out


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
@pytest.mark.parametrize("name", [*REPORTS, "hostile"])
def test_latex_compiles(run, tmp_path: Path, name: str) -> None:
    text = write(hostile(" ".join(TEXTS)), "latex") if name == "hostile" else ""
    text = text or run(*REPORTS[name].split(), "--format", "latex").out
    (tmp_path / "report.tex").write_text(text, encoding="utf-8")
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\input{report}\\end{document}"
    )
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"], cwd=tmp_path, check=False
    )
    assert done.returncode == 0


def test_latex_spells_what_latex_would_read() -> None:
    assert latex.escaped("a_b 50% → ★ [x] --max ''") == r"a\_b 50\% $\rightarrow$ $\star$ {[}x{]} -{}-max '{}'"
    assert latex.escaped("Gülçehre 中 \x1b") == r"Gülçehre \textbackslash{}u4e2d \textbackslash{}x1b"


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
def test_latex_wraps_text_that_no_page_is_wide_enough_for(run, tmp_path: Path) -> None:
    """A layer's explanation holds whole sentences, which stand within an article's margins."""
    (tmp_path / "report.tex").write_text(run("explain", "v1", "conv_dw_7", "--format", "latex").out, encoding="utf-8")
    (tmp_path / "paper.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs}\\begin{document}\\input{report}\\end{document}"
    )
    subprocess.run(["pdflatex", "-interaction=batchmode", "paper.tex"], cwd=tmp_path, check=True)
    assert "Overfull" not in (tmp_path / "paper.log").read_text(errors="replace")


def test_latex_has_no_rule_below_headers_that_are_none(run) -> None:
    written = run("explain", "v1", "conv_dw_7", "--format", "latex").out
    assert "\\toprule\nShape & Reads &" in written


def test_on_a_narrow_terminal_references_are_wrapped_at_their_options(run, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    references = ("v3_small:alpha=0.25,input_shape=96,classes=2", "v2:alpha=0.25,input_shape=96,classes=2")
    done = run("list", *references, "--columns", "name,tflite_bytes,arena_bytes,macs,flops")
    table = done.out.split("\n\n")[0]
    assert "mobilenet_v3_small:input_shape=96,\nalpha=0.25,classes=2" in re.sub(" [^\n]*", "", table)


# The choice of a format


def test_a_suffix_says_a_format_that_is_offered() -> None:
    reports, checks = offered(checks=False), offered(checks=True)
    assert reports == ["table", "json", "csv", "tsv", "markdown", "latex", "html"]
    assert set(checks) - set(reports) == {"junit", "github", "gitlab"}
    for name, how in {"a.JSON": "json", "a.tex": "latex", "a.htm": "html", "a.txt": "table", "a": "table"}.items():
        assert of_file(Path(name), reports) == how
    assert of_file(Path("a.xml"), checks) == "junit"


@pytest.mark.parametrize("command", ["summary v2", "list", "compare v1 v2"])
def test_formats_of_checks_are_for_checks(run, command: str) -> None:
    refused(run(*command.split(), "--format", "junit"), 2, "junit")


def test_every_command_declares_the_model_options_alike() -> None:
    from cnncli.cli.choice import CALL_OPTIONS, FILE_OPTIONS, OPTIONS
    from cnncli.cli.commands import COMMANDS, function

    signatures = {name: inspect.signature(function(name)).parameters for name in COMMANDS}
    with_models = [name for name, each in signatures.items() if "set" in each and name != "find"]  # of many values
    assert with_models == [
        "summary", "plot", "compare", "explain", "identify", "check", "memory", "build", "export", "measure",
    ]  # fmt: skip
    for name in with_models:
        parameters = inspect.signature(function(name)).parameters
        architectures_only = name == "export"
        # build runs nobody's function, and what it builds is run.
        # memory says the batch itself, of every model; measure runs the whole of a .tflite file, and calls nothing.
        without = {
            "check": {"raw"},
            "build": {"raw", *CALL_OPTIONS},
            "memory": {"raw", "batch"},
            "measure": {"signature", "subgraph", "raw", *CALL_OPTIONS},
        }.get(name, set())
        others = {} if architectures_only else {**FILE_OPTIONS, **CALL_OPTIONS}
        expected = {option: kind for option, kind in {**OPTIONS, **others}.items() if option not in without}
        assert list(OPTIONS) == ["flavor", "alpha", "input_shape", "classes", "include_top", "set"]
        assert list(parameters)[-len(expected) :] == list(expected)
        assert all(parameters[option].annotation is kind for option, kind in expected.items())
