// A network's boxes: which are open, which one is chosen, and all of it drawn anew when that changes.

const BAR = 20; // points: how high the heading of an open box is
const PAD = 6; // points: around what it holds
const OFF = 60; // points: an entry that is farther from the middle is led to
const AISLE = 12; // points: for the links that enter and leave it

class Diagram {
  /** The network of this number, drawn in an svg. */
  constructor(number, svg) {
    this.number = number;
    this.network = DATA.networks[number];
    this.open = new Set();
    this.held = new Map(); // what open boxes hold, which does not change while they are open
    this.layer = drawn("g");
    svg.append(this.layer);
    this.pane = new Pane(svg, this.layer, () => [this.width, this.height]);
    this.draw();
  }

  box(place) {
    return this.network.boxes[place];
  }

  /** The boxes that are open, with what they need, where they are, and their frames. */
  opened() {
    const found = [...this.open].map((place) => {
      const box = this.box(place);
      const inside = DATA.insides[box.inside];
      const aside = box.axis - (box.rect[0] + box.rect[2]) / 2;
      const reach = Math.max(axis(inside) - aside, inside.width - axis(inside) + aside);
      const width = Math.max(2 * (reach + PAD), box.head, box.rect[2] - box.rect[0]);
      return { place, box, inside, aside, rect: box.rect, width, height: inside.height + BAR + 2 * AISLE };
    });
    this.map = warped(found);
    for (const each of found) each.frame = spread(each, this.map);
    return new Map(found.map((each) => [each.place, each]));
  }

  /** All shapes in their places. What had the focus keeps it. */
  draw() {
    const focused = this.layer.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const open = this.opened();
    const lead = (points, map) => led(points, open.values(), map);
    this.frames = new Map();
    this.width = this.map.x(this.network.width);
    this.height = this.map.y(this.network.height);
    const grounds = drawn("g", { "aria-hidden": "true" });
    const tree = drawn("g", { role: "tree", "aria-label": `Blocks of ${this.network.name}` });
    for (const shape of this.network.shapes) {
      if (shape[0] !== "g") grounds.append(...shaped(shape, this.map, lead));
      else tree.append(...(open.has(shape[1]) ? this.unfolded(open.get(shape[1])) : [this.closed(shape)]));
    }
    for (const place of this.held.keys()) if (!open.has(place)) this.held.delete(place);
    this.layer.replaceChildren(grounds, tree);
    this.marked();
    if (focused) (this.item(focused) || this.item(focused.split(".")[0])).focus();
  }

  /** A closed box: its shapes as they are, moved to its place, its right edge apart where it grows with others. */
  closed([, place, shapes]) {
    const [left, top, right, bottom] = this.box(place).rect;
    const frame = [this.map.x(left), this.map.y(top), this.map.x(right), this.map.y(bottom)];
    this.frames.set(`${place}`, frame);
    const [toLeft, toRight] = [frame[0] - left, frame[2] - right];
    const down = (frame[1] - top + frame[3] - bottom) / 2;
    const far = (right + left) / 2;
    const x = (at) => at + (at > far ? toRight : toLeft);
    const grown = { x, y: (at) => at + (at <= top + NEAR ? frame[1] - top : at >= bottom - NEAR ? frame[3] - bottom : down) };
    const moved = { x: (at) => at + toLeft, y: grown.y };
    return this.treeitem(`${place}`, frame, shapes.flatMap((shape) => shaped(shape, wide(shape, right - left) ? grown : moved)));
  }

  /** An open box: a frame with a heading, and in it the layers, with the links that enter and leave. */
  unfolded({ place, box, inside, aside, frame }) {
    const [left, top, right, bottom] = frame;
    this.frames.set(`${place}`, frame);
    const middle = this.map.x(box.axis);
    const [x, y] = [(left + right) / 2 + aside - axis(inside), top + BAR + AISLE];
    const bar = this.treeitem(`${place}`, frame, this.heading(box, frame));
    const links = [
      ...inside.entries.flatMap(([end]) => joined([middle, top + BAR], [x + end, y])),
      ...inside.exits.flatMap(([start, height]) => joined([x + start, y + height], [middle, bottom])),
    ];
    const ground = drawn("g", { "aria-hidden": "true" },
      drawn("rect", { class: "frame", x: cut(left), y: cut(top), width: cut(right - left), height: cut(bottom - top) }),
      ...links);
    inside.rects.forEach(([l, t, r, b], layer) => this.frames.set(`${place}.${layer}`, [l + x, t + y, r + x, b + y]));
    if (!this.held.has(place)) this.held.set(place, this.layers(place, inside));
    const held = this.held.get(place);
    for (const group of held) group.setAttribute("transform", `translate(${cut(x)} ${cut(y)})`);
    return [ground, bar, ...held]; // in this order: what is pointed at lies on top
  }

