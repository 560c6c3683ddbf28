"""optimizers.py NAME EVENTS.jsonl: a run of plane.tw follows the textbook's update rule and schedule.

Computes the losses and the learning rates of all steps from the formulas below with Python's own f64 arithmetic, and compares
them with those of the run to 1e-5 relative.
"""

import csv
import json
import math
import os
import sys

TOLERANCE = 1e-5
STEPS = 30
BATCH = 4


def sgd(p, g, s, lr, momentum=0.0, nesterov=False):
    for i in range(len(p)):
        s["v"][i] = momentum * s["v"][i] + g[i]
        p[i] -= lr * (g[i] + momentum * s["v"][i] if nesterov else s["v"][i])


def adam(p, g, s, lr, t, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0):
    """t counts from 1. With decay, AdamW: the decay does not pass through the moments."""
    for i in range(len(p)):
        s["m"][i] = beta1 * s["m"][i] + (1 - beta1) * g[i]
        s["v"][i] = beta2 * s["v"][i] + (1 - beta2) * g[i] ** 2
        mh, vh = s["m"][i] / (1 - beta1 ** t), s["v"][i] / (1 - beta2 ** t)
        p[i] -= lr * (mh / (math.sqrt(vh) + eps) + decay * p[i])


def adagrad(p, g, s, lr, eps=1e-10):
    for i in range(len(p)):
        s["v"][i] += g[i] ** 2
        p[i] -= lr * g[i] / (math.sqrt(s["v"][i]) + eps)


def cosine(step, peak, warmup, floor):
    if step < warmup:
        return peak * (step + 1) / warmup
    return floor + 0.5 * (peak - floor) * (1 + math.cos(math.pi * (step - warmup) / (STEPS - warmup)))


# name: (learning rate at a step counted from 0, update)
RUNS = {
    "sgd": (lambda k: 0.02, lambda p, g, s, lr, t: sgd(p, g, s, lr)),
    "momentum": (lambda k: 0.02, lambda p, g, s, lr, t: sgd(p, g, s, lr, 0.8)),
    "nesterov": (lambda k: 0.02, lambda p, g, s, lr, t: sgd(p, g, s, lr, 0.8, True)),
    "adam": (lambda k: 0.05, lambda p, g, s, lr, t: adam(p, g, s, lr, t)),
    "adam-betas": (lambda k: 0.05, lambda p, g, s, lr, t: adam(p, g, s, lr, t, 0.7, 0.9, 1e-2)),
    "adamw": (lambda k: 0.05, lambda p, g, s, lr, t: adam(p, g, s, lr, t, decay=0.3)),
    "adagrad": (lambda k: 0.1, lambda p, g, s, lr, t: adagrad(p, g, s, lr)),
    "cosine": (lambda k: cosine(k, 0.05, 6, 0.001), lambda p, g, s, lr, t: sgd(p, g, s, lr)),
    "linear-warmup": (lambda k: 0.05 * min(1.0, (k + 1) / 8), lambda p, g, s, lr, t: sgd(p, g, s, lr)),
    "step": (lambda k: 0.05 * 0.5 ** (k // 7), lambda p, g, s, lr, t: sgd(p, g, s, lr)),
}


def reference(name):
    """(loss, learning rate) of each step; the last batch of an epoch of 10 rows has 2."""
    rate, update = RUNS[name]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "plane.csv")) as f:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(f))[1:]]
    p, s = [0.5] * 3, {"v": [0.0] * 3, "m": [0.0] * 3}
    at, steps = 0, []
    for k in range(STEPS):
        batch = rows[at:at + BATCH]
        at = at + BATCH if at + BATCH < len(rows) else 0
        errors = [sum(x * w for x, w in zip(row, p)) - row[3] for row in batch]
        gradient = [2 * sum(e * row[i] for e, row in zip(errors, batch)) / len(batch) for i in range(3)]
        steps.append((sum(e * e for e in errors) / len(batch), rate(k)))
        update(p, gradient, s, rate(k), k + 1)
    return steps


def main(name, events):
    with open(events) as f:
        got = {e["step"]: e for e in map(json.loads, f) if e["event"] == "step"}
    faults = 0
    for k, (loss, lr) in enumerate(reference(name), 1):
        for what, value, wanted in (("loss", got.get(k, {}).get("loss"), loss), ("lr", got.get(k, {}).get("lr"), lr)):
            if value is None or not abs(value - wanted) <= TOLERANCE * abs(wanted):
                faults += 1
                print(f"step {k}: {what} is {value} instead of {wanted}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
