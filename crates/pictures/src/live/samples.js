
// The samples and their reconstructions: images, series, or rows of a table.

/** Draws an image whose levels are base64: one plane of grey, or three of red, green and blue. */
function drawImage(canvas, text, [planes, height, width]) {
  const levels = atob(text), size = width * height, pixels = new ImageData(width, height);
  for (let at = 0; at < size; at++) {
    for (let plane = 0; plane < 3; plane++) {
      pixels.data[4 * at + plane] = levels.charCodeAt((planes === 3 ? plane * size : 0) + at);
    }
    pixels.data[4 * at + 3] = 255;
  }
  canvas.width = width, canvas.height = height;
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

/** Draws a series over its reconstruction, if there is one: each channel in a panel of its own, whose axis has the
 *  range of the series. */
function drawSeries(svg, input, output, [, steps, channels], shown) {
  const PANEL = 60, WIDTH = 300, curves = [];
  for (let channel = 0; channel < shown; channel++) {
    const of = values => Array.from({ length: steps }, (_, step) => values[step * channels + channel]);
    const [low, high] = ends(of(input)) || [0, 1], span = high > low ? high - low : 1;
    const place = (value, step) => {
      const part = Math.max(-0.05, Math.min(1.05, (value - low) / span)), x = step / Math.max(steps - 1, 1) * WIDTH;
      return `${x.toFixed(1)},${(PANEL * (channel + 0.95 - 0.9 * part)).toFixed(1)}`;
    };
    [input, output].forEach((values, number) => {
      if (!values) return;
      // A missing value is null, and interrupts the curve.
      let points = [];
      const draw = () => {
        if (points.length) curves.push(shape("polyline", { class: `c${number}`, points: points.join(" ") }));
        points = [];
      };
      of(values).forEach((value, step) => Number.isFinite(value) ? points.push(place(value, step)) : draw());
      draw();
    });
  }
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${PANEL * shown}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.replaceChildren(...curves);
}

/** Shows the samples. Returns a function that shows their reconstructions and errors. */
function makeSamples(place, samples) {
  const { form, shape: size, names, titles, inputs } = samples;
  if (form === "table") return makeRows(place, samples);
  const shown = Math.min(size[2], 4), isImage = form === "image";
  const pictures = titles.map((title, at) => {
    const error = make("span"), caption = make("figcaption", {}, title, make("br"), error);
    if (isImage) {
      const [input, output] = ["", "the reconstruction of "].map(what =>
        make("canvas", { role: "img", "aria-label": what + title, width: size[2], height: size[1] }));
      drawImage(input, inputs[at], size);
      return { error, output, figure: make("figure", {}, make("div", { class: "pair" }, input, output), caption) };
    }
    const output = shape("svg", { role: "img", "aria-label": `${title} and its reconstruction` });
    drawSeries(output, inputs[at], null, size, shown);
    return { error, output, figure: make("figure", {}, output, caption) };
  });
  const grid = make("div", { class: isImage ? "ten" : "ten wide-ones" }, ...pictures.map(picture => picture.figure));
  const which = shown < size[2] ? `the first ${shown} of ${size[2]} channels` : "the channels";
  const about = isImage ? "Left a sample, right its reconstruction."
    : `Solid a series, dashed its reconstruction; below each other ${which}: ${names.slice(0, shown).join(", ")}.`;
  place.replaceChildren(make("p", {}, about), grid);
  return ({ outputs, scores }) => pictures.forEach((picture, at) => {
    if (isImage) drawImage(picture.output, outputs[at], size);
    else drawSeries(picture.output, inputs[at], outputs[at], size, shown);
    picture.error.textContent = `error ${figure(scores[at])}`;
  });
}

/** Shows the rows of a table: each with its columns, what was found and what was reconstructed. */
function makeRows(place, { names, titles, inputs }) {
  const rows = titles.map((title, at) => {
    const told = names.map(() => make("td")), error = make("span");
    const cells = names.map((name, column) =>
      make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, inputs[at][column]), told[column]));
    const head = ["column", "value", "reconstruction"].map(text => make("th", { scope: "col" }, text));
    const table = make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...cells));
    const part = make("details", {}, make("summary", {}, title, error),
      make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Row" }, table));
    part.open = at === 0;
    return { told, error, part };
  });
  place.replaceChildren(...rows.map(row => row.part));
  return ({ outputs, scores }) => rows.forEach((row, at) => {
    row.told.forEach((cell, column) => { cell.textContent = outputs[at][column]; });
    row.error.textContent = `, error ${figure(scores[at])}`;
  });
}
