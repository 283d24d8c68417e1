"""A classifier in numpy: the fixture that tests/classifier.rs compares with.

    pip install numpy
    python classifier.py > ../fixtures/classifier.json

A 6-5-4 tanh encoder and a softmax head of 3 classes, on 7 samples: the loss, and its gradient by complex steps, which
uses no derivation at all: ∂L/∂θ = Im L(θ + i·h)/h, exact to all digits for h = 1e-30. Then the losses of 10 steps of
gradient descent in which the encoder has a fifth of the learning rate.
"""
import json
import numpy as np

INPUTS, HIDDEN, CODE, CLASSES, BATCH, STEPS, RATE = 6, 5, 4, 3, 7, 10, 0.5


def numbers(count, seed):
    """The generator of tests/lib.rs: the same numbers in both languages."""
    state, out = seed, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append((state >> 40) / 8388608.0 - 1.0)
    return np.array(out)


SHAPES = [(INPUTS, HIDDEN), (HIDDEN,), (HIDDEN, CODE), (CODE,), (CODE, CLASSES), (CLASSES,)]
SIZES = [int(np.prod(shape)) for shape in SHAPES]
x = numbers(BATCH * INPUTS, 11).reshape(BATCH, INPUTS)
classes = np.arange(BATCH) * 2 % CLASSES


def loss(theta):
    parts = np.split(theta, np.cumsum(SIZES)[:-1])
    w1, b1, w2, b2, w3, b3 = [part.reshape(shape) for part, shape in zip(parts, SHAPES)]
    z = np.tanh(np.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3
    return np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(BATCH), classes])


def gradient(theta, step=1e-30):
    along = np.eye(len(theta)) * 1j * step
    return np.array([loss(theta + direction).imag / step for direction in along])


theta = numbers(sum(SIZES), 3) * 0.5
start = theta.copy()
rates = np.full(len(theta), RATE)
rates[: sum(SIZES[:4])] *= 0.2
losses = []
first = gradient(theta)
for _ in range(STEPS):
    losses.append(float(loss(theta).real))
    theta = theta - rates * gradient(theta)
print(json.dumps({"theta": start.tolist(), "gradient": first.tolist(), "losses": losses, "last": theta.tolist()}))
