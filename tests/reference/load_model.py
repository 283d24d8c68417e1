"""Loads a handgrad model into a PyTorch nn.Sequential and compares the reconstructions.

    handgrad train --out RUN …
    python load_model.py RUN IMAGES.idx.gz          needs torch, numpy and safetensors; run it in the repository

The layers are dense, tied or not. With the files that `handgrad split RUN --encoder RUN/encoder.safetensors --decoder
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


def sequential(layers, width, dense):
    """The modules of some layers, and what the last one gives. `dense` collects what each dense layer takes."""
    modules = []
    for layer in layers:
        if layer["layer"] == "dense":
            units = layer["units"]
            dense.append(width)
        else:
            units = dense[layer["mirrors"]]  # tied-dense: back to what the dense layer that it mirrors takes
        modules.append(torch.nn.Linear(width, units))
        if layer["activation"] != "linear":
            modules.append(activations[layer["activation"]]())
        width = units
    return modules, width


def load(path):
    """A model file, whole or a part."""
    with safe_open(path, "pt") as file:
        header = tomllib.loads(file.metadata()["handgrad"])
    spec, dense = header["model"], []
    encoder, code = sequential(spec["encoder"], int(numpy.prod(spec["input"])), dense)
    decoder, _ = sequential(spec["decoder"], code, dense)
    part = {"encoder": encoder, "decoder": decoder}.get(header.get("part"), encoder + decoder)
    model = torch.nn.Sequential(*part)
    print(model, model.load_state_dict(load_file(path), strict=True), sep="\n")
    return model


model = load(path)
width = model[0].in_features

pixels = numpy.frombuffer(gzip.open(images).read()[16:], numpy.uint8)
x = pixels.reshape(-1, width)[:COUNT].astype("float32") / 255
x = torch.from_numpy(x)
with torch.no_grad():
    single, double = model(x).numpy(), model.double()(x.double()).numpy()


def handgrad(precision):
    command = ["cargo", "run", "-q", "--release", "-p", "handgrad-trainer", "--example", "predict", "--"]
    command += [path, images, str(COUNT), precision]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return numpy.array([[float(value) for value in line.split(",")] for line in lines])


def compare(name, a, b):
    difference = numpy.abs(a - b)
    print(f"{name:24} {a.size} values, largest difference {difference.max():.1e}, mean {difference.mean():.1e}")


compare("in f64", handgrad("f64"), double)
compare("in f32", handgrad("f32"), single)
compare("PyTorch's f32 and f64", single, double)

if os.path.exists(f"{run}/encoder.safetensors"):
    encoder, decoder = load(f"{run}/encoder.safetensors"), load(f"{run}/decoder.safetensors")
    with torch.no_grad():
        compare("parts and whole, in f32", decoder(encoder(x)).numpy(), single)
