# The figures of the lines of three runs, each against the rows that its steps had.
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
    }


def events(run):
    return [json.loads(line) for line in open(f"{folder}/{run}.txt")]


def check(told, expected, what):
    for name, value in expected.items():
        assert abs(told[name] - value) < 2e-6, (what, name, told[name], value)


for run in "whole", "cut", "resumed", "parts":
    for event in events(run):
        if event["event"] in ("train", "eval") and run != "cut":
            check(event, figures(rows), (run, event))
lines = {event["step"]: event for run in ("cut", "resumed") for event in events(run) if event["event"] == "step"}
for event in events("whole"):
    if event["event"] == "step":
        told = dict(event, examples_per_second=0)
        assert told == dict(lines[event["step"]], examples_per_second=0), (told, lines[event["step"]])
print("every line speaks of its steps")
