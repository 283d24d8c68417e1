"use strict";
// What shows a code, and what changes it: the canvases, the map, drawing, and the row of a table.

/** The element gets the events of this pointer until it is released. */
function hold(element, event) {
  try { element.setPointerCapture(event.pointerId); } catch { /* A script made the event: there is no such pointer. */ }
}

/** A colour of the style sheet, as it is in the light or in the dark. */
function colourOf(name) {
  const probe = byId("verdict"), before = probe.style.color;
  probe.style.color = `var(${name})`;
  const { color } = getComputedStyle(probe);
  probe.style.color = before;
  return color;
}

/** The width of a chart of curves, in its own units. */
const WIDTH = 500;

/** The canvases of input, decoded code and error; null for tables, which have rows. */
function makeViews(state, changed) {
  if (about.form === "table") { byId("views").hidden = true; return null; }
  const [low, high] = about.range, isUnit = low >= 0 && high <= 1, span = high > low ? high - low : 1;
  const unit = value => isUnit ? value : (value - low) / span;
  const canvases = ["v-input", "v-output", "v-error"].map(byId);
  const image = (canvas, levels) => {
    const [h, w] = about.shape.slice(-2), planes = about.shape.length === 3 && about.shape[0] >= 3 ? 3 : 1;
    canvas.width = w, canvas.height = h;
    const pixels = new ImageData(w, h);
    for (let at = 0; at < w * h; at++) {
      for (let plane = 0; plane < 3; plane++) {
        pixels.data[4 * at + plane] = 255 * levels[(planes === 3 ? plane : 0) * w * h + at];
      }
      pixels.data[4 * at + 3] = 255;
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  };
  const channels = about.shape.length === 2 ? about.shape[1] : 1, shown = Math.min(channels, 8);
  const panel = shown > 2 ? 60 : 120;
  /** Draws curves, each channel in a panel of its own with the range of the data. */
  const curves = (canvas, all) => {
    canvas.width = 2 * WIDTH, canvas.height = 2 * panel * shown;
    const pen = canvas.getContext("2d");
    pen.scale(2, 2);
    for (const { values, colour, dash, level } of all) {
      pen.strokeStyle = colourOf(colour), pen.lineWidth = 2, pen.setLineDash(dash);
      for (let c = 0; c < shown; c++) {
        const steps = values.length / channels;
        pen.beginPath();
        for (let t = 0; t < steps; t++) {
          const y = (c + 1 - Math.max(0, Math.min(1, level(values[t * channels + c])))) * panel;
          if (Number.isNaN(y)) continue;
          pen.lineTo(t / Math.max(steps - 1, 1) * WIDTH, Math.max(c * panel + 2, Math.min(y, (c + 1) * panel - 2)));
        }
        pen.stroke();
      }
    }
  };
  const solid = { dash: [], level: value => (value - low) / span };
  const paint = (canvas, data) => about.form === "image"
    ? image(canvas, Float32Array.from(data, unit)) : curves(canvas, [{ values: data, colour: "--c0", ...solid }]);
  if (about.form !== "image") {
    byId("views").classList.add("curves");
    byId("near").classList.add("curves-near");
    editCurve(canvases[0], state, changed, { channels, shown, low, span });
  }
  return { paint, unit, image, draw(decoded) {
    const [input, output, error] = canvases, { data } = state;
    [input, error].forEach(canvas => canvas.parentElement.classList.toggle("empty", !data));
    if (data) paint(input, data);
    if (about.form === "image") paint(output, decoded);
    else {
      const input = data ? [{ values: data, colour: "--c0", ...solid }] : [];
      curves(output, [...input, { values: decoded, colour: "--c1", dash: [6, 3], level: solid.level }]);
    }
    if (!data) return;
    const errors = Float32Array.from(decoded, (value, at) => Math.abs(value - data[at]));
    if (about.form === "image") image(error, errors.map(value => value / (isUnit ? 1 : span)));
    else {
      const largest = errors.reduce((most, value) => Math.max(most, Number.isNaN(value) ? 0 : value), 0) || 1;
      curves(error, [{ values: errors, colour: "--c2", dash: [], level: value => value / largest }]);
      error.parentElement.querySelector("figcaption").textContent = `Error, from 0 to ${short(largest)}`;
    }
  } };
}

/** Drawing over the curve of the input changes it. */
function editCurve(canvas, state, changed, { channels, shown, low, span }) {
  let last = null;
  canvas.classList.add("editable");
  canvas.addEventListener("pointerdown", event => { hold(canvas, event); last = null; move(event); });
  canvas.addEventListener("pointermove", event => { if (event.buttons) move(event); });
  function move(event) {
    if (!state.data) return;
    const box = canvas.getBoundingClientRect(), steps = state.data.length / channels;
    const t = Math.max(0, Math.min(steps - 1, Math.round((event.clientX - box.left) / box.width * (steps - 1))));
    const place = (event.clientY - box.top) / box.height * shown;
    const c = Math.max(0, Math.min(shown - 1, Math.floor(last?.c ?? place)));
    const value = low + span * Math.max(0, Math.min(1, c + 1 - place)), data = state.data.slice();
    const start = last ?? { t, value };
    for (let s = Math.min(t, start.t); s <= Math.max(t, start.t); s++) {
      const part = t === start.t ? 1 : (s - start.t) / (t - start.t);
      data[s * channels + c] = start.value + part * (value - start.value);
    }
    last = { t, value, c };
    changed(data);
  }
}

/** The map: a point that is dragged or moved with the arrow keys changes the code along two directions. */
function makeMap(state, fromCode, network, views) {
  const svg = byId("map"), here = byId("here"), { mean, directions: [first, second], ends } = about.plane;
  const along = direction => state.code.reduce((sum, z, at) => sum + (z - mean[at]) * direction[at], 0);
  const place = () => [along(first), along(second)];
  /** The value at a part of an axis. */
  const at = (axis, part) => ends[axis][0] + part * (ends[axis][1] - ends[axis][0]);
  function moveTo(a, b) {
    const [x, y] = place(), code = state.code.map((z, at) => z + (a - x) * first[at] + (b - y) * second[at]);
    fromCode(code);
  }
  function drag(event) {
    const box = svg.getBoundingClientRect();
    const parts = [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
    moveTo(...parts.map((part, axis) => at(axis, Math.max(0, Math.min(1, part)))));
  }
  svg.addEventListener("pointerdown", event => {
    hold(svg, event);
    drag(event);
    event.preventDefault();
    here.focus({ preventScroll: true });
  });
  svg.addEventListener("pointermove", event => { if (event.buttons) drag(event); });
  here.addEventListener("keydown", event => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!step) return;
    event.preventDefault();
    const [a, b] = place(), size = event.shiftKey ? 10 : 50;
    moveTo(a + step[0] * (ends[0][1] - ends[0][0]) / size, b + step[1] * (ends[1][1] - ends[1][0]) / size);
  });
  const pick = byId("with-thumbs");
  if (about.form !== "image") pick.parentElement.hidden = true;
  pick.addEventListener("change", () => {
    byId("thumbs").replaceChildren();
    svg.classList.toggle("pictured", pick.checked);
    if (!pick.checked) return;
    const side = 12, [h, w] = about.shape.slice(-2);
    const [tile, all] = [0, 1].map(() => document.createElement("canvas"));
    all.width = side * w, all.height = side * h;
    for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) {
      const a = at(0, (j + 0.5) / side), b = at(1, 1 - (i + 0.5) / side);
      const code = Float32Array.from(mean, (z, k) => z + a * first[k] + b * second[k]);
      views.paint(tile, toData(network.decode(code)));
      all.getContext("2d").drawImage(tile, j * w, i * h);
    }
    const image = document.createElementNS("http://www.w3.org/2000/svg", "image");
    image.setAttribute("href", all.toDataURL());
    ["width", "height"].forEach(name => image.setAttribute(name, 500));
    image.setAttribute("preserveAspectRatio", "none");
    byId("thumbs").append(image);
  });
  return { show() {
    const part = place().map((value, axis) => {
      const [low, high] = ends[axis];
      return Math.max(0, Math.min(1, (value - low) / (high - low)));
    });
    here.setAttribute("cx", 500 * part[0]);
    here.setAttribute("cy", 500 * (1 - part[1]));
  } };
}

