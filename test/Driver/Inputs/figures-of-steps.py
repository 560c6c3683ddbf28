# The figures of the lines of several runs, each against the rows that its steps had.
import csv
import json
import sys

folder = sys.argv[1]
rows = [(float(row["x"]), float(row["y"])) for row in csv.DictReader(open(f"{folder}/figures-of-steps.csv"))]


def figures(of):
    said = [x > 0 for x, _ in of]
    hits = [x > 0 and y > 0 for x, y in of]
    return {
        "loss": sum((x - y) ** 2 for x, y in of) / len(of),
        "precision": sum(hits) / max(sum(said), 1),
        "peak": max(x for x, _ in of),
        "right": sum(hits) / len(of),
        "share": sum(x for x, _ in of) / len(of),
        "count": len(of),
    }


def events(run):
    return [json.loads(line) for line in open(f"{folder}/{run}.txt")]


def check(told, expected, what):
    for name, value in expected.items():
        assert abs(told[name] - value) < 2e-6, (what, name, told[name], value)


for run in "whole", "parts":
    for event in events(run):
        if event["event"] in ("train", "eval"):
            check(event, figures(rows), (run, event))


def lines(run):
    return {
        (event["event"], event["step"]): {name: event[name] for name in ("loss", "precision", "peak", "right")}
        for event in events(run)
        if event["event"] in ("step", "train")
    }


resumed, alone = lines("resumed"), lines("alone")
assert resumed and all(alone[place] == line for place, line in resumed.items())
print("every line speaks of its steps")
