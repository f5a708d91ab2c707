// Searching: all blocks and layers whose name or type holds what is typed.

const MOST_LISTED = 100;
const index = [];

/** Every block and layer with what it can be found by; of blocks alike the layers of each lead to those of the first. */
function indexed() {
  DATA.networks.forEach((network, number) => network.boxes.forEach((box, place) => {
    enter(number, `${place}`, box, named(box));
    for (const name of (box.alike || []).slice(1)) enter(number, `${place}`, box, name);
    (box.layers || []).forEach((layer, position) => {
      const [key, own] = [`${place}.${position}`, named(layer)];
      enter(number, key, layer, own);
      const [first, ...others] = box.alike || [];
      if (first && own.startsWith(`${first}.`)) {
        for (const other of others) enter(number, key, layer, other + own.slice(first.length));
      }
    });
  }));
}

function enter(number, key, found, name) {
  const [type, keras] = [found.row[COLUMN.type], found.row[COLUMN.keras_name]];
  index.push({ number, key, name, type, text: `${name}\n${type}\n${keras || ""}`.toLowerCase() });
}

const search = { results: [], place: -1 };

/** Look for what is typed; the boxes that are found are marked, and the first is shown by Enter. */
function looked() {
  const text = at("search").value.trim().toLowerCase();
  search.results = text ? index.filter((entry) => entry.text.includes(text)) : [];
  search.place = -1;
  state.found = new Set(search.results.map(spelt));
  for (const diagram of diagrams) diagram.marked();
  listResults(Boolean(text));
}

/** The list below the field, and how many there are. */
function listResults(asked) {
  const { results, place } = search;
  const count = results.length === 1 ? "1 found" : `${results.length.toLocaleString("en-US")} found`;
  at("count").textContent = !asked ? "" : place < 0 ? count : `${place + 1} of ${results.length.toLocaleString("en-US")}`;
  for (const id of ["previous", "next"]) at(id).disabled = !results.length;
  const start = Math.max(0, Math.min(place - MOST_LISTED / 2, results.length - MOST_LISTED));
  const listed = results.slice(start, start + MOST_LISTED).map((entry, position) => result(entry, start + position));
  const left = results.length - listed.length;
  at("results").replaceChildren(...listed, ...(left ? [element("li", { class: "more" }, `and ${left} more`)] : []));
  showResults(Boolean(results.length));
  if (asked && place < 0) say(count);
}

function result(entry, place) {
  const where = DATA.networks.length > 1 ? `${DATA.networks[entry.number].name}: ` : "";
  return element("li", { role: "option", id: `result${place}`, "data-place": place,
    "aria-selected": String(place === search.place) },
  element("b", {}, where + entry.name), " ", element("span", {}, entry.type));
}

/** Whether the list is open. */
function showResults(open) {
  at("results").hidden = !open;
  at("search").setAttribute("aria-expanded", String(open));
  if (!open) at("search").removeAttribute("aria-activedescendant");
}

/** Go to a result: the block that holds it is opened, brought into view and marked. */
function goTo(place, open = true) {
  const { results } = search;
  if (!results.length) return;
  search.place = (place + results.length) % results.length;
  const entry = results[search.place];
  choose(entry);
  listResults(true);
  showResults(open);
  const listed = at(`result${search.place}`);
  if (open && listed) {
    listed.scrollIntoView({ block: "nearest" });
    at("search").setAttribute("aria-activedescendant", listed.id);
  }
  say(`${search.place + 1} of ${results.length}: ${entry.name}, ${entry.type}`);
}

/** Keys in the field: down and up, or Enter and Shift+Enter, lead through the results; Escape ends the search. */
function searchKey(event) {
  if (event.key === "Enter" || event.key === "ArrowDown" || event.key === "ArrowUp") {
    const back = event.key === "ArrowUp" || event.shiftKey;
    event.preventDefault();
    goTo(back ? Math.max(search.place, 0) - 1 : search.place + 1);
  } else if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    if (at("results").hidden) at("search").value = "";
    if (!at("search").value) looked();
    showResults(false);
  }
}
