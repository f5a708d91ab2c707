// What is chosen, found and shown, and what the controls do about it. Nothing of it is kept when the page is left.

const state = { chosen: null, paired: [], found: new Set(), heat: -1, rows: DATA.difference && DATA.difference.rows.length ? "changes" : "blocks" };
const diagrams = [];

/** Choose a box or layer: mark it, show it, tell of it; null for none. */
function choose(place, shows = true) {
  state.chosen = place && { number: place.number, key: place.key };
  state.paired = place ? counterparts(place.number, place.key) : [];
  if (place && shows) diagrams[place.number].reveal(place.key);
  if (state.paired.length) diagrams[state.paired[0].number].reveal(state.paired[0].key);
  for (const diagram of diagrams) diagram.marked();
  tell(state.chosen);
  pointed();
}

/** Open or close a box, and say so. */
function toggled(number, key, opens) {
  const diagram = diagrams[number];
  const place = Number(key);
  const found = figures(number, key);
  if (!found.layers || key.includes(".")) return;
  diagram.toggle(place, opens);
  const open = diagram.open.has(place);
  say(open ? `${named(found)} opened, ${found.layers.length} layers` : `${named(found)} closed`);
}

/** All of both networks, opened or closed. */
function toggledAll(opens) {
  const count = diagrams.reduce((sum, diagram) => sum + diagram.all(opens), 0);
  if (!opens && state.chosen) state.chosen.key = state.chosen.key.split(".")[0];
  choose(state.chosen, false);
  for (const diagram of diagrams) diagram.pane.begin();
  say(opens ? `${count} blocks opened` : "all blocks closed");
}

// The boxes.

function clicked(diagram, event) {
  if (diagram.pane.dragged) return void (diagram.pane.dragged = false);
  const item = event.target.closest(".box");
  if (!item) return undefined;
  const { key } = item.dataset;
  toggled(diagram.number, key);
  choose({ number: diagram.number, key }, false);
  const now = diagram.item(key);
  if (now !== document.activeElement) now.focus({ preventScroll: true });
  return undefined;
}

/** Keys upon a box: from box to box, into a block and out of it. Elsewhere in a pane, and with Shift, arrows move it. */
function diagramKey(diagram, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const item = event.target.closest(".box");
  const done = item && !event.shiftKey ? boxKey(diagram, item, event.key) : false;
  if (done || diagram.pane.key(event)) event.preventDefault();
}

function boxKey(diagram, item, key) {
  const items = diagram.items();
  const step = (by) => focusOn(diagram, items[Math.min(items.length - 1, Math.max(0, items.indexOf(item) + by))]);
  const actions = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    ArrowRight: () => inward(diagram, item, step),
    ArrowLeft: () => outward(diagram, item),
    Home: () => step(-items.length),
    End: () => step(items.length),
    Enter: () => pressed(diagram, item),
    " ": () => pressed(diagram, item),
    Escape: () => outward(diagram, item),
  };
  if (!actions[key]) return false;
  actions[key]();
  return true;
}

function focusOn(diagram, item) {
  item.focus({ preventScroll: true });
  diagram.pane.show(diagram.frames.get(item.dataset.key));
}

function pressed(diagram, item) {
  const { key } = item.dataset;
  toggled(diagram.number, key);
  choose({ number: diagram.number, key }, false);
  focusOn(diagram, diagram.item(key));
}

/** Into a block: first it is opened, then its first layer is next. */
function inward(diagram, item, step) {
  if (item.getAttribute("aria-expanded") === "false") toggled(diagram.number, item.dataset.key, true);
  else if (item.getAttribute("aria-expanded") === "true") step(1);
}

/** Out of a block: from a layer to its heading, which then is closed; from a closed one nothing is chosen any more. */
function outward(diagram, item) {
  const { key } = item.dataset;
  if (key.includes(".")) focusOn(diagram, diagram.item(key.split(".")[0]));
  else if (item.getAttribute("aria-expanded") === "true") toggled(diagram.number, key, false);
  else choose(null);
}

/** The figures of what is pointed at, or has the focus, else of what is chosen. */
function hovered(diagram, event) {
  const item = event.target.closest(".box");
  tell(item ? { number: diagram.number, key: item.dataset.key } : state.chosen);
}

function watch(diagram, svg) {
  svg.addEventListener("click", (event) => clicked(diagram, event));
  svg.addEventListener("keydown", (event) => diagramKey(diagram, event));
  svg.addEventListener("pointerover", (event) => hovered(diagram, event));
  svg.addEventListener("pointerleave", () => tell(state.chosen));
  svg.addEventListener("focusin", (event) => hovered(diagram, event));
}

// The controls.

function shade() {
  state.heat = DATA.heats[0].findIndex((scale) => scale.key === at("heat").value);
  for (const diagram of diagrams) diagram.marked();
  explain();
}

