"""20 Adam steps of a 12-5-12 autoencoder in PyTorch, f64: the fixture that tests/reference.rs compares with.

Run it anywhere with `pip install torch numpy`:  python autoencoder.py > ../fixtures/autoencoder.json
"""
import json
import torch

torch.set_default_dtype(torch.float64)
INPUTS, CODE, BATCH, STEPS = 12, 5, 7, 20


def numbers(count, seed):
    """The generator of tests/lib.rs: the same numbers in both languages."""
    state, out = seed, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append((state >> 40) / 8388608.0 - 1.0)
    return torch.tensor(out)


def run(loss_name):
    model = torch.nn.Sequential(
        torch.nn.Linear(INPUTS, CODE), torch.nn.ReLU(), torch.nn.Linear(CODE, INPUTS), torch.nn.Sigmoid()
    )
    # θ in handgrad's order: w1 (inputs × units), b1, w2, b2
    theta = numbers(INPUTS * CODE + CODE + CODE * INPUTS + INPUTS, 1) * 0.5
    with torch.no_grad():
        w1, b1, w2, b2 = theta.split([INPUTS * CODE, CODE, CODE * INPUTS, INPUTS])
        model[0].weight.copy_(w1.reshape(INPUTS, CODE).T)
        model[0].bias.copy_(b1)
        model[2].weight.copy_(w2.reshape(CODE, INPUTS).T)
        model[2].bias.copy_(b2)
    loss = {"mse": torch.nn.MSELoss(), "bce": torch.nn.BCELoss()}[loss_name]
    adam = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses, gradient = [], None
    for step in range(STEPS):
        # f32 samples in 0..1, as a data set of floats holds them
        x = ((numbers(BATCH * INPUTS, 100 + step) + 1) / 2).float().double().reshape(BATCH, INPUTS)
        adam.zero_grad()
        value = loss(model(x), x)
        value.backward()
        if gradient is None:
            gradient = flat(model, lambda parameter: parameter.grad)
        adam.step()
        losses.append(value.item())
    return {"losses": losses, "first_gradient": gradient, "theta": flat(model, lambda parameter: parameter.data)}


def flat(model, of):
    parts = [of(model[0].weight).T, of(model[0].bias), of(model[2].weight).T, of(model[2].bias)]
    return torch.cat([part.reshape(-1) for part in parts]).tolist()


print(json.dumps({"torch": torch.__version__, "mse": run("mse"), "bce": run("bce")}, indent=0))
