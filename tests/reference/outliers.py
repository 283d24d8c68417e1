#!/usr/bin/env python3
"""Outlier detection on three tables by PyOD and by the error of PCA: what a table autoencoder is measured against.

    pip install numpy scikit-learn pyod torch tqdm
    HANDGRAD_DATA=FOLDER python3 tests/reference/outliers.py [--out TABLE.md] [--write DIR]

FOLDER holds tabular-anomaly/{cardio,thyroid,mammography}.csv: no header, numbers only, the last column is 1 for an
anomaly. The protocol: for each seed of 0 to 4, default_rng(seed) permutes the normal rows; the first half trains; the
other half and all anomalies test. Columns are standardised with mean and standard deviation of the training half. The
table has ROC-AUC and average precision on the test rows, as mean ± standard deviation over the seeds. PyOD's detectors
have their defaults, apart from the seed, and from the number of components of PCA, which is the rank of the training
half: cardio has a column that is a sum of others, and one that is constant in some halves, and with a component of no
variance PyOD makes infinite scores. `--write` writes TABLE-SEED-train.csv and TABLE-SEED-test.csv, with a header (x0,
x1, …, label) and every value as it is in the file, and measures nothing; `--out` writes the table after each data set,
besides printing it.

Written and run with Python 3.11, numpy 2.4.6, scikit-learn 1.9.1, PyOD 3.6.7 and PyTorch
2.15.0.
"""
import argparse
import os
import sys
from pathlib import Path

import numpy
from sklearn.metrics import average_precision_score, roc_auc_score

TABLES, SEEDS = ["cardio", "thyroid", "mammography"], range(5)


def read(name):
    """Rows as text, features and labels."""
    path = Path(os.environ["HANDGRAD_DATA"]) / "tabular-anomaly" / f"{name}.csv"
    lines = path.read_text().split()
    values = numpy.array([line.split(",") for line in lines], float)
    return lines, values[:, :-1], values[:, -1] == 1


def split(anomaly, seed):
    """Row numbers to train and to test on."""
    normal = numpy.random.default_rng(seed).permutation(numpy.flatnonzero(~anomaly))
    half = len(normal) // 2
    return normal[:half], numpy.concatenate([normal[half:], numpy.flatnonzero(anomaly)])


def standardised(x, train, test):
    mean, std = x[train].mean(0), x[train].std(0)
    std[x[train].min(0) == x[train].max(0)] = 1
    return (x[train] - mean) / std, (x[test] - mean) / std


def by_pca(components):
    """Squared distance from the hyperplane of the first principal components."""

    def score(train, test, _seed):
        _, vectors = numpy.linalg.eigh(train.T @ train)
        basis = vectors[:, -components:]
        return ((test - test @ basis @ basis.T) ** 2).sum(1)

    return score


def by_pyod(make):
    def score(train, test, seed):
        model = make(seed, numpy.linalg.matrix_rank(train))
        model.fit(train)
        return model.decision_function(test)

    return score


def methods(columns):
    from pyod.models.auto_encoder import AutoEncoder
    from pyod.models.knn import KNN
    from pyod.models.pca import PCA

    sizes = sorted({1, 2, 3, 4, columns // 2})
    found = {f"PCA, error with {k} of {columns}": by_pca(k) for k in sizes}
    found["PyOD PCA"] = by_pyod(lambda seed, rank: PCA(int(rank), random_state=seed))
    found["PyOD KNN"] = by_pyod(lambda _seed, _rank: KNN())
    found["PyOD AutoEncoder"] = by_pyod(lambda seed, _rank: AutoEncoder(random_state=seed, verbose=0))
    return found


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        lines, x, anomaly = read(name)
        header = ",".join([f"x{column}" for column in range(x.shape[1])] + ["label"])
        for seed in SEEDS:
            for part, rows in zip(("train", "test"), split(anomaly, seed)):
                text = "\n".join([header] + [lines[row] for row in rows]) + "\n"
                (folder / f"{name}-{seed}-{part}.csv").write_text(text)


def measure(out):
    text = "| table | method | ROC-AUC | average precision |\n| --- | --- | --- | --- |\n"
    for name in TABLES:
        _, x, anomaly = read(name)
        for method, score in methods(x.shape[1]).items():
            found = []
            for seed in SEEDS:
                train, test = split(anomaly, seed)
                scores = score(*standardised(x, train, test), seed)
                found.append([metric(anomaly[test], scores) for metric in (roc_auc_score, average_precision_score)])
            cells = [f"{mean:.3f} ± {std:.3f}" for mean, std in zip(numpy.mean(found, 0), numpy.std(found, 0))]
            text += f"| {name} | {method} | {' | '.join(cells)} |\n"
            print(text.splitlines()[-1], flush=True)
        if out:
            out.write_text(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    if "HANDGRAD_DATA" not in os.environ:
        sys.exit("HANDGRAD_DATA is not set: it names the folder that holds tabular-anomaly")
    write(options.write) if options.write else measure(options.out)
