// A window on a drawing that is moved and magnified: by dragging, by two fingers, by the wheel, and by keys.

const LEAST = 0.03;
const MOST = 8;
const STEP = 1.25; // by which a key or a button magnifies
const PUSH = 60; // pixels by which an arrow key moves
const STEADY = 4; // pixels that a finger may move and still point
const BRIEF = 220; // milliseconds of a movement

class Pane {
  /** `size` says how large the drawing in `layer` is. */
  constructor(svg, layer, size) {
    Object.assign(this, { svg, layer, size, x: 0, y: 0, scale: 1, fingers: new Map(), dragged: false, moving: 0 });
    svg.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => this.pressed(event));
    svg.addEventListener("pointermove", (event) => this.pulled(event));
    for (const kind of ["pointerup", "pointercancel"]) svg.addEventListener(kind, (event) => this.released(event));
    new ResizeObserver(() => this.resized()).observe(svg);
  }

  get width() {
    return this.svg.clientWidth || 1;
  }

  get height() {
    return this.svg.clientHeight || 1;
  }

  put(x, y, scale) {
    Object.assign(this, { x, y, scale });
    this.layer.setAttribute("transform", `translate(${cut(x)} ${cut(y)}) scale(${Math.round(scale * 1e4) / 1e4})`);
  }

  /** Go there, in a short movement where movements are welcome. */
  go(x, y, scale) {
    cancelAnimationFrame(this.moving);
    if (!moves()) return this.put(x, y, scale);
    const [start, from] = [performance.now(), [this.x, this.y, this.scale]];
    const step = (now) => {
      const share = Math.min(1, Math.max(0, now - start) / BRIEF);
      const eased = share * (2 - share);
      this.put(...[x, y, scale].map((end, place) => from[place] + (end - from[place]) * eased));
      if (share < 1) this.moving = requestAnimationFrame(step);
    };
    this.moving = requestAnimationFrame(step);
    return undefined;
  }

  moveBy(x, y) {
    cancelAnimationFrame(this.moving);
    this.put(this.x + x, this.y + y, this.scale);
  }

  /** Magnify about a place of the window, which stays where it is; its middle unless one is given. */
  zoom(factor, x = this.width / 2, y = this.height / 2) {
    cancelAnimationFrame(this.moving);
    const scale = Math.min(MOST, Math.max(LEAST, this.scale * factor));
    const by = scale / this.scale;
    this.put(x - (x - this.x) * by, y - (y - this.y) * by, scale);
  }

  /** All of the drawing. */
  fit() {
    const [width, height] = this.size();
    const scale = Math.min(this.width / width, this.height / height, 2);
    this.go((this.width - width * scale) / 2, (this.height - height * scale) / 2, scale);
  }

  /** The beginning of the drawing, at a size that can be read. */
  begin() {
    const [width] = this.size();
    const scale = Math.min(1.3, this.width / width);
    this.put((this.width - width * scale) / 2, 0, scale);
  }

  /** A window that has another size keeps what is at its upper middle. */
  resized() {
    const before = this.seen || this.width;
    this.seen = this.width;
    if (before === this.width) return;
    const scale = Math.max(LEAST, Math.min(this.scale, this.width / this.size()[0]));
    if (this.scale > scale && before > this.width) this.begin();
    else this.moveBy((this.width - before) / 2, 0);
  }

  /** Whether the window shows this part of the drawing's width. */
  holds(left, right) {
    return this.x + left * this.scale >= 0 && this.x + right * this.scale <= this.width;
  }

  /** Bring a rectangle of the drawing into view, large enough to be read. */
  show([left, top, right, bottom]) {
    const [margin, least] = [24, 0.75];
    const fitting = (this.width - 2 * margin) / (right - left);
    const scale = Math.min(Math.max(this.scale, least), Math.max(fitting, 0.35));
    const low = this.height - margin;
    const [x, y] = [this.x + left * this.scale, this.y + top * this.scale];
    const [end, foot] = [this.x + right * this.scale, this.y + bottom * this.scale];
    if (scale === this.scale && x >= 0 && y >= margin && end <= this.width && foot <= low) return;
    const tall = (bottom - top) * scale > this.height - 2 * margin;
    const middle = (top + bottom) / 2;
    this.go(
      this.width / 2 - ((left + right) / 2) * scale,
      Math.min(margin, tall ? margin - top * scale : this.height / 2 - middle * scale),
      scale,
    );
  }

  wheeled(event) {
    event.preventDefault();
    const box = this.svg.getBoundingClientRect();
    const lines = event.deltaMode === 1 ? 16 : 1;
    const by = Math.max(-120, Math.min(120, event.deltaY * lines));
    this.zoom(Math.exp(-by / 400), event.clientX - box.left, event.clientY - box.top);
  }

  pressed(event) {
    if (event.button > 0) return;
    if (!this.fingers.size) this.dragged = false;
    this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, from: [event.clientX, event.clientY] });
  }

  pulled(event) {
    const finger = this.fingers.get(event.pointerId);
    if (!finger) return;
    if (event.pointerType === "mouse" && !event.buttons) return void this.fingers.delete(event.pointerId);
    const [x, y] = [event.clientX - finger.x, event.clientY - finger.y];
    const far = Math.hypot(event.clientX - finger.from[0], event.clientY - finger.from[1]);
    if (!this.dragged && far < STEADY) return;
    if (!this.dragged) this.svg.setPointerCapture(event.pointerId);
    this.dragged = true;
    if (this.fingers.size > 1) this.pinched(event.pointerId, x, y);
    else this.moveBy(x, y);
    Object.assign(finger, { x: event.clientX, y: event.clientY });
  }

  /** One of two fingers has moved: magnify by how far they are apart, about the other one. */
  pinched(moved, x, y) {
    const finger = this.fingers.get(moved);
    const [, other] = [...this.fingers].find(([id]) => id !== moved);
    const before = Math.hypot(finger.x - other.x, finger.y - other.y);
    const after = Math.hypot(finger.x + x - other.x, finger.y + y - other.y);
    const box = this.svg.getBoundingClientRect();
    if (before > 0) this.zoom(after / before, other.x - box.left, other.y - box.top);
  }

  released(event) {
    this.fingers.delete(event.pointerId);
  }

  /** What a key does here; whether it does anything. */
  key(event) {
    const [right, down] = ARROWS[event.key] || [0, 0];
    if (right || down) this.moveBy(-right * PUSH, -down * PUSH);
    else if (event.key === "+" || event.key === "=") this.zoom(STEP);
    else if (event.key === "-") this.zoom(1 / STEP);
    else if (event.key === "0") this.fit();
    else return false;
    return true;
  }
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
