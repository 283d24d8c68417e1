"""The TensorFlow tutorial's ECG example in PyTorch: 140-32-16-8-16-32-140, absolute error, Adam, 20 epochs of 512, trained on
normal beats, threshold mean + 1 standard deviation. How much hangs on the split, and how much on the first weights?

    python tests/reference/ecg5000.py data/ecg5000
"""

import sys

import numpy as np
import torch
from torch import nn

SIZES = [140, 32, 16, 8, 16, 32, 140]


def accuracy(beats, split, seed):
    order = np.random.RandomState(split).permutation(len(beats))
    test, train = beats[order[:1000]], beats[order[1000:]]
    low, high = train[:, :-1].min(), train[:, :-1].max()
    scaled = [torch.tensor((part[:, :-1] - low) / (high - low), dtype=torch.float32) for part in (train, test)]
    normal = scaled[0][torch.tensor(train[:, -1] == 1)]

    torch.manual_seed(seed)
    layers = []
    for inputs, units in zip(SIZES, SIZES[1:]):
        layers += [nn.Linear(inputs, units), nn.ReLU()]
        nn.init.xavier_uniform_(layers[-2].weight)
        nn.init.zeros_(layers[-2].bias)
    model = nn.Sequential(*layers[:-1], nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), eps=1e-7)
    for _ in range(20):
        for batch in torch.randperm(len(normal)).split(512):
            optimizer.zero_grad()
            (model(normal[batch]) - normal[batch]).abs().mean().backward()
            optimizer.step()

    with torch.no_grad():
        scores = [(model(samples) - samples).abs().mean(1).numpy() for samples in (normal, scaled[1])]
    threshold = scores[0].mean() + scores[0].std()
    return ((scores[1] < threshold) == (test[:, -1] == 1)).mean()


folder = sys.argv[1]
beats = np.concatenate([np.loadtxt(f"{folder}/ECG5000_{part}.csv", delimiter=",") for part in ("TRAIN", "TEST")])
for split in [21, 0, 1, 2]:
    print(f"random_state {split}:", ", ".join(f"{accuracy(beats, split, seed):.3f}" for seed in range(3)))
