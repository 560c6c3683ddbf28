# A linear model under gradient descent with clipped gradients, in f64, beside what talweg told: losses, norms before clipping.
# Usage: clip.py rows FILE | clip.py (norm|value|groups) EVENTS
import csv, json, math, random, sys


def rows():
    chance = random.Random(3)
    return [[chance.uniform(-2, 2) for _ in range(4)] for _ in range(8)]


def steps(kind):
    weight, bias = [0.5, -1, 2], 0.25
    for step in range(20):
        batch = rows()[4 * (step % 2) :][:4]
        off = [sum(a * b for a, b in zip(row, weight)) + bias - row[3] for row in batch]
        g = [sum(2 * e * row[k] for e, row in zip(off, batch)) / 4 for k in range(3)]
        h = sum(2 * e for e in off) / 4
        norms = []
        if kind == "norm":
            norms = [math.sqrt(sum(x * x for x in g) + h * h)]
            g, h = [x * min(1, 1.5 / (norms[0] + 1e-6)) for x in g], h * min(1, 1.5 / (norms[0] + 1e-6))
        elif kind == "value":
            g, h = [max(-0.5, min(0.5, x)) for x in g], max(-0.5, min(0.5, h))
        else:
            norms = [math.sqrt(sum(x * x for x in g)), abs(h)]
            g = [x * min(1, 1.5 / (norms[0] + 1e-6)) for x in g]
            h *= min(1, 0.25 / (norms[1] + 1e-6))
        yield sum(e * e for e in off) / 4, norms
        weight, bias = [w - 0.1 * x for w, x in zip(weight, g)], bias - 0.1 * h


if sys.argv[1] == "rows":
    with open(sys.argv[2], "w") as out:
        csv.writer(out).writerows(rows())
    sys.exit()
told = [event for event in map(json.loads, open(sys.argv[2])) if event["event"] == "step"]
assert len(told) == 20, len(told)
names = ["gradient_norm", "gradient_norm_2"]
for step, (event, (loss, norms)) in enumerate(zip(told, steps(sys.argv[1])), 1):
    for name, right in [("loss", loss), *zip(names, norms)]:
        assert abs(event[name] - right) <= 1e-5 * max(1, abs(right)), (step, name, event[name], right)
    assert [name for name in names if name in event] == names[: len(norms)], event
