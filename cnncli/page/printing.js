// On paper the diagram stands in as many columns as fill the sheet, each cut where no box is, without any control.

const PAPER = 1.08; // height by width of what a sheet of A4 or Letter has for it, beside the words

/** Stand-ins for the drawings, made before the page is printed. */
function paper() {
  at("paper").replaceChildren(...diagrams.map((diagram) => element("figure", {},
    element("figcaption", {}, element("b", {}, diagram.network.name), " ", ...diagram.network.facts.map((fact) => element("span", {}, fact))),
    element("div", { class: "columns" }, ...sheet(diagram)), legend())));
}

/** What colours and signs mean, as it stands below the diagram. */
function legend() {
  const copy = at("legend").cloneNode(true);
  copy.removeAttribute("id");
  return copy;
}

/** The columns of a diagram, all with one scale. */
function sheet(diagram) {
  const pieces = columned(diagram);
  const tallest = Math.max(...pieces.map(([start, end]) => end - start));
  const whole = diagram.width * pieces.length;
  return pieces.map(([start, end]) => {
    const copy = diagram.layer.cloneNode(true);
    copy.removeAttribute("transform");
    for (const item of copy.querySelectorAll("[tabindex]")) item.removeAttribute("tabindex");
    return drawn("svg", {
      viewBox: `0 ${cut(start)} ${cut(diagram.width)} ${cut(end - start)}`, role: "presentation",
      width: `${cut((100 * diagram.width) / Math.max(whole, tallest / PAPER))}%`,
    }, copy);
  });
}

/** As many pieces as come nearest to the sheet's proportion; each ends in a gap between boxes. */
function columned(diagram) {
  const gaps = between([...diagram.frames].filter(([key]) => !key.includes(".")).map(([, frame]) => frame));
  const count = Math.max(1, Math.round(Math.sqrt(diagram.height / (diagram.width * PAPER))));
  const cuts = [0];
  for (let number = 1; number < count; number += 1) {
    const wanted = (diagram.height * number) / count;
    const nearest = gaps.reduce((best, gap) => (Math.abs(gap - wanted) < Math.abs(best - wanted) ? gap : best), Infinity);
    if (nearest > cuts[cuts.length - 1] && nearest < diagram.height) cuts.push(nearest);
  }
  return cuts.map((start, place) => [start, place + 1 < cuts.length ? cuts[place + 1] : diagram.height]);
}

/** The middles of the heights at which no box stands. */
function between(frames) {
  const sorted = [...frames].sort((one, other) => one[1] - other[1]);
  const gaps = [];
  let foot = -Infinity;
  for (const [, top, , bottom] of sorted) {
    if (top > foot && foot > -Infinity) gaps.push((top + foot) / 2);
    foot = Math.max(foot, bottom);
  }
  return gaps;
}
