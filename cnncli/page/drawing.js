// Shapes as elements of SVG. A shape is a list: its letter, then places, numbers of colours and what else it has.

const DASHES = "2.4 1.6";
const STILL = { x: (place) => place, y: (place) => place };

/** The classes of a fill, an outline, and a part in heat. */
const classes = (fill, border, mark) =>
  [fill >= 0 ? `f${fill}` : "n", border >= 0 ? `s${border}` : "", mark || ""].join(" ").trim();

const KINDS = { r: rectangle, c: circle, t: words, p: line, a: area };

/** The elements of a shape that is no box, with its places mapped; `lead` gives the corners of lines. */
function shaped(shape, map = STILL, lead = straight) {
  return KINDS[shape[0]](shape, map, lead);
}

function straight(points) {
  return led(points, [], STILL);
}

function rectangle([, left, top, right, bottom, fill, border, radius, dashed, mark], map) {
  const [x, y] = [map.x(left), map.y(top)];
  return [drawn("rect", {
    x: cut(x), y: cut(y), width: cut(map.x(right) - x), height: cut(map.y(bottom) - y), rx: radius || null,
    "stroke-dasharray": dashed ? DASHES : null, class: classes(fill, border, mark),
  })];
}

function circle([, x, y, radius, fill, border, mark], map) {
  return [drawn("circle", { cx: cut(map.x(x)), cy: cut(map.y(y)), r: radius, class: classes(fill, border, mark) })];
}

function words([, x, y, text, size, colour, bold, anchor, mark], map) {
  return [drawn("text", {
    x: cut(map.x(x)), y: cut(map.y(y)), "font-size": size, "font-weight": bold ? "bold" : null,
    "text-anchor": ["", "middle", "end"][anchor], class: classes(colour, -1, mark),
  }, text)];
}

function line([, points, colour, width, radius, head], map, lead) {
  return arrow(lead(points, map), { class: `n s${colour}`, "stroke-width": width }, `f${colour}`, radius, head, width);
}

/** A line with rounded corners, and its head, if it has one. */
function arrow(corners, look, headed, radius, head, width) {
  const ending = head ? shortened(corners, head) : corners;
  const found = [drawn("path", { d: way(ending, radius), ...look })];
  if (head) found.push(drawn("path", { d: tip(ending[ending.length - 1], corners[corners.length - 1], width), class: headed }));
  return found;
}

function area([, points, fill, border, width, mark], map, lead) {
  const corners = lead(points, map).map((corner) => corner.map(cut).join(" "));
  return [drawn("path", { d: `M${corners.join("L")}Z`, "stroke-width": width, class: classes(fill, border, mark) })];
}

/** A length to a tenth of a point. */
const cut = (length) => Math.round(length * 10) / 10;

const distance = (one, other) => Math.abs(one[0] - other[0]) + Math.abs(one[1] - other[1]);

/** From one place towards another. */
function toward(start, end, by) {
  const whole = distance(start, end);
  const share = whole ? by / whole : 0;
  return [start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share];
}

function shortened(corners, by) {
  const end = corners[corners.length - 1];
  const before = corners[corners.length - 2];
  return [...corners.slice(0, -1), toward(end, before, Math.min(by, distance(before, end)))];
}

function way(corners, radius) {
  const parts = [`M${corners[0].map(cut).join(" ")}`];
  for (let place = 1; place < corners.length - 1; place += 1) {
    const [before, corner, after] = corners.slice(place - 1, place + 2);
    const by = Math.min(radius, distance(before, corner) / 2, distance(corner, after) / 2);
    const [enter, leave] = [toward(corner, before, by), toward(corner, after, by)];
    parts.push(`L${enter.map(cut).join(" ")}Q${corner.map(cut).join(" ")} ${leave.map(cut).join(" ")}`);
  }
  return `${parts.join("")}L${corners[corners.length - 1].map(cut).join(" ")}`;
}

function tip(back, end, width) {
  const long = distance(back, end);
  const half = 0.35 * long + width / 2;
  const [x, y] = long ? [(end[0] - back[0]) / long, (end[1] - back[1]) / long] : [0, 0];
  const sides = [[back[0] - y * half, back[1] + x * half], end, [back[0] + y * half, back[1] - x * half]];
  return `M${sides.map((place) => place.map(cut).join(" ")).join("L")}Z`;
}
