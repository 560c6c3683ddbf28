# The figures of figures.tw, computed from the rows and from what `predict` wrote of them, in plain f64:
#   figures.py rows FILE                 writes the rows: 129, two of them positive
#   figures.py check ROWS PREDICTED EVENT…   compares events of `eval --json`
import csv, json, math, random, sys


def write_rows(path):
    draw = random.Random(5)
    with open(path, "w") as file:
        for i in range(129):
            x, y = draw.gauss(0, 1), draw.gauss(0, 1)
            v = 10 + 3 * x + draw.gauss(0, 0.5)
            file.write(f"{x:.4f},{y:.4f},{int(i % 100 == 7)},{draw.randrange(3)},{v:.4f}\n")


def mean(values):
    return sum(values) / len(values)


def quantile(values, q):
    ordered, place = sorted(values), q * (len(values) - 1)
    low = math.floor(place)
    return ordered[low] + (place - low) * (ordered[min(low + 1, len(values) - 1)] - ordered[low])


def correlation(a, b):
    a, b = [x - mean(a) for x in a], [x - mean(b) for x in b]
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def reference(rows, outputs):
    x, y, t, c, v = zip(*rows)
    c = [int(label) for label in c]
    logits, score = [row[:3] for row in outputs], [row[3] for row in outputs]
    value = [row[4] * 0.1 + v[i] - 0.7 * y[i] for i, row in enumerate(outputs)]
    said = [row.index(max(row)) for row in logits]
    entropy = [math.log(sum(math.exp(z) for z in row)) - row[label] for row, label in zip(logits, c)]
    binary = [max(z, 0) - z * u + math.log1p(math.exp(-abs(z))) for z, u in zip(score, t)]
    errors = [a - b for a, b in zip(value, v)]
    hits = sum(u for z, u in zip(score, t) if z > 0)
    yes = sum(z > 0 for z in score)
    pairs = [(a > b) + 0.5 * (a == b) for a, u in zip(score, t) if u == 1 for b, w in zip(score, t) if w == 0]
    return {
        "loss": mean([e * e for e in errors]) + mean(entropy) + 0.01 * mean(binary),
        "accuracy": mean([a == b for a, b in zip(said, c)]),
        "top_2": mean([sum(z > row[label] for z in row) < 2 for row, label in zip(logits, c)]),
        "table": [[sum(a == j and b == i for a, b in zip(said, c)) for j in range(3)] for i in range(3)],
        "ppl": math.exp(mean(entropy)),
        "binary": mean([u if z > 0 else 1 - u for z, u in zip(score, t)]),
        "precision": hits / yes,
        "recall": hits / sum(t),
        "f1": 2 * hits / (yes + sum(t)),
        "auc": mean(pairs),
        "log_loss": mean(binary),
        "rmse": math.sqrt(mean([e * e for e in errors])),
        "mae": mean([abs(e) for e in errors]),
        "r2": 1 - sum(e * e for e in errors) / sum((b - mean(v)) ** 2 for b in v),
        "correlation": correlation(value, v),
        "third": quantile(value, 0.3),
        "middle": quantile(score, 0.5),
        "seen": [c.count(i) for i in range(3)],
        "most": max(score),
        "any_label": 1.0,
        "share": mean(t),
    }


def flat(value):
    return [y for x in value for y in flat(x)] if isinstance(value, list) else [value]


if sys.argv[1] == "rows":
    write_rows(sys.argv[2])
else:
    rows = [[float(cell) for cell in row] for row in csv.reader(open(sys.argv[2]))]
    outputs = [[float(cell) for cell in row] for row in list(csv.reader(open(sys.argv[3])))[1:]]
    wanted = reference(rows, outputs)
    for path in sys.argv[4:]:
        event = json.loads(open(path).read())
        for name, value in wanted.items():
            for a, b in zip(flat(event[name]), flat(value), strict=True):
                assert abs(a - b) <= 2e-6 * max(1, abs(b)), (path, name, a, b)
    print(len(wanted), "figures agree in", len(sys.argv) - 4, "events")