/** What the colours mean: of kinds a list, of heat a scale for each network. */
function explain() {
  const entry = (width, height, shapes, text) => element("li", {},
    drawn("svg", { width, height, viewBox: `-1 -1 ${width + 2} ${height + 2}`, "aria-hidden": "true" }, ...shapes), text);
  if (state.heat < 0) {
    at("legend").replaceChildren(...DATA.legends.flatMap(([title, entries]) => [
      ...(title && entries.length ? [element("li", { class: "title" }, `${title}:`)] : []),
      ...entries.map(({ width, height, shapes, text }) => entry(width, height, shapes.flatMap((shape) => shaped(shape)), text)),
    ]));
    return;
  }
  const steps = [...Array(DATA.steps + 1).keys()];
  const scale = () => steps.map((step) => drawn("g", { class: `h${step}` },
    drawn("rect", { class: "g flat", x: step * 5, y: 0, width: 5.2, height: 10 })));
  const whose = (number) => (DATA.networks.length > 1 ? `${DATA.networks[number].name}: ` : "");
  at("legend").replaceChildren(
    ...DATA.heats.map((scales, number) => entry(5 * steps.length, 10, scale(), `${whose(number)}0 to ${scales[state.heat].end}`)),
    ...(unknowns() ? [entry(18, 10, [drawn("rect", { class: "blank", width: 18, height: 10 })], "no figure, or not known")] : []));
}

/** Whether what shades boxes is not known of some. */
function unknowns() {
  return DATA.networks.some(({ boxes }) => boxes.some((box) => box.heat[state.heat] === null));
}

function turnedDark(dark) {
  const root = document.documentElement;
  root.classList.toggle("dark", dark);
  root.classList.toggle("light", !dark);
  at("dark").setAttribute("aria-pressed", String(dark));
}

function folded() {
  const open = at("controls").classList.toggle("unfolded");
  at("fold").setAttribute("aria-expanded", String(open));
}

const BUTTONS = {
  previous: () => goTo(Math.max(search.place, 0) - 1, false),
  next: () => goTo(search.place + 1, false),
  open: () => toggledAll(true),
  close: () => toggledAll(false),
  nearer: () => diagrams.forEach((diagram) => diagram.pane.zoom(STEP)),
  farther: () => diagrams.forEach((diagram) => diagram.pane.zoom(1 / STEP)),
  fit: () => diagrams.forEach((diagram) => diagram.pane.fit()),
  dark: () => turnedDark(at("dark").getAttribute("aria-pressed") !== "true"),
  fold: folded,
};

function control() {
  for (const [id, action] of Object.entries(BUTTONS)) at(id).addEventListener("click", action);
  at("heat").addEventListener("change", shade);
  at("kind").addEventListener("change", () => {
    state.rows = at("kind").value;
    Object.assign(sorting, { column: -1, down: false });
    tabulate();
  });
  at("search").addEventListener("input", looked);
  at("search").addEventListener("keydown", searchKey);
  at("search").addEventListener("focus", () => showResults(Boolean(search.results.length)));
  at("results").addEventListener("pointerdown", (event) => event.preventDefault());
  at("results").addEventListener("click", (event) => {
    const listed = event.target.closest("[data-place]");
    if (listed) goTo(Number(listed.dataset.place), false);
  });
  at("finder").addEventListener("focusout", (event) => {
    if (!at("finder").contains(event.relatedTarget)) showResults(false);
  });
  at("heads").addEventListener("click", (event) => {
    const cell = event.target.closest("th");
    if (cell && event.target.closest("button")) sortBy(Number(cell.dataset.column));
  });
  at("rows").addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    if (row) fromRow(row);
  });
  at("table").addEventListener("keydown", tableKey);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.closest("input, select")) {
      event.preventDefault();
      at("search").focus();
    } else if (event.key === "Escape" && state.chosen && !event.target.closest(".box")) choose(null);
  });
  addEventListener("beforeprint", paper);
  addEventListener("afterprint", () => at("paper").replaceChildren());
}

// The beginning.

/** The window of a network's diagram, with whose it is. */
function pane(network, number) {
  const svg = drawn("svg", { class: "pane", tabindex: "0", role: "group", "aria-describedby": "hint",
    "aria-label": `Diagram of ${network.name}. Arrow keys move it, plus and minus magnify, 0 shows all of it.` });
  const caption = element("figcaption", {}, element("b", {}, network.name), ...network.facts.map((fact) => element("span", {}, fact)));
  at("panes").append(element("figure", {}, caption, svg));
  diagrams.push(new Diagram(number, svg));
  watch(diagrams[number], svg);
}

function options(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => element("option", { value }, text)));
}

function start() {
  const dark = DATA.dark || matchMedia("(prefers-color-scheme: dark)").matches;
  if (DATA.dark) turnedDark(true);
  at("dark").setAttribute("aria-pressed", String(dark));
  options(at("heat"), [["", "kind"], ...DATA.heats[0].map((scale) => [scale.key, scale.title])]);
  options(at("kind"), [...(DATA.difference ? [["changes", "changes"]] : []), ["blocks", "blocks"], ["layers", "layers"]]);
  at("heat").value = DATA.heat;
  at("kind").value = state.rows;
  for (const id of ["open", "close"]) at(id).hidden = !DATA.insides.length;
  document.body.classList.toggle("two", DATA.networks.length > 1);
  DATA.networks.forEach(pane);
  if (DATA.difference) at("identity").textContent = DATA.difference.identity;
  indexed();
  control();
  shade();
  looked();
  tabulate();
  tell(null);
  for (const diagram of diagrams) diagram.pane.begin();
}

start();
