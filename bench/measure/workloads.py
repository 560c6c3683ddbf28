"""What is measured: the workloads, their data and the goals. The data are made from a fixed seed, without any package.

In:  a workload's name and a folder that holds init.safetensors, as `talweg init` wrote it.
Out: x.idx and label.idx, or a file for each field, which every peer reads; parameters.f32, all parameters one after the other, for peers in C.
"""
import array
import itertools
import json
import math
import os
import random
import re
import struct
import sys

from measure.breadth import PROGRAMS

# What the model files take: rows of a batch, batches in the data, shape of a row, classes of the label (0: no label) or of the
# tokens, and what rows are if not numbers.
WORKLOADS = {
    "W1": dict(batch=32, batches=32, row=[64], classes=10),
    "W2": dict(batch=64, batches=32, row=[784], classes=10),
    "W3": dict(batch=128, batches=16, row=[784], classes=10),
    "W4": dict(batch=64, batches=8, row=[28, 28], classes=10),
    "W5": dict(batch=64, batches=4, row=[32, 32, 3], classes=10, tenth_loss=3e-2),  # PyTorch's own, of its kinds, differ by 1.5e-2
    "W6": dict(batch=12, batches=32, row=[64], classes=65, rows="text"),
    "W6b": dict(batch=16, batches=20, row=[256], classes=65, rows="text"),
    "W7": dict(batch=1024, batches=32, row=[2], classes=100_000, rows="meetings"),
    "W7a": dict(batch=1024, batches=32, row=[2], classes=100_000, rows="meetings"),
    "W7l": dict(batch=1024, batches=32, row=[2], classes=100_000, rows="meetings"),
    "W8": dict(batch=32, batches=32, row=[64], classes=65, rows="text"),
    "W9": dict(batch=1, batches=10, row=[1], classes=0, tolerance=1e-3),  # the loss is a sum of 25 million terms
}

# How many rows are predicted at once, of those whose predictions are measured too.
PREDICTED = {"W4": (1, 32), "W6": (1, 32)}

# What is wanted of each: times as fast as PyTorch's best, or as ONNX Runtime, or else the share of what the machine's limits allow (of predictions:
# `predicted`); times as fast as hand-written C; seconds from the process's start to the end of the first step, cold and from the cache; share of PyTorch's memory.
GOALS = {
    "W1": dict(pytorch=15, limits=0.95, c=1.03, cold=1.0, cached=0.1, memory=0.5),
    "W2": dict(pytorch=2, limits=0.95, c=1.03, cold=1.0, cached=0.1, memory=0.5),
    "W3": dict(pytorch=1.35, limits=0.95, c=1.03, cold=1.0, cached=0.1, memory=0.5),
    "W4": dict(pytorch=1.5, limits=0.78, onnx=1.1, predicted=0.85, cold=1.0, cached=0.1, memory=0.5),
    "W5": dict(pytorch=1.25, limits=0.78, cold=3.0, cached=0.2, memory=0.5),
    "W6": dict(pytorch=1.4, limits=0.75, onnx=1.1, predicted=0.85, cold=3.0, cached=0.2, memory=0.5),
    "W6b": dict(pytorch=1.15, limits=0.75, memory=0.5),
    "W7": dict(pytorch=1.3, memory=0.5),
    "W7a": dict(pytorch=2, memory=0.5),
    "W7l": dict(pytorch=2, memory=0.5),
    "W8": dict(pytorch=1.25, limits=0.78, memory=0.5),
    "W9": dict(pytorch=1.08, limits=0.95, memory=0.5),
}
NOISE = 0.95  # of a product's rate beside a library's
SLACK = 0.85  # of the ratios on two threads, whose medians are noisier

ADAMW_BYTES = 28 * 25_000_000  # W9: parameter, gradient and two moments read; parameter and moments written


def write_idx(path, kind, code, shape, values):
    data = array.array(code, values)
    if sys.byteorder == "little":
        data.byteswap()
    with open(path, "wb") as file:
        file.write(bytes([0, 0, kind, len(shape)]) + struct.pack(f">{len(shape)}I", *shape))
        data.tofile(file)


def described(name):
    """A workload or a program as its table says."""
    return WORKLOADS.get(name) or PROGRAMS[name]


def model_of(name):
    """What the peers call it, and its model file below bench/models."""
    if name in WORKLOADS:
        return name, name + ".tw"
    model = PROGRAMS[name]["model"] or name
    return model, os.path.join("breadth", model + ".tw")


def goals_of(name):
    return PROGRAMS[name]["goals"] if name in PROGRAMS else GOALS.get(name, {})


