// Numbers as people write them, values as rows are put in order by, and the making of elements.

const SVG = "http://www.w3.org/2000/svg";
const DATA = JSON.parse(document.getElementById("data").textContent);
const COLUMN = Object.fromEntries(DATA.columns.map((column, place) => [column.key, place]));

const GROUPED = new Intl.NumberFormat("en-US");

/** The element of this id. */
const at = (id) => document.getElementById(id);

/** A value as it is shown: whole numbers in groups of three digits, nothing for null. */
function shown(value) {
  if (value === null || value === undefined) return "";
  return typeof value === "number" ? GROUPED.format(value) : String(value);
}

/** By which a value stands before or behind others: sizes by their product, what is not known last. */
function weight(value) {
  if (typeof value === "number") return value;
  if (value === null || value === undefined) return -Infinity;
  const numbers = /^[≥\d][\d,.x?]*$/.test(value) ? value.replace(/[≥,]/g, "").split("x").map(Number) : [NaN];
  const whole = numbers.reduce((product, each) => product * each, 1);
  return Number.isNaN(whole) ? null : whole;
}

/** Which of two values is first: numbers by size, words by the alphabet and behind all numbers. */
function ordered(one, other) {
  const [first, second] = [weight(one), weight(other)];
  if (first !== null && second !== null) return first === second ? 0 : first < second ? -1 : 1;
  if (first === null && second === null) return String(one).localeCompare(String(other), "en", { numeric: true });
  return first === null ? 1 : -1;
}

/** An element of the page; what is given as text is text, whatever it says. */
function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of a drawing. */
function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && (value !== "" || name === "value")) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** Tell somebody who does not see it what has happened. */
function say(text) {
  at("said").textContent = text;
}

/** Whether movements are welcome. */
const moves = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;
