#!/usr/bin/env python3
"""Imputation on four tables by mean and mode and by scikit-learn: what a table autoencoder is measured against.

    pip install numpy pandas scikit-learn
    HANDGRAD_DATA=FOLDER python3 tests/reference/impute.py [--out TABLE.md]
    HANDGRAD_DATA=FOLDER python3 tests/reference/impute.py --write DIR
    HANDGRAD_DATA=FOLDER python3 tests/reference/impute.py --score DIR

FOLDER holds tabular-anomaly/{cardio,thyroid,mammography}.csv, of which the label is not used, and
scms-delivery/SCMS_Delivery_History_Dataset.csv. Of the latter the identifiers and the free text (ITEMS below) are left
out; an empty cell, "N/A", and text in a column of numbers or dates are missing values.

The protocol: for each seed of 0 to 2, default_rng(seed) draws 10 % of the rows, and hides each known cell of theirs
with probability 0.1. The other rows fit the method. Numbers are measured by the root mean squared error, in standard
deviations of the column over the fitting rows (of its days for a date, of log(1 + x) for money, weight and quantity),
and categories by accuracy, where a word that the method does not know counts as wrong. Averages are over columns; each
figure is the mean over the seeds.

The methods see the standardised numbers, and one-hot columns for the 50 most frequent words of a category and one for
all others. To keep their time bearable, scikit-learn's methods fit on at most 3000 rows, and on SCMS the iterative ones
make 3 rounds, the Bayesian one with the 50 nearest columns; all else is their default.

`--write` writes TABLE-SEED-fit.csv, the rows to fit on; TABLE-SEED-holes.csv, the rows with holes;
TABLE-SEED-hidden.csv, where row counts the data rows of the file with holes from 0. `--score` reads
TABLE-SEED-filled.csv, the rows with their holes filled, same header and order of rows as the file with holes, and
prints the same table for them (tables without such files are left out).

Written and run with Python 3.11, numpy 2.4.6, pandas 3.1.1 and scikit-learn 1.9.1.
"""
import argparse
import os
import sys
import time
import warnings
from pathlib import Path

import numpy
import pandas
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer
from sklearn.linear_model import Ridge

TABLES, SEEDS, RATE, WORDS, FIT = ["cardio", "thyroid", "mammography", "scms"], range(3), 0.1, 50, 3000
ITEMS = ["ID", "PQ #", "PO / SO #", "ASN/DN #", "Item Description"]
DATES = ["PQ First Sent to Client Date", "PO Sent to Vendor Date", "Scheduled Delivery Date",
         "Delivered to Client Date", "Delivery Recorded Date"]
LONG_TAILED = ["Line Item Value", "Pack Price", "Unit Price", "Freight Cost (USD)", "Line Item Insurance (USD)",
               "Line Item Quantity", "Weight (Kilograms)"]
NUMBERS = ["Unit of Measure (Per Pack)"]


def read(name):
    """The table as text, and the kind of each column."""
    folder = Path(os.environ["HANDGRAD_DATA"])
    if name != "scms":
        text = pandas.read_csv(folder / "tabular-anomaly" / f"{name}.csv", header=None, dtype=str).iloc[:, :-1]
        text.columns = [f"x{column}" for column in range(text.shape[1])]
        return text, {column: "number" for column in text}
    path = folder / "scms-delivery" / "SCMS_Delivery_History_Dataset.csv"
    text = pandas.read_csv(path, dtype=str, keep_default_na=False).drop(columns=ITEMS)
    kinds = {column: "category" for column in text}
    for kind, columns in [("date", DATES), ("log number", LONG_TAILED), ("number", NUMBERS)]:
        kinds |= {column: kind for column in columns}
    return text, kinds


