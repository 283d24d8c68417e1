"use strict";
// The explorer: everything shows one code. It comes from a sample, a drawing or a row (then there is an input to compare
// with), or from the map, the sliders and the walk (then there is none).

const byId = id => document.getElementById(id);
const about = JSON.parse(byId("data").textContent);

/** Values of the data in the units of the network: tasks call this Model::scaled. */
function toNetwork(values) {
  if (about.form === "table") return Float32Array.from(about.columns.flatMap((column, at) => encodeCell(column, values[at])));
  if (!about.scale) return Float32Array.from(values);
  const { offset, factor } = about.scale, n = offset.length;
  return Float32Array.from(values, (value, at) => (value - offset[at % n]) / factor[at % n]);
}

/** Values of the network in the units of the data. */
function toData(y) {
  if (about.form === "table") {
    let start = 0;
    return about.columns.map(column => {
      const own = y.slice(start, start += widthOf(column));
      return decodeCell(column, own);
    });
  }
  if (!about.scale) return Float32Array.from(y);
  const { offset, factor } = about.scale, n = offset.length;
  return Float32Array.from(y, (value, at) => value * factor[at % n] + offset[at % n]);
}

// values.rs: from the value of a column to the values of the network, and back.
const widthOf = column => ({ category: column.classes.length + 1, date: 5 })[column.kind] ?? 1;
const DAY_OF_WEEK = 7, DAY_OF_YEAR = 365.25;

function encodeCell(column, value) {
  if (Number.isNaN(value) && column.fill !== null) value = column.fill;
  if (Number.isNaN(value)) return Array(widthOf(column)).fill(NaN);
  const scaled = x => (x - column.offset) / column.factor;
  switch (column.kind) {
    case "category": return Array.from({ length: widthOf(column) }, (_, at) => +(at === Math.min(value, column.classes.length)));
    case "amount": return [scaled(Math.sign(value) * Math.log1p(Math.abs(value) / column.unit))];
    case "date": {
      const day = Math.floor(value), start = Date.UTC(new Date(day * 864e5).getUTCFullYear(), 0, 1) / 864e5;
      const cycles = [(day - start) / DAY_OF_YEAR, (day + 3) / DAY_OF_WEEK];
      const parts = cycles.flatMap(cycle => [Math.sin(2 * Math.PI * cycle), Math.cos(2 * Math.PI * cycle)]);
      return [scaled(value), ...parts.map(part => column.is_min_max ? (1 + part) / 2 : part)];
    }
    default: return [scaled(value)];
  }
}

function decodeCell(column, y) {
  const value = y[0] * column.factor + column.offset;
  switch (column.kind) {
    case "category": return y.indexOf(Math.max(...y));
    case "amount": return Math.max(Math.sign(value) * Math.expm1(Math.abs(value)) * column.unit, 0);
    case "ordinal": return column.levels.reduce((a, b) => Math.abs(b - value) < Math.abs(a - value) ? b : a, column.levels[0] ?? value);
    default: return value;
  }
}

const short = value => Number.isFinite(value) ? String(+value.toPrecision(4)) : "–";

