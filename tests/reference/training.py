#!/usr/bin/env python3
"""Schedules, clipping and decoupled weight decay of PyTorch in float64, for tests/reference.rs to compare with.

    pip install torch numpy
    python3 tests/reference/training.py > tests/fixtures/training.json

`schedules` has the learning rate of every epoch, each scheduler stepped once an epoch; the validation losses that the
plateau sees are part of it. `clipping` has gradients, and what clip_grad_norm_ makes of them. `steps` are 20 steps of the
12-5-12 autoencoder of autoencoder.py under AdamW and under SGD, whose weights but not biases decay; `clipped` scales the
gradient by min(1, c / norm) with the norm that clip_grad_norm_ returns (PyTorch's own factor has a 1e-6 in it).
"""
import json
import torch

torch.set_default_dtype(torch.float64)
INPUTS, CODE, BATCH, STEPS = 12, 5, 7, 20
RATE, DECAY, MAX_NORM = 1e-2, 0.3, 0.05


def numbers(count, seed):
    """The generator of tests/lib.rs: the same numbers in both languages."""
    state, out = seed, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append((state >> 40) / 8388608.0 - 1.0)
    return torch.tensor(out)


def rates(make, epochs, losses=None):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    schedule, found = make(optimizer), []
    for epoch in range(epochs):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step() if losses is None else schedule.step(losses[epoch])
    return found


def schedules():
    lr = torch.optim.lr_scheduler
    # Falls, stands still, falls by less than 1e-4 of itself, rises, falls again: every branch of the plateau.
    losses = [1.0, 0.8, 0.8, 0.79995, 0.9, 0.7, 0.71, 0.705, 0.72, 0.73, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.59, 0.6, 0.6]
    plateau = lambda patience, factor: rates(
        lambda o: lr.ReduceLROnPlateau(o, factor=factor, patience=patience), len(losses), losses
    )
    # Down to where a reduction is too small to be made.
    still = [1.0] * 30
    return {
        "step": [{"every": k, "factor": f, "rates": rates(lambda o: lr.StepLR(o, k, f), 12)} for k, f in [(1, 0.9), (3, 0.5), (5, 0.1)]],
        "cosine": [
            {"epochs": n, "floor": f, "rates": rates(lambda o: lr.CosineAnnealingLR(o, n, f), n)}
            for n, f in [(2, 0.0), (10, 0.0), (50, 0.01)]
        ],
        "plateau": [{"patience": p, "factor": f, "losses": losses, "rates": plateau(p, f)} for p, f in [(0, 0.5), (1, 0.1), (2, 0.3), (5, 0.5)]]
        + [{"patience": 0, "factor": 0.1, "losses": still, "rates": rates(lambda o: lr.ReduceLROnPlateau(o, factor=0.1, patience=0), 30, still)}],
    }


def clipping():
    cases = []
    for scale, max_norm in [(1e-3, 1.0), (1.0, 1.0), (50.0, 0.25)]:
        # Two parameters: the norm is that of both together.
        params = [torch.nn.Parameter(torch.zeros(40)), torch.nn.Parameter(torch.zeros(3, 7))]
        for seed, param in enumerate(params):
            param.grad = numbers(param.numel(), seed + 5).reshape(param.shape) * scale
        g = torch.cat([p.grad.flatten() for p in params]).tolist()
        norm = torch.nn.utils.clip_grad_norm_(params, max_norm).item()
        clipped = torch.cat([p.grad.flatten() for p in params]).tolist()
        cases.append({"max_norm": max_norm, "g": g, "norm": norm, "clipped": clipped})
    return cases


def steps(kind, clipped):
    model = torch.nn.Sequential(
        torch.nn.Linear(INPUTS, CODE), torch.nn.ReLU(), torch.nn.Linear(CODE, INPUTS), torch.nn.Sigmoid()
    )
    theta = numbers(INPUTS * CODE + CODE + CODE * INPUTS + INPUTS, 1) * 0.5
    with torch.no_grad():
        w1, b1, w2, b2 = theta.split([INPUTS * CODE, CODE, CODE * INPUTS, INPUTS])
        model[0].weight.copy_(w1.reshape(INPUTS, CODE).T)
        model[0].bias.copy_(b1)
        model[2].weight.copy_(w2.reshape(CODE, INPUTS).T)
        model[2].bias.copy_(b2)
    groups = [
        {"params": [model[0].weight, model[2].weight], "weight_decay": DECAY},
        {"params": [model[0].bias, model[2].bias], "weight_decay": 0.0},
    ]
    # SGD's own weight_decay goes into the gradient; decoupled it is a factor before the step.
    decoupled = kind == "sgd"
    if decoupled:
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    else:
        optimizer = torch.optim.AdamW(groups, lr=RATE)
    losses, norms = [], []
    for step in range(STEPS):
        x = ((numbers(BATCH * INPUTS, 100 + step) + 1) / 2).float().double().reshape(BATCH, INPUTS)
        optimizer.zero_grad()
        value = torch.nn.BCELoss()(model(x), x)
        value.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), float("inf")).item()
        if clipped:
            for p in model.parameters():
                p.grad.mul_(min(1.0, MAX_NORM / norm))
        if decoupled:
            with torch.no_grad():
                for weight in groups[0]["params"]:
                    weight.mul_(1 - RATE * DECAY)
        optimizer.step()
        losses.append(value.item())
        norms.append(norm)
    parts = [model[0].weight.T, model[0].bias, model[2].weight.T, model[2].bias]
    theta = torch.cat([part.detach().reshape(-1) for part in parts]).tolist()
    return {"losses": losses, "norms": norms, "theta": theta}


found = {f"{kind}{name}": steps(kind, clipped) for kind in ("adam", "sgd") for name, clipped in (("", False), (" clipped", True))}
found |= {"learning_rate": RATE, "weight_decay": DECAY, "max_norm": MAX_NORM}
print(json.dumps({"torch": torch.__version__, "schedules": schedules(), "clipping": clipping(), "steps": found}))