/** Drawing, and pictures from files. */
function makeDrawing(fromInput) {
  const canvas = byId("draw"), [h, w] = about.shape.slice(-2), planes = about.shape.length === 3 ? about.shape[0] : 1;
  const [low, high] = about.range;
  let grey = new Float32Array(w * h), last = null;
  canvas.width = w, canvas.height = h;
  function use() {
    const pixels = new ImageData(w, h), data = new Float32Array(planes * w * h);
    grey.forEach((level, at) => {
      pixels.data.set([255 * level, 255 * level, 255 * level, 255], 4 * at);
      for (let plane = 0; plane < planes; plane++) data[plane * w * h + at] = low + level * (high - low);
    });
    canvas.getContext("2d").putImageData(pixels, 0, 0);
    fromInput(data);
  }
  function dab(x, y) {
    const radius = byId("pen").value / 2 * Math.max(w, h) / 28;
    for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) {
      const level = Math.max(0, Math.min(1, radius + 0.5 - Math.hypot(j + 0.5 - x, i + 0.5 - y)));
      grey[i * w + j] = Math.max(grey[i * w + j], level);
    }
  }
  function stroke(event) {
    const box = canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * w, y = (event.clientY - box.top) / box.height * h;
    const start = last ?? [x, y], parts = Math.ceil(Math.hypot(x - start[0], y - start[1])) || 1;
    for (let part = 1; part <= parts; part++) {
      dab(start[0] + (x - start[0]) * part / parts, start[1] + (y - start[1]) * part / parts);
    }
    last = [x, y];
    use();
  }
  canvas.addEventListener("pointerdown", event => { hold(canvas, event); last = null; stroke(event); });
  canvas.addEventListener("pointermove", event => { if (event.buttons) stroke(event); });
  byId("clear").addEventListener("click", () => { grey.fill(0); use(); });
  byId("invert").addEventListener("click", () => { grey = grey.map(level => 1 - level); use(); });
  async function load(file) {
    if (!file) return;
    try {
      const picture = await createImageBitmap(file);
      const small = document.createElement("canvas"), pen = small.getContext("2d");
      small.width = w, small.height = h;
      pen.imageSmoothingQuality = "high";
      pen.drawImage(picture, 0, 0, w, h);
      const { data } = pen.getImageData(0, 0, w, h);
      grey = grey.map((_, at) => (0.299 * data[4 * at] + 0.587 * data[4 * at + 1] + 0.114 * data[4 * at + 2]) / 255);
      use();
    } catch { byId("verdict").textContent = `${file.name} is not a picture that this browser can read.`; }
  }
  byId("file").addEventListener("change", event => load(event.target.files[0]));
  const place = canvas.closest("fieldset");
  place.addEventListener("dragover", event => event.preventDefault());
  place.addEventListener("drop", event => { event.preventDefault(); load(event.dataTransfer.files[0]); });
  canvas.getContext("2d").fillRect(0, 0, w, h);
}

