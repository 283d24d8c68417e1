"""Loads a handgrad model into a PyTorch nn.Sequential and compares the reconstructions.

    handgrad train --out RUN …
    python load_model.py RUN IMAGES.idx.gz          needs torch, numpy and safetensors; run it in the repository

The layers are dense, tied or not, or those of sequences: LSTM, GRU and Elman in one direction or both, the same dense layer at
every step, a reshape, a shift. Layers that PyTorch does not have, such as a GRU of another convention, are refused by
`load_state_dict`. With the files that `handgrad split RUN --encoder RUN/encoder.safetensors --decoder
RUN/decoder.safetensors` writes, PyTorch's encoder and decoder one after the other are compared with its whole model too.

The tensors go in by `load_state_dict(strict=True)` as they are. handgrad's reconstructions of the first 100 images come
from the example `predict`. In f64 the two agree to rounding; in f32 they differ by as much as either does from f64.
"""
import gzip
import os
import subprocess
import sys
import tomllib

import numpy
import torch
from safetensors import safe_open
from safetensors.torch import load_file

COUNT = 100
run, images = sys.argv[1:3]
path = f"{run}/model.safetensors"
activations = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh}
cells = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "elman": torch.nn.RNN}


class Dense(torch.nn.Linear):
    """Takes samples of any shape."""

    def forward(self, x):
        return super().forward(x.flatten(1))


class Reshape(torch.nn.Module):
    def __init__(self, shape):
        super().__init__()
        self.shape = shape

    def forward(self, x):
        return x.reshape(-1, *self.shape)


class Shift(torch.nn.Module):
    """0, x_1 ... x_{T-1}."""

    def forward(self, x):
        return torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1)


def recurrent(layer, inputs):
    """PyTorch's module, which repeats its input and gives its last state alone where the layer does."""
    cell, settings = layer["cell"], {}
    if isinstance(cell, dict):
        [(cell, settings)] = cell.items()
    options = {"batch_first": True, "bidirectional": layer["bidirectional"]}
    if cell == "elman":
        options["nonlinearity"] = settings["activation"]

    class Recurrent(cells[cell]):
        def forward(self, x):
            if "repeat" in layer:
                x = x[:, None].expand(-1, layer["repeat"], -1)
            y, last = super().forward(x)
            h = last[0] if cell == "lstm" else last  # directions x samples x units
            return y if layer["return_sequences"] else torch.cat(list(h), 1)

    return Recurrent(inputs, layer["units"], **options)


def sequential(layers, shape, dense):
    """The modules of some layers, and the shape of what the last one gives. `dense` collects what each dense layer takes."""
    modules = []
    for layer in layers:
        kind, width = layer["layer"], int(numpy.prod(shape))
        if kind == "recurrent":
            steps = [layer.get("repeat", shape[0])] if layer["return_sequences"] else []
            modules.append(recurrent(layer, shape[-1]))
            shape = [*steps, layer["units"] * (2 if layer["bidirectional"] else 1)]
        elif kind == "time-distributed":
            modules.append(torch.nn.Linear(shape[-1], layer["units"]))
            shape = [shape[0], layer["units"]]
        elif kind == "reshape":
            shape = layer["shape"]
            modules.append(Reshape(shape))
        elif kind == "shift":
            modules.append(Shift())
        else:
            if kind == "dense":
                units = layer["units"]
                dense.append(width)
            else:
                units = dense[layer["mirrors"]]  # tied-dense: back to what the dense layer that it mirrors takes
            modules.append(Dense(width, units))
            shape = [units]
        if layer.get("activation", "linear") != "linear":
            modules.append(activations[layer["activation"]]())
    return modules, shape


def load(path):
    """A model file, whole or a part, and the shape of its samples."""
    with safe_open(path, "pt") as file:
        header = tomllib.loads(file.metadata()["handgrad"])
    spec, dense = header["model"], []
    encoder, code = sequential(spec["encoder"], spec["input"], dense)
    decoder, _ = sequential(spec["decoder"], code, dense)
    part = {"encoder": encoder, "decoder": decoder}.get(header.get("part"), encoder + decoder)
    model = torch.nn.Sequential(*part)
    print(model, model.load_state_dict(load_file(path), strict=True), sep="\n")
    return model, spec["input"]


model, shape = load(path)

pixels = numpy.frombuffer(gzip.open(images).read()[16:], numpy.uint8)
x = pixels.reshape(-1, *shape)[:COUNT].astype("float32") / 255
x = torch.from_numpy(x)
with torch.no_grad():
    single, double = model(x).numpy(), model.double()(x.double()).numpy()


def handgrad(precision):
    command = ["cargo", "run", "-q", "--release", "-p", "handgrad-trainer", "--example", "predict", "--"]
    command += [path, images, str(COUNT), precision]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return numpy.array([[float(value) for value in line.split(",")] for line in lines])


def compare(name, a, b):
    difference = numpy.abs(a - b.reshape(a.shape))
    print(f"{name:24} {a.size} values, largest difference {difference.max():.1e}, mean {difference.mean():.1e}")


compare("in f64", handgrad("f64"), double)
compare("in f32", handgrad("f32"), single)
compare("PyTorch's f32 and f64", single, double)

if os.path.exists(f"{run}/encoder.safetensors"):
    (encoder, _), (decoder, _) = load(f"{run}/encoder.safetensors"), load(f"{run}/decoder.safetensors")
    with torch.no_grad():
        compare("parts and whole, in f32", decoder(encoder(x)).numpy(), single)
