// Where everything stands once boxes are open. The diagram is laid out once, with all boxes closed; what an open box
// needs more is added at its place: below it all is moved down, beside it the halves of the picture move apart. Both maps
// leave level lines level and upright lines upright.

const NEAR = 0.3; // points within which two places are one

/** The maps of x and y for open boxes, each with its rectangle when closed, and its size when open. */
function warped(open) {
  const rows = clustered(open, 1, 3);
  const columns = clustered(open, 0, 2);
  return { x: (place) => widened(columns, place), y: (place) => lengthened(rows, place) };
}

/** Boxes that overlap along an axis together, in order. */
function clustered(open, start, end) {
  const clusters = [];
  for (const box of [...open].sort((one, other) => one.rect[start] - other.rect[start])) {
    const last = clusters[clusters.length - 1];
    if (last && box.rect[start] < last.end) {
      last.boxes.push(box);
      last.end = Math.max(last.end, box.rect[end]);
    } else {
      clusters.push({ boxes: [box], start: box.rect[start], end: box.rect[end] });
    }
  }
  return clusters;
}

/** Heights are stretched where a box is open: by as much as the one that needs most. */
function lengthened(rows, y) {
  let moved = 0;
  for (const row of rows) {
    if (y <= row.start) break;
    const factor = Math.max(...row.boxes.map((box) => box.height / (box.rect[3] - box.rect[1])));
    moved += (Math.min(y, row.end) - row.start) * (factor - 1);
  }
  return y + moved;
}

/** Widths are added at both sides of the open boxes of a column, which stay above each other. */
function widened(columns, x) {
  let moved = 0;
  for (const { boxes } of columns) {
    const half = (some) => Math.max(0, ...some.map((box) => (box.width - box.rect[2] + box.rect[0]) / 2));
    const behind = boxes.filter((box) => box.rect[0] > x + NEAR);
    const before = boxes.filter((box) => box.rect[2] < x - NEAR);
    moved += half(boxes) - half(behind) + half(before);
  }
  return x + moved;
}

/** The rectangle of an open box on the page: as high as its place, as wide as it needs, around its middle. */
function spread(box, map) {
  const middle = (box.rect[0] + box.rect[2]) / 2;
  const moved = map.x(middle);
  return [moved - box.width / 2, map.y(box.rect[1]), moved + box.width / 2, map.y(box.rect[3])];
}

/** A line's corners in their places; where it meets the side of an open box it is led to where that side is now. */
function led(points, open, map) {
  const found = [];
  for (let place = 0; place < points.length; place += 2) {
    const [x, y] = [points[place], points[place + 1]];
    found.push([sideways(x, y, open, map), map.y(y)]);
  }
  return found;
}

function sideways(x, y, open, map) {
  for (const box of open) {
    const [left, top, right, bottom] = box.rect;
    if (y > top + NEAR && y < bottom - NEAR) {
      if (Math.abs(x - left) < NEAR) return box.frame[0];
      if (Math.abs(x - right) < NEAR) return box.frame[2];
    }
  }
  return map.x(x);
}
