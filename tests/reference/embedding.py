#!/usr/bin/env python3
"""Affinities and maps by openTSNE, trustworthiness by scikit-learn, for tests/embedding.rs to compare with.

    pip install numpy scikit-learn openTSNE
    python3 tests/reference/embedding.py > tests/fixtures/embedding.json

The points are made on both sides by the same generator, `numbers` of tests/lib.rs.

Written and run with Python 3.11, numpy 2.4.6, scikit-learn 1.9.1 and openTSNE 1.0.4.
"""
import json

import numpy
from openTSNE import TSNEEmbedding, initialization
from openTSNE.affinity import PerplexityBasedNN
from sklearn.manifold import trustworthiness

PERPLEXITY = 30


def numbers(count, seed):
    found = []
    for _ in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        found.append((seed >> 40) / 8388608 - 1)
    return numpy.array(found)


def groups(n, d, count):
    """Points around the centres of some groups; point i belongs to group i % count."""
    centres, own = numbers(count * d, 1).reshape(count, d), numbers(n * d, 2).reshape(n, d)
    return (2 * centres[numpy.arange(n) % count] + own).astype(numpy.float32).astype(float)


def divergence(p, y):
    """KL(P‖Q) by its definition. P may be sparse: other pairs add nothing."""
    squared = ((y[:, None] - y[None]) ** 2).sum(2)
    w = 1 / (1 + squared)
    numpy.fill_diagonal(w, 0)
    q = w / w.sum()
    there = p > 0
    return float((p[there] * numpy.log(p[there] / q[there])).sum())


def best_map(points, affinities):
    p = affinities.P.toarray()
    found = []
    for seed in range(3):
        start = initialization.pca(points, random_state=seed)
        options = {"negative_gradient_method": "bh", "theta": 0.2, "n_jobs": 1}
        embedding = TSNEEmbedding(start, affinities, **options)
        embedding = embedding.optimize(250, exaggeration=12, momentum=0.5).optimize(750, momentum=0.8)
        found.append(divergence(p, numpy.asarray(embedding)))
    return min(found)


if __name__ == "__main__":
    points = groups(600, 10, 7)
    affinities = PerplexityBasedNN(points, PERPLEXITY, method="exact", k_neighbors=3 * PERPLEXITY, n_jobs=1)
    fixture = {
        "perplexity": PERPLEXITY,
        # Some rows are enough to compare.
        "affinities": affinities.P.toarray()[:3].tolist(),
        "divergence": best_map(points, affinities),
        "trust": [],
    }
    for k in (1, 12, 100):
        columns = points[:, :2]
        fixture["trust"].append({
            "k": k,
            "trustworthiness": trustworthiness(points, columns, n_neighbors=k),
            "continuity": trustworthiness(columns, points, n_neighbors=k),
        })
    # One result to a line.
    print("{" + ",\n".join(f'"{key}": {json.dumps(value)}' for key, value in fixture.items()) + "}")
