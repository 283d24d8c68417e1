"""Loads a handgrad model into a PyTorch nn.Sequential and compares the reconstructions.

    handgrad train --out RUN …
    python load_model.py RUN IMAGES.idx.gz          needs torch, numpy, safetensors

The tensors go in by `load_state_dict(strict=True)` as they are. handgrad's own reconstructions come from
`handgrad reconstruct --json`, whose squared errors of the first samples are compared with PyTorch's.
"""
import gzip
import json
import subprocess
import sys

import numpy
import torch
from safetensors import safe_open
from safetensors.torch import load_file

run, images = sys.argv[1], sys.argv[2]
handgrad = sys.argv[3] if len(sys.argv) > 3 else "handgrad"
path = f"{run}/model.safetensors"
with safe_open(path, "pt") as file:
    header = file.metadata()["handgrad"]
print(header)

# The layers as the header lists them: encoder first.
import tomllib

model_spec = tomllib.loads(header)["model"]
modules, width = [], numpy.prod(model_spec["input"])
for layer in model_spec["encoder"] + model_spec["decoder"]:
    modules.append(torch.nn.Linear(int(width), layer["units"]))
    activation = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "linear": None}
    if activation[layer["activation"]]:
        modules.append(activation[layer["activation"]]())
    width = layer["units"]
model = torch.nn.Sequential(*modules)
print(model.load_state_dict(load_file(path), strict=True))

count = 100
data = gzip.open(images).read()
x = numpy.frombuffer(data[16:], numpy.uint8).reshape(-1, int(width))[:count].astype("float32") / 255
with torch.no_grad():
    theirs = model(torch.from_numpy(x)).numpy()
ours = json.loads(
    subprocess.run(
        [handgrad, "reconstruct", run, "--data", images, "--out", "/dev/null", "--count", str(count), "--json"],
        capture_output=True, text=True, check=True,
    ).stdout
)["mse_of_each"]
print("largest difference of the squared errors:", numpy.abs(((x - theirs) ** 2).mean(1) - ours).max())
