# What the scripts share that say in f64 what the steps of a run must tell: each writes the run's rows, and compares.
import csv, json


def write_rows(path, rows):
    with open(path, "w") as out:
        csv.writer(out).writerows(rows)


def told(path, *kinds):
    return [event for event in map(json.loads, open(path)) if event["event"] in kinds]


def steps_told(path):
    return told(path, "step")


def compare(told, right, tolerance):
    """Each step's events with the numbers that are right, by their names."""
    right = list(right)
    assert len(told) == len(right), (len(told), len(right))
    for step, (event, numbers) in enumerate(zip(told, right), 1):
        for name, number in numbers.items():
            assert abs(event[name] - number) <= tolerance * max(1, abs(number)), (step, name, event[name], number)