function explore() {
  const network = new Network(about, byId("weights").textContent);
  const values = about.form === "table" ? about.columns.length : about.shape.reduce((a, b) => a * b, 1);
  const raw = about.kept.bytes ? Float64Array.from(bytesOf(about.kept.bytes), byte => Math.fround(byte / 255)) : doublesOf(about.kept.numbers);
  const samples = about.kept.names.map((name, at) => {
    const data = raw.slice(at * values, (at + 1) * values), x = toNetwork(data);
    return { name, data, x, code: null };
  });
  const codeOf = sample => sample.code ??= network.encode(sample.x);
  const state = { code: null, x: null, y: null, data: null };

  check(network, samples, codeOf);
  const views = makeViews(state, data => fromInput(data));
  const row = about.form === "table" ? makeRow(data => fromInput(data)) : null;

  // What is shown changes at most once in each frame of the screen.
  let waits = false;
  function later() {
    if (!waits) requestAnimationFrame(() => { waits = false; show(); });
    waits = true;
  }
  function fromInput(data) {
    state.data = data;
    state.x = toNetwork(data);
    state.code = network.encode(state.x).slice();
    later();
  }
  function fromCode(code) {
    state.code = code;
    state.data = state.x = null;
    later();
  }

  function show() {
    state.y = network.decode(state.code);
    const decoded = toData(state.y);
    views?.draw(decoded);
    row?.draw(state.data, decoded);
    sliders.forEach(slider => slider.show());
    map?.show();
    nearest();
    verdict();
    document.documentElement.dataset.shown = String(+(document.documentElement.dataset.shown ?? 0) + 1);
  }

  function verdict() {
    const said = byId("verdict");
    if (!state.x) {
      said.textContent = "This code was set by hand, so there is no input to compare with.";
      said.classList.remove("odd");
      return;
    }
    let sum = 0, count = 0;
    state.x.forEach((x, at) => { if (!Number.isNaN(x)) sum += (state.y[at] - x) ** 2, count++; });
    const score = sum / Math.max(count, 1), odd = score >= about.threshold;
    said.textContent = `Score ${short(score)}: ${odd ? "at or above" : "below"} the threshold ${short(about.threshold)}, `
      + (odd ? "so this input is unusual." : "so this input is usual.");
    said.classList.toggle("odd", odd);
  }

  // The sliders.
  const code_length = about.code.length;
  byId("code-note").textContent = about.sliders.length < code_length
    ? `The code has ${code_length} values. Here are the ${about.sliders.length} that vary most.` : "";
  const sliders = about.sliders.map(at => {
    const [low, high] = about.code[at], label = document.createElement("label");
    label.className = "slider";
    const name = document.createElement("span"), input = document.createElement("input"), output = document.createElement("output");
    name.textContent = `z${at}`;
    Object.assign(input, { type: "range", min: low, max: high, step: (high - low) / 200 || 1, id: `z${at}` });
    label.append(name, input, output);
    byId("sliders").append(label);
    input.addEventListener("input", () => {
      const code = state.code.slice();
      code[at] = +input.value;
      fromCode(code);
    });
    return { show() {
      if (document.activeElement !== input || Math.abs(input.value - state.code[at]) > (high - low) / 100) input.value = state.code[at];
      output.textContent = short(state.code[at]);
    } };
  });
  byId("reset").addEventListener("click", () => {
    const mean = new Float32Array(code_length);
    samples.forEach(sample => codeOf(sample).forEach((z, at) => { mean[at] += z / samples.length; }));
    fromCode(mean);
  });

  // The walk.
  const [from, to, way] = ["from", "to", "way"].map(byId);
  [from, to].forEach(select => samples.forEach((sample, at) => select.append(new Option(sample.name, at))));
  to.value = String(Math.min(1, samples.length - 1));
  const choose = at => { way.value = 0; from.value = String(at); walk(); };
  function walk() {
    const t = +way.value, [a, b] = [samples[from.value], samples[to.value]];
    byId("way-value").textContent = `${Math.round(100 * t)} %`;
    if (t === 0 || t === 1) return fromInput((t ? b : a).data);
    const [start, end] = [a, b].map(codeOf);
    fromCode(start.map((z, at) => (1 - t) * z + t * end[at]));
  }
  from.addEventListener("change", () => { way.value = 0; walk(); });
  to.addEventListener("change", () => { way.value = 1; walk(); });
  way.addEventListener("input", walk);

  // The nearest samples.
  const near = Array.from({ length: Math.min(5, samples.length) }, () => {
    const button = document.createElement("button"), canvas = document.createElement("canvas"), text = document.createElement("span");
    button.type = "button";
    canvas.setAttribute("aria-hidden", "true");
    if (about.form !== "table") button.append(canvas);
    button.append(text);
    byId("near").append(button);
    button.addEventListener("click", () => choose(button.dataset.at));
    return { button, canvas, text };
  });
  function nearest() {
    const found = samples.map((sample, at) => {
      const code = codeOf(sample);
      return [Math.sqrt(state.code.reduce((sum, z, j) => sum + (z - code[j]) ** 2, 0)), at];
    }).sort((a, b) => a[0] - b[0]);
    near.forEach(({ button, canvas, text }, rank) => {
      const [distance, at] = found[rank];
      text.textContent = `${samples[at].name}, ${short(distance)}`;
      if (button.dataset.at === String(at)) return;
      button.dataset.at = at;
      if (views) views.paint(canvas, samples[at].data);
    });
  }

  const map = byId("map") && about.plane ? makeMap(state, fromCode, network, views) : null;
  if (about.form === "image") makeDrawing(fromInput);
  choose(0);
}

