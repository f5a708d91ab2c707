"""The page that `plot -o x.html` writes: what is in the file, and in a real browser all that it answers to."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, refused
from test_diagram import branches, small, unet

from cnncli.analysis.report import report
from cnncli.diagram import Options
from cnncli.draw.theme import contrast
from cnncli.graph import UNKNOWN, Graph
from cnncli.graph.layers import Add, Conv2D, InputLayer, Opaque
from cnncli.models.catalogue import models
from cnncli.network import Network, network
from cnncli.page import STEPS
from cnncli.views.plot_page import page_of

Run = Callable[..., Result]

HOSTILE = ("<script>alert(1)</script>", "</svg></script><!--", "\u202egnp.exe", "'\"><img src=x onerror=alert(1)>")
LONG = "n" * 10_000


def hostile() -> Graph:
    """Names, scopes, kinds and operations that would run, end the page, turn its writing round or burst it."""
    graph = Graph(HOSTILE[0])
    x = graph.add(InputLayer((32, 32, 3)), name=HOSTILE[1])
    with graph.scope(HOSTILE[2]), graph.scope("block", 1, kind=HOSTILE[3]):
        x = graph.add(Conv2D(4, 3), x, name=HOSTILE[0])
        x = graph.add(Conv2D(4, 3), x, name=LONG)
        x = graph.add(Conv2D(4, 3), x, name=LONG[1:])
        x = graph.add(Opaque(HOSTILE[1], (26, 26, 4)), x, name=HOSTILE[3])
    graph.add(Opaque(LONG, (UNKNOWN, 26, 4)), x, name="last")
    return graph


def several() -> Graph:
    """Two inputs, two outputs, and a block that reads and gives both."""
    graph = Graph("several")
    one, other = (graph.add(InputLayer((8, 8, 4)), name=name) for name in ("left", "right"))
    with graph.scope("stage1"), graph.scope("block", 1, kind="Pair"):
        first = graph.add(Conv2D(4, 3, padding="same"), one, name="conv1")
        second = graph.add(Conv2D(4, 3, padding="same"), other, name="conv2")
        both = graph.add(Add(), first, second, name="add")
    graph.give(graph.add(Conv2D(2, 1), both, name="out1"), graph.add(Conv2D(2, 1), first, name="out2"))
    return graph


def made(graph: Graph) -> Network:
    return Network(graph.name, graph, name=graph.name)


def called(each: str | Network) -> str:
    return (each if isinstance(each, str) else each.name)[:30]


def page(*references: str | Network, **options: Any) -> str:
    return page_of([network(each) if isinstance(each, str) else each for each in references], Options(**options))


class Reader(HTMLParser):
    """The elements of a page with their attributes, and what its scripts and styles hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.held: list[tuple[str, dict[str, str | None], str]] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag in ("script", "style")
        if self.inside:
            self.held.append((tag, dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            tag, attributes, text = self.held[-1]
            self.held[-1] = tag, attributes, text + data

    @property
    def data(self) -> Any:
        return next(json.loads(text) for _, attributes, text in self.held if attributes.get("id") == "data")


# The file.


def test_sizes() -> None:
    assert len(page("b0").encode()) < 400_000
    assert len(page("b7").encode()) < 2_000_000


def test_nothing_runs_but_what_is_named_by_its_hash() -> None:
    read = Reader(page("v1"))
    policy = next(str(found["content"]) for tag, found in read.elements if "http-equiv" in found)
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag, attributes, text in read.held:
        if "type" not in attributes:
            named = b64encode(sha256(text.encode()).digest()).decode()
            assert f"{tag}-src 'sha256-{named}'" in policy
    assert [tag for tag, attributes, _ in read.held if "type" not in attributes] == ["style", "script"]


@pytest.mark.parametrize("reference", ["b0", made(hostile())], ids=called)
def test_a_page_asks_for_nothing_and_has_no_style_of_its_own(reference: str | Network) -> None:
    for tag, attributes in Reader(page(reference)).elements:
        assert tag not in ("img", "iframe", "object", "embed", "base", "form", "audio", "video")
        assert not [name for name in attributes if name == "style" or name.startswith("on") or name == "src"]
        assert tag != "link" or attributes["href"] == "data:,"


def test_pages_do_not_differ_from_time_to_time() -> None:
    assert page("v2") == page("v2")


def test_blocks_alike_share_one_inside() -> None:
    """ResNet's are divided by no kind of their own, and many differ in their names alone."""
    data = Reader(page("resnet101", detail="block")).data
    opened = [box["inside"] for box in data["networks"][0]["boxes"] if "inside" in box]
    assert len(data["insides"]) == len(set(opened)) <= len(opened)
    three = Reader(page(made(small()))).data
    assert [box.get("alike") for box in three["networks"][0]["boxes"] if box.get("alike")] == [
        ["stage1.block2", "stage1.block3"]
    ]


@pytest.mark.parametrize("reference", ["v3_small", made(several()), made(unet()), made(branches())], ids=called)
def test_figures_are_the_reports(reference: str | Network) -> None:
    found = network(reference) if isinstance(reference, str) else reference
    data = Reader(page(found)).data
    place = {column["key"]: index for index, column in enumerate(data["columns"])}
    rows = [layer["row"] for box in data["networks"][0]["boxes"] for layer in box.get("layers", [box])]
    told = {row[place["name"]]: row for row in rows}
    for row in report(found.graph).rows:
        if row.name in told:  # of blocks alike the first is there
            assert told[row.name][place["params"]] == row.amounts["params"]
            assert told[row.name][place["macs"]] == row.amounts["macs"]
    boxes = data["networks"][0]["boxes"]
    assert sum(box["row"][place["params"]] for box in boxes) == sum(
        row.amounts["params"] for row in report(found.graph).rows
    )


def test_what_is_not_known_is_no_number() -> None:
    data = Reader(page(made(hostile()))).data
    place = {column["key"]: index for index, column in enumerate(data["columns"])}
    block, last = data["networks"][0]["boxes"][1:]
    assert str(block["row"][place["params"]]).startswith("≥")
    assert last["row"][place["macs"]] == "?"
    heats = {scale["key"]: index for index, scale in enumerate(data["heats"][0])}
    assert last["heat"][heats["macs"]] is None


def test_words_can_be_read_on_every_shade_and_ground() -> None:
    text = page("b0")
    for names in re.findall(r"(?:^|{ ):root[^{]*{([^{}]*)}", text, re.M):
        colours = dict(re.findall(r"--(\w+):(#\w+);", names))
        for step in range(STEPS + 1 if "h0" in colours else 0):
            assert contrast(colours[f"h{step}"], colours[f"hi{step}"]) >= 4.5
            assert contrast(colours[f"h{step}"], colours[f"hf{step}"]) >= 4.5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["b0", "b1", "b2"], "one network or two"),
        (["b0", "--columns", "2"], "--columns 2"),
        (["b0", "--direction", "LR"], "--direction LR"),
        (["b0", "--theme", "mono"], "--theme mono"),
        (["b0", "--scope", "stage2.block1"], "--scope stage2.block1"),
        (["b0", "--layout", "free"], "--layout free"),
        (["b0", "--dpi", "200"], "--dpi 200"),
        (["b0", "--for", "column"], "--for"),
        (["b0", "--no-legend"], "--no-legend"),
        (["b0", "--no-title"], "--no-title"),
        (["b0", "--anatomy"], "--anatomy"),
        (["b0", "--volumes"], "--volumes"),
    ],
)
def test_mistakes(run: Run, tmp_path: Path, arguments: list[str], says: str) -> None:
    refused(run("plot", *arguments, "-o", tmp_path / "x.html"), 2, says)
    assert not list(tmp_path.iterdir())


