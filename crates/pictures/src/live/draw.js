"use strict";
// Elements, the charts of the losses, and the map of the codes. Texts are written only as text.

const byId = id => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, children and texts. */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** The same for a part of a drawing. */
function shape(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** A number with five significant digits; null, which stands for a number that is not finite, is a dash. */
function figure(value) {
  return Number.isFinite(value) ? String(Number(value.toPrecision(5))) : "–";
}

/** The smallest and the largest of the values that are finite, or null. */
function ends(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) if (Number.isFinite(value)) low = Math.min(low, value), high = Math.max(high, value);
  return low <= high ? [low, high] : null;
}

/** The distance of ticks: 1, 2 or 5 times a power of ten, at or above the value. */
function nice(value) {
  const power = 10 ** Math.floor(Math.log10(value)), factor = value / power;
  return power * [1, 2, 5, 10].find(step => factor <= step + 1e-9);
}

/** At most about `most` of the points, with the last one. */
function thinned(points, most) {
  const each = Math.ceil(points.length / most);
  return each <= 1 ? points : points.filter((_, at) => at % each === 0 || at === points.length - 1);
}

const [LEFT, RIGHT, TOP, BOTTOM] = [70, 630, 14, 208];

/** An empty chart with a caption. Under the pointer, the nearest epoch is told below it. */
function makeChart(caption) {
  const title = make("figcaption", {}, caption), legend = make("ul", { class: "legend" });
  const svg = shape("svg", { viewBox: "0 0 640 240", role: "img" });
  const told = make("output", { class: "told" }), usual = "Point at the chart to read an epoch.";
  told.textContent = usual;
  const chart = { figure: make("figure", { class: "chart" }, title, svg, legend, told), caption, title, svg, legend };
  svg.addEventListener("pointermove", event => {
    if (!chart.epochAt) return;
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * 640;
    told.textContent = chart.say(chart.epochAt(x));
  });
  svg.addEventListener("pointerleave", () => { told.textContent = usual; });
  return chart;
}

/** Draws curves of points [epoch, value] between two ends. `marks` are horizontal lines, drawn where they lie near the
 *  curves. The axis is logarithmic if all values are positive and span more than a factor of 20. */
function drawChart(chart, curves, marks, [first, last]) {
  const range = ends(curves.flatMap(curve => curve.points.map(point => point[1])));
  if (!range) { chart.svg.replaceChildren(); return; }
  const isLog = range[0] > 0 && range[1] > 20 * range[0], of = value => isLog ? Math.log10(value) : value;
  let [low, high] = range.map(of);
  const span = high - low;
  const near = marks.filter(([, value]) =>
    Number.isFinite(value) && (!isLog || value > 0) && of(value) >= low - span && of(value) <= high + span);
  for (const [, value] of near) low = Math.min(low, of(value)), high = Math.max(high, of(value));
  if (!(high > low)) low -= 0.5 * Math.max(Math.abs(low), 1e-6), high += 0.5 * Math.max(Math.abs(high), 1e-6);
  const step = nice((high - low) / 4), bottom = Math.floor(low / step + 1e-9), top = Math.ceil(high / step - 1e-9);
  const y = value => BOTTOM - (of(value) / step - bottom) / (top - bottom) * (BOTTOM - TOP);
  const x = epoch => last > first ? LEFT + (epoch - first) / (last - first) * (RIGHT - LEFT) : (LEFT + RIGHT) / 2;
  const parts = [];
  for (let tick = bottom; tick <= top; tick++) {
    const at = BOTTOM - (tick - bottom) / (top - bottom) * (BOTTOM - TOP), value = tick * step;
    parts.push(shape("line", { class: "grid", x1: LEFT, x2: RIGHT, y1: at, y2: at }),
      shape("text", { class: "end", x: LEFT - 6, y: at + 4 }, figure(isLog ? 10 ** value : value)));
  }
  for (const epoch of new Set([first, Math.floor(last)])) {
    const isAtEnd = x(epoch) > RIGHT - 20;
    const place = isAtEnd ? { class: "end", x: Math.min(x(epoch) + 8, RIGHT + 8) } : { class: "middle", x: x(epoch) };
    parts.push(shape("text", { ...place, y: BOTTOM + 17 }, String(epoch)));
  }
  parts.push(shape("text", { class: "middle", x: (LEFT + RIGHT) / 2, y: BOTTOM + 28 }, "epoch"));
  for (const [name, value] of near) {
    parts.push(shape("line", { class: "mark", x1: LEFT, x2: RIGHT, y1: y(value), y2: y(value) }),
      shape("text", { class: "end", x: RIGHT, y: y(value) - 4 }, name));
  }
  curves.forEach((curve, number) => {
    const points = thinned(curve.points.filter(point => Number.isFinite(point[1]) && (!isLog || point[1] > 0)), 600)
      .map(point => [x(point[0]).toFixed(1), y(point[1]).toFixed(1)]);
    parts.push(points.length === 1
      ? shape("circle", { class: `c${number % 4} dot`, cx: points[0][0], cy: points[0][1], r: 4 })
      : shape("polyline", { class: `c${number % 4}`, points: points.join(" ") }));
  });
  chart.svg.replaceChildren(...parts);
  chart.title.textContent = chart.caption + (isLog ? ", logarithmic axis" : "");
  chart.legend.replaceChildren(...curves.map((curve, number) => {
    const key = shape("svg", { class: "key", viewBox: "0 0 30 8", "aria-hidden": "true" },
      shape("line", { class: `c${number % 4}`, x1: 0, x2: 30, y1: 4, y2: 4 }));
    return make("li", {}, key, `${curve.name}: ${curve.points.length ? figure(curve.points.at(-1)[1]) : "–"}`);
  }));
  chart.svg.setAttribute("aria-label", curves.filter(curve => curve.points.length).map(curve =>
    `${curve.name} from ${figure(curve.points[0][1])} to ${figure(curve.points.at(-1)[1])}`).join(", "));
  chart.epochAt = place =>
    Math.round(first + Math.max(0, Math.min(1, (place - LEFT) / (RIGHT - LEFT))) * (last - first));
  chart.say = epoch => {
    const told = curves.map(curve => [curve.name, curve.points.find(point => point[0] === epoch)]);
    const found = told.filter(([, point]) => point).map(([name, point]) => `${name} ${figure(point[1])}`);
    return found.length ? `epoch ${epoch}: ${found.join(", ")}` : "No epoch is over there.";
  };
}

