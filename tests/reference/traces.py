#!/usr/bin/env python3
"""The worked examples of `handgrad trace` for single layers in PyTorch, float64, for tests/trace_second.rs to compare with.

    pip install torch numpy
    python3 tests/reference/traces.py > tests/fixtures/traces.json

Each case has the arguments of `handgrad trace`, which set every given number, and the values by their symbols. Gradients come
from autograd. PyTorch has no ConvLSTM and no tied layer: there the forward pass is written with its convolution and products.
"""
import json
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def sub(*digits):
    return "".join(chr(0x2080 + digit) for digit in digits)


class Case:
    """Draws the given numbers, and collects values by their symbols."""

    def __init__(self, name, seed):
        self.name, self.state, self.args, self.values, self.given = name, seed, [name], {}, {}

    def number(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return round((self.state >> 40) / 8388608.0 - 1.0, 3)

    def draw(self, name, *shape, low=-1.0, high=1.0):
        count = torch.Size(shape).numel()
        values = [round(low + (self.number() + 1) / 2 * (high - low), 3) for _ in range(count)]
        return self.set(name, torch.tensor(values).reshape(shape))

    def set(self, name, tensor):
        tensor = tensor.clone().requires_grad_()
        self.args += ["--set", f"{name}=" + ",".join(repr(value) for value in tensor.detach().flatten().tolist())]
        self.given[name] = tensor
        return tensor

    def put(self, symbol, tensor):
        flat = torch.as_tensor(tensor).detach().flatten().tolist()
        self.values[symbol] = flat[0] if len(flat) == 1 else flat

    def each(self, stem, tensor):
        """One line for each value of a list or a matrix."""
        for place, value in enumerate(tensor.detach().flatten().tolist()):
            if tensor.dim() == 1:
                self.values[stem + sub(place + 1)] = value
            else:
                self.values[stem + sub(place // tensor.shape[-1] + 1, place % tensor.shape[-1] + 1)] = value

    def gradients(self, *names):
        for name in names:
            self.each("d" + name, self.given[name].grad) if self.given[name].numel() > 1 else self.put("d" + name, self.given[name].grad)

    def object(self):
        return {"args": self.args, "values": self.values}


def two_units(kind, seed):
    case = Case(f"two-units-{kind}", seed)
    gates = {"lstm": "ifgo", "gru": "rzn"}[kind]
    x = case.draw("x", 3)
    w_i = {gate: case.draw(f"w_i{gate}", 2) for gate in gates}
    w_h = {gate: case.draw(f"w_h{gate}", 2, 2) for gate in gates}
    b = {gate: case.draw(f"b_{gate}", 2) for gate in gates}
    w_hy, b_y = case.draw("w_hy", 2), case.draw("b_y", 1)
    # The slide's z is the weight of the candidate, PyTorch's that of the old state: the sign of z's argument changes.
    sign = {gate: -1.0 if gate == "z" else 1.0 for gate in gates}
    weights = {
        "weight_ih": torch.cat([sign[gate] * w_i[gate] for gate in gates])[:, None],
        "weight_hh": torch.cat([sign[gate] * w_h[gate].T for gate in gates]),
        "bias_ih": torch.cat([sign[gate] * b[gate] for gate in gates]),
        "bias_hh": torch.zeros(2 * len(gates)),
    }
    cell = torch.nn.LSTMCell(1, 2) if kind == "lstm" else torch.nn.GRUCell(1, 2)
    h, c, loss, states = torch.zeros(1, 2), torch.zeros(1, 2), 0.0, []
    for t in range(2):
        state = (h, c) if kind == "lstm" else h
        state = torch.func.functional_call(cell, weights, (x[t : t + 1][None], state))
        h, c = state if kind == "lstm" else (state, c)
        h.retain_grad()
        if kind == "lstm":
            c.retain_grad()
        y = (h[0] * w_hy).sum() + b_y
        loss = loss + ((y - x[t + 1]) ** 2).sum()
        states.append((h, c, y))
    loss.backward()
    for t, (h, c, y) in enumerate(states, 1):
        case.put("y" + sub(t), y)
        for j in range(2):
            case.put("h" + sub(t, j + 1), h[0, j])
            case.put("dh" + sub(t, j + 1), h.grad[0, j])
            if kind == "lstm":
                case.put("c" + sub(t, j + 1), c[0, j])
                case.put("dc" + sub(t, j + 1), c.grad[0, j])
    case.put("L", loss)
    case.gradients(*[f"{name}{gate}" for gate in gates for name in ("w_i", "w_h", "b_")], "w_hy", "b_y")
    return case.object()


def bidirectional(seed):
    case = Case("bidirectional", seed)
    x, dy = case.draw("x", 3), case.draw("dy", 3, 2)
    names = ["w_xf", "w_ff", "b_f", "w_xr", "w_rr", "b_r"]
    given = {name: case.draw(name, 1) for name in names}
    weights = {}
    for end, of_x, of_h, bias in [("", "w_xf", "w_ff", "b_f"), ("_reverse", "w_xr", "w_rr", "b_r")]:
        weights |= {f"weight_ih_l0{end}": given[of_x][None], f"weight_hh_l0{end}": given[of_h][None]}
        weights |= {f"bias_ih_l0{end}": given[bias], f"bias_hh_l0{end}": torch.zeros(1)}
    y, _ = torch.func.functional_call(torch.nn.RNN(1, 1, bidirectional=True), weights, x[:, None])
    (y * dy.detach()).sum().backward()
    case.put("y", y)
    case.each("f", y[:, 0])
    case.each("r", y[:, 1])
    case.gradients("x", *names)
    return case.object()


def conv_lstm(seed):
    case = Case("convlstm", seed)
    x, dy = case.draw("x", 2, 3), case.draw("dy", 2, 3)
    of_x = {gate: case.draw(f"w_i{gate}", 3) for gate in "ifgo"}
    of_h = {gate: case.draw(f"w_h{gate}", 3) for gate in "ifgo"}
    b = {gate: case.draw(f"b_{gate}", 1) for gate in "ifgo"}
    h, c, states = torch.zeros(3), torch.zeros(3), []
    for t in range(2):
        window = lambda w, picture: F.conv1d(picture[None, None], w[None, None], padding=1)[0, 0]
        z = {gate: window(of_x[gate], x[t]) + window(of_h[gate], h) + b[gate] for gate in "ifgo"}
        i, f, o = (torch.sigmoid(z[gate]) for gate in "ifo")
        c = f * c + i * torch.tanh(z["g"])
        h = o * torch.tanh(c)
        h.retain_grad()
        c.retain_grad()
        states.append((i, f, o, c, h))
    (torch.stack([state[4] for state in states]) * dy.detach()).sum().backward()
    for t, (i, f, o, c, h) in enumerate(states, 1):
        for p in range(3):
            for name, tensor in [("i", i), ("f", f), ("o", o), ("c", c), ("h", h), ("dc", c.grad), ("dh", h.grad)]:
                case.put(name + sub(t, p + 1), tensor[p])
    case.put("y", torch.stack([state[4] for state in states]))
    case.gradients(*[f"{name}{gate}" for gate in "ifgo" for name in ("w_i", "w_h", "b_")], "x")
    return case.object()


def tied(seed):
    case = Case("tied", seed)
    x, w, b_e, b_d = case.draw("x", 3), case.draw("w", 3, 2), case.draw("b_e", 2), case.draw("b_d", 3)
    target = x.detach()
    h = torch.tanh(F.linear(target, w.T, b_e))
    back = F.linear(h, w, b_d)
    h.retain_grad()
    loss = F.mse_loss(back, target)
    loss.backward()
    case.each("h", h)
    case.each("x̂", back)
    case.put("L", loss)
    case.each("dh", h.grad)
    case.each("dw", w.grad)
    case.put("db_e", b_e.grad)
    case.put("db_d", b_d.grad)
    return case.object()


def softmax(seed):
    case = Case("softmax", seed)
    z = case.draw("z", 3, low=-3.0, high=3.0)
    t, q = case.set("t", torch.eye(3)[seed % 3]), case.set("q", torch.tensor([[0.25, 0.5, 0.25], [0.125, 0.125, 0.75]][seed % 2]))
    loss = F.cross_entropy(z[None], t.detach()[None])
    loss.backward()
    case.each("p", torch.softmax(z, 0))
    case.put("L", loss)
    case.each("dz", z.grad)
    case.put("J", torch.autograd.functional.jacobian(lambda z: torch.softmax(z, 0), z.detach()))
    z.grad = None
    other = F.cross_entropy(z[None], q.detach()[None])
    other.backward()
    case.put("L_q", other)
    for place in range(3):
        case.put(f"dz{sub(place + 1)} for q", z.grad[place])
    case.put("KL", F.kl_div(torch.log_softmax(z, 0), q.detach(), reduction="sum"))
    return case.object()


def conv_transpose(seed):
    case = Case("conv-transpose", seed)
    x, w, b, dy = case.draw("x", 2, 2), case.draw("w", 3, 3), case.draw("b", 1), case.draw("dy", 4, 4)
    y = F.conv_transpose2d(x[None, None], w[None, None], b, stride=2)[0, 0, :-1, :-1]
    (y * dy.detach()).sum().backward()
    case.each("y", y)
    case.gradients("w", "b", "x")
    return case.object()


def dilation(seed):
    case = Case("dilation", seed)
    x, w, b, dy = case.draw("x", 4, 4), case.draw("w", 2, 2), case.draw("b", 1), case.draw("dy", 2, 2)
    y = F.conv2d(x[None, None], w[None, None], b, dilation=2)[0, 0]
    (y * dy.detach()).sum().backward()
    case.each("y", y)
    case.gradients("w", "b", "x")
    return case.object()


def pool(seed):
    case = Case("pool", seed)
    x, dy = case.draw("x", 4, 4), case.draw("dy", 2, 2)
    a, dz = case.draw("a", 2, 2), case.draw("dz", 4, 4)
    y = F.max_pool2d(x[None], 2)[0]
    (y * dy.detach()).sum().backward()
    z = F.interpolate(a[None, None], scale_factor=2, mode="nearest")[0, 0]
    (z * dz.detach()).sum().backward()
    case.each("y", y)
    case.gradients("x", "a")
    case.put("z", z)
    return case.object()


# Which values handgrad keeps in the first sample of the first epoch with seed 0, at a rate of 0.5.
MASK = torch.tensor([1.0, 1.0, 0.0, 0.0])


def dropout(seed):
    case = Case("dropout", seed)
    h, w, b, t = case.draw("h", 4), case.draw("w", 4), case.draw("b", 1), case.draw("t", 1)
    case.set("rate", torch.tensor([0.5]))
    y = h * MASK / 0.5
    y.retain_grad()
    z = F.linear(y, w[None], b)
    z.retain_grad()
    loss = F.mse_loss(z, t.detach(), reduction="sum")
    loss.backward()
    case.each("y", y)
    case.put("z", z)
    case.put("L", loss)
    case.put("dz", z.grad)
    case.each("dy", y.grad)
    case.gradients("h", "w", "b")
    case.put("z in use", F.linear(h, w[None], b))
    return case.object()


def init(fan_in, fan_out):
    case = Case("init", fan_in)
    case.set("fan_in", torch.tensor([float(fan_in)]))
    case.set("fan_out", torch.tensor([float(fan_out)]))
    x = case.draw("x", 3)
    fans = torch.nn.init._calculate_fan_in_and_fan_out(torch.empty(fan_out, fan_in))
    xavier = torch.nn.init.calculate_gain("linear") * (2.0 / sum(fans)) ** 0.5
    he = torch.nn.init.calculate_gain("relu") / fans[0] ** 0.5
    for name, std in [("X", xavier), ("H", he)]:
        case.put(f"std_{name}", std)
        case.put(f"Var_{name}", std**2)
        case.put(f"a_{name}", 3**0.5 * std)
        case.put(f"Var z, {name}", (x**2).sum() * std**2)
    return case.object()


def small_vae(seed):
    case = Case("small-vae", seed)
    x = case.draw("x", 3, low=0.0, high=1.0)
    w_e, b_e, w_c, b_c = case.draw("w_e", 3, 2), case.draw("b_e", 2), case.draw("w_c", 2, 2), case.draw("b_c", 2)
    w_d, b_d, eps = case.draw("w_d", 3), case.draw("b_d", 3), case.draw("eps", 1)
    beta = case.draw("beta", 1, low=0.1, high=2.0)
    target = x.detach()
    h = torch.tanh(F.linear(target, w_e.T, b_e))
    code = F.linear(h, w_c.T, b_c)
    mu, logvar = code[0], code[1]
    std = torch.exp(logvar / 2)
    z = mu + std * eps.detach()
    back = torch.sigmoid(z * w_d + b_d)
    for tensor in (h, code, z):
        tensor.retain_grad()
    reconstruction = F.binary_cross_entropy(back, target, reduction="sum")
    normal = torch.distributions.Normal
    kl = torch.distributions.kl_divergence(normal(mu, std), normal(torch.tensor(0.0), torch.tensor(1.0)))
    loss = reconstruction + beta.detach() * kl
    loss.backward()
    case.each("h", h)
    for name, tensor in [("mu", mu), ("logvar", logvar), ("std", std), ("z", z), ("R", reconstruction), ("KL", kl), ("L", loss)]:
        case.put(name, tensor)
    case.each("x̂", back)
    case.put("dz", z.grad)
    case.put("dmu", code.grad[0])
    case.put("dlogvar", code.grad[1])
    case.each("dh", h.grad)
    case.gradients("w_e", "w_c", "w_d")
    for name, tensor in [("db_e", b_e), ("db_c", b_c), ("db_d", b_d)]:
        case.put(name, tensor.grad)
    return case.object()


cases = [two_units(kind, seed) for kind in ("lstm", "gru") for seed in (1, 2)]
for build in (bidirectional, conv_lstm, tied, softmax, conv_transpose, dilation, pool, dropout):
    cases += [build(seed) for seed in (1, 2)]
cases += [init(3, 2), init(5, 7)] + [small_vae(seed) for seed in (1, 2)]
print(json.dumps({"torch": torch.__version__, "cases": cases}))
