#!/usr/bin/env python3
"""Makes the golden files of test/Train with PyTorch, an implementation that shares nothing with Talweg.

make_golden.py DIGITS.csv.gz DIRECTORY

In:  the handwritten digits (64 pixels and a label a row; every fifth row, from the first, is the test split).
Out: DIRECTORY/mlp.safetensors and cnn.safetensors: initial parameters under Talweg's names and in its layouts (dense
     weights [in, out], convolution kernels [kh, kw, in, out]); DIRECTORY/losses.json: for each experiment the losses of
     the first 20 steps on the batches in the order of the rows, and the test split's loss and accuracy after them.

Needs python3-torch and python3-numpy of Debian 12. The tests read the files and need neither. To make them again:
  sudo apt-get install python3-torch python3-numpy
  /usr/bin/python3 utils/golden/make_golden.py examples/digits/digits.csv.gz test/Train/golden
"""

import json
import os
import struct
import sys

import numpy
import torch
import torch.nn.functional as F

STEPS = 20
BATCH = 32

OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.05),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.003),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.003, weight_decay=0.1),
}


def uniform(generator, shape, fanIn, fanOut):
    """Glorot's initialization, in f32."""
    limit = (6 / (fanIn + fanOut)) ** 0.5
    return generator.uniform(-limit, limit, shape).astype(numpy.float32)


def small(generator, count):
    """Biases that are not zero, so that a bias left out is seen."""
    return generator.uniform(-0.1, 0.1, count).astype(numpy.float32)


def mlpParameters():
    g = numpy.random.default_rng(2026)
    return {
        "Mlp.dense_0.weight": uniform(g, (64, 32), 64, 32),
        "Mlp.dense_0.bias": small(g, 32),
        "Mlp.dense_1.weight": uniform(g, (32, 10), 32, 10),
        "Mlp.dense_1.bias": small(g, 10),
    }


def mlp(p, pixels):
    hidden = F.relu(pixels / 16 @ p["Mlp.dense_0.weight"] + p["Mlp.dense_0.bias"])
    return hidden @ p["Mlp.dense_1.weight"] + p["Mlp.dense_1.bias"]


def cnnParameters():
    g = numpy.random.default_rng(2027)
    return {
        "Cnn.conv2d_0.weight": uniform(g, (3, 3, 1, 8), 9, 72),
        "Cnn.conv2d_0.bias": small(g, 8),
        "Cnn.conv2d_1.weight": uniform(g, (3, 3, 8, 16), 72, 144),
        "Cnn.conv2d_1.bias": small(g, 16),
        "Cnn.dense_0.weight": uniform(g, (64, 32), 64, 32),
        "Cnn.dense_0.bias": small(g, 32),
        "Cnn.dense_1.weight": uniform(g, (32, 10), 32, 10),
        "Cnn.dense_1.bias": small(g, 10),
    }


def cnn(p, pixels):
    """Talweg's activations are [n, h, w, c] and PyTorch's [n, c, h, w]: flattening happens in Talweg's order."""
    def conv(x, name):
        kernel = p[name + ".weight"].permute(3, 2, 0, 1)
        return F.relu(F.conv2d(x, kernel, p[name + ".bias"]))

    x = (pixels / 16).reshape(-1, 1, 8, 8)
    x = F.max_pool2d(conv(conv(x, "Cnn.conv2d_0"), "Cnn.conv2d_1"), 2)
    x = x.permute(0, 2, 3, 1).reshape(-1, 64)
    x = F.relu(x @ p["Cnn.dense_0.weight"] + p["Cnn.dense_0.bias"])
    return x @ p["Cnn.dense_1.weight"] + p["Cnn.dense_1.bias"]


def run(model, initial, optimizer, train, test, dtype):
    """The first losses, and the test split's loss and accuracy after them, computed in dtype."""
    p = {name: torch.tensor(value, dtype=dtype, requires_grad=True) for name, value in initial.items()}
    update = OPTIMIZERS[optimizer](list(p.values()))
    pixels, label = torch.tensor(train[:, :64], dtype=dtype), torch.tensor(train[:, 64], dtype=torch.int64)
    losses, at = [], 0
    for _ in range(STEPS):
        rows = slice(at, at + BATCH)
        loss = F.cross_entropy(model(p, pixels[rows]), label[rows])
        update.zero_grad()
        loss.backward()
        update.step()
        losses.append(loss.item())
        at = at + BATCH if at + BATCH < len(pixels) else 0
    with torch.no_grad():
        logits = model(p, torch.tensor(test[:, :64], dtype=dtype))
        label = torch.tensor(test[:, 64], dtype=torch.int64)
        loss = F.cross_entropy(logits, label).item()
        accuracy = (logits.argmax(1) == label).double().mean().item()
    return losses, loss, accuracy


def writeSafetensors(path, tensors):
    header, offset = {}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for value in tensors.values():
            f.write(value.astype("<f4").tobytes())


def main(digits, directory):
    torch.set_num_threads(1)
    rows = numpy.loadtxt(digits, delimiter=",", dtype=numpy.float32)
    isTest = numpy.arange(len(rows)) % 5 == 0
    train, test = rows[~isTest], rows[isTest]
    os.makedirs(directory, exist_ok=True)
    golden = {}
    # The last batch of an epoch of 100 rows has 4: the 20 steps are five epochs.
    for name, model, initial, data in (("mlp", mlp, mlpParameters(), train), ("cnn", cnn, cnnParameters(), train),
                                       ("mlp-100-rows", mlp, mlpParameters(), rows[:100])):
        if name != "mlp-100-rows":
            writeSafetensors(os.path.join(directory, name + ".safetensors"), initial)
        for optimizer in OPTIMIZERS:
            losses, loss, accuracy = run(model, initial, optimizer, data, test, torch.float32)
            exact, _, _ = run(model, initial, optimizer, data, test, torch.float64)
            worst = max(abs(a - b) / b for a, b in zip(losses, exact))
            print(f"{name} {optimizer}: {losses[0]:.6f} to {losses[-1]:.6f}, test {loss:.6f} {accuracy:.4f}; "
                  f"f32 and f64 differ by {worst:.1e}")
            if worst > 5e-6:
                sys.exit("rounding alone is near the tests' tolerance of 1e-5: choose another experiment")
            golden[f"{name} {optimizer}"] = {"loss": [float(f"{x:.9g}") for x in losses],
                                             "test_loss": float(f"{loss:.9g}"), "test_accuracy": float(f"{accuracy:.9g}")}
    with open(os.path.join(directory, "losses.json"), "w") as f:
        json.dump({"pytorch": torch.__version__, "runs": golden}, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