/** Compares the page with results of the library. */
function check(network, samples, codeOf) {
  const difference = (ours, theirs) => {
    const size = theirs.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    return theirs.reduce((most, value, at) => Math.max(most, Math.abs(value - ours[at]) / size || (ours[at] === value ? 0 : Infinity)), 0);
  };
  const codes = floatsOf(about.check.codes), outputs = floatsOf(about.check.reconstructions), n = about.check.samples;
  let largest = 0;
  samples.slice(0, n).forEach((sample, at) => {
    const part = all => all.slice(at * all.length / n, (at + 1) * all.length / n);
    largest = Math.max(largest, difference(codeOf(sample), part(codes)), difference(network.decode(codeOf(sample)), part(outputs)));
  });
  const said = byId("check"), good = largest < 1e-4;
  said.dataset.difference = largest;
  said.classList.toggle("bad", !good);
  said.textContent = good
    ? `Checked: codes and reconstructions of ${n} samples differ from those of the library by at most ${largest.toExponential(1)} of the largest value.`
    : `This page computes something else than the library (a difference of ${largest.toExponential(1)}): do not trust the explorer.`;
}

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
      for (let plane = 0; plane < 3; plane++) pixels.data[4 * at + plane] = 255 * levels[(planes === 3 ? plane : 0) * w * h + at];
      pixels.data[4 * at + 3] = 255;
    }
    canvas.getContext("2d").putImageData(pixels, 0, 0);
  };
  const channels = about.shape.length === 2 ? about.shape[1] : 1, shown = Math.min(channels, 8), panel = shown > 2 ? 60 : 120;
  /** Draws curves, each channel in a panel of its own with the range of the data. */
  const curves = (canvas, all) => {
    canvas.width = 300, canvas.height = panel * shown;
    const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
    for (const { values, colour, dash, level } of all) {
      pen.strokeStyle = style.getPropertyValue(colour), pen.lineWidth = 2, pen.setLineDash(dash);
      for (let c = 0; c < shown; c++) {
        const steps = values.length / channels;
        pen.beginPath();
        for (let t = 0; t < steps; t++) {
          const y = (c + 1 - Math.max(0, Math.min(1, level(values[t * channels + c])))) * panel;
          if (Number.isNaN(y)) continue;
          pen.lineTo(t / Math.max(steps - 1, 1) * 300, Math.max(c * panel + 2, Math.min(y, (c + 1) * panel - 2)));
        }
        pen.stroke();
      }
    }
  };
  const solid = { dash: [], level: value => (value - low) / span };
  const paint = (canvas, data) => about.form === "image"
    ? image(canvas, Float32Array.from(data, unit)) : curves(canvas, [{ values: data, colour: "--c0", ...solid }]);
  if (about.form !== "image") editCurve(canvases[0], state, changed, { channels, shown, low, span });
  return { paint, unit, image, draw(decoded) {
    const [input, output, error] = canvases, { data } = state;
    [input, error].forEach(canvas => canvas.parentElement.classList.toggle("empty", !data));
    if (data) paint(input, data);
    if (about.form === "image") paint(output, decoded);
    else curves(output, [...data ? [{ values: data, colour: "--c0", ...solid }] : [], { values: decoded, colour: "--c1", dash: [6, 3], level: solid.level }]);
    if (!data) return;
    const errors = Float32Array.from(decoded, (value, at) => Math.abs(value - data[at]));
    if (about.form === "image") image(error, errors.map(value => value / (isUnit ? 1 : span)));
    else curves(error, [{ values: errors, colour: "--c2", dash: [], level: value => value / span }]);
  } };
}

