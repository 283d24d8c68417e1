#!/usr/bin/env python3
"""Clusters by scikit-learn and SciPy, for tests/clusters.rs to compare with.

    pip install numpy scipy scikit-learn
    python3 tests/reference/clusters.py > tests/fixtures/clusters.json

The rows are made on both sides by the same generator, `numbers` of tests/lib.rs, so the fixture holds results only.

Written and run with Python 3.11, numpy 2.4.6, SciPy 1.17.1 and scikit-learn 1.9.1.
"""
import json

import numpy
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score, silhouette_samples, silhouette_score


def numbers(count, seed):
    found = []
    for _ in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        found.append((seed >> 40) / 8388608 - 1)
    return numpy.array(found)


def rows(n, d, groups, spread, offset):
    """Row i is around centre i mod `groups`."""
    centres, own = numbers(groups * d, 1).reshape(groups, d), numbers(n * d, 2).reshape(n, d)
    values = [centres[i % groups] + spread * own[i] + offset for i in range(n)]
    return numpy.array(values).astype(numpy.float32).astype(float)


def of_rows(case):
    x = rows(case["n"], case["d"], case["groups"], case["spread"], case["offset"])
    k = case["clusters"]
    found = dict(case)
    means = KMeans(k, init=x[:k], n_init=1, tol=0, max_iter=300, algorithm="lloyd").fit(x)
    classes = [i % case["groups"] for i in range(case["n"])]
    found["kmeans"] = {"inertia": means.inertia_, "labels": means.labels_.tolist()}
    found["ari"] = adjusted_rand_score(classes, means.labels_)
    found["nmi"] = normalized_mutual_info_score(classes, means.labels_)
    found["silhouette"] = silhouette_score(x, means.labels_)
    found["silhouettes"] = silhouette_samples(x, means.labels_).tolist()
    table = numpy.zeros((k, case["groups"]), int)
    for cluster, label in zip(means.labels_, classes):
        table[cluster, label] += 1
    matched = linear_sum_assignment(table, maximize=True)
    found["accuracy"] = table[matched].sum() / case["n"]
    for method in ["ward", "average", "complete"]:
        tree = linkage(x, method)
        found[method] = {"heights": tree[:, 2].tolist(), "sizes": tree[:, 3].tolist(),
                         "labels": fcluster(tree, k, "maxclust").tolist()}
    found["dbscan"] = [{"eps": eps, "min_samples": least,
                        "labels": DBSCAN(eps=eps, min_samples=least).fit(x).labels_.tolist()}
                       for eps, least in case["eps"]]
    return found


def gains(rows, columns, seed):
    return numpy.floor((numbers(rows * columns, seed) + 1) * 50).astype(int).reshape(rows, columns)


def matching(n, m, seed):
    table = gains(n, m, seed)
    return {"rows": n, "columns": m, "seed": seed, "sum": int(table[linear_sum_assignment(table, maximize=True)].sum())}


def partition(n, a, b, seed):
    """Two partitions that have little to do with each other."""
    one, other = numbers(n, seed), numbers(n, seed + 1)
    one, other = [numpy.floor((part + 1) / 2 * count).astype(int) for part, count in ((one, a), (other, b))]
    return {"n": n, "a": a, "b": b, "seed": seed, "ari": adjusted_rand_score(one, other),
            "nmi": normalized_mutual_info_score(one, other)}


if __name__ == "__main__":
    cases = [
        {"n": 60, "d": 3, "groups": 4, "spread": 0.2, "offset": 0.0, "clusters": 4,
         "eps": [[0.15, 4], [0.25, 3], [0.1, 1]]},
        {"n": 300, "d": 5, "groups": 6, "spread": 0.6, "offset": 0.0, "clusters": 5,
         "eps": [[0.5, 5], [0.6, 8], [9.0, 5], [0.01, 5]]},
        {"n": 150, "d": 1, "groups": 3, "spread": 0.3, "offset": 1000.0, "clusters": 3, "eps": [[0.03, 5], [0.02, 4]]},
        {"n": 280, "d": 40, "groups": 10, "spread": 1.0, "offset": 5.0, "clusters": 12, "eps": [[4.5, 5], [4.8, 3]]},
    ]
    sizes = [(1, 1), (3, 3), (4, 7), (7, 4), (20, 20), (2, 30), (50, 10)]
    partitions = [(50, 3, 4, 5), (200, 10, 10, 6), (30, 1, 4, 7), (30, 5, 1, 8), (10, 1, 1, 9), (40, 25, 2, 10)]
    print(json.dumps({
        "rows": [of_rows(case) for case in cases],
        "matchings": [matching(n, m, seed) for seed, (n, m) in enumerate(sizes)],
        "partitions": [partition(*sizes) for sizes in partitions],
    }))
