#!/usr/bin/env python3
"""Forward passes and gradients of PyTorch in float64, for tests/reference.rs to compare with.

    pip install torch numpy
    python3 tests/reference/family.py > tests/fixtures/family.json

Each case has a layer's settings, its weights w and b, its input x, the upstream gradient dy, and what PyTorch makes of them:
the output y and the gradients dx, dw and db of the sum of dy * y. The variational one has a fixed eps and the loss of
examples/vae: summed cross-entropy and divergence, averaged over the batch.
"""
import json
import torch
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


def numbers(tensor):
    return tensor.detach().flatten().tolist()


def case(kind, settings, f, x, *params):
    leaves = [t.requires_grad_() for t in (x, *params)]
    y = f(*leaves)
    dy = torch.randn_like(y)
    (y * dy).sum().backward()
    found = {"kind": kind, **settings, "rows": x.shape[0], "input": list(x.shape[1:]), "output": list(y.shape[1:])}
    found |= {"x": numbers(x), "dy": numbers(dy), "y": numbers(y), "dx": numbers(x.grad)}
    for name, param in zip("wb", params):
        found |= {name: numbers(param), "d" + name: numbers(param.grad)}
    return found


def main():
    cases = []
    for c, o, h, w, k, s, p, d in [(1, 4, 7, 7, 3, 2, 1, 1), (3, 2, 6, 8, 3, 1, 1, 1), (2, 5, 9, 7, 3, 2, 2, 2), (2, 3, 6, 6, 4, 3, 0, 1)]:
        settings = {"filters": o, "kernel_size": k, "stride": s, "padding": p, "dilation": d}
        f = lambda x, w, b: torch.tanh(F.conv2d(x, w, b, stride=s, padding=p, dilation=d))
        cases.append(case("conv", settings, f, torch.randn(2, c, h, w), torch.randn(o, c, k, k) * 0.3, torch.randn(o)))
    for c, o, h, w, k, s, p, q in [(4, 1, 4, 4, 3, 2, 1, 1), (2, 3, 3, 5, 3, 2, 1, 0), (3, 2, 4, 3, 4, 3, 1, 2), (2, 2, 5, 5, 3, 1, 1, 0)]:
        settings = {"filters": o, "kernel_size": k, "stride": s, "padding": p, "output_padding": q}
        f = lambda x, w, b: torch.tanh(F.conv_transpose2d(x, w, b, stride=s, padding=p, output_padding=q))
        cases.append(case("conv_transpose", settings, f, torch.randn(2, c, h, w), torch.randn(c, o, k, k) * 0.3, torch.randn(o)))
    for c, h, w, size in [(2, 6, 6, 2), (1, 7, 5, 2), (3, 7, 7, 3)]:
        f = lambda x: F.max_pool2d(x, size, ceil_mode=True)
        cases.append(case("max_pool", {"size": size}, f, torch.randn(2, c, h, w)))
        f = lambda x: F.interpolate(x, scale_factor=size, mode="nearest")
        cases.append(case("upsample", {"size": size}, f, torch.randn(2, c, h, w)))

    x, eps = torch.rand(3, 12), torch.randn(3, 2)
    sizes = [(12, 7), (7, 4), (2, 7), (7, 12)]
    params = [t for i, o in sizes for t in (torch.randn(i, o) * 0.5, torch.randn(o) * 0.1)]
    for t in params:
        t.requires_grad_()
    w = iter(params)
    layer = lambda x: x @ next(w) + next(w)
    h = layer(torch.relu(layer(x)))
    mu, logvar = h[:, :2], h[:, 2:]
    z = mu + torch.exp(0.5 * logvar) * eps
    logits = layer(torch.relu(layer(z)))
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum") / 3
    divergence = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / 3
    (reconstruction + divergence).backward()
    vae = {"rows": 3, "input": 12, "hidden": 7, "latent_dim": 2, "x": numbers(x), "eps": numbers(eps)}
    vae |= {"theta": sum((numbers(t) for t in params), []), "gradient": sum((numbers(t.grad) for t in params), [])}
    vae |= {"reconstruction": reconstruction.item(), "divergence": divergence.item()}

    x, rate = torch.randn(4, 30).requires_grad_(), 0.4
    y = F.dropout(x, rate, training=True)
    dy = torch.randn_like(y)
    (y * dy).sum().backward()
    dropout = {"rate": rate, "x": numbers(x), "dy": numbers(dy), "y": numbers(y), "dx": numbers(x.grad)}
    dropout["kept"] = numbers((y != 0).double())
    # "Same" padding with a stride, as crates/models/src/file.rs says that PyTorch computes it. New cases come last, so that
    # the random numbers of the others stay as they are.
    for c, o, h, w, k, s, d in [(1, 3, 8, 6, 3, 2, 1), (2, 3, 7, 9, 3, 2, 1), (2, 2, 8, 10, 4, 3, 1), (1, 2, 9, 8, 3, 2, 2)]:
        settings = {"filters": o, "kernel_size": k, "stride": s, "dilation": d}
        reach = d * (k - 1) + 1
        zeros = [max((-(-side // s) - 1) * s + reach - side, 0) for side in (h, w)]
        (top, bottom), (left, right) = [(n // 2, n - n // 2) for n in zeros]
        pad = lambda x: F.pad(x, (left, right, top, bottom))
        f = lambda x, w, b: torch.tanh(F.conv2d(pad(x), w, b, stride=s, dilation=d))
        cases.append(case("conv_same", settings, f, torch.randn(2, c, h, w), torch.randn(o, c, k, k) * 0.3, torch.randn(o)))
    for c, o, h, w, k, s, d in [(2, 3, 4, 3, 3, 2, 1), (1, 2, 3, 5, 4, 2, 1), (2, 2, 3, 4, 4, 1, 1), (2, 1, 4, 3, 3, 2, 2)]:
        settings = {"filters": o, "kernel_size": k, "stride": s, "dilation": d}
        top = left = max(d * (k - 1) + 1 - s, 0) // 2
        crop = lambda y, h=h, w=w: y[..., top : top + s * h, left : left + s * w]
        f = lambda x, w, b: torch.tanh(crop(F.conv_transpose2d(x, w, b, stride=s, dilation=d)))
        cases.append(case("conv_transpose_same", settings, f, torch.randn(2, c, h, w), torch.randn(c, o, k, k) * 0.3, torch.randn(o)))
    print(json.dumps({"torch": torch.__version__, "cases": cases, "vae": vae, "dropout": dropout}))


main()
