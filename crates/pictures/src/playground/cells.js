"use strict";
// The cells: one grid for each matrix, or several tiles where a row or a column of it is an image.

const byId = id => document.getElementById(id);
const about = JSON.parse(byId("data").textContent);
about.networks.forEach(network => { network.one = 1; });

const GROUPS = {
  values: "x and x̂", code: "h and L", weights: "weights and biases", gradients: "δ and gradients",
};

// What has cells: the name in requests, the symbol, a few words, and the sizes. Forward and backward are in the order
// in which they are computed; the place is the column of a wide screen.
const QUANTITIES = [
  ["x", "x", "input and target", "values", "forward", 1, "m", "n"],
  ["w_e", "w_e", "weights of the encoder", "weights", "forward", 2, "n", "k"],
  ["b_e", "b_e", "its biases", "weights", "forward", 2, "one", "k"],
  ["h", "h", "code", "code", "forward", 3, "m", "k"],
  ["w_d", "w_d", "weights of the decoder", "weights", "forward", 4, "k", "n"],
  ["b_d", "b_d", "its biases", "weights", "forward", 4, "one", "n"],
  ["p", "x̂", "output", "values", "forward", 5, "m", "n"],
  ["losses", "L", "loss", "code", "forward", 6, "m", "one"],
  ["delta_d", "δ_d", "∂L/∂z of the decoder", "gradients", "backward", 5, "m", "n"],
  ["dw_d", "dw_d", "∂L/∂w_d", "gradients", "backward", 4, "k", "n"],
  ["db_d", "db_d", "∂L/∂b_d", "gradients", "backward", 4, "one", "n"],
  ["dh", "dh", "∂L/∂h", "gradients", "backward", 3, "m", "k"],
  ["delta_e", "δ_e", "∂L/∂z of the encoder", "gradients", "backward", 3, "m", "k"],
  ["dw_e", "dw_e", "∂L/∂w_e", "gradients", "backward", 2, "n", "k"],
  ["db_e", "db_e", "∂L/∂b_e", "gradients", "backward", 2, "one", "k"],
].map(([of, symbol, words, group, pass, place, rows, columns]) => (
  { of, symbol, words, group, pass, place, rows, columns }));
const quantityOf = of => QUANTITIES.find(quantity => quantity.of === of);

/** An element with attributes and children. */
function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "polyline", "line", "text", "circle"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  element.append(...children);
  return element;
}

const sub = number => String(number).replace(/\d/g, digit => String.fromCharCode(0x2080 + Number(digit)));
const signed = text => text.replace(/-/g, "−");
/** So many significant digits; numbers below 0.001 have an exponent. */
function digits(value, count) {
  if (value === null) return "–";
  const rounded = Number(value.toPrecision(count));
  return signed(rounded !== 0 && Math.abs(rounded) < 1e-3 ? rounded.toExponential() : String(rounded));
}
/** Three digits, for cells. */
const short = value => digits(value, 3);
/** All digits. */
const long = value => value === null ? "not a finite number" : signed(String(value));

/** The name of a cell in formulas; rows and columns are counted from 0. */
function symbolOf(quantity, row, column, sizes) {
  if (quantity.rows === "one") return quantity.symbol + sub(column + 1);
  if (quantity.columns === "one") return quantity.symbol + sub(row + 1);
  return quantity.symbol + sub(row + 1) + (Math.max(sizes.n, sizes.k, sizes.m) > 9 ? "," : "") + sub(column + 1);
}

/** The name of a cell for a screen reader. */
function spoken(quantity, row, column) {
  if (quantity.rows === "one") return `${quantity.symbol} ${column + 1}`;
  if (quantity.columns === "one") return `${quantity.symbol} ${row + 1}`;
  return `${quantity.symbol} row ${row + 1} column ${column + 1}`;
}

/** How a quantity is cut into tiles. A small network shows whole matrices; a large one shows images of 8 columns: one
    sample, or the weights of one unit. `place` leads from a cell of the tile to the row and column of the matrix. */
function tilesOf(quantity, sizes, sample) {
  const side = 8, { rows, columns } = quantity;
  if (sizes.n < side) {
    return [{ title: "", rows: sizes[rows], columns: sizes[columns], numbers: true, place: (r, c) => [r, c] }];
  }
  if (rows === "n" || (rows === "k" && columns === "n")) {
    const place = rows === "n" ? unit => (r, c) => [r * side + c, unit] : unit => (r, c) => [unit, r * side + c];
    return Array.from({ length: sizes.k }, (_, unit) => (
      { title: `unit ${unit + 1}`, rows: sizes.n / side, columns: side, numbers: false, place: place(unit) }));
  }
  const row = rows === "m" ? sample : 0;
  if (columns === "n") {
    return [{ title: "", rows: sizes.n / side, columns: side, numbers: false, place: (r, c) => [row, r * side + c] }];
  }
  const wide = Math.min(2, sizes[columns]), place = (r, c) => [row, r * wide + c];
  return [{ title: "", rows: sizes[columns] / wide, columns: wide, numbers: true, place }];
}

/** The cell of an element. */
const cellOf = new WeakMap();

