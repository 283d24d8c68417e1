#!/usr/bin/env python3
"""Baselines by scikit-learn, PyOD and numpy, for tests/baselines.rs to compare with.

    pip install numpy scikit-learn pyod
    python3 tests/reference/baselines.py > tests/fixtures/baselines.json

The tables are made on both sides by the same generator, `numbers` of tests/lib.rs, so the fixture holds results only:
of an imputation the filled cells, row by row. The rounds of scikit-learn's IterativeImputer end here as in
iterative_ridge.rs: by the change in the fitting rows and in the rows to fill.

Written and run with Python 3.11, numpy 2.4.6, scikit-learn 1.9.1 and PyOD 3.6.7.
"""
import json
import warnings

import numpy
from pyod.models.knn import KNN
from sklearn.covariance import EmpiricalCovariance
from sklearn.decomposition import PCA
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer
from sklearn.linear_model import Ridge


def numbers(count, seed):
    found = []
    for _ in range(count):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        found.append((seed >> 40) / 8388608 - 1)
    return numpy.array(found)


def table(n, d, seed, noise):
    """Columns that depend on three hidden numbers of the row, plus noise; column j has a mean of about j."""
    hidden, own = numbers(3 * n, seed).reshape(n, 3), numbers(n * d, seed + 1).reshape(n, d)
    columns = [hidden[:, j % 3] + hidden[:, (j + 1) % 3] / 2 + noise * own[:, j] + j for j in range(d)]
    return numpy.stack(columns, 1).astype(numpy.float32).astype(float)


def with_holes(values, seed, part):
    """Hides about `part` of the cells."""
    drawn = (numbers(values.size, seed).reshape(values.shape) + 1) / 2
    return numpy.where(drawn < part, numpy.nan, values)


def problem(case):
    """The fitting rows and the rows to fill, the first of which is missing completely."""
    fit = with_holes(table(case["n"], case["d"], 1, case["noise"]), 3, case["fit_holes"])
    rows = with_holes(table(case["m"], case["d"], 4, case["noise"]), 6, 0.3)
    rows[0] = numpy.nan
    return fit, rows


def rounds(fit, rows, steps):
    """Compares the tables of successive rounds, until they change too little."""
    limit = 1e-3 * numpy.nanmax(abs(fit))
    means = numpy.nanmean(fit, 0)
    before = [numpy.where(numpy.isnan(part), means, part) for part in (fit, rows)]
    for number, after in zip(range(1, 11), steps):
        change = max(abs(new - old).sum(1).max() for new, old in zip(after, before))
        before = after
        if change < limit:
            break
    return number, before[1]


def by_scikit_learn(fit, rows):
    for number in range(1, 11):
        imputer = IterativeImputer(Ridge(), max_iter=number, tol=0)
        yield imputer.fit_transform(fit), imputer.transform(rows)


def by_one_system(fit, rows):
    """The rounds for many columns, each column by a solution of its own: no inverse of the whole matrix."""
    parts, d = [fit, rows], fit.shape[1]
    holes = [numpy.isnan(part) for part in parts]
    full = [numpy.where(hole, numpy.nanmean(fit, 0), part) for hole, part in zip(holes, parts)]
    while True:
        before = full[0].copy()
        for j in numpy.argsort(holes[0].sum(0), kind="stable"):
            others = numpy.arange(d) != j
            ridge = Ridge(solver="svd").fit(before[:, others], before[:, j])
            for part, hole in zip(full, holes):
                if hole[:, j].any():
                    part[hole[:, j], j] = ridge.predict(part[hole[:, j]][:, others])
        yield [part.copy() for part in full]


def neighbours(case):
    fit, rows = problem(case)
    return KNNImputer(n_neighbors=case["k"]).fit(fit).transform(rows)[numpy.isnan(rows)].round(9).tolist()


def ridge(case):
    fit, rows = problem(case)
    # Of complete fitting rows both ways are the same, and scikit-learn's own is the independent one.
    steps = by_one_system if case["d"] > 100 and case["fit_holes"] > 0 else by_scikit_learn
    number, filled = rounds(fit, rows, steps(fit, rows))
    return {"rounds": number, "filled": filled[numpy.isnan(rows)].round(9).tolist()}


def distances(case):
    fit, samples = table(case["n"], case["d"], 1, 0.5), table(case["m"], case["d"], 4, 0.5)
    return KNN(n_neighbors=case["k"]).fit(fit).decision_function(samples).tolist()


def components(case):
    fit, samples = table(case["n"], case["d"], 1, 0.5), table(case["m"], case["d"], 4, 0.5)
    ratios = numpy.cumsum(PCA().fit(fit).explained_variance_ratio_)
    found = {"components": [int((ratios < part).sum()) + 1 for part in (0.3, 0.7, 0.9, 0.99)], "errors": []}
    for k in (1, 3, case["d"] - 1):
        pca = PCA(k, svd_solver="full").fit(fit)
        back = pca.inverse_transform(pca.transform(samples))
        found["errors"].append([k, ((samples - back) ** 2).sum(1).tolist()])
    found["mahalanobis"] = EmpiricalCovariance().fit(fit).mahalanobis(samples).tolist()
    return found


def all_of(method, cases):
    return [case | {"found": method(case)} for case in cases]


def imputation(n, d, m, noise, fit_holes):
    return {"n": n, "d": d, "m": m, "noise": noise, "fit_holes": fit_holes}


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message=".*stopping criterion")
    # More rows than a block has, and not a multiple of it.
    sizes = {"n": 300, "d": 7, "m": 140}
    few = [imputation(300, 8, 140, 0.5, part) for part in (0.0, 0.15)]
    ridges = [*few, imputation(60, 5, 12, 0.125, 0.3), imputation(60, 5, 12, 2.0, 0.1)]
    many = [imputation(200, 110, 6, 0.5, part) for part in (0.0, 0.1)]
    fixture = {
        "distances": all_of(distances, [sizes | {"k": k} for k in (1, 5)]),
        "neighbours": all_of(neighbours, [case | {"k": k} for case in few for k in (1, 5)]),
        "ridge": all_of(ridge, ridges + many),
        "components": all_of(components, [sizes | {"n": 200, "m": 10}]),
    }
    # One result to a line.
    lines = {kind: ",\n".join(map(json.dumps, cases)) for kind, cases in fixture.items()}
    print("{" + ",\n".join(f'"{kind}": [\n{cases}\n]' for kind, cases in lines.items()) + "}")
