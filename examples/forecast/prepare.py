#!/usr/bin/env python3
"""prepare.py SERIES.csv FOLDER: windows of a series, as FOLDER/train.csv and FOLDER/test.csv for forecast.tw.

The series is the last column of a file whose first line has names. Each row has 22 values and the one behind them. What is to be told in
the test is the last fifth of the series.
"""

import csv
import os
import sys

PAST = 22


def main(series, folder):
    with open(series, newline="") as f:
        values = [row[-1] for row in csv.reader(f)][1:]
    split = len(values) * 4 // 5
    os.makedirs(folder, exist_ok=True)
    for name, told in {"train": range(PAST, split), "test": range(split, len(values))}.items():
        with open(os.path.join(folder, name + ".csv"), "w", newline="") as f:
            csv.writer(f).writerows(values[at - PAST : at + 1] for at in told)


if __name__ == "__main__":
    main(*sys.argv[1:])
