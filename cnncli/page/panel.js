// The figures of one box or layer, in words; and what of them decides on its looks.

const CHANGES = { added: "+", removed: "−", changed: "~" };

/** The entry of a box ("3") or of a layer in it ("3.0"). */
function figures(number, key) {
  const [place, layer] = key.split(".");
  const box = DATA.networks[number].boxes[place];
  return layer === undefined ? box : box.layers[layer];
}

const named = (found) => found.row[COLUMN.name];

/** What somebody is told who does not see the box. */
function spoken(found) {
  const cost = (key, words) => (found.row[COLUMN[key]] ? `${shown(found.row[COLUMN[key]])} ${words}` : "");
  return [
    named(found), found.row[COLUMN.type], `gives ${shown(found.row[COLUMN.output_shape])}`,
    cost("params", "parameters"), cost("macs", "MACs"),
  ].filter(Boolean).join(", ");
}

/** How a box changes from the first network to the second; null where there is one network, or nothing changes. */
function change(number, key) {
  const found = DATA.difference && DATA.difference.marks[number][key.split(".")[0]];
  return found === undefined || found === null ? null : DATA.difference.rows[found];
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
  const differs = key.includes(".") ? null : change(number, key);
  return [is(state.chosen) && "chosen", state.found.has(`${number}:${key}`) && "found", differs && differs.kind];
}

/** A sign at the corner of a box that changes, so that it is told not by its colour alone. */
function badge(number, key, left, top) {
  const differs = key.includes(".") ? null : change(number, key);
  if (!differs || !CHANGES[differs.kind]) return [];
  return [drawn("g", { class: "badge", transform: `translate(${cut(left)} ${cut(top)})` },
    drawn("circle", { r: 7 }), drawn("text", { y: 3.6, "text-anchor": "middle", "font-size": 11 }, CHANGES[differs.kind]))];
}

/** Show the figures of a box or layer; without one what can be done here. */
function tell(place) {
  const list = at("facts");
  list.replaceChildren();
  at("hint").hidden = Boolean(place);
  at("whose").textContent = place ? named(figures(place.number, place.key)) : "";
  if (!place) return;
  const found = figures(place.number, place.key);
  if (DATA.networks.length > 1) fact(list, "Network", DATA.networks[place.number].name);
  const differs = change(place.number, place.key);
  if (differs) fact(list, DATA.difference.words[differs.kind], differs.what || differs.place, `change ${differs.kind}`);
  DATA.columns.forEach((column, position) => {
    if (column.key !== "name") fact(list, column.title, shown(found.row[position]));
  });
  for (const [name, text] of found.more) fact(list, name, text);
  if (found.alike && found.alike.length) fact(list, "Stands for", found.alike.join(", "));
}

/** A figure with its name; nothing where there is none. */
function fact(list, name, text, look) {
  if (text) list.append(element("div", { class: look }, element("dt", {}, name), element("dd", {}, text)));
}
