"""ADBench's Gaussian mixture.

adbench-gmm.py row FILE ROW.csv: what FILE, compressed by gzip, holds as one row of a CSV file: the logarithms of the weights, the means,
the logarithms of the diagonals, the factors [K][D][D], the points.
adbench-gmm.py check TOLERANCE NAME EVENTS.jsonl [MODEL.safetensors]: the objective and the norms of its gradients are those of NAME.

The gradients are told by `talweg gradcheck --json --values` in EVENTS.jsonl, or, where there is a MODEL, trained from zeros by one step of sgd(1);
of a parameter of which not every element is told, nothing is compared. What is compared may be off by TOLERANCE of itself.
"""

import gzip
import json
import math
import re
import struct
import sys

# The objective and the norms of the derivatives by alpha, mu, q and the strictly lower triangles, in f64.
WANTED = {
    "gmm_d2_K5": (-3480.4681340785, 587.53862711, 697.30126762, 751.12307244, 536.56630728),
    "gmm_d10_K25": (-20086.2562303722, 298.76020869, 1799.59170806, 1268.39552066, 1457.09395694),
    "gmm_d20_K50": (-73771.7905780676, 182.87425286, 3475.26797672, 2515.70246316, 2541.07853513),
    "gmm_d64_K100": (-889064.8380640923, 118.88220232, 19588.78138802, 8852.91940677, 12930.79915075),
}
PARAMETERS = ["alpha", "mu", "q", "low"]


def row(source, target):
    with gzip.open(source, "rt") as f:
        d, k, n = map(int, f.readline().split())
        lines = [f.readline().split() for _ in range(3 * k + n)]
    alpha, mu, inverse, points = lines[:k], lines[k:2 * k], lines[2 * k:3 * k], lines[3 * k:]
    low = []
    for line in inverse:
        below, factor = iter(line[d:]), [["0"] * d for _ in range(d)]
        for j in range(d):
            for i in range(j + 1, d):
                factor[i][j] = next(below)
        low += factor
    with open(target, "w") as f:
        f.write(",".join(",".join(line) for part in (alpha, mu, [line[:d] for line in inverse], low, points) for line in part) + "\n")


def trained(path):
    """Minus the parameters of a model, by name."""
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        data = f.read()
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            yield name, [-x for x in struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])]


def check(tolerance, name, events, *model):
    with open(events) as f:
        events = list(map(json.loads, f))
    if model:
        told = dict(trained(*model))
    else:
        d, k = map(int, re.findall(r"\d+", name))
        counts = dict(alpha=k, mu=k * d, q=k * d, low=k * d * d)
        told = {event["name"]: event["analytic"] for event in events if event["event"] == "gradient"}
        told = {f"Mixture.{one}_added": values for one in PARAMETERS if len(values := told[f"Mixture.{one}_added"]) == counts[one]}
    loss = next(event["loss"] for event in events if event["event"] == ("step" if model else "gradcheck"))
    found = [("the objective", -loss, WANTED[name][0])]
    for parameter, norm in zip(PARAMETERS, WANTED[name][1:]):
        if f"Mixture.{parameter}_added" in told:
            found.append((parameter, math.sqrt(sum(x * x for x in told[f"Mixture.{parameter}_added"])), norm))
    off = {part: abs(here / there - 1) for part, here, there in found}
    print(f"{name}: " + ", ".join(f"{part} is off by {value:.1e}" for part, value in off.items()))
    return not all(value <= float(tolerance) for value in off.values())


if __name__ == "__main__":
    sys.exit({"row": row, "check": check}[sys.argv[1]](*sys.argv[2:]))
