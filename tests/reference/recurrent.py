#!/usr/bin/env python3
"""Outputs and gradients of PyTorch's recurrent layers in float64, for tests/reference.rs to compare with.

    pip install torch numpy
    python3 tests/reference/recurrent.py > tests/fixtures/recurrent.json

Each case is a layer on sequences of 28 steps: its weights, its input x and the upstream gradient dy are numbers(count, seed) of
tests/lib.rs, so they need not be stored. Stored are the output y and the gradients dx and dtheta of the sum of dy * y, in
this repository's orientation: w_ih (inputs x gates), w_hh, b_ih, b_hh, and once more for the other direction.
"""
import json
import torch

torch.set_default_dtype(torch.float64)
STEPS = 28


def numbers(count, seed):
    found, state = [], seed
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        found.append((state >> 40) / 8388608.0 - 1.0)
    return torch.tensor(found)


def rounded(tensor):
    return [float(f"{value:.13g}") for value in tensor.detach().flatten().tolist()]


def case(kind, rows, inputs, units):
    modules = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "bidirectional_lstm": torch.nn.LSTM}
    module = modules[kind](inputs, units, batch_first=True, bidirectional=kind.startswith("bi"))
    params = list(module.parameters())
    theta, start = numbers(sum(p.numel() for p in params), 1) * 0.5, 0
    with torch.no_grad():
        for p in params:
            values = theta[start : start + p.numel()]
            p.copy_(values.view(p.shape[::-1]).T if p.dim() == 2 else values)
            start += p.numel()
    x = numbers(rows * STEPS * inputs, 2).view(rows, STEPS, inputs).requires_grad_()
    y, _ = module(x)
    (y * numbers(y.numel(), 3).view(y.shape)).sum().backward()
    dtheta = torch.cat([(p.grad.T if p.dim() == 2 else p.grad).flatten() for p in params])
    found = {"kind": kind, "rows": rows, "inputs": inputs, "units": units}
    return found | {"y": rounded(y), "dx": rounded(x.grad), "dtheta": rounded(dtheta)}


kinds = ["elman", "lstm", "gru", "bidirectional_lstm"]
cases = [case(kind, *shape) for kind in kinds for shape in [(2, 3, 4), (1, 5, 2), (3, 1, 3)]]
print(json.dumps({"torch": torch.__version__, "cases": cases}))
