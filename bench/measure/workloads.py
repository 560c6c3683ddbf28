"""What is measured: the workloads, their data and the goals. The data are made from a fixed seed, without any package.

In:  a workload's name and a folder that holds init.safetensors, as `talweg init` wrote it.
Out: x.idx and label.idx, which every peer reads; parameters.f32, all parameters one after the other, for peers in C.
"""
import array
import json
import os
import random
import struct
import sys

# What the model files take: rows of a batch, batches in the data, shape of a row, classes (0: no label).
WORKLOADS = {
    "W1": dict(batch=32, batches=32, row=[64], classes=10),
    "W2": dict(batch=64, batches=32, row=[784], classes=10),
    "W3": dict(batch=128, batches=16, row=[784], classes=10),
    "W4": dict(batch=64, batches=8, row=[28, 28], classes=10),
    "W5": dict(batch=64, batches=4, row=[32, 32, 3], classes=10, tenth_loss=3e-2),  # PyTorch's own, of its kinds, differ by 1.5e-2
    "W9": dict(batch=1, batches=10, row=[1], classes=0, tolerance=1e-3),  # the loss is a sum of 25 million terms
}

# What is wanted of each: times as fast as PyTorch's best, as hand-written C and as ONNX Runtime; share of what the machine's
# limits allow; seconds from the process's start to the end of the first step, cold and from the cache; share of PyTorch's memory.
GOALS = {
    "W1": dict(pytorch=15, c=1, cold=1.0, cached=0.1, memory=0.5),
    "W2": dict(pytorch=1.8, c=1, limits=0.85, cold=1.0, cached=0.1, memory=0.5),
    "W3": dict(pytorch=1.35, c=1, limits=0.85, cold=1.0, cached=0.1, memory=0.5),
    "W4": dict(pytorch=1.4, onnx=1, cold=1.0, cached=0.1, memory=0.5),
    "W5": dict(pytorch=1.2, cold=3.0, cached=0.2, memory=0.5),
    "W9": dict(limits=0.95, memory=0.5),
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


def generate(name, folder):
    """Normally distributed rows; labels told by a fixed random teacher that sees the first 64 numbers of a row."""
    work = WORKLOADS[name]
    rows, width = work["batch"] * work["batches"], 1
    for extent in work["row"]:
        width *= extent
    draw = random.Random(1234)
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
    work = WORKLOADS[name]
    return abs(a - b) <= work.get(loss, work.get("tolerance", 1e-4)) * max(1, abs(a), abs(b))
