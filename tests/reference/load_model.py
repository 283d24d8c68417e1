"""Loads a handgrad model into a PyTorch nn.Sequential and compares the reconstructions.

    handgrad train --out RUN …
    python load_model.py RUN IMAGES.idx.gz          needs torch, numpy and safetensors; run it in the repository

The layers are dense, tied or not, or those of sequences: LSTM, GRU and Elman in one direction or both, the same dense layer at
every step, a reshape, a shift; or convolutions and transposed convolutions. Layers that PyTorch does not have, such as a GRU
of another convention, are refused by `load_state_dict`. Convolutions that it pads otherwise are refused too, unless their
tensors are named as its own, which `as_in_pytorch` does for the modules below. With the files that `handgrad split RUN --encoder RUN/encoder.safetensors --decoder
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


class SameConv2d(torch.nn.Conv2d):
    """Zeros as in Keras: where their number is odd, the additional one is below or to the right."""

    def forward(self, x):
        (s, _), (d, _), (k, _) = self.stride, self.dilation, self.kernel_size
        zeros = [max((-(-side // s) - 1) * s + d * (k - 1) + 1 - side, 0) for side in x.shape[-2:]]
        (top, bottom), (left, right) = [(n // 2, n - n // 2) for n in zeros]
        return super().forward(torch.nn.functional.pad(x, (left, right, top, bottom)))


class SameConvTranspose2d(torch.nn.ConvTranspose2d):
    """s times as large: of the larger output, an odd line is removed below or to the right."""

    def forward(self, x):
        (s, _), (d, _), (k, _) = self.stride, self.dilation, self.kernel_size
        start = max(d * (k - 1) + 1 - s, 0) // 2
        h, w = x.shape[-2:]
        return super().forward(x)[..., start : start + s * h, start : start + s * w]


def convolution(layer, inputs):
    """The module of a convolution with the padding "same", or of the transpose of one."""
    module = SameConv2d if layer["layer"] == "conv2d" else SameConvTranspose2d
    assert layer["padding"] == "same", "this script has no module for other paddings"
    return module(inputs, layer["filters"], layer["kernel_size"], layer["stride"], dilation=layer["dilation"])


def as_in_pytorch(tensors, model):
    """The tensors of these convolutions, which handgrad names 0.w and 0.b, with the names weight and bias."""
    same = {str(at) for at, module in enumerate(model) if isinstance(module, (SameConv2d, SameConvTranspose2d))}
    names = {"w": "weight", "b": "bias"}
    split = ((*name.split("."), tensor) for name, tensor in tensors.items())
    return {f"{at}.{names.get(name, name) if at in same else name}": tensor for at, name, tensor in split}


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
        elif kind in ("conv2d", "conv-transpose2d"):
            c, h, w = shape if len(shape) == 3 else [1, *shape]
            modules.append(convolution(layer, c))
            s = layer["stride"]
            sides = [-(-h // s), -(-w // s)] if kind == "conv2d" else [h * s, w * s]
            shape = [layer["filters"], *sides]
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
    print(model, model.load_state_dict(as_in_pytorch(load_file(path), model), strict=True), sep="\n")
    # PyTorch's convolutions need the channels, of which there may be one.
    images = isinstance(model[0], torch.nn.Conv2d) and len(spec["input"]) == 2
    return model, [1, *spec["input"]] if images else spec["input"]


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
