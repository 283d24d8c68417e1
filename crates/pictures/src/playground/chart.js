// The curves of the loss: one, or with a planted mistake two.

const MOST_WIDE = 720, HIGH = 300, LEFT = 70, RIGHT = 20, TOP = 14, BOTTOM = 40;

/** Numbers for an axis: multiples of 1, 2 or 5 times a power of ten between two values. */
function ticks(low, high) {
  const step = round125((high - low) / 5), first = Math.ceil(low / step - 1e-9);
  const all = Array.from({ length: 12 }, (_, at) => Number(((first + at) * step).toPrecision(10)));
  return all.filter(tick => tick <= high + step * 1e-9);
}

/** Draws curves, each with a name and points [step, loss]. */
function drawChart(curves) {
  const wide = Math.max(280, Math.min(MOST_WIDE, byId("chart").clientWidth));
  const points = curves.flatMap(curve => curve.points);
  const [first, last] = [points[0][0], Math.max(points.at(-1)[0], points[0][0] + 1)];
  let low = Math.min(...points.map(point => point[1])), high = Math.max(...points.map(point => point[1]));
  if (high - low < 1e-12) [low, high] = [low - 0.01, high + 0.01];
  const x = step => LEFT + (step - first) / (last - first) * (wide - LEFT - RIGHT);
  const y = loss => TOP + (high - loss) / (high - low) * (HIGH - TOP - BOTTOM);
  const at = ([step, loss]) => `${digits(loss, 5)} at step ${step}`;
  const ends = curves.map(({ name, points }) => `${name}: ${at(points[0])}, ${at(points.at(-1))}`).join("; ");
  const label = `The loss after every step. ${ends}`;
  const svg = make("svg", { viewBox: `0 0 ${wide} ${HIGH}`, role: "img", "aria-label": label });
  for (const tick of ticks(low, high)) {
    svg.append(make("line", { class: "grid", x1: LEFT, x2: wide - RIGHT, y1: y(tick), y2: y(tick) }));
    svg.append(make("text", { class: "end", x: LEFT - 6, y: y(tick) + 4 }, signed(String(tick))));
  }
  const steps = ticks(first, last).filter(Number.isInteger);
  for (const tick of wide < 450 ? steps.filter((_, at) => at % 2 === 0) : steps) {
    svg.append(make("text", { class: "middle", x: x(tick), y: HIGH - BOTTOM + 18 }, String(tick)));
  }
  svg.append(make("line", { class: "axis", x1: LEFT, x2: wide - RIGHT, y1: HIGH - BOTTOM, y2: HIGH - BOTTOM }));
  svg.append(make("text", { class: "middle", x: (LEFT + wide - RIGHT) / 2, y: HIGH - 4 }, "step"));
  curves.forEach((curve, number) => {
    const path = curve.points.map(([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(" ");
    svg.append(make("polyline", { class: `c${number}`, points: path }));
    const [step, loss] = curve.points.at(-1);
    svg.append(make("circle", { class: `c${number} dot`, cx: x(step), cy: y(loss), r: 3.5 }));
  });
  const legend = curves.map((curve, number) => {
    const key = make("svg", { class: "key", viewBox: "0 0 30 8", "aria-hidden": "true" },
      make("line", { class: `c${number}`, x1: 0, x2: 30, y1: 4, y2: 4 }));
    const loss = make("span", { "data-curve": number }, digits(curve.points.at(-1)[1], 5));
    return make("li", {}, key, `${curve.name}: L = `, loss);
  });
  byId("chart").replaceChildren(make("figure", { class: "chart" }, make("ul", { class: "legend" }, ...legend), svg));
}

/** At most this many points of a curve are kept; of more, every second one. */
const MOST_POINTS = 2000;

function addTo(points, more) {
  points.push(...more);
  if (points.length > MOST_POINTS) {
    const last = points.length - 1;
    points.splice(0, Infinity, ...points.filter((_, at) => at % 2 === 0 || at === last));
  }
}
