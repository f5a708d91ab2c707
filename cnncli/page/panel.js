// The figures of one box or layer, in words; and what of them decides on its looks.

const CHANGES = { added: "+", removed: "−", changed: "~" };

/** The entry of a box ("3") or of a layer in it ("3.0"). */
function figures(number, key) {
  const [place, layer] = key.split(".");
  const box = DATA.networks[number].boxes[place];
  return layer === undefined ? box : box.layers[layer];
}

const MOST_SPOKEN = 200; // characters of a name

const named = (found) => found.row[COLUMN.name];

/** What somebody is told who does not see the box. */
function spoken(found) {
  const cost = (key, words) => (found.row[COLUMN[key]] ? `${shown(found.row[COLUMN[key]])} ${words}` : "");
  return [
    named(found), found.row[COLUMN.type], `gives ${shown(found.row[COLUMN.output_shape])}`,
    cost("params", "parameters"), cost("macs", "MACs"),
  ].filter(Boolean).map((text) => text.slice(0, MOST_SPOKEN)).join(", ");
}

/** What is told of a box where two networks are compared: a row a run of its blocks. */
function compared(number, key) {
  const found = (DATA.difference && DATA.difference.marks[number][key.split(".")[0]]) || [];
  return found.map((place) => DATA.difference.rows[place]);
}

/** How a box changes as a whole: blocks alike of which some are new are changed; nothing where all are equal. */
function change(number, key) {
  const kinds = new Set(key.includes(".") ? [] : compared(number, key).map((row) => row.kind));
  if (kinds.size > 1) return "changed";
  const [kind] = kinds;
  return kind === "equal" ? undefined : kind;
}

/** The boxes of the other network that play the role of a box. */
function counterparts(number, key) {
  const other = 1 - number;
  return compared(number, key).flatMap((row) => row.boxes[other].map((place) => ({ number: other, key: `${place}` })));
}

/** The class of a box's shade. */
function heated(number, key) {
  if (state.heat < 0) return "";
  const step = figures(number, key).heat[state.heat];
  return step === null ? "unknown" : `h${step}`;
}

/** Further classes: chosen, found, changed. */
function marks(number, key) {
  const is = (other) => other && other.number === number && other.key === key;
  const paired = state.paired.some(is);
  return [is(state.chosen) && "chosen", paired && "paired", state.found.has(`${number}:${key}`) && "found", change(number, key)];
}

/** A sign at the corner of a box that changes, so that it is told not by its colour alone. */
function badge(number, key, left, top) {
  const sign = CHANGES[change(number, key)];
  if (!sign) return [];
  return [drawn("g", { class: "badge", transform: `translate(${cut(left)} ${cut(top)})` },
    drawn("circle", { r: 7 }), drawn("text", { y: 3.6, "text-anchor": "middle", "font-size": 11 }, sign))];
}

/** Show the figures of a box or layer; without one what can be done here. */
function tell(place) {
  const list = at("facts");
  list.replaceChildren();
  at("hint").hidden = Boolean(place);
  at("whose").textContent = place ? named(figures(place.number, place.key)) : "";
  list.className = place ? "" : "whole";
  if (!place) return whole(list);
  const found = figures(place.number, place.key);
  if (DATA.networks.length > 1) fact(list, "Network", DATA.networks[place.number].name);
  for (const row of compared(place.number, place.key)) {
    fact(list, `${DATA.difference.words[row.kind]}:`, [row.place, row.what].filter(Boolean).join(", "), `change ${row.kind}`);
  }
  DATA.columns.forEach((column, position) => {
    if (column.key !== "name") fact(list, column.title, shown(found.row[position]));
  });
  for (const [name, text] of found.more) fact(list, name, text);
  if (found.alike && found.alike.length) fact(list, "Stands for", found.alike.join(", "));
  return undefined;
}

/** The totals: where nothing is pointed at. */
function whole(list) {
  for (const { name, totals } of DATA.networks) {
    if (DATA.networks.length > 1) list.append(element("div", { class: "title" }, element("dt", {}, name), element("dd")));
    for (const [title, text] of totals) fact(list, title, text);
  }
}

/** A figure with its name; nothing where there is none. */
function fact(list, name, text, look) {
  if (text) list.append(element("div", { class: look }, element("dt", {}, name), element("dd", {}, text)));
}