/** Drawing over the curve of the input changes it. */
function editCurve(canvas, state, changed, { channels, shown, low, span }) {
  let last = null;
  canvas.classList.add("editable");
  canvas.addEventListener("pointerdown", event => { canvas.setPointerCapture(event.pointerId); last = null; move(event); });
  canvas.addEventListener("pointermove", event => { if (event.buttons) move(event); });
  function move(event) {
    if (!state.data) return;
    const box = canvas.getBoundingClientRect(), steps = state.data.length / channels;
    const t = Math.max(0, Math.min(steps - 1, Math.round((event.clientX - box.left) / box.width * (steps - 1))));
    const place = (event.clientY - box.top) / box.height * shown, c = Math.max(0, Math.min(shown - 1, Math.floor(last?.c ?? place)));
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
  function moveTo(a, b) {
    const [x, y] = place(), code = state.code.map((z, at) => z + (a - x) * first[at] + (b - y) * second[at]);
    fromCode(code);
  }
  function drag(event) {
    const box = svg.getBoundingClientRect(), part = [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height];
    moveTo(...part.map((part, axis) => ends[axis][0] + Math.max(0, Math.min(1, part)) * (ends[axis][1] - ends[axis][0])));
  }
  svg.addEventListener("pointerdown", event => { svg.setPointerCapture(event.pointerId); drag(event); event.preventDefault(); here.focus({ preventScroll: true }); });
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
    const side = 12, [h, w] = about.shape.slice(-2), tile = document.createElement("canvas"), all = document.createElement("canvas");
    all.width = side * w, all.height = side * h;
    for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) {
      const a = ends[0][0] + (j + 0.5) / side * (ends[0][1] - ends[0][0]), b = ends[1][1] - (i + 0.5) / side * (ends[1][1] - ends[1][0]);
      const code = Float32Array.from(mean, (z, at) => z + a * first[at] + b * second[at]);
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
    const part = place().map((value, axis) => Math.max(0, Math.min(1, (value - ends[axis][0]) / (ends[axis][1] - ends[axis][0]))));
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
    const box = canvas.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * w, y = (event.clientY - box.top) / box.height * h;
    const start = last ?? [x, y], parts = Math.ceil(Math.hypot(x - start[0], y - start[1])) || 1;
    for (let part = 1; part <= parts; part++) dab(start[0] + (x - start[0]) * part / parts, start[1] + (y - start[1]) * part / parts);
    last = [x, y];
    use();
  }
  canvas.addEventListener("pointerdown", event => { canvas.setPointerCapture(event.pointerId); last = null; stroke(event); });
  canvas.addEventListener("pointermove", event => { if (event.buttons) stroke(event); });
  byId("clear").addEventListener("click", () => { grey.fill(0); use(); });
  byId("invert").addEventListener("click", () => { grey = grey.map(level => 1 - level); use(); });
  async function load(file) {
    if (!file) return;
    try {
      const picture = await createImageBitmap(file), small = document.createElement("canvas"), pen = small.getContext("2d");
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
  const dayOf = text => Date.parse(`${text}T00:00Z`) / 864e5, textOf = day => new Date(day * 864e5).toISOString().slice(0, 10);
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
        if (document.activeElement !== field && value !== undefined) {
          field.value = Number.isNaN(value) ? "" : column.kind === "category" ? String(value) : column.kind === "date" ? textOf(Math.floor(value)) : String(+value.toPrecision(7));
        }
        told.textContent = said(column, reconstruction);
        const apart = value - reconstruction;
        difference.textContent = value === undefined || Number.isNaN(apart) ? "" : column.kind === "category" ? (apart ? "≠" : "=") : short(apart);
        line.classList.toggle("far", value !== undefined && !Number.isNaN(apart) && (column.kind === "category" ? apart !== 0 : Math.abs(apart) > 2 * column.factor));
      },
    };
  });
  return { draw: (data, decoded) => fields.forEach((field, at) => field.show(data?.[at], decoded[at])) };
}

if (about) {
  const missing = [...about.encoder, ...about.decoder].find(layer => !LAYERS[layer.kind]);
  if (missing) byId("check").textContent = `This page cannot compute the layer ${missing.kind}.`;
  else explore();
}
document.documentElement.dataset.ready = "yes";
