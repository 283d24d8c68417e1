// The controls, and the questions to the program. One question is asked after the other: each change waits for the
// answer before it.

const noted = document.documentElement.dataset;
const networks = Object.fromEntries(about.networks.map(network => [network.first.network, network]));

let sizes = about.networks[0];
let state = structuredClone(sizes.first); // the training that is shown
let twin = null;                          // the same training without the mistake
let answer = null;                        // what the program answered last
let cells = [];
let selected = null;                      // { of, row, column }
let hovered = null;
let curves = [];
let isRunning = false;
let runs = 0;

/** The program does not answer, or refuses to. */
class Refused extends Error {}

/** Asks the program for the numbers of a state after some steps. */
async function ask(of, steps, cell) {
  let response;
  try {
    const body = JSON.stringify({ state: of, steps, cell });
    response = await fetch("ask", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  } catch {
    throw new Refused("The program does not answer. Start `handgrad playground` again, and open its new address.");
  }
  const told = await response.text();
  if (!response.ok) throw new Refused(told);
  return JSON.parse(told);
}

let turn = Promise.resolve();
/** Does something after everything that waits already. If the program refuses it, nothing has changed. */
function enqueue(work) {
  turn = turn.then(async () => {
    const before = { state, twin };
    try {
      await work();
      byId("problem").textContent = "";
    } catch (error) {
      if (error instanceof Refused) ({ state, twin } = before);
      byId("problem").textContent = error.message;
      isRunning = false;
      showButtons();
    }
    noted.turns = String(Number(noted.turns ?? 0) + 1);
  });
  return turn;
}

/** Takes some steps and shows the result. With `fresh`, the curves begin at this point. */
async function advance(steps, fresh = false) {
  const [own, right] = await Promise.all([ask(state, steps, selected), twin && ask(twin, steps, null)]);
  answer = own;
  state = own.state;
  if (right) twin = right.state;
  const pointsOf = told => told.losses.map((loss, at) => [told.state.step - told.losses.length + at + 1, loss]);
  if (fresh) {
    const curve = (name, told) => ({ name, points: [[told.state.step, told.loss]] });
    curves = right ? [curve("without the mistake", right), curve("with the mistake", own)] : [curve("training", own)];
  } else {
    (right ? [right, own] : [own]).forEach((told, at) => addTo(curves[at].points, pointsOf(told)));
  }
  show();
  const diverged = own.diverged ?? right?.diverged ?? null;
  if (diverged !== null) {
    const which = own.diverged === null ? "The training without the mistake" : "The training";
    throw new Error(`${which} diverges: step ${diverged} would make a weight larger than 100. Choose a ` +
      "smaller learning rate, or start again.");
  }
}

/** The state has been changed by hand: the second training gets the same weights, and the curves begin here. */
function changed() {
  twin = state.mistake === null ? null : { ...structuredClone(state), mistake: null };
  return advance(0, true);
}

function show() {
  showCells(cells, answer.values);
  byId("status").setAttribute("aria-live", isRunning ? "off" : "polite");
  byId("explained").setAttribute("aria-live", isRunning ? "off" : "polite");
  byId("status").textContent = `Step ${state.step}: L = ${long(answer.loss)}`;
  if (document.activeElement !== byId("rate")) byId("rate").value = String(state.learning_rate);
  drawChart(curves);
  showCheck();
  showSelected();
  showHovered();
  noted.ready = "yes";
}

function showButtons() {
  byId("run").disabled = isRunning;
  byId("step").disabled = isRunning;
  byId("pause").disabled = !isRunning;
}

const valueOf = ({ of, row, column }) => answer.values[of][row * sizes[quantityOf(of).columns] + column];
const nameOf = ({ of, row, column }) => symbolOf(quantityOf(of), row, column, sizes);

function showSelected() {
  const is = ({ quantity, row, column }) =>
    selected !== null && quantity.of === selected.of && row === selected.row && column === selected.column;
  cells.forEach(cell => {
    if (is(cell)) cell.element.setAttribute("aria-selected", "true");
    else if (cell.element.hasAttribute("aria-selected")) cell.element.removeAttribute("aria-selected");
  });
  byId("change").hidden = !selected || !["x", "w_e", "b_e", "w_d", "b_d"].includes(selected.of);
  if (!selected) return;
  const value = valueOf(selected), number = byId("number"), slider = byId("slider");
  byId("told").textContent = `${nameOf(selected)} = ${long(value)}`;
  const reach = Math.max(2, Math.ceil(Math.abs(value)));
  [slider.min, slider.max] = selected.of === "x" ? [0, 1] : [-reach, reach];
  [number.min, number.max] = selected.of === "x" ? [0, 1] : [-1e6, 1e6];
  if (document.activeElement !== number) number.value = String(value);
  if (document.activeElement !== slider) slider.value = String(value);
  const given = make("p", { class: "by" }, "An input is given. It is its own target.");
  byId("explained").replaceChildren(...(selected.of === "x" ? [given] : answer.explained.flatMap(explanation)));
}

/** A formula, the same with numbers, the value, and what computed it. */
function explanation(line) {
  const parts = [line.formula, ...line.numbers];
  if (parts.at(-1) !== line.value) parts.push(line.value);
  const formula = make("p", { class: "formula" }, make("b", {}, line.symbol), ...parts.flatMap(part => [" = ", part]));
  const [name, file] = [line.function, line.file].map(text => make("code", {}, text));
  const by = make("p", { class: "by" }, "computed by ", name, " in ", file);
  if (line.note) by.append(` (${line.note})`);
  return [formula, by];
}

const VERDICTS = {
  agrees: "agrees",
  differs: "differs",
  rounding: "agrees within rounding",
  kink: "at a kink of ReLU",
};

function showCheck() {
  const body = byId("check").tBodies[0], buttons = () => [...body.querySelectorAll("button")];
  // The button that was pressed keeps the focus.
  const focused = buttons().indexOf(document.activeElement);
  body.replaceChildren(...answer.check.map(check => {
    const place = make("button", { type: "button" }, nameOf(check));
    place.addEventListener("click", () => select(check));
    const error = check.error === null ? "infinite" : digits(check.error, 2);
    const parts = [VERDICTS[check.verdict], place, digits(check.analytic, 7), digits(check.numeric, 7), error];
    const row = make("tr", { "data-verdict": check.verdict }, make("th", { scope: "row" }, check.of));
    row.append(...parts.map(part => make("td", {}, part)));
    if (check.verdict === "differs") row.classList.add("bad");
    return row;
  }));
  buttons()[focused]?.focus();

  const wrong = answer.check.filter(check => check.verdict === "differs").map(check => check.of);
  const mistake = about.mistakes.find(known => known.name === state.mistake);
  const said = [];
  const hasKink = answer.check.some(check => check.verdict === "kink");
  if (wrong.length) said.push(`The gradient check sees a mistake: ${wrong.join(", ")}.`);
  else if (!hasKink) said.push("All gradients agree with their difference quotients.");
  if (hasKink) {
    said.push("A z of the encoder is within 0.00002 of 0. ReLU has a kink there, so that a quotient is the mean of two",
      "slopes, and says nothing about the gradient.");
  } else if (mistake?.property && !wrong.length) {
    said.push("The check cannot see this mistake: it is the same in both passes, or it is made after the gradient.");
    said.push(`Another test finds it: ${mistake.property}.`);
  } else if (mistake && !wrong.length) {
    said.push("The planted mistake has no effect at these weights.");
  }
  if (state.mistake === "adam-no-bias-correction" && state.optimizer !== "adam") {
    said.push("The planted mistake is in Adam, so choose Adam as the optimiser.");
  }
  byId("verdict").setAttribute("aria-live", isRunning ? "off" : "polite");
  byId("verdict").textContent = said.join(" ");
}

function select({ of, row, column }) {
  enqueue(async () => {
    const cell = { of, row, column };
    answer = await ask(state, 0, cell);
    selected = cell;
    showSelected();
  });
}

/** Shows all digits of the cell under the pointer or with the focus. */
function showHovered() {
  byId("hovered").textContent = hovered && answer ? `looking at ${nameOf(hovered)} = ${long(valueOf(hovered))}` : "";
}

function hover(cell) {
  hovered = cell && { of: cell.quantity.of, row: cell.row, column: cell.column };
  showHovered();
}

/** Begins with a network. */
function begin(name) {
  sizes = networks[name];
  state = { ...structuredClone(sizes.first), mistake: state.mistake };
  selected = hovered = null;
  byId("explained").replaceChildren();
  byId("told").textContent = "Select a cell to see its formula.";
  byId("optimizer").value = state.optimizer;
  byId("which").hidden = sizes.n < 8;
  const options = Array.from({ length: sizes.m }, (_, at) => make("option", { value: at }, `digit ${at}`));
  byId("sample").replaceChildren(...options);
  cells = makeCells(sizes, 0);
  return changed();
}

/** The place of a weight or a bias in θ: w_e, b_e, w_d and b_d, one after another. */
function placeOf({ of, row, column }) {
  const { n, k } = sizes, start = { w_e: 0, b_e: n * k, w_d: n * k + k, b_d: n * k + k + k * n }[of];
  return start + row * sizes[quantityOf(of).columns] + column;
}

let waiting = null; // the newest value of the selected cell that is not yet asked for
function change(text) {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return;
  const before = waiting;
  waiting = { cell: selected, value };
  if (before) return;
  enqueue(async () => {
    const { cell, value } = waiting;
    waiting = null;
    state = structuredClone(state);
    if (cell.of === "x") state.x[cell.row * sizes.n + cell.column] = value;
    else state.theta[placeOf(cell)] = value;
    await changed();
  });
}

async function run() {
  isRunning = true;
  // A second click on Run ends the loop of the first one.
  const number = ++runs;
  showButtons();
  byId("pause").focus();
  while (isRunning && number === runs) {
    await enqueue(() => isRunning ? advance(Number(byId("steps").value)) : undefined);
    await new Promise(go => setTimeout(go, 200));
  }
}

function pause() {
  isRunning = false;
  showButtons();
  byId("run").focus();
  enqueue(() => show());
}

byId("name").replaceChildren(...about.networks.map(network => make("option", {}, network.first.network)));
byId("mistake").append(...about.mistakes.map(mistake => make("option", { value: mistake.name }, mistake.says)));
byId("name").addEventListener("change", () => enqueue(() => begin(byId("name").value)));
byId("step").addEventListener("click", () => enqueue(() => advance(Number(byId("steps").value))));
byId("run").addEventListener("click", run);
byId("pause").addEventListener("click", pause);
byId("again").addEventListener("click", () => enqueue(() => {
  const { network, optimizer, learning_rate, mistake } = state;
  state = { ...structuredClone(networks[network].first), optimizer, learning_rate, mistake };
  return changed();
}));
byId("optimizer").addEventListener("change", () => enqueue(() => {
  // The running values belong to the optimiser, so the new one begins with its first step.
  const slots = state.slots.map(slot => slot.map(() => 0));
  state = { ...state, optimizer: byId("optimizer").value, slots, step: 0 };
  return changed();
}));
byId("rate").addEventListener("change", () => enqueue(async () => {
  const rate = Number(byId("rate").value), [low, high] = [1e-6, 1000];
  if (!(rate >= low && rate <= high)) throw new Error("The learning rate must be a number from 0.000001 to 1000.");
  state = { ...state, learning_rate: rate };
  twin = twin && { ...twin, learning_rate: rate };
  await advance(0);
}));
byId("sample").addEventListener("change", () => enqueue(() => {
  cells = makeCells(sizes, Number(byId("sample").value));
  show();
}));
byId("mistake").addEventListener("change", () => enqueue(() => {
  const name = byId("mistake").value, mistake = about.mistakes.find(known => known.name === name);
  state = { ...state, mistake: mistake ? name : null };
  byId("planted").hidden = !mistake;
  const rows = mistake ? [["right", mistake.right], ["planted", mistake.planted]] : [];
  byId("planted").replaceChildren(...rows.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]));
  return changed();
}));
byId("number").addEventListener("input", event => change(event.target.value));
byId("slider").addEventListener("input", event => {
  byId("number").value = event.target.value;
  change(event.target.value);
});
listenToCells(hover, cell => select({ ...cell, of: cell.quantity.of }));
byId("cells").addEventListener("pointerleave", () => hover(null));
window.addEventListener("resize", () => { if (answer) drawChart(curves); });
enqueue(() => begin(byId("name").value));
