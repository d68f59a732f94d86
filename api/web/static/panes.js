// Two photos at one scale and eye line: each is turned, scaled and moved as a whole, so that the eyes lie at the same
// places; zoom and pan move both. Nothing bends a face.
const EYES = { apart: 0.24, height: 0.44 }; // Shares of a pane's width and height.
const LARGEST = 12;

export class Panes {
  constructor(probe, candidate) {
    this.canvases = { probe, candidate };
    this.shown = { probe: null, candidate: null };
    this.set = { mode: "side", flip: false, grey: false, equal: false, points: false, grid: false, mix: 0.5 };
    this.view = { zoom: 1, x: 0, y: 0 };
    this.phase = false;
    setInterval(() => this.#flicker(), 450);
    new ResizeObserver(() => this.draw()).observe(probe.parentElement.parentElement);
    for (const canvas of [probe, candidate]) this.#listen(canvas);
  }

  show(place, photo) {
    this.shown[place] = photo && { ...photo, variants: new Map() };
    this.draw();
  }

  change(changes) {
    Object.assign(this.set, changes);
    this.draw();
  }

  zoom(factor, at = { x: 0.5, y: 0.5 }) {
    const before = this.view.zoom;
    const zoom = Math.min(LARGEST, Math.max(1, before * factor));
    // What lies under the pointer stays there.
    this.view.x = at.x - ((at.x - this.view.x) * zoom) / before;
    this.view.y = at.y - ((at.y - this.view.y) * zoom) / before;
    this.view.zoom = zoom;
    if (zoom === 1) Object.assign(this.view, { x: 0, y: 0 });
    this.draw();
  }

  move(x, y) {
    this.view.x += x;
    this.view.y += y;
    this.draw();
  }

  whole() {
    this.view = { zoom: 1, x: 0, y: 0 };
    this.draw();
  }

  draw() {
    const single = this.set.mode !== "side";
    this.canvases.candidate.parentElement.classList.toggle("over", single);
    this.canvases.probe.parentElement.parentElement.classList.toggle("single", single);
    const { probe, candidate } = this.canvases;
    const pen = fitted(probe);
    if (single) this.#mixed(pen);
    else {
      this.#photo(pen, "probe");
      const other = fitted(candidate);
      this.#photo(other, "candidate");
      this.#over(other, "candidate");
    }
    this.#over(pen, "probe");
  }

  #mixed(pen) {
    const { mode, mix } = this.set;
    if (mode === "flicker") return this.#photo(pen, this.phase ? "candidate" : "probe");
    this.#photo(pen, "probe");
    pen.save();
    if (mode === "blend") pen.globalAlpha = mix;
    else {
      pen.beginPath();
      pen.rect(pen.canvas.width * (1 - mix), 0, pen.canvas.width * mix, pen.canvas.height);
      pen.clip();
    }
    this.#photo(pen, "candidate");
    pen.restore();
    if (mode === "wipe") line(pen, pen.canvas.width * (1 - mix), 0, pen.canvas.width * (1 - mix), pen.canvas.height);
  }

  #photo(pen, place) {
    const photo = this.shown[place];
    if (!photo) return;
    pen.save();
    pen.transform(...this.#matrix(pen.canvas, place));
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.#variant(photo), 0, 0);
    pen.restore();
  }

