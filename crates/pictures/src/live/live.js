
// The events of the training, and what follows from them.

const start = JSON.parse(byId("data").textContent);
const address = name => `${name}?token=${encodeURIComponent(new URLSearchParams(location.search).get("token") || "")}`;
const noted = document.documentElement.dataset;

/** What the events have told so far. `partial` are points of the epoch that is not over yet. */
const seen = { epochs: [], partial: [], layers: [], step: null, samples: null, map: null, end: null };
const drawSamples = makeSamples(byId("samples"), start.samples);
let drawMap = null;

const lossChart = makeChart(`Loss: ${start.loss}`), termChart = makeChart("Terms of the validation loss");
byId("charts").append(lossChart.figure);
if (start.terms.length > 1) byId("charts").append(termChart.figure);

const layers = start.layers.map(name => {
  const cells = [0, 1].map(() => ({ number: make("td", { class: "number" }, "–"),
    spark: shape("svg", { class: "spark", viewBox: "0 0 120 26", "aria-hidden": "true" }) }));
  const row = make("tr", {}, make("th", { scope: "row" }, name));
  for (const { number, spark } of cells) row.append(number, make("td", {}, spark));
  byId("layer-rows").append(row);
  return cells;
});

const say = text => { if (byId("said").textContent !== text) byId("said").textContent = text; };

/** Seconds in words. */
function duration(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  const whole = Math.ceil(seconds), minutes = Math.floor(whole / 60);
  if (whole < 120) return `${whole} s`;
  return minutes < 120 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

const take = {
  begin() {
    Object.assign(seen, { epochs: [], partial: [], layers: [], step: null, samples: null, map: null });
    byId("stop").disabled = false;
    say("The network is training.");
  },
  step(event) {
    const over = seen.epochs.length ? seen.epochs.at(-1).epoch : 0;
    if (event.epoch <= over) return;
    seen.step = event;
    // Epochs are counted from 1: the first step of epoch 3 lies just behind the end of epoch 2.
    const at = event.part * start.epochs;
    if (seen.partial.length && Math.ceil(seen.partial[0][0]) !== event.epoch) seen.partial = [];
    if (at > event.epoch - 1 && at < event.epoch) seen.partial.push([at, event.loss]);
  },
  epoch(event) { seen.epochs.push(event); seen.partial = []; },
  samples(event) { seen.samples = event; },
  map(event) { seen.map = event; },
  layers(event) { seen.layers.push(event); },
  stopping() {
    byId("stop").disabled = true;
    say("The training stops after this step, and then writes its files.");
  },
  end(event) {
    seen.end = event;
    source.close();
    byId("stop").disabled = true;
    say(event.text);
  },
};

function drawNow() {
  const { epochs, step } = seen, last = epochs.at(-1);
  const isInside = step && (!last || step.epoch > last.epoch);
  const part = isInside ? step.part : last ? last.epoch / start.epochs : 0;
  byId("progress").value = part;
  byId("f-epoch").textContent = isInside || last ? `${isInside ? step.epoch : last.epoch} of ${start.epochs}` : "–";
  byId("f-loss").textContent = isInside ? figure(step.loss) : "–";
  byId("f-validation").textContent = last ? figure(last.validation) : "–";
  byId("f-rate").textContent = step ? Math.round(step.rate).toLocaleString("en") : "–";
  const left = seen.end ? NaN : step ? step.left : NaN;
  byId("f-left").textContent = (start.may_end_early && Number.isFinite(left) ? "at most " : "") + duration(left);
}

function drawTraining() {
  const { epochs, partial } = seen;
  const points = of => epochs.map(epoch => [epoch.epoch, of(epoch)]);
  const now = partial.length ? partial.at(-1)[0] : 0;
  const range = epochs.length ? [epochs[0].epoch, epochs.at(-1).epoch] : [0, 0];
  // Before the first epoch is over, the whole course of its loss is shown, and later its last value.
  const inside = epochs.length ? partial.slice(-1) : partial;
  drawChart(lossChart, [
    { name: "training", points: [...points(epoch => epoch.training), ...inside] },
    { name: "validation", points: points(epoch => epoch.validation) },
  ], start.yardsticks, [range[0], Math.max(range[1], now)]);
  if (start.terms.length > 1 && epochs.length) {
    const terms = start.terms.map((name, at) => ({ name, points: points(epoch => epoch.terms[at]) }));
    drawChart(termChart, terms, [], range);
  }
  if (byId("epochs").open) {
    const row = ({ epoch, training, validation, learning_rate, seconds }) => make("tr", {},
      make("th", { scope: "row" }, String(epoch)),
      ...[training, validation, learning_rate, seconds].map(value => make("td", {}, figure(value))));
    byId("epochs").querySelector("tbody").replaceChildren(...epochs.slice(-200).reverse().map(row));
  }
}

function drawLayers() {
  const last = seen.layers.at(-1);
  if (!last) return;
  const since = last.from ? `epoch ${last.from}` : "the start of the training";
  byId("layers-when").textContent = `Measured after epoch ${last.epoch}; the update is that since ${since}.`;
  layers.forEach((cells, at) => [last.gradients, last.updates].forEach((values, which) => {
    cells[which].number.textContent = figure(values[at] === null ? NaN : Number(values[at].toPrecision(3)));
    drawSpark(cells[which].spark, seen.layers.map(event => (which ? event.updates : event.gradients)[at]));
  }));
}

/** Draws what has changed, at most a few times a second. */
const changed = new Set();
let isDue = false;
function draw() {
  isDue = false;
  const has = (...kinds) => kinds.some(kind => changed.has(kind));
  if (has("begin", "step", "epoch", "end")) drawNow();
  if (has("begin", "step", "epoch")) drawTraining();
  if (has("layers")) drawLayers();
  if (has("samples") && seen.samples) {
    drawSamples(seen.samples);
    byId("samples-when").textContent = `Computed ${seen.samples.when}.`;
  }
  if (has("map") && seen.map) {
    drawMap ||= makeMap(byId("map-place"), start.classes, start.of);
    drawMap(seen.map);
  }
  changed.clear();
  noted.epochs = seen.epochs.length;
  noted.ended = Boolean(seen.end);
}

const source = new EventSource(address("events"));
source.onmessage = message => {
  for (const event of JSON.parse(message.data)) {
    take[event.kind](event);
    changed.add(event.kind);
  }
  if (isDue) return;
  isDue = true;
  setTimeout(() => requestAnimationFrame(draw), 100);
};
source.onerror = () => {
  if (seen.end) return;
  byId("stop").disabled = true;
  say(source.readyState === EventSource.CLOSED
    ? "The program does not accept this page any more: open the address that it has printed."
    : "The connection is lost: the program has ended, or is being restarted. Trying again.");
};
byId("epochs").addEventListener("toggle", () => { drawTraining(); });
byId("stop").addEventListener("click", async () => {
  if (!confirm("Stop the training after this step? Its files are written, and it can be continued.")) return;
  try {
    const answer = await fetch(address("stop"), { method: "POST" });
    if (!answer.ok) say(`The program has refused to stop: ${answer.status}.`);
  } catch {
    say("The program does not answer: it may have ended.");
  }
});
