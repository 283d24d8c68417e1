#!/usr/bin/env python3
"""A made-up table of a million rows and 30 columns of every kind, for measuring time and memory.

    pip install numpy pandas
    python3 tests/reference/million.py FILE.csv

Every column is a noisy function of one of four hidden normal variables, so that the columns tell something about each
other: 12 numbers, 5 amounts with a long tail, 8 categories of 2 to 40 words, 4 dates; and an identifier. In one column
of each kind a twentieth of the cells is missing. The same numbers are drawn each time.

Written and run with Python 3.11, numpy 2.4.6 and pandas 3.1.1.
"""
import sys

import numpy
import pandas

ROWS, WORDS = 1_000_000, [3, 5, 8, 12, 20, 30, 40, 2]


def table(rng):
    hidden = rng.normal(size=(ROWS, 4))

    def about(column, noise):
        return hidden[:, column % 4], rng.normal(size=ROWS) * noise

    columns = {"id": numpy.arange(ROWS)}
    for column in range(12):
        value, noise = about(column, 0.6)
        columns[f"number{column}"] = (0.8 * value + noise).round(4)
    for column in range(5):
        value, noise = about(column, 0.4)
        columns[f"amount{column}"] = numpy.exp(1.2 * value + 5 + noise).round(2)
    for column, words in enumerate(WORDS):
        value, noise = about(column, 0.4)
        names = numpy.array([f"{'abcdefgh'[column]}{word:02d}" for word in range(words)])
        columns[f"class{column}"] = names[numpy.digitize(value + noise, numpy.linspace(-2, 2, words - 1))]
    days = numpy.array(pandas.date_range("2010-01-01", periods=4000).strftime("%Y-%m-%d"))
    for column in range(4):
        value, noise = about(column, 50)
        columns[f"date{column}"] = days[(600 * value + 2000 + noise).astype(int).clip(0, 3999)]
    found = pandas.DataFrame(columns)
    for column in ["number3", "amount2", "class2", "date1"]:
        found.loc[rng.random(ROWS) < 0.05, column] = None
    return found


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    table(numpy.random.default_rng(0)).to_csv(sys.argv[1], index=False)