  // From pixels of a photo to those of its canvas.
  #matrix(canvas, place) {
    const photo = this.shown[place];
    const { width, height } = canvas;
    let matrix = aligned(photo, width, height);
    if (place === "candidate" && this.set.flip) matrix = new DOMMatrix([-1, 0, 0, 1, width, 0]).multiply(matrix);
    const { zoom, x, y } = this.view;
    matrix = new DOMMatrix([zoom, 0, 0, zoom, x * width, y * height]).multiply(matrix);
    return [matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f];
  }

  #variant(photo) {
    const { grey, equal } = this.set;
    if (!grey && !equal) return photo.image;
    const name = `${grey}${equal}`;
    if (!photo.variants.has(name)) photo.variants.set(name, changed(photo.image, grey, equal));
    return photo.variants.get(name);
  }

  #over(pen, place) {
    const { width, height } = pen.canvas;
    if (this.set.grid) {
      for (let part = 1; part < 8; part += 1) {
        line(pen, (width * part) / 8, 0, (width * part) / 8, height, 0.35);
        line(pen, 0, (height * part) / 8, width, (height * part) / 8, 0.35);
      }
    }
    const places = this.set.mode === "side" ? [place] : ["probe", "candidate"];
    if (this.set.points) for (const each of places) this.#points(pen, each);
  }

  #points(pen, place) {
    const photo = this.shown[place];
    if (!photo) return;
    const matrix = new DOMMatrix(this.#matrix(pen.canvas, place));
    for (const [x, y] of photo.points) {
      const point = matrix.transformPoint({ x: x * photo.image.width, y: y * photo.image.height });
      for (const [radius, colour] of [[6, "rgb(0 0 0 / 70%)"], [4, place === "probe" ? "#ffd24a" : "#5fd3ff"]]) {
        pen.beginPath();
        pen.arc(point.x, point.y, radius * ratio(), 0, 2 * Math.PI);
        pen.fillStyle = colour;
        pen.fill();
      }
    }
  }

  #flicker() {
    if (this.set.mode !== "flicker") return;
    this.phase = !this.phase;
    this.draw();
  }

  #listen(canvas) {
    // Where each finger or the mouse is. One moves the photos; two do so with their middle, and zoom with their distance.
    const pressed = new Map();
    const note = (event) => pressed.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      note(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!pressed.has(event.pointerId)) return;
      const before = grip(pressed);
      note(event);
      const after = grip(pressed);
      const [width, height] = [canvas.clientWidth, canvas.clientHeight];
      this.move((after.x - before.x) / width, (after.y - before.y) / height);
      if (before.apart && after.apart) this.zoom(after.apart / before.apart, { x: after.x / width, y: after.y / height });
    });
    for (const kind of ["pointerup", "pointercancel"]) canvas.addEventListener(kind, (event) => pressed.delete(event.pointerId));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), { x: event.offsetX / canvas.clientWidth, y: event.offsetY / canvas.clientHeight });
    }, { passive: false });
  }
}

const ratio = () => Math.min(2, window.devicePixelRatio || 1);

function fitted(canvas) {
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) => Math.max(1, Math.round(side * ratio())));
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

// The similarity that brings the middles of both eyes to their places; the whole photo where no face is known.
export function aligned({ image, points }, width, height) {
  if (!points.length) {
    const scale = Math.min(width / image.width, height / image.height);
    return new DOMMatrix([scale, 0, 0, scale, (width - scale * image.width) / 2, (height - scale * image.height) / 2]);
  }
  const at = points.map(([x, y]) => ({ x: x * image.width, y: y * image.height }));
  // The first two are the corners of the eye on the right of the picture.
  const right = middle(at[0], at[1]);
  const left = middle(at[2], at[3]);
  const [x, y] = [right.x - left.x, right.y - left.y];
  const scale = (EYES.apart * Math.min(width, height)) / Math.hypot(x, y);
  const turn = -Math.atan2(y, x);
  const [cos, sin] = [scale * Math.cos(turn), scale * Math.sin(turn)];
  const centre = middle(left, right);
  return new DOMMatrix([cos, sin, -sin, cos, width / 2 - cos * centre.x + sin * centre.y, height * EYES.height - sin * centre.x - cos * centre.y]);
}

// The middle of the first two pointers and their distance, which is 0 for one.
function grip(pressed) {
  const [one, other = one] = pressed.values();
  return { ...middle(one, other), apart: Math.hypot(one.x - other.x, one.y - other.y) };
}

const middle = (one, other) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });

function line(pen, x0, y0, x1, y1, strength = 0.8) {
  for (const [width, colour] of [[3, `rgb(0 0 0 / ${strength / 2})`], [1, `rgb(255 255 255 / ${strength})`]]) {
    pen.beginPath();
    pen.moveTo(x0, y0);
    pen.lineTo(x1, y1);
    pen.lineWidth = width * ratio();
    pen.strokeStyle = colour;
    pen.stroke();
  }
}

// Grey by luminance (ITU-R BT.601), and equalised: every grey value as frequent as every other, as far as can be.
function changed(image, grey, equal) {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: image.width, height: image.height });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage(image, 0, 0);
  const pixels = pen.getImageData(0, 0, canvas.width, canvas.height);
  const { data } = pixels;
  const light = (place) => Math.round(0.299 * data[place] + 0.587 * data[place + 1] + 0.114 * data[place + 2]);
  const table = equal ? equalising(data, light) : null;
  for (let place = 0; place < data.length; place += 4) {
    const before = light(place);
    const after = table ? table[before] : before;
    for (let channel = 0; channel < 3; channel += 1) {
      data[place + channel] = grey ? after : Math.min(255, Math.round((data[place + channel] * (after + 1)) / (before + 1)));
    }
  }
  pen.putImageData(pixels, 0, 0);
  return canvas;
}

function equalising(data, light) {
  const counts = new Uint32Array(256);
  for (let place = 0; place < data.length; place += 4) counts[light(place)] += 1;
  let sum = 0;
  const sums = counts.map((count) => (sum += count));
  const least = sums.find((count) => count > 0);
  return sums.map((count) => (sum > least ? Math.round((255 * (count - least)) / (sum - least)) : 0));
}