def batch_bytes(name):
    """Of a program's fields, all of 4 bytes an element."""
    work = PROGRAMS[name]
    return sum(4 * work["batch"] * math.prod(shape_of(kind)) for kind in work["fields"].values())


def generate(name, folder):
    """x.idx and label.idx of a workload, or a program's fields."""
    generate_rows(described(name), folder)


def generate_rows(work, folder):
    """Likewise of what is described as a workload is."""
    make = fields if "fields" in work else {"text": text, "meetings": meetings}.get(work.get("rows"), numbers)
    make(work, work["batch"] * work["batches"], random.Random(1234), folder)


def shape_of(kind):
    """The extents of a field's type: f32[8, 4], i32[64]; of class[10] none, as it is a number."""
    return [] if kind.startswith("class") else [int(extent) for extent in re.findall(r"\d+", kind[3:])]


def fields(work, rows, draw, folder):
    """A file for each field; tokens are below 500."""
    for name, kind in work["fields"].items():
        shape = [rows, *shape_of(kind)]
        count, path = math.prod(shape), os.path.join(folder, name + ".idx")
        if kind.startswith("f32"):
            write_idx(path, 0x0D, "f", shape, (draw.gauss(0, 1) for _ in range(count)))
        else:
            below = int(kind[len("class["):-1]) if kind.startswith("class") else 500
            write_idx(path, 0x0C, "i", shape, (draw.randrange(below) for _ in range(count)))


def numbers(work, rows, draw, folder):
    """Normally distributed rows; labels told by a fixed random teacher that sees the first 64 numbers of a row."""
    width = 1
    for extent in work["row"]:
        width *= extent
    values = array.array("f", (draw.gauss(0, 1) for _ in range(rows * width)))
    write_idx(os.path.join(folder, "x.idx"), 0x0D, "f", [rows, *work["row"]], values)
    if not work["classes"]:
        return
    seen = min(width, 64)
    teacher = [[draw.gauss(0, 1) for _ in range(seen)] for _ in range(work["classes"])]
    labels = []
    for row in range(rows):
        x = values[row * width:row * width + seen]
        scores = [sum(a * b for a, b in zip(x, weights)) for weights in teacher]
        labels.append(scores.index(max(scores)))
    write_idx(os.path.join(folder, "label.idx"), 0x0C, "i", [rows], labels)


def text(work, rows, draw, folder):
    """Letters, each drawn by the one before it from fixed random probabilities, most of them small; labels are the letters one further."""
    letters = range(work["classes"])
    follow = [list(itertools.accumulate(draw.gammavariate(0.1, 1) for _ in letters)) for _ in letters]
    tokens, labels = [], []
    for _ in range(rows):
        row = [draw.randrange(work["classes"])]
        for _ in range(work["row"][0]):
            row += draw.choices(letters, cum_weights=follow[row[-1]])
        tokens += row[:-1]
        labels += row[1:]
    for name, values in (("x.idx", tokens), ("label.idx", labels)):
        write_idx(os.path.join(folder, name), 0x0C, "i", [rows, *work["row"]], values)


def meetings(work, rows, draw, folder):
    """Pairs, of smaller numbers more often; each number has a taste, and how much two like it together says how probably they meet."""
    count = work["classes"]
    tastes = [[draw.gauss(0, 1) for _ in range(count)] for _ in range(2)]
    pairs = [int(draw.random() ** 2 * count) for _ in range(2 * rows)]
    met = [float(draw.random() < 1 / (1 + math.exp(-tastes[0][user] - tastes[1][item])))
           for user, item in zip(pairs[::2], pairs[1::2])]
    write_idx(os.path.join(folder, "x.idx"), 0x0C, "i", [rows, 2], pairs)
    write_idx(os.path.join(folder, "label.idx"), 0x0D, "f", [rows], met)


def flatten_parameters(folder):
    """parameters.f32: the tensors of init.safetensors in the order of their names."""
    with open(os.path.join(folder, "init.safetensors"), "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    with open(os.path.join(folder, "parameters.f32"), "wb") as file:
        for name in sorted(name for name in header if name != "__metadata__"):
            first, last = header[name]["data_offsets"]
            file.write(data[first:last])


def agree(name, loss, a, b):
    """Whether two peers did the same arithmetic: `loss` (first_loss or tenth_loss) to four digits, or as the table says."""
    work = described(name)
    return abs(a - b) <= work.get(loss, work.get("tolerance", 1e-4)) * max(1, abs(a), abs(b))
