#!/usr/bin/env python3
"""k-NN, logistic regression and label spreading by scikit-learn and numpy, for tests/probe.rs to compare with.

    pip install numpy scikit-learn
    python3 tests/reference/probe.py > tests/fixtures/probe.json

The rows are made on both sides by the same generator, `numbers` of tests/lib.rs, so the fixture holds results only.

scikit-learn's LabelSpreading(kernel="knn") uses a graph that is not symmetric, so it gets the symmetric graph as a
function; F is also computed from its definition, (1 − α)·(I − α·S)⁻¹·Y.
"""
import json
import sys

import numpy
import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier, kneighbors_graph
from sklearn.semi_supervised import LabelSpreading

FIT, ROWS, VALUES, CLASSES, K, ALPHA = 150, 60, 7, 3, 5, 0.99


def numbers(count, seed):
    found = []
    for _ in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        found.append((seed >> 40) / 8388608 - 1)
    return numpy.array(found)


def rows(count, seed):
    """Rows of three classes that overlap."""
    classes = numpy.arange(count) % CLASSES
    shift = 0.6 * (numpy.arange(VALUES)[None, :] % CLASSES == classes[:, None])
    return (numbers(count * VALUES, seed).reshape(count, VALUES) + shift).astype(numpy.float32).astype(float), classes


def spreading(x, labelled):
    near = kneighbors_graph(x, K, mode="connectivity", include_self=False).toarray()
    graph = numpy.maximum(near, near.T)
    degree = graph.sum(1)
    s = graph / numpy.sqrt(degree[:, None] * degree[None, :])
    y = numpy.zeros((len(x), CLASSES))
    for row, label in labelled:
        y[row, label] = 1
    f = (1 - ALPHA) * numpy.linalg.solve(numpy.eye(len(x)) - ALPHA * s, y)
    return f / f.sum(1, keepdims=True), graph


fit, fit_classes = rows(FIT, 1)
test, _ = rows(ROWS, 2)
knn = KNeighborsClassifier(K).fit(fit, fit_classes)
logistic = LogisticRegression(C=1.0, tol=1e-10, max_iter=100000).fit(fit, fit_classes)
chosen = logistic.predict_proba(fit)[numpy.arange(FIT), fit_classes]
loss = (-numpy.log(chosen)).sum() + (logistic.coef_**2).sum() / 2
labelled = [(row, int(fit_classes[row])) for row in range(0, 30)]
f, graph = spreading(fit, labelled)
given = numpy.full(FIT, -1)
given[:30] = fit_classes[:30]
scikit = LabelSpreading(kernel=lambda a, b: graph, alpha=ALPHA, max_iter=20000, tol=1e-12).fit(fit, given)
assert abs(scikit.label_distributions_ - f).max() < 1e-6, abs(scikit.label_distributions_ - f).max()

json.dump(
    {
        "made_with": f"numpy {numpy.__version__}, scikit-learn {sklearn.__version__}",
        "knn": knn.predict(test).tolist(),
        "w": logistic.coef_.T.tolist(),
        "b": (logistic.intercept_ - logistic.intercept_.mean()).tolist(),
        "loss": loss,
        "probabilities": logistic.predict_proba(test).tolist(),
        "spreading": scikit.label_distributions_.tolist(),
        "spreading_exact": f.tolist(),
    },
    sys.stdout,
    indent=None,
)
print()