  /** What an open box holds: what stands still, and the layers. */
  layers(place, inside) {
    const still = drawn("g", { "aria-hidden": "true" });
    const items = drawn("g", { role: "presentation" });
    for (const shape of inside.shapes) {
      if (shape[0] !== "g") still.append(...shaped(shape));
      else items.append(this.treeitem(`${place}.${shape[1]}`, inside.rects[shape[1]], shape[2].flatMap((each) => shaped(each))));
    }
    return [still, items];
  }

  /** What stands on the bar of an open box: its name, what it is, and a sign that it can be closed. */
  heading(box, [left, top, right]) {
    const write = (text, x, anchor, weight) => drawn("text", {
      class: "word", x: cut(x), y: cut(top + 13.5), "font-size": 8.5, "text-anchor": anchor, "font-weight": weight,
    }, text);
    return [
      drawn("rect", { class: "bar", x: cut(left), y: cut(top), width: cut(right - left), height: BAR }),
      drawn("path", { class: "cross", d: `M${cut(left + 8)} ${cut(top + 10)}h6` }),
      write(box.title, left + 20, "", "bold"),
      write(box.says, right - 8, "end", ""),
    ];
  }

  /** A box that can be pointed at, chosen and, if it holds layers, opened. */
  treeitem(key, [left, top, right, bottom], children) {
    const [found, deep] = [figures(this.number, key), key.includes(".")];
    const halo = drawn("rect", {
      class: "halo", x: cut(left - 2), y: cut(top - 2), width: cut(right - left + 4), height: cut(bottom - top + 4), rx: 3,
    });
    return drawn("g", {
      class: "box", role: "treeitem", tabindex: "-1", "data-key": key, "aria-level": deep ? 2 : 1,
      "aria-label": spoken(found),
      "aria-expanded": found.layers && !deep ? String(this.open.has(Number(key))) : null,
    }, ...children, halo, ...badge(this.number, key, left, top));
  }

  item(key) {
    return this.layer.querySelector(`[data-key="${key}"]`);
  }

  /** All items in the order in which they are drawn. */
  items() {
    return [...this.layer.querySelectorAll(".box")];
  }

  /** Classes of heat, of what is chosen and found; one item, the chosen one or the first, can be reached by Tab. */
  marked() {
    const chosen = state.chosen && state.chosen.number === this.number ? state.chosen.key : null;
    const items = this.items();
    for (const item of items) {
      const key = item.dataset.key;
      item.setAttribute("class", ["box", heated(this.number, key), ...marks(this.number, key)].filter(Boolean).join(" "));
      item.setAttribute("aria-selected", String(key === chosen));
      item.setAttribute("tabindex", "-1");
    }
    const reached = (chosen && this.item(chosen)) || items[0];
    if (reached) reached.setAttribute("tabindex", "0");
  }

  /** Open or close a box of several layers. Its upper edge stays where it is seen; too wide a box is shown as a whole. */
  toggle(place, opens = !this.open.has(place)) {
    if (this.box(place).inside === undefined || opens === this.open.has(place)) return;
    const before = this.frames.get(`${place}`);
    if (opens) this.open.add(place);
    else this.open.delete(place);
    this.draw();
    const after = this.frames.get(`${place}`);
    const middle = (frame) => (frame[0] + frame[2]) / 2;
    this.pane.moveBy((middle(before) - middle(after)) * this.pane.scale, (before[1] - after[1]) * this.pane.scale);
    if (opens && !this.pane.holds(after[0], after[2])) this.pane.show(after);
  }

  /** Open all boxes, or close them. */
  all(opens) {
    const places = opens ? this.network.boxes.flatMap((box, place) => (box.inside === undefined ? [] : [place])) : [];
    this.open = new Set(places);
    this.draw();
    return places.length;
  }

  /** Bring a box or layer into view; what holds it is opened. */
  reveal(key) {
    const place = Number(key.split(".")[0]);
    if (key.includes(".")) this.toggle(place, true);
    const frame = this.frames.get(key);
    if (frame) this.pane.show(frame);
  }
}

/** Where in an inside the link is that enters its frame: at its entry, so that it goes straight on. */
function axis({ width, entries }) {
  const entry = entries.length === 1 ? entries[0][0] : width / 2;
  return Math.abs(entry - width / 2) < OFF ? entry : width / 2;
}

/** Whether a shape is a ground of a box, or stands at its right: it then goes with the edges. */
function wide(shape, width) {
  if (shape[0] === "r") return shape[3] - shape[1] > 0.8 * width;
  return shape[0] === "t" && shape[7] === 2;
}

/** A link from place to place, in steps where they are not below each other. */
function joined(start, end) {
  const half = (start[1] + end[1]) / 2;
  const level = Math.abs(start[0] - end[0]) < NEAR;
  const corners = level ? [start, end] : [start, [start[0], half], [end[0], half], end];
  return [drawn("path", { class: "link", d: way(corners, 4) })];
}