/** Calls `hover` with the cell under the pointer or with the focus, and `select` with a cell that is selected. */
function listenToCells(hover, select) {
  const root = byId("cells"), cellAt = event => cellOf.get(event.target.closest("td"));
  const on = (kind, then) => root.addEventListener(kind, event => {
    const cell = cellAt(event);
    if (cell) then(cell, event);
  });
  on("pointerover", hover);
  on("focusin", hover);
  on("click", cell => { focusOn(cell, { preventScroll: true }); select(cell); });
  on("keydown", (cell, event) => {
    const isSelected = event.key === "Enter" || event.key === " ";
    const next = isSelected ? cell : neighbour(cell, event.key);
    if (!next) return;
    event.preventDefault();
    focusOn(next);
    if (isSelected) select(cell);
  });
}

/** Builds the cells of a network and returns them. */
function makeCells(sizes, sample) {
  const cells = [], root = byId("cells");
  root.replaceChildren();
  root.className = sizes.n < 8 ? "small" : "large";
  for (const pass of ["forward", "backward"]) {
    const title = pass === "forward" ? "Forward" : "Backward";
    const section = make("div", { class: `pass ${pass}`, role: "group", "aria-label": title }, make("h3", {}, title));
    // The backward pass begins at the output.
    for (const place of pass === "forward" ? [1, 2, 3, 4, 5, 6] : [5, 4, 3, 2]) {
      const here = QUANTITIES.filter(quantity => quantity.pass === pass && quantity.place === place);
      const parts = here.map(quantity => quantityCells(quantity, sizes, sample, cells));
      const column = make("div", { class: "place" }, ...parts);
      column.style.setProperty("--place", place);
      section.append(column);
    }
    root.append(section);
  }
  return cells;
}

function quantityCells(quantity, sizes, sample, cells) {
  const own = [];
  const tiles = tilesOf(quantity, sizes, sample).map((tile, number) => {
    const kind = tile.numbers ? "grid-table numbers" : "grid-table";
    const name = [quantity.symbol, quantity.words, tile.title].filter(part => part).join(", ");
    const table = make("table", { class: kind, role: "grid", "aria-label": name });
    for (let r = 0; r < tile.rows; r++) {
      const line = table.insertRow();
      for (let c = 0; c < tile.columns; c++) {
        const [row, column] = tile.place(r, c), element = line.insertCell();
        const cell = { quantity, row, column, element, numbers: tile.numbers, tile: number, r, c, own, shown: "" };
        cell.at = row * sizes[quantity.columns] + column;
        element.setAttribute("role", "gridcell");
        element.tabIndex = own.length ? -1 : 0;
        Object.assign(element.dataset, { of: quantity.of, row, column });
        cellOf.set(element, cell);
        own.push(cell);
      }
    }
    const caption = tile.title ? [make("figcaption", {}, tile.title)] : [];
    return make("figure", { class: "tile" }, ...caption, table);
  });
  cells.push(...own);
  const heading = make("h4", {}, quantity.symbol, " ", make("small", {}, quantity.words));
  return make("div", { class: "quantity" }, heading, make("div", { class: "tiles" }, ...tiles));
}

/** The cell to which a key moves: within its tile, and from one tile to the next. */
function neighbour(cell, key) {
  const at = (tile, r, c) => cell.own.find(other => other.tile === tile && other.r === r && other.c === c);
  const { tile, r, c } = cell;
  const last = number => Math.max(...cell.own.filter(other => other.tile === number).map(other => other.c));
  switch (key) {
    case "ArrowLeft": return at(tile, r, c - 1) ?? at(tile - 1, r, last(tile - 1));
    case "ArrowRight": return at(tile, r, c + 1) ?? at(tile + 1, r, 0);
    case "ArrowUp": return at(tile, r - 1, c);
    case "ArrowDown": return at(tile, r + 1, c);
    case "Home": return at(tile, r, 0);
    case "End": return at(tile, r, last(tile));
    default: return undefined;
  }
}

function focusOn(cell, how) {
  cell.own.forEach(other => { other.element.tabIndex = -1; });
  cell.element.tabIndex = 0;
  cell.element.focus(how);
}

/** The smallest of 1, 2 and 5 times a power of ten that is not below a value. */
function round125(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return Number(([1, 2, 5, 10].find(factor => factor * power >= value) * power).toPrecision(1));
}

/** Shows the values in the cells, with one scale of colours for each group. */
function showCells(cells, values) {
  const scales = {};
  for (const group of Object.keys(GROUPS)) {
    const own = QUANTITIES.filter(quantity => quantity.group === group).flatMap(quantity => values[quantity.of]);
    scales[group] = round125(own.reduce((most, value) => Math.max(most, Math.abs(value)), 0));
  }
  for (const cell of cells) {
    const value = values[cell.quantity.of][cell.at], t = Math.min(1, Math.abs(value) / scales[cell.quantity.group]);
    const text = short(value), shown = `${text} ${t.toFixed(3)}`;
    if (cell.shown === shown) continue;
    cell.shown = shown;
    cell.element.className = value > 0 ? "positive" : value < 0 ? "negative" : "";
    cell.element.style.setProperty("--t", t.toFixed(3));
    cell.element.setAttribute("aria-label", `${spoken(cell.quantity, cell.row, cell.column)}: ${text}`);
    if (cell.numbers) cell.element.textContent = text;
  }
  byId("legends").replaceChildren(...Object.entries(GROUPS).map(([group, words]) => {
    const colours = "from blue for negative numbers to orange for positive ones";
    const bar = make("span", { class: "scale", role: "img", "aria-label": colours });
    return make("li", {}, `${words}: ${short(-scales[group])}`, bar, short(scales[group]));
  }));
}