def test_the_command(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "two.HTML"
    assert run("plot", "v1:alpha=0.5", "v1", "-o", path)[::2] == (0, "")
    assert "mobilenet_v1:alpha=0.5 and mobilenet_v1" in path.read_text(encoding="utf-8")
    refused(run("plot", "v1", "-o", path), 2, "--force")


# In a browser.


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as started:
        found = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


Opened = Callable[..., Any]


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    """Opens a page of these networks; in the end none has asked for anything, or complained."""
    contexts, complaints = [], []

    def ask(route: Any) -> None:
        if not route.request.url.startswith("file:"):
            complaints.append(route.request.url)
        route.continue_()

    def opened(
        *references: str | Network, width: int = 1440, height: int = 900, dark: bool = False, **options: Any
    ) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light",
            reduced_motion="reduce", has_touch=width < 500,
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(10_000)
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(page(*references, **options), encoding="utf-8")
        found = context.new_page()
        found.on("console", lambda message: complaints.append(message.text))
        found.on("pageerror", lambda error: complaints.append(str(error)))
        found.on("dialog", lambda dialog: complaints.append(dialog.message))
        context.route("**/*", ask)
        found.goto(path.as_uri())
        return found

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def keys(found: Any) -> list[str]:
    """The boxes that are drawn, in order."""
    return found.eval_on_selector_all(".box", "boxes => boxes.map((box) => box.dataset.key)")


def rects(found: Any) -> dict[str, list[float]]:
    """Where the boxes stand on the screen, by the halo around each."""
    return found.eval_on_selector_all(
        ".box",
        """boxes => Object.fromEntries(boxes.map((box) => {
            const rect = box.querySelector(".halo").getBoundingClientRect();
            return [box.dataset.key, [rect.left, rect.top, rect.right, rect.bottom]];
        }))""",
    )


def scale(found: Any) -> float:
    return float(re.search(r"scale\((.*)\)", found.get_attribute(".pane > g", "transform"))[1])  # type: ignore[index]


def said(found: Any) -> str:
    return found.text_content("#said")


def facts(found: Any) -> dict[str, str]:
    return dict(
        found.eval_on_selector_all(
            "#facts div", "all => all.map((each) => [...each.children].map((c) => c.textContent))"
        )
    )


def test_a_click_opens_a_block_and_another_closes_it(opened: Opened) -> None:
    found = opened(made(small()))
    before = keys(found)
    place = next(key for key in before if found.get_attribute(f'[data-key="{key}"]', "aria-expanded") == "false")
    top = rects(found)[place][1]
    found.click(f'[data-key="{place}"]')
    assert [key for key in keys(found) if key.startswith(f"{place}.")] == [f"{place}.{layer}" for layer in range(4)]
    assert found.get_attribute(f'[data-key="{place}"]', "aria-expanded") == "true"
    assert said(found) == "stem opened, 4 layers"
    assert rects(found)[place][1] == pytest.approx(top, abs=1)
    assert facts(found)["Layers"] == "4"
    found.click(f'[data-key="{place}.1"]')
    assert found.text_content("#whose") == "stem.conv"
    found.click(f'[data-key="{place}"] >> text=stem')
    assert keys(found) == before
    assert said(found) == "stem closed"


GRAPHS = [made(small()), made(unet()), made(branches()), made(several()), made(hostile())]
SOME = ("inception_v3", "nasnet_mobile", "efficientnet_b0")
EVERY = [pytest.param(spec.name, marks=() if spec.name in SOME else pytest.mark.exhaustive) for spec in models()]


@pytest.mark.parametrize("reference", [*GRAPHS, *EVERY], ids=called)
def test_open_boxes_do_not_lie_upon_others(opened: Opened, reference: str | Network) -> None:
    """Each layer stands in its block, and no box upon another one, however many are open."""
    found = opened(reference)
    closed = rects(found)
    opens = found.is_visible("#open")  # where nothing can be opened there is no button
    if opens:
        found.click("#open")
    found.click("#fit")
    grown = rects(found)
    per = scale(found)
    outer = [key for key in grown if "." not in key]
    assert outer == list(closed)
    for key, (left, top, right, bottom) in grown.items():
        block = grown[key.split(".")[0]]
        if "." in key:
            assert block[0] <= left
            assert block[1] < top
            assert right <= block[2]
            assert bottom <= block[3]
    for one in outer:
        for other in outer:
            if one < other:
                apart = [grown[one][2] - grown[other][0], grown[other][2] - grown[one][0],
                         grown[one][3] - grown[other][1], grown[other][3] - grown[one][1]]  # fmt: skip
                assert min(apart) <= 4 * per + 0.5, (one, other)
    if opens:
        found.click("#close")
    assert keys(found) == list(closed)
    assert opens == any("." in key for key in grown)


LOOSE = """() => {
    const edges = [...document.querySelectorAll(".pane rect, .pane circle")].map((e) => e.getBoundingClientRect());
    const near = ({ x, y }) => edges.some(
        (rect) => x > rect.left - 2 && x < rect.right + 2 && y > rect.top - 2 && y < rect.bottom + 2);
    return [...document.querySelectorAll(".pane path.n")].filter((path) => {
        const at = (length) => path.getPointAtLength(length).matrixTransform(path.getScreenCTM());
        const end = at(path.getTotalLength());
        const tips = [[0, 5], [5, 0], [-5, 0]].map(([x, y]) => ({ x: end.x + x, y: end.y + y }));
        return !(near(at(0)) && tips.some(near));
    }).length;
}"""


def test_links_meet_the_boxes_that_they_lead_to(opened: Opened) -> None:
    """With and without open boxes each link begins and ends at the edge of a box, a frame or a symbol."""
    found = opened(made(small()))
    for click in ("#fit", "#open"):
        found.click(click)
        found.click("#fit")
        loose = found.evaluate(LOOSE)
        assert loose == 0


def test_search_leads_to_what_is_found(opened: Opened) -> None:
    found = opened("b0")
    found.keyboard.press("/")
    found.keyboard.type("squeeze")
    count = int(found.text_content("#count").split()[0])
    assert count > 10
    assert found.locator("#results li[role=option]").count() == min(count, 100)
    found.keyboard.press("Enter")
    assert found.text_content("#count") == f"1 of {count}"
    chosen = found.locator(".box.chosen")
    assert "squeeze" in chosen.get_attribute("aria-label")
    assert "found" in chosen.get_attribute("class")
    box, pane = chosen.bounding_box(), found.locator(".pane").bounding_box()
    assert pane["y"] <= box["y"]
    assert box["y"] + box["height"] <= pane["y"] + pane["height"]
    first = chosen.get_attribute("data-key")
    found.keyboard.press("Enter")
    found.keyboard.press("Shift+Enter")
    assert found.locator(".box.chosen").get_attribute("data-key") == first
    found.click("#previous")
    assert found.text_content("#count") == f"{count} of {count}"
    found.fill("#search", "no such layer")
    assert found.text_content("#count") == "0 found"
    assert found.is_disabled("#next")
    found.fill("#search", "stage4.block3.add")
    found.click("#results li >> text=stage4.block3.add")
    assert "block2.add" in found.locator(".box.chosen").get_attribute("aria-label")  # the first of two alike


def test_zoom_pan_and_fit(opened: Opened) -> None:
    found = opened("v2")
    pane = found.locator(".pane").bounding_box()
    at = (pane["x"] + 100, pane["y"] + 200)
    start, box = scale(found), rects(found)["2"]
    found.mouse.move(*at)
    found.mouse.wheel(0, -200)
    found.wait_for_function(
        f"document.querySelector('.pane > g').getAttribute('transform').split('scale(')[1] != '{start})'"
    )
    by = scale(found) / start
    assert by > 1.2
    after = rects(found)["2"]
    assert after[0] - at[0] == pytest.approx((box[0] - at[0]) * by, abs=2 * by)  # what is under the pointer stays
    found.mouse.down()
    found.mouse.move(at[0] + 50, at[1] + 30, steps=4)
    found.mouse.up()
    assert rects(found)["2"][0] == pytest.approx(after[0] + 50, abs=1)
    assert not any("." in key for key in keys(found))  # a drag is no click
    found.click("#nearer")
    found.click("#farther")
    found.focus(".pane")
    for key, axis, way in (("ArrowDown", 1, -1), ("ArrowLeft", 0, 1)):
        before = rects(found)["2"][axis]
        found.keyboard.press(key)
        assert (rects(found)["2"][axis] - before) * way > 20
    found.keyboard.press("+")
    larger = scale(found)
    found.keyboard.press("-")
    assert scale(found) < larger
    found.keyboard.press("0")
    for left, top, right, bottom in rects(found).values():
        assert pane["x"] <= left < right <= pane["x"] + pane["width"]
        assert pane["y"] <= top < bottom <= pane["y"] + pane["height"]


def test_two_fingers_magnify(opened: Opened) -> None:
    found = opened("v2", width=360, height=740)
    before = scale(found)
    found.evaluate(
        """() => {
            const svg = document.querySelector(".pane");
            const send = (kind, id, x) => svg.dispatchEvent(new PointerEvent(kind, {
                pointerId: id, pointerType: "touch", clientX: x, clientY: 300, bubbles: true, buttons: 1 }));
            svg.setPointerCapture = () => {};
            send("pointerdown", 1, 100); send("pointerdown", 2, 200); send("pointermove", 2, 300);
            send("pointerup", 1, 100); send("pointerup", 2, 300);
        }"""
    )
    assert scale(found) == pytest.approx(2 * before, rel=0.01)


def test_heat_shades_by_a_figure(opened: Opened) -> None:
    found = opened("b0", heat="macs")
    assert found.input_value("#heat") == "macs"
    fills = "boxes => boxes.map((box) => getComputedStyle(box.querySelector('.g')).fill)"
    by_macs = found.eval_on_selector_all(".box", fills)
    assert "of all MACs" in found.text_content("#legend")
    for key in ("params", "activations", "live_bytes", "receptive_field"):
        found.select_option("#heat", key)
        assert found.eval_on_selector_all(".box", fills) != by_macs
    assert "851 pixels" in found.text_content("#legend")
    steps = [int((re.search(r"\bh(\d+)", name) or "00")[1]) for name in found.eval_on_selector_all(  # type: ignore[index]
        ".box", "boxes => boxes.map((box) => box.getAttribute('class'))")]  # fmt: skip
    seen = steps[:-1]
    assert seen == sorted(seen)  # what is seen grows from layer to layer
    assert STEPS in steps
    found.select_option("#heat", "")
    assert "convolution" in found.text_content("#legend")


def test_heat_of_what_is_not_known(opened: Opened) -> None:
    found = opened(made(hostile()), heat="macs")
    assert found.locator(".box.unknown").count() == 2
    assert "not known" in found.text_content("#legend")


def column(found: Any, place: int) -> list[str]:
    return found.eval_on_selector_all(f"#rows tr td:nth-child({place + 1})", "cells => cells.map((c) => c.textContent)")


def test_the_table_is_put_in_order_by_each_column(opened: Opened) -> None:
    found = opened("v3_small")
    headings = found.locator("#heads th")
    first = column(found, 0)
    for place in range(headings.count()):
        heading = headings.nth(place)
        orders = {}
        for _ in range(2):
            heading.locator("button").click()
            orders[heading.get_attribute("aria-sort")] = column(found, place)
        assert set(orders) == {"ascending", "descending"}
        if orders["ascending"][-1].replace(",", "").isdigit():
            numbers = [float(text.replace(",", "") or "-inf") for text in orders["ascending"]]
            assert numbers == sorted(numbers)
        assert [sort for sort in headings.all() if sort.get_attribute("aria-sort") != "none"].__len__() == 1
        heading.locator("button").click()
        assert heading.get_attribute("aria-sort") == "none"
    assert column(found, 0) == first
    found.select_option("#kind", "layers")
    assert found.locator("#rows tr").count() > 2 * len(first)


def test_rows_and_boxes_are_chosen_together(opened: Opened) -> None:
    found = opened("b0")
    found.click('#rows tr:has-text("stage3.block1")')
    assert "stage3.block1" in found.locator(".box.chosen").get_attribute("aria-label")
    found.click("#fit")
    found.click('[data-key="1"]')
    row = found.locator('#rows tr[aria-selected="true"]')
    assert row.count() == 1
    assert row.locator("td").first.text_content() == "stem"
    found.select_option("#kind", "layers")
    found.click('#rows tr:has-text("stage5.block1.squeeze_excite")')
    assert "stage5.block1.squeeze_excite" in found.locator(".box.chosen").get_attribute("aria-label")
    found.locator(".box.chosen").hover()
    assert found.text_content("#whose").startswith("stage5.block1.squeeze_excite")


def test_hover_tells_every_figure(opened: Opened) -> None:
    found = opened("b0")
    totals = facts(found)
    assert totals["Params"].startswith("5,330,571")
    found.hover('[data-key="3"]')
    told = facts(found)
    assert told["Name" if "Name" in told else "Type"] == "MBConv6 k3x3 s2 SE"
    for name in ("Params", "Trainable", "MACs", "FLOPs", "Activations", "Live bytes", "Receptive field", "Bytes read"):
        assert told[name]
    found.mouse.move(1000, 5)
    assert facts(found) == totals


@pytest.mark.parametrize("dark", [False, True])
def test_light_and_dark(opened: Opened, dark: bool) -> None:
    found = opened("v1", dark=dark)
    ground = "() => getComputedStyle(document.body).backgroundColor"
    pale, deep = "rgb(255, 255, 255)", "rgb(13, 18, 24)"
    assert found.evaluate(ground) == (deep if dark else pale)
    found.click("#dark")
    assert found.evaluate(ground) == (pale if dark else deep)
    assert found.get_attribute("#dark", "aria-pressed") == str(not dark).lower()
    found.reload()
    assert found.evaluate(ground) == (deep if dark else pale)  # nothing is kept


def test_dark_where_that_is_asked_for(opened: Opened) -> None:
    assert (
        opened("v1", theme="dark").evaluate("() => getComputedStyle(document.body).backgroundColor")
        == "rgb(13, 18, 24)"
    )


@pytest.mark.parametrize("references", [["b0"], ["b0", "v2"]], ids=len)
def test_a_phone(opened: Opened, references: list[str]) -> None:
    """360 pixels wide: nothing is wider than the screen, and the controls fold."""
    found = opened(*references, width=360, height=740)
    wide = "() => document.documentElement.scrollWidth"
    assert found.evaluate(wide) == 360
    assert not found.is_visible("#heat")
    found.tap("#fold")
    assert found.is_visible("#heat")
    assert found.evaluate(wide) == 360
    found.fill("#search", "conv")
    assert found.evaluate(wide) == 360
    found.tap("#fold")
    found.tap('.pane >> nth=0 >> [data-key="1"]')
    assert found.locator('[data-key="1.0"]').count() == 1
    found.select_option("#kind", "layers")
    assert found.evaluate(wide) == 360


def focused(found: Any) -> str:
    return found.evaluate(
        "() => document.activeElement.id || document.activeElement.dataset.key || document.activeElement.tagName"
    )


def test_by_keys_alone(opened: Opened) -> None:
    found = opened(made(small()))
    walked = []
    for _ in range(30):
        found.keyboard.press("Tab")
        walked.append(focused(found))
        if walked[-1] == "TR":
            break
    assert walked[:1] == ["search"]
    assert {"heat", "open", "close", "farther", "nearer", "fit", "dark", "svg", "0", "kind", "TR"} <= set(walked)
    found.focus('[data-key="0"]')
    found.keyboard.press("ArrowDown")
    assert focused(found) == "1"
    found.keyboard.press("ArrowRight")
    found.keyboard.press("ArrowRight")
    assert focused(found) == "1.0"
    found.keyboard.press("ArrowDown")
    assert found.text_content("#whose") == "stem.conv"
    assert found.evaluate("() => getComputedStyle(document.activeElement.querySelector('.halo')).stroke") != "none"
    found.keyboard.press("Enter")
    assert found.locator(".box.chosen").get_attribute("data-key") == "1.1"
    found.keyboard.press("Escape")
    assert focused(found) == "1"
    found.keyboard.press("Escape")
    assert keys(found).count("1.0") == 0
    assert focused(found) == "1"
    found.keyboard.press("End")
    found.keyboard.press(" ")
    last = focused(found)
    assert said(found).startswith("head opened")
    found.keyboard.press("Home")
    assert focused(found) == "0"
    found.locator("#rows tr").nth(0).focus()
    found.keyboard.press("End")
    found.keyboard.press("Enter")
    assert found.locator(".box.chosen").get_attribute("data-key") == last


def test_what_a_screen_reader_is_told(opened: Opened) -> None:
    found = opened("v1")
    assert found.get_by_role("tree", name="Blocks of mobilenet_v1").count() == 1
    item = found.get_by_role("treeitem", name=re.compile("^stem, Conv2D 3x3 s2, gives 112x112x32, 992 parameters"))
    assert item.get_attribute("aria-expanded") == "false"
    assert found.get_by_role("grid").get_by_role("columnheader").count() > 5
    unnamed = found.eval_on_selector_all(
        "button, select, input",
        "all => all.filter((e) => !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).length",
    )
    assert unnamed == 0


def test_hostile_names_are_text(opened: Opened) -> None:
    found = opened(made(hostile()))
    found.click("#open")
    found.fill("#search", "n")
    found.select_option("#kind", "layers")
    text = found.text_content("#rows")
    for name in HOSTILE:
        assert name.replace("\u202e", "\\u202e") in text + found.text_content("header") + found.text_content(".pane")
    assert "\u202e" not in found.content()
    assert found.locator("img").count() == found.locator("body script[src]").count() == 0
    widths = [right - left for left, _, right, _ in rects(found).values()]
    assert max(widths) / scale(found) < 900
    found.click('#rows tr:has-text("nnnnnnnn") >> nth=0')
    assert found.text_content("#whose").endswith(LONG)
    assert found.evaluate("() => document.documentElement.scrollWidth") == 1440


@contextmanager
def printed(found: Any) -> Iterator[None]:
    found.emulate_media(media="print")
    found.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    yield
    found.evaluate("() => dispatchEvent(new Event('afterprint'))")
    found.emulate_media(media="screen")


def test_on_paper(opened: Opened) -> None:
    found = opened("b7", dark=True)
    found.click("#open")
    data = found.pdf(format="A4")
    assert data.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", data)) == 1
    assert found.locator("#paper svg").count() == 0
    with printed(found):
        assert not found.is_visible("header")
        assert not found.is_visible("main")
        assert found.is_visible("#paper >> text=depthwise convolution")
        assert found.locator("#paper svg").count() > 2
        assert found.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert found.is_visible("header")


def test_two_networks_on_paper_have_a_sheet_each(opened: Opened) -> None:
    found = opened("v1", "v2")
    assert len(re.findall(rb"/Type\s*/Page\b", found.pdf(format="A4"))) == 2


def test_two_networks_and_what_differs(opened: Opened) -> None:
    found = opened("v3_small", "v3_large")
    assert found.locator(".pane").count() == 2
    assert column(found, 0).count("Changed") > 2
    assert "Only in the second" in column(found, 0)
    assert found.locator(".pane >> nth=1 >> .box.added .badge").count() > 0
    assert found.locator(".box.changed").count() > 4
    row = found.locator("#rows tr.changed").nth(2)
    cells = row.locator("td").all_text_contents()
    row.click()
    chosen = found.locator(".box.chosen")
    assert cells[1].replace(" ", ".") in chosen.get_attribute("aria-label")
    assert found.locator(".pane >> nth=1 >> .box.paired").count() >= 1
    assert cells[3] in found.text_content("#facts")
    params = [int(cells[place].replace(",", "")) for place in (4, 5, 6)]
    assert params[1] - params[0] == params[2]
    found.fill("#search", "stage1.block1")
    found.keyboard.press("Enter")
    found.keyboard.press("Enter")
    assert found.text_content("#results").count("mobilenet_v3_large: ") > 0


def test_the_same_network_twice(opened: Opened) -> None:
    found = opened("v1", "v1")
    assert found.locator(".badge").count() == 0
    assert (
        "No block differs" in found.text_content("#identity") or "identical" in found.text_content("#identity").lower()
    )


TOGGLE = """() => {
    const closed = [...document.querySelectorAll('.box[aria-expanded="false"]')].map((box) => box.dataset.key);
    const click = (key) => document.querySelector(`[data-key="${key}"]`).dispatchEvent(
        new MouseEvent("click", { bubbles: true }));
    const before = document.querySelectorAll(".box").length;
    for (const key of closed) {
        click(key);
        if (document.querySelectorAll(".box").length <= before) return 0;
        click(key);
    }
    return closed.length;
}"""
"""Opens each block and closes it again; how many that were."""


def test_many_blocks_opened_and_closed_leave_nothing_behind(opened: Opened) -> None:
    found = opened("b7")
    session = found.context.new_cdp_session(found)
    session.send("HeapProfiler.enable")

    def held() -> tuple[int, int, int]:
        """Nodes that are kept, elements of the page, bytes of the script's heap."""
        session.send("HeapProfiler.collectGarbage")
        counted = session.send("Memory.getDOMCounters")
        elements = found.evaluate("() => document.querySelectorAll('*').length")
        return counted["nodes"], elements, session.send("Runtime.getHeapUsage")["usedSize"]

    found.evaluate(TOGGLE)
    before = held()
    opens = 0
    while opens < 60:
        opened_now = found.evaluate(TOGGLE)
        assert opened_now > 15
        opens += opened_now
    after = held()
    assert after[1] == before[1]
    assert after[0] <= before[0] * 1.02 + 50
    assert after[2] <= before[2] * 1.15


def test_boxes_stand_in_the_order_of_the_network(opened: Opened) -> None:
    tops = [rect[1] for rect in rects(opened("b0")).values()]
    assert all(one < other for one, other in pairwise(tops))