/** Draws one small curve of positive values on a logarithmic axis; zeros are left out. */
function drawSpark(svg, values) {
  const places = values.map((value, at) => [at, value > 0 ? Math.log10(value) : NaN]);
  const points = thinned(places.filter(point => Number.isFinite(point[1])), 120);
  const range = ends(points.map(point => point[1]));
  if (!range) { svg.replaceChildren(); return; }
  const [low, high] = range, width = Math.max(values.length - 1, 1);
  const y = value => high > low ? 23 - (value - low) / (high - low) * 20 : 13;
  const drawn = points.map(([at, value]) => `${(2 + at / width * 116).toFixed(1)},${y(value).toFixed(1)}`);
  svg.replaceChildren(drawn.length === 1
    ? shape("circle", { class: "c0 dot", cx: 2, cy: 13, r: 2 })
    : shape("polyline", { class: "c0", points: drawn.join(" ") }));
}

/** The map of the codes, with a button for each class. Returns a function that draws new points. */
function makeMap(place, classes, of) {
  const COLOURS = 10, MOST_BUTTONS = 30, count = Math.max(classes.length, 1);
  const dots = Array.from({ length: count }, (_, at) => shape("path", { class: `dots k${at % COLOURS}` }));
  const svg = shape("svg", { id: "map", viewBox: "0 0 500 500", role: "img", "aria-label": "The map of the codes" },
    shape("rect", { class: "plot", width: 500, height: 500 }), ...dots);
  const axes = make("p", { class: "axes" }), when = make("p", { class: "note" });
  const buttons = make("div", { class: "classes", role: "group", "aria-label": "Show one class alone" });
  if (classes.length > 1 && classes.length <= MOST_BUTTONS) {
    buttons.append(...classes.map((name, at) => {
      const button = make("button", { type: "button", class: "class", "aria-pressed": "false" },
        make("span", { class: `swatch s${at % COLOURS}` }), name);
      button.addEventListener("click", () => {
        const pressed = button.getAttribute("aria-pressed") !== "true";
        for (const other of buttons.children) other.setAttribute("aria-pressed", String(pressed && other === button));
        dots.forEach((dot, number) => dot.classList.toggle("faint", pressed && number !== at));
      });
      return button;
    }));
  }
  place.replaceChildren(make("figure", { class: "map" }, svg, axes, buttons, when));
  return map => {
    const paths = dots.map(() => "");
    for (let at = 0; 2 * at < map.points.length; at++) {
      paths[of.length ? of[at] : 0] += `M${map.points[2 * at]} ${map.points[2 * at + 1]}h0`;
    }
    dots.forEach((dot, at) => dot.setAttribute("d", paths[at]));
    const [x, y] = map.axes, [[left, right], [below, above]] = map.ends;
    axes.replaceChildren(`→ ${x}: ${figure(left)} to ${figure(right)}`, make("br"),
      `↑ ${y}: ${figure(below)} to ${figure(above)}`);
    when.textContent = `Validation samples, drawn at random: ${map.points.length / 2} codes, computed ${map.when}. ` +
      "The axes are computed anew each time.";
  };
}
