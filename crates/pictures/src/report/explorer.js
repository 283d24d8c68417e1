"use strict";
// The explorer: everything shows one code. It comes from a sample, a drawing or a row (then there is an input to
// compare with), or from the map, the sliders and the walk (then there is none).

const byId = id => document.getElementById(id);
const about = JSON.parse(byId("data").textContent);

/** Values of the data in the units of the network: tasks call this Model::scaled. */
function toNetwork(values) {
  if (about.form === "table") {
    return Float32Array.from(about.columns.flatMap((column, at) => encodeCell(column, values[at])));
  }
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
    case "category": {
      const own = Math.min(value, column.classes.length);
      return Array.from({ length: widthOf(column) }, (_, at) => +(at === own));
    }
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
    case "ordinal": {
      const nearer = (a, b) => Math.abs(b - value) < Math.abs(a - value) ? b : a;
      return column.levels.reduce(nearer, column.levels[0] ?? value);
    }
    default: return value;
  }
}

const short = value => Number.isFinite(value) ? String(+value.toPrecision(4)) : "–";

function explore() {
  const network = new Network(about, byId("weights").textContent);
  const values = about.form === "table" ? about.columns.length : about.shape.reduce((a, b) => a * b, 1);
  const { bytes, numbers } = about.kept;
  const raw = bytes ? Float64Array.from(bytesOf(bytes), byte => Math.fround(byte / 255)) : doublesOf(numbers);
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
    const place = odd ? "at or above" : "below";
    said.textContent = `Score ${short(score)}: ${place} the threshold ${short(about.threshold)}, `
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
    const [name, input, output] = ["span", "input", "output"].map(kind => document.createElement(kind));
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
      const isApart = Math.abs(input.value - state.code[at]) > (high - low) / 100;
      if (document.activeElement !== input || isApart) input.value = state.code[at];
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
    const [button, canvas, text] = ["button", "canvas", "span"].map(kind => document.createElement(kind));
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
    // Not a number is as wrong as can be.
    const apart = (value, at) => ours[at] === value ? 0 : Math.abs(value - ours[at]) / size || Infinity;
    return theirs.reduce((most, value, at) => Math.max(most, apart(value, at)), 0);
  };
  const codes = floatsOf(about.check.codes), outputs = floatsOf(about.check.reconstructions), n = about.check.samples;
  let largest = 0;
  samples.slice(0, n).forEach((sample, at) => {
    const part = all => all.slice(at * all.length / n, (at + 1) * all.length / n);
    const code = codeOf(sample);
    largest = Math.max(largest, difference(code, part(codes)), difference(network.decode(code), part(outputs)));
  });
  const said = byId("check"), good = largest < 1e-4;
  said.dataset.difference = largest;
  said.classList.toggle("bad", !good);
  const part = largest.toExponential(1);
  said.textContent = good
    ? `Checked: codes and reconstructions of ${n} samples differ from those of the library by at most ${part} of the `
      + "largest value."
    : `This page computes something else than the library (a difference of ${part}): do not trust the explorer.`;
}

if (about) {
  const missing = [...about.encoder, ...about.decoder].find(layer => !LAYERS[layer.kind]);
  if (missing) byId("check").textContent = `This page cannot compute the layer ${missing.kind}.`;
  else explore();
}
document.documentElement.dataset.ready = "yes";
