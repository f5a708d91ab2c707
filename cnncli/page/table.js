// The table: a row a block, or a row a layer, in the order of any column; of two networks a row a change.

const TABLED = DATA.columns.flatMap((column, place) => (column.table ? [place] : []));
const sorting = { column: -1, down: false };

/** What can stand in the table: of each row its values, and the box or layer that it is. */
function rows() {
  if (state.rows === "changes") return DATA.difference.rows.map(changed);
  return DATA.networks.flatMap((network, number) => network.boxes.flatMap((box, place) => listed(number, box, `${place}`)));
}

function listed(number, box, key) {
  const row = (found, name) => ({ values: TABLED.map((place) => found.row[place]), places: [{ number, key: name }] });
  if (state.rows === "blocks" || !box.layers) return [row(box, key)];
  return box.layers.map((layer, place) => row(layer, `${key}.${place}`));
}

/** A row of a change: the boxes of both networks that it is about. */
function changed(change) {
  const places = change.boxes.flatMap((boxes, number) => boxes.map((place) => ({ number, key: `${place}` })));
  return { values: change.values, places, look: change.kind };
}

const headings = () => (state.rows === "changes" ? DATA.difference.columns : TABLED.map((place) => DATA.columns[place]));

/** Make the table anew: when the rows are others, or in another order. */
function tabulate() {
  const columns = headings();
  at("heads").replaceChildren(...columns.map(head));
  const found = rows();
  if (sorting.column >= 0) {
    const sign = sorting.down ? -1 : 1;
    found.sort((one, other) => sign * ordered(one.values[sorting.column], other.values[sorting.column]));
  }
  at("rows").replaceChildren(...found.map((row) => rowed(row, columns)));
  table.rows = found;
  pointed();
}

const table = { rows: [] };

/** A column's heading, by which the rows are put in order. */
function head(column, place) {
  const sorted = sorting.column === place;
  const button = element("button", { type: "button" }, column.title, element("span", { class: "sign", "aria-hidden": "true" },
    sorted ? (sorting.down ? " ▼" : " ▲") : ""));
  const cell = element("th", { scope: "col", class: look(column), "data-column": place,
    "aria-sort": sorted ? (sorting.down ? "descending" : "ascending") : "none" }, button);
  return cell;
}

function rowed(row, columns) {
  const cells = row.values.map((value, place) => element("td", { class: look(columns[place]) }, element("span", {}, shown(value))));
  return element("tr", { tabindex: "-1", class: row.look, "data-keys": row.places.map(spelt).join(" ") }, ...cells);
}

const look = (column) => (column.right ? "right" : column.words ? "words" : "");

const spelt = ({ number, key }) => `${number}:${key}`;

/** A click on a heading: first the largest of figures and the first of words, then the other way round, then as they are. */
function sortBy(place) {
  const first = Boolean(headings()[place].right);
  if (sorting.column !== place) Object.assign(sorting, { column: place, down: first });
  else if (sorting.down === first) sorting.down = !first;
  else Object.assign(sorting, { column: -1, down: false });
  tabulate();
  at("heads").children[place].firstChild.focus();
  const title = headings()[place].title;
  say(sorting.column < 0 ? "in the network's order" : `by ${title}, ${sorting.down ? "largest" : "smallest"} first`);
}

/** Mark the row of what is chosen, and bring it into view; of a layer that has none, its block's. */
function pointed() {
  const chosen = state.chosen && [spelt(state.chosen), spelt({ ...state.chosen, key: state.chosen.key.split(".")[0] })];
  let [reached, marked] = [null, null];
  for (const row of at("rows").children) {
    const keys = row.dataset.keys.split(" ");
    row.setAttribute("tabindex", "-1");
    row.setAttribute("aria-selected", "false");
    if (chosen && keys.includes(chosen[0])) reached = row;
    else if (chosen && keys.includes(chosen[1])) marked = marked || row;
  }
  const found = reached || marked;
  if (found) found.setAttribute("aria-selected", "true");
  const first = found || at("rows").firstChild;
  if (first) first.setAttribute("tabindex", "0");
  if (found && !at("table").contains(document.activeElement)) requestAnimationFrame(() => scrolled(found));
}

/** Scroll the table alone, never the page. */
function scrolled(row) {
  const [holder, top] = [at("table"), at("heads").offsetHeight];
  const [start, end] = [row.offsetTop - top, row.offsetTop + row.offsetHeight];
  if (start < holder.scrollTop) holder.scrollTop = start;
  else if (end > holder.scrollTop + holder.clientHeight) holder.scrollTop = end - holder.clientHeight;
}

/** Keys in the table: up and down from row to row, Enter to see the box. */
function tableKey(event) {
  const row = event.target.closest("tbody tr");
  if (!row) return;
  const next = { ArrowDown: row.nextSibling, ArrowUp: row.previousSibling, Home: row.parentNode.firstChild,
    End: row.parentNode.lastChild }[event.key];
  if (next) {
    event.preventDefault();
    next.focus();
    scrolled(next);
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    fromRow(row);
  }
}

/** Show the box of a row; of a row of two networks that of each. */
function fromRow(row) {
  const places = row.dataset.keys.split(" ").filter(Boolean).map((text) => {
    const [number, key] = text.split(":");
    return { number: Number(number), key };
  });
  if (!places.length) return;
  choose(places[0]);
}
