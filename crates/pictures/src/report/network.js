"use strict";
// The network in the page. Each layer mirrors the file of the same name in crates/layers/src: the same formula, with
// the same names, for one sample. Sums are computed in 64 bits, results are kept in 32 bits as in the library.

/** The bytes of a base64 text. */
function bytesOf(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** 32-bit numbers, the lowest byte first. */
function floatsOf(base64) {
  const bytes = bytesOf(base64), view = new DataView(bytes.buffer), floats = new Float32Array(bytes.length / 4);
  for (let i = 0; i < floats.length; i++) floats[i] = view.getFloat32(4 * i, true);
  return floats;
}

/** 64-bit numbers, the lowest byte first. */
function doublesOf(base64) {
  const bytes = bytesOf(base64), view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}

/** The parameters: whole numbers q of 24 bits, the lowest byte first; w = scale · q / (2²³ − 1). */
function parametersOf(base64, params) {
  const bytes = bytesOf(base64), most = 2 ** 23 - 1;
  return params.map(({ start, len, scale }) => {
    const w = new Float32Array(len);
    for (let i = 0, at = 3 * start; i < len; i++, at += 3) {
      const q = (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16) << 8 >> 8;
      w[i] = scale * q / most;
    }
    return w;
  });
}

const PHI = {
  linear: z => z,
  relu: z => z < 0 ? 0 : z,
  sigmoid: z => 1 / (1 + Math.exp(-z)),
  tanh: Math.tanh,
};

/** z = b + x·w for one row: w has inputs × units values. */
function product(x, from, inputs, w, b, units) {
  const z = Float64Array.from(b);
  for (let i = 0; i < inputs; i++) {
    const xi = x[from + i];
    if (xi !== 0) for (let j = 0, at = i * units; j < units; j++) z[j] += xi * w[at + j];
  }
  return z;
}

const LAYERS = {
  /** dense.rs: y = φ(x·w + b). */
  dense(x, l, p) {
    return Float32Array.from(product(x, 0, l.inputs, p[l.w], p[l.b], l.units), PHI[l.activation]);
  },

  /** tied_dense.rs: y = φ(h·wᵀ + b), with the w of a layer of the encoder. */
  tied(h, l, p) {
    const w = p[l.w], b = p[l.b], y = new Float32Array(l.units), phi = PHI[l.activation];
    for (let i = 0; i < l.units; i++) {
      let z = b[i];
      for (let j = 0; j < l.inputs; j++) z += h[j] * w[i * l.inputs + j];
      y[i] = phi(z);
    }
    return y;
  },

  /** time_distributed.rs: a dense layer at every step. */
  each_step(x, l, p) {
    const y = new Float32Array(l.steps * l.units), phi = PHI[l.activation];
    for (let t = 0; t < l.steps; t++) {
      y.set(product(x, t * l.inputs, l.inputs, p[l.w], p[l.b], l.units).map(phi), t * l.units);
    }
    return y;
  },

  /** conv2d.rs: z(o,i,j) = b(o) + Σ w(o,c,u,v)·x̂(c, s·i + d·u, s·j + d·v). */
  conv2d(x, l, p) {
    const [channels, h, width] = l.x, [outputs, lines, columns] = l.y, k = l.kernel_size;
    const w = p[l.w], b = p[l.b], y = new Float32Array(outputs * lines * columns), phi = PHI[l.activation];
    for (let o = 0, at = 0; o < outputs; o++) for (let i = 0; i < lines; i++) for (let j = 0; j < columns; j++, at++) {
      let z = b[o];
      for (let c = 0; c < channels; c++) for (let u = 0; u < k; u++) {
        const line = l.stride * i + l.dilation * u - l.top;
        if (line < 0 || line >= h) continue;
        for (let v = 0; v < k; v++) {
          const column = l.stride * j + l.dilation * v - l.left;
          if (column < 0 || column >= width) continue;
          z += w[((o * channels + c) * k + u) * k + v] * x[(c * h + line) * width + column];
        }
      }
      y[at] = phi(z);
    }
    return y;
  },

  /** conv_transpose2d.rs: every value of the input adds a window of weights. l.x is the large image, l.y the input. */
  conv_transpose2d(x, l, p) {
    const [channels, h, width] = l.x, [inputs, lines, columns] = l.y, k = l.kernel_size, w = p[l.w], b = p[l.b];
    const z = new Float64Array(channels * h * width);
    for (let c = 0; c < channels; c++) z.fill(b[c], c * h * width, (c + 1) * h * width);
    for (let o = 0, at = 0; o < inputs; o++) for (let i = 0; i < lines; i++) for (let j = 0; j < columns; j++, at++) {
      if (x[at] === 0) continue;
      for (let c = 0; c < channels; c++) for (let u = 0; u < k; u++) {
        const line = l.stride * i + l.dilation * u - l.top;
        if (line < 0 || line >= h) continue;
        for (let v = 0; v < k; v++) {
          const column = l.stride * j + l.dilation * v - l.left;
          if (column < 0 || column >= width) continue;
          z[(c * h + line) * width + column] += x[at] * w[((o * channels + c) * k + u) * k + v];
        }
      }
    }
    return Float32Array.from(z, PHI[l.activation]);
  },

  /** max_pool2d.rs: the largest value of each square. */
  max_pool2d(x, l) {
    const [channels, h, width] = l.x, lines = Math.ceil(h / l.size), columns = Math.ceil(width / l.size);
    const y = new Float32Array(channels * lines * columns).fill(-Infinity);
    for (let c = 0; c < channels; c++) for (let i = 0; i < h; i++) for (let j = 0; j < width; j++) {
      const at = (c * lines + Math.floor(i / l.size)) * columns + Math.floor(j / l.size);
      y[at] = Math.max(y[at], x[(c * h + i) * width + j]);
    }
    return y;
  },

  /** upsample2d.rs: every value becomes a square. */
  upsample2d(x, l) {
    const [channels, h, width] = l.x, s = l.size, y = new Float32Array(x.length * s * s);
    for (let c = 0, at = 0; c < channels; c++) for (let i = 0; i < h * s; i++)
    for (let j = 0; j < width * s; j++, at++) {
      y[at] = x[(c * h + Math.floor(i / s)) * width + Math.floor(j / s)];
    }
    return y;
  },

  /** Layers that only act in training (dropout, noise, penalties), and reshape, change no value here. */
  same: x => x,

  /** reparameterize.rs: in use, the code is the mean μ, the first half. */
  mean: (x, l) => x.slice(0, l.units),

  /** mask.rs: a missing group becomes 0, and after the values of a step comes a flag for each group. */
  mask(x, l) {
    const width = l.widths.reduce((a, b) => a + b, 0), groups = l.widths.length;
    const y = new Float32Array(l.steps * (width + groups));
    for (let t = 0; t < l.steps; t++) {
      let start = t * width, to = t * (width + groups);
      const flags = to + width;
      l.widths.forEach((size, group) => {
        if (Number.isNaN(x[start])) y[flags + group] = 1; else y.set(x.slice(start, start + size), to);
        start += size, to += size;
      });
    }
    return y;
  },

  /** shift.rs: y₁ = 0, y_t = x_{t−1}. */
  shift(x, l) {
    const y = new Float32Array(x.length);
    y.set(x.slice(0, x.length - l.inputs), l.inputs);
    return y;
  },

  /** repeat_vector.rs. */
  repeat(x, l) {
    const y = new Float32Array(l.steps * x.length);
    for (let t = 0; t < l.steps; t++) y.set(x, t * x.length);
    return y;
  },

  /** recurrent.rs and bidirectional.rs: one direction, or two whose outputs are side by side. */
  recurrent(x, l, p) {
    const runs = l.directions.map((names, turned) => oneDirection(x, l, names.map(at => p[at]), turned === 1));
    if (!l.return_sequences) {
      return Float32Array.from(runs.flatMap((h, turned) => Array.from(h[turned ? 0 : l.steps - 1])));
    }
    const y = new Float32Array(l.steps * l.units * runs.length);
    for (let t = 0; t < l.steps; t++) runs.forEach((h, run) => y.set(h[t], (t * runs.length + run) * l.units));
    return y;
  },
};

/** The output h_t of every step, in the order of the steps. */
function oneDirection(x, l, [w_ih, w_hh, b_ih, b_hh], backwards) {
  const n = l.units, width = b_ih.length, outputs = [];
  let h = new Float64Array(n), c = new Float64Array(n);
  for (let step = 0; step < l.steps; step++) {
    const t = backwards ? l.steps - 1 - step : step;
    const a = product(x, l.repeat ? 0 : t * l.inputs, l.inputs, w_ih, b_ih, width);
    const q = product(h, 0, n, w_hh, b_hh, width);
    h = CELLS[l.cell](a, q, h, c, l, w_hh, b_hh);
    outputs[t] = Float32Array.from(h);
  }
  return outputs;
}

const CELLS = {
  /** elman.rs: h_t = φ(a + q). */
  elman: (a, q, h, c, l) => h.map((_, j) => PHI[l.activation](a[j] + q[j])),

  /** lstm.rs: gates i, f, g, o; c_t = f⊙c + i⊙g, h_t = o⊙tanh c_t. */
  lstm(a, q, h, c) {
    const n = h.length, z = a.map((value, j) => value + q[j]), { sigmoid } = PHI;
    return h.map((_, j) => {
      c[j] = sigmoid(z[n + j]) * c[j] + sigmoid(z[j]) * Math.tanh(z[2 * n + j]);
      return sigmoid(z[3 * n + j]) * Math.tanh(c[j]);
    });
  },

  /** gru.rs: gates r, z and the candidate n, with both meanings of z and both places of r. */
  gru(a, q, h, c, l, w_hh, b_hh) {
    const n = h.length, { sigmoid } = PHI, r = h.map((_, j) => sigmoid(a[j] + q[j]));
    return h.map((old, j) => {
      let v = r[j] * q[2 * n + j];
      if (!l.reset_after) {
        v = b_hh[2 * n + j];
        for (let i = 0; i < n; i++) v += r[i] * h[i] * w_hh[i * 3 * n + 2 * n + j];
      }
      const candidate = Math.tanh(a[2 * n + j] + v), z = sigmoid(a[n + j] + q[n + j]);
      const keep = l.keeps_old ? z : 1 - z;
      return (1 - keep) * candidate + keep * old;
    });
  },
};

/** A network with its parameters. */
class Network {
  constructor(about, base64) {
    this.about = about;
    this.params = parametersOf(base64, about.params);
  }

  run(layers, x) {
    return layers.reduce((x, layer) => LAYERS[layer.kind](x, layer, this.params), x);
  }

  encode(x) {
    return this.run(this.about.encoder, x);
  }

  /** The reconstruction: the output of the last layer, and what the loss applies to it. */
  decode(z) {
    const y = this.run(this.about.decoder, z);
    for (const { kind, start, len } of this.about.outputs) {
      if (kind === "sigmoid") for (let i = start; i < start + len; i++) y[i] = PHI.sigmoid(y[i]);
      if (kind === "softmax") {
        const own = y.slice(start, start + len), largest = Math.max(...own);
        const powers = own.map(z => Math.exp(z - largest)), sum = powers.reduce((a, b) => a + b, 0);
        y.set(powers.map(power => power / sum), start);
      }
    }
    return y;
  }
}