/** The row of a table: a field for each column, with its reconstruction beside it. */
function makeRow(changed) {
  const dayOf = text => Date.parse(`${text}T00:00Z`) / 864e5;
  const textOf = day => new Date(day * 864e5).toISOString().slice(0, 10);
  /** A value as the text of its field. */
  const written = (column, value) => {
    if (Number.isNaN(value)) return "";
    if (column.kind === "category") return String(value);
    return column.kind === "date" ? textOf(Math.floor(value)) : String(+value.toPrecision(7));
  };
  const said = (column, value) => {
    if (Number.isNaN(value)) return "";
    if (column.kind === "category") return column.classes[value] ?? "other";
    if (column.kind === "date") return textOf(Math.round(value));
    return value.toFixed(Math.min(column.decimals, 6));
  };
  const fields = about.columns.map(column => {
    const line = byId("row").tBodies[0].insertRow(), name = document.createElement("th");
    name.scope = "row", name.textContent = column.name;
    line.append(name);
    const field = document.createElement(column.kind === "category" ? "select" : "input");
    if (column.kind === "category") {
      field.append(new Option("(missing)", ""));
      [...column.classes, "other"].forEach((text, at) => field.append(new Option(text, at)));
    } else Object.assign(field, column.kind === "date" ? { type: "date" } : { type: "number", step: "any" });
    field.setAttribute("aria-label", column.name);
    line.insertCell().append(field);
    const told = line.insertCell(), difference = line.insertCell();
    field.addEventListener("input", () => changed(fields.map(field => field.read())));
    return {
      read: () => field.value === "" ? NaN : column.kind === "date" ? dayOf(field.value) : +field.value,
      show(value, reconstruction) {
        if (document.activeElement !== field && value !== undefined) field.value = written(column, value);
        told.textContent = said(column, reconstruction);
        const apart = value - reconstruction;
        const isWord = column.kind === "category";
        const far = isWord ? apart !== 0 : Math.abs(apart) > 2 * column.factor;
        difference.textContent = Number.isNaN(apart) ? "" : isWord ? (apart ? "≠" : "=") : short(apart);
        line.classList.toggle("far", !Number.isNaN(apart) && far);
      },
    };
  });
  return { draw: (data, decoded) => fields.forEach((field, at) => field.show(data?.[at], decoded[at])) };
}
