"""grown-run.py MOMENT GROWN STEPS: trains few.tw on few.csv in f64 for GROWN steps, then more.tw on more.csv to STEPS, from the initial values in
few.safetensors and more.safetensors, and compares the moment's parameters, velocities and averages.
grown-run.py same A B NAME: a tensor has the same bytes in both files."""
import csv
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", "Support"))
from tensors import tensors  # noqa: E402


def numbers(tensor):
    return [value for value, in struct.iter_unpack("<f", tensor[1])]


if sys.argv[1] == "same":
    sys.exit(tensors(sys.argv[2])[sys.argv[4]] != tensors(sys.argv[3])[sys.argv[4]])
moment, grown, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def rows(path):
    with open(path) as file:
        return [(int(user), float(y)) for user, y in csv.reader(file)]


def start(path):
    values = tensors(path)
    return {"table": numbers(values["F.table"]), "out": numbers(values["F.out"])}


few, more = start("few.safetensors"), start("more.safetensors")
param = {name: list(values) for name, values in few.items()}
velocity = {name: [0.0] * len(values) for name, values in few.items()}
average = {name: list(values) for name, values in few.items()}
data, at = rows("few.csv"), 0
for step in range(steps):
    if step == grown:
        new = more["table"][6:]
        for values, tail in (param, new), (velocity, [0.0] * 4), (average, new):
            values["table"] += tail
        data, at = rows("more.csv"), 0  # another data set: its first epoch begins
    batch = data[at:at + 3]
    at = at + 3 if at + 3 < len(data) else 0
    gradient = {name: [0.0] * len(values) for name, values in param.items()}
    for user, y in batch:
        row = param["table"][2 * user:2 * user + 2]
        error = 2 * (sum(a * b for a, b in zip(row, param["out"])) - y) / len(batch)
        for k in range(2):
            gradient["table"][2 * user + k] += error * param["out"][k]
            gradient["out"][k] += error * row[k]
    for name in param:
        for i, g in enumerate(gradient[name]):
            velocity[name][i] = 0.8 * velocity[name][i] + g
            param[name][i] -= 0.1 * velocity[name][i]
            average[name][i] += 0.1 * (param[name][i] - average[name][i])

model, optimizer = tensors(moment + "/model.safetensors"), tensors(moment + "/optimizer.safetensors")
for name in param:
    for expected, found in (average, model[f"F.{name}"]), (param, optimizer[f"F.{name}"]), (velocity, optimizer[f"F.{name}.velocity"]):
        found = numbers(found)
        assert len(found) == len(expected[name])
        for a, b in zip(expected[name], found):
            assert abs(a - b) < 2e-5 * max(1, abs(a)), (name, expected[name], found)
