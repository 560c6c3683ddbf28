"""evaluate.py MODEL.safetensors DIGITS.csv.gz EVENTS.jsonl…: evaluations of the perceptron of mlp.tw are right.

Computes loss and accuracy over every fifth row with Python's own f64 arithmetic, row by row, and compares the eval event of
each file: the number of rows exactly, the loss to 1e-5 relative, the accuracy to 1e-6.
"""

import csv
import gzip
import json
import math
import struct
import sys


def readSafetensors(path):
    with open(path, "rb") as f:
        data = f.read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = (8 + size + offset for offset in entry["data_offsets"])
            tensors[name] = struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
    return tensors


def dense(x, weight, bias):
    out = len(bias)
    return [bias[o] + sum(x[i] * weight[i * out + o] for i in range(len(x))) for o in range(out)]


def main(model, digits, *events):
    p = readSafetensors(model)
    with gzip.open(digits, "rt") as f:
        rows = [[float(cell) for cell in row] for row in csv.reader(f)][::5]
    loss = right = 0
    for *pixels, label in rows:
        hidden = dense([x / 16 for x in pixels], p["Mlp.dense_0.weight"], p["Mlp.dense_0.bias"])
        logits = dense([max(0, h) for h in hidden], p["Mlp.dense_1.weight"], p["Mlp.dense_1.bias"])
        top = max(logits)
        loss += top + math.log(sum(math.exp(z - top) for z in logits)) - logits[int(label)]
        right += logits.index(top) == int(label)
    loss, accuracy = loss / len(rows), right / len(rows)
    faults = 0
    for path in events:
        with open(path) as f:
            event = next(e for e in map(json.loads, f) if e["event"] == "eval")
        if (event["rows"] != len(rows) or abs(event["loss"] - loss) > 1e-5 * loss or
                abs(event["accuracy"] - accuracy) > 1e-6):
            faults += 1
            print(f"{path}: {event} instead of {len(rows)} rows, loss {loss}, accuracy {accuracy}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