def values(text, kind):
    """A column as numbers or words, NaN or None where it is missing."""
    if kind == "category":
        return text.where(~text.isin(["", "N/A"]), None).to_numpy(object)
    if kind == "date":
        dates = pandas.to_datetime(text, format="%d-%b-%y", errors="coerce")
        dates = dates.fillna(pandas.to_datetime(text, format="%m/%d/%y", errors="coerce"))
        return ((dates - pandas.Timestamp("2000-01-01")) / pandas.Timedelta(days=1)).to_numpy(float)
    numbers = pandas.to_numeric(text, errors="coerce").to_numpy(float)
    return numpy.log1p(numbers) if kind == "log number" else numbers


def known(column):
    return pandas.notna(column)


class Problem:
    """A table with a seed: which rows fit, which are held out, and which cells of those are hidden."""

    def __init__(self, name, seed):
        self.text, self.kinds = read(name)
        rng = numpy.random.default_rng(seed)
        order = rng.permutation(len(self.text))
        self.held, self.fit = order[: len(order) // 10], order[len(order) // 10 :]
        self.columns = {column: values(self.text[column], kind) for column, kind in self.kinds.items()}
        drawn = rng.random((len(self.held), len(self.columns))) < RATE
        self.hidden = {c: drawn[:, i] & known(v[self.held]) for i, (c, v) in enumerate(self.columns.items())}
        self.blocks = {column: self.block(column) for column in self.columns}

    def block(self, column):
        """Mean and deviation of a number, words of a category by frequency: of the rows that fit."""
        found = self.columns[column][self.fit]
        if self.kinds[column] == "category":
            return list(pandas.Series(found).value_counts().index[:WORDS])
        varies = numpy.nanmin(found) < numpy.nanmax(found)
        return numpy.nanmean(found), numpy.nanstd(found) if varies else 1.0

    def encoded(self, rows, hide):
        """Standardised numbers and one-hot words as one matrix, NaN where missing, or hidden."""
        parts = []
        for column, found in self.columns.items():
            found, block = found[rows], self.blocks[column]
            if self.kinds[column] == "category":
                place = {word: number for number, word in enumerate(block)}
                part = numpy.eye(len(block) + 1)[[place.get(word, len(block)) for word in found]]
                part[~known(found)] = numpy.nan
            else:
                part = ((found - block[0]) / block[1])[:, None]
            if hide:
                part[self.hidden[column]] = numpy.nan
            parts.append(part)
        return numpy.concatenate(parts, 1)

    def decoded(self, matrix):
        """Of each column its standardised numbers or its words."""
        found, start = {}, 0
        for column, block in self.blocks.items():
            if self.kinds[column] == "category":
                words = numpy.array(block, object)
                found[column] = words[matrix[:, start : start + len(block)].argmax(1)]
                start += len(block) + 1
            else:
                found[column] = matrix[:, start]
                start += 1
        return found

    def errors(self, found):
        """Per column its kind and its root mean squared error or accuracy at the hidden cells."""
        errors = {}
        for column, hidden in self.hidden.items():
            truth, guess = self.columns[column][self.held][hidden], found[column][hidden]
            if not hidden.any():
                continue
            if self.kinds[column] == "category":
                errors[column] = (truth == guess).mean()
            else:
                mean, std = self.blocks[column]
                errors[column] = numpy.sqrt(numpy.mean(((truth - mean) / std - guess) ** 2))
        return errors


def mean_or_mode(problem):
    filled = problem.encoded(problem.fit, False)
    means = numpy.nanmean(filled, 0)
    return numpy.tile(means, (len(problem.held), 1))


def by_imputer(make):
    def fill(problem):
        large = len(problem.blocks) < problem.encoded(problem.fit[:2], False).shape[1]
        model = make(large)
        model.set_params(keep_empty_features=True)
        model.fit(problem.encoded(problem.fit[:FIT], False))
        return model.transform(problem.encoded(problem.held, True))

    return fill


METHODS = {
    "mean or mode": mean_or_mode,
    "KNNImputer(5)": by_imputer(lambda large: KNNImputer(n_neighbors=5)),
    "IterativeImputer(Ridge)": by_imputer(
        lambda large: IterativeImputer(Ridge(), random_state=0, max_iter=3 if large else 10)
    ),
    "IterativeImputer(BayesianRidge)": by_imputer(
        lambda large: IterativeImputer(
            random_state=0, max_iter=3 if large else 10, n_nearest_features=50 if large else None
        )
    ),
}


def write(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        for seed in SEEDS:
            problem = Problem(name, seed)
            problem.text.iloc[problem.fit].to_csv(folder / f"{name}-{seed}-fit.csv", index=False)
            held, cells = problem.text.iloc[problem.held].reset_index(drop=True), []
            for column, hidden in problem.hidden.items():
                cells += [(row, column, held.at[row, column]) for row in numpy.flatnonzero(hidden)]
                held.loc[hidden, column] = ""
            held.to_csv(folder / f"{name}-{seed}-holes.csv", index=False)
            hidden = pandas.DataFrame(cells, columns=["row", "column", "value"])
            hidden.to_csv(folder / f"{name}-{seed}-hidden.csv", index=False)


def filled(folder):
    """Reads what another program filled in."""

    def fill(problem, name, seed):
        text = pandas.read_csv(folder / f"{name}-{seed}-filled.csv", dtype=str, keep_default_na=False)
        if len(text) != len(problem.held):
            sys.exit(f"{name}-{seed}-filled.csv has {len(text)} rows, expected {len(problem.held)}")
        found = {}
        for column, kind in problem.kinds.items():
            found[column] = values(text[column], kind)
            if kind != "category":
                mean, std = problem.blocks[column]
                found[column] = (found[column] - mean) / std
            if not known(found[column][problem.hidden[column]]).all():
                sys.exit(f"{name}-{seed}-filled.csv has a hole in the column {column}, or text that is no {kind}")
        return found

    return fill


def measure(fills, tables, out):
    """`fills` maps the name of a method to a function from problem, name and seed to the decoded columns."""
    average = f"| table | kind | columns | {' | '.join(fills)} |\n| --- | --- | --- |{' --- |' * len(fills)}\n"
    single = f"| table | column | kind | {' | '.join(fills)} |\n| --- | --- | --- |{' --- |' * len(fills)}\n"
    for name in tables:
        kinds = read(name)[1]
        problems = [Problem(name, seed) for seed in SEEDS]
        found = {}
        for method, fill in fills.items():
            begin = time.time()
            errors = [problem.errors(fill(problem, name, seed)) for problem, seed in zip(problems, SEEDS)]
            found[method] = pandas.DataFrame(errors).mean()
            print(f"{name}, {method}: {time.time() - begin:.0f} s", file=sys.stderr, flush=True)
        found = pandas.DataFrame(found)
        for kind in dict.fromkeys(kinds.values()):
            of_kind = found[[kinds[column] == kind for column in found.index]]
            cells = " | ".join(f"{value:.3f}" for value in of_kind.mean())
            label = f"{kind}, {'accuracy' if kind == 'category' else 'RMSE'}"
            average += f"| {name} | {label} | {len(of_kind)} | {cells} |\n"
        for column, row in found.iterrows():
            single += f"| {name} | {column} | {kinds[column]} | {' | '.join(f'{value:.3f}' for value in row)} |\n"
        if out:
            out.write_text(f"{average}\n{single}")
    print(f"{average}\n{single}")


if __name__ == "__main__":
    warnings.filterwarnings("ignore", message=".*stopping criterion")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--write", type=Path)
    parser.add_argument("--score", type=Path)
    options = parser.parse_args()
    if "HANDGRAD_DATA" not in os.environ:
        sys.exit("HANDGRAD_DATA is not set: it names the folder that holds tabular-anomaly and scms-delivery")
    if options.write:
        write(options.write)
    elif options.score:
        tables = [name for name in TABLES if (options.score / f"{name}-0-filled.csv").exists()]
        measure({"filled": filled(options.score)}, tables, options.out)
    else:
        own = lambda fill: lambda problem, _name, _seed: problem.decoded(fill(problem))
        measure({method: own(fill) for method, fill in METHODS.items()}, TABLES, options.out)
