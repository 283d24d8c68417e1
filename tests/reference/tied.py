"""Softmax cross-entropy and tied weights in PyTorch, f64: the fixture that tests/reference.rs compares with.

    pip install torch numpy
    python tied.py > ../fixtures/tied.json

`cross_entropy`: logits, targets that are distributions or one-hot, the loss averaged over the rows and its gradient.
`tied`, `softmax`: the losses of 20 Adam steps, the first gradient and the last θ of a tied 12-7-4-7-12 autoencoder with binary
cross-entropy, and of an untied 12-5-12 one with cross-entropy.
"""
import json
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
INPUTS, BATCH, STEPS = 12, 7, 20


def numbers(count, seed):
    """The generator of tests/lib.rs: the same numbers in both languages."""
    state, out = seed, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append((state >> 40) / 8388608.0 - 1.0)
    return torch.tensor(out)


def cross_entropy(rows, n, scale, one_hot):
    z = (numbers(rows * n, n) * scale).reshape(rows, n).requires_grad_()
    t = (numbers(rows * n, n + 1) + 1).reshape(rows, n)
    t = F.one_hot(t.argmax(1), n).double() if one_hot else t / t.sum(1, keepdim=True)
    loss = torch.nn.CrossEntropyLoss()(z, t)
    loss.backward()
    flat = lambda tensor: tensor.detach().flatten().tolist()
    return {"rows": rows, "z": flat(z), "t": flat(t), "loss": loss.item(), "gradient": flat(z.grad)}


def run(shapes, forward, loss):
    """Parameters of the given shapes, in the order of θ."""
    count = sum(torch.Size(shape).numel() for shape in shapes)
    parts = (numbers(count, 1) * 0.5).split([torch.Size(shape).numel() for shape in shapes])
    params = [torch.nn.Parameter(part.reshape(shape).clone()) for part, shape in zip(parts, shapes)]
    adam = torch.optim.Adam(params, lr=1e-2)
    losses, gradient = [], None
    for step in range(STEPS):
        # f32 samples that sum to 1, as a data set of floats holds them; each its own step, so that both sides round alike
        x = ((numbers(BATCH * INPUTS, 100 + step) + 1) / 2).float().reshape(BATCH, INPUTS)
        total = x[:, 0].clone()
        for place in range(1, INPUTS):
            total = total + x[:, place]
        x = (x / total[:, None]).double()
        adam.zero_grad()
        value = loss(forward(x, *params), x)
        value.backward()
        if gradient is None:
            gradient = torch.cat([p.grad.reshape(-1) for p in params]).tolist()
        adam.step()
        losses.append(value.item())
    theta = torch.cat([p.data.reshape(-1) for p in params]).tolist()
    return {"losses": losses, "first_gradient": gradient, "theta": theta}


def tied(x, b4, w1, b1, b3, w2, b2):
    h = torch.tanh(x @ w1 + b1)
    code = torch.tanh(h @ w2 + b2)
    return torch.tanh(code @ w2.T + b3) @ w1.T + b4


cases = [(1, 3, 1, True), (4, 3, 2, False), (5, 17, 8, True), (6, 40, 30, False), (3, 33, 400, False)]
print(json.dumps({
    "torch": torch.__version__,
    "cross_entropy": [cross_entropy(*case) for case in cases],
    "tied": run([(12,), (12, 7), (7,), (7,), (7, 4), (4,)], tied, torch.nn.BCEWithLogitsLoss()),
    "softmax": run(
        [(12, 5), (5,), (5, 12), (12,)],
        lambda x, w1, b1, w2, b2: torch.relu(x @ w1 + b1) @ w2 + b2,
        torch.nn.CrossEntropyLoss(),
    ),
}, indent=0))
